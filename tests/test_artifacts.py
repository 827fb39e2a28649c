"""Files under artifacts/: whole or not at all, read back as written, refused when they are not what they seem."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from pipeline.artifacts import (
    ArrayWriter,
    Artifacts,
    Index,
    Picture,
    encoder_of,
    load_array,
    load_embeddings,
    load_json,
    load_neighbours,
    load_table,
    made_from,
    open_index,
    replaced,
    replaced_folder,
    save_array,
    save_index,
    save_json,
    save_table,
)
from pipeline.errors import ArtifactError
from pipeline.vectors import NEIGHBOUR

ORIGIN = {"index": "0" * 64, "encoder": "f" * 64}
NUMBERS = np.arange(24, dtype=np.float32).reshape(4, 6)
HEADER = ("path", "reason")


class Interruption(BaseException):
    """What Ctrl-C or a bug raises amid a block."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def load(path: Path, *, dtype: DTypeLike = np.float32, width: int | None = 6) -> NDArray[np.float32]:
    return load_array(path, dtype=dtype, row_shape=(width,), origin=ORIGIN, stage="embed")


def saved(path: Path) -> Path:
    save_array(path, NUMBERS, origin=ORIGIN)
    return path


# Arrays


@pytest.mark.parametrize(
    "array",
    [
        NUMBERS,
        np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3),
        np.array([[(3, 0.5), (1, -1.0)]], dtype=NEIGHBOUR),
        np.zeros((0, 7), np.float32),
        np.arange(24, dtype=np.float32).reshape(6, 4).T,
        np.arange(5),
    ],
    ids=["float32", "uint8", "neighbours", "no rows", "not contiguous", "one dimension"],
)
def test_an_array_comes_back_as_it_was(tmp_path: Path, array: NDArray[np.generic]) -> None:
    save_array(tmp_path / "a.npy", array, origin=ORIGIN)
    back = load_array(tmp_path / "a.npy", dtype=array.dtype, row_shape=array.shape[1:], origin=ORIGIN, stage="x")
    np.testing.assert_array_equal(back, array, strict=True)


def test_numpy_alone_reads_an_array(tmp_path: Path) -> None:
    np.testing.assert_array_equal(np.load(saved(tmp_path / "a.npy")), NUMBERS, strict=True)


def test_rows_written_in_blocks_come_back_in_order(tmp_path: Path) -> None:
    with ArrayWriter(tmp_path / "a.npy", row_shape=(6,), dtype=np.float32) as writer:
        for rows in np.split(NUMBERS, [1, 1, 3]):
            writer.append(rows)
        writer.origin = ORIGIN
    np.testing.assert_array_equal(load(tmp_path / "a.npy"), NUMBERS, strict=True)


def test_an_array_is_mapped_and_not_read(tmp_path: Path) -> None:
    assert isinstance(load(saved(tmp_path / "a.npy")), np.memmap)


def test_a_loaded_array_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        load(saved(tmp_path / "a.npy"))[0, 0] = 1


def test_a_mapped_array_outlives_its_replacement(tmp_path: Path) -> None:
    before = load(saved(tmp_path / "a.npy"))
    save_array(tmp_path / "a.npy", -NUMBERS, origin=ORIGIN)
    np.testing.assert_array_equal(before, NUMBERS)


def test_the_same_array_is_the_same_file(tmp_path: Path) -> None:
    assert saved(tmp_path / "a.npy").read_bytes() == saved(tmp_path / "b.npy").read_bytes()


def test_an_array_knows_what_it_was_made_from(tmp_path: Path) -> None:
    assert made_from(saved(tmp_path / "a.npy")) == ORIGIN


def test_an_array_of_somebody_else_was_made_from_nothing_known(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", NUMBERS)
    assert made_from(tmp_path / "a.npy") == {}


def test_a_missing_array_is_refused_with_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"a\.npy is missing: run `pipeline embed` \(or `dvc repro`\) first$"):
        load(tmp_path / "a.npy")


