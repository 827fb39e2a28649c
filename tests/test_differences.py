"""Where two pictures differ: alignment, light, and heat, against what was done to the picture."""

import numpy as np
import pytest
from PIL import Image

from pipeline.differences import (
    SHIFTS,
    colours,
    displacement,
    heat,
    light_pair,
    moved,
    painted,
    peak,
    relit,
    share,
    views,
)


def textured(seed: int) -> np.ndarray:
    """Return a picture that has something to see everywhere, uint8 (256, 256, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC))


def window(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return what a camera sees that looks `down` and `right` of the middle: at 224x224, scaled to nothing else."""
    wide = np.pad(picture, ((0, 64), (0, 64), (0, 0)), "wrap")
    return wide[32 + down : 288 + down, 32 + right : 288 + right]


def squared(picture: np.ndarray) -> np.ndarray:
    """Return cells (32, 32, 192) of plain pixels, half whose squared distance is the mean square difference."""
    cells = picture.reshape(32, 8, 32, 8, 3).transpose(0, 2, 1, 3, 4).reshape(32, 32, 192)
    return (cells / 255 * (2 / 192) ** 0.5).astype(np.float32)


def bank(picture: np.ndarray) -> np.ndarray:
    return np.stack([squared(view) for view in views(picture)])


@pytest.mark.parametrize("shift", [(0, 0), (5, -3), (-16, 16), (11, 0)])
def test_a_shifted_photo_is_moved_back_by_its_shift(shift: tuple[int, int]) -> None:
    picture = textured(0)
    photo = window(picture, *shift)  # shows what lies further down, so it must be moved down
    assert displacement(photo, window(picture, 0, 0)) == shift


def test_a_shift_is_found_in_other_light() -> None:
    picture = textured(0)
    photo = (window(picture, 4, 6) * np.array([0.5, 0.7, 0.6]) + 20).astype(np.uint8)
    assert displacement(photo, window(picture, 0, 0)) == (4, 6)


@pytest.mark.parametrize("level", [0, 255])
def test_a_blank_picture_is_not_moved(level: int) -> None:
    blank = np.full((256, 256, 3), level, np.uint8)
    assert displacement(blank, textured(0)) == (0, 0)
    assert displacement(blank, blank) == (0, 0)


def test_moving_goes_down_and_right_and_repeats_the_edge() -> None:
    picture = np.arange(9, dtype=np.uint8).reshape(3, 3, 1)
    assert moved(picture, (1, 0))[..., 0].tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5]]
    assert moved(picture, (0, -2))[..., 0].tolist() == [[2, 2, 2], [5, 5, 5], [8, 8, 8]]


def test_relighting_undoes_light_that_was_changed_by_less_than_its_limits() -> None:
    picture = (textured(0) * 0.5 + 50).astype(np.uint8)
    photo = (picture * np.array([0.8, 1.1, 0.9]) + np.array([10, -5, 0])).round().astype(np.uint8)
    assert np.abs(relit(photo, picture).astype(int) - picture).max() <= 3


def test_a_stain_on_a_blank_wall_does_not_fade() -> None:
    wall = np.full((256, 256, 3), 128, np.uint8)
    stained = wall.copy()
    stained[100:120, 60:90] = 200
    lit = relit(stained, wall).astype(int)
    assert (lit[110, 70] - lit[0, 0]).tolist() == [48, 48, 48]  # 72 / 1.5


def test_a_picture_does_not_differ_from_itself() -> None:
    found = heat(squared(textured(0)), bank(textured(0)), (0, 0))
    assert found.shape == (32, 32)
    assert found.max() == 0


def test_what_a_shift_of_a_pixel_explains_is_no_difference() -> None:
    picture = textured(0)
    assert heat(squared(moved(picture, (0, 2))), bank(picture), (0, 0)).max() == 0
    assert heat(squared(moved(picture, (0, 3))), bank(picture), (0, 0)).max() > 0


