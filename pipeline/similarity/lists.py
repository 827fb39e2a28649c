"""Sorted lists: each picture's most similar others, in the order of the exact cosines; true ties by row.

Candidates come from float32 matrix products, which are fast and differ in their last bits with a row's place in its
block. The few that these can't tell from the first of a list have their cosines calculated in float64, each from its
two embeddings alone. So order and similarities are the same from every road: a cached list, a list of another depth, a
fresh query, a list that was patched.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from pipeline.vectors import NEIGHBOUR

# How far a float32 dot product of unit vectors may be from the exact one: blocked summation errs by less than
# 3e-7 at D = 4,096 (measured on 22 million pairs, non-negative, the worst case for cancellation).
ROUNDING = 5e-7
_LANES_PER_NEIGHBOUR = 8  # lets 7 % more candidates through than asked for, if rows are in random order
_EXACT_NUMBERS = 1 << 16  # that are multiplied in float64 at once: 512 kB stay in a core's cache (measured, 2026-11)
_ROWS, _PLACES = 32, 1 << 20  # rows, and places in them, that are looked through at once: a few numpy calls for all
_THREADS = min(os.cpu_count() or 1, 4)  # more would wait for the interpreter's lock

Embeddings = NDArray[np.float32]
Rows = NDArray[np.int64]
Spread = Callable[[Callable[[Rows], NDArray[np.void]], Rows], NDArray[np.void]]


@dataclass(frozen=True)
class Candidates:
    """What can stand in a list: rows int64 (C,), ascending, and their embeddings float32 (C, D)."""

    rows: Rows
    embeddings: Embeddings

    def similarities(self, vectors: Embeddings, rows: Rows) -> NDArray[np.float32]:
        """Return all products with vectors (B, D), rounded as float32 is; -inf for the rows (B,) that they are of."""
        similarities: NDArray[np.float32] = vectors @ self.embeddings.T  # (B, C)
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        own = np.flatnonzero(self.rows[places] == rows)
        similarities[own, places[own]] = -np.inf
        return similarities


def similarity_blocks(embeddings: Embeddings, *, block: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the cosine similarity of all pairs in blocks of rows: (rows, float32 (block, N) in [-1, 1])."""
    for start in range(0, len(embeddings), block):
        rows = slice(start, min(start + block, len(embeddings)))
        yield rows, np.clip(embeddings[rows] @ embeddings.T, -1.0, 1.0)


def sorted_lists(embeddings: Embeddings, *, depth: int, block: int, progress: bool) -> Iterator[NDArray[np.void]]:
    """Yield, block by block, each picture's most similar others.

    Parameters
    ----------
    embeddings
        (N, D) float32, unit length, finite.
    depth
        Neighbours of each picture, from 1; at most N - 1 are there.
    block
        Rows that are worked on at once; block x N similarities are held in memory.
    progress
        Whether to show a progress bar on stderr.

    Yields
    ------
    neighbours
        (block, min(depth, N - 1)) of (row int32, similarity float32), the most similar first; ties by row;
        the picture itself left out by its row, never by its place in the list. A similarity is the cosine that
        `cosines` gives, rounded once.
    """
    depth = min(depth, len(embeddings) - 1)
    candidates = candidates_of(embeddings, np.arange(len(embeddings)), depth)
    with (
        _threads() as spread,
        tqdm(total=len(embeddings), desc="neighbours", unit=" pictures", disable=not progress) as bar,
    ):
        for start in range(0, len(embeddings), block):
            rows = np.arange(start, min(start + block, len(embeddings)))
            yield spread(lambda part: _best(candidates, embeddings[part], part, depth), rows)
            bar.update(len(rows))


def some_lists(embeddings: Embeddings, rows: Rows, *, depth: int, block: int) -> NDArray[np.void]:
    """Return the sorted lists of some rows (Q,) alone, as `sorted_lists` yields them: (Q, min(depth, N - 1))."""
    depth = min(depth, len(embeddings) - 1)
    candidates = candidates_of(embeddings, np.arange(len(embeddings)), depth)
    found = np.empty((len(rows), depth), NEIGHBOUR)
    with _threads() as spread:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            found[start : start + block] = spread(lambda part: _best(candidates, embeddings[part], part, depth), some)
    return found


def most_similar(embeddings: Embeddings, vector: NDArray[np.float32], *, count: int) -> NDArray[np.void]:
    """Return the pictures most similar to one vector: (min(count, N),) of NEIGHBOUR, the most similar first.

    `vector` is float32 (D,), unit length. Nothing is left out: the vector of a picture finds the picture.
    """
    found = np.empty(min(count, len(embeddings)), NEIGHBOUR)
    if len(found):
        similarities = embeddings @ vector  # (N,)
        (least,) = lower_bounds(similarities[None], len(found))
        places = promising(similarities, least)
        found["row"], values = ordered(embeddings, places, vector, len(found))
        found["similarity"] = stored(values)
    return found


