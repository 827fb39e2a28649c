"""Caches each picture's most similar others as sorted lists."""

import numpy as np

from pipeline.artifacts import (
    NEIGHBOUR,
    ArrayWriter,
    Artifacts,
    encoder_of,
    load_embeddings,
    open_index,
    save_json,
)
from pipeline.neighbours import sorted_lists
from pipeline.params import Params

_BLOCK = 512  # rows at once: 200 MB of similarities at N = 100,000


def neighbours(params: Params, artifacts: Artifacts) -> str:
    """Write neighbours.npy, (N, depth) of (row, similarity), and how alike the nearest ones are."""
    with open_index(artifacts.index) as index:
        digest = index.digest
        embeddings = np.asarray(load_embeddings(artifacts, index))
    others = len(embeddings) - 1
    depth = others if params.neighbours.depth == "all" else min(params.neighbours.depth, others)
    nearest = []
    with ArrayWriter(artifacts.neighbours, row_shape=(depth,), dtype=NEIGHBOUR) as writer:
        writer.origin = {"index": digest, "encoder": encoder_of(artifacts)}
        for lists in sorted_lists(embeddings, depth=depth, block=_BLOCK, progress=True):
            writer.append(lists)
            nearest.append(lists["similarity"][:, :1])
    similarities = np.concatenate(nearest)
    median = float(np.median(similarities)) if similarities.size else None
    save_json(artifacts.metrics("neighbours"), {"depth": depth, "median_nearest_similarity": median})
    return f"{len(embeddings):,} lists of {depth:,}"
