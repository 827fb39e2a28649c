"""What a query found, and what it means: as values, as JSON, and in words for a terminal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.commands.unusual import Unusual
from pipeline.wording import one_line, shown


@dataclass(frozen=True)
class Result:
    """One picture of an answer; path relative to the dataset, cosine similarity in [-1, 1], and what that means here.

    The percentages of nearest neighbours and of random pairs of the folder that are less similar; None without any.
    """

    rank: int
    path: str
    similarity: float
    row: int
    percentile_nearest: float | None
    percentile_random: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        nearest, random = (
            None if value is None else round(value, 2) for value in (self.percentile_nearest, self.percentile_random)
        )
        values = {"rank": self.rank, "path": self.path, "similarity": round(self.similarity, 6)}
        return {**values, "percentile_nearest": nearest, "percentile_random": random}


@dataclass(frozen=True)
class Answer:
    """What a query found, most similar first, and by which road; whether nothing of it looks like the query.

    Of a new picture also how unusual it is, if known.
    """

    query: Path
    mode: Literal["cached", "fresh"]
    results: tuple[Result, ...]
    nothing_alike: bool | None
    unusual: Unusual | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        values: dict[str, Any] = {"query": shown(self.query), "mode": self.mode, "nothing_alike": self.nothing_alike}
        values["results"] = [one.as_json() for one in self.results]
        if self.unusual:
            values["unusual"] = self.unusual.as_json()
        return values


def format_answer(answer: Answer) -> str:
    """Return an answer as a table for a terminal."""
    lines = [f"{one_line(answer.query)} ({answer.mode})", "rank  similarity  percentile  path"]
    for r in answer.results:
        percentile = "-" if r.percentile_nearest is None else f"{r.percentile_nearest:.1f}"
        lines.append(f"{r.rank:4d}  {r.similarity:10.4f}  {percentile:>10}  {one_line(r.path)}")
    lines += _meaning(answer)
    if answer.unusual:
        lines.append(answer.unusual.words())
    return "\n".join(lines)


def _meaning(answer: Answer) -> list[str]:
    """Say what the best similarity means in this folder, in a line; none where that isn't known."""
    best = answer.results[0] if answer.results else None
    if best is None or best.percentile_nearest is None or best.percentile_random is None:
        return []
    if answer.nothing_alike:
        return [
            "nothing here looks like it: the best is less alike than 99 % of this folder's nearest neighbours, "
            f"and more than {best.percentile_random:.0f} % of random pairs"
        ]
    return [
        f"the best is more alike than {best.percentile_nearest:.0f} % of this folder's nearest neighbours, "
        f"its percentile, and than {best.percentile_random:.0f} % of random pairs"
    ]
