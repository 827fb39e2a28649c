"""A project beside a folder of pictures: made, run by DVC, and run from a wheel where there is no checkout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import site
import subprocess
import sys
import time
import venv
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT, structured_picture
from typer.testing import CliRunner, Result

from pipeline.artifacts import Artifacts, claimed
from pipeline.cli import app
from pipeline.closure import PACKAGE
from pipeline.errors import DatasetError, ParamsError, ProjectError
from pipeline.params import load_params
from pipeline.projects.making import change, changed_text, parsed_changes
from pipeline.projects.running import Progress, foreseen_seconds, whole_lines

PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of 24 pictures whose name holds a space and letters of other scripts."""
    folder = tmp_path / "Bilder, 写真"
    folder.mkdir()
    generator = np.random.default_rng(4)
    for number in range(24):
        structured_picture(["discs", "stripes", "ramps"][number % 3], generator).save(folder / f"{number:02d}.png")
    return folder


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- the files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "here"), [("params.yaml", "params.yaml"), ("dvc.yaml", "line.yaml")])
def test_the_package_holds_the_files_of_the_project_as_git_has_them(name: str, here: str) -> None:
    assert (PACKAGE / "projects" / here).read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_values_are_changed_and_nothing_else() -> None:
    assert changed_text(PARAMS, {}) == PARAMS
    changed = changed_text(PARAMS, {"train.epochs": "5", "dataset.path": "'/a: b/#c'"}).splitlines()
    differing = [(old, new) for old, new in zip(PARAMS.splitlines(), changed, strict=True) if old != new]
    assert len(differing) == 2
    assert all(old.partition("#")[2] in new for old, new in differing)  # the comments stay


def test_a_changed_file_is_read_as_it_was_meant(tmp_path: Path) -> None:
    changes = {"dataset.path": "'/it''s: #1'", "encoder.mean": "[1, 2, 3]", "duplicates.keep": "[whole, name]"}
    (tmp_path / "params.yaml").write_text(changed_text(PARAMS, changes), encoding="utf-8")
    params = load_params(tmp_path / "params.yaml")
    assert params.dataset.path == "/it's: #1"
    assert params.encoder.mean == (1.0, 2.0, 3.0)
    assert params.duplicates.keep == ("whole", "name")


@pytest.mark.parametrize("name", ["train.epoch", "trian.epochs", "train", "epochs", "train.epochs.more"])
def test_a_param_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(ParamsError, match=f"{name}: there is no such param; write it as in params.yaml"):
        changed_text(PARAMS, {name: "5"})


@pytest.mark.parametrize("given", ["train.epochs", "=5", "train.epochs=", ""])
def test_a_change_without_a_value_is_refused(given: str) -> None:
    with pytest.raises(ParamsError, match=r"expected a name and a value, as train\.epochs=5"):
        parsed_changes([given])
    assert parsed_changes(["a.b = c=d"]) == {"a.b": "c=d"}


# --- making --------------------------------------------------------------------------------------------------


def test_a_project_is_made_and_its_pictures_are_left_alone(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(pictures)
    monkeypatch.chdir(tmp_path)
    result = command("init", f"{pictures.name}/", "--set", "train.epochs=3")
    assert result.exit_code == 0, result.output
    place = tmp_path / f"{pictures.name}-similar"
    params = load_params(place / "params.yaml")
    assert (params.dataset.path, params.dataset.labels, params.train.epochs) == (str(pictures), "none", 3)
    assert (place / "dvc.yaml").read_bytes() == (ROOT / "dvc.yaml").read_bytes()
    assert (place / ".dvc" / "config").is_file()
    assert contents(pictures) == before
    again = command("init", pictures)
    assert isinstance(again.exception, ProjectError)
    assert "is a project already: `pipeline run` goes on with it" in str(again.exception)


def test_a_project_inside_a_repository_of_git_makes_no_other(pictures: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "repository"], check=True)
    place = tmp_path / "repository" / "inner"
    assert command("init", pictures, "--at", place).exit_code == 0
    assert not (place / ".git").exists()
    status = [sys.executable, "-m", "dvc", "status", "--json"]
    found = subprocess.run(status, cwd=place, capture_output=True, text=True, check=True)
    assert "code" in json.loads(found.stdout)  # DVC knows the place as its own