def test_another_dtype_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"expected rows of \(6,\) uint8, got \(6,\) float32; run `pipeline embed`"):
        load(saved(tmp_path / "a.npy"), dtype=np.uint8)


def test_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"expected rows of \(5,\) float32, got \(6,\) float32; run `pipeline embed`"
    ):
        load(saved(tmp_path / "a.npy"), width=5)


def test_another_number_of_dimensions_is_refused(tmp_path: Path) -> None:
    save_array(tmp_path / "a.npy", NUMBERS[:, :, None], origin=ORIGIN)
    with pytest.raises(ArtifactError, match=r"expected rows of \(None,\) float32, got \(6, 1\) float32; run"):
        load(tmp_path / "a.npy", width=None)


@pytest.mark.parametrize("name", ORIGIN)
def test_another_origin_is_refused(tmp_path: Path, name: str) -> None:
    save_array(tmp_path / "a.npy", NUMBERS, origin={**ORIGIN, name: "1" * 64})
    with pytest.raises(ArtifactError, match=rf"was made from another {name}: run `pipeline embed` again"):
        load(tmp_path / "a.npy")


def test_an_array_without_an_origin_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", NUMBERS)
    with pytest.raises(ArtifactError, match=r"was made from another index: run `pipeline embed` again"):
        load(tmp_path / "a.npy")


@pytest.mark.parametrize("length", [0, 5, 100, 511, 512, 512 + 95])
def test_a_truncated_array_is_refused(tmp_path: Path, length: int) -> None:
    path = saved(tmp_path / "a.npy")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ArtifactError, match=r"a\.npy is damaged \(.*\): run `pipeline embed` again"):
        load(path)


def test_a_file_that_is_no_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_text("row,similarity\n" * 99)
    with pytest.raises(ArtifactError, match=r"is damaged \(.*\): run `pipeline embed` again"):
        load(tmp_path / "a.npy")


@pytest.mark.filterwarnings("ignore")  # numpy warns where it mends the header of a file of Python 2
@settings(max_examples=200)
@given(place=st.integers(0, 230), value=st.integers(0, 255))
def test_a_damaged_header_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    path = saved(tmp_path_factory.getbasetemp() / "damaged.npy")
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)
    try:
        array = load(path)
    except ArtifactError:
        return
    assert (array.dtype, array.shape[1:]) == (np.float32, (6,))


@pytest.mark.parametrize("rows", [np.zeros((1, 5), np.float32), np.zeros((1, 6)), np.zeros(6, np.float32)])
def test_rows_of_another_kind_are_not_written(tmp_path: Path, rows: NDArray[np.generic]) -> None:
    with (
        ArrayWriter(tmp_path / "a.npy", row_shape=(6,), dtype=np.float32) as writer,
        pytest.raises(ValueError, match=r"expected rows \(6,\) float32, got "),
    ):
        writer.append(rows)


def test_a_writer_that_is_interrupted_leaves_the_old_array_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npy")

    def interrupted() -> None:
        with ArrayWriter(path, row_shape=(6,), dtype=np.float32) as writer:
            writer.append(-NUMBERS)
            raise Interruption("stop")

    with pytest.raises(Interruption, match=r"^stop$"):
        interrupted()
    np.testing.assert_array_equal(load(path), NUMBERS)
    assert names(tmp_path) == {"a.npy"}


def test_an_origin_that_does_not_fit_leaves_the_old_array_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npy")
    with pytest.raises(ValueError, match=r"an origin of .* characters does not fit into a header"):
        save_array(path, -NUMBERS, origin={"index": "0" * 500})
    np.testing.assert_array_equal(load(path), NUMBERS)
    assert names(tmp_path) == {"a.npy"}


# Whole files and folders


