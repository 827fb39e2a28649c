"""What is known of pictures and pairs from the last run, by their contents: what a pair is depends on nothing else.

Contents are numbered in the order of their digests, and of a pair the first is the one of the smaller number. So a
picture that is renamed, or others that come and go beside it, change nothing of what was found of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.answers import Answers
from pipeline.duplicates.agreement import thumbnails
from pipeline.duplicates.detail import Detail
from pipeline.duplicates.lookalikes import Lists, no_lists
from pipeline.duplicates.places import Places

AGREED = np.dtype([("first", "<i4"), ("second", "<i4"), ("turn", "<i4"), ("agreement", "<f4")])
"""How well the pixels of a pair agree: the numbers of two contents, the turn of the second one, and the agreement."""

_TURNS = 8

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Distinct:
    """The distinct contents of a folder.

    contents  S (U,), ascending
    rows      (U,) the first row that holds each
    ranks     (N,) the number of each picture's content
    """

    contents: NDArray[np.bytes_]
    rows: Rows
    ranks: Rows


@dataclass(frozen=True)
class Tables:
    """What is known of contents S (U,), ascending: thumbnails (U, 32, 32, 3), turned lists (6, U, 4), pairs (P,)."""

    contents: NDArray[np.bytes_]
    thumbnails: NDArray[np.uint8]
    lists: Lists
    agreed: NDArray[np.void]


@dataclass(frozen=True)
class Carried:
    """Tables in the numbers of today's contents.

    tables  of today's contents; what isn't known is empty
    is_new  (U,) which contents were not there
    lost    (6, U) which lists lack something that has gone
    """

    tables: Tables
    is_new: NDArray[np.bool_]
    lost: NDArray[np.bool_]


@dataclass(frozen=True)
class Known:
    """All that is known: tables, and answers by the contents that they are of.

    places    where two originals differ, and the turn of the second one
    details   which of two originals has more detail
    made      agreement and similarity of two copies that were made of a picture
    turned    similarity of a picture, after a turn, to another one
    """

    tables: Tables
    places: Answers[tuple[Places, int]]
    details: Answers[Detail]
    made: Answers[tuple[float, float]]
    turned: Answers[float]


def nothing_known() -> Known:
    """Return what is known before the first run."""
    tables = Tables(
        np.empty(0, "S64"), thumbnails(np.empty((0, 256, 256, 3), np.uint8)), no_lists(0), np.empty(0, AGREED)
    )
    return Known(tables, Answers({}), Answers({}), Answers({}), Answers({}))


def key_of(*contents: str | int) -> str:
    """Return the key of an answer about contents, in this order."""
    return " ".join(map(str, contents))


def distinct(contents: Sequence[str]) -> Distinct:
    """Return the distinct ones of the contents (N,) of all rows."""
    found, rows, ranks = np.unique(np.array(contents, np.bytes_), return_index=True, return_inverse=True)
    return Distinct(found, rows, ranks.astype(np.int64))


def carried(known: Tables, contents: NDArray[np.bytes_]) -> Carried:
    """Return what is known of contents S (U,), ascending, in their numbers."""
    now = _numbers(known.contents, contents)
    there, count = np.flatnonzero(now >= 0), len(contents)
    small = np.zeros((count, *known.thumbnails.shape[1:]), np.uint8)
    small[now[there]] = known.thumbnails[there]
    is_new = np.ones(count, bool)
    is_new[now[there]] = False
    lists, lost = no_lists(count), np.zeros((len(known.lists), count), bool)
    renamed, has_gone = _renumbered(known.lists[:, there], now)
    lists[:, now[there]], lost[:, now[there]] = renamed, has_gone
    return Carried(Tables(contents, small, lists, _renumbered_pairs(known.agreed, now)), is_new, lost)


def known_agreements(agreed: NDArray[np.void], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the agreement of pairs (M, 3) of two numbers and a turn; NaN where it isn't known."""
    keys, wanted = _keys(agreed["first"], agreed["second"], agreed["turn"]), _keys(*pairs.T)
    order = np.argsort(keys)
    places = np.searchsorted(keys, wanted, sorter=order)
    found = np.full(len(pairs), np.nan, np.float32)
    inside = np.flatnonzero(places < len(keys))
    at = order[places[inside]]
    same = keys[at] == wanted[inside]
    found[inside[same]] = agreed["agreement"][at[same]]
    return found


def _numbers(contents: NDArray[np.bytes_], among: NDArray[np.bytes_]) -> Rows:
    """Return where contents stand among others, ascending; -1 where they don't."""
    if not len(among):
        return np.full(len(contents), -1, np.int64)
    places = np.minimum(np.searchsorted(among, contents), len(among) - 1)
    return np.where(among[places] == contents, places, -1)


def _renumbered(lists: Lists, now: Rows) -> tuple[Lists, NDArray[np.bool_]]:
    """Return lists in other numbers, and which of them lack something that has gone."""
    changed, there = lists.copy(), lists["rank"] >= 0
    changed["rank"][there] = now[lists["rank"][there]]
    return changed, np.any(there & (changed["rank"] < 0), axis=-1)


def _renumbered_pairs(agreed: NDArray[np.void], now: Rows) -> NDArray[np.void]:
    changed = agreed.copy()
    for end in ("first", "second"):
        changed[end] = now[agreed[end]]
    return changed[(changed["first"] >= 0) & (changed["second"] >= 0)]


def _keys(first: NDArray[np.integer], second: NDArray[np.integer], turn: NDArray[np.integer]) -> Rows:
    """Return one number for each pair and turn."""
    keys: Rows = (first.astype(np.int64) << 32 | second.astype(np.int64)) * _TURNS + turn
    return keys
