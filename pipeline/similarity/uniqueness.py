"""Owns uniqueness: how far each picture is from its nearest that is no copy of it.

Copies are left out by their group, so that neither two identical odd twins nor a burst of three hide each other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
_ALMOST_NOTHING = 1e-10  # so that copies of one place have a density

Among = Callable[[Rows, Rows], NDArray[np.void]]


@dataclass(frozen=True)
class Scores:
    """How unusual each picture is, four ways; in all, larger is more unusual.

    Attributes
    ----------
    distances
        (N,) cosine distance to the nearest picture that is no copy, in [0, 2]; NaN if there is none.
    euclidean
        (N,) Euclidean distance of the unit embeddings, in [0, 2]: the root of twice the cosine distance.
    mean_distances
        (N,) mean cosine distance to the nearest k that are no copies.
    outlier_factors
        (N,) local outlier factor over the same k; about 1 inside a crowd.
    nearest
        (N,) row of the nearest picture that is no copy; -1 if there is none.
    """

    distances: Floats
    euclidean: Floats
    mean_distances: Floats
    outlier_factors: Floats
    nearest: Rows

    def ranked(self) -> Rows:
        """Return the rows from the most unusual on; ties by row, pictures without any other last."""
        distances = np.where(np.isnan(self.distances), -1, self.distances)
        return np.argsort(-distances, kind="stable")


def ranking(scores: Scores, groups: Rows) -> tuple[Rows, Rows]:
    """Return the rows from the most unusual on, and the rank of each from 1: (N,) both.

    Copies, which have the same number in `groups` (N,), share a rank: they stand behind the most unusual of them.
    """
    order = scores.ranked()
    _, first, inverse = np.unique(groups[order], return_index=True, return_inverse=True)
    leaders = first[inverse]  # (N,) the place in the order of the first of each picture's copies
    together = np.argsort(leaders, kind="stable")
    return order[together], 1 + np.unique(leaders[together], return_inverse=True)[1]


def fence(distances: Floats) -> float:
    """Return the distance (M,) beyond which a picture stands out, inf of none: the reach of a box plot's upper whisker.

    References
    ----------
    Tukey, Exploratory Data Analysis (1977): the third quartile and one and a half times the distance of the quartiles.
    """
    if not len(distances):
        return float("inf")
    low, high = np.percentile(distances.astype(np.float64), [25, 75])
    return float(high + 1.5 * (high - low))


def others(neighbours: NDArray[np.void], groups: Rows, *, count: int, among: Among) -> tuple[Rows, Floats]:
    """Return each picture's nearest pictures that are no copies of it.

    Parameters
    ----------
    neighbours
        (N, k) of (row, similarity): the sorted lists.
    groups
        (N,) from 0 to N - 1; pictures with the same number are copies of each other.
    count
        How many are wanted, from 1.
    among
        Gives the lists of some rows (Q,) among other rows (C,), ascending: (Q, min(count, C)) of (row, similarity),
        where a row is one of the C. It is asked where copies fill a list.

    Returns
    -------
    rows, similarities
        (N, count) each, the most similar first. Where fewer are there, -1 and -inf follow.
    """
    rows = np.full((len(groups), count), -1, np.int64)
    similarities = np.full((len(groups), count), -np.inf, np.float32)
    wanted = np.minimum(count, len(groups) - np.bincount(groups)[groups])
    is_other = groups[neighbours["row"]] != groups[:, None]  # (N, k)
    places = np.cumsum(is_other, axis=1)
    owner, column = np.nonzero(is_other & (places <= count))
    place = places[owner, column] - 1
    rows[owner, place] = neighbours["row"][owner, column]
    similarities[owner, place] = neighbours["similarity"][owner, column]
    short = np.flatnonzero((rows >= 0).sum(axis=1) < wanted)
    for group in np.unique(groups[short]).tolist():
        members = short[groups[short] == group]
        found = among(members, np.flatnonzero(groups != group))
        rows[members, : found.shape[1]], similarities[members, : found.shape[1]] = found["row"], found["similarity"]
    return rows, similarities


def score(rows: Rows, similarities: Floats) -> Scores:
    """Return how unusual each picture is, from its nearest that are no copies, (N, k), as `others` gives them.

    References
    ----------
    Breunig, Kriegel, Ng and Sander, LOF: identifying density-based local outliers (2000),
    doi:10.1145/335191.335388.
    """
    there = rows >= 0
    distances = np.where(there, np.clip(1 - similarities, 0, 2), np.nan).astype(np.float32)  # (N, k)
    numbers = there.sum(axis=1)
    means = np.where(there, distances, 0).sum(axis=1) / np.where(numbers, numbers, np.nan)
    euclidean = np.sqrt(2 * distances)
    factors = _outlier_factors(rows, euclidean)
    return Scores(distances[:, 0], euclidean[:, 0], means.astype(np.float32), factors, rows[:, 0])


def _outlier_factors(rows: Rows, euclidean: Floats) -> Floats:
    """Return local outlier factors over as many neighbours as every picture has, as scikit-learn's; 1 if one has none.

    By hand: importing scikit-learn takes longer than all else that is done here.
    """
    depth = int((rows >= 0).sum(axis=1).min())
    if not depth:
        return np.ones(len(rows), np.float32)
    rows, distances = rows[:, :depth], euclidean[:, :depth].astype(np.float64)
    reached = np.maximum(distances, distances[rows, -1])  # by their own farthest neighbour
    densities = 1 / (reached.mean(axis=1) + _ALMOST_NOTHING)
    factors: Floats = (densities[rows] / densities[:, None]).mean(axis=1).astype(np.float32)
    return factors
