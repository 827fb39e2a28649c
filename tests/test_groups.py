"""K-medoids: the swaps, the groups and the choice of K, against brute force and other implementations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.groups import (
    assign,
    cosine_distances,
    fasterpam,
    group,
    k_by_both,
    k_by_elbow,
    k_by_silhouette,
    score,
    start_greedily,
    sweep,
)
from pipeline.groups.distances import count_distinct, sample_columns

SEEDS, UP_TO_40 = st.integers(0, 10**6), st.integers(1, 40)
ROUNDING = 1e-6  # FasterPAM stops at gains below 1e-7 of the loss; the rest is float32


def unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_embeddings(num_pictures: int, *, seed: int, dimensions: int = 6) -> NDArray[np.float32]:
    return unit(np.abs(np.random.default_rng(seed).normal(size=(num_pictures, dimensions))))


def clustered_embeddings(sizes: list[int], *, seed: int, spread: float = 0.05) -> NDArray[np.float32]:
    """Pictures around len(sizes) right-angled directions, cluster after cluster."""
    generator = np.random.default_rng(seed)
    centres = np.repeat(np.eye(len(sizes)), sizes, axis=0)
    return unit(centres + spread * generator.normal(size=centres.shape))


def all_distances(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    return cosine_distances(embeddings, np.arange(len(embeddings)))


def loss_of(distances: NDArray[np.floating], medoids: NDArray[np.int64] | Sequence[int]) -> float:
    return float(np.asarray(distances, dtype=np.float64)[list(medoids)].min(axis=0).sum())


def groups_are_well_formed(grouping, num_pictures: int) -> bool:
    k = len(grouping.medoids)
    sizes = np.bincount(grouping.groups, minlength=k)
    return (
        len(grouping.groups) == num_pictures
        and len(sizes) == k
        and bool((sizes > 0).all())
        and bool((np.diff(sizes) <= 0).all())
        and bool((grouping.groups[grouping.medoids] == np.arange(k)).all())
    )


# Distances


def test_distances_are_one_minus_the_dot_product_in_float64():
    embeddings = random_embeddings(30, seed=0)
    expected = 1.0 - embeddings.astype(np.float64) @ embeddings.T.astype(np.float64)
    assert np.allclose(all_distances(embeddings), expected, atol=1e-6)


def test_a_picture_is_at_distance_zero_from_itself_when_all_pictures_judge():
    assert not all_distances(random_embeddings(30, seed=0)).diagonal().any()


def test_a_judge_from_a_batch_does_not_judge_itself():
    columns = np.array([4, 7, 20])
    distances = cosine_distances(random_embeddings(30, seed=0), columns)
    assert distances.shape == (30, 3)
    assert (distances[columns, [0, 1, 2]] == 2.0).all()
    assert np.count_nonzero(distances == 2.0) == 3


def test_counting_distinct_pictures_stops_at_the_limit():
    embeddings = random_embeddings(9, seed=0)[[0, 1, 1, 2, 0, 3, 4, 4]]
    assert count_distinct(embeddings, at_most=100) == 5
    assert count_distinct(embeddings, at_most=3) == 3


def test_minus_zero_is_no_other_picture_than_zero():
    assert count_distinct(np.float32([[1.0, 0.0], [1.0, -0.0]]), at_most=2) == 1


def test_a_batch_is_sorted_without_repeats_and_draws_nothing_when_it_is_everything():
    generator = np.random.default_rng(1)
    columns = sample_columns(50, columns=20, generator=generator)
    assert len(columns) == 20
    assert (np.diff(columns) > 0).all()
    state = generator.bit_generator.state
    assert (sample_columns(50, columns=50, generator=generator) == np.arange(50)).all()
    assert generator.bit_generator.state == state


# FasterPAM


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_no_single_swap_improves_what_fasterpam_returns(k, seed):
    distances = all_distances(random_embeddings(40, seed=seed))
    start = np.random.default_rng(seed).choice(40, size=k, replace=False)
    medoids = fasterpam(distances, start)
    swaps = [
        [*np.delete(medoids, position), candidate]
        for position in range(k)
        for candidate in set(range(40)) - set(medoids.tolist())
    ]
    assert len(set(medoids.tolist())) == k
    assert min(loss_of(distances, swap) for swap in swaps) >= loss_of(distances, medoids) * (1 - ROUNDING)


@pytest.mark.parametrize("num_pictures", range(1, 9))
def test_the_best_of_all_starts_is_the_best_of_all_subsets(num_pictures):
    distances = all_distances(random_embeddings(num_pictures, seed=num_pictures))
    for k in range(1, num_pictures + 1):
        subsets = list(combinations(range(num_pictures), k))
        best = min(loss_of(distances, subset) for subset in subsets)
        reached = min(loss_of(distances, fasterpam(distances, np.array(subset))) for subset in subsets)
        assert reached == pytest.approx(best, rel=ROUNDING, abs=1e-6)


def test_one_medoid_is_the_picture_with_the_smallest_summed_distance():
    distances = all_distances(random_embeddings(60, seed=3))
    assert fasterpam(distances, np.array([17])).tolist() == [distances.astype(np.float64).sum(axis=1).argmin()]


def test_fasterpam_recovers_right_angled_clusters_from_a_start_within_one_of_them():
    embeddings = clustered_embeddings([30, 20, 10], seed=0)
    medoids = fasterpam(all_distances(embeddings), np.array([0, 1, 2]))
    assert sorted(np.searchsorted([30, 50, 60], medoids, side="right").tolist()) == [0, 1, 2]


@pytest.mark.parametrize("k", [2, 10, 40])
def test_the_loss_is_that_of_the_reference_implementation(k):
    kmedoids = pytest.importorskip("kmedoids", reason="the reference is GPL, so not a dependency")
    distances = all_distances(clustered_embeddings([30] * 10, seed=1, spread=0.3))
    ours, theirs = [], []
    for seed in range(5):
        start = np.random.default_rng(seed).choice(300, size=k, replace=False)
        ours.append(loss_of(distances, fasterpam(distances, start)))
        theirs.append(kmedoids.fasterpam(distances, start.astype(np.uint64)).loss)
    assert min(ours) == pytest.approx(min(theirs), rel=0.005)


@given(
    seed=SEEDS,
    num_pictures=st.integers(1, 60),
    num_judges=st.integers(1, 60),
    k=st.integers(1, 60),
    copies=st.booleans(),
)
@settings(max_examples=60)
def test_swaps_end_at_different_rows_and_never_above_the_start(seed, num_pictures, num_judges, k, copies):
    generator = np.random.default_rng(seed)
    embeddings = random_embeddings(num_pictures, seed=seed)
    if copies:
        embeddings = embeddings[generator.integers(0, num_pictures, size=num_pictures) // 3]
    columns = sample_columns(num_pictures, columns=num_judges, generator=generator)
    distances = cosine_distances(embeddings, columns)
    start = generator.choice(num_pictures, size=min(k, num_pictures), replace=False)
    medoids = fasterpam(distances, start)
    assert len(set(medoids.tolist())) == len(start)
    assert loss_of(distances, medoids) <= loss_of(distances, start)


def test_fasterpam_leaves_its_arguments_as_they_were():
    distances, start = all_distances(random_embeddings(30, seed=0)), np.array([0, 1, 2])
    before = distances.copy()
    fasterpam(distances, start)
    assert (distances == before).all()
    assert start.tolist() == [0, 1, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 2.1])
def test_fasterpam_refuses_distances_outside_their_range(bad):
    distances = all_distances(random_embeddings(10, seed=0))
    distances[3, 4] = bad
    with pytest.raises(ValueError, match="distances must be from 0 to 2"):
        fasterpam(distances, np.array([0, 1]))


def test_fasterpam_refuses_distances_of_another_type():
    with pytest.raises(ValueError, match=r"distances must be float32 \(N, M\)"):
        fasterpam(np.zeros((3, 3)), np.array([0]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("medoids", "message"),
    [
        ([], "non-empty 1-D array"),
        ([0.0, 1.0], "non-empty 1-D array"),
        ([[0, 1]], "non-empty 1-D array"),
        ([0, 10], "row numbers from 0 to 9; got 0 to 10"),
        ([-1, 3], "row numbers from 0 to 9; got -1 to 3"),
        ([3, 3], r"different rows; got \[3, 3\]"),
        (list(range(11)), "row numbers from 0 to 9"),
    ],
)
def test_medoids_that_are_not_different_rows_are_refused(medoids, message):
    embeddings = random_embeddings(10, seed=0)
    for call in (
        lambda rows: fasterpam(all_distances(embeddings), rows),
        lambda rows: assign(embeddings, rows),
        lambda rows: group(embeddings, medoids_start=rows, restarts=0, columns=10, generator=np.random.default_rng(0)),
    ):
        with pytest.raises(ValueError, match=message):
            call(np.array(medoids))


# Groups


def test_every_picture_is_in_the_group_of_its_nearest_medoid():
    embeddings = random_embeddings(50, seed=5)
    grouping = assign(embeddings, np.array([40, 3, 17]))
    distances = all_distances(embeddings)[grouping.medoids]
    assert (distances.argmin(axis=0) == grouping.groups).all()
    assert np.allclose(1.0 - grouping.similarities, distances.min(axis=0), atol=1e-6)
    assert grouping.loss == pytest.approx(float(distances.min(axis=0).mean()), abs=1e-6)


def test_groups_are_numbered_from_the_largest_and_equal_ones_by_their_medoid():
    embeddings = clustered_embeddings([4, 9, 4], seed=0)
    grouping = assign(embeddings, np.array([15, 1, 6]))
    assert grouping.medoids.tolist() == [6, 1, 15]
    assert np.bincount(grouping.groups).tolist() == [9, 4, 4]


def test_the_silhouette_is_one_minus_nearest_by_second_nearest():
    embeddings = np.float32([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6]])
    # rows 2 and 3 are at 0.2 from their medoid and at 0.4 from the other; the medoids at 0 from themselves
    grouping = assign(embeddings, np.array([0, 1]))
    assert grouping.silhouette == pytest.approx((1.0 + 1.0 + 0.5 + 0.5) / 4)
    assert grouping.loss == pytest.approx(0.1)


def test_a_picture_alone_in_its_group_has_silhouette_zero():
    embeddings = np.float32([[1, 0], [0, 1], [0.6, 0.8]])
    # row 0 is alone; row 1 is a medoid, 1; row 2 is at 0.2 from it and at 0.4 from row 0
    assert assign(embeddings, np.array([0, 1])).silhouette == pytest.approx((0.0 + 1.0 + 0.5) / 3)


@given(seed=SEEDS, num_pictures=UP_TO_40)
def test_as_many_groups_as_pictures_have_silhouette_zero(seed, num_pictures):
    embeddings = random_embeddings(num_pictures, seed=seed)
    assert assign(embeddings, np.arange(num_pictures)).silhouette == 0.0


@pytest.mark.parametrize(("sizes", "block"), [([14] * 3, 8192), ([14] * 3, 5), ([3, 2, 4, 3], 8192)])
def test_the_silhouette_finds_few_groups_among_few_pictures(monkeypatch, sizes, block):
    monkeypatch.setattr("pipeline.groups.assignment._BLOCK_ROWS", block)
    embeddings = clustered_embeddings(sizes, seed=0)
    count = len(embeddings)
    swept = sweep(embeddings, k_minimum=2, k_maximum=100, sweep_columns=100, generator=np.random.default_rng(0))
    assert swept.ks[-1] == count
    assert swept.silhouettes[-1] == 0.0
    assert k_by_silhouette(swept.ks, swept.silhouettes) == len(sizes)


def test_a_copy_of_a_medoid_that_is_a_medoid_too_keeps_its_own_group():
    embeddings = np.float32([[1, 0], [1, 0], [1, 0], [0, 1]])
    grouping = assign(embeddings, np.array([2, 0]))
    assert groups_are_well_formed(grouping, 4)
    assert grouping.medoids.tolist() == [0, 2]
    assert grouping.groups.tolist() == [0, 0, 1, 0]  # the copy at row 1 goes to the smaller row
    assert grouping.silhouette == 0.0


def test_one_group_has_silhouette_zero_and_holds_everything():
    grouping = assign(random_embeddings(20, seed=0), np.array([7]))
    assert not grouping.groups.any()
    assert grouping.silhouette == 0.0


def test_a_single_picture_is_its_own_group():
    grouping = assign(np.float32([[0.6, 0.8]]), np.array([0]))
    assert (grouping.medoids.tolist(), grouping.groups.tolist()) == ([0], [0])
    assert (grouping.similarities.tolist(), grouping.loss, grouping.silhouette) == ([1.0], 0.0, 0.0)


def test_losses_of_many_sets_are_those_of_each_set_over_several_blocks(monkeypatch):
    embeddings = random_embeddings(100, seed=2)
    sets = [np.array([5, 80]), np.array([80, 5, 33]), np.array([9])]
    monkeypatch.setattr("pipeline.groups.assignment._BLOCK_ROWS", 17)
    losses, silhouettes = score(embeddings, sets)
    ordered = [np.sort(all_distances(embeddings)[rows].astype(np.float64), axis=0) for rows in sets]
    assert losses == pytest.approx([rows[0].mean() for rows in ordered], abs=1e-6)
    expected = [(1 - rows[0] / rows[1]).mean() for rows in ordered[:2]]
    assert silhouettes == pytest.approx([*expected, 0.0], abs=1e-5)


@given(seed=SEEDS, num_pictures=UP_TO_40, k=UP_TO_40, few=UP_TO_40)
@settings(max_examples=60)
def test_groups_have_their_form_whatever_the_copies_and_the_order(seed, num_pictures, k, few):
    generator = np.random.default_rng(seed)
    embeddings = random_embeddings(few, seed=seed)[generator.integers(0, few, size=num_pictures)]
    medoids = generator.choice(num_pictures, size=min(k, num_pictures), replace=False)
    grouping = assign(embeddings, medoids)
    assert groups_are_well_formed(grouping, num_pictures)
    shuffle = generator.permutation(num_pictures)
    shuffled = assign(embeddings[shuffle], np.argsort(shuffle)[medoids])
    assert shuffled.loss == pytest.approx(grouping.loss, abs=1e-6)


# From embeddings to groups


@given(
    seed=SEEDS,
    num_pictures=st.integers(1, 80),
    k=st.integers(1, 9),
    columns=st.integers(9, 80),
)
@settings(max_examples=40)
def test_grouping_never_ends_above_its_start(seed, num_pictures, k, columns):
    embeddings = random_embeddings(num_pictures, seed=seed)
    generator = np.random.default_rng(seed)
    start = generator.choice(num_pictures, size=min(k, num_pictures), replace=False)
    grouping = group(embeddings, medoids_start=start, restarts=0, columns=columns, generator=generator)
    assert groups_are_well_formed(grouping, num_pictures)
    assert grouping.loss <= assign(embeddings, start).loss + 1e-7


def test_further_starts_never_make_the_groups_worse_and_sometimes_better():
    embeddings = random_embeddings(150, seed=26, dimensions=30)  # a seed whose start ends 0.7 % above the best
    start = np.arange(8)

    def loss(restarts):
        generator = np.random.default_rng(5)
        grouping = group(embeddings, medoids_start=start, restarts=restarts, columns=150, generator=generator)
        return grouping.loss

    losses = [loss(restarts) for restarts in (0, 1, 5, 20)]
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < losses[0]


def test_clear_clusters_become_the_groups_in_whatever_order_the_pictures_come():
    embeddings = clustered_embeddings([40, 30, 20, 10], seed=4)
    shuffle = np.random.default_rng(0).permutation(100)
    losses = []
    for order in (np.arange(100), shuffle):
        start = start_greedily(embeddings[order], k=4, columns=100, generator=np.random.default_rng(0))
        grouping = group(
            embeddings[order], medoids_start=start, restarts=0, columns=100, generator=np.random.default_rng(0)
        )
        assert (grouping.groups == np.searchsorted([40, 70, 90], order, side="right")).all()
        losses.append(grouping.loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_random_batch_of_judges_comes_near_to_all_of_them():
    embeddings = clustered_embeddings([100] * 12, seed=0, spread=0.25)
    start = np.arange(0, 1200, 100)
    generator = np.random.default_rng(0)
    whole = group(embeddings, medoids_start=start, restarts=0, columns=1200, generator=generator)
    batch = group(embeddings, medoids_start=start, restarts=0, columns=300, generator=generator)
    assert whole.loss <= batch.loss <= 1.05 * whole.loss


@pytest.mark.parametrize("columns", [60, 200])
def test_the_same_seed_gives_the_same_answer(columns):
    embeddings = random_embeddings(200, seed=0)

    def answer(seed):
        generator = np.random.default_rng(seed)
        swept = sweep(embeddings, k_minimum=2, k_maximum=8, sweep_columns=columns, generator=generator)
        grouping = group(embeddings, medoids_start=swept.medoids[3], restarts=0, columns=columns, generator=generator)
        return [rows.tolist() for rows in swept.medoids], swept.losses.tolist(), grouping.groups.tolist()

    assert answer(3) == answer(3)


def test_a_sweep_holds_the_loss_and_the_medoids_of_every_k():
    embeddings = random_embeddings(120, seed=1)
    swept = sweep(embeddings, k_minimum=3, k_maximum=12, sweep_columns=120, generator=np.random.default_rng(0))
    assert swept.ks.tolist() == list(range(3, 13))
    assert [len(rows) for rows in swept.medoids] == list(range(3, 13))
    for rows, loss, silhouette in zip(swept.medoids, swept.losses, swept.silhouettes, strict=True):
        grouping = assign(embeddings, rows)
        assert (grouping.loss, grouping.silhouette) == pytest.approx((loss, silhouette), abs=1e-6)
    assert (np.diff(swept.losses) < 0).all()  # each K starts with one more medoid than the last had


@pytest.mark.parametrize(
    ("distinct", "num_pictures", "ks"),
    [(1, 1, [1]), (2, 2, [2]), (1, 30, [1]), (4, 30, [2, 3, 4]), (40, 40, [2, 3, 4, 5, 6])],
)
def test_k_goes_no_higher_than_the_number_of_distinct_pictures(distinct, num_pictures, ks):
    embeddings = random_embeddings(distinct, seed=0)[np.arange(num_pictures) % distinct]
    generator = np.random.default_rng(0)
    swept = sweep(embeddings, k_minimum=2, k_maximum=6, sweep_columns=1000, generator=generator)
    assert swept.ks.tolist() == ks
    k = k_by_elbow(swept.ks, swept.losses)
    assert k in ks
    assert k_by_silhouette(swept.ks, swept.silhouettes) in ks
    start = swept.medoids[ks.index(k)]
    grouping = group(embeddings, medoids_start=start, restarts=0, columns=1000, generator=generator)
    assert groups_are_well_formed(grouping, num_pictures)
    if distinct == ks[-1]:
        assert swept.losses[-1] == pytest.approx(0.0, abs=1e-6)


def test_a_greedy_start_adds_the_best_picture_each_time():
    embeddings = random_embeddings(25, seed=8)
    distances = all_distances(embeddings)
    chosen = start_greedily(embeddings, k=4, columns=25, generator=np.random.default_rng(0)).tolist()
    for count in range(4):
        options = [loss_of(distances, [*chosen[:count], row]) for row in range(25)]
        assert options[chosen[count]] == pytest.approx(min(options), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_greedy_start_never_takes_a_row_twice_when_its_judges_see_no_gain(seed):
    rows = np.concatenate([np.arange(6), np.zeros(60, dtype=np.int64)])  # five odd pictures, 61 copies
    embeddings = random_embeddings(6, seed=0)[rows]
    chosen = start_greedily(embeddings, k=6, columns=6, generator=np.random.default_rng(seed))
    assert len(set(chosen.tolist())) == 6


def test_a_greedy_start_asks_for_no_more_medoids_than_distinct_pictures():
    embeddings = random_embeddings(3, seed=0)[np.arange(12) % 3]
    start = start_greedily(embeddings, k=7, columns=12, generator=np.random.default_rng(0))
    assert sorted((start % 3).tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows * np.float32(np.nan), "unit length; 10 of 10 rows are not, the first is row 0"),
        (lambda rows: rows * np.float32(np.inf), "unit length"),
        (lambda rows: rows * np.float32(0.0), "row 0 with length 0.0"),
        (lambda rows: rows * np.float32(1.1), "unit length"),
        (lambda rows: rows[0], "embeddings must be float32 of shape"),
        (lambda rows: rows[:0], "embeddings must be float32 of shape"),
        (lambda rows: rows.astype(np.float64), "embeddings must be float32 .* got float64"),
    ],
)
def test_bad_embeddings_are_refused_at_every_door(change, message):
    embeddings, generator = change(random_embeddings(10, seed=0)), np.random.default_rng(0)
    for call in (
        lambda: assign(embeddings, np.array([0])),
        lambda: sweep(embeddings, k_minimum=2, k_maximum=3, sweep_columns=10, generator=generator),
        lambda: group(embeddings, medoids_start=np.array([0]), restarts=0, columns=10, generator=generator),
        lambda: start_greedily(embeddings, k=2, columns=10, generator=generator),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(("k_minimum", "k_maximum"), [(0, 5), (6, 5), (-2, -1)])
def test_a_range_of_k_that_is_none_is_refused(k_minimum, k_maximum):
    with pytest.raises(ValueError, match="k_minimum and k_maximum must be"):
        sweep(
            random_embeddings(10, seed=0),
            k_minimum=k_minimum,
            k_maximum=k_maximum,
            sweep_columns=10,
            generator=np.random.default_rng(0),
        )


@pytest.mark.parametrize("k", [0, 11])
def test_a_start_with_more_medoids_than_pictures_or_none_is_refused(k):
    with pytest.raises(ValueError, match=f"k must be from 1 to the number of pictures, 10; got {k}"):
        start_greedily(random_embeddings(10, seed=0), k=k, columns=20, generator=np.random.default_rng(0))


def test_fewer_judges_than_groups_are_refused():
    embeddings, generator = random_embeddings(10, seed=0), np.random.default_rng(0)
    with pytest.raises(ValueError, match="columns must be at least the number of groups, 5; got 4"):
        group(embeddings, medoids_start=np.arange(5), restarts=0, columns=4, generator=generator)


def test_a_negative_number_of_restarts_is_refused():
    embeddings, generator = random_embeddings(10, seed=0), np.random.default_rng(0)
    with pytest.raises(ValueError, match="restarts must be at least 0; got -1"):
        group(embeddings, medoids_start=np.arange(5), restarts=-1, columns=10, generator=generator)


# The choice of K


def test_the_elbow_is_the_farthest_point_below_the_chord():
    assert k_by_elbow(np.arange(2, 8), np.array([10.0, 6.0, 3.0, 2.5, 2.2, 2.0])) == 4


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(0.0, 1e3), seed=st.integers(0, 1000))
def test_the_elbow_does_not_depend_on_the_units(scale, shift, seed):
    falls = np.random.default_rng(seed).dirichlet(np.ones(9))
    losses = 1.0 - np.cumsum(falls)
    ks = np.arange(2, 11)
    assert k_by_elbow(ks, losses) == k_by_elbow(ks, scale * losses + scale * shift)


@pytest.mark.parametrize("losses", [[0.0], [1.0, 0.5], [5.0, 4.0, 3.0, 2.0], [3.0, 3.0, 3.0], [5.0, 4.9, 4.5, 1.0]])
def test_without_an_elbow_the_smallest_k_is_chosen(losses):
    assert k_by_elbow(np.arange(2, 2 + len(losses)), np.array(losses)) == 2


def test_of_two_equal_silhouettes_the_smaller_k_is_chosen():
    assert k_by_silhouette(np.array([2, 3, 4, 5]), np.array([0.1, 0.7, 0.2, 0.7])) == 3


def test_both_criteria_find_clear_clusters():
    embeddings = clustered_embeddings([20] * 7, seed=0)
    swept = sweep(embeddings, k_minimum=2, k_maximum=30, sweep_columns=140, generator=np.random.default_rng(0))
    assert k_by_elbow(swept.ks, swept.losses) == 7
    assert k_by_silhouette(swept.ks, swept.silhouettes) == 7


@pytest.mark.parametrize(
    ("ks", "values", "message"),
    [
        ([2, 3], [0.1], "of one length"),
        ([], [], "of one length"),
        ([3, 2], [0.1, 0.2], "ks must rise"),
        ([2, 3], [0.1, np.nan], "must be finite"),
    ],
)
def test_the_choice_of_k_refuses_what_is_no_sweep(ks, values, message):
    for choose in (k_by_elbow, k_by_silhouette):
        with pytest.raises(ValueError, match=message):
            choose(np.array(ks), np.array(values))


def test_by_both_the_silhouette_decides_and_only_up_to_the_elbow() -> None:
    ks = np.arange(2, 10)
    losses = np.array([1.0, 0.8, 0.6, 0.4, 0.38, 0.36, 0.34, 0.32])  # the elbow is at 5
    silhouettes = np.array([0.1, 0.5, 0.4, 0.3, 0.6, 0.7, 0.8, 0.9])
    assert k_by_both(ks, losses, silhouettes, num_pictures=1000) == 3
    assert k_by_both(ks, losses, np.sort(silhouettes), num_pictures=1000) == 5


def test_of_many_k_that_are_nearly_as_good_the_middle_is_taken_and_a_trifle_changes_little() -> None:
    ks = np.arange(2, 19)
    losses = np.append(np.linspace(1, 0.2, 16), 0.19)  # the elbow is at 17
    silhouettes = np.where(ks < 9, 0.45, 0.2)
    assert k_by_both(ks, losses, silhouettes, num_pictures=1000) == 5  # of 2 to 8
    for lucky in range(2, 9):
        assert k_by_both(ks, losses, silhouettes + 0.005 * (ks == lucky), num_pictures=1000) in (4, 5, 6)
    assert k_by_both(ks, losses, np.where(ks == 9, 0.9, silhouettes), num_pictures=1000) == 9


def test_k_is_chosen_where_no_silhouette_tells() -> None:
    assert k_by_both(np.array([1]), np.array([0.0]), np.array([0.0]), num_pictures=1) == 1
    assert k_by_both(np.array([2, 3, 4]), np.array([1.0, 0.2, 0.0]), np.zeros(3), num_pictures=100) == 2


def test_there_are_no_more_groups_than_pictures_to_a_group() -> None:
    ks, losses = np.arange(3, 31), np.append(np.linspace(1, 0.2, 27), 0.19)  # the elbow is at 29
    silhouettes = ks / 100
    assert k_by_both(ks, losses, silhouettes, num_pictures=900) > 20
    assert k_by_both(ks, losses, silhouettes, num_pictures=100) <= 10
    assert k_by_both(ks, losses, silhouettes, num_pictures=4) == 3  # the smallest that was tried