def test_views_are_moved_by_whole_pixels_or_lie_halfway_between_two() -> None:
    picture = textured(0)
    seen = dict(zip(SHIFTS, views(picture), strict=True))
    np.testing.assert_array_equal(seen[0, 0], picture)
    np.testing.assert_array_equal(seen[2, 0], moved(picture, (2, 0)))
    halfway = (picture.astype(float) + moved(picture, (0, -1))) / 2
    assert np.abs(seen[0, -0.5] - halfway).max() <= 0.5


def test_half_a_pixel_explains_more_than_none() -> None:
    picture = textured(0)
    halfway = ((picture.astype(float) + moved(picture, (0, 1))) / 2).astype(np.uint8)
    found = heat(squared(halfway), bank(picture), (0, 0)).max()
    whole = heat(squared(halfway), np.stack([squared(picture), squared(moved(picture, (0, 1)))]), (0, 0)).max()
    assert found < 0.01 * whole


def test_the_peak_is_where_the_defect_is_and_as_large_as_it() -> None:
    reference = np.full((256, 256, 3), 100, np.uint8)
    photo = reference.copy()
    photo[80:88, 160:168] = 151  # the cell in row 10 and column 20, by 51 of 255
    difference, x, y = peak(heat(squared(photo), bank(reference), (0, 0)))
    assert difference == pytest.approx(0.2**2, rel=1e-4)
    assert (x, y) == (164, 84)


@pytest.mark.parametrize(
    ("shift", "rows", "columns"),
    [((0, 0), (1, 31), (1, 31)), ((5, -3), (2, 31), (1, 30)), ((-16, 9), (1, 29), (3, 31))],
)
def test_only_what_lies_inside_both_pictures_is_judged(
    shift: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    found = heat(squared(textured(0)), bank(textured(1)), shift)
    expected = np.zeros((32, 32), bool)
    expected[slice(*rows), slice(*columns)] = True
    np.testing.assert_array_equal(found > 0, expected)


def chroma(image: np.ndarray) -> np.ndarray:
    return image.max(-1).astype(int) - image.min(-1)


def test_a_picture_is_grey_where_nothing_differs_and_coloured_where_something_does() -> None:
    found = np.zeros((32, 32), np.float32)
    found[16, 8] = 9.0
    coloured = chroma(painted(textured(0), found, between=(1, 3)))
    assert coloured[132, 68] > 80
    assert coloured[:64].max() == 0
    assert chroma(painted(textured(0), found, between=(1, 3), shift=(-40, 24)))[132 - 40, 68 + 24] > 80


def test_the_share_is_that_of_the_cells_above_the_level() -> None:
    found = np.zeros((32, 32), np.float32)
    found[:8] = 2.0
    assert share(found, level=1.9) == 0.25
    assert share(found, level=2.0) == 0


def test_colours_are_those_of_the_level_unless_most_of_the_picture_differs() -> None:
    found = np.linspace(0, 10, 1024, dtype=np.float32).reshape(32, 32)
    assert colours(found, level=5.1) == (5.1, pytest.approx(15.3))
    low, high = colours(found, level=4.9)
    assert (low, high) == (pytest.approx(8, abs=0.02), pytest.approx(9.9, abs=0.02))
    coloured = chroma(painted(textured(0), found, between=(low, high)))[:, 128] > 40
    assert 0.1 < coloured.mean() < 0.2


def test_where_all_cells_differ_alike_none_is_hottest() -> None:
    low, high = colours(np.full((32, 32), 7, np.float32), level=1)
    assert low < high
    assert not chroma(painted(textured(0), np.full((32, 32), 7, np.float32), between=(low, high))).any()


def test_light_views_are_two_others_of_each_picture_and_repeat_with_their_generator() -> None:
    pictures = np.stack([textured(0), textured(1)])
    pairs = [light_pair(picture, np.random.default_rng(3)) for picture in pictures]
    first, second = (np.stack(views) for views in zip(*pairs, strict=True))
    assert first.shape == second.shape == pictures.shape
    assert (first != second).any()
    again = light_pair(pictures[1], np.random.default_rng(3))
    assert all((a == b).all() for a, b in zip(pairs[1], again, strict=True))
    apart = np.abs(first.astype(float) - second).mean((1, 2, 3))
    strangers = np.abs(first[0].astype(float) - second[1]).mean()
    assert (apart < strangers).all()
