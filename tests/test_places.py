"""Where one stands: relative paths of params.yaml start from its folder, and a project may be moved."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Line
from typer.testing import CliRunner, Result

from pipeline.artifacts import open_index
from pipeline.artifacts.index import dataset_from
from pipeline.cli import app
from pipeline.cli.common import show_paths
from pipeline.errors import DatasetError, QueryError
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


# --- what is printed, and understood again ------------------------------------------------------------------


@pytest.mark.parametrize("where", [".", "pictures/ramps", "artifacts"])
def test_printed_paths_open_from_where_one_stands(relative: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.chdir(relative / where)
    result = run(relative, "query", relative / "pictures" / PICTURE, "--paths", "-n", "100")
    assert [line for line in result.stdout.splitlines() if not Path(line).is_file()] == []
    inside = "pictures/stripes/stripe 00.png" if where == "." else str(relative / "pictures/stripes/stripe 00.png")
    assert inside in result.stdout.splitlines()


@pytest.mark.usefixtures("relative")
def test_printed_paths_can_be_ended_with_nulls() -> None:
    result = run(Path(), "query", f"pictures/{PICTURE}", "--paths", "-0", "-n", "3")
    *paths, end = result.stdout.split("\0")
    assert (len(paths), end) == (3, "")
    assert all(Path(path).is_file() for path in paths)


def test_a_path_that_begins_with_a_dash_is_no_option(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    show_paths([Path("-n.jpg"), Path("a b.jpg")], null=False)
    assert capsysbinary.readouterr().out == b"./-n.jpg\na b.jpg\n"


@pytest.mark.usefixtures("relative")
def test_a_path_of_the_dataset_is_understood_wherever_one_stands() -> None:
    own = run(Path(), "query", PICTURE, "--json").stdout
    assert own == run(Path(), "query", f"pictures/{PICTURE}", "--json").stdout
    assert json.loads(own)["query"] == f"pictures/{PICTURE}"
    assert len(run(Path(), "query", "ramps/naïve", "--json").stdout.splitlines()) == 2


@pytest.mark.usefixtures("relative")
def test_a_name_with_accents_is_found_whichever_way_they_are_typed() -> None:
    Path("pictures/ramps/naïve").rename("pictures/ramps/nai\u0308ve")
    result = run(Path(), "query", "ramps/naïve/disc 00.png", "--json", "-n", "1")
    assert json.loads(result.stdout)["query"] == "pictures/ramps/nai\u0308ve/disc 00.png"


@pytest.mark.usefixtures("relative")
def test_what_lies_here_comes_before_what_lies_in_the_dataset() -> None:
    Path("ramps").mkdir()
    Path("pictures/stripes/stripe 00.png").rename("ramps/ramp 03.png")
    assert json.loads(run(Path(), "query", PICTURE, "--json").stdout)["query"] == PICTURE


@pytest.mark.usefixtures("relative")
def test_a_comparison_understands_paths_of_the_dataset() -> None:
    result = run(Path(), "compare", PICTURE, "ramps/ramp 04.png", "--json")
    assert json.loads(result.stdout).keys() >= {"similarity", "difference"}
    assert result.stdout == run(Path(), "compare", f"pictures/{PICTURE}", "pictures/ramps/ramp 04.png", "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["query", "gone.png"], r"gone\.png: there is no such picture here, nor in .*pictures; check the path"),
        (["compare", PICTURE, "gone.png"], r"gone\.png: there is no such picture here, nor in .*pictures"),
        (["query", "https://a.org/b.jpg"], r"^https://a\.org/b\.jpg is an address, not a file: download it first"),
        (["compare", "s3://a/b.jpg", PICTURE], r"^s3://a/b\.jpg is an address, not a file: download it first"),
        (["compare", "ramps", PICTURE], r"ramps is a folder: the reference, a picture, comes first"),
    ],
)
@pytest.mark.usefixtures("relative")
def test_what_is_no_picture_is_said_with_the_remedy(arguments: list[str], said: str) -> None:
    result = run(Path(), *arguments)
    assert isinstance(result.exception, QueryError)
    assert re.search(said, str(result.exception))


def test_of_a_folder_each_picture_is_asked_once(relative: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / ".git").mkdir(parents=True)
    for name in ("b.png", "a.png"):
        (folder / name).symlink_to(relative / "pictures" / PICTURE)
    (folder / ".git" / "c.png").write_bytes((relative / "pictures" / PICTURE).read_bytes())
    result = run(Path(), "query", folder, "--json")
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == f"skipped: {folder}/b.png: the same file as a.png (a link to it)\n"
    ranking = run(Path(), "compare", PICTURE, folder, "--json")
    assert len(ranking.stdout.splitlines()) == 1
    assert f"skipped: {folder}/b.png: the same file as a.png (a link to it)\n" in ranking.stderr


# --- the index's own words ----------------------------------------------------------------------------------


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
