"""Where a picture lies among its neighbours: the second part of an embedding."""

import numpy as np
import pytest

from pipeline.encoder import neighbourhood
from pipeline.encoder.neighbourhood import Neighbourhood, fit_neighbourhood, with_neighbourhood
from pipeline.encoder.running import answers
from pipeline.graph import Graph
from pipeline.vectors import Parts

Array = np.ndarray


def unit(vectors: Array) -> Array:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def kinds(count: int = 400, seed: int = 0) -> tuple[Array, Array]:
    """Return pictures of eight kinds that hardly stand apart, in 32 dimensions, and the kind of each."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 8
    return unit(generator.normal(size=(8, 32))[labels] + generator.normal(0, 1.6, (count, 32))), labels


def encoded(own: Array, among: Neighbourhood, *, there: float = 1) -> tuple[Array, Parts]:
    graph = Graph()
    given = graph.input("given", "float32", own.shape[1] + 1)  # and how much there is to see in each
    whole, parts = with_neighbourhood(given.cut(1, 1, own.shape[1] + 1), given.cut(1, 0, 1), among)
    graph.output("whole", whole)
    return answers(graph.written(), np.insert(own, 0, there, axis=1)), parts


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
    assert whole.shape == (400, 32 + 64 + 1)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(parts.own_of(whole), own, atol=1e-6)
    assert (parts.own_of(whole[7]) == parts.own_of(whole)[7]).all()  # bit for bit, alone and among others


def test_a_picture_of_the_folder_lies_near_its_eigenvectors_times_the_eigenvalues() -> None:
    own, _ = kinds()
    similarities = own.astype(np.float64) @ own.T
    np.fill_diagonal(similarities, -1)
    weights = np.zeros_like(similarities)
    nearest = np.argsort(-similarities, 1)[:, :20]
    np.put_along_axis(weights, nearest, np.take_along_axis(similarities, nearest, 1) ** 3, 1)
    symmetric = np.maximum(weights, weights.T)
    roots = 1 / np.sqrt(symmetric.sum(1))
    values, vectors = np.linalg.eigh(roots[:, None] * symmetric * roots)
    expected = unit((vectors * values)[:, ::-1][:, :12])
    whole, parts = encoded(own, fitted(own))
    found = unit(whole[:, parts.own :][:, :12])
    assert np.corrcoef((expected @ expected.T).ravel(), (found @ found.T).ravel())[0, 1] > 0.95


def test_a_link_counts_by_the_cube_of_its_similarity_and_fades_at_a_copy() -> None:
    own = np.zeros((40, 41), np.float32)
    own[np.arange(40), np.arange(40)] = 1
    places = np.pad(np.eye(40, 3, dtype=np.float32), ((0, 0), (0, 1)))
    picture = np.zeros((1, 41), np.float32)
    picture[0, [0, 1, 40]] = 0.8, 0.4, (1 - 0.8**2 - 0.4**2) ** 0.5
    copy = np.zeros((1, 41), np.float32)
    copy[0, [0, 1]] = 0.9975, (1 - 0.9975**2) ** 0.5
    whole, parts = encoded(np.concatenate([picture, copy]), Neighbourhood(own, places))
    place = whole[:, parts.own :]
    assert place[0, 0] / place[0, 1] == pytest.approx(0.8**3 / 0.4**3, rel=1e-4)
    assert place[1, 0] / place[1, 1] == pytest.approx(0.5 * 0.9975**3 / copy[0, 1] ** 3, rel=1e-3)


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
    found = fitted(own)
    among = Neighbourhood(np.concatenate([found.own, own[:1]]), np.concatenate([found.places, found.places[:1] * 9]))
    with_copy, _ = encoded(twice, among)
    np.testing.assert_allclose(with_copy[0], alone[0], atol=1e-6)
    assert (with_copy[400] == with_copy[0]).all()
    assert parts.own == 32


def test_a_picture_saved_once_more_has_nearly_the_same_place() -> None:
    own, _ = kinds()
    noise = np.random.default_rng(1).normal(size=own.shape)
    again = unit(own + 0.02 * unit(noise))
    assert np.median((own * again).sum(1)) == pytest.approx(0.9998, abs=1e-4)
    whole, parts = encoded(np.concatenate([own, again]), fitted(own))
    place = unit(whole[:, parts.own :])
    assert (place[:400] * place[400:]).sum(1).min() > 0.9


def test_a_picture_that_is_near_none_lies_beside_all_directions() -> None:
    own, _ = kinds()
    beyond = np.zeros((2, 33), np.float32)
    beyond[:, 32] = [1, -1]  # beside all others
    whole, parts = encoded(beyond, fitted(np.pad(own, ((0, 0), (0, 1)))))
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(whole[:, -1], np.sqrt(1 - parts.length**2), atol=1e-6)


def test_a_blank_picture_has_no_place_wherever_it_seems_to_lie() -> None:
    own, _ = kinds()
    whole, parts = encoded(own, fitted(own), there=0)
    np.testing.assert_allclose(whole[:, -1], np.sqrt(1 - parts.length**2), atol=1e-6)


def test_of_many_pictures_some_are_kept_to_place_others_by(monkeypatch: pytest.MonkeyPatch) -> None:
    own, labels = kinds(600)
    monkeypatch.setattr(neighbourhood, "_MOST_PICTURES", 250)
    found = fitted(own)
    assert len(found.own) == len(found.places) == 200
    whole, _ = encoded(own, found)
    assert agreement(whole, labels) > agreement(own, labels)


@pytest.mark.parametrize("count", [1, 21, 99])
def test_fewer_than_a_hundred_pictures_are_no_graph(count: int) -> None:
    assert fit_neighbourhood(kinds(100)[0][:count], seed=0) is None


def test_it_is_the_same_twice_and_equal_pictures_are_no_trouble() -> None:
    own, _ = kinds()
    first, second = fitted(own), fitted(own)
    assert (first.places == second.places).all()
    same = fitted(np.repeat(own[:1], 150, axis=0))
    assert np.isfinite(encoded(own, same)[0]).all()
