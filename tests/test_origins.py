"""Old answers: every table says what it was made from, and every reader asks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import COPIES, ROOT, Line, embed_again, sign, structured_picture, write_encoder
from test_report import complete
from typer.testing import CliRunner, Result

from pipeline.artifacts import check_origin, open_index, save_origin
from pipeline.cli import app
from pipeline.errors import ArtifactError
from pipeline.stages.duplicates import duplicates
from pipeline.stages.evaluate import evaluate
from pipeline.stages.groups import groups
from pipeline.stages.map import draw_map
from pipeline.stages.neighbours import neighbours
from pipeline.stages.report import report
from pipeline.stages.resize import resize
from pipeline.stages.tolerance import tolerance
from pipeline.stages.uniqueness import uniqueness

STAGES = {
    "neighbours": neighbours, "groups": groups, "map": draw_map, "duplicates": duplicates, "uniqueness": uniqueness,
    "tolerance": tolerance, "evaluate": evaluate, "train": lambda _, artifacts: train_by_hand(artifacts.root.parent),
}  # fmt: skip
ORDER = ("neighbours", "groups", "map", "duplicates", "uniqueness", "tolerance", "evaluate", "train")
# What each reader reads, in the order in which it asks; the lists (neighbours.npy) have an origin of their own.
READERS = {
    "report": {"groups", "map", "evaluate", "duplicates", "uniqueness", "train"},
    "atlas": {"groups", "map"},
    "unique": {"uniqueness"},
    "query": {"duplicates", "uniqueness"},
    "compare": {"tolerance"},
    "map": {"groups"},
    "uniqueness": {"duplicates"},
    "evaluate": {"groups"},
}


def train_by_hand(root: Path) -> None:
    complete(Line(root), mapped=False)


def run_stages(line: Line, stages: Iterable[str]) -> None:
    for stage in stages:
        STAGES[stage](line.params, line.artifacts)


@pytest.fixture(scope="module")
def whole(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the line with its own dataset, after all stages; for reading only."""
    root = tmp_path_factory.mktemp("whole")
    shutil.copytree(line.root, root / "line")
    own = Line(root / "line")
    own.set(dataset={"path": str(own.dataset)}, map={"perplexity": 5})
    resize(own.params, own.artifacts)
    embed_again(own.artifacts)
    structured_picture("discs", np.random.default_rng(99)).save(root / "new.png")
    run_stages(own, ORDER)
    return own


def copied(line: Line, place: Path) -> Line:
    """Copy a line with what lies beside it."""
    shutil.copytree(line.root, place / "line")
    shutil.copy(line.root.parent / "new.png", place / "new.png")
    return Line(place / "line")


@pytest.fixture
def own(whole: Line, tmp_path: Path) -> Line:
    return copied(whole, tmp_path)


def read(line: Line, reader: str) -> Result:
    new, out = line.root.parent / "new.png", line.root.parent / "out.parquet"
    arguments = {
        "query": ["query", str(new), "--mode", "fresh"],
        "compare": ["compare", str(new), str(new)],
        "atlas": ["atlas", "--out", str(out), "--force"],
    }
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *arguments.get(reader, [reader])])


def trained_again(line: Line) -> None:
    write_encoder(line.artifacts.encoder, patch=128)
    embed_again(line.artifacts)


def folder_changed(line: Line) -> None:
    line.set(dataset={"path": str(line.dataset)})
    (line.dataset / COPIES[1]).unlink()
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)


@pytest.mark.parametrize("reader", READERS)
def test_in_the_ordinary_order_nothing_is_refused(whole: Line, reader: str) -> None:
    result = read(whole, reader)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module", params=[trained_again, folder_changed])
