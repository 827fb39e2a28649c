"""What stages have drawn is taken over, and what they write then is what they would have drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Line, embed_again, structured_picture
from PIL import Image

from pipeline.artifacts import Earlier
from pipeline.artifacts.answers import Answers
from pipeline.closure import closure
from pipeline.drawings import SHEETS, THUMBNAILS, load_drawn, save_drawn
from pipeline.stages.groups import groups
from pipeline.stages.map import draw_map
from pipeline.stages.resize import resize

DRAWN = ("plots/map_thumbnails.jpg", "plots/groups.png", "plots/elbow.png", "plots/silhouette.png")


def drawn(line: Line) -> dict[str, bytes]:
    """Return all that the two stages have drawn, by its path."""
    sheets = sorted(line.artifacts.groups.glob("*/0*_contact_sheet.jpg"))
    paths = [*sheets, line.artifacts.groups / "overview.png", *(line.root / "artifacts" / name for name in DRAWN)]
    return {path.relative_to(line.root).as_posix(): path.read_bytes() for path in paths}


def run(line: Line) -> None:
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    groups(line.params, line.artifacts)
    draw_map(line.params, line.artifacts)


def copy_of(line: Line, root: Path) -> Line:
    """Return a copy of a line, its pictures with it."""
    own = Line(root)
    shutil.copytree(line.root, root, symlinks=True)
    own.set(dataset={"path": str(own.dataset)})
    return own


def nothing(dataset: Path) -> None:
    """Leave the folder as it is."""


def added(dataset: Path) -> None:
    structured_picture("stripes", np.random.default_rng(6)).save(dataset / "stripes/new.png")
    Image.new("RGB", (120, 60), (9, 90, 160)).save(dataset / "aaa.png")


def removed(dataset: Path) -> None:
    (dataset / "stripes/stripe 03.png").unlink()


def renamed(dataset: Path) -> None:
    (dataset / "discs/disc 05.png").rename(dataset / "a disc.png")


def edited(dataset: Path) -> None:
    (dataset / "ramps/ramp 07.png").unlink()  # its link in a group's folder stays
    structured_picture("ramps", np.random.default_rng(7)).save(dataset / "ramps/ramp 07.png")


@pytest.fixture
def drawn_line(own_line: Line) -> Line:
    own_line.set(dataset={"path": str(own_line.dataset)})
    run(own_line)
    return own_line


@pytest.mark.parametrize("change", [nothing, added, removed, renamed, edited])
def test_what_is_taken_over_is_what_would_be_drawn(
    change: Callable[[Path], None], drawn_line: Line, tmp_path: Path
) -> None:
    change(drawn_line.dataset)
    other = copy_of(drawn_line, tmp_path / "other")
    for stage in ("groups", "map"):
        for name in (SHEETS, THUMBNAILS):
            (other.artifacts.earlier(stage) / name).unlink(missing_ok=True)
    run(drawn_line)
    run(other)
    assert drawn(drawn_line) == drawn(other)


def test_thumbnails_of_the_last_run_are_not_drawn_again(drawn_line: Line) -> None:
    """Those that are kept were made black, and only the new one is not."""
    path = drawn_line.artifacts.earlier("map") / THUMBNAILS
    kept = np.load(path)
    path.unlink()
    np.save(path, np.zeros_like(kept))
    added(drawn_line.dataset)
    run(drawn_line)
    with Image.open(drawn_line.artifacts.map_thumbnails) as sheet:
        pixels = np.asarray(sheet)
    tile = kept.shape[1]
    tiles = pixels.reshape(pixels.shape[0] // tile, tile, -1, tile, 3).mean(axis=(1, 3, 4))
    count = len(kept) + 2
    assert (tiles < 8).sum() == count - 2


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"nothing"), lambda path: path.unlink()])
def test_drawings_that_cannot_be_read_are_drawn_again(damage: Callable[[Path], None], drawn_line: Line) -> None:
    before = drawn(drawn_line)
    for stage, name in (("groups", SHEETS), ("map", SHEETS), ("map", THUMBNAILS)):
        path = drawn_line.artifacts.earlier(stage) / name
        if path.exists():
            path.chmod(0o644)
            copy = path.with_name("copy")
            shutil.copyfile(path, copy)
            copy.replace(path)  # it may be a link to what is kept elsewhere
            damage(path)
    groups(drawn_line.params, drawn_line.artifacts)
    draw_map(drawn_line.params, drawn_line.artifacts)
    assert drawn(drawn_line) == before


def test_a_rename_leaves_the_groups_as_they_are(drawn_line: Line) -> None:
    def group_of() -> dict[str, str]:
        lines = drawn_line.artifacts.groups_table.read_text(encoding="utf-8").splitlines()[1:]
        return dict(line.split(",", 1) for line in lines)

    before = group_of()
    renamed(drawn_line.dataset)
    run(drawn_line)
    before["a disc.png"] = before.pop("discs/disc 05.png")
    assert group_of() == before


def test_what_other_code_has_drawn_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: Answers[bytes] = Answers({})
    drawn.of("a sheet", lambda: b"as it was")
    save_drawn(tmp_path, drawn, module="pipeline.stages.groups.sheets")
    last = Earlier(tmp_path, "", np.empty(0, np.int64), np.empty(0, np.int64), [])
    assert load_drawn(last, module="pipeline.stages.groups.sheets").known == {"a sheet": b"as it was"}
    assert load_drawn(last, module="pipeline.stages.map").known == {}
    monkeypatch.setattr("pipeline.drawings.module_digest", lambda module: f"another {module}")
    assert load_drawn(last, module="pipeline.stages.groups.sheets").known == {}


@pytest.mark.parametrize(
    ("module", "draws"),
    [
        ("pipeline.stages.groups.sheets", "pipeline.show.sheets"),
        ("pipeline.stages.map", "pipeline.show.sheets"),
        ("pipeline.stages.duplicates", "pipeline.show.lettering"),
        ("pipeline.show.report.thumbnails", "pipeline.show.shapes"),
    ],
)
def test_the_code_that_draws_is_what_a_stage_asks_about(module: str, draws: str) -> None:
    assert {module, draws} <= closure(module)