def test_a_file_is_written_into_folders_that_are_made(tmp_path: Path) -> None:
    with replaced(tmp_path / "a/b/c.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a/b/c.txt").read_text() == "new"


def test_an_interrupted_file_leaves_the_old_one_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    def interrupted() -> None:
        with replaced(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
            raise Interruption("stop")

    with pytest.raises(Interruption, match=r"^stop$"):
        interrupted()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == {"a.txt"}


def test_what_a_killed_run_left_is_not_gone_on_with(tmp_path: Path) -> None:
    with replaced(tmp_path / "a.txt") as temporary:
        left = temporary
        temporary.touch()
    left.write_text("half a")
    with replaced(tmp_path / "a.txt") as temporary:
        assert not temporary.exists()
        temporary.touch()


def test_a_folder_takes_the_place_of_the_old_one_with_all_that_was_in_it(tmp_path: Path) -> None:
    (tmp_path / "a/stale").mkdir(parents=True)
    with replaced_folder(tmp_path / "a") as folder:
        (folder / "new").touch()
    assert (names(tmp_path), names(tmp_path / "a")) == ({"a"}, {"new"})


def test_an_interrupted_folder_leaves_the_old_one_alone(tmp_path: Path) -> None:
    (tmp_path / "a/old").mkdir(parents=True)

    def interrupted() -> None:
        with replaced_folder(tmp_path / "a") as folder:
            (folder / "new").touch()
            raise Interruption("stop")

    with pytest.raises(Interruption, match=r"^stop$"):
        interrupted()
    assert (names(tmp_path), names(tmp_path / "a")) == ({"a"}, {"old"})


@pytest.mark.parametrize("fails", [".a.partial", "a"])
def test_a_folder_whose_swap_fails_leaves_the_old_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    (tmp_path / "a/old").mkdir(parents=True)
    rename = os.replace

    def refused(source: Path, target: Path) -> None:
        if source.name == fails:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))
        rename(source, target)

    monkeypatch.setattr(os, "replace", refused)  # the system's, not ours: a failure between two renames
    with pytest.raises(ArtifactError, match=r"a can't be written: permission denied"), replaced_folder(tmp_path / "a"):
        pass
    assert (names(tmp_path), names(tmp_path / "a")) == ({"a"}, {"old"})


def test_a_folder_begins_empty_after_a_killed_run(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "a") as folder:
        left = folder
    left.mkdir()
    (left / "stale").touch()
    with replaced_folder(tmp_path / "a") as folder:
        assert names(folder) == set()


# JSON and tables


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    value = {"path": "雪/a b.jpg", "k": 3, "stranger": None}
    save_json(tmp_path / "a.json", value)
    assert load_json(tmp_path / "a.json", stage="sample") == value


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": "\xe9"}'])
def test_damaged_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"a\.json is damaged \(.*\): run `pipeline sample` again"):
        load_json(tmp_path / "a.json", stage="sample")


def test_missing_json_is_refused_with_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"a\.json is missing: run `pipeline sample` \(or `dvc repro`\) first"):
        load_json(tmp_path / "a.json", stage="sample")


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [["a,b", 'say "x"'], ["雪", ""], ["line\nbreak", "line\r\nbreak"], ["Icon\r", "empty file"], [" a ", "'"]]
    save_table(tmp_path / "a.csv", HEADER, rows)
    assert load_table(tmp_path / "a.csv", HEADER, stage="resize") == rows


def test_a_table_is_plain_csv_with_a_newline_at_its_end(tmp_path: Path) -> None:
    save_table(tmp_path / "a.csv", HEADER, [("é.jpg", 3)])
    assert (tmp_path / "a.csv").read_bytes() == "path,reason\né.jpg,3\n".encode()


def test_a_table_may_have_no_rows(tmp_path: Path) -> None:
    save_table(tmp_path / "a.csv", HEADER, [])
    assert load_table(tmp_path / "a.csv", HEADER, stage="resize") == []