def later(whole: Line, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Line:
    """What became of the line after a change, with all stages run again."""
    changed = copied(whole, tmp_path_factory.mktemp("later"))
    request.param(changed)
    run_stages(changed, ORDER)
    return changed


@pytest.mark.parametrize("reader", READERS)
def test_a_table_of_an_earlier_time_is_refused_by_every_reader(whole: Line, later: Line, reader: str) -> None:
    old, new = whole.artifacts, later.artifacts
    tried = []
    for stage in sorted(READERS[reader]):
        if old.origin(stage).read_bytes() == new.origin(stage).read_bytes():
            continue  # a training is none of the encoder's tables
        tried.append(stage)
        names = [f"origins/{stage}.json", *json.loads(old.origin(stage).read_text())["files"]]
        kept = {name: (new.root / name).read_bytes() for name in names if (new.root / name).is_file()}
        for name in kept:
            shutil.copy(old.root / name, new.root / name)
        result = read(later, reader)
        for name, content in kept.items():
            (new.root / name).write_bytes(content)
        assert isinstance(result.exception, ArtifactError), result.output
        assert "was made from" in str(result.exception)
        assert f"run `pipeline {stage}` again (or `dvc repro`)" in str(result.exception)
        assert not result.stdout
    assert tried


@pytest.mark.parametrize("reader", READERS)
def test_a_stage_that_was_killed_before_its_end_is_run_again(own: Line, reader: str) -> None:
    """The table is written, what it was made from isn't."""
    for stage in sorted(READERS[reader]):
        origin = own.artifacts.origin(stage)
        file = own.artifacts.root / next(
            name for name in json.loads(origin.read_text())["files"] if name[-4:] != "eras"
        )
        before = file.read_bytes(), origin.read_bytes()
        file.write_bytes(before[0] + b"\n")
        result = read(own, reader)
        assert isinstance(result.exception, ArtifactError), result.output
        assert f"{file} isn't as the stage left it, which was interrupted, or somebody" in str(result.exception)
        assert f"run `pipeline {stage}` again" in str(result.exception)
        file.write_bytes(before[0])
        origin.unlink()
        result = read(own, reader)
        assert isinstance(result.exception, ArtifactError), result.output
        assert f"run `pipeline {stage}` (or `dvc repro`) first" in str(result.exception)
        origin.write_bytes(before[1])


@pytest.mark.parametrize(
    "text",
    ["[]", "null", "7", '"x"', "{}", '{"files": [], "made_from": {}}', '{"files": {"../x": 7}, "made_from": {}}'],
)
def test_an_origin_of_another_shape_is_damaged(own: Line, text: str) -> None:
    own.artifacts.origin("groups").write_text(text)
    with pytest.raises(ArtifactError, match=r"groups\.json is damaged \(.*\): run `pipeline groups` again"):
        check_origin(own.artifacts, "groups", "")


def test_other_copies_make_another_ranking(own: Line) -> None:
    text = own.artifacts.duplicates.read_text().splitlines()
    own.artifacts.duplicates.write_text("\n".join(text[:1]) + "\n")
    sign(own, "duplicates")
    for reader in ("unique", "report", "query"):
        result = read(own, reader)
        assert "uniqueness.csv was made from another duplicates.csv: run `pipeline uniqueness` again" in str(
            result.exception
        )


def test_other_groups_and_other_labels_make_another_evaluation(own: Line) -> None:
    own.set(groups={"k": 4})
    groups(own.params, own.artifacts)
    with pytest.raises(ArtifactError, match=r"evaluate\.json was made from another groups\.csv: run"):
        report(own.params, own.artifacts)
    evaluate(own.params, own.artifacts)
    report(own.params, own.artifacts)
    own.set(dataset={"labels": "none"})
    with pytest.raises(ArtifactError, match=r"evaluate\.json was made from other labels: run `pipeline evaluate`"):
        report(own.params, own.artifacts)


def test_a_training_that_made_another_encoder_is_not_shown(own: Line) -> None:
    own.artifacts.autoencoder.write_bytes(b"trained again")
    sign(own, "train")
    with pytest.raises(
        ArtifactError, match=r"encoder\.onnx was made from another training.*run `pipeline encoder` again"
    ):
        report(own.params, own.artifacts)


def test_the_list_of_the_rejected_is_of_these_pictures(own: Line) -> None:
    save_origin(own.artifacts, "resize", "another digest")
    with pytest.raises(ArtifactError, match=r"rejected\.csv was made from other pictures"):
        report(own.params, own.artifacts)


@pytest.mark.parametrize("stage", sorted(set(ORDER) - {"neighbours"}))
def test_every_stage_says_what_it_made(whole: Line, stage: str) -> None:
    with open_index(whole.artifacts.index) as index:
        labels = {path: path.rpartition("/")[0] for path in index.paths()} if stage == "evaluate" else None
        check_origin(whole.artifacts, stage, index.digest, labels=labels)


def test_dvc_keeps_every_table_with_its_origin_and_shows_none_as_metrics() -> None:
    dvc = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    stages = dvc["stages"]
    made = {stage for stage, facts in stages.items() if f"artifacts/origins/{stage}.json" in facts["outs"]}
    assert made == {"resize", "encoder", "embed", *ORDER} - {"neighbours"}
    assert not [name for name in dvc["metrics"] if "origins" in name]
    for reader, read_stages in READERS.items():
        if reader in stages:
            assert {f"artifacts/origins/{stage}.json" for stage in read_stages} <= set(stages[reader]["deps"])
