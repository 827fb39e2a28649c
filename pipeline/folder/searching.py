"""How a picture is found: its row, its sorted list or its embedding, and what the similarities mean."""

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactError
from pipeline.folder.answers import Result
from pipeline.folder.state import State
from pipeline.folder.unusual import Unusual, how_unusual

if TYPE_CHECKING:
    from pipeline.folder.given import Given


def row_of(given: "Given", state: State) -> int | None:
    """Return the row that holds a picture's content; of copies, the one that lies where the picture lies."""
    if given.content is None:
        return None
    rows = state.index.rows_of_content(given.content)
    if len(rows) > 1 and given.path is not None:
        places = (os.path.abspath, os.path.realpath)  # as it is called first: it may be a link to its own copy
        inside = [os.path.relpath(place(given.path), place(state.index.dataset)) for place in places]
        paths = {row: state.index.path(row) for row in rows}
        rows = [row for path in inside for row in rows if paths[row] == path] + rows
    return next(iter(rows), None)


def listed(row: int, n: int, state: State) -> NDArray[np.void]:
    """Return the `n` most similar others of a row; more than its list holds are found among the embeddings."""
    found: NDArray[np.void] = state.neighbours[row]
    if n > len(found) and len(found) < state.index.count - 1:
        found = most_similar(state.embeddings, state.embeddings[row], n + 1)
        found = found[found["row"] != row]
    return found[:n]


def encoded(given: "Given", state: State) -> NDArray[np.float32]:
    """Return the embedding that the encoder computes of a picture, float32 (D,) of unit length."""
    from pipeline.encoder.running import encode_one

    return encode_one(state.encoder, given.pixels)


def most_similar(embeddings: NDArray[np.float32], vector: NDArray[np.float32], n: int) -> NDArray[np.void]:
    """Return the `n` rows most similar to a vector, or all of fewer."""
    from pipeline.similarity import lists

    return lists.most_similar(embeddings, vector, count=min(n, len(embeddings)))


def judged_unusual(given: "Given", embedding: NDArray[np.float32], state: State) -> Unusual:
    """Say how unusual a picture is, by the own part of its embedding."""
    own = state.encoder.parts.own_of(embedding)
    return how_unusual(given.pixels, lambda count: most_similar(state.own_embeddings, own, count), state)


def results_of(found: NDArray[np.void], state: State) -> tuple[tuple[Result, ...], bool | None]:
    """Return what was found with what it means here, and whether nothing of it looks like the query."""
    if not np.isfinite(found["similarity"]).all():
        raise ArtifactError("the embeddings hold NaN: run `pipeline embed` again")
    scale = state.scale
    results = tuple(
        Result(
            rank,
            state.index.path(row),
            float(similarity),
            int(row),
            scale.percentile_nearest(similarity),
            scale.percentile_random(similarity),
        )
        for rank, (row, similarity) in enumerate(found.tolist(), 1)
    )
    return results, scale.nothing_alike(results[0].similarity if results else None)
