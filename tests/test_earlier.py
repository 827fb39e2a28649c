"""What a stage has made last is found again, and each picture's row then and now."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.artifacts import (
    Artifacts,
    Earlier,
    Picture,
    earlier,
    kept,
    load_pieces,
    open_index,
    remember,
    save_index,
    save_pieces,
)
from pipeline.artifacts.earlier import matched
from pipeline.errors import ArtifactError


def index_of(artifacts: Artifacts, pictures: Sequence[tuple[str, str]], recipe: str = "one") -> None:
    made = [Picture(path, content, 10, 10) for path, content in pictures]
    save_index(artifacts.index, made, origin={"dataset": ".", "recipe": recipe})


def found(artifacts: Artifacts) -> Earlier | None:
    with open_index(artifacts.index) as index:
        return earlier(artifacts, "embed", index)


def test_rows_of_then_and_now(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    index_of(artifacts, [("a", "1"), ("b", "2"), ("c", "3"), ("d", "2")])
    artifacts.embeddings.write_bytes(b"made")
    remember(artifacts, "embed", [artifacts.embeddings])
    known = found(artifacts)
    assert known is not None
    assert known.before.tolist() == [0, 1, 2, 3]
    index_of(artifacts, [("a", "9"), ("b", "2"), ("e", "3"), ("f", "2"), ("g", "2")])  # edited, kept, renamed, new
    artifacts.embeddings.unlink()
    known = found(artifacts)
    assert known is not None
    assert known.now.tolist() == [-1, 1, 2, 3]
    assert known.before.tolist() == [-1, 1, 2, 3, -1]
    assert (known.folder / "embeddings.npy").read_bytes() == b"made"


def test_nothing_is_known_without_a_last_run_or_of_pixels_made_otherwise(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    index_of(artifacts, [("a", "1")])
    assert found(artifacts) is None
    remember(artifacts, "embed", [])
    assert found(artifacts) is not None
    index_of(artifacts, [("a", "1")], recipe="other")
    assert found(artifacts) is None
    (artifacts.earlier("embed") / "index.sqlite").write_bytes(b"no index")
    assert found(artifacts) is None


def test_what_is_kept_is_found_by_the_next_run_and_a_run_that_fails_leaves_it(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    index_of(artifacts, [("a", "1")])
    with kept(artifacts, "report") as folder:
        save_pieces(folder / "drawn.bin", {"one": b"1\n2", "none": b"", "two": b"\x00"})
    with pytest.raises(TypeError, match="NoneType"), kept(artifacts, "report") as folder:
        save_pieces(folder / "drawn.bin", {"one": None})  # type: ignore[dict-item]
    with open_index(artifacts.index) as index:
        last = earlier(artifacts, "report", index)
    assert last is not None
    assert load_pieces(last.folder / "drawn.bin") == {"one": b"1\n2", "none": b"", "two": b"\x00"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["earlier", "index.sqlite"]


@pytest.mark.parametrize("damage", [b"", b"no list\nx", b'[["one", 2]]\nx', b"[1]\n"])
def test_damaged_pieces_are_said_to_be_so(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "drawn.bin").write_bytes(damage)
    with pytest.raises(ArtifactError, match="damaged"):
        load_pieces(tmp_path / "drawn.bin")


_PICTURES = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("abcdef")), unique_by=lambda one: one[1])


@given(old=_PICTURES, new=_PICTURES)
def test_every_picture_that_is_still_there_is_found_once(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    now, before = matched(old, new)
    for row, then in enumerate(before.tolist()):
        if then >= 0:
            assert now[then] == row
            assert old[then][0] == new[row][0]
    assert (now >= 0).sum() == (before >= 0).sum()
    for content in "123":  # as many of a content as both have
        counts = [sum(one[0] == content for one in pictures) for pictures in (old, new)]
        assert sum(new[row][0] == content for row in np.flatnonzero(before >= 0)) == min(counts)
    for picture in set(old) & set(new):
        assert before[new.index(picture)] == old.index(picture)
