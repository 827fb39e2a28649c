"""FasterPAM: K-medoids by swapping a medoid for a better picture until no swap helps.

The search reads a matrix of the distances d from all N candidates to M judging pictures. With near(o) and
second(o) the distances of judge o to its two nearest medoids, swapping medoid i for candidate x changes the
summed distance by

    sum over all o of                min(d(x, o) - near(o), 0)
    + sum over the o nearest to i of min(max(d(x, o) - near(o), 0), second(o) - near(o))

The first sum is the same for all i: that is what FastPAM saves over PAM. Here both are taken for a block of
candidates in a few numpy passes, the sums by i as one product with a 0/1 matrix, and the best swap of a
block is made at once ("eagerly") before the next block is looked at.

References
----------
E. Schubert, L. Lenssen: Fast and eager k-medoids clustering: O(k) runtime improvement of the PAM, CLARA, and
CLARANS algorithms. Information Systems 101, 2021, doi:10.1016/j.is.2021.101804.
A. de Mathelin et al.: OneBatchPAM: A Fast and Frugal K-Medoids Algorithm, 2025, arXiv:2501.19285 (M < N).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.groups.distances import FARTHEST, check_medoids

# A block holds this many distances: few while swaps are frequent, as each swap makes the rest of its block's
# work stale; more while none is found. Measured 2026-11: 4,738 x 1,000 and 4,738 x 4,738, K = 19 and 100.
# Larger than the fastest on an idle machine, since every block is a call of a threaded BLAS, and such a call
# is 10 times as slow or worse when another process has one of the cores.
_SMALLEST_BLOCK = 2**18
_LARGEST_BLOCK = 2**20
_FEWEST_CANDIDATES = 32
_LEAST_GAIN = 1e-7  # of the loss: below it lies the rounding noise of float32 sums


class _Served(NamedTuple):
    """K medoids and how they serve the M judges."""

    medoids: NDArray[np.int64]  # (K,) rows
    distances: NDArray[np.float32]  # (K, M)
    nearest: NDArray[np.int64]  # (M,) position of the nearest medoid in `medoids`
    near: NDArray[np.float32]  # (M,) distance to it
    second: NDArray[np.float32]  # (M,) distance to the second nearest; 2 when K = 1
    owners: NDArray[np.float32]  # (M, K) 1 where the medoid is the nearest one, else 0
    loss: float  # sum of near


def fasterpam(
    distances: NDArray[np.float32], medoids: NDArray[np.int64], *, progress: bool = False
) -> NDArray[np.int64]:
    """Improve medoids by swaps until no single swap lowers the loss.

    "Lowers" means by more than 1e-7 of the loss, which is the rounding noise of float32 sums; every
    swap made lowers the loss as summed in float64, so the search ends, and ends no higher than it started.

    Parameters
    ----------
    distances : (N, M) float32
        Distances from N candidates to M judging pictures, [0, 2], larger is less alike. The whole matrix
        (M = N) gives FasterPAM, a random batch of columns gives OneBatchPAM.
    medoids : (K,) int64
        The start: K different rows, 1 <= K <= N.
    progress : bool
        Show a count of the swaps on stderr.

    Returns
    -------
    (K,) int64
        Different rows; position i holds what the swaps have made of `medoids[i]`.

    Raises
    ------
    ValueError
        If `distances` isn't float32 of two dimensions within [0, 2], or `medoids` aren't different rows.

    Examples
    --------
    >>> places = np.float32([0.0, 0.1, 0.2, 1.0, 1.1, 1.2])
    >>> fasterpam(abs(places[:, None] - places), np.array([0, 2])).tolist()
    [4, 1]
    """
    if distances.ndim != 2 or distances.dtype != np.float32 or 0 in distances.shape:
        raise ValueError(f"distances must be float32 (N, M), not {distances.dtype} {distances.shape}.")
    if not (distances.min() >= 0.0 and distances.max() <= FARTHEST):  # NaN is neither
        raise ValueError(
            f"distances must be from 0 to 2; got {float(distances.min())!r} to {float(distances.max())!r}."
        )
    check_medoids(medoids, len(distances))
    return search_swaps(distances, medoids, progress=progress)


def search_swaps(distances: NDArray[np.float32], medoids: NDArray[np.int64], *, progress: bool) -> NDArray[np.int64]:
    """Do what `fasterpam` does, for arguments that are known to be right."""
    num_candidates, num_judges = distances.shape
    smallest = max(_SMALLEST_BLOCK // num_judges, _FEWEST_CANDIDATES)
    largest = max(_LARGEST_BLOCK // num_judges, _FEWEST_CANDIDATES)
    served = _serve(distances, medoids)
    start, unimproved, block = 0, 0, largest
    with tqdm(desc="swaps", unit="", leave=False, disable=not progress) as bar:
        while unimproved < num_candidates:
            candidates = distances[start : start + block]
            swapped = _best_swap(distances, served, rows=range(start, start + len(candidates)))
            start = (start + len(candidates)) % num_candidates
            if swapped is None:
                unimproved, block = unimproved + len(candidates), min(2 * block, largest)
            else:
                served, unimproved, block = swapped, 0, smallest
                bar.update()
    return served.medoids


def add_greedily(distances: NDArray[np.float32], medoids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add the picture that lowers the loss most, as PAM's BUILD does.

    Parameters
    ----------
    distances : (N, M) float32
        Distances from N candidates to M judging pictures, [0, 2].
    medoids : (K,) int64
        Different rows, 0 <= K < N.

    Returns
    -------
    (K + 1,) int64
        `medoids` and, last, the added row: of equally good ones the smallest that isn't a medoid yet.
    """
    near = distances[medoids].min(axis=0, initial=FARTHEST)  # (M,)
    losses = np.empty(len(distances), dtype=np.float32)
    block = max(_SMALLEST_BLOCK // len(near), 1)
    for start in range(0, len(distances), block):
        np.minimum(distances[start : start + block], near).sum(axis=1, out=losses[start : start + block])
    losses[medoids] = np.inf
    return np.append(medoids, losses.argmin())


def _serve(distances: NDArray[np.float32], medoids: NDArray[np.int64]) -> _Served:
    """Work out how these medoids serve the judges."""
    medoid_distances = distances[medoids]  # (K, M)
    return _complete(medoids, medoid_distances, medoid_distances.argmin(axis=0))


def _best_swap(distances: NDArray[np.float32], served: _Served, *, rows: range) -> _Served | None:
    """Make the best swap with a candidate in `rows`; None if it doesn't lower the loss."""
    excess = distances[rows.start : rows.stop] - served.near  # (B, M)
    nearer = np.minimum(excess, 0.0)
    np.maximum(excess, 0.0, out=excess)
    np.minimum(excess, served.second - served.near, out=excess)
    changes = excess @ served.owners  # (B, K)
    changes += nearer.sum(axis=1, keepdims=True)
    candidate, medoid = divmod(int(changes.argmin()), changes.shape[1])
    if -changes[candidate, medoid] <= _LEAST_GAIN * served.loss:
        return None
    swapped = _swap(distances, served, candidate=rows[candidate], medoid=medoid)
    return swapped if swapped.loss < served.loss else None


def _swap(distances: NDArray[np.float32], served: _Served, *, candidate: int, medoid: int) -> _Served:
    """Put row `candidate` into position `medoid`, looking at all medoids only for those who lost theirs."""
    medoids, medoid_distances = served.medoids.copy(), served.distances.copy()
    medoids[medoid], medoid_distances[medoid] = candidate, distances[candidate]
    nearest = np.where(medoid_distances[medoid] < served.near, medoid, served.nearest)
    bereft = served.nearest == medoid
    nearest[bereft] = medoid_distances[:, bereft].argmin(axis=0)
    return _complete(medoids, medoid_distances, nearest)


def _complete(medoids: NDArray[np.int64], medoid_distances: NDArray[np.float32], nearest: NDArray[np.int64]) -> _Served:
    """Derive from the nearest medoids all that the search keeps at hand."""
    judges = np.arange(len(nearest))
    near = medoid_distances[nearest, judges]
    others = medoid_distances.copy()
    others[nearest, judges] = FARTHEST
    owners = np.zeros((len(nearest), len(medoids)), dtype=np.float32)
    owners[judges, nearest] = 1.0
    loss = float(near.sum(dtype=np.float64))
    return _Served(medoids, medoid_distances, nearest, near, others.min(axis=0), owners, loss)
