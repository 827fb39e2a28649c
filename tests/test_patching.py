"""Patched lists: whatever has changed in a folder, they are those that are made from nothing, bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import Line, embed_again, structured_picture, write_encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, load_embeddings, made_from, open_index, save_array
from pipeline.similarity.lists import sorted_lists
from pipeline.similarity.patching import patched_lists
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize

Embeddings = NDArray[np.float32]
Rows = NDArray[np.int64]


def unit(rows: NDArray[np.floating]) -> Embeddings:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_vectors(count: int, generator: np.random.Generator) -> Embeddings:
    return unit(generator.normal(size=(count, 6)))


def few_vectors(count: int, generator: np.random.Generator) -> Embeddings:
    """Directions of small whole numbers: many copies, and many ties between pictures that aren't copies."""
    numbers = generator.integers(-1, 2, size=(count, 3)).astype(np.float64)
    numbers[~numbers.any(axis=1)] = 1
    return unit(numbers)


def near_ties(count: int, generator: np.random.Generator) -> Embeddings:
    """Vectors whose cosines float32 can hardly tell apart, or not at all."""
    return unit(np.arange(1, 65) + 2e-3 * generator.normal(size=(count, 64)))


MAKERS = st.sampled_from([random_vectors, few_vectors, near_ties])


def from_nothing(embeddings: Embeddings, depth: int) -> NDArray[np.void]:
    return np.concatenate(list(sorted_lists(embeddings, depth=depth, block=512, progress=False)))


