"""A search by several pictures at once: more like these, less like those, among some of the folder's pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import QueryError
from pipeline.folder.answers import Answer
from pipeline.folder.searching import listed, most_similar, results_of
from pipeline.folder.state import State

Source = int | NDArray[np.float32]
"""What a search begins from: a row of the folder, or an embedding, float32 (D,) of unit length."""

UNLIKE = 0.5  # how much the mean of what is not wanted counts beside the mean of what is
_LEAST_LENGTH = 1e-6  # of a vector that still has a direction


def search(
    like: Sequence[Source],
    unlike: Sequence[Source],
    n: int,
    among: NDArray[np.bool_] | None,
    least: float,
    state: State,
) -> Answer:
    """Return what is most similar to the direction of some pictures; see `Folder.search`."""
    own = [source for source in (*like, *unlike) if isinstance(source, int)]
    outside = [row for row in own if not 0 <= row < state.index.count]
    if outside:
        raise QueryError(f"there is no picture in row {outside[0]}; ask for a row from 0 to {state.index.count - 1}")
    if len(like) == len(own) == 1 and not unlike and among is None:
        found = listed(own[0], n, state)
    else:
        found = _nearest(direction(like, unlike, state.embeddings), own, n, among, state)
    results, _ = results_of(found[found["similarity"] >= least], state)
    is_mixed = len(like) + len(unlike) > 1  # then similarities are lower, and their scale says nothing
    nothing_alike = None if is_mixed or not len(found) else state.scale.nothing_alike(float(found["similarity"][0]))
    is_cached = len(own) == len(like) + len(unlike)
    return Answer(None, "cached" if is_cached else "fresh", results, nothing_alike, own[0] if own else None)


def direction(like: Sequence[Source], unlike: Sequence[Source], embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of what is wanted less half the mean of what is not, float32 (D,) of unit length.

    Raises
    ------
    QueryError
        If nothing is asked for, or what is left has no direction.
    """
    wanted, unwanted = (
        np.stack([embeddings[one] if isinstance(one, int) else one for one in some]) if some else None
        for some in (like, unlike)
    )
    if wanted is None and unwanted is None:
        raise QueryError("nothing to ask for; give a picture that the results should look like")
    if unwanted is None and wanted is not None and len(wanted) == 1:
        return np.asarray(wanted[0])  # as it is, bit for bit
    mixed = np.zeros(embeddings.shape[1])
    if wanted is not None:
        mixed += wanted.astype(np.float64).mean(axis=0)
    if unwanted is not None:
        mixed -= UNLIKE * unwanted.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mixed))
    if length < _LEAST_LENGTH:
        raise QueryError("these pictures cancel each other out, so nothing is more like them; leave one of them out")
    return (mixed / length).astype(np.float32)


def _nearest(
    vector: NDArray[np.float32], own: list[int], n: int, among: NDArray[np.bool_] | None, state: State
) -> NDArray[np.void]:
    """Return the `n` rows that are most similar to a vector and allowed, those that were asked with left out."""
    if among is None:
        found = most_similar(state.embeddings, vector, n + len(own))
        return found[~np.isin(found["row"], own)][:n]
    allowed = among.copy()
    allowed[own] = False
    rows = np.flatnonzero(allowed)
    found = most_similar(state.embeddings[rows], vector, n)
    found["row"] = rows[found["row"]]
    return found
