"""What a similarity means in its folder: percentiles and the threshold, by hand."""

import numpy as np
import pytest

from pipeline.alikeness import choose_threshold, percentile, random_pairs


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_percentile_is_the_share_below_and_half_of_the_ties() -> None:
    assert percentile(0.5, numbers(0.1, 0.25, 0.5, 0.75)) == pytest.approx(62.5)
    assert percentile(-1.0, numbers(0.1, 0.2)) == 0
    assert percentile(1.0, numbers(0.1, 0.2)) == 100
    assert percentile(1.0, numbers(1.0, 1.0)) == 50


def test_of_no_similarities_there_is_no_percentile() -> None:
    assert percentile(0.5, numbers()) is None


def test_the_threshold_lies_halfway_between_strangers_and_light_views() -> None:
    strangers, same = np.linspace(0, 0.4, 101, dtype=np.float32), np.linspace(0.8, 1, 21, dtype=np.float32)
    threshold = choose_threshold(strangers, same)
    assert threshold.strangers == pytest.approx(0.396)
    assert threshold.same == pytest.approx(0.81)
    assert threshold.value == pytest.approx(0.603)
    assert threshold.separates


def test_overlapping_similarities_do_not_separate() -> None:
    assert not choose_threshold(numbers(0.1, 0.9), numbers(0.5, 0.6)).separates


def test_without_random_pairs_light_views_are_all_that_is_known_and_the_verdict_is_a_guess() -> None:
    threshold = choose_threshold(numbers(), numbers(0.8))
    assert threshold.value == pytest.approx(0.8)
    assert not threshold.separates


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
