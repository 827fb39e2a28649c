"""Finds what looks like each picture once that is turned or mirrored, by coarse signatures: short lists of contents.

A list depends on the signatures alone, however it was found: products in float32 say what may stand in it, products in
float64, each of its two signatures alone, say what does. So a list of the last run goes on: what has come is put in,
and only where something has gone is it looked for again.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.duplicates.turning import LOOKED_FOR, signatures, turned

LOOKALIKE = np.dtype([("rank", "<i4"), ("likeness", "<f8")])
"""One entry of a list: the number of a content, and its likeness in [-1, 1]; -1 and 0 where fewer are alike."""

DEPTH = 4  # of a list
_LIKE = 0.6  # cropped by a tenth and turned, a copy is about 0.9
_ROUNDING = 5e-7  # of a product of unit vectors in float32
_BLOCK, _EXACT = 512, 1 << 14  # lists that are looked for at once, pairs whose likeness is
_LANES = 8 * DEPTH  # that columns are dealt out to; the largest of each bound what can stand in a list

Floats = NDArray[np.float32]
Ranks = NDArray[np.int64]
Lists = NDArray[np.void]


def no_lists(count: int) -> Lists:
    """Return empty lists of so many contents: (6, count, 4) of LOOKALIKE, one a turn of `LOOKED_FOR`."""
    lists = np.zeros((len(LOOKED_FOR), count, DEPTH), LOOKALIKE)
    lists["rank"] = -1
    return lists


def turned_lists(
    small: NDArray[np.uint8], known: Lists, *, is_new: NDArray[np.bool_], lost: NDArray[np.bool_]
) -> Lists:
    """Return what each picture looks like after each turn.

    Parameters
    ----------
    small
        uint8 (U, 32, 32, 3): thumbnails of distinct contents, in the order of these.
    known
        (6, U, 4) of LOOKALIKE: lists of the last run, in today's numbers.
    is_new
        (U,) which contents were not there in the last run.
    lost
        (6, U) which of the known lists lack something that has gone.

    Returns
    -------
    lists
        (6, U, 4) of LOOKALIKE: the most alike first, equal ones by number; nothing less alike than 0.6.
    """
    units = signatures(small)
    cells = units.reshape(len(units), 8, 8, 3)
    lists = known.copy()

    def work(number: int) -> None:
        queries = np.ascontiguousarray(turned(cells, LOOKED_FOR[number])).reshape(units.shape)
        _renew(lists[number], queries, units, np.flatnonzero(is_new | lost[number]), np.flatnonzero(is_new))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(work, range(len(LOOKED_FOR))))
    return lists


def _renew(lists: Lists, queries: Floats, units: Floats, again: Ranks, new: Ranks) -> None:
    """Bring lists (U, 4) up to date, in place: some are made again, into the others goes what is new."""
    for start in range(0, len(again), _BLOCK):
        some = again[start : start + _BLOCK]
        lists[some] = _made(queries, units, some)
    others = np.setdiff1d(np.arange(len(lists)), again)
    for start in range(0, len(others) if len(new) else 0, _BLOCK):
        some = others[start : start + _BLOCK]
        least = np.maximum(lists["likeness"][some, -1], _LIKE).astype(np.float32) - 2 * _ROUNDING
        places, columns = np.nonzero(queries[some] @ units[new].T >= least[:, None])
        entered = np.unique(places)
        if len(entered):
            grown = some[entered]
            own = lists["rank"][grown]
            owners, kept = np.nonzero(own >= 0)
            lists[grown] = _sorted(
                queries,
                units,
                grown,
                np.concatenate([owners, np.searchsorted(entered, places)]),
                np.concatenate([own[owners, kept].astype(np.int64), new[columns]]),
            )


def _made(queries: Floats, units: Floats, ranks: Ranks) -> Lists:
    """Return the lists of some contents (B,), from all: (B, 4)."""
    products = queries[ranks] @ units.T  # (B, U)
    products[np.arange(len(ranks)), ranks] = -np.inf
    least = np.maximum(_lower_bounds(products), np.float32(_LIKE)) - 2 * _ROUNDING
    return _sorted(queries, units, ranks, *np.nonzero(products >= least[:, None]))


def _lower_bounds(products: Floats) -> Floats:
    """Return, for each row (B, U), a number that at least 4 of its products reach; -inf where there are no 4."""
    width = products.shape[1] // _LANES
    if width > 1:
        products = products[:, : width * _LANES].reshape(len(products), width, _LANES).max(axis=1)
    if products.shape[1] < DEPTH:
        return np.full(len(products), -np.inf, np.float32)
    bounds: Floats = np.partition(products, -DEPTH, axis=1)[:, -DEPTH]
    return bounds


def _sorted(queries: Floats, units: Floats, ranks: Ranks, owners: Ranks, others: Ranks) -> Lists:
    """Return the lists of contents (B,) out of candidates: places of their owners in these, and numbers, (C,) each."""
    likenesses = np.empty(len(owners))
    for start in range(0, len(owners), _EXACT):
        part = slice(start, start + _EXACT)
        pairs = queries[ranks[owners[part]]].astype(np.float64) * units[others[part]]
        likenesses[part] = pairs.sum(axis=1)  # each row by itself, so that a pair has one likeness in any list
    enough = likenesses >= _LIKE
    owners, others, likenesses = owners[enough], others[enough], likenesses[enough]
    order = np.lexsort((others, -likenesses, owners))
    owners, others, likenesses = owners[order], others[order], likenesses[order]
    place = np.arange(len(owners)) - np.searchsorted(owners, owners)
    first = place < DEPTH
    lists: Lists = no_lists(len(ranks))[0]
    lists["rank"][owners[first], place[first]] = others[first]
    lists["likeness"][owners[first], place[first]] = likenesses[first]
    return lists
