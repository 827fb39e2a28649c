"""Where a picture lies among its neighbours: the second part of an embedding."""

import numpy as np
import pytest

from pipeline.encoder.neighbourhood import Neighbourhood, fit_neighbourhood, with_neighbourhood
from pipeline.encoder.running import answers
from pipeline.graph import Graph
from pipeline.parts import Parts

Array = np.ndarray


def unit(vectors: Array) -> Array:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def kinds(count: int = 400, seed: int = 0) -> tuple[Array, Array]:
    """Return pictures of eight kinds that hardly stand apart, in 32 dimensions, and the kind of each."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 8
    return unit(generator.normal(size=(8, 32))[labels] + generator.normal(0, 1.6, (count, 32))), labels


def encoded(own: Array, neighbourhood: Neighbourhood) -> tuple[Array, Parts]:
    graph = Graph()
    whole, parts = with_neighbourhood(graph.input("own", "float32", own.shape[1]), neighbourhood)
    graph.output("whole", whole)
    return answers(graph.written(), own), parts


def agreement(embeddings: Array, labels: Array) -> float:
    similarities = embeddings @ embeddings.T
    np.fill_diagonal(similarities, -2)
    return float((labels[np.argsort(-similarities, 1)[:, :10]] == labels[:, None]).mean())


def fitted(own: Array) -> Neighbourhood:
    found = fit_neighbourhood(own, seed=0)
    assert found is not None
    return found


def test_what_is_linked_by_others_between_is_more_alike_than_what_is_merely_near() -> None:
    own, labels = kinds()
    whole, parts = encoded(own, fitted(own))
    assert agreement(own, labels) < 0.8
    assert agreement(whole, labels) > agreement(own, labels) + 0.05
    assert agreement(whole[:, parts.own :], labels) > agreement(own, labels) + 0.08


def test_the_own_part_comes_out_as_it_went_in_and_all_have_unit_length() -> None:
    own, _ = kinds()
    whole, parts = encoded(own, fitted(own))
    assert whole.shape == (400, 32 + 64)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(parts.own_of(whole), own, atol=1e-6)
    assert (parts.own_of(whole[7]) == parts.own_of(whole)[7]).all()  # bit for bit, alone and among others


def test_a_picture_of_the_folder_lies_on_the_eigenvectors_times_the_eigenvalues() -> None:
    own, _ = kinds()
    similarities = own.astype(np.float64) @ own.T
    np.fill_diagonal(similarities, -1)
    weights = np.zeros_like(similarities)
    nearest = np.argsort(-similarities, 1)[:, :20]
    np.put_along_axis(weights, nearest, np.take_along_axis(similarities, nearest, 1) ** 3, 1)
    symmetric = np.maximum(weights, weights.T)
    roots = 1 / np.sqrt(symmetric.sum(1))
    vectors = np.linalg.eigh(roots[:, None] * symmetric * roots)[1]
    by_definition = (weights * roots) @ vectors[:, ::-1][:, :12]  # links of the picture itself, as a new one has them
    whole, parts = encoded(own, fitted(own))
    found = whole[:, parts.own :]
    expected, got = unit(by_definition) @ unit(by_definition).T, unit(found[:, :12]) @ unit(found[:, :12]).T
    assert np.corrcoef(expected.ravel(), got.ravel())[0, 1] > 0.98


def test_a_new_picture_lies_where_its_kind_lies() -> None:
    own, labels = kinds(600)
    whole, parts = encoded(own, fitted(own[:400]))
    place = whole[:, parts.own :]
    nearest = np.argmax(place[400:] @ place[:400].T, axis=1)
    by_own = np.argmax(own[400:] @ own[:400].T, axis=1)
    assert (labels[nearest] == labels[400:]).mean() > (labels[by_own] == labels[400:]).mean() + 0.03


def test_neither_a_picture_nor_its_copy_is_its_own_neighbour() -> None:
    own, _ = kinds()
    twice = np.concatenate([own, own[:1]])
    alone, parts = encoded(own, fitted(own))
    neighbourhood = fitted(own)
    among = Neighbourhood(
        np.concatenate([neighbourhood.own, own[:1]]),
        np.concatenate([neighbourhood.places, neighbourhood.places[:1] * 9]),
    )
    with_copy, _ = encoded(twice, among)
    np.testing.assert_allclose(with_copy[0], alone[0], atol=1e-6)
    assert (with_copy[400] == with_copy[0]).all()
    assert parts.own == 32


def test_a_picture_that_is_near_none_lies_nowhere_rather_than_anywhere() -> None:
    own, _ = kinds()
    beyond = np.zeros((2, 33), np.float32)
    beyond[:, 32] = [1, -1]  # beside all others
    wide = fitted(np.pad(own, ((0, 0), (0, 1))))
    whole, parts = encoded(beyond, wide)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(whole[:, parts.own] / np.sqrt(1 - parts.length**2), 1, atol=1e-6)  # the first direction


@pytest.mark.parametrize("count", [1, 21, 99])
def test_fewer_than_a_hundred_pictures_are_no_graph(count: int) -> None:
    assert fit_neighbourhood(kinds(100)[0][:count], seed=0) is None


def test_it_is_the_same_twice_and_equal_pictures_are_no_trouble() -> None:
    own, _ = kinds()
    first, second = fitted(own), fitted(own)
    assert (first.places == second.places).all()
    same = fitted(np.repeat(own[:1], 150, axis=0))
    assert np.isfinite(encoded(own, same)[0]).all()
