"""K-medoids for one K or for every K of a range, with our own engine.

The sweep asks "how good is the best grouping with K groups" for every K on a random batch of judging
pictures, each K starting where the last one ended; `group` then polishes the medoids of the chosen K with
more judges. Losses are always those over all pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.groups.assignment import Grouping, assign, score
from pipeline.groups.distances import (
    check_embeddings,
    check_medoids,
    cosine_distances,
    count_distinct,
    sample_columns,
)
from pipeline.groups.swaps import add_greedily, search_swaps


@dataclass(frozen=True)
class Sweep:
    """Medoids and their quality for every K of a range.

    Attributes
    ----------
    ks : (n,) int64
        Numbers of groups, rising by 1.
    losses : (n,) float64
        Mean cosine distance of all pictures to their nearest medoid, [0, 2], larger is worse.
    silhouettes : (n,) float64
        Mean medoid silhouette of all pictures, [0, 1], larger is better; 0 at K = 1.
    medoids : n arrays of (k,) int64
        The medoids of each K: a start for `group`.
    """

    ks: NDArray[np.int64]
    losses: NDArray[np.float64]
    silhouettes: NDArray[np.float64]
    medoids: tuple[NDArray[np.int64], ...]


def sweep(
    embeddings: NDArray[np.float32],
    *,
    k_minimum: int,
    k_maximum: int,
    sweep_columns: int,
    generator: np.random.Generator,
    progress: bool = False,
) -> Sweep:
    """Find medoids for every K from `k_minimum` to `k_maximum`.

    K goes no higher than the number of distinct pictures: with fewer than `k_minimum` of them, that number
    is the only K of the answer (so all-identical pictures and a single picture give K = 1).

    The first K starts greedily; each further K adds the greedily best picture to the medoids of the last
    one. Each is then improved by FasterPAM's swaps. Takes 4 N M bytes, M = min(N, `sweep_columns`).

    Parameters
    ----------
    embeddings : (N, D) float32
        Unit-length embeddings.
    k_minimum, k_maximum : int
        The range of K, 1 <= `k_minimum` <= `k_maximum`, both included.
    sweep_columns : int
        Largest number of pictures, drawn at random, that judge the medoids; at least the largest K. More
        is slower and finds better medoids.
    generator : numpy.random.Generator
        Draws the judging pictures, unless they are all.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    Sweep
        One entry for each K.

    Raises
    ------
    ValueError
        If the embeddings aren't of unit length, the range isn't one, or `sweep_columns` is below K.
    """
    check_embeddings(embeddings)
    if not 1 <= k_minimum <= k_maximum:
        raise ValueError(f"k_minimum and k_maximum must be 1 <= {k_minimum!r} <= {k_maximum!r}.")
    last = count_distinct(embeddings, at_most=k_maximum)
    distances = _judged_distances(embeddings, columns=sweep_columns, k=last, generator=generator)
    ks = np.arange(min(k_minimum, last), last + 1)
    found = _warm_started(distances, first=int(ks[0]))
    bar = tqdm(ks, desc="sweep over K", unit="K", disable=not progress)
    medoids = tuple(rows for _, rows in zip(bar, found, strict=False))  # `found` has no end of its own
    losses, silhouettes = score(embeddings, medoids)
    return Sweep(ks, losses, silhouettes, medoids)


def start_greedily(
    embeddings: NDArray[np.float32], *, k: int, columns: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Choose a start for `group`: K pictures, each the best addition to those before it (PAM's BUILD).

    Parameters
    ----------
    embeddings : (N, D) float32
        Unit-length embeddings.
    k : int
        Number of medoids, 1 <= k <= N; above the number of distinct pictures it is lowered to that.
    columns : int
        Largest number of pictures, drawn at random, that judge the medoids; at least k.
    generator : numpy.random.Generator
        Draws the judging pictures, unless they are all.

    Returns
    -------
    (k,) int64
        Different rows, in the order in which they were chosen.

    Raises
    ------
    ValueError
        If the embeddings aren't of unit length, or k or `columns` is out of range.
    """
    check_embeddings(embeddings)
    if not 1 <= k <= len(embeddings):
        raise ValueError(f"k must be from 1 to the number of pictures, {len(embeddings)}; got {k!r}.")
    k = count_distinct(embeddings, at_most=k)
    distances = _judged_distances(embeddings, columns=columns, k=k, generator=generator)
    return _build(distances, k=k)


