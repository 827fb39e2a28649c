"""Owns how much each kind of evidence counts in a folder, and which differences count: both from neighbours alone.

Different evidence errs differently. So where the nearest by colours, say, are often also the nearest by outlines and
by the network, colours can be trusted in this folder: the same product has the same package. Where they are hardly
ever the same, colours are of the background or the light. No label is asked.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from pipeline.vectors import unit

_NEAREST = 10  # of each picture that kinds of evidence are compared by
_PICTURES = 3_000  # that are compared, at most
_ROUNDS = 200  # of the fit of loadings, which settles within some tens
_LEAST = 1e-3  # loading; evidence that shares nothing with any other counts for hardly anything
_MUTUAL = 5  # pictures that are among each other's so many nearest are taken for the same kind of thing
_FEWEST = 200  # pairs of them, below which differences can't be told
_EVEN = 0.3  # share of an even spread in that of their differences, for there are few pairs and many numbers
_POWER = 0.25  # of the spread of differences; 0.5 makes all alike

Array = NDArray[np.float32]


def trust(evidence: Mapping[str, Array]) -> dict[str, float]:
    """Return how far each kind of evidence can be trusted in a folder: the best has 1, the others less, above 0.

    Parameters
    ----------
    evidence
        By name, float32 (N, D) of unit length, of the same N pictures.

    Notes
    -----
    Of each two kinds, how many of the ten nearest are the same, beyond chance, is taken for the product of what each
    finds of what is really alike: a factor model of one factor, fitted to all pairs by least squares in turn. With one
    or two kinds nothing can be told, and all have 1.

    References
    ----------
    Parisi, Strino, Nadler and Kluger, "Ranking and combining multiple predictors without labeled data", PNAS 2014,
    doi:10.1073/pnas.1219097111: accuracies from the agreement of predictors that err independently.
    """
    names = list(evidence)
    num_pictures = len(next(iter(evidence.values())))
    rows = np.arange(0, num_pictures, max(1, -(-num_pictures // _PICTURES)))
    if len(names) < 3 or len(rows) <= 2 * _NEAREST:
        return dict.fromkeys(names, 1.0)
    lists = [nearest(vectors[rows], _NEAREST) for vectors in evidence.values()]
    by_chance = _NEAREST**2 / (len(rows) - 1)
    shared = np.array([[_shared(a, b) - by_chance for b in lists] for a in lists])
    np.fill_diagonal(shared, 0)
    loadings = np.ones(len(names))
    for _ in range(_ROUNDS):
        for i in range(len(names)):
            others = np.delete(loadings, i)
            loadings[i] = max(_LEAST, float(shared[i] @ loadings) / float(others @ others))
    return {name: float(loading / loadings.max()) for name, loading in zip(names, loadings, strict=True)}


def evened(joined: Array) -> Array:
    """Return the matrix (P, P) that makes differences within pairs of mutual neighbours more even: joined @ matrix.

    Parameters
    ----------
    joined
        float32 (N, P). The identity is returned where there are fewer than 200 such pairs.

    Notes
    -----
    What differs between two pictures of the same thing says nothing, so it is made smaller where it is large: the
    covariance of the differences, shrunk towards an even one, to the power of -1/4.

    References
    ----------
    Bar-Hillel, Hertz, Shental and Weinshall, "Learning a Mahalanobis metric from equivalence constraints", JMLR 2005;
    here the equivalent pairs are mutual neighbours.
    """
    size = joined.shape[1]
    identity: Array = np.eye(size, dtype=np.float32)
    if len(joined) <= _MUTUAL:
        return identity
    found = nearest(joined, _MUTUAL)
    firsts = np.repeat(np.arange(len(found)), _MUTUAL)
    seconds = found.ravel()
    mutual = (found[seconds] == firsts[:, None]).any(axis=1) & (firsts < seconds)
    if int(mutual.sum()) < _FEWEST:
        return identity
    differences = joined[firsts[mutual]] - joined[seconds[mutual]]
    spread = (differences.T @ differences).astype(np.float64) / len(differences)
    if not np.trace(spread) > 0:
        return identity
    spread = (1 - _EVEN) * spread / np.trace(spread) * size + _EVEN * np.eye(size)
    values, directions = np.linalg.eigh(spread)
    matrix: Array = ((directions / values**_POWER) @ directions.T).astype(np.float32)
    return matrix


def nearest(vectors: Array, count: int) -> NDArray[np.int64]:
    """Return the rows of the most similar others of each of (N, D): (N, count)."""
    found = NearestNeighbors(n_neighbors=count, algorithm="brute", metric="sqeuclidean").fit(unit(vectors))
    rows: NDArray[np.int64] = found.kneighbors(return_distance=False)
    return rows


def _shared(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Return how many of each picture's nearest (N, k) are the same in both, on average."""
    return float((first[:, :, None] == second[:, None, :]).sum(axis=(1, 2)).mean())
