"""The folder of artefacts: it is marked, nothing of the user's in it is lost, and one run at a time writes into it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Line
from typer.testing import CliRunner, Result

from pipeline.artifacts import Artifacts, check_own, claimed, rewritten_folder
from pipeline.cli import app
from pipeline.closure import stages
from pipeline.errors import ArtifactError, DatasetError, PipelineError
from pipeline.stages.sample import sample
from pipeline.stages.scan import scan

MARK = ".made_by_pipeline"
STAGES = sorted({*stages(), "code"})
WRITERS = [[stage] for stage in STAGES] + [["benchmark", "dimensions"], ["benchmark", "search"], ["label", "x.csv"]]
INTO_THE_ARTEFACTS = ["label", "x.csv", "--out", "ARTIFACTS/labels"]


def run(line: Line, *arguments: str | Path, artifacts: Path | None = None) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(artifacts or line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *map(str, arguments)])


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The mark


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_a_folder_of_somebody_is_refused_by_every_command_that_writes(
    line: Line, tmp_path: Path, command: list[str]
) -> None:
    mine = tmp_path / "mine"
    for name in ("report/index.html", "groups/a.png", "duplicates/a.png", "sample/a.png", "groups.csv", "history.csv"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text("precious")
    before = everything(mine)
    result = run(line, *command, artifacts=mine)
    assert isinstance(result.exception, ArtifactError), result.output
    assert "isn't marked as a folder of artefacts" in str(result.exception)
    assert "name a new or empty folder with --artifacts" in str(result.exception)
    assert everything(mine) == before


@pytest.mark.parametrize("there", [None, "", ".gitignore"])
def test_a_new_or_empty_folder_is_marked(tmp_path: Path, there: str | None) -> None:
    if there is not None:
        (tmp_path / "own").mkdir()
        if there:
            (tmp_path / "own" / there).touch()
    for _ in range(2):
        with claimed(Artifacts(tmp_path / "own")):
            assert (tmp_path / "own" / MARK).is_file()


def test_an_unmarked_folder_with_an_index_of_ours_is_known(own_line: Line) -> None:
    (own_line.artifacts.root / MARK).unlink(missing_ok=True)
    with claimed(own_line.artifacts):
        assert (own_line.artifacts.root / MARK).is_file()


def test_an_index_of_somebody_else_is_no_mark(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_text("precious")
    with pytest.raises(ArtifactError, match=r"holds index\.sqlite and isn't marked"), claimed(Artifacts(tmp_path)):
        pass


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "own"):
        with pytest.raises(ArtifactError, match=r"file|folder"), claimed(Artifacts(root)):
            pass


def test_the_projects_own_folder_is_marked_for_git() -> None:
    assert (ROOT / "artifacts" / MARK).is_file()
    ignored = subprocess.run(["git", "check-ignore", "-q", f"artifacts/{MARK}"], cwd=ROOT, check=False)
    assert ignored.returncode == 1


@pytest.mark.parametrize(
    "command", [["query", "x.jpg"], ["unique"], ["matrix", "--out", "x.npy"], ["compare", "a", "b"]]
)
def test_what_only_reads_marks_nothing(line: Line, tmp_path: Path, command: list[str]) -> None:
    run(line, *command, artifacts=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_help_makes_no_folder(line: Line, tmp_path: Path) -> None:
    for stage in STAGES:
        assert run(line, stage, "--help", artifacts=tmp_path / "new").exit_code == 0
    assert not (tmp_path / "new").exists()


# What a stage fills anew


def filled(folder: Path, name: str) -> None:
    with rewritten_folder(folder) as unfinished:
        (unfinished / name).write_text("new")


def test_a_folder_is_filled_anew_with_nothing_of_the_earlier_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        filled(tmp_path / "out", name)
        (tmp_path / "out" / "Thumbs.db").touch()
    filled(tmp_path / "out", "three")
    assert sorted(everything(tmp_path / "out")) == ["files.csv", "three"]


@pytest.mark.parametrize("name", ["mine", "album/mine", "one", ".hidden", "files.csv"])
def test_what_was_added_or_changed_stays_and_is_named(tmp_path: Path, name: str) -> None:
    filled(tmp_path / "out", "one")
    (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "out" / name).write_text("precious")
    before = everything(tmp_path)
    with pytest.raises(ArtifactError, match=f"holds {name}.*nothing of yours is ever removed"):
        filled(tmp_path / "out", "two")
    assert everything(tmp_path) == before


def test_what_is_added_meanwhile_stays(tmp_path: Path) -> None:
    filled(tmp_path / "out", "one")

    def meanwhile() -> None:
        with rewritten_folder(tmp_path / "out") as unfinished:
            (unfinished / "two").touch()
            (tmp_path / "out" / "mine").write_text("precious")

    with pytest.raises(ArtifactError, match="holds mine"):
        meanwhile()
    assert sorted(everything(tmp_path / "out")) == ["files.csv", "mine", "one"]


def test_what_is_added_at_the_very_last_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "out", "one")
    rename = os.replace

    def added_before(source: Path, target: Path) -> None:
        if source == tmp_path / "out":
            (source / "mine").write_text("precious")
        rename(source, target)

    monkeypatch.setattr(os, "replace", added_before)  # the system's, not ours: nobody is as quick
    with pytest.raises(ArtifactError, match=r"out holds mine, which was added"):
        filled(tmp_path / "out", "two")
    assert sorted(everything(tmp_path)) == ["out/files.csv", "out/mine", "out/one"]


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "mine").touch()
    (tmp_path / "out").symlink_to(tmp_path / "album")
    with pytest.raises(ArtifactError, match="is a link, and what it leads to isn't ours"):
        filled(tmp_path / "out", "one")
    assert (tmp_path / "album" / "mine").exists()


def test_a_linked_folder_inside_is_somebodys(tmp_path: Path) -> None:
    filled(tmp_path / "out", "one")
    (tmp_path / "out" / "album").symlink_to(tmp_path)
    with pytest.raises(ArtifactError, match="holds album"):
        check_own(tmp_path / "out")


# The sample, and where a dataset may lie


def sample_line(root: Path, path: str) -> Line:
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    line = Line(root)
    line.set(dataset={"path": path}, sample={"pictures": 96, "size": 64})
    return line


@pytest.mark.parametrize("inside", ["sample/pictures", "sample/mine"])
def test_own_pictures_in_the_sample_are_not_lost_when_it_is_grown(tmp_path: Path, inside: str) -> None:
    line = sample_line(tmp_path, str(tmp_path / "artifacts" / inside))
    mine = tmp_path / "artifacts" / inside / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"precious")
    with pytest.raises(ArtifactError, match=r"holds .*mine\.jpg"):
        sample(line.params, line.artifacts)
    mine.unlink()
    sample(line.params, line.artifacts)
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(b"precious")
    line.set(dataset={"path": "/elsewhere"})
    with pytest.raises(ArtifactError, match=r"holds .*mine\.jpg"):
        sample(line.params, line.artifacts)
    assert mine.read_bytes() == b"precious"


@pytest.mark.parametrize("inside", ["groups/01", "mine", "report", "duplicates", "plots"])
def test_a_dataset_among_the_artefacts_is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / "artifacts" / inside).mkdir(parents=True)
    (tmp_path / "artifacts" / inside / "a.png").touch()
    (tmp_path / "link").symlink_to(tmp_path / "artifacts" / inside)
    for path in (tmp_path / "artifacts" / inside, tmp_path / "link"):
        line = sample_line(tmp_path, str(path))
        with pytest.raises(DatasetError, match="lies in the folder of artefacts, where files are replaced and removed"):
            scan(line.params, line.artifacts)


@pytest.mark.parametrize("inside", [".", "groups/01"])
def test_a_dataset_among_the_artefacts_of_another_run_is_refused(tmp_path: Path, inside: str) -> None:
    other = tmp_path / "other" / inside
    other.mkdir(parents=True)
    (other / "a.png").touch()
    (tmp_path / "other" / MARK).touch()
    line = sample_line(tmp_path, str(other))
    with pytest.raises(DatasetError, match="lies in the folder of artefacts"):
        scan(line.params, line.artifacts)


def test_the_sample_may_be_grown_anew(tmp_path: Path) -> None:
    line = sample_line(tmp_path, str(tmp_path / "artifacts/sample/pictures"))
    sample(line.params, line.artifacts)
    line.set(sample={"pictures": 102})
    sample(line.params, line.artifacts)
    scan(line.params, line.artifacts)
    assert len(list((tmp_path / "artifacts/sample/pictures").rglob("*.jpg"))) == 102 + 19


# One run at a time

HOLD = "import sys, time; from pathlib import Path; from pipeline.artifacts import Artifacts, claimed\n" \
       "with claimed(Artifacts(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"  # fmt: skip


def process(line: Line, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    command = [sys.executable, "-m", "pipeline", *options, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_second_run_says_so_and_stops_and_a_kill_lets_go(line: Line, own_line: Line) -> None:
    command = [sys.executable, "-c", HOLD, str(own_line.artifacts.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        before = everything(own_line.artifacts.root)
        for arguments in (["scan"], ["resize"]):
            second = process(own_line, *arguments)
            assert second.returncode == 1
            assert second.stderr.startswith("error: ")
            assert second.stderr.count("\n") == 1
            assert f"another run (process {holder.pid}) is writing there; wait until it ends" in second.stderr
        assert everything(own_line.artifacts.root) == before
        picture = next((line.dataset / "ramps").glob("*.png"))
        assert process(own_line, "query", str(picture)).returncode == 0  # who only reads waits for nobody
        holder.send_signal(signal.SIGKILL)
    assert process(own_line, "scan").returncode == 0


@pytest.mark.parametrize("command", [*WRITERS, INTO_THE_ARTEFACTS], ids=" ".join)
def test_every_command_that_writes_takes_the_folder(line: Line, command: list[str]) -> None:
    with claimed(line.artifacts):
        result = run(line, *(word.replace("ARTIFACTS", str(line.artifacts.root)) for word in command))
    assert isinstance(result.exception, ArtifactError), result.output
    assert "is writing there" in str(result.exception)


def test_the_folder_is_let_go_when_a_run_fails(own_line: Line) -> None:
    own_line.set(dataset={"path": "/nowhere"})
    for _ in range(2):
        result = run(own_line, "scan")
        assert isinstance(result.exception, PipelineError)
        assert "there is no folder" in str(result.exception)


def test_a_folder_is_marked_only_by_the_run_that_holds_it(tmp_path: Path) -> None:
    with claimed(Artifacts(tmp_path / "own")):
        (tmp_path / "own" / MARK).unlink()
        with pytest.raises(ArtifactError, match="is writing there"), claimed(Artifacts(tmp_path / "own")):
            pass
        assert not (tmp_path / "own" / MARK).exists()


def test_two_real_runs_at_once_end_as_one(own_line: Line) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root)]
    command = [sys.executable, "-m", "pipeline", *options, "resize"]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(4)]
    ends = [(one.communicate()[1], one.returncode) for one in runs]
    assert any(code == 0 for _, code in ends)
    assert all(code == 0 or "is writing there" in words for words, code in ends)
    assert not any("Traceback" in words for words, _ in ends)


def test_a_relative_folder_is_the_same_folder(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(line.root)
    with (
        claimed(line.artifacts),
        pytest.raises(ArtifactError, match="is writing there"),
        claimed(Artifacts(Path(os.path.relpath(line.artifacts.root)))),
    ):
        pass


def test_stages_of_dvc_keep_what_they_fill() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    folders = {"sample": "sample", "groups": "groups", "duplicates": "duplicates", "report": "report"}
    for stage, folder in folders.items():
        outs = {next(iter(out)): out for out in stages[stage]["outs"] if isinstance(out, dict)}
        assert outs[f"artifacts/{folder}"][f"artifacts/{folder}"]["persist"] is True
