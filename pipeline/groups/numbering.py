"""Groups that go on: a group that is there already keeps its number, whatever else has changed."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.groups.assignment import Grouping

Rows = NDArray[np.int64]


def renumbered(grouping: Grouping, earlier: Rows) -> Grouping:
    """Give each group the number of the earlier one that it shares most pictures with.

    Parameters
    ----------
    grouping
        K groups.
    earlier
        (N,) int64, the number that the group of each picture had before, from 0; -1 if it had none.

    Returns
    -------
    grouping
        The same groups. Those that share pictures take the number of each other, the largest share first, if it is
        below K; the rest take the numbers that are left, in their order.
    """
    k = len(grouping.medoids)
    pairs, shared = np.unique(np.stack([grouping.groups, earlier])[:, earlier >= 0], axis=1, return_counts=True)
    number, is_taken = np.full(k, -1, np.int64), np.zeros(k, bool)
    for place in np.argsort(-shared, kind="stable"):
        group, old = pairs[:, place]
        if old < k and number[group] < 0 and not is_taken[old]:
            number[group], is_taken[old] = old, True
    number[number < 0] = np.flatnonzero(~is_taken)
    return replace(grouping, medoids=grouping.medoids[np.argsort(number)], groups=number[grouping.groups])


def moved_medoids(medoids: Rows, groups: Rows, similarities: NDArray[np.floating], now: Rows) -> Rows:
    """Return where earlier medoids stand now; one that has gone gives way to what was most like it in its group.

    Parameters
    ----------
    medoids
        (K,) int64, rows of then.
    groups
        (M,) int64, the group of each picture of then, from 0.
    similarities
        (M,), of each to the medoid of its group.
    now
        (M,) int64, where each picture of then stands now; -1 if it has gone.

    Returns
    -------
    medoids
        At most K rows of now: a group whose pictures have all gone is none any more.
    """
    found = []
    for group, medoid in enumerate(medoids.tolist()):
        members = np.flatnonzero((groups == group) & (now >= 0))
        if now[medoid] >= 0:
            found.append(now[medoid])
        elif len(members):
            found.append(now[members[np.argmax(similarities[members])]])
    return np.array(found, np.int64)