def cosines(embeddings: Embeddings, rows: Rows, vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the exact cosines of some rows (R,) with a vector (D,): float64 (R,), about [-1, 1].

    Each is a function of its two embeddings alone, symmetric in them: products of float32 are exact in float64, and
    each pair is summed by itself, in an order that its length alone decides. `einsum` would sum in buffers that begin
    anywhere in a row, and a matrix product in an order that depends on the row's place.
    """
    exact = vector.astype(np.float64)
    values = np.empty(len(rows))
    step = max(1, _EXACT_NUMBERS // len(exact))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        np.vecdot(embeddings[some].astype(np.float64), exact, out=values[start : start + step])
    return values


def stored(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return cosines as a list keeps them: float32 in [-1, 1]."""
    return np.clip(values, -1.0, 1.0).astype(np.float32)


def ordered(
    embeddings: Embeddings, rows: Rows, vector: NDArray[np.float32], depth: int
) -> tuple[Rows, NDArray[np.float64]]:
    """Return the first `depth` of some rows (R,), ascending, by their exact cosines with a vector, and these."""
    values = cosines(embeddings, rows, vector)
    order = np.argsort(-values, kind="stable")[:depth]
    return rows[order], values[order]


def candidates_of(embeddings: Embeddings, rows: Rows, depth: int) -> Candidates:
    """Return which of some rows (R,), ascending, a list of this depth can hold.

    Of copies, which are alike to everything, the first depth + 1 stand before the rest in every list, one of them
    perhaps the picture that the list is of. So thousands of copies crowd no list.
    """
    _, kinds, counts = np.unique(embeddings[rows, 0], return_inverse=True, return_counts=True)
    crowded = np.flatnonzero(counts[kinds] > depth + 1)  # copies are equal in their first number, and few others are
    seen: Counter[bytes] = Counter()
    can_stand = np.ones(len(rows), bool)
    for place in crowded.tolist():
        digest = hashlib.sha256(embeddings[rows[place]].tobytes()).digest()
        seen[digest] += 1
        can_stand[place] = seen[digest] <= depth + 1
    rows = rows[can_stand]
    return Candidates(rows, embeddings if len(rows) == len(embeddings) else embeddings[rows])


def lower_bounds(similarities: NDArray[np.float32], depth: int) -> NDArray[np.float32]:
    """Return, for each row (B, C), a number that at least `depth` of its similarities reach: (B,).

    The columns are dealt out to lanes and each lane's largest is kept, in one fast pass; the depth-th largest of the
    lanes is the bound. Partitioning the lanes instead of all columns is what makes this fast.
    """
    lanes = _LANES_PER_NEIGHBOUR * depth
    count, width = len(similarities), similarities.shape[1] // lanes
    if width > 1:
        similarities = similarities[:, : width * lanes].reshape(count, width, lanes).max(axis=1)
    return np.partition(similarities, -depth, axis=1)[:, -depth]


def promising(similarities: NDArray[np.float32], least: np.float32) -> Rows:
    """Return the places of all products (C,) whose exact cosine may reach that of one whose product is `least`."""
    return (similarities >= np.float32(least - 2 * ROUNDING)).nonzero()[0]


@cache
def _blas() -> ThreadpoolController:
    """Return what sets the threads of matrix products; it looks through all libraries that are loaded."""
    return ThreadpoolController()


@contextmanager
def _threads() -> Iterator[Spread]:
    """Give a function that has lists made by several threads, a part of the rows each: (work, rows) -> lists."""
    blas = _blas()
    with ThreadPoolExecutor(_THREADS) as pool:

        def spread(work: Callable[[Rows], NDArray[np.void]], rows: Rows) -> NDArray[np.void]:
            if len(rows) <= _ROWS:  # a patch asks for a few lists of each block: no thread is worth its start
                return work(rows)
            size = max(1, -(-len(rows) // _THREADS))
            with blas.limit(limits=1, user_api="blas"):  # each thread multiplies for itself
                return np.concatenate(list(pool.map(work, np.split(rows, range(size, len(rows), size)))))

        yield spread


def _best(candidates: Candidates, vectors: Embeddings, rows: Rows, depth: int) -> NDArray[np.void]:
    found = np.empty((len(rows), depth), NEIGHBOUR)
    if not depth:
        return found
    similarities = candidates.similarities(vectors, rows)  # (B, C)
    least = lower_bounds(similarities, depth)
    step = min(max(1, _PLACES // similarities.shape[1]), _ROWS)
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        ones, places = _in_question(similarities[some], least[some], depth)
        ends = np.bincount(ones, minlength=len(rows[some])).cumsum()
        pieces = zip(vectors[some], np.split(places, ends[:-1]), strict=True)
        values = np.concatenate([cosines(candidates.embeddings, piece, vector) for vector, piece in pieces])
        order = np.argsort(-_in_rows(values, ones, ends), axis=1, kind="stable")[:, :depth]  # ties by row
        order += np.append(0, ends[:-1])[:, None]
        found["row"][some] = candidates.rows[places[order]]
        found["similarity"][some] = stored(values[order])
    return found


def _in_question(similarities: NDArray[np.float32], least: NDArray[np.float32], depth: int) -> tuple[Rows, Rows]:
    """Return all products (B, C) that the first `depth` of a row may be among, (P,) each: row and place, ascending.

    `least` (B,) lets some more through, whose bounds were found by lanes; the depth-th largest of a row's own does not.
    """
    flat = np.flatnonzero(similarities >= (least - np.float32(2 * ROUNDING))[:, None])
    ones, places = np.divmod(flat, similarities.shape[1])
    products = similarities.ravel()[flat]
    together = _in_rows(products, ones, np.bincount(ones, minlength=len(similarities)).cumsum())
    least = np.partition(together, -depth, axis=1)[:, -depth]
    is_near = products >= (least - np.float32(2 * ROUNDING))[ones]
    return ones[is_near], places[is_near]


def _in_rows(values: NDArray[Any], ones: Rows, ends: Rows) -> NDArray[Any]:
    """Return values (P,) of rows (P,) that end at (B,), each row's in a row of its own and then -inf: (B, most)."""
    starts = np.append(0, ends[:-1])
    together = np.full((len(ends), int((ends - starts).max())), -np.inf, values.dtype)
    together[ones, np.arange(len(values)) - starts[ones]] = values
    return together