def test_labels_may_be_a_table(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labels.csv").write_text("path,label\n00.png,disc\n01.png,stripe\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert command("init", pictures, "--at", "place", "--labels", "labels.csv").exit_code == 0
    assert load_params(tmp_path / "place" / "params.yaml").dataset.labels == str(tmp_path / "labels.csv")


def test_a_wrong_value_makes_no_project(pictures: Path, tmp_path: Path) -> None:
    result = command("init", pictures, "--at", tmp_path / "place", "--set", "train.epochs=many")
    assert isinstance(result.exception, ParamsError)
    assert "train.epochs: expected 'auto' or an integer from 1 to 100,000, got 'many'" in str(result.exception)
    assert not (tmp_path / "place" / "params.yaml").exists()


def test_nothing_of_anybody_is_written_over(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for place, error, words in (
        (tmp_path / "full", ProjectError, "is there and not empty; name a new folder with --at"),
        (pictures / "inside", ProjectError, "lies among the pictures, where nothing is ever written"),
        (pictures, ProjectError, "lies among the pictures"),
    ):
        result = command("init", pictures, "--at", place)
        assert isinstance(result.exception, error)
        assert words in str(result.exception)
    missing = command("init", tmp_path / "nowhere", "--at", tmp_path / "place")
    assert isinstance(missing.exception, DatasetError)
    assert "there is no such folder; give the folder of your pictures" in str(missing.exception)


def test_a_project_is_of_one_folder(pictures: Path, tmp_path: Path) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    assert command("init", pictures, "--at", place).exit_code == 0
    shutil.copytree(pictures, other)
    result = command("run", other, "--at", place)
    assert isinstance(result.exception, ProjectError)
    assert f"is a project of {pictures}, not of {other}; name another place with --at" in str(result.exception)


# --- running -------------------------------------------------------------------------------------------------


def test_time_is_foreseen_by_the_number_of_pictures_and_then_by_the_pace() -> None:
    params = load_params(ROOT / "params.yaml")
    few, many = foreseen_seconds(params, 499), foreseen_seconds(params, 8677)
    assert 300 < few["train"] < 1200  # 8.4 minutes on two idle cores
    assert 900 < many["train"] < 2400  # 19 minutes on two idle cores
    assert set(few) == set(yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"])
    assert sum(few.values()) < sum(many.values())
    progress = Progress(["scan", "resize", "train"], {"scan": 10.0, "resize": 20.0, "train": 300.0})
    assert progress.seconds_left == pytest.approx(330)
    progress.begin("scan")
    progress._since -= 4  # four seconds ago
    assert progress.seconds_left == pytest.approx(326, abs=1)
    progress._since -= 36
    progress.begin("resize")  # scan took four times as long as foreseen
    assert progress.seconds_left == pytest.approx(320 * (40 + 30) / (10 + 30), rel=0.01)
    progress.spare("train")
    assert progress.seconds_left == 0


def test_a_stage_that_fails_is_told_with_its_remedy(pictures: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    assert command("init", pictures, "--at", place).exit_code == 0
    result = command("run", pictures, "--at", place, "--labels", "missing.csv")
    assert isinstance(result.exception, ProjectError)
    assert str(result.exception).startswith("dataset.labels: expected folders, none or a CSV file")
    assert "The whole log is" in str(result.exception)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_leaves_no_stage_behind(pictures: Path, tmp_path: Path, number: int) -> None:
    place = tmp_path / "place"
    program = [sys.executable, "-m", "pipeline", "run", str(pictures), "--at", str(place), "--set", "train.epochs=500"]
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:  # until the training has begun
            said.append(line)
            if ", train; " in line:
                break
        log = place / "run.log"
        while "train:" not in log.read_text("utf-8") and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(number)  # to it alone, as a task manager does
        said.append(process.stderr.read())
    assert process.returncode == 130, "".join(said)
    assert "run: interrupted; the same command goes on from here" in said[-1]
    with claimed(Artifacts(place / "artifacts")):  # nobody writes there any more
        pass
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place) not in listed.replace(str(program), "")


def test_a_line_of_the_log_counts_once_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with log.open("wb", buffering=0) as file, whole_lines(log) as read:
        file.write(b"Running sta")
        assert read() == []
        file.write(b"ge 'train':\nmore")
        assert read() == ["Running stage 'train':"]
        file.write(b" of it\r\nlast\n")
        assert read() == ["more of it", "last"]


def test_labels_given_later_are_found_from_where_one_stands(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    assert command("init", pictures, "--at", place).exit_code == 0
    (tmp_path / "labels: #1.csv").write_text("path,label\n00.png,disc\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    params = change(place, labels="labels: #1.csv", changes={"train.epochs": "3"})
    assert params.dataset.labels == str(tmp_path / "labels: #1.csv")
    assert (params.train.epochs, params.dataset.path) == (3, str(pictures))
    assert change(place, labels=None, changes={}) == params


def environment_of_the_wheel(folder: Path) -> Path:
    """Return the python of a new environment that has a wheel of the package, and what it depends on from here."""
    shutil.copytree(PACKAGE, folder / "source" / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", folder, folder / "source"], check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "environment", with_pip=False, symlinks=os.name != "nt")
    python = folder / "environment" / "bin" / "python"
    code = "import site; print(site.getsitepackages()[0])"
    packages = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", packages, wheel], check=True)
    # what is installed beside this checkout, but not the checkout, which its own .pth names
    (packages / "shared.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return python


def test_a_wheel_does_everything_where_there_is_no_checkout(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "wheel").mkdir()
    python = environment_of_the_wheel(tmp_path / "wheel")
    here = tmp_path / "empty"
    here.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def finished(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [python, *arguments], cwd=here, capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    pipeline = ["-m", "pipeline"]
    said = finished(*pipeline, "run", pictures, "--at", "found", "--set", "train.epochs=1").stderr
    assert "run: stage 6 of 16, train; " in said
    assert "run: done in " in said
    assert (here / "found" / "artifacts" / "report" / "index.html").is_file()
    place = "import pipeline; print(pipeline.__file__)"
    assert str(tmp_path / "wheel" / "environment") in finished("-c", place).stdout
    code = "from pipeline import open_folder; f = open_folder('found'); print(f.query(f.paths[0], 3).results[0].path)"
    assert finished("-c", code).stdout.strip().endswith(".png")
    again = finished(*pipeline, "run", pictures, "--at", "found").stderr
    log = (here / "found" / "run.log").read_text("utf-8")
    assert "run: done in" in again
    assert "Running stage 'train'" not in log
    generator = np.random.default_rng(5)
    for name in ("a new one.png", "新.png"):
        structured_picture("discs", generator).save(pictures / name)
    (pictures / "03.png").unlink()
    (pictures / "04.png").rename(pictures / "zz.png")
    updated = finished(*pipeline, "update", "--at", "found").stderr
    assert "update: 2 pictures came, 1 went, 1 moved; done in " in updated
    log = (here / "found" / "run.log").read_text("utf-8")
    assert "Running stage 'embed'" in log
    assert not {"Running stage 'train'", "Running stage 'encoder'"} & set(log.replace(":", "").splitlines())
    assert "2 of 25 pictures are new since the training" in log
    asked = "from pipeline import open_folder; f = open_folder('found'); print(f.query('新.png', 3).mode)"
    assert finished("-c", asked).stdout.strip() == "cached"
    status = subprocess.run(
        ["git", "status", "--short"], cwd=here / "found", capture_output=True, text=True, check=True
    )
    assert {line[3:] for line in status.stdout.splitlines()} == {
        ".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitignore", "dvc.lock", "dvc.yaml", "params.yaml",
    }  # fmt: skip
