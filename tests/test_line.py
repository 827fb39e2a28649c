"""The whole line as a user runs it: a clone of the project, `dvc repro`, and what is asked of it afterwards."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from PIL import Image

SMALL: dict[str, dict[str, Any]] = {
    "sample": {"pictures": 96, "size": 64},
    "train": {"epochs": 1},
    "embed": {"dimensions": 32},
    "neighbours": {"depth": 5},
    "groups": {"k_maximum": 12},
}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a project folder with this interpreter's environment first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def pipeline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the pipeline."""
    return run(folder, sys.executable, "-m", "pipeline", *arguments)


def clone(folder: Path, changes: dict[str, dict[str, Any]]) -> None:
    """Copy the project as it stands into a new git repository, with some params changed."""
    for name in run(ROOT, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for section, values in changes.items():
        params[section].update(values)
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "dvc.lock").unlink(missing_ok=True)
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "start")):
        done = run(folder, "git", *command)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the project with small params, after `dvc repro`."""
    folder = tmp_path_factory.mktemp("project") / "clone"
    clone(folder, SMALL)
    done = run(folder, "dvc", "repro")
    assert done.returncode == 0, done.stderr
    return folder


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_picture_of_the_sample_has_a_row(project: Path) -> None:
    assert read_json(project / "artifacts/metrics/resize.json") == {"pictures": 96 + 19, "rejected": 0}


def test_a_second_repro_only_looks_through_the_folder(project: Path) -> None:
    done = run(project, "dvc", "repro")
    ran = [line for line in done.stdout.splitlines() if line.startswith("Running")]
    assert ran == ["Running stage 'code':", "Running stage 'scan':"]


def test_exact_copies_are_each_others_first_neighbour(project: Path) -> None:
    pictures = project / "artifacts/sample/pictures"
    for pair in read_json(project / "artifacts/sample/truth.json")["exact"]:
        for one, other in ((pair["original"], pair["copy"]), (pair["copy"], pair["original"])):
            answer = json.loads(pipeline(project, "query", str(pictures / one), "--n", "1", "--json").stdout)
            (first,) = answer["results"]
            assert (first["path"], first["similarity"]) == (other, 1.0)


def test_a_picture_asked_afresh_finds_itself_and_then_its_cached_list(project: Path) -> None:
    query = ("query", str(project / "artifacts/sample/pictures/fern/0001.jpg"), "--json")
    cached = json.loads(pipeline(project, *query, "--n", "8", "--mode", "cached").stdout)
    fresh = json.loads(pipeline(project, *query, "--n", "9", "--mode", "fresh").stdout)
    assert fresh["results"][0]["path"] == "fern/0001.jpg"
    assert fresh["results"][0]["similarity"] >= 0.9999
    assert [r["path"] for r in fresh["results"][1:]] == [r["path"] for r in cached["results"]]


def test_the_autoencoder_keeps_its_contract(project: Path) -> None:
    code = (
        "import keras, pipeline.autoencoder.networks\n"
        "model = keras.saving.load_model('artifacts/autoencoder.keras')\n"
        "encoder, decoder = model.get_layer('encoder'), model.get_layer('decoder')\n"
        "x = keras.ops.zeros((2, 256, 256, 3))\n"
        "print(encoder(x).shape, decoder(encoder(x)).shape)"
    )
    done = run(project, sys.executable, "-c", code)
    assert done.stdout.strip() == "(2, 32, 32, 4) (2, 256, 256, 3)", done.stderr


def test_a_killed_training_goes_on_to_where_an_uninterrupted_one_ends(project: Path) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    params["train"].update(epochs=3, objective="reconstruction")
    for name in ("once", "killed"):
        (project / name).mkdir()
        params["dataset"]["path"] = f"{name}/sample/pictures"  # an index names its dataset as seen from its folder
        (project / f"{name}.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        os.link(project / "artifacts/index.sqlite", project / name / "index.sqlite")
        shutil.copytree(project / "artifacts/pictures", project / name / "pictures", copy_function=os.link)

    def command(into: str) -> list[str]:
        return ["-m", "pipeline", "--params", f"{into}.yaml", "--artifacts", into, "train"]

    def history(into: str) -> list[str]:
        rows = (project / into / "history.csv").read_text(encoding="utf-8").splitlines()[1:]
        return [row.rpartition(",")[0] for row in rows]  # all but the seconds

    with subprocess.Popen([sys.executable, *command("killed")], cwd=project, stderr=subprocess.DEVNULL) as process:
        while not (project / "killed/history.csv").exists() and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    assert (project / "killed/autoencoder.keras").exists()  # the last good model
    assert len(history("killed")) < 3
    kept = len(history("killed"))
    (project / "killed/untrained.keras").unlink()  # as DVC does before it runs a stage again
    for name in ("killed", "once"):
        done = run(project, sys.executable, *command(name))
        assert done.returncode == 0, done.stderr
        assert (f"train: goes on after epoch {kept} of 3" in done.stderr) == (name == "killed")
    assert history("killed") == history("once")
    assert (project / "killed/untrained.keras").read_bytes()
    again = run(project, sys.executable, *command("killed"))  # what has come to its end begins anew
    assert "goes on" not in again.stderr


def test_an_experiment_runs_only_what_its_param_changes(project: Path) -> None:
    done = run(project, "dvc", "exp", "run", "-S", "groups.k=3")
    ran = [line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")]
    assert ran == ["code", "scan", "groups", "map", "evaluate", "report"], done.stderr
    assert read_json(project / "artifacts/metrics/groups.json")["k"] == 3


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("groups/choice.py", {"groups"}),
        ("encoder/running.py", {"refresh", "encoder", "embed", "duplicates", "tolerance", "evaluate"}),
    ],
)
def test_an_edited_module_changes_exactly_the_stages_that_import_it(
    project: Path, module: str, stages: set[str]
) -> None:
    path = project / "pipeline" / module
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\n# edited\n", encoding="utf-8")
    assert pipeline(project, "code").returncode == 0
    changed = json.loads(run(project, "dvc", "status", "--json").stdout)
    path.write_text(before, encoding="utf-8")
    assert pipeline(project, "code").returncode == 0
    told = {
        name
        for name, facts in changed.items()
        if any("artifacts/code.json" in fact.get("changed deps", ()) for fact in facts if isinstance(fact, dict))
    }
    assert told == stages


def test_metrics_and_plots_show_what_the_run_found(project: Path) -> None:
    metrics = run(project, "dvc", "metrics", "show")
    assert "reconstruction_error" in metrics.stdout
    plots = run(project, "dvc", "plots", "show", "-o", "shown")
    assert plots.returncode == 0, plots.stderr
    assert "reconstructions.png" in (project / "shown/index.html").read_text(encoding="utf-8")


def test_without_git_dvc_says_that_it_needs_it(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unzipped"
    shutil.copytree(project, folder, ignore=lambda at, _: {".git", "artifacts"} if Path(at) == project else set())
    done = run(folder, "dvc", "repro")
    assert done.returncode != 0
    assert "is not a git repository" in done.stderr
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert "is not a git repository" in page  # with the remedy


def test_own_pictures_in_what_stages_fill_outlive_dvc(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    clone(folder, {"sample": {"pictures": 96, "size": 64}})
    assert run(folder, "dvc", "repro", "sample").returncode == 0
    mine = [folder / "artifacts/sample" / name for name in ("pictures/fern/mine.jpg", "mine.jpg")]
    for file in mine:
        file.write_bytes(b"precious")
    for change in ({}, {"seed": 1}, {"seed": 0}):  # the last is what DVC has run before
        params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
        params["sample"].update(change)
        (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        for command in (("dvc", "repro", "sample"), (sys.executable, "-m", "pipeline", "sample")):
            done = run(folder, *command)
            assert done.returncode != 0
            assert "holds mine.jpg, which was added or changed there" in done.stderr
            assert [file.read_bytes() for file in mine] == [b"precious"] * 2
    for file in mine:
        file.unlink()
    done = run(folder, "dvc", "repro", "sample")
    assert done.returncode == 0, done.stderr


def test_dvc_reads_a_folder_that_it_could_not_watch(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (40, 30), "red").save(photos / "good.png")
    (photos / "broken.jpg").symlink_to("nowhere")
    (photos / "loop").symlink_to(".", target_is_directory=True)
    clone(tmp_path / "clone", {"dataset": {"path": str(photos)}})
    done = run(tmp_path / "clone", "dvc", "repro", "resize")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone/artifacts/rejected.csv").read_text(encoding="utf-8").splitlines() == [
        "path,reason,same_as",
        "broken.jpg,broken link,",
        "loop,circular link,",
    ]
