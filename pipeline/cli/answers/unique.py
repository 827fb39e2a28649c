"""Says which pictures are the most unusual, as a table or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from pipeline.folder.tables import Unique
from pipeline.wording import counted, one_line


def as_json(rows: Sequence[Unique]) -> str:
    """Return the pictures as a JSON list, an object for each."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False)


def format_rows(rows: Sequence[Unique]) -> str:
    """Return the rows as a table for a terminal."""
    lines = ["rank  distance  path (its most similar)"]
    for row in rows:
        distance = "" if row.distance is None else f"{row.distance:.4f}"
        nearest = one_line(row.nearest) if row.nearest else "nothing but copies"
        copies = f", and {counted(len(row.copies), 'copy')}" if row.copies else ""
        lines.append(f"{row.rank:4d}  {distance:>8}  {one_line(row.path)} ({nearest}){copies}")
    number = sum(row.stands_out for row in rows)
    if not number:
        lines.append("nothing stands out: no distance is unusually large, beyond the upper whisker of the box plot")
    elif number < len(rows):
        lines.append(f"{counted(number, 'picture')} at the top {'stands' if number == 1 else 'stand'} out: the "
                     "distance is unusually large, beyond the upper whisker of the box plot")  # fmt: skip
    return "\n".join(lines)
