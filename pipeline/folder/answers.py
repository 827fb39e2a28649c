"""What a query found, and what that means in this folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.folder.unusual import Unusual
from pipeline.wording import shown

Mode = Literal["auto", "cached", "fresh"]
"""Where an answer comes from: the cached lists, the encoder, or `auto`: from the lists where the folder has it."""


@dataclass(frozen=True)
class Result:
    """One picture of an answer.

    Attributes
    ----------
    rank : int
        The place in the answer, from 1, the most similar first.
    path : str
        Of the picture, relative to the dataset, with '/'.
    similarity : float
        Cosine similarity, in [-1, 1]; larger is more similar.
    row : int
        The picture's row in all arrays of the folder.
    percentile_nearest, percentile_random : float or None
        How many percent of the folder's nearest neighbours, and of its random pairs, are less similar, in [0, 100];
        None where the folder has none.
    """

    rank: int
    path: str
    similarity: float
    row: int
    percentile_nearest: float | None
    percentile_random: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the result as a dictionary that `json.dumps` takes, its numbers rounded."""
        nearest, random = (
            None if value is None else round(value, 2) for value in (self.percentile_nearest, self.percentile_random)
        )
        values = {"rank": self.rank, "path": self.path, "similarity": round(self.similarity, 6)}
        return {**values, "percentile_nearest": nearest, "percentile_random": random}


@dataclass(frozen=True)
class Answer:
    """What a query found.

    Attributes
    ----------
    query : Path or None
        The file that was asked for; None where pixels were given.
    mode : {"cached", "fresh"}
        Whether the sorted lists answered, or the encoder.
    results : tuple of Result
        Most similar first.
    nothing_alike : bool or None
        Whether nothing in the folder looks like the query: the best is less similar than 99 % of the folder's nearest
        neighbours; None where the folder has none.
    row : int or None
        The row of the query, where it is a picture of the folder and was answered as one; else None.
    unusual : Unusual or None
        How unusual the query is, where that was asked for and it was encoded.
    """

    query: Path | None
    mode: Literal["cached", "fresh"]
    results: tuple[Result, ...]
    nothing_alike: bool | None
    row: int | None = None
    unusual: Unusual | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as a dictionary that `json.dumps` takes, as `pipeline query --json` prints it."""
        values: dict[str, Any] = {"query": None if self.query is None else shown(self.query), "mode": self.mode}
        values |= {"nothing_alike": self.nothing_alike, "results": [one.as_json() for one in self.results]}
        return {**values, "unusual": self.unusual.as_json()} if self.unusual else values
