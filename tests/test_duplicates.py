"""The room of copies: pixels that agree, and groups of what is connected."""

import numpy as np
import pytest

from pipeline.duplicates import agreement, agreement_threshold, copied, groups_of, representatives


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


def test_the_first_row_stands_for_all_with_its_content() -> None:
    assert representatives(["a", "b", "a", "c", "b"]).tolist() == [0, 1, 0, 3, 1]
