"""Owns the question whether the similarity can be trusted: agreement with labels, beside simple baselines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 10  # neighbours that the measures look at
Labels = NDArray[np.int64]  # (N,), classes from 0


@dataclass(frozen=True)
class Agreement:
    """How well neighbours agree with labels; each in [0, 1], larger is better.

    top4        share of the 4 nearest others that have the picture's class, over all pictures
    top4_macro  the same for each class, averaged over classes: rare classes count as much as common ones
    top1        share of pictures whose nearest other has their class
    map_at_10   mean average precision at 10: the earlier the right ones stand, the better
    """

    top4: float
    top4_macro: float
    top1: float
    map_at_10: float


def agreement(neighbours: NDArray[np.integer], labels: Labels) -> Agreement:
    """Measure neighbour lists, leave-one-out.

    Parameters
    ----------
    neighbours
        (N, k) rows, the most similar first, the picture itself not among them; k = min(10, N - 1).
    labels
        (N,) classes. A picture that is alone in its class can't be right: it counts as 0.
    """
    right = labels[neighbours] == labels[:, None]  # (N, k)
    four = right[:, :4].mean(axis=1)
    sizes = np.bincount(labels)
    macro = np.bincount(labels, four, minlength=len(sizes))[sizes > 0] / sizes[sizes > 0]
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    possible = np.clip(sizes[labels] - 1, 1, right.shape[1])
    average_precision = (precision * right).sum(axis=1) / possible
    return Agreement(
        float(four.mean()), float(macro.mean()), float(right[:, 0].mean()), float(average_precision.mean())
    )


def chance(labels: Labels) -> Agreement:
    """Return what neighbours drawn at random would reach: the exact expectation."""
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    others = len(labels) - 1
    weights, share = sizes / len(labels), (sizes - 1) / others
    i = np.arange(1, min(DEPTH, others) + 1)
    again = (sizes - 2) / max(others - 1, 1)  # chance that an earlier one is right as well
    precision = share[:, None] * (1 + (i - 1) * np.maximum(again, 0)[:, None]) / i  # E[P@i and i right]
    average_precision = precision.sum(axis=1) / np.clip(sizes - 1, 1, len(i))
    top = float(weights @ share)
    return Agreement(top, float(share.mean()), top, float(weights @ average_precision))


def purity(groups: Labels, labels: Labels) -> float:
    """Return the share of pictures that have the commonest class of their group; in (0, 1]."""
    counts = np.zeros((groups.max() + 1, labels.max() + 1), np.int64)
    np.add.at(counts, (groups, labels), 1)
    return float(counts.max(axis=1).sum() / len(labels))


def adjusted_rand(groups: Labels, labels: Labels) -> float:
    """Return the adjusted Rand index of groups and labels: 1 is the same split, 0 is chance.

    References
    ----------
    Hubert and Arabie, "Comparing partitions", Journal of Classification 2 (1985), doi:10.1007/BF01908075.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(labels, groups))
