"""The adapter to pyclustering: what it returns, what it refuses, and what it leaves alone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.groups import (
    assign,
    cosine_distances,
    elbow_by_pyclustering,
    group,
    group_by_pyclustering,
    kmedoids_by_pyclustering,
)
from pipeline.groups import pyclustering_engine as engine


def clustered(num_clusters: int, *, size: int, spread: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows = np.repeat(np.eye(num_clusters), size, axis=0)
    rows = rows + spread * generator.normal(size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def all_distances(embeddings):
    return cosine_distances(embeddings, np.arange(len(embeddings))).astype(np.float64)


@pytest.mark.parametrize("seed", range(5))
def test_no_single_swap_improves_what_pyclustering_returns(seed):
    distances = all_distances(clustered(4, size=8, spread=0.4, seed=seed))
    start = np.random.default_rng(seed).choice(32, size=3, replace=False)
    medoids = kmedoids_by_pyclustering(distances, start)
    loss = distances[medoids].min(axis=0).sum()
    swaps = [[*np.delete(medoids, position), row] for position in range(3) for row in range(32)]
    assert loss <= distances[start].min(axis=0).sum()
    assert min(distances[swap].min(axis=0).sum() for swap in swaps) >= loss - 1e-4  # its tolerance


def test_a_start_that_is_the_best_already_is_not_made_worse():
    distances = all_distances(clustered(4, size=8, spread=0.4, seed=0))
    best = kmedoids_by_pyclustering(distances, np.array([0, 8, 16]))
    again = kmedoids_by_pyclustering(distances, best)
    assert distances[again].min(axis=0).sum() <= distances[best].min(axis=0).sum()


def test_both_engines_find_the_same_clear_clusters_from_the_same_start():
    embeddings = clustered(6, size=20, spread=0.08, seed=0)
    start = np.arange(6)
    theirs = group_by_pyclustering(embeddings, medoids_start=start)
    ours = group(embeddings, medoids_start=start, restarts=0, columns=120, generator=np.random.default_rng(0))
    assert ours.loss <= theirs.loss + 1e-6
    assert ours.groups.tolist() == theirs.groups.tolist()


def test_the_groups_are_those_of_its_medoids():
    embeddings = clustered(3, size=10, spread=0.3, seed=1)
    medoids = kmedoids_by_pyclustering(all_distances(embeddings), np.array([0, 1, 2]))
    grouping = group_by_pyclustering(embeddings, medoids_start=np.array([0, 1, 2]))
    assert grouping.groups.tolist() == assign(embeddings, medoids).groups.tolist()
    assert sorted(grouping.medoids.tolist()) == sorted(medoids.tolist())


def test_identical_pictures_give_one_group_whatever_was_asked():
    embeddings = np.tile(np.float32([0.6, 0.8]), (12, 1))
    grouping = group_by_pyclustering(embeddings, medoids_start=np.array([3, 5, 6]))
    assert len(grouping.medoids) == 1
    assert not grouping.groups.any()


@pytest.mark.parametrize("k", [1, 12])
def test_one_group_and_as_many_groups_as_pictures_are_possible(k):
    embeddings = clustered(3, size=4, spread=0.3, seed=0)
    assert len(group_by_pyclustering(embeddings, medoids_start=np.arange(k)).medoids) == k


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -0.1, 2.1])
def test_a_distance_that_would_crash_the_core_is_refused(bad):
    distances = all_distances(clustered(3, size=4, spread=0.3, seed=0))
    distances[2, 5] = bad
    with pytest.raises(ValueError, match="distances must be finite, from 0 to 2"):
        kmedoids_by_pyclustering(distances, np.array([0, 1]))


@pytest.mark.parametrize(
    ("start", "message"),
    [([0, 12], "from 0 to 11"), ([-1, 2], "from 0 to 11"), ([2, 2], "different rows"), ([], "non-empty")],
)
def test_a_start_that_would_crash_the_core_is_refused(start, message):
    distances = all_distances(clustered(3, size=4, spread=0.3, seed=0))
    with pytest.raises(ValueError, match=message):
        kmedoids_by_pyclustering(distances, np.array(start, dtype=np.int64))


def test_distances_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"distances must be float64 \(N, N\)"):
        kmedoids_by_pyclustering(np.zeros((4, 3)), np.array([0]))


def test_a_folder_too_large_for_it_is_sent_to_the_other_engine(monkeypatch):
    monkeypatch.setattr(engine, "MOST_PICTURES", 11)
    embeddings = clustered(3, size=4, spread=0.3, seed=0)
    for call in (
        lambda: group_by_pyclustering(embeddings, medoids_start=np.array([0])),
        lambda: kmedoids_by_pyclustering(all_distances(embeddings), np.array([0])),
        lambda: elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=5, seed=0),
    ):
        with pytest.raises(ValueError, match=r"at most 11 pictures.* got 12: use engine fasterpam"):
            call()


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 2])
def test_the_elbow_is_the_same_for_the_same_seed_also_for_zero(seed):
    embeddings = clustered(5, size=12, spread=0.2, seed=0)
    first, second = (elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=12, seed=seed) for _ in "ab")
    assert first[0] == second[0]
    assert first[1].tolist() == second[1].tolist()
    assert 3 <= first[0] <= 11
    assert len(first[1]) == 11
    assert (first[1] > 0.0).all()


def test_the_elbow_of_identical_pictures_is_a_number_in_range():
    embeddings = np.tile(np.float32([0.6, 0.8]), (12, 1))
    k, errors = elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=6, seed=0)
    assert 2 <= k <= 6
    assert errors == pytest.approx(np.zeros(5), abs=1e-9)


@pytest.mark.parametrize(("k_minimum", "k_maximum"), [(0, 5), (2, 3), (5, 2), (2, 13)])
def test_an_elbow_without_three_values_of_k_is_refused(k_minimum, k_maximum):
    with pytest.raises(ValueError, match="at least three K, from 1 to the number of pictures, 12"):
        elbow_by_pyclustering(
            clustered(3, size=4, spread=0.3, seed=0), k_minimum=k_minimum, k_maximum=k_maximum, seed=0
        )


@pytest.mark.parametrize("seed", [-1, 2**31 - 1])
def test_a_seed_that_the_core_would_not_take_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be from 0"):
        elbow_by_pyclustering(clustered(3, size=4, spread=0.3, seed=0), k_minimum=2, k_maximum=5, seed=seed)


def test_embeddings_with_nan_are_refused():
    embeddings = clustered(3, size=4, spread=0.3, seed=0)
    embeddings[4, 1] = np.nan
    with pytest.raises(ValueError, match="1 of 12 rows are not, the first is row 4"):
        group_by_pyclustering(embeddings, medoids_start=np.array([0]))
    with pytest.raises(ValueError, match="1 of 12 rows are not, the first is row 4"):
        elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=5, seed=0)


def test_the_global_randomness_is_left_as_it_was():
    python_state, numpy_state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    embeddings = clustered(3, size=4, spread=0.3, seed=0)
    elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=5, seed=0)
    group_by_pyclustering(embeddings, medoids_start=np.array([0, 1]))
    assert random.getstate() == python_state
    assert np.random.get_state()[1].tolist() == numpy_state  # noqa: NPY002


def test_the_room_imports_without_pyclustering_and_its_first_use_warns_of_nothing(tmp_path):
    program = (
        "import sys, numpy as np\n"
        "import pipeline.groups as room\n"
        "assert not any(name.startswith(('pyclustering', 'matplotlib')) for name in sys.modules)\n"
        "room.group_by_pyclustering(np.eye(4, dtype=np.float32), medoids_start=np.array([0, 1]))\n"
        "assert 'pyclustering' in sys.modules\n"
    )
    # an empty cache of compiled modules: Python warns only when it compiles
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONWARNINGS": "error"}
    root = Path(__file__).resolve().parents[1]
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
