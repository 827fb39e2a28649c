"""System A's engine: K-medoids and elbow by pyclustering 0.10.1.2, behind checks for what crashes it.

The only importer of pyclustering. The library has been unsupported since 2021; what its adapter has to know
(each tried here, numpy 2.4, 2026-11):

- its C++ core reads outside its memory on a distance that is NaN or infinite and on a start row that
  doesn't exist: the process dies, or the answer is rubbish. All arguments are checked first;
- `kmeans_plusplus_initializer` fails on numpy >= 1.24, so starts are ours; `elbow` works, and always
  starts at random centres in the C++ core, whatever initializer it is given;
- `elbow` takes random state 0 for "use the clock";
- identical pictures give fewer medoids than asked for;
- `kmedoids` makes the best swap also when that one worsens the loss, stops after it and returns the worse
  medoids, so one more swap is asked for;
- importing it loads Matplotlib and compiles strings that Python warns of, so it's imported on first use.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.groups.assignment import Grouping, assign
from pipeline.groups.distances import FARTHEST, check_embeddings, check_medoids, cosine_distances

MOST_PICTURES = 6000  # N x N float64 twice (ours and the core's copy) are 0.6 GB, one K = 19 takes minutes


def group_by_pyclustering(embeddings: NDArray[np.float32], *, medoids_start: NDArray[np.int64]) -> Grouping:
    """Group pictures around the medoids that pyclustering's PAM reaches from a start.

    Parameters
    ----------
    embeddings : (N, D) float32
        Unit-length embeddings, N <= 6,000.
    medoids_start : (K,) int64
        Different rows, 1 <= K <= N.

    Returns
    -------
    Grouping
        K groups; fewer if there are fewer than K distinct pictures.

    Raises
    ------
    ValueError
        If the embeddings aren't of unit length, N is above 6,000, or the start isn't different rows.
    """
    check_embeddings(embeddings)
    _check_size(len(embeddings))
    distances = cosine_distances(embeddings, np.arange(len(embeddings))).astype(np.float64)
    return assign(embeddings, kmedoids_by_pyclustering(distances, medoids_start))


def kmedoids_by_pyclustering(distances: NDArray[np.float64], medoids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Improve medoids by pyclustering's PAM.

    It makes the best of all swaps, again and again, until one brings less than 0.0001 in summed distance:
    O(K N^2) a swap, where FasterPAM takes O(N^2). Its last swap is taken back where it worsened the loss.

    Parameters
    ----------
    distances : (N, N) float64
        Distances between all pictures, [0, 2], larger is less alike; N <= 6,000.
    medoids : (K,) int64
        The start: K different rows, 1 <= K <= N.

    Returns
    -------
    (K',) int64
        Different rows, K' <= K: pyclustering drops a medoid that no picture is nearest to.

    Raises
    ------
    ValueError
        If `distances` isn't square float64 within [0, 2], N is above 6,000, or `medoids` aren't different
        rows.
    """
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1] or distances.dtype != np.float64:
        raise ValueError(f"distances must be float64 (N, N), not {distances.dtype} {distances.shape}.")
    _check_size(len(distances))
    check_medoids(medoids, len(distances))
    if not (distances.min() >= 0.0 and distances.max() <= FARTHEST):  # NaN is neither
        raise ValueError("distances must be finite, from 0 to 2; others would crash pyclustering.")
    with _pyclustering():
        from pyclustering.cluster.kmedoids import kmedoids

        def improve(start: list[int], **options: int) -> list[int]:
            engine = kmedoids(distances, start, data_type="distance_matrix", **options)
            return list(engine.process().get_medoids())

        ended = improve(medoids.tolist())
        one_more = improve(ended[:], itermax=1)
    best = min(ended, one_more, key=lambda rows: float(distances[rows].min(axis=0).sum()))
    return np.array(best, dtype=np.int64)


def elbow_by_pyclustering(
    embeddings: NDArray[np.float32], *, k_minimum: int, k_maximum: int, seed: int
) -> tuple[int, NDArray[np.float64]]:
    """Choose K by pyclustering's elbow of K-means, as system A did.

    Every K is started afresh from random pictures, so the errors don't fall evenly, and another seed often
    gives another K.

    Parameters
    ----------
    embeddings : (N, D) float32
        Unit-length embeddings, N <= 6,000.
    k_minimum, k_maximum : int
        The range of K, both included: 1 <= `k_minimum`, `k_minimum` + 2 <= `k_maximum` <= N.
    seed : int
        Seed of the random starts, [0, 2**31 - 2].

    Returns
    -------
    k : int
        The chosen number of groups.
    errors : (n,) float64
        Summed squared Euclidean distance to the K-means centres for each K, larger is worse.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.
    """
    check_embeddings(embeddings)
    _check_size(len(embeddings))
    if not (k_minimum >= 1 and k_minimum + 2 <= k_maximum <= len(embeddings)):
        raise ValueError(
            f"pyclustering's elbow needs at least three K, from 1 to the number of pictures, "
            f"{len(embeddings)}; got {k_minimum!r} to {k_maximum!r}."
        )
    if not 0 <= seed <= 2**31 - 2:
        raise ValueError(f"seed must be from 0 to 2**31 - 2; got {seed!r}.")
    with _pyclustering():
        from pyclustering.cluster.center_initializer import random_center_initializer
        from pyclustering.cluster.elbow import elbow

        options: dict[str, Any] = {"initializer": random_center_initializer, "random_state": seed + 1}
        engine = elbow(embeddings.astype(np.float64), k_minimum, k_maximum, **options).process()
        return int(engine.get_amount()), np.array(engine.get_wce(), dtype=np.float64)


def _check_size(num_pictures: int) -> None:
    """Raise ValueError if there are too many pictures for this engine."""
    if num_pictures > MOST_PICTURES:
        raise ValueError(
            f"engine pyclustering takes at most {MOST_PICTURES} pictures, as it needs all pairwise distances "
            f"and hours; got {num_pictures}: use engine fasterpam."
        )


@contextmanager
def _pyclustering() -> Iterator[None]:
    """Let pyclustering be imported and run without a warning and without a trace in the global randomness.

    Its docstrings hold backslashes that Python warns of when it first compiles them (DeprecationWarning to
    3.11, SyntaxWarning from 3.12). Where its C++ core isn't available, its Python code seeds `random`.
    """
    state = random.getstate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            yield
        finally:
            random.setstate(state)
