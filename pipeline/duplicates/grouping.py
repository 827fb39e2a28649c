"""Makes groups of pairs, and says of each group which picture to keep and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """What decides which copy is kept: width and height in pixels, size in bytes, and what bytes it holds."""

    width: int
    height: int
    size_bytes: int
    content: str


@dataclass(frozen=True)
class Copy:
    """One picture of a group: its row, what kind of copy it is of the one to keep, and whether it is kept, and why."""

    row: int
    kind: Literal["exact", "near"]
    keep: bool
    reason: str


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


def judge(rows: Rows, facts: Mapping[int, Facts], is_copy: Callable[[int, Rows], NDArray[np.bool_]]) -> list[Copy]:
    """Say of each picture of a group whether to keep it, and why; the one to keep first, the others by row.

    The one to keep has the most pixels, then the most bytes, then the first row. A picture that is connected to
    it only by way of others is kept as well.

    Parameters
    ----------
    rows
        (n,) the group.
    facts
        Of the group's pictures, by row.
    is_copy
        Says of a row and (m,) others which are its copies themselves.
    """
    best = min(rows.tolist(), key=lambda row: (-_pixels(facts[row]), -facts[row].size_bytes, row))
    others = np.array([row for row in rows.tolist() if row != best], np.int64)
    has_twin = any(facts[row].content == facts[best].content for row in others)
    copies = [Copy(best, "exact" if has_twin else "near", True, _why_kept(best, others, facts))]
    for row, direct in zip(others.tolist(), is_copy(best, others).tolist(), strict=True):
        kind: Literal["exact", "near"] = "exact" if facts[row].content == facts[best].content else "near"
        reason = _why_not(facts[row], facts[best]) if direct else "a copy of a copy, unlike the first: look at it"
        copies.append(Copy(row, kind, not direct, reason))
    return copies


def _pixels(facts: Facts) -> int:
    return facts.width * facts.height


def _why_kept(best: int, others: Rows, facts: Mapping[int, Facts]) -> str:
    rivals = [facts[row] for row in others.tolist()]
    if all(_pixels(rival) < _pixels(facts[best]) for rival in rivals):
        return f"most pixels: {facts[best].width}x{facts[best].height}"
    equal = [rival for rival in rivals if _pixels(rival) == _pixels(facts[best])]
    if all(rival.size_bytes < facts[best].size_bytes for rival in equal):
        return f"most bytes of those with {facts[best].width}x{facts[best].height}: {facts[best].size_bytes:,}"
    return "none has more pixels or bytes; first by path"


def _why_not(facts: Facts, best: Facts) -> str:
    if facts.content == best.content:
        return "the same bytes"
    if _pixels(facts) < _pixels(best):
        return f"fewer pixels: {facts.width}x{facts.height}"
    if facts.size_bytes < best.size_bytes:
        return f"fewer bytes: {facts.size_bytes:,}"
    return "as many pixels and bytes; later by path"
