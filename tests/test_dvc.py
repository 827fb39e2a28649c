"""dvc.yaml against the code: DVC doesn't see what Python imports, so it watches what the stage `code` writes down."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from pipeline.artifacts import Artifacts
from pipeline.closure import PACKAGE, digest, modules, stages
from pipeline.params import Params
from pipeline.stages.code import code

DVC: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, Any] = DVC["stages"]


def outs(stage: str) -> list[str]:
    """Return the paths of a stage's outs."""
    return [next(iter(out)) if isinstance(out, dict) else out for out in STAGES[stage]["outs"]]


@pytest.mark.parametrize("stage", stages())
def test_a_stage_watches_its_own_code_and_no_file_of_it(stage: str) -> None:
    files = [names for names in STAGES[stage]["params"] if isinstance(names, dict)]
    assert any(stage in names.get("artifacts/code.json", []) for names in files)
    assert [dep for dep in STAGES[stage].get("deps", []) if not dep.startswith("artifacts/")] == []


def test_the_code_is_written_down_before_any_stage_reads_it(tmp_path: Path) -> None:
    assert next(iter(STAGES)) == "code"
    assert STAGES["code"]["always_changed"]
    artifacts = Artifacts(tmp_path)
    code(artifacts)
    written = json.loads(artifacts.code.read_text("utf-8"))
    assert written == {stage: digest(stage) for stage in STAGES if stage != "code"}


def installed(tmp_path: Path) -> Path:
    """Return a copy of the package, as it lies in an environment, in which a test may change a module."""
    shutil.copytree(PACKAGE, tmp_path / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "pipeline"


def digests(package: Path) -> dict[str, str]:
    """Return what the package, run where it lies, says of its code."""
    program = "import json; from pipeline.closure import *; print(json.dumps({s: digest(s) for s in stages()}))"
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=package.parent, env=environment
    )
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize(
    ("changed", "stages_of_it"),
    [
        ("groups/choice.py", {"groups"}),
        ("autoencoder/views.py", {"train"}),
        ("autoencoder/grown.npz", {"train"}),
        ("show/report/templates/report.js", {"report"}),
        ("encoder/running.py", {"refresh", "encoder", "embed", "duplicates", "tolerance", "evaluate"}),
        ("wording.py", set(stages())),
        ("cli/common.py", set()),
        ("autoencoder/forecast.py", set()),
        ("folder/opened.py", set()),
    ],
)
def test_a_change_of_one_file_runs_the_stages_again_that_it_belongs_to(
    changed: str, stages_of_it: set[str], tmp_path: Path
) -> None:
    package = installed(tmp_path)
    before = digests(package)
    assert before == {stage: digest(stage) for stage in stages()}
    with (package / changed).open("r+b") as file:  # which must be there
        file.seek(0, os.SEEK_END)
        file.write(b"\n# changed")
    after = digests(package)
    assert {stage for stage in before if before[stage] != after[stage]} == stages_of_it


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_is_one_command_of_the_pipeline(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m pipeline {stage}"


def test_every_stage_module_is_a_stage_of_dvc() -> None:
    names = {name.split(".")[2] for name in modules() if name.startswith("pipeline.stages.")}
    assert names == set(STAGES)


def test_every_value_of_params_is_watched_by_a_stage() -> None:
    watched = {name for stage in STAGES.values() for name in stage.get("params", []) if isinstance(name, str)}
    for section in dataclasses.fields(Params):
        names = {f"{section.name}.{field.name}" for field in dataclasses.fields(section.type)}  # type: ignore[arg-type]
        assert section.name in watched or names <= watched


def test_every_out_is_a_path_that_artefacts_own() -> None:
    layout = Artifacts(Path("artifacts"))
    owned = {str(getattr(layout, name)) for name, value in vars(Artifacts).items() if isinstance(value, property)}
    for out in [out for stage in STAGES for out in outs(stage)]:
        assert out in owned or Path(out).parent.name in ("metrics", "origins", "plots")


def test_every_artefact_that_a_stage_depends_on_is_made_by_an_earlier_one() -> None:
    made: set[str] = set()
    for stage in STAGES:  # in the order of the file: so there is no cycle either
        needed = {dep for dep in STAGES[stage].get("deps", []) if dep.startswith("artifacts/")}
        assert needed <= made
        made |= set(outs(stage))


def test_dvc_shows_the_one_summary_of_all_metrics() -> None:
    """Each stage's own metrics are made for programs: as a table they were 81 columns, three of them called loss."""
    assert DVC["metrics"] == ["artifacts/metrics/summary.json"]
    assert DVC["metrics"][0] in outs("report")
