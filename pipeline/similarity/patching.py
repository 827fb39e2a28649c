"""Patches sorted lists: what a folder's change leaves of them is kept, and only the rest is calculated.

A row that stays where it stood among the others keeps its place in every list, ties among copies too. A row that is
new, or has moved past others, is fresh: it is taken out of every list, and put in again by its cosine to each picture.
What a list doesn't hold is at best as similar as its last entry was; so a list is right as far as its last entry that
is left, and as far as what is fresh is more similar than that. Where this is too short, the list is made in full.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.similarity.lists import (
    ROUNDING,
    Candidates,
    Embeddings,
    Rows,
    candidates_of,
    cosines,
    lower_bounds,
    some_lists,
    sorted_lists,
    stored,
)

_NOTHING = -2.0  # less similar than anything can be

Lists = NDArray[np.void]
Flags = NDArray[np.bool_]


def patched_lists(
    embeddings: Embeddings, *, lists: Lists, now: Rows, depth: int, block: int, progress: bool
) -> Iterator[tuple[Lists, Flags]]:
    """Yield, block by block, the lists that `sorted_lists` yields, bit for bit, from those of the folder before.

    Parameters
    ----------
    embeddings
        (N, D) float32, unit length, finite: of the folder now.
    lists
        (M, k) of NEIGHBOUR, perhaps memory-mapped: of the folder before; k its depth then, or M - 1 if that is less.
    now
        (M,) where each earlier row stands now; -1 if it has gone. The embeddings of those that are left are the same.
    depth, block, progress
        As in `sorted_lists`; block x N similarities are held in memory, where so many rows are new.

    Yields
    ------
    neighbours, made
        (block, min(depth, N - 1)) of NEIGHBOUR; (block,) whether a list was made in full, the picture being new or the
        earlier list too short. All are, where more than half of the rows are new or every list is too short.
    """
    depth = min(depth, len(embeddings) - 1)
    change = _change(embeddings, lists, now, depth)
    if change is None:
        for found in sorted_lists(embeddings, depth=depth, block=block, progress=progress):
            yield found, np.ones(len(found), bool)
        return
    with tqdm(total=len(embeddings), desc="neighbours", unit=" pictures", disable=not progress) as bar:
        for start in range(0, len(embeddings), block):
            rows = np.arange(start, min(start + block, len(embeddings)))
            found = np.empty((len(rows), depth), lists.dtype)
            made = ~_patch(change, embeddings, rows, found)
            if made.any():
                found[made] = some_lists(embeddings, rows[made], depth=depth, block=block)
            yield found, made
            bar.update(len(rows))


@dataclass(frozen=True)
class _Change:
    """The lists of before, and what has become of their rows.

    before     (N,) where each row of now stood then; -1 if it is new
    kept       (M,) where each row of then stands now; -1 if it has gone or is fresh
    fresh      the rows that are new, or have moved past others
    is_whole   whether each list of before held all other pictures
    """

    lists: Lists
    before: Rows
    kept: Rows
    fresh: Candidates
    is_whole: bool


def _change(embeddings: Embeddings, lists: Lists, now: Rows, depth: int) -> _Change | None:
    """Return what has changed; None if patching would cost more than making all lists anew."""
    before = np.full(len(embeddings), -1, np.int64)
    before[now[now >= 0]] = np.flatnonzero(now >= 0)
    kept = np.where(_in_order(now), now, -1)
    is_fresh = np.ones(len(embeddings), bool)
    is_fresh[kept[kept >= 0]] = False
    is_whole = lists.shape[1] == len(lists) - 1
    if 2 * is_fresh.sum() > len(embeddings) or (lists.shape[1] < depth and not is_whole):
        return None
    return _Change(lists, before, kept, candidates_of(embeddings, np.flatnonzero(is_fresh), depth), is_whole)


def _in_order(now: Rows) -> Flags:
    """Return which of the rows (M,) that are left stand in their order of before: as many as can be.

    References
    ----------
    Fredman, On computing the length of longest increasing subsequences (1975), doi:10.1016/0012-365X(75)90103-X.
    """
    left = np.flatnonzero(now >= 0)
    if (np.diff(now[left]) > 0).all():
        return np.asarray(now >= 0)
    chosen = np.zeros(len(now), bool)
    ends: list[int] = []  # the least row of now that an increasing sequence of each length ends in
    last: list[int] = []  # the row of then that stands there
    earlier: dict[int, int] = {}  # what comes before a row in the longest sequence that ends in it
    for row, place in zip(left.tolist(), now[left].tolist(), strict=True):
        length = bisect_left(ends, place)
        ends[length : length + 1], last[length : length + 1] = [place], [row]
        earlier[row] = last[length - 1] if length else -1
    row = last[-1]
    while row >= 0:
        chosen[row] = True
        row = earlier[row]
    return chosen


def _patch(change: _Change, embeddings: Embeddings, rows: Rows, found: Lists) -> Flags:
    """Fill the lists (B, depth) of rows (B,) as far as can be told from those of before; return which are right."""
    depth = found.shape[1]
    stayed = np.flatnonzero(change.before[rows] >= 0)
    left, counts, floors = _left(change, rows[stayed], depth)
    found[stayed] = left[:, :depth]
    right = np.zeros(len(rows), bool)
    right[stayed] = counts >= depth
    if not depth or not len(change.fresh.rows):
        return right
    least = np.where(counts >= depth, left["similarity"][:, depth - 1], floors)
    near = _near(change.fresh, embeddings[rows[stayed]], rows[stayed], least, depth)  # (S, F)
    for one in np.flatnonzero(near.any(axis=1)).tolist():
        place, entries = stayed[one], left[one, : min(counts[one], depth)]
        fresh = change.fresh.rows[near[one]]
        merged, num_right = _merged(embeddings, embeddings[rows[place]], entries, fresh, floors[one])
        right[place] = num_right >= depth
        if right[place]:
            found[place] = merged[:depth]
    return right


def _left(change: _Change, rows: Rows, depth: int) -> tuple[Lists, Rows, NDArray[np.float32]]:
    """Return what is left of the lists of rows (S,) that stayed: (S, depth or more), by the rows of now, then nothing.

    With it come how many are left (S,), and what all that a list did not hold is at most as similar as (S,).
    """
    old = change.lists[change.before[rows]]  # (S, k)
    kept = change.kept[old["row"]]
    is_gone = kept < 0
    left = np.full((len(rows), max(depth, old.shape[1])), np.array((-1, _NOTHING), old.dtype))
    left["row"][:, : old.shape[1]], left["similarity"][:, : old.shape[1]] = kept, old["similarity"]
    if is_gone.any():
        left = np.take_along_axis(left, np.argsort(left["row"] < 0, axis=1, kind="stable"), axis=1)
    floors = np.full(len(rows), _NOTHING, np.float32) if change.is_whole else old["similarity"][:, -1]
    return left, old.shape[1] - is_gone.sum(axis=1), floors


def _near(fresh: Candidates, vectors: Embeddings, rows: Rows, least: NDArray[np.float32], depth: int) -> Flags:
    """Return which fresh rows may stand in the lists of rows (S,): those that may be as similar as `least` (S,)."""
    similarities = fresh.similarities(vectors, rows)  # (S, F)
    if similarities.shape[1] > depth:
        least = np.maximum(least, lower_bounds(similarities, depth))
    least = np.where(least > -1, least, np.float32(_NOTHING))  # -1 is stored of less, too, where lengths aren't quite 1
    near: Flags = similarities >= (least - np.float32(2 * ROUNDING))[:, None]
    return near


def _merged(
    embeddings: Embeddings, vector: NDArray[np.float32], entries: Lists, fresh: Rows, floor: float
) -> tuple[Lists, int]:
    """Return a list's entries and fresh rows (F,) in order, and how many of the first are certain to be right.

    Whatever is in neither is behind the last entry, and no more similar than `floor`.
    """
    rows = np.concatenate([entries["row"], fresh])
    values = np.concatenate([entries["similarity"], cosines(embeddings, fresh, vector)])
    similarities = stored(values)
    order = np.lexsort((rows, -similarities))
    is_tied = np.diff(similarities[order]) == 0
    if is_tied.any():  # what is stored can't tell these apart
        unsure = order[np.append(is_tied, False) | np.append(False, is_tied)]
        unsure = unsure[unsure < len(entries)]
        values[unsure] = cosines(embeddings, rows[unsure], vector)
        order = np.lexsort((rows, -values))
    merged = np.empty(len(rows), entries.dtype)
    merged["row"], merged["similarity"] = rows[order], similarities[order]
    behind = int(np.flatnonzero(order == len(entries) - 1)[0]) + 1 if len(entries) else 0
    return merged, max(behind, int((merged["similarity"] > floor).sum()))