def test_another_header_is_refused_with_both(tmp_path: Path) -> None:
    save_table(tmp_path / "a.csv", ("path", "group"), [("a", 1)])
    with pytest.raises(
        ArtifactError, match="expected the columns path,reason, got path,group; run `pipeline resize` again"
    ):
        load_table(tmp_path / "a.csv", HEADER, stage="resize")


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,reason\na\n")
    with pytest.raises(ArtifactError, match="run `pipeline resize` again"):
        load_table(tmp_path / "a.csv", HEADER, stage="resize")


@pytest.mark.parametrize("content", [b"", b"path,reason\n\xe9,x\n", b"path,reason\n" + b"a" * 200_000 + b",x\n"])
def test_a_damaged_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"a\.csv is damaged \(.*\): run `pipeline resize` again"):
        load_table(tmp_path / "a.csv", HEADER, stage="resize")


def test_a_missing_table_is_refused_with_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"a\.csv is missing: run `pipeline resize` \(or `dvc repro`\) first"):
        load_table(tmp_path / "a.csv", HEADER, stage="resize")


# The index

PICTURES = [
    Picture("a/1.jpg", "c1", 300, 200),
    Picture("a/2.jpg", "c2", 10, 20),
    Picture("b/1.jpg", "c1", 300, 200),
    Picture("雪 é.jpg", "c3", 1, 1),
]
DATASET = {"dataset": "/pictures"}


def index_of(path: Path, pictures: list[Picture]) -> str:
    return save_index(path, pictures, origin=DATASET)


def test_the_index_comes_back_as_it_was(tmp_path: Path) -> None:
    digest = index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        assert (index.pictures(), index.count, index.digest, index.dataset) == (PICTURES, 4, digest, Path("/pictures"))
        assert index.paths() == [picture.path for picture in PICTURES]


@pytest.mark.parametrize(("content", "rows"), [("c1", [0, 2]), ("c2", [1]), ("none", [])])
def test_every_copy_of_a_content_is_found(tmp_path: Path, content: str, rows: list[int]) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        assert index.rows_of_content(content) == rows


@pytest.mark.parametrize(("path", "rows"), [("b/1.jpg", [2]), ("雪 é.jpg", [3]), ("B/1.JPG", []), ("a", [])])
def test_a_path_is_found_as_it_is_written(tmp_path: Path, path: str, rows: list[int]) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        assert index.rows_of_path(path) == rows


def test_the_row_of_an_array_is_a_row_of_the_index(tmp_path: Path) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        assert index.path(np.argmax([0, 0, 1])) == "b/1.jpg"


@pytest.mark.parametrize(
    "others",
    [
        PICTURES[::-1],
        PICTURES[:3],
        [Picture("a/0.jpg", "c1", 300, 200), *PICTURES[1:]],
        [Picture("a/1.jpg", "c0", 300, 200), *PICTURES[1:]],
        [],
    ],
    ids=["another order", "one less", "another path", "another content", "none"],
)
def test_other_pictures_have_another_digest(tmp_path: Path, others: list[Picture]) -> None:
    assert index_of(tmp_path / "i", PICTURES) != index_of(tmp_path / "j", others)


def test_the_same_pictures_have_the_same_digest_wherever_they_lie(tmp_path: Path) -> None:
    there = save_index(tmp_path / "j", PICTURES, origin={"dataset": "/elsewhere"})
    assert index_of(tmp_path / "i", PICTURES) == there


def test_an_index_may_lie_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "100 %?#&é" / "index.sqlite"
    index_of(path, PICTURES)
    with open_index(path) as index:
        assert index.count == 4


def test_a_missing_index_is_refused_with_the_stage_to_run(tmp_path: Path) -> None:
    with (
        pytest.raises(ArtifactError, match=r"index is missing: run `pipeline resize` \(or `dvc repro`\) first"),
        open_index(tmp_path / "index"),
    ):
        pass


