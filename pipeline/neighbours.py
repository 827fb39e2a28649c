"""Owns *the* similarity: the cosine of two embeddings, and everything that is sorted by it.

Candidates come from float32 matrix products, which are fast and differ in their last bits with a row's place
in its block. Where two candidates are closer than that, their order is settled in float64. So the order is
the same from every road (a cached list, a list of another depth, a fresh query), and true ties, that is
copies, stand in the order of their rows.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import NEIGHBOUR

# Half the gap that two float32 dot products of unit vectors need to be told apart: blocked summation errs by
# less than 3e-7 at D = 4,096 (measured on 22 million pairs, non-negative, the worst case for cancellation).
_ROUNDING = 5e-7
_LANES_PER_NEIGHBOUR = 8  # lets 7 % more candidates through than asked for, if rows are in random order
_MOST_CANDIDATES = 1 << 22  # that are sorted at once: 200 MB with all that is known of them
_PAIRS_OF_COPIES = 32  # a row that is in so many lists at once has copies that crowd them
_EXACT_NUMBERS = 1 << 24  # numbers that are multiplied in float64 at once: 128 MB

Embeddings = NDArray[np.float32]


def similarity_blocks(embeddings: Embeddings, *, block: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield the cosine similarity of all pairs in blocks of rows: (rows, float32 (block, N) in [-1, 1])."""
    for start in range(0, len(embeddings), block):
        rows = slice(start, min(start + block, len(embeddings)))
        yield rows, np.clip(embeddings[rows] @ embeddings.T, -1.0, 1.0)


