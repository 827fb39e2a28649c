"""dvc.yaml against the code: DVC doesn't see what Python imports, so this does."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from imports import ROOT, closure, modules, path_of

from pipeline.artifacts import Artifacts
from pipeline.autoencoder.starting import GROWN
from pipeline.params import Params

DVC: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, Any] = DVC["stages"]
# they change no result of a stage
NOT_WATCHED = {"pipeline", "pipeline.params", "pipeline.params.building", "pipeline.errors", "pipeline.forecast"}


def outs(stage: str) -> list[str]:
    """Return the paths of a stage's outs."""
    return [next(iter(out)) if isinstance(out, dict) else out for out in STAGES[stage]["outs"]]


def watched_code(stage: str) -> set[Path]:
    """Return the Python files that the deps of a stage name, folders unfolded."""
    deps = [ROOT / dep for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")]
    return {file for dep in deps for file in (dep.rglob("*.py") if dep.is_dir() else [dep]) if file.suffix == ".py"}


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_the_deps_of_a_stage_are_its_import_closure(stage: str) -> None:
    expected = {path_of(module) for module in closure(f"pipeline.stages.{stage}") - NOT_WATCHED}
    assert watched_code(stage) == expected


def test_training_watches_the_weights_that_it_starts_from() -> None:
    assert str(GROWN.relative_to(ROOT)) in STAGES["train"]["deps"]


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_is_one_command_of_the_pipeline(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m pipeline {stage}"


def test_every_stage_module_is_a_stage_of_dvc() -> None:
    names = {name.rpartition(".")[2] for name in modules() if name.startswith("pipeline.stages.")}
    assert names == set(STAGES)


def test_every_value_of_params_is_watched_by_a_stage() -> None:
    watched = {name for stage in STAGES.values() for name in stage["params"]}
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
        needed = {dep for dep in STAGES[stage]["deps"] if dep.startswith("artifacts/")}
        assert needed <= made
        made |= set(outs(stage))


def test_dvc_shows_the_one_summary_of_all_metrics() -> None:
    """Each stage's own metrics are made for programs: as a table they were 81 columns, three of them called loss."""
    assert DVC["metrics"] == ["artifacts/metrics/summary.json"]
    assert DVC["metrics"][0] in outs("report")
