"""Sorted lists: against a full sort in float64, and the relations that hold between any two of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.similarity.lists import cosines, most_similar, similarity_blocks, some_lists, sorted_lists

Embeddings = NDArray[np.float32]
SEEDS, SIZES, DEPTHS, BLOCKS = st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 70), st.integers(1, 70)


def unit(rows: NDArray[np.floating]) -> Embeddings:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_embeddings(num_pictures: int, *, seed: int, dimensions: int = 8) -> Embeddings:
    return unit(np.random.default_rng(seed).normal(size=(num_pictures, dimensions)))


def embeddings_with_copies(num_pictures: int, *, seed: int) -> Embeddings:
    """Rows drawn from few different ones, so that many are exact copies."""
    generator = np.random.default_rng(seed)
    different = random_embeddings(max(1, num_pictures // 3), seed=seed)
    return different[generator.integers(len(different), size=num_pictures)]


def near_ties(num_pictures: int, *, seed: int) -> Embeddings:
    """Rows whose similarities differ by some 1e-9 to 1e-7: mostly below what float32 can tell apart."""
    generator = np.random.default_rng(seed)
    return unit(generator.normal(size=64) + 2e-4 * generator.normal(size=(num_pictures, 64)))


def lists_of(embeddings: Embeddings, *, depth: int, block: int = 512) -> NDArray[np.void]:
    return np.concatenate(list(sorted_lists(embeddings, depth=depth, block=block, progress=False)))


def oracle(embeddings: Embeddings, depth: int) -> NDArray[np.int64]:
    """Sort all others of each row by float64 similarity, ties by row."""
    exact = embeddings.astype(np.float64)
    lists = []
    for row, vector in enumerate(exact):
        similarities = np.array([np.sum(other * vector) for other in exact])  # the same sum for the same two rows
        order = np.argsort(-similarities, kind="stable")
        lists.append(order[order != row][:depth])
    return np.array(lists).reshape(len(embeddings), -1)


@given(SIZES, DEPTHS, BLOCKS, SEEDS)
def test_lists_are_those_of_a_full_sort_in_float64(num_pictures: int, depth: int, block: int, seed: int) -> None:
    embeddings = random_embeddings(num_pictures, seed=seed)
    np.testing.assert_array_equal(lists_of(embeddings, depth=depth, block=block)["row"], oracle(embeddings, depth))


@given(SIZES, DEPTHS, BLOCKS, SEEDS)
def test_lists_of_some_rows_are_those_of_all(num_pictures: int, depth: int, block: int, seed: int) -> None:
    embeddings = embeddings_with_copies(num_pictures, seed=seed)
    rows = np.random.default_rng(seed).permutation(num_pictures)[: num_pictures // 2 + 1]
    found = some_lists(embeddings, rows, depth=depth, block=block)
    np.testing.assert_array_equal(found, lists_of(embeddings, depth=depth)[rows])


@given(SIZES, DEPTHS, BLOCKS, SEEDS)
def test_copies_stand_in_the_order_of_their_rows(num_pictures: int, depth: int, block: int, seed: int) -> None:
    embeddings = embeddings_with_copies(num_pictures, seed=seed)
    np.testing.assert_array_equal(lists_of(embeddings, depth=depth, block=block)["row"], oracle(embeddings, depth))


@given(st.integers(2, 60), DEPTHS, BLOCKS, SEEDS)
def test_near_ties_below_float32_are_in_the_order_of_float64(n: int, depth: int, block: int, seed: int) -> None:
    embeddings = near_ties(n, seed=seed)
    np.testing.assert_array_equal(lists_of(embeddings, depth=depth, block=block)["row"], oracle(embeddings, depth))


@pytest.mark.parametrize("depth", [1, 3, 10, 100])
def test_lists_much_shorter_than_the_folder_miss_nothing(depth: int) -> None:
    """Candidates then come from lanes of columns, eight a neighbour, the last columns from none."""
    embeddings = random_embeddings(2003, seed=1, dimensions=16)
    some = np.arange(0, 2003, 97)
    exact = embeddings.astype(np.float64)
    similarities = exact[some] @ exact.T
    similarities[np.arange(len(some)), some] = -np.inf
    expected = np.argsort(-similarities, axis=1, kind="stable")[:, :depth]
    np.testing.assert_array_equal(lists_of(embeddings, depth=depth)["row"][some], expected)


def test_rows_are_looked_through_a_few_at_a_time_in_large_folders() -> None:
    """Of 40,000 pictures fewer than 32 rows at once; near ties, so that float32 lets far more through than are kept."""
    generator = np.random.default_rng(11)
    embeddings = unit(np.arange(1, 9) + 2e-4 * generator.normal(size=(40_000, 8)))
    rows = generator.permutation(40_000)[:40]
    found = some_lists(embeddings, rows, depth=6, block=64)
    exact = embeddings.astype(np.float64)
    for row, one in zip(rows.tolist(), found, strict=True):
        similarities = np.sum(exact * exact[row], axis=1)
        similarities[row] = -np.inf
        np.testing.assert_allclose(similarities[one["row"]], np.sort(similarities)[::-1][:6], rtol=0, atol=1e-15)
    assert found[:3].tobytes() == some_lists(embeddings, rows[:3], depth=6, block=1).tobytes()


def test_the_best_may_all_stand_in_one_lane() -> None:
    depth, lanes = 2, 16
    embeddings = random_embeddings(400, seed=3, dimensions=200)
    alike = [5, 5 + lanes, 5 + 2 * lanes, 5 + 3 * lanes]
    embeddings[alike] = unit(embeddings[0] + 0.01 * random_embeddings(4, seed=4, dimensions=200))
    np.testing.assert_array_equal(lists_of(embeddings, depth=depth)["row"], oracle(embeddings, depth))


@given(SIZES, DEPTHS, BLOCKS, SEEDS)
def test_a_row_is_never_its_own_neighbour(num_pictures: int, depth: int, block: int, seed: int) -> None:
    lists = lists_of(embeddings_with_copies(num_pictures, seed=seed), depth=depth, block=block)["row"]
    assert lists.shape == (num_pictures, min(depth, num_pictures - 1))
    assert not (lists == np.arange(num_pictures)[:, None]).any()
    assert all(len(set(row)) == len(row) for row in lists.tolist())


@given(SIZES, DEPTHS, SEEDS, st.sampled_from([random_embeddings, embeddings_with_copies, near_ties]))
def test_similarities_fall_and_are_cosines(num_pictures: int, depth: int, seed: int, make) -> None:
    embeddings = make(num_pictures, seed=seed)
    lists = lists_of(embeddings, depth=depth)
    assert (np.diff(lists["similarity"], axis=1) <= 0).all()
    assert (np.abs(lists["similarity"]) <= 1).all()
    exact = np.einsum("nkd,nd->nk", embeddings[lists["row"]].astype(np.float64), embeddings)
    np.testing.assert_allclose(lists["similarity"], exact, atol=1e-6)


@given(SIZES, SEEDS, st.sampled_from([random_embeddings, embeddings_with_copies, near_ties]))
def test_a_list_of_three_is_the_beginning_of_a_list_of_five(num_pictures: int, seed: int, make) -> None:
    embeddings = make(num_pictures, seed=seed)
    three, five = (lists_of(embeddings, depth=depth) for depth in (3, 5))
    np.testing.assert_array_equal(three, five[:, :3])


@given(SIZES, DEPTHS, BLOCKS, BLOCKS, SEEDS, st.sampled_from([random_embeddings, embeddings_with_copies, near_ties]))
def test_the_block_size_does_not_matter(n: int, depth: int, block: int, other: int, seed: int, make) -> None:
    embeddings = make(n, seed=seed)
    one, two = (lists_of(embeddings, depth=depth, block=size) for size in (block, other))
    np.testing.assert_array_equal(one, two)


@given(SIZES, DEPTHS, SEEDS, st.sampled_from([random_embeddings, near_ties]))
def test_shuffled_pictures_have_shuffled_lists(num_pictures: int, depth: int, seed: int, make) -> None:
    embeddings = make(num_pictures, seed=seed)  # without copies, whose order is by row and so must change
    shuffle = np.random.default_rng(seed).permutation(num_pictures)
    before, after = (lists_of(rows, depth=depth) for rows in (embeddings, embeddings[shuffle]))
    np.testing.assert_array_equal(shuffle[after["row"]], before["row"][shuffle])
    np.testing.assert_array_equal(after["similarity"], before["similarity"][shuffle])


@given(SIZES, SEEDS, st.sampled_from([random_embeddings, embeddings_with_copies, near_ties]))
def test_a_query_gives_the_same_order_and_similarities_as_the_list(num_pictures: int, seed: int, make) -> None:
    embeddings = make(num_pictures, seed=seed)
    lists = lists_of(embeddings, depth=num_pictures)
    for row, vector in enumerate(embeddings):
        found = most_similar(embeddings, vector, count=num_pictures)
        np.testing.assert_array_equal(found[found["row"] != row], lists[row])


@given(SIZES, SEEDS)
def test_a_query_with_the_vector_of_a_row_finds_the_row_first(num_pictures: int, seed: int) -> None:
    embeddings = random_embeddings(num_pictures, seed=seed)
    for row, vector in enumerate(embeddings):
        (first,) = most_similar(embeddings, vector, count=1)
        assert first["row"] == row
        assert first["similarity"] >= 0.999999


def test_a_query_may_ask_for_more_than_there_is() -> None:
    assert most_similar(random_embeddings(3, seed=0), np.eye(8, dtype=np.float32)[0], count=9).shape == (3,)


def test_one_picture_has_an_empty_list() -> None:
    assert lists_of(random_embeddings(1, seed=0), depth=5).shape == (1, 0)


def test_two_pictures_have_each_other() -> None:
    assert lists_of(random_embeddings(2, seed=0), depth=5)["row"].tolist() == [[1], [0]]


@given(st.integers(1, 40), DEPTHS, BLOCKS, st.sampled_from([3, 256, 3072, 4097, 8193]))
def test_identical_pictures_are_listed_by_row_at_similarity_one(n: int, depth: int, block: int, width: int) -> None:
    embeddings = np.repeat(random_embeddings(1, seed=7, dimensions=width), n, axis=0)
    lists = lists_of(embeddings, depth=depth, block=block)
    expected = [[other for other in range(n) if other != row][:depth] for row in range(n)]
    assert lists["row"].tolist() == expected
    np.testing.assert_allclose(lists["similarity"], 1.0, atol=1e-6)


def test_opposite_pictures_come_last_at_minus_one() -> None:
    embeddings = unit(np.array([[1, 1e-4], [-1, 0], [1, 0], [0, 1]]))
    (first, *_) = lists_of(embeddings, depth=9)
    assert first["row"].tolist() == [2, 3, 1]
    assert first["similarity"][-1] == pytest.approx(-1, abs=1e-6)


def test_exact_ties_of_known_vectors_are_by_row() -> None:
    half = np.float32(0.5**0.5)
    embeddings = np.array([[1, 0], [0, 1], [half, half], [0, 1], [0, -1], [half, half]], np.float32)
    assert lists_of(embeddings, depth=9)["row"][0].tolist() == [2, 5, 1, 3, 4]


@given(SIZES, BLOCKS, SEEDS)
def test_blocks_of_similarities_make_up_the_matrix(num_pictures: int, block: int, seed: int) -> None:
    embeddings = embeddings_with_copies(num_pictures, seed=seed)
    matrix = np.full((num_pictures, num_pictures), np.nan, np.float32)
    for rows, similarities in similarity_blocks(embeddings, block=block):
        matrix[rows] = similarities
    exact = embeddings.astype(np.float64)
    np.testing.assert_allclose(matrix, exact @ exact.T, atol=1e-6)
    assert np.abs(matrix).max() <= 1


def test_thousands_of_copies_stand_in_the_order_of_their_rows() -> None:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(6000, 16)).astype(np.float32)
    embeddings[::2] = embeddings[0]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    lists = np.concatenate(list(sorted_lists(embeddings, depth=20, block=2048, progress=False)))
    expected = np.arange(0, 42, 2)
    for row in (0, 2, 40, 5998):
        np.testing.assert_array_equal(lists[row]["row"], expected[expected != row][:20])
        np.testing.assert_allclose(lists[row]["similarity"], 1.0, atol=1e-6)


@pytest.mark.parametrize("dimensions", [1, 7, 256, 768, 4096])
def test_a_cosine_depends_on_its_two_embeddings_alone(dimensions: int) -> None:
    """Whatever stands beside them: alone, in batches of many sizes, backwards, in a view, and the other way round."""
    generator = np.random.default_rng(dimensions)
    embeddings = random_embeddings(131, seed=1, dimensions=dimensions)
    wider = np.hstack([random_embeddings(131, seed=2, dimensions=3), embeddings])[:, 3:]  # rows begin anywhere
    vector, rows = embeddings[0], np.arange(131)
    alone = np.concatenate([cosines(embeddings, rows[row : row + 1], vector) for row in rows])
    for size in (2, 3, 5, 16, 33, 64, 131):
        some = generator.permutation(131)[:size]
        np.testing.assert_array_equal(cosines(embeddings, some, vector), alone[some])
        np.testing.assert_array_equal(cosines(wider, some[::-1], wider[0]), alone[some[::-1]])
    repeated = generator.integers(131, size=2 * 65536 // dimensions + 17)  # more than are multiplied at once
    np.testing.assert_array_equal(cosines(embeddings, repeated, vector), alone[repeated])
    turned = np.concatenate([cosines(embeddings, rows[:1], embeddings[row]) for row in rows])
    np.testing.assert_array_equal(turned, alone)
    exact = embeddings.astype(np.longdouble) @ vector.astype(np.longdouble)
    np.testing.assert_allclose(alone, exact.astype(np.float64), rtol=0, atol=2e-15)


@given(SIZES, DEPTHS, SEEDS, st.sampled_from([random_embeddings, embeddings_with_copies, near_ties]))
def test_two_pictures_are_as_similar_from_either_side(num_pictures: int, depth: int, seed: int, make) -> None:
    lists = lists_of(make(num_pictures, seed=seed), depth=depth)
    matrix = np.full((num_pictures, num_pictures), np.nan, np.float32)
    np.put_along_axis(matrix, lists["row"].astype(np.int64), lists["similarity"], axis=1)
    both = ~np.isnan(matrix) & ~np.isnan(matrix.T)
    np.testing.assert_array_equal(matrix[both], matrix.T[both])


def test_more_copies_than_a_list_is_long_crowd_no_list() -> None:
    """Copies beyond the first depth + 1 are in no list, not even in those of copies."""
    embeddings = random_embeddings(300, seed=5)
    embeddings[40:290] = embeddings[10]
    np.testing.assert_array_equal(lists_of(embeddings, depth=7, block=64)["row"], oracle(embeddings, 7))
