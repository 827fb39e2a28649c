"""Says which pictures are most unlike all others, and how unusual a new one is, by what `uniqueness` wrote."""

import itertools
import json
from typing import Any

from pipeline.artifacts import Artifacts, Index, Ranked, load_distances, load_uniqueness, open_index
from pipeline.wording import counted, one_line


def most_unique(artifacts: Artifacts, *, count: int) -> list[dict[str, Any]]:
    """Return the first ranks of uniqueness.csv: rank, path, distance, the most similar picture, copies, stands out.

    Of copies one is returned, with the paths of the others. Distance and nearest are None for a picture that has
    nothing but copies beside it.

    Raises
    ------
    ArtifactError
        If the table is missing, damaged, or was made from other pictures, another encoder or other copies.
    """
    with open_index(artifacts.index) as index:
        table = load_uniqueness(artifacts, index)
    together = itertools.groupby(table, key=lambda one: one.rank)
    return [_with_copies(*group) for _, group in itertools.islice(together, count)]


def _with_copies(first: Ranked, *copies: Ranked) -> dict[str, Any]:
    return {
        "rank": first.rank,
        "path": first.path,
        "distance": first.distance,
        "nearest": first.nearest,
        "copies": [copy.path for copy in copies],
        "stands_out": first.stands_out,
    }


def less_unusual(artifacts: Artifacts, distance: float, *, index: Index) -> float:
    """Return the share of the folder's pictures whose distance is smaller, in [0, 1]; ArtifactError as above."""
    return sum(known < distance for known in load_distances(artifacts, index)) / index.count


def as_json(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps(rows, ensure_ascii=False)


def format_rows(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table for a terminal."""
    lines = ["rank  distance  path (its most similar)"]
    for row in rows:
        distance = "" if row["distance"] is None else f"{row['distance']:.4f}"
        nearest = one_line(row["nearest"]) if row["nearest"] else "nothing but copies"
        copies = f", and {counted(len(row['copies']), 'copy')}" if row["copies"] else ""
        lines.append(f"{row['rank']:4d}  {distance:>8}  {one_line(row['path'])} ({nearest}){copies}")
    number = sum(row["stands_out"] for row in rows)
    if not number:
        lines.append("nothing stands out: no distance lies beyond the upper whisker of the box plot")
    elif number < len(rows):
        lines.append(f"{counted(number, 'picture')} at the top {'stands' if number == 1 else 'stand'} out: the "
                     "distance lies beyond the upper whisker of the box plot")  # fmt: skip
    return "\n".join(lines)