def read_all(path: Path) -> None:
    with open_index(path) as index:
        index.pictures()
        index.rows_of_content("c1")


@pytest.mark.parametrize("content", [b"", b"path,content\n" * 500])
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"index is damaged \(.*\): run `pipeline resize` again"):
        read_all(tmp_path / "index")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_index_is_refused(tmp_path: Path, share: float) -> None:
    index_of(tmp_path / "index", [Picture(f"{number}.jpg", "0" * 64, 1, 1) for number in range(500)])
    content = (tmp_path / "index").read_bytes()
    (tmp_path / "index").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ArtifactError, match=r"index is damaged \(.*\): run `pipeline resize` again"):
        read_all(tmp_path / "index")


def test_an_index_that_does_not_say_where_its_pictures_lie_is_refused(tmp_path: Path) -> None:
    save_index(tmp_path / "index", PICTURES, origin={})
    with pytest.raises(ArtifactError, match=r"index is damaged \('dataset'\): run `pipeline resize` again"):
        read_all(tmp_path / "index")


# Rows


def line(root: Path, *, index: Index, rows: int = 4) -> Artifacts:
    """Arrays of four pictures that fit together."""
    artifacts = Artifacts(root)
    encoder = {"index": index.digest, "encoder": "e" * 64}
    save_array(artifacts.embeddings, np.eye(rows, 5, dtype=np.float32), origin=encoder)
    save_array(artifacts.neighbours, np.zeros((rows, 3), NEIGHBOUR), origin=encoder)
    return artifacts


LOADERS = [load_embeddings, load_neighbours]


@pytest.mark.parametrize("loader", LOADERS)
def test_arrays_of_the_pictures_of_the_index_are_loaded(tmp_path: Path, loader: object) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        assert len(loader(line(tmp_path, index=index), index)) == 4


@pytest.mark.parametrize(("loader", "stage"), [*zip(LOADERS, ["embed", "neighbours"], strict=True)])
def test_arrays_of_other_pictures_are_refused(tmp_path: Path, loader: object, stage: str) -> None:
    index_of(tmp_path / "i", PICTURES)
    index_of(tmp_path / "j", PICTURES[::-1])
    with open_index(tmp_path / "i") as index, open_index(tmp_path / "j") as other:
        artifacts = line(tmp_path, index=index)
        with pytest.raises(ArtifactError, match=rf"was made from another index: run `pipeline {stage}` again"):
            loader(artifacts, other)


@pytest.mark.parametrize("loader", LOADERS)
def test_arrays_of_another_number_of_rows_are_refused(tmp_path: Path, loader: object) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        artifacts = line(tmp_path, index=index, rows=3)
        with pytest.raises(ArtifactError, match="expected 4 rows, got 3; run `pipeline "):
            loader(artifacts, index)


def test_lists_of_another_encoder_than_the_embeddings_are_refused(tmp_path: Path) -> None:
    index_of(tmp_path / "i", PICTURES)
    with open_index(tmp_path / "i") as index:
        artifacts = line(tmp_path, index=index)
        save_array(
            artifacts.embeddings, np.eye(4, 5, dtype=np.float32), origin={"index": index.digest, "encoder": "new"}
        )
        with pytest.raises(ArtifactError, match="was made from another encoder: run `pipeline neighbours` again"):
            load_neighbours(artifacts, index)


def test_the_encoder_of_missing_embeddings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"embeddings\.npy is missing or damaged: run `pipeline embed`"):
        encoder_of(Artifacts(tmp_path))


def test_a_folder_that_a_kill_left_between_two_renames_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".a.old").mkdir()
    (tmp_path / ".a.old" / "good").touch()
    with pytest.raises(ZeroDivisionError, match="division"), replaced_folder(tmp_path / "a"):
        1 / 0  # noqa: B018
    assert (tmp_path / "a" / "good").exists()
