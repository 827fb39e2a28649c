"""The pixels of all pictures: in blocks that are never changed, read as one sequence, and stored a few at a time."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    Picture,
    PictureStore,
    Pixels,
    blocks,
    load_pictures,
    made_from,
    open_index,
    pixels,
    save_index,
    storing,
)
from pipeline.artifacts.blocks import Stored, save_block
from pipeline.errors import ArtifactError

SIZE = (300, 200)


def content_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def picture_of(name: str) -> NDArray[np.uint8]:
    return np.random.default_rng(list(name.encode())).integers(0, 256, (256, 256, 3), np.uint8)


def store(artifacts: Artifacts, names: Iterable[str], recipe: str = "one") -> list[str]:
    """Store pictures as the stage does, with their index; return the names of those that weren't known."""
    names = list(names)
    stored, new = PictureStore(artifacts.pictures, recipe=recipe), []
    for name in names:
        if content_of(name) not in stored:
            new.append(name)
            stored.add(content_of(name), picture_of(name), SIZE)
    contents = {content_of(name) for name in names}
    stored.finish(contents)
    listed = [Picture(f"{row}.png", content_of(name), *SIZE) for row, name in enumerate(names)]
    save_index(artifacts.index, listed, origin={"dataset": ".", "recipe": recipe})
    stored.tidy(contents)
    return new


def loaded(artifacts: Artifacts) -> Pixels:
    with open_index(artifacts.index) as index:
        return load_pictures(artifacts, index)


def names_in(artifacts: Artifacts) -> list[str]:
    return sorted(path.name for path in artifacts.pictures.iterdir())


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pixels, NDArray[np.uint8]]:
    """150 pictures in two blocks, not in their order, two of them of one content; and the same as an array."""
    artifacts = Artifacts(tmp_path_factory.mktemp("kept"))
    names = [str(number) for number in range(149)]
    store(artifacts, names)
    names = [*reversed(names), "7"]
    store(artifacts, names)
    return loaded(artifacts), np.stack([picture_of(name) for name in names])


# Read as one sequence


@pytest.mark.parametrize(
    "rows",
    [
        0, -1, np.int32(5), np.argmax([0, 1]), slice(None), slice(3, 9), slice(None, None, 40), slice(9, 3),
        np.array([7, 7, 140, 0]), np.array([-1, 2]), np.array([], np.int64), np.arange(150) % 50 == 0, [1, 149],
        np.array([[0, 1], [148, 149]]),
    ],
    ids=str,
)  # fmt: skip
def test_rows_are_those_of_an_array(kept: tuple[Pixels, NDArray[np.uint8]], rows: object) -> None:
    pictures, array = kept
    np.testing.assert_array_equal(pictures[rows], array[rows], strict=True)


