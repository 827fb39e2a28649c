"""Whatever is asked is answered of the folder that the params name, or not at all."""

import pytest
from conftest import Line
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import ArtifactError

ANSWERS = [
    "refresh", "train", "encoder", "embed", "neighbours", "groups", "map", "duplicates", "duplicates --json",
    "duplicates --paths", "duplicates --links X", "uniqueness", "unique", "tolerance", "evaluate", "report",
    "query a.png", "matrix --out X.npy", "atlas --out X.parquet", "compare a.png a.png", "label X.csv",
    "benchmark dimensions", "benchmark search", "serve --port 0",
]  # fmt: skip


@pytest.mark.parametrize("command", ANSWERS)
def test_nothing_is_answered_of_another_folder(own_line: Line, command: str) -> None:
    (own_line.root / "elsewhere").mkdir()
    own_line.set(dataset={"path": str(own_line.root / "elsewhere")})
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root)]
    result = CliRunner().invoke(app, [*options, *command.split()])
    assert isinstance(result.exception, ArtifactError), result.output
    assert "elsewhere: run `dvc repro`" in str(result.exception)
    assert result.stdout == ""


def test_every_command_but_those_that_begin_the_line_is_asked(own_line: Line) -> None:
    del own_line
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names - {command.split()[0] for command in ANSWERS} == {
        "code", "sample", "scan", "resize", "init", "run", "update",
    }  # fmt: skip