def group(
    embeddings: NDArray[np.float32],
    *,
    medoids_start: NDArray[np.int64],
    restarts: int,
    columns: int,
    generator: np.random.Generator,
    progress: bool = False,
) -> Grouping:
    """Group pictures around the best medoids that FasterPAM reaches from a start and from random ones.

    With `columns` >= N this is FasterPAM on all pictures: no single swap of a medoid for a picture lowers
    the loss by more than 1e-7 of it. With less it is OneBatchPAM on one random batch of judges. The
    medoids with the smallest loss over all pictures win, the start itself being among them, so the answer
    is never worse than the start even where a batch has misled the swaps.
    Takes 4 N M bytes, M = min(N, `columns`): 4 GB for 100,000 pictures and 10,000 columns.

    Parameters
    ----------
    embeddings : (N, D) float32
        Unit-length embeddings.
    medoids_start : (K,) int64
        Different rows, 1 <= K <= N: from a sweep, from `start_greedily`, or drawn at random.
    restarts : int
        Number of further starts, drawn at random, at least 0. Each takes as long as the first; where swaps
        end depends on the start, and the best end wins (`benchmarks/groups.py` compares the two).
    columns : int
        Largest number of pictures, drawn at random, that judge the medoids; at least K.
    generator : numpy.random.Generator
        Draws the judging pictures, unless they are all, then the further starts.
    progress : bool
        Show a count of the swaps on stderr.

    Returns
    -------
    Grouping
        K groups.

    Raises
    ------
    ValueError
        If the embeddings aren't of unit length, the start isn't different rows, `restarts` is below 0, or
        `columns` is below K.
    """
    check_embeddings(embeddings)
    check_medoids(medoids_start, len(embeddings))
    if restarts < 0:
        raise ValueError(f"restarts must be at least 0; got {restarts!r}.")
    num_pictures, k = len(embeddings), len(medoids_start)
    distances = _judged_distances(embeddings, columns=columns, k=k, generator=generator)
    starts = [medoids_start.astype(np.int64)]
    starts += [generator.choice(num_pictures, size=k, replace=False) for _ in range(restarts)]
    ends = [search_swaps(distances, start, progress=progress) for start in starts]
    tried = [*ends, medoids_start]
    return assign(embeddings, tried[score(embeddings, tried)[0].argmin()])


def _judged_distances(
    embeddings: NDArray[np.float32], *, columns: int, k: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Compute the (N, M) distances to a random batch of judges, which must be enough for K medoids."""
    if columns < k:
        raise ValueError(f"columns must be at least the number of groups, {k}; got {columns!r}.")
    return cosine_distances(embeddings, sample_columns(len(embeddings), columns=columns, generator=generator))


def _build(distances: NDArray[np.float32], *, k: int) -> NDArray[np.int64]:
    """Choose k medoids greedily."""
    medoids = np.empty(0, dtype=np.int64)
    for _ in range(k):
        medoids = add_greedily(distances, medoids)
    return medoids


def _warm_started(distances: NDArray[np.float32], *, first: int) -> Iterator[NDArray[np.int64]]:
    """Yield medoids for K = `first` and each K after it, each found from the one before."""
    medoids = search_swaps(distances, _build(distances, k=first), progress=False)
    while True:
        yield medoids
        medoids = search_swaps(distances, add_greedily(distances, medoids), progress=False)
