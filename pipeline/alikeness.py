"""Owns the question whether two pictures are alike enough: what a similarity means among the pictures of a folder.

A cosine has no meaning by itself: it depends on the encoder and on what else the folder holds. So it is set beside the
similarities of random pairs, of nearest neighbours, and of two light views of one picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float32]  # (P,), cosines in [-1, 1]

PAIRS = 20_000  # random pairs that a threshold and percentiles are taken of
_STRANGERS, _SAME = 99, 5  # percentiles of random pairs and of light views that the threshold lies between


@dataclass(frozen=True)
class Threshold:
    """From which similarity on two pictures are called alike, and what it was chosen from.

    value      halfway between the next two; `same` without the first
    strangers  what 99 % of random pairs stay below; None of a folder of one picture, which has no pairs
    same       what 95 % of two light views of one picture reach
    """

    value: float
    strangers: float | None
    same: float

    @property
    def separates(self) -> bool:
        """Whether light views and random pairs lie apart: else the verdict is a guess."""
        return self.strangers is not None and self.same > self.strangers


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


def percentile(similarity: float, similarities: Similarities) -> float | None:
    """Return the percentage of similarities that lie below one, in [0, 100]; ties count half, of none it is None."""
    if not len(similarities):
        return None
    below, at = np.mean(similarities < similarity), np.mean(similarities == similarity)
    return float(100 * (below + at / 2))


def choose_threshold(strangers: Similarities, same: Similarities) -> Threshold:
    """Choose a threshold halfway between what 99 % of random pairs stay below and what 95 % of light views reach.

    Of a folder of one picture there are no random pairs: then what light views reach is all that is known.
    """
    high = float(np.percentile(same, _SAME))
    if not len(strangers):
        return Threshold(high, None, high)
    low = float(np.percentile(strangers, _STRANGERS))
    return Threshold((low + high) / 2, low, high)
