"""Owns a dictionary of words learnt from a folder: what patches of pixels and shapes of gradients have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from pipeline.vectors import unit

SAMPLES = 50  # of each picture that is drawn from
_PICTURES = 2_000  # that are drawn from, at most


@dataclass(frozen=True)
class Dictionary:
    """The words as filters of what is looked at: kernel (W, C, h, w) and bias (W, 1, 1), float32."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def drawn_from(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most 2,000 of the rows, at even steps."""
    return rows[:: -(-len(rows) // _PICTURES)]


def centres(samples: NDArray[np.float32], *, words: int, seed: int) -> NDArray[np.floating]:
    """Return the centres of clusters of samples (M, D) at unit length: (at most `words`, D)."""
    count = min(words, len(samples))
    means = MiniBatchKMeans(count, batch_size=4096, n_init=1, max_iter=10, init="random", random_state=seed)
    return unit(means.fit(samples).cluster_centers_)
