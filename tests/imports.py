"""Reads, with ast, which modules of the package a module imports, at its top or inside its functions."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pipeline"


def modules() -> list[str]:
    """Return the dotted names of all modules of the package."""
    return sorted(_name(path) for path in PACKAGE.rglob("*.py"))


def path_of(module: str) -> Path:
    """Return the file of a module."""
    base = ROOT.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@cache
def imports(module: str) -> frozenset[str]:
    """Return every dotted name that a module imports: `from a import b` counts as a.b if that is a module."""
    found = set()
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                inner if path_of(inner := f"{node.module}.{alias.name}").is_file() else node.module
                for alias in node.names
            }
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


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
