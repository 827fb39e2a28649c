"""What looks like a turned picture: lists against a full sort in float64, and lists that go on from the last run."""

import numpy as np
import pytest

from pipeline.duplicates import LOOKED_FOR, Tables, carried, signatures, turned, turned_lists
from pipeline.duplicates.known import AGREED
from pipeline.duplicates.lookalikes import DEPTH, no_lists


def thumbnails(generator: np.random.Generator, count: int) -> np.ndarray:
    """Return uint8 (count, 32, 32, 3): kinds of pictures turned in some way, some of them equal, some blank."""
    kinds = generator.integers(0, 256, (3, 8, 8, 3))
    made = np.empty((count, 32, 32, 3), np.uint8)
    for row in range(count):
        noise = generator.integers(-60, 60, (8, 8, 3)) * generator.integers(0, 2)
        cells = np.clip(kinds[generator.integers(3)] + noise, 0, 255).astype(np.uint8)
        made[row] = turned(cells.repeat(4, axis=0).repeat(4, axis=1), int(generator.integers(8)))
    made[:: max(1, count // 2)] = 128
    return made


def from_nothing(small: np.ndarray) -> np.ndarray:
    count = len(small)
    return turned_lists(
        small, no_lists(count), is_new=np.ones(count, bool), lost=np.zeros((len(LOOKED_FOR), count), bool)
    )


def test_lists_hold_the_most_alike_first_and_equal_ones_by_number() -> None:
    small = thumbnails(np.random.default_rng(0), 60)
    found = from_nothing(small)
    units = signatures(small).astype(np.float64)
    for number, turn in enumerate(LOOKED_FOR):
        likenesses = np.stack([signatures(turned(one, turn)[None])[0] for one in small]) @ units.T
        np.fill_diagonal(likenesses, -1)
        likenesses = likenesses.round(9)  # equal ones stand by number
        order = np.argsort(-likenesses, axis=1, kind="stable")[:, :DEPTH]
        values = np.take_along_axis(likenesses, order, axis=1)
        wanted = np.where(values >= 0.6, order, -1)
        np.testing.assert_array_equal(found["rank"][number], wanted)
        np.testing.assert_allclose(found["likeness"][number], np.where(values >= 0.6, values, 0), atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_lists_that_go_on_from_the_last_run_are_those_from_nothing(seed: int) -> None:
    generator = np.random.default_rng(seed)
    small = thumbnails(generator, 80)
    contents = np.array([f"{number:03d}" for number in generator.permutation(80)], "S64")
    order = np.argsort(contents)
    small, contents = small[order], contents[order]
    before, after = (generator.random(80) < share for share in (0.7, 0.8))
    agreed = np.empty(0, AGREED)
    known = Tables(contents[before], small[before], from_nothing(small[before]), agreed)
    now = carried(known, contents[after])
    np.testing.assert_array_equal(now.is_new, ~before[after])
    np.testing.assert_array_equal(now.tables.thumbnails[~now.is_new], small[after & before])
    found = turned_lists(small[after], now.tables.lists, is_new=now.is_new, lost=now.lost)
    np.testing.assert_array_equal(found, from_nothing(small[after]))


def test_one_picture_is_like_none() -> None:
    assert from_nothing(thumbnails(np.random.default_rng(0), 1))["rank"].tolist() == [[[-1] * DEPTH]] * len(LOOKED_FOR)
