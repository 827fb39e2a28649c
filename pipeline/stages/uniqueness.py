"""Ranks all pictures by the distance to the most similar one that is no copy of theirs."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.artifacts import (
    UNIQUENESS_COLUMNS,
    Artifacts,
    Duplicate,
    load_duplicates,
    load_own_embeddings,
    load_own_neighbours,
    load_pictures,
    open_index,
    replaced,
    save_json,
    save_origin,
    save_table,
)
from pipeline.params import Params
from pipeline.show.plots import plot_uniqueness
from pipeline.show.sheets import Tile, contact_sheet
from pipeline.similarity import uniqueness as room
from pipeline.similarity.lists import most_similar
from pipeline.similarity.uniqueness import Scores
from pipeline.wording import one_line

_TOP = 10  # pictures on the sheet
_THUMBNAILS = 9  # pictures above the box plot


def uniqueness(params: Params, artifacts: Artifacts) -> str:
    """Write uniqueness.csv, the box plot, the sheet of the most unique, and metrics."""
    with open_index(artifacts.index) as index:
        paths, sizes = index.paths(), index.sizes()
        embeddings = np.asarray(load_own_embeddings(artifacts, index))
        neighbours = np.asarray(load_own_neighbours(artifacts, index))
        pictures = load_pictures(artifacts, index)
        groups = groups_of_copies(load_duplicates(artifacts, index), count=len(paths))
    count = params.uniqueness.neighbours
    among = partial(lists_among, embeddings, count=count)
    scores = room.score(*room.others(neighbours, groups, count=count, among=among))
    ranked, ranks = room.ranking(scores, groups)
    first_ones = np.diff(ranks, prepend=0) > 0  # of copies one is shown and drawn
    known = ranked[first_ones & (scores.nearest[ranked] >= 0)]
    distances = scores.distances[known]
    limit = room.fence(distances)
    save_table(artifacts.uniqueness, UNIQUENESS_COLUMNS, _table(ranked, ranks, scores, paths, limit))
    number = int((distances > limit).sum())
    with replaced(artifacts.plot("uniqueness")) as path:
        thumbnails = [pictures[row] for row in known[:_THUMBNAILS].tolist()]
        plot_uniqueness(path, distances=distances.tolist(), thumbnails=thumbnails, limit=limit)
    with replaced(artifacts.plot("unique")) as path:
        _sheet(known[:_TOP], scores, paths, lambda row: Tile(pictures[row], size=sizes[row])).save(path)
    largest, median = (float(distances[0]), float(np.median(distances))) if len(known) else (None, None)
    first = paths[int(known[0])] if len(known) else None
    metrics = {"most_unique": first, "largest_distance": largest, "median_distance": median, "stand_out": number}
    save_json(artifacts.metrics("uniqueness"), metrics)
    save_origin(artifacts, "uniqueness", index.digest)
    if first is None:
        return "nothing but copies of one picture: none is more unusual than another"
    words = f"{number:,} stand out" if number else "none stands out"
    return (
        f"{one_line(first)} is the most unlike all others, {words}; "
        f"all {len(paths):,} are ranked in {artifacts.uniqueness}"
    )


def groups_of_copies(copies: Iterable[Duplicate], *, count: int) -> NDArray[np.int64]:
    """Return for each of `count` pictures the first row of its group of copies; its own row if it has none: (count,).

    What is only perhaps a copy counts as none: a frame with an animal is not to be hidden by one without.
    """
    groups = np.arange(count)
    first: dict[int, int] = {}
    for one in copies:
        if one.kind != "perhaps":
            groups[one.row] = first.setdefault(one.group, one.row)
    return groups


def lists_among(
    embeddings: NDArray[np.float32], rows: NDArray[np.int64], others: NDArray[np.int64], *, count: int
) -> NDArray[np.void]:
    """Return the sorted lists of some rows (Q,) among other rows (C,), ascending: (Q, min(count, C)) of NEIGHBOUR."""
    chosen = embeddings[others]
    found = np.stack([most_similar(chosen, embeddings[row], count=count) for row in rows.tolist()])
    found["row"] = others[found["row"]]
    return found


def _table(
    ranked: NDArray[np.int64], ranks: NDArray[np.int64], scores: Scores, paths: list[str], limit: float
) -> list[tuple[Any, ...]]:
    """Return the rows of the table; what a picture with nothing but copies lacks is left empty."""
    table: list[tuple[Any, ...]] = []
    columns = (scores.distances, scores.euclidean, scores.mean_distances, scores.outlier_factors)
    for rank, row in zip(ranks.tolist(), ranked.tolist(), strict=True):
        nearest = int(scores.nearest[row])
        known = nearest >= 0
        numbers = [f"{values[row]:.6f}" for values in columns] if known else [""] * 4
        stands_out = "yes" if known and scores.distances[row] > limit else "no"
        other = (nearest, paths[nearest]) if known else ("", "")
        table.append((rank, row, paths[row], *numbers, *other, stands_out))
    return table


def _sheet(rows: NDArray[np.int64], scores: Scores, paths: list[str], tile_of: Callable[[int], Tile]) -> Image.Image:
    pairs = []
    for rank, row in enumerate(rows.tolist(), 1):
        nearest = int(scores.nearest[row])
        words = (f"{rank}   distance {scores.distances[row]:.3f}", paths[row])
        left = replace(tile_of(row), caption=words, framed=True)
        pairs.append([left, replace(tile_of(nearest), caption=("the most similar", paths[nearest]))])
    return contact_sheet(pairs, title="The most unique", subtitle="beside each what is most like it", tile=200)