def sorted_lists(
    embeddings: Embeddings, *, depth: int, block: int, progress: bool, queries: Embeddings | None = None
) -> Iterator[NDArray[np.void]]:
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
    queries
        (N, D) what is looked for in place of each picture's own embedding: that of its mirror image, say.

    Yields
    ------
    neighbours
        (block, min(depth, N - 1)) of (row int32, similarity float32), the most similar first; ties by row;
        the picture itself left out by its row, never by its place in the list.
    """
    depth = min(depth, len(embeddings) - 1)
    vectors = embeddings if queries is None else queries
    with tqdm(total=len(embeddings), desc="neighbours", unit=" pictures", disable=not progress) as bar:
        for start in range(0, len(embeddings), block):
            rows = np.arange(start, min(start + block, len(embeddings)))
            yield _lists(embeddings, vectors[rows], rows, depth)
            bar.update(len(rows))


def some_lists(embeddings: Embeddings, rows: NDArray[np.int64], *, depth: int, block: int) -> NDArray[np.void]:
    """Return the sorted lists of some rows (Q,) alone, as `sorted_lists` yields them: (Q, min(depth, N - 1))."""
    depth = min(depth, len(embeddings) - 1)
    found = np.empty((len(rows), depth), NEIGHBOUR)
    for start in range(0, len(rows), block):
        some = rows[start : start + block]
        found[start : start + block] = _lists(embeddings, embeddings[some], some, depth)
    return found


def most_similar(embeddings: Embeddings, vector: NDArray[np.float32], *, count: int) -> NDArray[np.void]:
    """Return the pictures most similar to one vector: (min(count, N),) of NEIGHBOUR, the most similar first.

    `vector` is float32 (D,), unit length. Nothing is left out: the vector of a picture finds the picture.
    """
    similarities = (embeddings @ vector)[None]  # (1, N)
    best: NDArray[np.void] = _best(embeddings, vector[None], similarities, min(count, len(embeddings)))[0]
    return best


def _lists(embeddings: Embeddings, vectors: Embeddings, rows: NDArray[np.int64], depth: int) -> NDArray[np.void]:
    """Return what is most similar to vectors (B, D), without the rows (B,) that they are of: (B, depth)."""
    similarities = vectors @ embeddings.T  # (B, N)
    similarities[np.arange(len(rows)), rows] = -np.inf
    return _best(embeddings, vectors, similarities, depth)


def _best(
    embeddings: Embeddings, vectors: Embeddings, similarities: NDArray[np.float32], depth: int
) -> NDArray[np.void]:
    """Return the first `depth` of each row of similarities (B, N), sorted: (B, depth) of NEIGHBOUR."""
    if not depth:
        return np.empty((len(vectors), 0), NEIGHBOUR)
    least = _lower_bound(similarities, depth) - 2 * _ROUNDING
    found = np.flatnonzero(similarities >= least[:, None])  # candidates of all lists, one after another
    if len(found) > _MOST_CANDIDATES and len(vectors) > 1:  # thousands of copies: bound the memory
        parts = [slice(None, len(vectors) // 2), slice(len(vectors) // 2, None)]
        return np.concatenate([_best(embeddings, vectors[part], similarities[part], depth) for part in parts])
    lists, rows = np.divmod(found, similarities.shape[1])
    values = similarities.ravel()[found].astype(np.float64)
    order = np.argsort(4.0 * lists - values)  # similarities span 2, so lists stay apart; one key sorts faster
    lists, rows, values = lists[order], rows[order], values[order]
    unsure = _settle(embeddings, vectors, lists, rows, values)
    order = np.arange(len(values))  # whatever is sure stands in its place
    order[unsure] = unsure[np.lexsort((rows[unsure], -values[unsure], lists[unsure]))]
    first = np.searchsorted(lists, np.arange(len(vectors)))
    kept = order[first[:, None] + np.arange(depth)]  # (B, depth)
    best = np.empty(kept.shape, NEIGHBOUR)
    best["row"], best["similarity"] = rows[kept], np.clip(values[kept], -1.0, 1.0)
    return best


def _lower_bound(similarities: NDArray[np.float32], depth: int) -> NDArray[np.float32]:
    """Return, for each row, a number that at least `depth` of its similarities reach: (B,).

    The columns are dealt out to lanes and each lane's largest is kept, in one fast pass; the depth-th largest
    of the lanes is the bound. Partitioning the lanes instead of all columns is what makes this fast.
    """
    lanes = _LANES_PER_NEIGHBOUR * depth
    count, width = len(similarities), similarities.shape[1] // lanes
    if width > 1:
        similarities = similarities[:, : width * lanes].reshape(count, width, lanes).max(axis=1)
    return np.partition(similarities, -depth, axis=1)[:, -depth]


def _settle(
    embeddings: Embeddings,
    vectors: Embeddings,
    lists: NDArray[np.int64],
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Replace, in place, values of neighbouring candidates that float32 can't tell apart; return where they stand."""
    close = (lists[1:] == lists[:-1]) & (values[:-1] - values[1:] < 2 * _ROUNDING)
    unsure = np.flatnonzero(np.append(close, False) | np.append(False, close))
    first, places = _distinct(embeddings, lists[unsure], rows[unsure])
    exact = np.empty(len(first))
    step = max(1, _EXACT_NUMBERS // embeddings.shape[1])
    for start in range(0, len(first), step):
        some = unsure[first[start : start + step]]
        # einsum, not BLAS: the same two vectors must give the same number wherever they stand
        exact[start : start + step] = np.einsum(
            "nd,nd->n", embeddings[rows[some]], vectors[lists[some]], dtype=np.float64, casting="same_kind"
        )
    values[unsure] = exact[places]
    return unsure


def _distinct(
    embeddings: Embeddings, lists: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first pair of each kind, and the kind of each pair; pairs of a list with copies are of one kind."""
    candidates, places = np.unique(rows, return_inverse=True)
    if len(rows) < _PAIRS_OF_COPIES * len(candidates):  # looking for copies would cost more than it saves
        return np.arange(len(rows)), np.arange(len(rows))
    known: dict[bytes, int] = {}
    digests = (hashlib.sha256(embeddings[row].tobytes()).digest() for row in candidates)
    identities = np.array([known.setdefault(digest, number) for number, digest in enumerate(digests)], np.int64)
    kinds = lists * len(candidates) + identities[places]
    _, first, kind = np.unique(kinds, return_index=True, return_inverse=True)
    return first, kind
