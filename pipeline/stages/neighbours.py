"""Caches each picture's most similar others as sorted lists, and the scale that says what a similarity means here."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.alikeness import PAIRS, quantiles, random_pairs
from pipeline.artifacts import (
    NEIGHBOUR,
    ArrayWriter,
    Artifacts,
    Origin,
    encoder_of,
    load_embeddings,
    load_own_embeddings,
    open_index,
    save_json,
)
from pipeline.neighbours import sorted_lists
from pipeline.params import Params

_BLOCK = 512  # rows at once: 200 MB of similarities at N = 100,000


def neighbours(params: Params, artifacts: Artifacts) -> str:
    """Write the lists of whole embeddings and of their own parts, and scale.json: how alike nearest and random are.

    A list is (depth,) of (row, similarity).
    """
    with open_index(artifacts.index) as index:
        digest, contents = index.digest, _numbered(index.contents())
        embeddings = np.asarray(load_embeddings(artifacts, index))
        own = np.asarray(load_own_embeddings(artifacts, index))
    others = len(embeddings) - 1
    depth = others if params.neighbours.depth == "all" else min(params.neighbours.depth, others)
    origin = {"index": digest, "encoder": encoder_of(artifacts)}
    files = {"whole": (artifacts.neighbours, embeddings), "own": (artifacts.own_neighbours, own)}
    nearest = {
        part: _write_lists(path, vectors, contents, origin=origin, depth=depth)
        for part, (path, vectors) in files.items()
    }
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
    return f"{len(embeddings):,} lists of {depth:,}"


def _write_lists(
    path: Path, embeddings: NDArray[np.float32], contents: NDArray[np.int64], *, origin: Origin, depth: int
) -> NDArray[np.float32]:
    """Write the sorted lists; return how alike each picture is to its nearest that holds other bytes, if any."""
    nearest: list[NDArray[np.float32]] = []
    with ArrayWriter(path, row_shape=(depth,), dtype=NEIGHBOUR) as writer:
        writer.origin = origin
        start = 0
        for lists in sorted_lists(embeddings, depth=depth, block=_BLOCK, progress=True):
            writer.append(lists)
            nearest.append(_nearest_others(lists, contents, start))
            start += len(lists)
    return np.concatenate(nearest) if nearest else np.empty(0, np.float32)


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
