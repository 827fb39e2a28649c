"""Finds the pairs that may be copies, in the sorted lists, and compares their pixels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline.duplicates.agreement import glance, is_darker, look_closely
from pipeline.duplicates.threshold import agreement_if_similar
from pipeline.duplicates.turning import turned
from pipeline.pixels import Pictures
from pipeline.workers import in_order

Rows = NDArray[np.int64]

_BACK = {1: 3, 3: 1}  # the turns that are not their own way back
_BITS = 32  # of the number of a content
_BLOCK, _CLOSE = 64, 16  # pairs that are compared at once: more no longer fit the processor's cache


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures: rows (M,) each; similarity (M,), NaN where one is turned; the turn (M,) of the second one."""

    first: Rows
    second: Rows
    similarities: NDArray[np.float32]
    turns: Rows

    def __getitem__(self, which: NDArray[np.integer] | slice) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.first[which], self.second[which], self.similarities[which], self.turns[which])


def candidates(
    neighbours: NDArray[np.void], lists: Mapping[int, NDArray[np.integer]], *, rows: Rows, ranks: Rows, depth: int
) -> Pairs:
    """Return the pairs that stand high in a list, each once a turn and of each content one: its first row.

    Of a pair the first is the one whose content has the smaller number, so that renaming doesn't turn it round.

    Parameters
    ----------
    neighbours
        (N, k) of (row, similarity): the sorted lists of the pictures.
    lists
        (U, d) what looks like each content after a turn, by the turn: numbers of contents; -1 is none.
    rows
        (U,) the first row that holds each content.
    ranks
        (N,) the number of each row's content.
    depth
        How many of each list of neighbours are taken, copies of the same content not counted.
    """
    pairs, similarities = _from_lists(neighbours, ranks, depth)
    parts, turns = [(pairs, similarities)], [np.zeros(len(pairs), np.int64)]
    for turn, after in lists.items():
        pairs = _from_turned(after)
        for either in {turn, _BACK.get(turn, turn)}:
            parts.append((pairs, np.full(len(pairs), np.nan, np.float32)))
            turns.append(np.full(len(pairs), either))
    pairs, similarities = (np.concatenate(both) for both in zip(*parts, strict=True))
    return Pairs(rows[pairs[:, 0]], rows[pairs[:, 1]], similarities, np.concatenate(turns))


def nearest_that_differ(pairs: Pairs, agreements: NDArray[np.float32], *, agreement: float) -> NDArray[np.float32]:
    """Return each picture's similarity to its nearest neighbour of those whose pixels differ; (M,), M <= N.

    Pairs differ if their pixels agree by less than what would be enough for a pair that the encoder is sure of.
    """
    differ = (agreements < agreement_if_similar(agreement)) & (pairs.turns == 0)
    nearest = np.full(1 + max(pairs.first.max(initial=0), pairs.second.max(initial=0)), -np.inf, np.float32)
    for rows in (pairs.first, pairs.second):
        np.maximum.at(nearest, rows[differ], pairs.similarities[differ])
    return nearest[np.isfinite(nearest)]


def compare(pictures: Pictures, small: NDArray[np.uint8], pairs: Pairs, *, progress: bool) -> NDArray[np.float32]:
    """Return the agreement of each pair's pixels, (M,) in [0, 1].

    Parameters
    ----------
    pictures
        uint8 (N, 256, 256, 3), RGB.
    small
        Their thumbnails, as `thumbnails` makes them: only pairs that agree in these are looked at closely.
    pairs
        What to compare.
    progress
        Whether to show a progress bar on stderr.
    """

    def work(start: int) -> NDArray[np.float32]:
        return _compare(pictures, small, pairs, slice(start, start + _BLOCK))

    starts = range(0, len(pairs.first), _BLOCK)
    with threadpool_limits(1, user_api="blas"):
        found = tqdm(in_order(work, starts), "compare", len(starts), unit=" blocks", disable=not progress)
        return np.concatenate([np.empty(0, np.float32), *found])


def _compare(pictures: Pictures, small: NDArray[np.uint8], pairs: Pairs, part: slice) -> NDArray[np.float32]:
    """Return the agreement of some pairs: a glance at all, a closer look at those that are like each other."""
    first, second, turns = pairs.first[part], pairs.second[part], pairs.turns[part]
    darker = is_darker(small[first], small[second])
    close, warps = glance(*_ordered(small[first], _after(small[second], turns), darker))
    agreements = np.zeros(len(first), np.float32)
    for start in range(0, len(close), _CLOSE):
        some = close[start : start + _CLOSE]
        both = pictures[first[some]], _after(pictures[second[some]], turns[some])
        agreements[some] = look_closely(*_ordered(*both, darker[some]), warps[start : start + _CLOSE])
    return agreements


def _ordered(
    firsts: NDArray[np.uint8], seconds: NDArray[np.uint8], darker: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the brighter and the darker ones of pairs of pictures (M, S, S, 3)."""
    swapped = darker[:, None, None, None]
    return np.where(swapped, seconds, firsts), np.where(swapped, firsts, seconds)


def _after(pictures: NDArray[np.uint8], turns: Rows) -> NDArray[np.uint8]:
    """Return pictures (M, S, S, 3), each after its turn."""
    changed = pictures.copy()
    for turn in np.unique(turns[turns > 0]).tolist():
        changed[turns == turn] = turned(pictures[turns == turn], turn)
    return changed


def _from_lists(lists: NDArray[np.void], ranks: Rows, depth: int) -> tuple[Rows, NDArray[np.float32]]:
    """Return the pairs (M, 2) of a list's content and its first `depth` other contents, and their similarities."""
    owners, others = ranks[:, None], ranks[lists["row"]]  # (N, 1), (N, k)
    order = np.argsort(others, axis=1, kind="stable")
    ordered = np.take_along_axis(others, order, axis=1)
    fresh = np.ones(others.shape, bool)
    np.put_along_axis(fresh, order[:, 1:], ordered[:, 1:] != ordered[:, :-1], axis=1)
    fresh &= others != owners
    fresh &= np.cumsum(fresh, axis=1) <= depth
    owner, place = np.nonzero(fresh)
    similarities = lists["similarity"][owner, place].astype(np.float32)
    keys = _keys(ranks[owner], others[owner, place])
    order = np.lexsort((-similarities, keys))
    keys, first = np.unique(keys[order], return_index=True)
    return _pairs(keys), similarities[order][first]


def _from_turned(lists: NDArray[np.integer]) -> Rows:
    """Return the pairs (M, 2) of each content and those in its list (U, d)."""
    owner, place = np.nonzero(lists >= 0)
    return _pairs(np.unique(_keys(owner, lists[owner, place].astype(np.int64))))


def _keys(first: Rows, second: Rows) -> Rows:
    """Return one number for each pair, whichever is first."""
    keys: Rows = np.minimum(first, second) << _BITS | np.maximum(first, second)
    return keys


def _pairs(keys: Rows) -> Rows:
    return np.stack([keys >> _BITS, keys & ((1 << _BITS) - 1)], axis=1)
