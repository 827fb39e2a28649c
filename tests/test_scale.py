"""What a similarity means in its folder: percentiles and verdicts, by hand."""

import numpy as np
import pytest

from pipeline.similarity.scale import Scale, quantiles, random_pairs


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def scale(nearest: np.ndarray, random: np.ndarray) -> Scale:
    return Scale(tuple(quantiles(nearest)), tuple(quantiles(random)))


def even(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 1001, dtype=np.float32)


def test_a_percentile_is_the_share_below() -> None:
    one = scale(even(0.5, 1.0), even(-0.2, 0.8))
    assert one.percentile_nearest(0.6) == pytest.approx(20, abs=0.01)
    assert one.percentile_random(0.6) == pytest.approx(80, abs=0.01)
    assert (one.percentile_nearest(0.4), one.percentile_nearest(1.01)) == (0, 100)


def test_ties_count_half() -> None:
    assert scale(numbers(1, 1), numbers(1, 1)).percentile_nearest(1.0) == 50
    halves = np.repeat(numbers(0, 1), 1000)
    assert scale(halves, halves).percentile_nearest(0.0) == pytest.approx(25, abs=0.5)


def test_of_a_folder_without_pairs_nothing_can_be_told() -> None:
    none = scale(numbers(), numbers())
    assert (none.percentile_nearest(0.5), none.percentile_random(0.5)) == (None, None)
    assert (none.kind_from, none.same_kind(0.9), none.nothing_alike(0.9)) == (None, None, None)


def test_the_same_kind_begins_halfway_between_a_typical_random_pair_and_a_typical_nearest_neighbour() -> None:
    one = scale(even(0.6, 1.0), even(0.0, 0.4))
    assert one.kind_from == pytest.approx(0.5)
    assert (one.same_kind(0.51), one.same_kind(0.49)) == (True, False)


def test_where_nearest_neighbours_are_hardly_more_alike_than_random_pairs_the_kind_cannot_be_told() -> None:
    overlapping = scale(even(0.2, 0.4), even(0.0, 0.5))
    assert overlapping.kind_from is None
    assert overlapping.same_kind(1.0) is None


def test_the_same_pair_summed_in_another_order_is_no_more_alike_than_itself() -> None:
    pair = 0.25
    nearest, random = np.full(5, pair + 6e-8), np.full(5, pair)
    assert Scale(tuple(quantiles(nearest)), tuple(quantiles(random))).same_kind(1.0) is None


def test_nothing_looks_like_a_picture_whose_best_is_below_99_percent_of_nearest_neighbours() -> None:
    one = scale(even(0.5, 1.0), even(0.0, 0.4))
    assert one.nothing_alike(0.503) is True
    assert one.nothing_alike(0.507) is False
    assert one.nothing_alike(None) is None


def test_a_random_pair_is_never_a_row_with_itself() -> None:
    apart = np.eye(5, dtype=np.float32)
    assert random_pairs(apart, count=3000, seed=0).max() == 0


def test_random_pairs_are_all_pairs_alike_often() -> None:
    angles = np.array([0.0, 0.3, 1.1])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    found = random_pairs(embeddings, count=6000, seed=0)
    for apart in (0.3, 0.8, 1.1):
        assert np.isclose(found, np.cos(apart), atol=1e-6).mean() == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pictures_have_no_pairs(count: int) -> None:
    assert len(random_pairs(np.ones((count, 1), np.float32), count=10, seed=0)) == 0