def test_the_whole_is_an_array_by_its_shape_its_order_and_its_copy(kept: tuple[Pixels, NDArray[np.uint8]]) -> None:
    pictures, array = kept
    assert (len(pictures), pictures.shape, pictures.dtype) == (150, (150, 256, 256, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(pictures), array, strict=True)
    np.testing.assert_array_equal(np.array(pictures, np.float32), array.astype(np.float32), strict=True)
    assert all((one == other).all() for one, other in zip(pictures, array, strict=True))
    with pytest.raises(ValueError, match="can't be one array without a copy"):
        np.array(pictures, copy=False)


@pytest.mark.parametrize("rows", [150, -151, np.array([150]), np.ones(149, bool), (0, 0)], ids=str)
def test_rows_that_are_not_there_are_refused(kept: tuple[Pixels, NDArray[np.uint8]], rows: object) -> None:
    with pytest.raises(IndexError):
        kept[0][rows]


def test_one_row_is_a_view_that_cannot_be_written(kept: tuple[Pixels, NDArray[np.uint8]]) -> None:
    assert np.shares_memory(kept[0][3], kept[0][3])
    with pytest.raises(ValueError, match="read-only"):
        kept[0][3][0, 0, 0] = 1


def test_a_view_outlives_its_sequence_and_its_file(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    picture = loaded(artifacts)[1]
    gc.collect()
    shutil.rmtree(artifacts.pictures)
    np.testing.assert_array_equal(picture, picture_of("b"))


def test_several_threads_read_at_once(artifacts: Artifacts) -> None:
    names = [str(number) for number in range(20)]
    store(artifacts, names)
    pictures = loaded(artifacts)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: pictures[row % 20].sum(), range(400)))
    assert found == [picture_of(names[row % 20]).sum() for row in range(400)]


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors as Linux lists them")
def test_not_every_block_keeps_a_file_open(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MOST", 1)
    monkeypatch.setattr(storing, "_HALF", 0)
    if pixels.MOST_OPEN:
        monkeypatch.setattr(pixels, "MOST_OPEN", 4)
    store(artifacts, map(str, range(30)))
    pictures, before = loaded(artifacts), len(os.listdir("/proc/self/fd"))
    for row in [*range(30), *range(30)]:
        assert pictures[row].any()
    assert len(os.listdir("/proc/self/fd")) <= before + 4


# Blocks


def test_a_block_is_an_array_for_everybody(artifacts: Artifacts) -> None:
    store(artifacts, "abc")
    (path,) = artifacts.pictures.iterdir()
    np.testing.assert_array_equal(np.load(path, mmap_mode="r"), np.stack([picture_of(name) for name in "abc"]))
    assert made_from(path)["recipe"] == "one"


def test_numpy_takes_the_header_of_a_full_block(tmp_path: Path) -> None:
    pictures = [Stored(content_of(str(number)), picture_of("a"), (100_000, 99_999)) for number in range(blocks.MOST)]
    block = save_block(tmp_path, 1, pictures, recipe=content_of("recipe"))
    assert np.load(block.path, mmap_mode="r").shape == (128, 256, 256, 3)
    assert blocks.load_block(block.path, recipe=content_of("recipe")) == block


def test_every_changed_byte_of_a_header_is_noticed(tmp_path: Path) -> None:
    block = save_block(tmp_path, 1, [Stored(content_of("a"), picture_of("a"), SIZE)], recipe="one")
    whole = block.path.read_bytes()
    for place in range(block.start):
        for value in (0, whole[place] ^ 1, ord("9"), ord(" ")):
            block.path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            if value == whole[place]:
                continue
            with pytest.raises(ArtifactError, match=r"is damaged \(.*\): run `pipeline resize` again"):
                blocks.load_block(block.path, recipe="one")


def test_a_block_that_was_cut_is_damaged(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    (path,) = artifacts.pictures.iterdir()
    for length in (0, 5, 300, path.stat().st_size - 1):
        os.truncate(path, length)
        with pytest.raises(ArtifactError, match=rf"{path.name} is damaged \(.*\): run `pipeline resize` again"):
            loaded(artifacts)


def test_a_block_under_the_name_of_another_is_damaged(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    (path,) = artifacts.pictures.iterdir()
    path.rename(path.with_name("000001_0123456789ab.npy"))
    with pytest.raises(ArtifactError, match="is damaged"):
        loaded(artifacts)


def test_a_block_that_goes_after_it_was_loaded_is_told(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    pictures = loaded(artifacts)
    shutil.rmtree(artifacts.pictures)
    with pytest.raises(ArtifactError, match=r"can't be opened .*: run `pipeline resize` again"):
        pictures[0]


def test_pictures_of_the_index_that_lie_nowhere_are_told(artifacts: Artifacts, tmp_path: Path) -> None:
    store(artifacts, "abc")
    shutil.copy(artifacts.index, tmp_path / "index")
    store(artifacts, "b")
    shutil.copy(tmp_path / "index", artifacts.index)
    with pytest.raises(ArtifactError, match=r"pictures lacks 2 of the 3 pictures of the index: run `pipeline resize`"):
        loaded(artifacts)


def test_a_damaged_block_that_nothing_lies_in_does_no_harm(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    (artifacts.pictures / "000007_0123456789ab.npy").write_bytes(b"")
    np.testing.assert_array_equal(loaded(artifacts)[1], picture_of("b"))


def test_a_missing_folder_is_told(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    shutil.rmtree(artifacts.pictures)
    with pytest.raises(ArtifactError, match=r"pictures is missing: run `pipeline resize` \(or `dvc repro`\) first"):
        loaded(artifacts)


def test_pixels_that_were_made_in_another_way_are_not_taken(artifacts: Artifacts) -> None:
    store(artifacts, "ab", recipe="other")
    save_index(artifacts.index, [Picture("a", content_of("a"), *SIZE)], origin={"dataset": ".", "recipe": "one"})
    with pytest.raises(ArtifactError, match="lacks 1 of the 1 pictures"):
        loaded(artifacts)


# Storing


def test_a_new_picture_leaves_the_full_blocks_as_they_are(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MOST", 4)
    monkeypatch.setattr(storing, "_HALF", 2)
    store(artifacts, "abcdefgh")
    before = {name: (artifacts.pictures / name).stat() for name in names_in(artifacts)}
    assert store(artifacts, "abcXdefgh") == ["X"]
    assert len(names_in(artifacts)) == 3
    for name, facts in before.items():
        assert (artifacts.pictures / name).stat() == facts
    np.testing.assert_array_equal(loaded(artifacts)[3], picture_of("X"))


def test_a_removed_picture_that_comes_back_is_known_while_its_block_stays(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_HALF", 2)
    store(artifacts, "abcd")
    before = names_in(artifacts)
    assert store(artifacts, "abc") == []
    assert store(artifacts, "abcd") == []
    assert names_in(artifacts) == before


def test_pictures_made_by_another_recipe_are_not_known_and_go(artifacts: Artifacts) -> None:
    store(artifacts, "abc")
    assert store(artifacts, "abc", recipe="two") == ["a", "b", "c"]
    assert len(names_in(artifacts)) == 1


def test_what_a_killed_run_wrote_is_known_and_its_unfinished_block_goes(artifacts: Artifacts) -> None:
    store(artifacts, "ab")
    (before,) = names_in(artifacts)
    killed = PictureStore(artifacts.pictures, recipe="one")
    killed.add(content_of("c"), picture_of("c"), SIZE)
    killed.finish({content_of(name) for name in "abc"})
    unfinished = artifacts.pictures / ".000009_0123456789ab.partial.npy"
    unfinished.write_bytes(b"half")
    assert before in names_in(artifacts)
    np.testing.assert_array_equal(loaded(artifacts)[1], picture_of("b"))
    assert store(artifacts, "abc") == []
    assert len(names_in(artifacts)) == 1
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["mine.npy", "album/mine.jpg", "000001_xyz.npy", "000001_0123456789ab.npy.bak"])
def test_a_file_of_the_users_is_told_and_stays(artifacts: Artifacts, name: str) -> None:
    store(artifacts, "ab")
    before = names_in(artifacts)
    mine = artifacts.pictures / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(b"precious")
    with pytest.raises(ArtifactError, match=f"pictures holds {name}, and nothing of yours is ever removed: move it"):
        store(artifacts, "c")
    assert mine.read_bytes() == b"precious"
    assert set(before) <= set(names_in(artifacts))


@settings(max_examples=25)
@given(folders=st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=1), min_size=1, max_size=6))
def test_whatever_comes_and_goes_the_pixels_are_right_and_the_blocks_few(
    tmp_path_factory: pytest.TempPathFactory, folders: list[list[str]]
) -> None:
    artifacts = Artifacts(tmp_path_factory.mktemp("store"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storing, "MOST", 4)
        patched.setattr(storing, "_HALF", 2)
        for names in folders:
            store(artifacts, names)
            assert all((one == picture_of(name)).all() for one, name in zip(loaded(artifacts), names, strict=True))
            files = [np.load(path, mmap_mode="r") for path in artifacts.pictures.iterdir()]
            assert len(files) <= -(-len(set(names)) // 2) + 1
            assert sum(map(len, files)) <= 2 * len(set(names)) + 3
            before = names_in(artifacts)
            assert store(artifacts, names) == []
            assert names_in(artifacts) == before
