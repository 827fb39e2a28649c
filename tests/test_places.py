"""Where one stands: relative paths of params.yaml start from its folder, and a project may be moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Line
from typer.testing import CliRunner, Result

from pipeline.artifacts import open_index
from pipeline.artifacts.index import dataset_from
from pipeline.cli import app
from pipeline.errors import DatasetError
from pipeline.stages.resize import resize

PICTURE = "ramps/ramp 03.png"


def run(line: Path, *arguments: str | Path) -> Result:
    options = ["--params", str(line / "params.yaml"), "--artifacts", str(line / "artifacts")]
    return CliRunner().invoke(app, [*options, *map(str, arguments)])


@pytest.fixture
def relative(own_line: Line, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project whose dataset.path is relative, after resize was run in it."""
    own_line.set(dataset={"path": "pictures"})
    monkeypatch.chdir(own_line.root)
    assert run(Path(), "resize").exit_code == 0
    return own_line.root


def found_and_copied(line: Path, picture: Path, into: Path) -> list[str]:
    result = run(line, "query", picture, "--json", "--n", "3", "--copy-to", into)
    assert result.exit_code == 0, result.exception
    assert len(list(into.iterdir())) == 3
    return [one["path"] for one in json.loads(result.stdout)["results"]]


def test_a_question_is_answered_alike_wherever_one_stands(
    relative: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = found_and_copied(Path(), Path("pictures") / PICTURE, tmp_path / "here")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    picture = relative / "pictures" / PICTURE
    assert found_and_copied(Path("../line"), picture, tmp_path / "relative") == here
    assert found_and_copied(relative, picture, tmp_path / "absolute") == here


def test_a_project_that_was_moved_answers_as_before(
    relative: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = found_and_copied(Path(), Path("pictures") / PICTURE, tmp_path / "before")
    monkeypatch.chdir(tmp_path)
    moved = relative.rename(tmp_path / "moved")
    assert found_and_copied(Path("moved"), moved / "pictures" / PICTURE, tmp_path / "after") == before
    assert run(moved, "groups").exit_code == 0  # which links the originals


def test_an_absolute_dataset_stays_where_it_is(line: Line) -> None:
    with open_index(line.artifacts.index) as index:
        assert index.dataset == line.dataset
        assert index.origin["dataset"] == str(line.dataset)


def test_a_dataset_behind_a_link_is_named_so_that_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("far/inner").mkdir(parents=True)
    Path("link").symlink_to("far/inner")
    Path("far/pictures").mkdir()  # which link/../pictures is, and not ./pictures
    assert dataset_from(Path("artifacts"), Path("link/../pictures")) == str(tmp_path / "link/../pictures")
    Path("far/artifacts").mkdir()
    Path("artifacts").symlink_to("far/artifacts")
    assert dataset_from(Path("artifacts"), Path("far/pictures")) == str(tmp_path / "far/pictures")


def test_in_a_copy_that_dvc_makes_a_relative_path_is_explained(own_line: Line) -> None:
    own_line.set(dataset={"path": "../photos"})
    copy = own_line.root / ".dvc/tmp/exps/standalone/tmp1"
    copy.mkdir(parents=True)
    own_line.params_file.rename(copy / "params.yaml")
    with pytest.raises(DatasetError, match=r"run in a copy of the project, .*: write the absolute path into params"):
        resize(Line(copy).params, own_line.artifacts)
