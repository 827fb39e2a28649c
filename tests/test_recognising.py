"""Which files needn't be read again: rather one too many is read than one too few."""

import dataclasses

import pytest

from pipeline.pictures import FoundFile, ReadFile, recognised, settled

A = FoundFile("a", 100, 5_000_000_000, "", inode=1)
B = FoundFile("b", 200, 6_000_000_000, "", inode=2)
TWIN = FoundFile("twin", 100, 5_000_000_000, "", inode=3)
LATER_NS = 60_000_000_000


def changed(file: FoundFile, **facts: object) -> FoundFile:
    return dataclasses.replace(file, **facts)  # type: ignore[arg-type]


def last(*files: FoundFile) -> list[ReadFile]:
    return settled([(file, f"content of {file.path}") for file in files], listed_ns=LATER_NS)


def test_unchanged_files_are_known() -> None:
    assert recognised([A, B], last(A, B)) == {"a": "content of a", "b": "content of b"}


@pytest.mark.parametrize("facts", [{"size_bytes": 101}, {"modified_ns": 5_000_000_001}, {"inode": 9}], ids=str)
def test_a_file_that_differs_in_anything_is_read(facts: dict[str, int]) -> None:
    assert recognised([changed(A, **facts), B], last(A, B)) == {"b": "content of b"}


def test_a_moved_file_is_known_by_its_inode() -> None:
    assert recognised([changed(A, path="album/z"), B], last(A, B)) == {"album/z": "content of a", "b": "content of b"}


def test_a_file_is_not_moved_from_a_path_that_is_still_there() -> None:
    assert recognised([changed(A, path="b"), changed(B, path="a")], last(A, B)) == {}


def test_without_inodes_a_file_is_known_by_its_path_and_read_where_it_was_moved() -> None:
    nameless = changed(A, inode=0)
    assert recognised([nameless], last(nameless)) == {"a": "content of a"}
    assert recognised([changed(nameless, path="z")], last(nameless)) == {}


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ([A, TWIN], [A, TWIN]),  # a copy of one over the other, in place, would keep all
        ([changed(A, path="twin"), changed(TWIN, path="a")], [A, TWIN]),  # their names were swapped
        ([TWIN, changed(A, path="copy")], [A, TWIN]),  # a was removed, and its inode given to a copy of twin
        ([changed(A, path="copy")], [A, TWIN]),
        ([A, TWIN], [A]),
    ],
)
def test_files_of_one_size_and_time_are_read(now: list[FoundFile], before: list[FoundFile]) -> None:
    assert recognised(now, last(*before)) == {}


@pytest.mark.parametrize(("age_ns", "is_known"), [(2_000_000_001, True), (2_000_000_000, False), (-1, False)])
def test_a_file_that_could_change_within_the_grain_of_the_clock_is_read(age_ns: int, is_known: bool) -> None:
    file = changed(A, modified_ns=LATER_NS - age_ns)
    assert bool(recognised([file], last(file))) == is_known


def test_what_is_no_file_of_its_own_is_not_known() -> None:
    assert recognised([changed(A, problem="broken link")], last(A)) == {}


def test_another_name_of_a_file_is_no_twin_of_it() -> None:
    assert recognised([A, changed(A, path="link", problem="the same file as a")], last(A)) == {"a": "content of a"}
