"""The room of uniqueness: distances to what is no copy, by hand, and against all distances."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import LocalOutlierFactor

from pipeline.similarity.lists import sorted_lists
from pipeline.similarity.uniqueness import Scores, fence, others, ranking, score
from pipeline.stages.uniqueness import lists_among
from pipeline.vectors import NEIGHBOUR


def units(angles: list[float]) -> NDArray[np.float32]:
    """Return unit vectors in the plane at these angles, in degrees."""
    turned = np.radians(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def scores_of(embeddings: NDArray[np.float32], groups: list[int], *, depth: int, count: int) -> Scores:
    lists = np.concatenate(list(sorted_lists(embeddings, depth=depth, block=4, progress=False)))
    among = partial(lists_among, embeddings, count=count)
    return score(*others(lists, np.array(groups), count=count, among=among))


def distance(degrees: float) -> float:
    return 1 - float(np.cos(np.radians(degrees)))


def test_the_distance_is_that_to_the_nearest() -> None:
    found = scores_of(units([0, 10, 30, 90]), [0, 1, 2, 3], depth=3, count=2)
    np.testing.assert_allclose(found.distances, [distance(d) for d in (10, 10, 20, 60)], atol=1e-6)
    np.testing.assert_allclose(found.euclidean, np.sqrt(2 * found.distances), rtol=1e-6)
    expected = [(distance(a) + distance(b)) / 2 for a, b in ((10, 30), (10, 20), (20, 30), (60, 80))]
    np.testing.assert_allclose(found.mean_distances, expected, atol=1e-6)
    assert found.nearest.tolist() == [1, 0, 1, 2]
    assert found.ranked().tolist() == [3, 2, 0, 1]


def test_euclidean_is_the_distance_of_the_unit_embeddings() -> None:
    embeddings = units([0, 10, 30, 90])
    found = scores_of(embeddings, [0, 1, 2, 3], depth=3, count=1)
    np.testing.assert_allclose(
        found.euclidean, np.linalg.norm(embeddings - embeddings[found.nearest], axis=1), atol=1e-6
    )


@pytest.mark.parametrize("burst", [[90, 90], [90, 90, 90], [90, 91, 92]])
def test_odd_twins_and_a_burst_of_three_do_not_hide_each_other(burst: list[float]) -> None:
    embeddings = units([0, 5, 10, 15, *burst])
    groups = [0, 1, 2, 3] + [4] * len(burst)
    found = scores_of(embeddings, groups, depth=3, count=2)
    assert set(found.ranked()[: len(burst)].tolist()) == set(range(4, len(groups)))
    np.testing.assert_allclose(found.distances[4:], [distance(angle - 15) for angle in burst], atol=1e-6)


def test_a_list_that_copies_fill_is_completed_from_the_embeddings() -> None:
    embeddings = units([0, 0, 0, 0, 40, 41])
    short = scores_of(embeddings, [0, 0, 0, 0, 4, 5], depth=2, count=2)
    full = scores_of(embeddings, [0, 0, 0, 0, 4, 5], depth=5, count=2)
    np.testing.assert_allclose(short.mean_distances, full.mean_distances, atol=1e-6)
    assert short.nearest.tolist() == full.nearest.tolist()


def test_what_completes_a_list_is_ordered_and_as_similar_as_in_a_longer_list() -> None:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(40, 8)).astype(np.float32)
    embeddings[:12] = embeddings[0]
    embeddings[30:34] = embeddings[29]  # ties among what is no copy
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    groups, among = np.where(np.arange(40) < 12, 0, np.arange(40)), partial(lists_among, embeddings, count=9)
    short, full = (
        others(np.concatenate(list(lists)), groups, count=9, among=among)
        for lists in (sorted_lists(embeddings, depth=depth, block=4, progress=False) for depth in (12, 39))
    )
    np.testing.assert_array_equal(short[0], full[0])
    np.testing.assert_allclose(short[1], full[1], atol=1e-6)


def test_a_picture_with_nothing_but_copies_has_no_distance_and_comes_last() -> None:
    found = scores_of(units([0, 0]), [0, 0], depth=1, count=3)
    assert np.isnan(found.distances).all()
    assert found.nearest.tolist() == [-1, -1]
    assert found.ranked().tolist() == [0, 1]
    assert found.outlier_factors.tolist() == [1, 1]


def test_one_picture_has_no_distance() -> None:
    among = partial(lists_among, units([0]), count=5)
    found = score(*others(np.empty((1, 0), NEIGHBOUR), np.zeros(1, np.int64), count=5, among=among))
    assert np.isnan(found.distances).all()
    assert found.ranked().tolist() == [0]


def test_of_two_pictures_each_is_the_nearest_of_the_other() -> None:
    found = scores_of(units([0, 30]), [0, 1], depth=1, count=5)
    assert found.nearest.tolist() == [1, 0]
    np.testing.assert_allclose(found.distances, distance(30), atol=1e-6)


def test_ties_stand_in_the_order_of_their_rows() -> None:
    exact = Scores(*[np.full(4, 0.5, np.float32)] * 4, np.zeros(4, np.int64))
    assert exact.ranked().tolist() == [0, 1, 2, 3]


def test_without_copies_the_outlier_factor_is_scikit_learns_own() -> None:
    embeddings = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    found = scores_of(embeddings, list(range(60)), depth=20, count=7)
    oracle = -LocalOutlierFactor(n_neighbors=7).fit(embeddings.astype(np.float64)).negative_outlier_factor_
    np.testing.assert_allclose(found.outlier_factors, oracle, rtol=1e-3)


def test_copies_share_a_rank_behind_the_most_unusual_of_them() -> None:
    distances = np.array([0.1, 0.9, 0.3, 0.8, 0.3], np.float32)
    scores = Scores(*[distances] * 4, np.zeros(5, np.int64))
    rows, ranks = ranking(scores, np.array([0, 0, 2, 3, 4]))
    assert rows.tolist() == [1, 0, 3, 2, 4]
    assert ranks.tolist() == [1, 1, 2, 3, 4]


def test_without_copies_the_ranks_are_places() -> None:
    distances = np.random.default_rng(0).random(20).astype(np.float32)
    scores = Scores(*[distances] * 4, np.zeros(20, np.int64))
    rows, ranks = ranking(scores, np.arange(20))
    assert rows.tolist() == scores.ranked().tolist()
    assert ranks.tolist() == list(range(1, 21))


def test_what_stands_out_lies_beyond_the_upper_whisker() -> None:
    distances = np.array([1, 2, 3, 4, 5, 6, 7, 8, 14, 20], np.float32)
    assert fence(distances) == 3.25 + 1.5 * 4.5 + 4.5  # quartiles 3.25 and 7.75, by hand
    assert fence(np.full(5, 0.3, np.float32)) == pytest.approx(0.3)
    assert fence(np.empty(0, np.float32)) == float("inf")
    evenly = np.linspace(0.2, 0.4, 50).astype(np.float32)
    assert not (evenly > fence(evenly)).any()
