"""Owns the question whether the similarity can be trusted: agreement with labels, beside simple baselines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 10  # neighbours that the measures look at, but for those at R
_ASKED = 1000  # pictures of a class whose lists are read as far as the class is large, at most
Labels = NDArray[np.int64]  # (N,), classes from 0
Ask = Callable[[NDArray[np.int64], int], NDArray[np.integer]]  # rows (Q,), depth to lists (Q, min(depth, N - 1))


@dataclass(frozen=True)
class Agreement:
    """How well neighbours agree with labels; each in [0, 1], larger is better.

    What ends with `macro` is the mean of each class, averaged over classes: rare classes count as much as common ones.

    top4        share of the 4 nearest others that have the picture's class
    top1        share of pictures whose nearest other has their class: the precision at 1
    map_at_10   mean average precision at 10: the earlier the right ones stand, the better
    """

    top4: float
    top4_macro: float
    top1: float
    top1_macro: float
    map_at_10: float
    map_at_10_macro: float


@dataclass(frozen=True)
class AgreementAtR:
    """How well lists that are as long as the class has other pictures agree with labels; in [0, 1], larger is better.

    map_at_r    mean of the average precision over the R nearest, R the number of others in the picture's class: 1 only
                where all of them come first

    References
    ----------
    Musgrave, Belongie and Lim, "A metric learning reality check", ECCV 2020, doi:10.1007/978-3-030-58595-2_41.
    """

    map_at_r: float
    map_at_r_macro: float


@dataclass(frozen=True)
class Hubness:
    """How unevenly pictures stand in the lists of others, ten deep.

    skew            skewness of how often each picture is listed: 0 is even, 1 and more are hubs that crowd many lists
    never_listed    share of pictures that are in no list, which no query finds; in [0, 1]

    References
    ----------
    Radovanović, Nanopoulos and Ivanović, "Hubs in space: popular nearest neighbors in high-dimensional data",
    Journal of Machine Learning Research 11 (2010), jmlr.org/papers/v11/radovanovic10a.html.
    """

    skew: float
    never_listed: float


def agreement(neighbours: NDArray[np.integer], labels: Labels) -> Agreement:
    """Measure neighbour lists, leave-one-out.

    Parameters
    ----------
    neighbours
        (N, k) rows, the most similar first, the picture itself not among them; k = min(10, N - 1).
    labels
        (N,) classes. A picture that is alone in its class can't be right: it counts as 0, here and in all measures.
    """
    right = labels[neighbours] == labels[:, None]  # (N, k)
    possible = np.clip(np.bincount(labels)[labels] - 1, 1, right.shape[1])
    averages = _summed_precision(right) / possible
    top4, top1, map_at_10 = (_means(each, labels) for each in (right[:, :4].mean(axis=1), right[:, 0], averages))
    return Agreement(*top4, *top1, *map_at_10)


def agreement_at_r(ask: Ask, labels: Labels) -> AgreementAtR:
    """Measure lists that are as long as each class has other pictures.

    Lists are asked for class by class, for all of them would be N x N where there are few classes.

    Parameters
    ----------
    ask
        Returns the lists (Q, depth) of some rows (Q,), as `agreement` takes them.
    labels
        (N,) classes. Of a class of more than 1,000 pictures, 1,000 at even steps are asked, which stand for it.
    """
    sizes = np.bincount(labels)
    means = np.zeros(len(sizes))  # of classes
    for number in np.flatnonzero(sizes > 1):
        rows = np.flatnonzero(labels == number)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _ASKED)).astype(np.int64)]
        others = int(sizes[number]) - 1
        right = labels[ask(rows, others)] == number  # (Q, R)
        means[number] = (_summed_precision(right) / others).mean()
    return AgreementAtR(float(sizes @ means / len(labels)), float(means[sizes > 0].mean()))


def hubness(neighbours: NDArray[np.integer]) -> Hubness:
    """Measure how often each picture stands in the lists (N, k); where all stand in as many, the skew is 0."""
    counts = np.bincount(neighbours.ravel(), minlength=len(neighbours)).astype(np.float64)
    apart = counts - counts.mean()
    spread = float((apart**2).mean())
    skew = float((apart**3).mean()) / spread**1.5 if spread else 0.0
    return Hubness(skew, float((counts == 0).mean()))


def chance(labels: Labels) -> Agreement:
    """Return what neighbours drawn at random would reach: the exact expectation."""
    sizes, weights, share, again = _chances(labels)
    i = np.arange(1, min(DEPTH, len(labels) - 1) + 1)
    precision = share[:, None] * (1 + (i - 1) * again[:, None]) / i  # E[P@i and i right]
    averages = precision.sum(axis=1) / np.clip(sizes - 1, 1, len(i))
    top, top_macro = float(weights @ share), float(share.mean())
    return Agreement(top, top_macro, top, top_macro, float(weights @ averages), float(averages.mean()))


def chance_at_r(labels: Labels) -> AgreementAtR:
    """Return what lists drawn at random would reach at R: the exact expectation."""
    sizes, weights, share, again = _chances(labels)
    others = sizes - 1
    harmonic = np.append(0, np.cumsum(1 / np.arange(1, others.max() + 1)))[others]  # sum of 1 / i up to R
    averages = share * (harmonic + again * (others - harmonic)) / np.maximum(others, 1)
    return AgreementAtR(float(weights @ averages), float(averages.mean()))


def chance_of_hubs(count: int) -> Hubness:
    """Return the hubness of lists of `count` pictures that are drawn at random: that of a binomial distribution."""
    others = count - 1
    listed = min(DEPTH, others) / others
    spread = others * listed * (1 - listed)
    return Hubness((1 - 2 * listed) / spread**0.5 if spread else 0.0, (1 - listed) ** others)


def _summed_precision(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the precision at the place of each right one, summed: (Q, k) to (Q,)."""
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    summed: NDArray[np.float64] = (precision * right).sum(axis=1)
    return summed


def _means(values: NDArray[np.generic], labels: Labels) -> tuple[float, float]:
    """Return the mean of (N,) over pictures, and that of the classes' means."""
    sizes = np.bincount(labels)
    sums = np.bincount(labels, values, minlength=len(sizes))
    return float(sums.sum() / len(labels)), float((sums[sizes > 0] / sizes[sizes > 0]).mean())


def _chances(labels: Labels) -> tuple[Labels, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of each class its size, its share of all, and the chances that one drawn is of it, and then another."""
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    others = len(labels) - 1
    return sizes, sizes / len(labels), (sizes - 1) / others, np.maximum((sizes - 2) / max(others - 1, 1), 0)


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
