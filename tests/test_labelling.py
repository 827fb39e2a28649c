"""From a few labels to many, where the answer is known: clusters, chains, doubts."""

import numpy as np
import pytest

from pipeline.similarity.labelling import (
    METHODS,
    Choice,
    Examples,
    choose_method,
    label,
    most_helpful,
    nearest_examples,
    sharpened,
)
from pipeline.similarity.lists import sorted_lists


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def clusters(*, spread: float = 0.3, size: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of three clusters, and which is which."""
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), size)
    return unit(np.eye(3)[truth] @ np.eye(3, 8) + generator.normal(0, spread / 3, (len(truth), 8))), truth


def lists_of(embeddings: np.ndarray, depth: int = 10) -> np.ndarray:
    return np.concatenate(list(sorted_lists(embeddings, depth=depth, block=64, progress=False)))


def examples_of(truth: np.ndarray, each: int) -> Examples:
    rows = np.concatenate([np.flatnonzero(truth == number)[:each] for number in range(truth.max() + 1)])
    return Examples(rows, truth[rows], int(truth.max()) + 1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("each", [1, 4])
def test_every_method_labels_clear_clusters_rightly(method: str, each: int) -> None:
    embeddings, truth = clusters()
    shares = METHODS[method](embeddings, lists_of(embeddings), examples_of(truth, each))
    assert shares.shape == (90, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares >= 0).all()
    np.testing.assert_array_equal(shares.argmax(axis=1), truth)


def test_spreading_follows_a_chain_that_leads_away_from_its_example() -> None:
    angles = np.concatenate([np.linspace(0, 2.0, 20), np.linspace(3.0, 3.1, 10)])
    embeddings = unit(np.stack([np.cos(angles), np.sin(angles)], 1))
    examples = Examples(np.array([0, 20]), np.array([0, 1]), 2)
    lists = lists_of(embeddings, depth=4)
    end = 19  # at 2.0: nearer to the second example at 3.0 than to the first at 0.0
    assert METHODS["class means"](embeddings, lists, examples)[end].argmax() == 1
    assert METHODS["label spreading"](embeddings, lists, examples)[end].argmax() == 0


def test_an_example_gives_way_to_its_neighbours_but_for_a_twentieth() -> None:
    """Two pictures, each the other's neighbour, of two labels.

    A step takes 0.95 of what the other has and 0.05 of the own label, so what a picture has more of its own than of the
    other label, d, becomes 0.05 - 0.95 d: from 1 it falls towards 0.05 / 1.95, of which 0.95^40 is left after 40 steps.
    """
    lists = lists_of(np.eye(2, dtype=np.float32), depth=1)
    shares = METHODS["label spreading"](np.eye(2, dtype=np.float32), lists, Examples(np.arange(2), np.arange(2), 2))
    rest = 0.05 / 1.95
    own = (1 + rest + (1 - rest) * 0.95**40) / 2  # 0.575
    np.testing.assert_allclose(shares, [[own, 1 - own], [1 - own, own]], rtol=1e-3)


def test_where_no_label_arrives_spreading_takes_class_means() -> None:
    embeddings, truth = clusters(spread=0.05)
    lists = lists_of(embeddings, depth=3)
    examples = Examples(np.array([0, 30]), np.array([0, 1]), 2)  # nothing of the third cluster
    shares = METHODS["label spreading"](embeddings, lists, examples)
    means = METHODS["class means"](embeddings, lists, examples)
    np.testing.assert_allclose(shares[truth == 2], means[truth == 2], atol=1e-6)


def test_a_class_with_more_examples_does_not_spread_further_for_that() -> None:
    angles = np.linspace(0, 2.0, 41)
    embeddings = unit(np.stack([np.cos(angles), np.sin(angles)], 1))
    few_and_many = Examples(np.array([10, 29, 30, 31]), np.array([0, 1, 1, 1]), 2)
    given = METHODS["label spreading"](embeddings, lists_of(embeddings, depth=4), few_and_many).argmax(axis=1)
    assert given[:19].max() == 0
    assert given[21:].min() == 1


def test_a_class_without_an_example_gets_nothing() -> None:
    embeddings, truth = clusters()
    examples = Examples(np.flatnonzero(truth < 2), truth[truth < 2], 3)
    for method in METHODS.values():
        assert method(embeddings, lists_of(embeddings), examples)[:, 2].max() == 0


def test_the_nearest_examples_are_those_of_a_full_sort() -> None:
    embeddings, _ = clusters()
    rows = np.arange(0, 90, 7)
    places, similarities = nearest_examples(embeddings, rows, count=4, block=32)
    expected = np.argsort(-(embeddings @ embeddings[rows].T), axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_allclose(similarities, np.take_along_axis(embeddings @ embeddings[rows].T, expected, 1))


def test_cross_validation_takes_the_method_that_is_right_on_held_out_examples() -> None:
    angles = np.concatenate([np.linspace(0, 1.5, 40), np.linspace(1.6, 3.1, 40)])
    waves = np.arange(80) // 10 % 2  # classes in turn along the circle: their means lie almost in one place
    embeddings = unit(np.stack([np.cos(angles), np.sin(angles)], 1))
    examples = Examples(np.arange(0, 80, 2), waves[::2], 2)
    choice = choose_method(embeddings, lists_of(embeddings), examples, seed=0)
    assert choice.method != "class means"
    assert choice.accuracies[choice.method] == max(choice.accuracies.values()) > choice.accuracies["class means"]


def test_one_example_a_class_can_not_be_held_out() -> None:
    embeddings, truth = clusters()
    choice = choose_method(embeddings, lists_of(embeddings), examples_of(truth, 1), seed=0)
    assert choice == Choice(next(iter(METHODS)), {}, 1.0)


def test_a_class_with_one_example_keeps_it_while_others_are_held_out() -> None:
    embeddings, truth = clusters()
    examples = Examples(np.array([0, 1, 2, 30, 31, 60]), truth[[0, 1, 2, 30, 31, 60]], 3)
    choice = choose_method(embeddings, lists_of(embeddings), examples, seed=0)
    assert set(choice.accuracies.values()) == {1.0}


def test_shares_are_surer_where_the_method_is_always_right() -> None:
    embeddings, truth = clusters()
    choice = choose_method(embeddings, lists_of(embeddings), examples_of(truth, 5), seed=0)
    assert choice.sharpening > 1


def test_sharpening_keeps_the_order_and_the_sum() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]], np.float32)
    surer = sharpened(shares, 2.0)
    np.testing.assert_allclose(surer[0], np.array([0.25, 0.09, 0.04]) / 0.38, rtol=1e-5)
    np.testing.assert_allclose(surer.sum(axis=1), 1, rtol=1e-5)
    assert surer[1].argmax() == 0


def test_an_example_has_its_own_label_for_certain() -> None:
    embeddings, truth = clusters()
    wrong = Examples(np.array([0, 30, 60, 1]), np.array([0, 1, 2, 2]), 3)  # row 1 lies among class 0
    shares = label(embeddings, lists_of(embeddings), wrong, Choice("class means", {}, 1.0))
    assert shares[1].tolist() == [0, 0, 1]
    assert shares[truth == 1].argmax(axis=1).tolist() == [1] * 30


def test_copies_with_two_labels_share_the_vote_evenly() -> None:
    embeddings = unit(np.ones((4, 3)))
    examples = Examples(np.array([0, 1]), np.array([0, 1]), 2)
    for method in METHODS.values():
        shares = method(embeddings, lists_of(embeddings, depth=3), examples)
        np.testing.assert_allclose(shares[2:], 0.5, atol=1e-5)


def test_a_folder_of_one_picture_can_be_labelled() -> None:
    """The examples lie outside: two further rows, and no neighbours at all."""
    embeddings, lists = np.eye(3, dtype=np.float32), lists_of(np.ones((1, 1), np.float32))
    lists = np.repeat(lists, 3, axis=0)  # (3, 0)
    shares = METHODS["label spreading"](embeddings, lists, Examples(np.array([1, 2]), np.array([0, 1]), 2))
    np.testing.assert_allclose(shares[0], 0.5)


def test_the_most_helpful_is_the_middle_of_the_doubtful_and_then_none_like_it() -> None:
    embeddings, truth = clusters(spread=0.6)
    shares = np.eye(3, dtype=np.float32)[truth]
    shares[truth == 1] = [0.4, 0.35, 0.25]  # thirty alike that nobody knows
    shares[truth == 2] = [0.1, 0.1, 0.8]
    first, second = most_helpful(shares, lists_of(embeddings), count=2)
    assert truth[first] == 1
    assert second not in lists_of(embeddings)["row"][first][:3]


def test_where_nothing_is_doubtful_nothing_helps() -> None:
    embeddings, truth = clusters()
    assert len(most_helpful(np.eye(3, dtype=np.float32)[truth], lists_of(embeddings), count=5)) == 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("constant", [2.0, 10.0])
def test_cosines_that_lie_close_together_count_as_much_as_others(method: str, constant: float) -> None:
    embeddings, truth = clusters(spread=1.5)
    close = unit(np.concatenate([embeddings, np.full((len(embeddings), 1), constant)], axis=1))
    examples = examples_of(truth, 6)
    found, expected = (METHODS[method](each, lists_of(each), examples) for each in (close, embeddings))
    assert expected.max(axis=1).min() < 0.7  # so that there is something to lose
    assert np.abs(found - expected).mean() < (0.1 if method == "class means" else 0.001)  # means are shorter than 1


@pytest.mark.parametrize("method", METHODS)
def test_shorter_lists_count_about_as_longer_ones(method: str) -> None:
    embeddings, truth = clusters(spread=1.0)
    examples = examples_of(truth, 6)
    found, expected = (METHODS[method](embeddings, lists_of(embeddings, depth=depth), examples) for depth in (9, 10))
    assert np.abs(found - expected).mean() < 0.02
