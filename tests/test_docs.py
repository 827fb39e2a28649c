"""The README and the docstrings, held against the code."""

import ast
import dataclasses
import doctest
import importlib
import tomllib

import pytest
from conftest import ROOT
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.closure import PACKAGE, modules, path_of
from pipeline.params import Params

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_with_the_example_of_its_help(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    example = next(line for line in shown.splitlines() if "Example:" in line).split("Example:")[1].strip()
    assert f"`{command}`" in README
    assert example in README


@pytest.mark.parametrize("command", ["pip install -e . && dvc repro", "pip install -e '.[test]' && pytest"])
def test_the_readme_opens_with_its_two_commands(command: str) -> None:
    assert command in README.split("## What you get")[0]


def test_every_param_is_in_the_readme() -> None:
    for section in dataclasses.fields(Params):
        for field in dataclasses.fields(section.type):  # type: ignore[arg-type]
            assert f"`{section.name}.{field.name}`" in README


def test_every_file_that_the_readme_links_is_there() -> None:
    links = [part.split(")")[0] for part in README.split("](")[1:]]
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).is_file()]
    assert not missing


def test_every_room_is_in_the_readme() -> None:
    top = {path.stem if path.is_dir() else path.name for path in (ROOT / "pipeline").iterdir()}
    rooms = {name for name in top if name.endswith(".py") or (ROOT / "pipeline" / name / "__init__.py").is_file()}
    assert {
        name for name in rooms - {"__init__.py"} if f"`{name}`" not in README and f"`{name}/`" not in README
    } == set()


def test_the_changelog_names_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", modules())
def test_every_module_and_everything_public_in_it_is_documented(module: str) -> None:
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    nodes = [node for node in tree.body if isinstance(node, kinds)]
    nodes += [
        inner for node in nodes if isinstance(node, ast.ClassDef) for inner in node.body if isinstance(inner, kinds)
    ]
    public = [node for node in nodes if not node.name.startswith("_") or node.name == "__call__"]
    assert ast.get_docstring(tree)
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", [name for name in modules() if ">>>" in path_of(name).read_text(encoding="utf-8")])
def test_examples_in_docstrings_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
