"""Groups that go on keep their numbers, and their medoids where these are still there."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Line, embed_again
from hypothesis import given
from hypothesis import strategies as st

from pipeline.artifacts import load_groups, load_json, open_index
from pipeline.groups import Grouping, moved_medoids, renumbered
from pipeline.stages.groups import groups
from pipeline.stages.resize import resize


def grouping(*members: int) -> Grouping:
    of = np.array(members)
    firsts = np.array([np.flatnonzero(of == group)[0] for group in range(of.max() + 1)])
    return Grouping(firsts, of, np.ones(len(of), np.float32), 0.0, 0.0)


def test_a_group_keeps_the_number_of_the_one_it_shares_most_pictures_with() -> None:
    found = renumbered(grouping(0, 0, 0, 1, 1, 2), np.array([2, 2, -1, 0, 0, 1]))
    assert found.groups.tolist() == [2, 2, 2, 0, 0, 1]
    assert found.medoids.tolist() == [3, 5, 0]


def test_a_number_that_is_too_large_or_taken_gives_way_to_one_that_is_free() -> None:
    found = renumbered(grouping(0, 0, 1, 1), np.array([5, 5, 0, 0]))
    assert found.groups.tolist() == [1, 1, 0, 0]
    split = renumbered(grouping(0, 1, 1), np.array([0, 0, 0]))
    assert split.groups.tolist() == [1, 0, 0]  # the larger share keeps it


@given(
    now=st.lists(st.integers(0, 4), min_size=1, max_size=20),
    then=st.lists(st.integers(-1, 6), min_size=20, max_size=20),
)
def test_the_groups_stay_the_same_pictures_under_all_numbers(now: list[int], then: list[int]) -> None:
    of = np.unique(now, return_inverse=True)[1]
    before = grouping(*of.tolist())
    after = renumbered(before, np.array(then[: len(of)]))
    assert sorted(set(after.groups.tolist())) == list(range(of.max() + 1))
    assert {tuple(np.flatnonzero(after.groups == one)) for one in range(of.max() + 1)} == {
        tuple(np.flatnonzero(of == one)) for one in range(of.max() + 1)
    }
    assert (after.groups[after.medoids] == np.arange(of.max() + 1)).all()


def test_a_medoid_that_has_gone_gives_way_and_a_group_that_has_gone_is_none() -> None:
    medoids, of = np.array([0, 3, 5]), np.array([0, 0, 0, 1, 1, 2])
    similarities = np.array([1, 0.5, 0.9, 1, 0.7, 1])
    assert moved_medoids(medoids, of, similarities, np.array([-1, 0, 1, 2, 3, -1])).tolist() == [1, 2]


@pytest.fixture
def grouped(line: Line, own_line: Line) -> Line:
    shutil.copytree(line.dataset, own_line.dataset, dirs_exist_ok=True)
    own_line.set(dataset={"path": str(own_line.dataset)}, groups={"k": "auto"})
    go_on(own_line)
    return own_line


def go_on(line: Line) -> str:
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    return groups(line.params, line.artifacts)


def numbers(line: Line) -> dict[str, int]:
    with open_index(line.artifacts.index) as index:
        paths = index.paths()
        return dict(zip(paths, load_groups(line.artifacts, index, paths)[0].tolist(), strict=True))


def test_a_browsed_group_is_the_same_group_after_a_picture_came_and_one_went(grouped: Line, tmp_path: Path) -> None:
    before, elbow = numbers(grouped), grouped.artifacts.elbow_table.read_bytes()
    paths = sorted(grouped.dataset.rglob("*.*"))
    gone = paths[0].relative_to(grouped.dataset).as_posix()
    paths[0].rename(tmp_path / "gone")
    paths[1].rename(paths[1].with_name("renamed" + paths[1].suffix))
    said = go_on(grouped)
    after = numbers(grouped)
    assert "as many as were chosen for" in said
    assert {path: group for path, group in after.items() if path in before} == {
        path: group for path, group in before.items() if path in after
    }
    assert gone not in after
    assert grouped.artifacts.elbow_table.read_bytes() == elbow  # K stays as it was chosen


def test_other_settings_choose_anew(grouped: Line) -> None:
    grouped.set(groups={"k": 4})
    assert "as many as were chosen" not in groups(grouped.params, grouped.artifacts)
    assert load_json(grouped.artifacts.metrics("groups"), stage="groups")["k"] == 4
    assert "as many as were chosen" in groups(grouped.params, grouped.artifacts)


def test_the_same_folder_gives_the_same_groups_once_more_and_after_the_table_was_edited(grouped: Line) -> None:
    made = [grouped.artifacts.groups_table, grouped.artifacts.elbow_table, grouped.artifacts.metrics("groups")]
    before = [path.read_bytes() for path in made]
    groups(grouped.params, grouped.artifacts)
    assert [path.read_bytes() for path in made] == before
    with grouped.artifacts.groups_table.open("a") as table:  # in place, as some programs save
        table.write("mine,x,y,z\n")
    groups(grouped.params, grouped.artifacts)
    assert [path.read_bytes() for path in made] == before
