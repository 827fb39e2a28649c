"""The README, the pages under docs/ and the docstrings, held against the code."""

import ast
import dataclasses
import doctest
import importlib
import re
import shlex
import tomllib
import types
import typing
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.closure import PACKAGE, modules, path_of
from pipeline.params import Params, load_params
from pipeline.projects.running import foreseen_seconds
from pipeline.wording import duration

PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
         for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}  # fmt: skip
README = PAGES["README.md"]
LINE = get_command(app)
COMMANDS = sorted(LINE.commands)  # type: ignore[attr-defined]
KEYS = [(section.name, field) for section in dataclasses.fields(Params) for field in dataclasses.fields(section.type)]  # type: ignore[arg-type]
DEFAULTS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def commands_in(page: str) -> list[str]:
    """Return what a page tells to type: the lines of its console blocks, and what stands in backquotes."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL))


def told(program: str) -> list[tuple[str, list[str]]]:
    """Return the page and the arguments of each time that some page tells to run a program."""
    found = []
    for name, page in PAGES.items():
        for line in commands_in(page):
            for part in re.split(r" && | \| |; do |; |   +#.*", line):
                if part.startswith(f"{program} "):
                    found.append((name, shlex.split(part, comments=True)[program.count(" ") + 1 :]))
    return found


def slugs(page: str) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_its_page_with_the_example_of_its_help(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    example = next(line for line in shown.splitlines() if "Example:" in line).split("Example:")[1].strip()
    row = next((line for line in PAGES["docs/commands.md"].splitlines() if line.startswith(f"| `{command}` |")), "")
    assert f"| `{example}` |" in row


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_of_an_option_is_taken_for_markup_and_left_out(command: str) -> None:
    params = LINE.commands[command].params  # type: ignore[attr-defined]
    assert [param.name for param in params if "[" in (param.help or "")] == []


def test_what_the_pages_tell_to_type_is_understood() -> None:
    """Parsed by the commands themselves; of a line with places to fill in, the names of options are looked up."""
    examples = told("pipeline")
    assert len(examples) > 40
    for page, words in examples:
        context = LINE.make_context("pipeline", [*words], resilient_parsing=True)
        name, *rest = [*words]
        while name.startswith("--") and rest:
            _, name, *rest = rest  # each option before the command has a value
        if name in ("$stage", "--help", "--install-completion"):
            continue
        command = LINE.commands[name]  # type: ignore[attr-defined]
        if any(re.search(r"[\[\]|]", word) for word in rest):
            known = {option for param in command.params for option in param.opts}
            assert set(re.findall(r"--?[a-z0-9][a-z-]*", " ".join(rest))) <= known, f"{page}: {words}"
        elif rest or not any(param.required for param in command.params):
            command.make_context(name, rest, parent=context)  # raises what is wrong with an option or an argument


def test_what_the_pages_set_is_a_param() -> None:
    known = {f"{section}.{field.name}" for section, field in KEYS}
    for page, text in PAGES.items():
        named = re.findall(r"(?:-S|--set) ([a-z_]+\.[a-z_]+)=", text)
        named += [
            name for name in re.findall(r"`([a-z]+\.[a-z_]+)(?:: [^`]+)?`", text) if name.split(".")[0] in DEFAULTS
        ]
        assert {name for name in named if Path(name).suffix not in (".csv", ".npy", ".onnx", ".py")} <= known, page


def test_every_benchmark_that_the_pages_name_is_there_with_its_options() -> None:
    found = told("python")
    assert len([1 for _, words in found if words[0].startswith("benchmarks/")]) > 20
    for page, (script, *words) in found:
        if script.startswith("benchmarks/"):
            source = (ROOT / script).read_text(encoding="utf-8")
            for option in re.findall(r"--[a-z][a-z-]*", " ".join(words)):
                assert f'"{option}"' in source or option[2:].replace("-", "_") in source, f"{page}: {script} {option}"


@pytest.mark.parametrize("command", ["pip install -e . && dvc repro", "pip install -e '.[test]' && pytest"])
def test_the_readme_opens_with_its_two_commands(command: str) -> None:
    assert command in README.split("## Before you install")[0]


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert len(README.splitlines()) <= 220
    last = README.split("## Where to read on")[1]
    assert [page for page in PAGES if page != "README.md" and f"]({page})" not in last] == []


@pytest.mark.parametrize("page", ["README.md", "docs/pictures.md"])
@pytest.mark.parametrize("count", [150, 1000, 10_000])
def test_the_time_that_a_folder_takes_is_what_run_foresees(page: str, count: int) -> None:
    said = duration(sum(foreseen_seconds(load_params(ROOT / "params.yaml"), count).values()))
    assert re.search(rf"{said} for {count:,}\b|{count:,} \| {said} \|", PAGES[page])


def _allowed(hint: typing.Any, metadata: typing.Mapping[str, float]) -> list[str]:
    """Return what a table of params must say of a value: each of its words, and both ends of its range."""
    kinds = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    if typing.get_args(hint)[1:] == (...,):
        kinds = typing.get_args(hint)[:1]
    words = [
        f"`{word}`" for kind in kinds if typing.get_origin(kind) is typing.Literal for word in typing.get_args(kind)
    ]
    ends = (f"{end:,.8f}".rstrip("0").rstrip(".") for end in metadata.values())
    return [*words, " to ".join(ends)] if metadata else words


@pytest.mark.parametrize(("section", "field"), KEYS, ids=[f"{section}.{field.name}" for section, field in KEYS])
def test_every_param_is_on_its_page_with_its_default_and_its_range(section: str, field: dataclasses.Field) -> None:  # type: ignore[type-arg]
    lines = [line for line in PAGES["docs/params.md"].splitlines() if line.startswith(f"| `{section}.{field.name}` |")]
    assert len(lines) == 1
    _, _, default, allowed, does, _ = re.split(r"\s*\|\s*", lines[0])
    assert yaml.safe_load(default.strip("`")) == DEFAULTS[section][field.name]
    hint = typing.get_type_hints(type_of(section))[field.name]
    assert [said for said in _allowed(hint, dict(field.metadata)) if said not in allowed] == []
    assert does.endswith(".")


def type_of(section: str) -> type:
    """Return the dataclass of a section."""
    return typing.get_type_hints(Params)[section]  # type: ignore[no-any-return]


def test_every_link_and_image_is_there() -> None:
    missing = []
    for name, text in PAGES.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if link.startswith("http"):
                continue
            path, _, anchor = link.partition("#")
            target = (ROOT / name).parent / path if path else ROOT / name
            place = target.resolve().relative_to(ROOT.resolve()).as_posix() if target.is_file() else ""
            if not place or (anchor and anchor not in slugs(PAGES[place])):
                missing.append(f"{name}: {link}")
    assert missing == []


def test_every_block_of_code_begins_and_ends() -> None:
    for name, text in PAGES.items():
        fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)
        assert all(fences[::2]), name
        assert not any(fences[1::2]), name


def test_every_image_is_shown_on_a_page() -> None:
    shown = {
        link.rpartition("/")[2] for text in PAGES.values() for link in re.findall(r"\]\(([^)]*images/[^)]*)\)", text)
    }
    assert {path.name for path in (ROOT / "docs" / "images").iterdir()} == shown


def test_no_page_names_a_place_on_the_machine_where_it_was_written() -> None:
    places = {
        name: re.findall(r"(?<![\w.~])/(?:tmp|work|root|home|usr|opt|mnt)\b[^\s`]*", text)
        for name, text in PAGES.items()
    }
    assert {name: found for name, found in places.items() if found} == {}


def test_every_room_is_on_the_page_about_the_architecture() -> None:
    top = {path.stem if path.is_dir() else path.name for path in (ROOT / "pipeline").iterdir()}
    rooms = {name for name in top if name.endswith(".py") or (ROOT / "pipeline" / name / "__init__.py").is_file()}
    page = PAGES["docs/architecture.md"]
    assert {name for name in rooms - {"__init__.py"} if f"`{name}`" not in page and f"`{name}/`" not in page} == set()


def test_every_artefact_is_on_the_page_about_the_architecture() -> None:
    outs = {str(next(iter(out)) if isinstance(out, dict) else out)
            for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
            for out in stage["outs"]}  # fmt: skip
    page = PAGES["docs/architecture.md"]
    names = {out.removeprefix("artifacts/").partition("/")[0] for out in outs}
    assert {name for name in names if f"`{name}`" not in page and f"`{name}/" not in page} == set()


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
