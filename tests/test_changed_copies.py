"""`duplicates` and `uniqueness` on a changed folder: what a run from nothing gives, and only what is new is opened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Line, embed_again, make_line
from test_copies import jpeg, shapes

from pipeline.artifacts import Artifacts, load_json, save_json
from pipeline.stages.duplicates import duplicates
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.uniqueness import uniqueness

FILES = ("duplicates.csv", "uniqueness.csv", "metrics/duplicates.json", "metrics/uniqueness.json")


def run(line: Line, artifacts: Artifacts) -> str:
    """Run all stages whose result depends on the folder; return what `duplicates` says."""
    resize(line.params, artifacts)
    embed_again(artifacts)
    neighbours(line.params, artifacts)
    said = duplicates(line.params, artifacts)
    uniqueness(line.params, artifacts)
    return said


def written(artifacts: Artifacts) -> dict[str, bytes]:
    """Return the contents of all files that the two stages wrote, and what is kept for the next run."""
    pictures = [*artifacts.duplicates_sheets.iterdir(), artifacts.plot("duplicates"), artifacts.plot("unique")]
    paths = [*pictures, *artifacts.earlier("duplicates").glob("*.npy"), *(artifacts.root / name for name in FILES)]
    return {path.relative_to(artifacts.root).as_posix(): path.read_bytes() for path in paths} | kept(artifacts)


def kept(artifacts: Artifacts) -> dict[str, bytes]:
    """Return the answers that are kept, one by one."""
    answers = load_json(artifacts.earlier("duplicates") / "answers.json", stage="duplicates")
    parts = [(name, part) for name, part in answers.items() if isinstance(part, dict)]
    return {f"{name} {key}": repr(answer).encode() for name, part in parts for key, answer in part.items()}


def from_nothing(line: Line, root: Path) -> dict[str, bytes]:
    """Return what the stages write into a new folder of artefacts."""
    artifacts = Artifacts(root)
    save_json(artifacts.metrics("train"), {"upright": True})
    shutil.copy(line.artifacts.encoder, artifacts.encoder)
    run(line, artifacts)
    return written(artifacts)


def anew(said: str) -> tuple[int, int]:
    """Return how many pairs were compared anew, and of how many the originals."""
    pairs, originals = re.findall(
        r"([\d,]+) of [\d,]+ pairs had to be compared anew, and the originals of ([\d,]+)", said
    )[0]
    return int(pairs.replace(",", "")), int(originals.replace(",", ""))


@pytest.fixture(scope="module")
def known_line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A folder with copies, near, turned and exact, that went through the stages; for reading only."""
    pictures = {f"own/{seed:02d}.png": shapes(seed) for seed in range(20)}
    line = make_line(tmp_path_factory.mktemp("known"), pictures)
    (line.dataset / "copies").mkdir()
    (line.dataset / "copies/smaller.jpg").write_bytes(jpeg(shapes(0).resize((120, 90)), 70))
    shapes(1).rotate(90, expand=True).save(line.dataset / "copies/turned.png")
    shutil.copy(line.dataset / "own/02.png", line.dataset / "copies/the same.png")
    run(line, line.artifacts)
    return line


def unchanged(_: Path) -> None:
    """Leave the folder as it is."""


def renamed(dataset: Path) -> None:
    """Turn the order of the rows round, of pictures and of copies."""
    for number, path in enumerate(sorted(dataset.rglob("*.*"))[::-1]):
        path.rename(path.with_name(f"{number:02d} {path.name}"))
    (dataset / "copies").rename(dataset / "z")


def added(dataset: Path) -> None:
    """Add a picture, an exact copy that stands before its picture, and a near one."""
    shapes(50).save(dataset / "own/50.png")
    shutil.copy(dataset / "own/05.png", dataset / "a first one.png")
    (dataset / "own/06 again.jpg").write_bytes(jpeg(shapes(6), 60))


def removed(dataset: Path) -> None:
    """Remove a picture with a copy, one without, and the first one of two exact copies."""
    for path in ("own/00.png", "own/09.png", "copies/the same.png"):
        (dataset / path).unlink()


def edited(dataset: Path) -> None:
    """Put another picture in place of one, and a copy of another in place of one that had a copy."""
    shapes(60).save(dataset / "own/07.png")
    shapes(8).resize((300, 225)).save(dataset / "copies/turned.png")


@pytest.mark.parametrize("change", [unchanged, renamed, added, removed, edited])
def test_a_changed_folder_gives_what_one_from_nothing_gives(
    change: Callable[[Path], None], known_line: Line, tmp_path: Path
) -> None:
    shutil.copytree(known_line.root, tmp_path / "line")
    line = Line(tmp_path / "line")
    line.set(dataset={"path": str(line.dataset)})
    change(line.dataset)
    pairs, originals = anew(run(line, line.artifacts))
    assert written(line.artifacts) == from_nothing(line, tmp_path / "new")
    most_pairs, most_originals = {
        unchanged: (0, 0),
        renamed: (0, 0),
        added: (2 * 22, 4),  # two new contents, at most with each of the 22 others
        removed: (2 * 20, 0),  # two contents less, for which two may come up in each of the 20 other lists
        edited: (2 * 20, 4),
    }[change]
    assert pairs <= most_pairs
    assert originals <= most_originals


def test_what_was_found_otherwise_is_found_again(known_line: Line, tmp_path: Path) -> None:
    shutil.copytree(known_line.root, tmp_path / "line")
    line = Line(tmp_path / "line")
    line.set(resize={"max_megapixels": 100})
    said = duplicates(line.params, line.artifacts)
    assert "compared anew" not in said  # all were, as in a first run
    (line.artifacts.earlier("duplicates") / "agreed.npy").write_bytes(b"damaged")
    assert "compared anew" not in duplicates(line.params, line.artifacts)
    assert anew(duplicates(line.params, line.artifacts)) == (0, 0)
    for path in known_line.artifacts.duplicates_sheets.iterdir():
        assert (line.artifacts.duplicates_sheets / path.name).read_bytes() == path.read_bytes()