def patched(
    embeddings: Embeddings, lists: NDArray[np.void], now: Rows, *, depth: int, block: int = 7
) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Return the patched lists, and which of them were made in full."""
    blocks = patched_lists(embeddings, lists=lists, now=now, depth=depth, block=block, progress=False)
    found, made = zip(*blocks, strict=True)
    assert all(len(one) <= block for one in found)
    return np.concatenate(found), np.concatenate(made)


@dataclass(frozen=True)
class Change:
    """What happens to a folder: how many pictures go, come, and are moved to any place; -1 moves all."""

    num_gone: int
    num_new: int
    num_moved: int
    depth: int

    def apply(self, embeddings: Embeddings, make, generator: np.random.Generator) -> tuple[Embeddings, Rows]:
        """Return the embeddings after it, and where each row stands now; one that is edited goes and comes."""
        order = generator.permutation(len(embeddings))
        num_gone = min(self.num_gone, len(embeddings) - (self.num_new == 0))
        stays = np.sort(order[num_gone:])
        added = make(self.num_new, generator)
        if len(embeddings) and generator.random() < 0.5:  # copies of what is or was there
            added[::2] = embeddings[generator.integers(len(embeddings), size=len(added[::2]))]
        places = np.sort(generator.permutation(len(stays) + len(added))[: len(stays)])
        moved = np.arange(len(stays)) if self.num_moved < 0 else generator.permutation(len(stays))[: self.num_moved]
        places[moved] = places[moved][generator.permutation(len(moved))]
        now = np.full(len(embeddings), -1, np.int64)
        now[stays] = places
        after = np.empty((len(stays) + len(added), embeddings.shape[1]), np.float32)
        after[places] = embeddings[stays]
        after[np.setdiff1d(np.arange(len(after)), places)] = added
        return after, now


CHANGES = st.builds(
    Change,
    num_gone=st.sampled_from([0, 0, 1, 2, 10, 60]),
    num_new=st.sampled_from([0, 0, 1, 2, 12]),
    num_moved=st.sampled_from([0, 0, 2, 4, -1]),
    depth=st.sampled_from([1, 2, 5, 5, 5, 9, 100]),
)


@settings(max_examples=150)
@given(
    st.sampled_from([1, 2, 3, 12, 40]), st.lists(CHANGES, min_size=1, max_size=5), st.integers(1, 50), MAKERS,
    st.integers(0, 10**6),
)  # fmt: skip
def test_patch_upon_patch_equals_lists_from_nothing(size: int, changes: list[Change], block: int, make, seed) -> None:
    generator = np.random.default_rng(seed)
    embeddings = make(size, generator)
    lists = from_nothing(embeddings, 5)
    for change in changes:
        embeddings, now = change.apply(embeddings, make, generator)
        lists, _ = patched(embeddings, lists, now, depth=change.depth, block=block)
        expected = from_nothing(embeddings, change.depth)
        assert lists.dtype == expected.dtype
        assert lists.shape == expected.shape
        assert lists.tobytes() == expected.tobytes()


def folder(count: int = 60) -> tuple[Embeddings, NDArray[np.void]]:
    embeddings = random_vectors(count, np.random.default_rng(count))
    return embeddings, from_nothing(embeddings, 10)


def test_where_nothing_has_changed_nothing_is_multiplied() -> None:
    """Not even read: every embedding is NaN here, and a single product would show."""
    embeddings, lists = folder()
    found, full = patched(np.full_like(embeddings, np.nan), lists, np.arange(60), depth=10)
    assert found.tobytes() == lists.tobytes()
    assert not full.any()
    shorter, _ = patched(np.full_like(embeddings, np.nan), lists, np.arange(60), depth=4)
    assert shorter.tobytes() == np.ascontiguousarray(lists[:, :4]).tobytes()


def test_a_new_picture_is_put_into_the_lists_and_fills_none_again() -> None:
    embeddings, lists = folder()
    after = np.concatenate([embeddings[:20], unit(embeddings[:1] + embeddings[1:2]), embeddings[20:]])
    now = np.arange(60) + (np.arange(60) >= 20)
    found, full = patched(after, lists, now, depth=10)
    assert found.tobytes() == from_nothing(after, 10).tobytes()
    assert np.flatnonzero(full).tolist() == [20]
    assert (found["row"] == 20).any()


def test_a_list_that_a_removal_shortens_is_filled_again_and_no_other() -> None:
    embeddings, lists = folder()
    now = np.where(np.arange(60) == 17, -1, np.arange(60) - (np.arange(60) > 17))
    after = np.delete(embeddings, 17, axis=0)
    found, full = patched(after, lists, now, depth=10)
    assert found.tobytes() == from_nothing(after, 10).tobytes()
    assert full.tolist() == np.delete((lists["row"] == 17).any(axis=1), 17).tolist()
    assert 0 < full.sum() < 59


def test_a_new_picture_may_take_the_place_of_one_that_has_gone() -> None:
    """An edit that changes little: the list stays as long as it was, and nothing is filled again."""
    embeddings, lists = folder()
    after, now = embeddings.copy(), np.arange(60)
    after[17], now[17] = unit(embeddings[17:18] + 1e-3), -1
    found, full = patched(after, lists, now, depth=10)
    assert found.tobytes() == from_nothing(after, 10).tobytes()
    assert full[17]
    assert full.sum() < 5


@pytest.mark.parametrize("moved", [False, True])
def test_copies_that_straddle_the_end_of_a_list_are_in_the_order_of_the_new_rows(moved: bool) -> None:
    """Eight copies, of which a list of five holds the first; one from behind its end is renamed to the front."""
    generator = np.random.default_rng(4)
    embeddings = random_vectors(40, generator)
    embeddings[10:18] = embeddings[10]
    lists = from_nothing(embeddings, 5)
    assert lists["row"][10].tolist() == [11, 12, 13, 14, 15]
    now = np.arange(40)
    if moved:
        now[17], now[:17] = 0, np.arange(1, 18)
    else:  # one of the first is renamed to the end
        now[11], now[12:] = 39, np.arange(11, 39)
    after = np.empty_like(embeddings)
    after[now] = embeddings
    found, full = patched(after, lists, now, depth=5)
    assert found.tobytes() == from_nothing(after, 5).tobytes()
    assert found["row"][now[10]].tolist() == ([0, 12, 13, 14, 15] if moved else [11, 12, 13, 14, 15])
    assert full.any() != moved  # the list knows a copy that has come to its front, not one that was behind its end


def test_a_permutation_without_ties_fills_nothing_again() -> None:
    embeddings, lists = folder()
    now = np.arange(60)
    now[[3, 30, 50]] = [30, 50, 3]
    after = np.empty_like(embeddings)
    after[now] = embeddings
    found, full = patched(after, lists, now, depth=9)  # of ten: one is spare, where one has moved to another's end
    assert found.tobytes() == from_nothing(after, 9).tobytes()
    assert not full.any()


def test_one_picture_is_left() -> None:
    embeddings, lists = folder()
    now = np.full(60, -1)
    now[33] = 0
    found, full = patched(embeddings[[33]], lists, now, depth=10)
    assert found.shape == (1, 0)
    assert full.tolist() == [False]


def test_lists_that_held_all_others_grow_with_the_folder() -> None:
    embeddings = random_vectors(10, np.random.default_rng(2))
    lists = from_nothing(embeddings[:6], 100)
    found, full = patched(embeddings, lists, np.arange(6), depth=100)
    assert found.shape == (10, 9)
    assert found.tobytes() == from_nothing(embeddings, 100).tobytes()
    assert full.tolist() == [False] * 6 + [True] * 4


def test_lists_that_are_wanted_longer_are_made_from_nothing() -> None:
    embeddings, lists = folder()
    found, full = patched(embeddings, lists, np.arange(60), depth=20)
    assert found.tobytes() == from_nothing(embeddings, 20).tobytes()
    assert full.all()


def test_a_folder_of_other_pictures_is_made_from_nothing() -> None:
    _, lists = folder()
    others = random_vectors(45, np.random.default_rng(9))
    found, full = patched(others, lists, np.full(60, -1), depth=10)
    assert found.tobytes() == from_nothing(others, 10).tobytes()
    assert full.all()


def test_hundreds_of_new_copies_crowd_no_list() -> None:
    generator = np.random.default_rng(8)
    embeddings = random_vectors(500, generator)
    lists = from_nothing(embeddings, 10)
    after = np.concatenate([embeddings, np.repeat(embeddings[20:21], 300, axis=0)])
    found, full = patched(after, lists, np.arange(500), depth=10, block=64)
    assert found.tobytes() == from_nothing(after, 10).tobytes()
    assert not full[:500].any()


MADE = ("neighbours.npy", "own_neighbours.npy", "scale.json", "metrics/neighbours.json")


@pytest.fixture
def changed_line(own_line: Line) -> Line:
    """A line of its own, after the stage; then pictures were removed, renamed, edited, copied and added."""
    own_line.set(dataset={"path": str(own_line.dataset)})
    embed(own_line)
    neighbours(own_line.params, own_line.artifacts)
    generator = np.random.default_rng(6)
    discs, stripes, ramps = (own_line.dataset / kind for kind in ("discs", "stripes", "ramps"))
    (stripes / "stripe 03.png").unlink()
    (discs / "disc 05.png").rename(own_line.dataset / "a disc.png")
    structured_picture("ramps", generator).save(ramps / "ramp 07.png")
    shutil.copy(discs / "disc 02.png", own_line.dataset / "zz/once more.png")
    structured_picture("stripes", generator).save(stripes / "new.png")
    embed(own_line)
    return own_line


def embed(line: Line) -> None:
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)


def made(line: Line) -> dict[str, bytes]:
    return {name: (line.artifacts.root / name).read_bytes() for name in MADE}


def made_from_nothing(line: Line, tmp_path: Path) -> dict[str, bytes]:
    fresh = Line(tmp_path / "fresh")
    shutil.copytree(line.root, fresh.root, ignore=shutil.ignore_patterns("earlier", *MADE))
    assert neighbours(line.params, Artifacts(fresh.root / "artifacts")).endswith(" lists of 12")
    return made(fresh)


def test_the_stage_leaves_the_files_of_a_fresh_folder(changed_line: Line, tmp_path: Path) -> None:
    told = neighbours(changed_line.params, changed_line.artifacts)
    assert told.startswith("59 lists of 12, 3 of them new, ")
    assert made(changed_line) == made_from_nothing(changed_line, tmp_path)
    told = neighbours(changed_line.params, changed_line.artifacts)
    assert told == "59 lists of 12, 0 of them new, 0 filled again"
    assert made(changed_line) == made_from_nothing(changed_line, tmp_path / "again")


def other_encoder(line: Line) -> None:
    write_encoder(line.artifacts.encoder, patch=64)
    embed_again(line.artifacts)


def other_last_bits(line: Line) -> None:
    with open_index(line.artifacts.index) as index:
        embeddings = np.array(load_embeddings(line.artifacts, index))
    embeddings[:, 0] = np.nextafter(embeddings[:, 0], np.float32(2))
    save_array(line.artifacts.embeddings, embeddings, origin=made_from(line.artifacts.embeddings))


def damaged_lists(line: Line) -> None:
    for name in MADE[:2]:
        path = line.artifacts.earlier("neighbours") / name
        path.unlink()
        path.write_bytes(b"no lists")


def lists_of_another_run(line: Line) -> None:
    for name in MADE[:2]:
        path = line.artifacts.earlier("neighbours") / name
        lists = np.load(path)
        path.unlink()
        save_array(path, lists, origin={**made_from(line.artifacts.neighbours), "index": "0" * 64})


@pytest.mark.parametrize("happens", [other_encoder, other_last_bits, damaged_lists, lists_of_another_run])
def test_lists_that_are_no_use_are_made_from_nothing(
    happens: Callable[[Line], None], changed_line: Line, tmp_path: Path
) -> None:
    happens(changed_line)
    assert neighbours(changed_line.params, changed_line.artifacts) == "59 lists of 12"
    assert made(changed_line) == made_from_nothing(changed_line, tmp_path)


def test_another_depth_takes_the_lists_that_are_there_as_far_as_they_reach(changed_line: Line, tmp_path: Path) -> None:
    changed_line.set(neighbours={"depth": 6})
    assert ", 3 of them new, " in neighbours(changed_line.params, changed_line.artifacts)
    changed_line.set(neighbours={"depth": 12})
    assert neighbours(changed_line.params, changed_line.artifacts) == "59 lists of 12"
    assert made(changed_line) == made_from_nothing(changed_line, tmp_path)
