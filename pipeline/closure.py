"""Owns the question which code a stage runs: its module, and all modules of the package that it imports.

DVC sees files and params, but not what Python imports. So the sha256 of all that a stage runs is written down, for a
checkout and an installed package alike, and DVC watches that: a change of the code, or an upgrade of the package, runs
again exactly the stages that run changed code.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
NOT_WATCHED = {  # they change no result of a stage
    "pipeline",
    "pipeline.closure",
    "pipeline.errors",
    "pipeline.autoencoder.forecast",
    "pipeline.params",
    "pipeline.params.building",
}


def modules() -> list[str]:
    """Return the dotted names of all modules of the package."""
    return sorted(_name(path) for path in PACKAGE.rglob("*.py"))


def stages() -> list[str]:
    """Return the names of all stages whose code is watched."""
    names = {name.split(".")[2] for name in modules() if name.startswith("pipeline.stages.")}
    return sorted(names - {"code"})


def path_of(module: str) -> Path:
    """Return the file of a module."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@cache
def imports(module: str) -> frozenset[str]:
    """Return every dotted name that a module imports, at its top or inside its functions.

    `from a import b` counts as a.b if that is a module.
    """
    found = set()
    for node in _statements(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {_imported(node.module, alias.name) for alias in node.names}
    return frozenset(found)


def own_imports(module: str) -> set[str]:
    """Return the modules of the package that a module imports."""
    return {name for name in imports(module) if name == "pipeline" or name.startswith("pipeline.")}


def closure(module: str) -> set[str]:
    """Return a module and all modules of the package that it imports, directly or through others."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += own_imports(name)
    return found


def watched(stage: str) -> list[Path]:
    """Return the files whose change runs a stage again, sorted: its closure, and data that a module of it names."""
    return _files(f"pipeline.stages.{stage}")


def digest(stage: str) -> str:
    """Return the sha256 of names and contents of all files whose change runs a stage again."""
    return module_digest(f"pipeline.stages.{stage}")


@cache
def module_digest(module: str) -> str:
    """Return the sha256 of names and contents of a module and all that it runs: what it has found holds as long."""
    found = hashlib.sha256()
    for path in _files(module):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(PACKAGE).as_posix()}\0{content}\n".encode())
    return found.hexdigest()


def _files(module: str) -> list[Path]:
    code = [path_of(name) for name in closure(module) - NOT_WATCHED]
    return sorted({*code, *(data for path in code for data in _data(path))})


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements inside a node, without what they say: an import is a statement."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(node, part, ())
        for one in inner if isinstance(inner, list) else ():
            yield one
            yield from _statements(one)


def _imported(module: str, name: str) -> str:
    is_own = module == "pipeline" or module.startswith("pipeline.")
    inner = f"{module}.{name}"
    return inner if is_own and path_of(inner).is_file() else module


def _data(path: Path) -> list[Path]:
    """Return the files beside a module, or in folders beside it that are no packages, whose name its text holds."""
    if path.name == "__init__.py":
        return []
    text = path.read_text(encoding="utf-8")
    beside = [one for one in path.parent.iterdir() if one.suffix != ".py" and one.name != "__pycache__"]
    named = [one for one in beside if one.name in text and not (one / "__init__.py").is_file()]
    return [file for one in named for file in ([one] if one.is_file() else one.rglob("*")) if file.is_file()]


def _name(path: Path) -> str:
    parts = ("pipeline", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
