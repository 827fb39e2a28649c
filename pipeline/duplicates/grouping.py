"""Makes groups of pairs, and tells copies from pictures that only share a layout."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Rows = NDArray[np.int64]

_LAYOUT = 3  # others that a picture is perhaps a copy of, and then is none of any
_FEW = 0.03  # share of places that a second scan of a page differs at, at most
_FAR_FEWER = 2.0  # times as many places differ otherwise


def groups_of(count: int, pairs: Sequence[tuple[Rows, Rows]]) -> list[Rows]:
    """Return the rows of each group of pictures that pairs connect, ascending; groups in the order of their rows.

    Parameters
    ----------
    count
        Number of pictures.
    pairs
        Arrays of first and second rows, each (M,).
    """
    first, second = (np.concatenate(rows) for rows in zip(*pairs, strict=True))
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted((part for part in parts if len(part) > 1), key=lambda part: int(part[0]))


def without_layouts(count: int, sure: Rows, perhaps: Rows, shares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pairs of pictures that are perhaps copies remain, bool (M,): those of alike layouts don't.

    A copy with a watermark is perhaps a copy of one picture. A frame of a fixed camera or a form that was filled in is
    so of many, each of which differs elsewhere: these say of each other that such a difference is what tells pictures
    of this folder apart. Of them a pair remains only if it differs at far fewer places than either does from others.

    Parameters
    ----------
    count
        Number of pictures.
    sure, perhaps
        (S, 2) and (M, 2) rows of pairs; those that are surely copies count as one.
    shares
        (M,) share of the places that differ.
    """
    graph = coo_array((np.ones(len(sure), bool), (sure[:, 0], sure[:, 1])), shape=(count, count))
    ends = connected_components(graph, directed=False)[1][perhaps].astype(np.int64)  # (M, 2)
    kinds, which = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    least = np.full(len(kinds), np.inf, np.float32)
    np.minimum.at(least, which.ravel(), shares)
    remains = np.ones(len(kinds), bool)
    for number, (first, second) in enumerate(kinds.tolist()):
        beside = ((kinds == first) | (kinds == second)).any(axis=1)
        beside[number] = False
        others = max(int((kinds == end).any(axis=1).sum()) for end in (first, second))
        if others >= _LAYOUT:
            remains[number] = least[number] <= min(_FEW, least[beside].min(initial=np.inf) / _FAR_FEWER)
    return remains[which.ravel()]
