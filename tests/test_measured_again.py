"""What was measured of a model stands while it and nearly all pictures are the same; groups are measured again."""

import shutil

import pytest
from conftest import Line, embed_again
from PIL import Image

from pipeline.artifacts import load_json, save_json
from pipeline.stages.evaluate import evaluate
from pipeline.stages.evaluate.table import format_table
from pipeline.stages.groups import groups
from pipeline.stages.resize import resize


@pytest.fixture
def measured(line: Line, own_line: Line) -> Line:
    shutil.copytree(line.dataset, own_line.dataset, dirs_exist_ok=True)
    own_line.set(dataset={"path": str(own_line.dataset)})
    go_on(own_line)
    table = evaluate(own_line.params, own_line.artifacts)
    assert table["measured_of"] == table["folder"] == 58
    return own_line


def go_on(line: Line) -> None:
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    groups(line.params, line.artifacts)


def add(line: Line, count: int) -> None:
    folder = next(path for path in sorted(line.dataset.iterdir()) if path.is_dir())
    for number in range(count):
        Image.new("RGB", (60, 60), (200, 3 * number, 40)).save(folder / f"new{number}.png")
    go_on(line)


def test_with_a_picture_more_only_the_groups_are_measured_again(measured: Line) -> None:
    before = load_json(measured.artifacts.metrics("evaluate"), stage="evaluate")
    add(measured, 1)
    table = evaluate(measured.params, measured.artifacts)
    assert (table["measured_of"], table["folder"]) == (58, 59)
    assert table["embeddings"] == before["embeddings"]
    assert table["views"] == before["views"]
    assert "the model was measured when the folder held 58 pictures, 59 now" in format_table(table)


@pytest.mark.parametrize("change", ["many pictures", "labels", "model"])
def test_what_changes_more_is_measured_anew(measured: Line, change: str) -> None:
    if change == "many pictures":
        add(measured, 10)
    elif change == "labels":  # pictures that lie in another folder have another label
        (folder, other, *_) = sorted(path for path in measured.dataset.iterdir() if path.is_dir())
        for path in list(folder.iterdir()):
            path.rename(other / f"moved_{path.name}")
        go_on(measured)
    else:
        add(measured, 1)
        save_json(measured.artifacts.surroundings, {"labels": "other"})
    table = evaluate(measured.params, measured.artifacts)
    assert table["measured_of"] == table["folder"]
