"""The room of copies: pixels that agree, and groups of what is connected."""

import numpy as np
import pytest
from PIL import Image

from pipeline.duplicates import (
    Pairs,
    Threshold,
    agreement,
    agreement_threshold,
    candidates,
    compare,
    copied,
    distinct,
    find_threshold,
    groups_of,
    likeliest_turn,
    nearest_that_differ,
    thumbnails,
    turned,
    without_layouts,
)
from pipeline.vectors import NEIGHBOUR


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Return 12 pictures of random rectangles, uint8 (12, 256, 256, 3)."""
    generator = np.random.default_rng(0)
    made = np.full((12, 256, 256, 3), 128, np.uint8)
    for picture in made:
        for _ in range(30):
            top, left, height, width = generator.integers(0, 200, 4)
            picture[top : top + height // 3 + 8, left : left + width // 3 + 8] = generator.integers(0, 256, 3)
    return made


def test_pixels_of_copies_agree_and_those_of_other_pictures_do_not(pictures: np.ndarray) -> None:
    first, second = copied(pictures)
    copies = agreement(first, second)
    others = agreement(first, np.roll(second, 1, axis=0))
    assert others.max() < copies.min()
    assert others.max() < agreement_threshold(copies) <= copies.max()


def test_a_picture_agrees_with_itself_entirely(pictures: np.ndarray) -> None:
    np.testing.assert_allclose(agreement(pictures, pictures), 1, atol=1e-4)


def test_a_brighter_copy_still_agrees(pictures: np.ndarray) -> None:
    brighter = np.clip(pictures * 0.7 + 60, 0, 255).astype(np.uint8)
    assert agreement(pictures, brighter).min() > agreement(pictures, np.roll(pictures, 1, axis=0)).max()


def test_groups_are_what_pairs_connect() -> None:
    pairs = [(np.array([0, 4]), np.array([3, 5])), (np.array([3]), np.array([6]))]
    assert [rows.tolist() for rows in groups_of(8, pairs)] == [[0, 3, 6], [4, 5]]


def test_the_first_row_stands_for_all_with_its_content_and_contents_are_numbered_by_their_digests() -> None:
    found = distinct(["b", "a", "b", "c", "a"])
    assert found.contents.tolist() == [b"a", b"b", b"c"]
    assert found.rows.tolist() == [1, 0, 3]
    assert found.ranks.tolist() == [1, 0, 1, 2, 0]


def shrunk(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).crop(box).resize((256, 256), Image.Resampling.BILINEAR))


def edited(picture: np.ndarray, edit: str) -> np.ndarray:
    """Return a copy as people make them."""
    if edit == "cropped":
        return shrunk(picture, (8, 5, 246, 252))
    if edit == "bordered":
        framed = np.full((286, 286, 3), 255, np.uint8)
        framed[15:271, 15:271] = picture
        return shrunk(framed, (0, 0, 286, 286))
    copy = picture.copy()
    copy[100:120, 60:130] = copy[100:120, 60:130] // 2 + 127  # a watermark
    return copy


@pytest.mark.parametrize("edit", ["cropped", "bordered", "watermarked"])
def test_an_edited_copy_agrees_more_than_copies_need_to(pictures: np.ndarray, edit: str) -> None:
    copies = np.stack([edited(picture, edit) for picture in pictures])
    assert np.quantile(agreement(pictures, copies), 0.1) > 0.96


def test_agreement_does_not_depend_on_which_picture_is_first(pictures: np.ndarray) -> None:
    darker = (pictures * 0.8).astype(np.uint8)
    np.testing.assert_array_equal(agreement(pictures, darker), agreement(darker, pictures))


def test_agreement_does_not_depend_on_what_is_compared_at_the_same_time(pictures: np.ndarray) -> None:
    first, second = copied(pictures)
    second[6:] = np.roll(second[6:], 1, axis=0)  # half of them are no copies
    pairs = Pairs(np.arange(12), np.arange(12, 24), np.ones(12, np.float32), np.zeros(12, np.int64))
    both = np.concatenate([first, second])
    together = compare(both, thumbnails(both), pairs, progress=False)
    for size in (1, 5, 7):
        parts = [compare(both, thumbnails(both), pairs[i : i + size], progress=False) for i in range(0, 12, size)]
        np.testing.assert_array_equal(np.concatenate(parts), together)


def test_the_same_thing_in_another_colour_is_no_copy() -> None:
    red, blue = np.full((2, 1, 256, 256, 3), 250, np.uint8)
    for top in range(40, 200, 40):
        red[:, top : top + 20, 40:216] = (200, 30, 30)
        blue[:, top : top + 20, 40:216] = (30, 30, 200)
    assert agreement(red, blue)[0] < 0.5


def test_a_small_thing_on_white_is_not_spared_as_a_watermark_is() -> None:
    disc, square = np.full((2, 1, 256, 256, 3), 255, np.uint8)
    y, x = np.mgrid[:256, :256]
    disc[0, (y - 128) ** 2 + (x - 128) ** 2 < 30**2] = 60
    square[0, 90:170:16, 100:160] = 60
    assert agreement(disc, square)[0] < 0.8


@pytest.mark.parametrize(("shade", "agreed"), [(120, 1.0), (150, 0.0)])
def test_blank_pictures_agree_if_they_have_the_same_colour(shade: int, agreed: float) -> None:
    first, second = np.full((1, 256, 256, 3), 120, np.uint8), np.full((1, 256, 256, 3), shade, np.uint8)
    assert agreement(first, second)[0] == pytest.approx(agreed)


def test_no_pairs_have_no_agreements(pictures: np.ndarray) -> None:
    none = np.empty(0, np.int64)
    pairs = Pairs(none, none, none.astype(np.float32), none)
    assert compare(pictures, thumbnails(pictures), pairs, progress=False).shape == (0,)


@pytest.mark.parametrize("turn", range(1, 8))
def test_pairs_are_compared_as_pictures_are_also_turned_and_mirrored(pictures: np.ndarray, turn: int) -> None:
    back = {1: 3, 3: 1}.get(turn, turn)
    both = np.concatenate([pictures, turned(pictures, back)])
    first, second = np.arange(12), np.arange(12, 24)
    turns = np.array([turn, 0] * 6)
    pairs = Pairs(first, second, np.ones(12, np.float32), turns)
    found = compare(both, thumbnails(both), pairs, progress=False)
    assert found[turns > 0].min() > 0.99
    assert np.median(found[turns == 0]) < 0.5


@pytest.mark.parametrize("turn", range(8))
def test_the_likeliest_turn_of_a_picture_is_the_one_that_undoes_how_it_was_turned(
    pictures: np.ndarray, turn: int
) -> None:
    small = thumbnails(pictures)
    back = {1: 3, 3: 1}.get(turn, turn)
    assert likeliest_turn(small[0], turned(small[0], back), range(8)) == turn


def lists(rows: list[list[int]]) -> np.ndarray:
    made = np.empty(np.shape(rows), NEIGHBOUR)
    made["row"], made["similarity"] = rows, np.linspace(0.9, 0.5, np.shape(rows)[1], dtype=np.float32)
    return made


def test_candidates_are_each_pair_once_and_of_each_content_one() -> None:
    neighbours = lists([[1, 2, 3], [0, 2, 3], [3, 0, 1], [2, 0, 1]])  # 0 and 1 hold the same content
    after = {turn: np.array([[1, -1], [0, -1], [-1, -1]]) for turn in (4, 1)}  # of contents, by their numbers
    ranks, rows = np.array([1, 1, 0, 2]), np.array([2, 0, 3])
    pairs = candidates(neighbours, after, rows=rows, ranks=ranks, depth=1)
    found = np.stack([pairs.first, pairs.second], axis=1)
    assert found[pairs.turns == 0].tolist() == [[2, 0], [2, 3]]  # first the one whose content has the smaller number
    for turn in (1, 3, 4):  # what is turned by one quarter is found from either side
        assert found[pairs.turns == turn].tolist() == [[2, 0]]


def test_the_threshold_lies_half_way_where_there_is_a_gap() -> None:
    threshold = find_threshold(np.full(50, 0.9, np.float32), np.full(50, 0.5, np.float32), agreement=0.95)
    assert threshold.similarity == pytest.approx(0.7)
    assert threshold.margin == pytest.approx(0.4)
    assert "a margin of 0.400" in threshold.words()


def test_98_of_100_copies_reach_the_threshold_and_999_of_1000_others_stay_below() -> None:
    generator = np.random.default_rng(0)
    copies, others = generator.permutation(1000) / 10_000 + 0.9, generator.permutation(10_000) / 20_000
    threshold = find_threshold(copies.astype(np.float32), others.astype(np.float32), agreement=0.95)
    assert (copies >= threshold.copies_low).sum() == 980
    assert (others < threshold.others_high).sum() == 9990
    agreements = (generator.permutation(1000) / 10_000 + 0.855).astype(np.float32)
    assert (agreements >= agreement_threshold(agreements)).sum() == 980


def test_where_copies_and_others_overlap_the_threshold_is_above_the_others_and_says_so() -> None:
    threshold = find_threshold(np.full(50, 0.8, np.float32), np.full(50, 0.9, np.float32), agreement=0.95)
    assert threshold.similarity == pytest.approx(0.9)
    assert threshold.margin == pytest.approx(-0.1)
    assert "warning" in threshold.words()


def test_where_nothing_differs_copies_alone_set_the_threshold() -> None:
    threshold = find_threshold(np.full(3, 0.8, np.float32), np.empty(0, np.float32), agreement=0.95)
    assert threshold.words().endswith("(copies made for comparison reach 0.800; nothing here differs from them)")
    assert threshold.similarity == pytest.approx(0.8)


def test_true_copies_among_the_neighbours_do_not_raise_the_threshold() -> None:
    first, second = np.array([0, 0, 2]), np.array([1, 2, 3])
    pairs = Pairs(first, second, np.array([0.99, 0.4, 0.3], np.float32), np.zeros(3, np.int64))
    others = nearest_that_differ(pairs, np.array([0.99, 0.1, 0.0], np.float32), agreement=0.95)
    np.testing.assert_allclose(others, [0.4, 0.4, 0.3])  # of the rows 0, 2 and 3


def test_a_pair_is_near_by_its_pixels_or_by_both() -> None:
    threshold = Threshold(0.9, 0.95, 0.85, 0.95, 0.85)
    near = threshold.is_near(np.array([0.2, 0.95, 0.95, 0.8]), np.array([0.96, 0.86, 0.84, 0.86]))
    assert near.tolist() == [True, True, False, False]


def rows_of(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int64).reshape(-1, 2)


def test_a_picture_that_is_perhaps_a_copy_of_one_remains_so() -> None:
    remain = without_layouts(6, rows_of((0, 1)), rows_of((0, 2), (1, 2), (3, 4)), np.full(3, 0.2, np.float32))
    assert remain.tolist() == [True, True, True]


def test_pictures_that_are_perhaps_copies_of_many_share_a_layout_and_are_none() -> None:
    forms = rows_of((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    assert not without_layouts(4, rows_of(), forms, np.full(6, 0.1, np.float32)).any()


def test_of_one_layout_a_second_scan_remains_for_it_differs_at_far_fewer_places() -> None:
    forms = rows_of((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    shares = np.array([0.01, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32)
    assert without_layouts(4, rows_of(), forms, shares).tolist() == [True] + [False] * 5
