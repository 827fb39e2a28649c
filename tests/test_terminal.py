"""What reaches a terminal or a pipe: nothing that a terminal obeys, and whatever a stream can't hold as an escape."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Line
from typer.testing import CliRunner, Result

from pipeline.cli import app, common
from pipeline.closure import PACKAGE

EVIL = "a\x1b[2J\x07\x9b\u202e.png"
ESCAPED = r"a\x1b[2J\x07\x9b\u202e.png"


def run(line: Line, *arguments: str | Path) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *map(str, arguments)])


def process(line: Line, *arguments: str | Path, encoding: str) -> subprocess.CompletedProcess[bytes]:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "pipeline", *options, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False)


@pytest.mark.parametrize("arguments", [["query"], ["compare", "ramps/ramp 03.png"], ["label"]])
def test_a_name_that_a_terminal_would_obey_is_escaped_in_an_error(line: Line, arguments: list[str]) -> None:
    finished = process(line, *arguments, EVIL, encoding="utf-8")
    assert finished.returncode == 1
    assert ESCAPED in finished.stderr.decode()
    assert b"\x1b" not in finished.stderr


def test_a_name_that_a_terminal_would_obey_is_escaped_where_it_is_skipped(line: Line, tmp_path: Path) -> None:
    (tmp_path / EVIL).write_bytes(b"words")
    shutil.copy(line.dataset / "ramps/ramp 03.png", tmp_path / f"good {EVIL}")
    for command in (["query"], ["compare", line.dataset / "ramps/ramp 03.png"]):
        for form in ([], ["--json"]):
            result = run(line, *command, tmp_path, *form)
            assert result.exit_code == 0
            assert ESCAPED in result.stderr
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.output)


def test_json_says_the_same_however_it_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    values = [EVIL, "日本語 😀", "\x7f", 'quote"', "back\\slash", "two\nlines"]
    common.show_json(json.dumps(values, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert json.loads(printed) == values
    assert "日本語 😀" in printed
    assert printed.rstrip("\n").isprintable()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_names_go_into_a_pipe_of_any_encoding(line: Line, encoding: str) -> None:
    picture = "ramps/naïve/日本語 (1).png"
    table = process(line, "query", picture, "--n", "60", encoding=encoding)
    assert table.returncode == 0, table.stderr
    shown = picture.encode(encoding, "backslashreplace").decode(encoding)
    assert shown in table.stdout.decode(encoding)
    answer = json.loads(process(line, "query", picture, "--json", encoding=encoding).stdout.decode(encoding))
    assert answer["query"] == str(line.dataset / picture)
    paths = process(line, "query", "ramps/ramp 03.png", "--n", "60", "--paths", encoding=encoding)
    assert os.fsencode(line.dataset / picture) in paths.stdout.splitlines()  # byte for byte: it opens


def test_an_error_goes_into_a_stream_of_any_encoding(line: Line) -> None:
    finished = process(line, "query", "日本.jpg", encoding="ascii:strict")
    assert finished.stderr.startswith(rb"error: \u65e5\u672c.jpg: there is no such picture")


def test_only_one_module_writes_to_the_terminal() -> None:
    writing = ("typer.echo(", "print(", "sys.stdout.write", "sys.stderr.write")
    found = {
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if any(word in line for word in writing) and ">>>" not in line and path.name != "common.py"
    }
    assert found == {
        "cli/__init__.py: typer.echo(__version__)",
        '__main__.py: print(printable(f"error: {error}"), file=sys.stderr)',
    }
