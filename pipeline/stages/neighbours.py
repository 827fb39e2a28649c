"""Caches each picture's most similar others as sorted lists, and the scale that says what a similarity means here.

Of a folder that has changed, the lists of the last run are patched: they are those that would be made from nothing.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.artifacts import (
    ArrayWriter,
    Artifacts,
    Earlier,
    Origin,
    earlier,
    encoder_of,
    load_array,
    load_embeddings,
    load_own_embeddings,
    open_index,
    remember,
    save_json,
)
from pipeline.errors import ArtifactError
from pipeline.params import Params
from pipeline.similarity.patching import patched_lists
from pipeline.similarity.scale import PAIRS, quantiles, random_pairs
from pipeline.vectors import NEIGHBOUR

_BLOCK = 512  # rows at once: 200 MB of similarities at N = 100,000

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


def neighbours(params: Params, artifacts: Artifacts) -> str:
    """Write the lists of whole embeddings and of their own parts, and scale.json: how alike nearest and random are.

    A list is (depth,) of (row, similarity).
    """
    with open_index(artifacts.index) as index:
        digest, contents = index.digest, _numbered(index.contents())
        embeddings = np.asarray(load_embeddings(artifacts, index))
        own = np.asarray(load_own_embeddings(artifacts, index))
        known = earlier(artifacts, "neighbours", index)
    others = len(embeddings) - 1
    depth = others if params.neighbours.depth == "all" else min(params.neighbours.depth, others)
    origin = {"index": digest, "encoder": encoder_of(artifacts)}
    now = _same_embeddings(known, artifacts, embeddings, origin)
    files = {"whole": (artifacts.neighbours, embeddings), "own": (artifacts.own_neighbours, own)}
    nearest, made = {}, np.zeros(len(embeddings), bool)
    for part, (path, vectors) in files.items():
        lists, rows = _earlier_lists(known, path, now, origin)
        blocks = patched_lists(vectors, lists=lists, now=rows, depth=depth, block=_BLOCK, progress=True)
        nearest[part], made_of_part = _write_lists(path, blocks, contents, origin=origin, depth=depth)
        made |= made_of_part
    scales = {
        part: {
            "nearest": quantiles(nearest[part]),
            "random": quantiles(random_pairs(vectors, count=PAIRS, seed=params.neighbours.seed)),
        }
        for part, (_, vectors) in files.items()
    }
    save_json(artifacts.scale, {**origin, **scales})
    median = float(np.median(nearest["whole"])) if nearest["whole"].size else None
    save_json(artifacts.metrics("neighbours"), {"depth": depth, "median_nearest_similarity": median})
    remember(artifacts, "neighbours", [artifacts.neighbours, artifacts.own_neighbours, artifacts.embeddings])
    return f"{len(embeddings):,} lists of {depth:,}{_what_was_made(made, now)}"


def _same_embeddings(
    known: Earlier | None, artifacts: Artifacts, embeddings: NDArray[np.float32], origin: Origin
) -> Rows:
    """Return where each earlier picture stands now, if its embedding has stayed the same bit for bit; else -1.

    Another version of a library, or another machine, may give other last bits with the same encoder.
    """
    before = _of_last_run(known, artifacts.embeddings, np.float32, embeddings.shape[1], origin)
    if known is None or before is None:
        return np.empty(0, np.int64)
    now = known.now.copy()
    for start in range(0, len(now), _BLOCK):
        rows = start + np.flatnonzero(now[start : start + _BLOCK] >= 0)
        now[rows[(before[rows] != embeddings[now[rows]]).any(axis=1)]] = -1
    return now


def _earlier_lists(known: Earlier | None, path: Path, now: Rows, origin: Origin) -> tuple[NDArray[np.void], Rows]:
    """Return the lists of the last run, memory-mapped, and where their rows stand now; none where they are no use."""
    lists = _of_last_run(known, path, NEIGHBOUR, None, origin)
    if lists is None or len(lists) != len(now):
        return np.empty((0, 0), NEIGHBOUR), np.empty(0, np.int64)
    return lists, now


def _of_last_run(
    known: Earlier | None, path: Path, dtype: DTypeLike, width: int | None, origin: Origin
) -> NDArray[Any] | None:
    """Return an array (M, width) as the last run left it; None if it isn't whole, or was made by another encoder."""
    if known is None:
        return None
    of_then = {**origin, "index": known.digest}
    try:
        array = load_array(
            known.folder / path.name, dtype=dtype, row_shape=(width,), origin=of_then, stage="neighbours"
        )
    except ArtifactError:
        return None
    return array if len(array) == len(known.now) else None


def _write_lists(
    path: Path, blocks: Iterable[tuple[NDArray[np.void], Flags]], contents: Rows, *, origin: Origin, depth: int
) -> tuple[NDArray[np.float32], Flags]:
    """Write sorted lists, block by block.

    Returns
    -------
    nearest, made
        How alike each picture is to its nearest that holds other bytes, if any; (N,) whose list was made in full.
    """
    nearest, made = [np.empty(0, np.float32)], [np.empty(0, bool)]
    with ArrayWriter(path, row_shape=(depth,), dtype=NEIGHBOUR) as writer:
        writer.origin = origin
        for lists, made_of_block in blocks:
            nearest.append(_nearest_others(lists, contents, writer.count))
            made.append(made_of_block)
            writer.append(lists)
    return np.concatenate(nearest), np.concatenate(made)


def _what_was_made(made: Flags, now: Rows) -> str:
    """Return what a run on a changed folder adds to its summary; nothing where every list was made in full."""
    if made.all():
        return ""
    is_new = np.ones(len(made), bool)
    is_new[now[now >= 0]] = False
    return f", {is_new.sum():,} of them new, {(made & ~is_new).sum():,} filled again"


def _numbered(contents: list[str]) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = np.unique(np.array(contents), return_inverse=True)[1]
    return numbers


def _nearest_others(lists: NDArray[np.void], contents: NDArray[np.int64], start: int) -> NDArray[np.float32]:
    """Return the similarity of each row's nearest that holds other bytes; none of rows that list copies alone.

    A folder's copies would make every similarity look poor.
    """
    own = contents[start : start + len(lists), None]
    others = contents[lists["row"]] != own  # (B, depth)
    rows, places = np.nonzero(others)
    _, first = np.unique(rows, return_index=True)
    similarities: NDArray[np.float32] = lists["similarity"][rows[first], places[first]]
    return similarities
