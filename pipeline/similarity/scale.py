"""Owns the question what a similarity means among the pictures of a folder: the scale that every answer is set beside.

A cosine has no meaning by itself: it depends on the encoder and on what else the folder holds. So it is set beside the
similarities of the folder's nearest neighbours, copies left out, and of random pairs, each kept as 101 quantiles.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float32]  # (P,), cosines in [-1, 1]

PAIRS = 20_000  # random pairs that the scale is taken of
STEPS = 100  # between the quantiles of a scale
_UNLIKE = 1.0  # percentile of nearest neighbours; below it nothing looks like a picture
_APART = 75  # percentile of random pairs; a typical nearest neighbour must lie above it for kinds to be told
_ROUNDING = 1e-6  # of two sums of the same products in another order: the same pair must not be above itself


@dataclass(frozen=True)
class Scale:
    """What a similarity means in a folder: 101 rising quantiles each, or none of a folder that has no pairs.

    nearest  of each picture's similarity to its nearest that is no copy
    random   of the similarities of random pairs
    """

    nearest: tuple[float, ...]
    random: tuple[float, ...]

    def percentile_nearest(self, similarity: float) -> float | None:
        """Return the percentage of nearest neighbours that are less similar, in [0, 100]; None without any."""
        return _percentile(similarity, self.nearest)

    def percentile_random(self, similarity: float) -> float | None:
        """Return the percentage of random pairs that are less similar, in [0, 100]; None without any."""
        return _percentile(similarity, self.random)

    @property
    def kind_from(self) -> float | None:
        """From which similarity on two pictures are called of the same kind; None where the folder can't tell.

        Halfway between a typical random pair and a typical nearest neighbour. By measurement on labelled folders
        (benchmarks/kinds.py); a folder can't tell where nearest neighbours are hardly more alike than random pairs.
        """
        if not self.nearest or not self.random or self.nearest[STEPS // 2] <= self.random[_APART] + _ROUNDING:
            return None
        return (self.nearest[STEPS // 2] + self.random[STEPS // 2]) / 2

    def same_kind(self, similarity: float) -> bool | None:
        """Return whether two pictures are of the same kind; None where the folder can't tell."""
        return None if self.kind_from is None else similarity >= self.kind_from

    def nothing_alike(self, best: float | None) -> bool | None:
        """Return whether nothing looks like a picture: its best is less similar than 99 % of nearest neighbours."""
        percentile = None if best is None else self.percentile_nearest(best)
        return None if percentile is None else percentile < _UNLIKE


def quantiles(similarities: Similarities) -> list[float]:
    """Return the 101 quantiles of similarities, rising; of none, none."""
    if not len(similarities):
        return []
    return [float(value) for value in np.quantile(similarities, np.linspace(0, 1, STEPS + 1))]


def _percentile(similarity: float, steps: tuple[float, ...]) -> float | None:
    """Return where a similarity lies among quantiles, in percent; ties count half."""
    if not steps:
        return None
    low, high = bisect_left(steps, similarity), bisect_right(steps, similarity)
    if low < high:
        return (low + high - 1) / 2
    if low in (0, len(steps)):
        return 0.0 if low == 0 else 100.0
    return low - 1 + (similarity - steps[low - 1]) / (steps[low] - steps[low - 1])


def random_pairs(embeddings: NDArray[np.float32], *, count: int, seed: int) -> Similarities:
    """Return the similarities of random pairs of two different rows: (count,), or none of fewer than two rows.

    `embeddings` is float32 (N, D), of unit length.
    """
    if len(embeddings) < 2:
        return np.empty(0, np.float32)
    generator = np.random.default_rng(seed)
    first = generator.integers(0, len(embeddings), count)
    second = (first + generator.integers(1, len(embeddings), count)) % len(embeddings)
    pairs = [np.einsum("nd,nd->n", embeddings[a], embeddings[b]) for a, b in _blocks(first, second)]
    similarities: Similarities = np.clip(np.concatenate(pairs), -1, 1)
    return similarities


def _blocks(first: NDArray[np.int64], second: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    return [(first[start : start + 1000], second[start : start + 1000]) for start in range(0, len(first), 1000)]
