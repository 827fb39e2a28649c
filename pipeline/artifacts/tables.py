"""The tables that several readers share, each with one reader, which asks whether the table is of these pictures."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.artifacts.files import load_table, save_table
from pipeline.artifacts.index import Index
from pipeline.artifacts.layout import DUPLICATES_COLUMNS, REJECTED_COLUMNS, UNIQUENESS_COLUMNS, Artifacts
from pipeline.artifacts.origins import check_origin
from pipeline.errors import ArtifactError


@dataclass(frozen=True)
class Rejected:
    """A file that is no readable picture, and why.

    Attributes
    ----------
    path
        Relative to the dataset, with '/'.
    reason
        In words.
    same_as
        The path under which the same file or folder was read, where this one is only another name of it; else empty.
    """

    path: str
    reason: str
    same_as: str


class Duplicate(NamedTuple):
    """A row of duplicates.csv: a picture of a group of copies, by its row and path; similarity is to the kept one."""

    group: int
    row: int
    path: str
    similarity: float
    kind: str  # exact, near, or perhaps
    keep: str  # yes, no, or unsure
    reason: str


class Ranked(NamedTuple):
    """A row of uniqueness.csv: a picture, its cosine distance to the nearest that is no copy of it, and that one.

    Copies have one rank, from 1. What has nothing but copies has no nearest: None, and -1 for its row.
    """

    rank: int
    row: int
    path: str
    distance: float | None
    nearest_row: int
    nearest: str | None
    stands_out: bool


def save_rejected(artifacts: Artifacts, rejected: Iterable[Rejected]) -> None:
    """Write rejected.csv."""
    save_table(artifacts.rejected, REJECTED_COLUMNS, map(astuple, rejected))


def load_rejected(artifacts: Artifacts, index: Index) -> list[Rejected]:
    """Return the rows of rejected.csv; ArtifactError if it is missing, damaged or of other pictures."""
    check_origin(artifacts, "resize", index.digest)
    return [Rejected(*row) for row in load_table(artifacts.rejected, REJECTED_COLUMNS, stage="resize")]


def load_duplicates(artifacts: Artifacts, index: Index) -> list[Duplicate]:
    """Return the rows of duplicates.csv, group by group, in each the picture to keep first.

    Raises
    ------
    ArtifactError
        If the table is missing, damaged, of other pictures or another encoder, or names a picture that isn't there.
    """
    check_origin(artifacts, "duplicates", index.digest)
    table = load_table(artifacts.duplicates, DUPLICATES_COLUMNS, stage="duplicates")
    with _rows_of_paths(index, artifacts.duplicates) as rows:
        return [
            Duplicate(int(group), rows[path], path, float(similarity), kind, keep, reason)
            for group, path, similarity, kind, keep, reason in table
        ]


def load_uniqueness(artifacts: Artifacts, index: Index) -> list[Ranked]:
    """Return the rows of uniqueness.csv, the most unusual first; ArtifactError as `load_duplicates`."""
    table = _ranking(artifacts, index)
    with _rows_of_paths(index, artifacts.uniqueness) as rows:
        return [
            Ranked(
                rank=int(rank),
                row=rows[path],
                path=path,
                distance=float(distance) if distance else None,
                nearest_row=rows[nearest] if nearest else -1,
                nearest=nearest or None,
                stands_out=stands_out == "yes",
            )
            for rank, _, path, distance, _, _, _, _, nearest, stands_out in table
        ]


def load_distances(artifacts: Artifacts, index: Index) -> list[float]:
    """Return the distances of uniqueness.csv that are known, in half the time of `load_uniqueness`: a query waits."""
    place = UNIQUENESS_COLUMNS.index("distance")
    return [float(values[place]) for values in _ranking(artifacts, index) if values[place]]


def _ranking(artifacts: Artifacts, index: Index) -> list[list[str]]:
    check_origin(artifacts, "uniqueness", index.digest)
    return load_table(artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")


@contextmanager
def _rows_of_paths(index: Index, table: Path) -> Iterator[dict[str, int]]:
    """Give the row of each path of the index; a path that isn't there is an ArtifactError about the table."""
    try:
        yield {path: row for row, path in enumerate(index.paths())}
    except KeyError as error:
        raise ArtifactError(
            f"{table} names {error}, which is not in the index: run `pipeline {table.stem}` again"
        ) from error
