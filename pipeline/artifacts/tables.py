"""Every table of the artefacts: its columns, one writer, and one reader, which asks whether it is of these pictures."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.files import load_table, save_table
from pipeline.artifacts.index import Index
from pipeline.artifacts.layout import Artifacts
from pipeline.artifacts.origins import check_origin
from pipeline.errors import ArtifactError

LISTING_COLUMNS = ("path", "bytes", "modified_ns", "problem")
REJECTED_COLUMNS = ("path", "reason", "same_as")
HISTORY_COLUMNS = ("epoch", "loss", "validation_loss", "seconds")
GROUPS_COLUMNS, ELBOW_COLUMNS = ("path", "group", "similarity", "medoid"), ("k", "loss", "silhouette")
MAP_COLUMNS = ("path", "x", "y", "column", "row")
DUPLICATES_COLUMNS = ("group", "path", "similarity", "kind", "keep", "reason")
UNIQUENESS_COLUMNS = (
    "rank", "index", "path", "distance", "euclidean", "mean_distance", "outlier_factor", "nearest_index", "nearest",
    "stands_out",
)  # fmt: skip

Rows = NDArray[np.int64]


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


class Grouped(NamedTuple):
    """A table of groups: of each picture path, group from 1 and similarity to the medoid; and the medoids' rows."""

    paths: list[str]
    groups: Rows
    similarities: NDArray[np.float64]
    medoids: list[int]


class Placed(NamedTuple):
    """A map: of each picture its path, its point (N, 2), and its cell (N, 2) of column and row."""

    paths: list[str]
    points: NDArray[np.float64]
    cells: Rows


def save_groups(path: Path, grouped: Grouped) -> None:
    """Write groups.csv; similarities to 6 decimals."""
    chosen = set(grouped.medoids)
    together = zip(grouped.paths, grouped.groups.tolist(), grouped.similarities.tolist(), strict=True)
    rows = [
        (name, group, f"{similarity:.6f}", "yes" if row in chosen else "no")
        for row, (name, group, similarity) in enumerate(together)
    ]
    save_table(path, GROUPS_COLUMNS, rows)


def read_groups(path: Path) -> Grouped:
    """Return what a groups.csv holds, whichever pictures it is of; ArtifactError if it is missing or damaged."""
    table = load_table(path, GROUPS_COLUMNS, stage="groups")
    with _numbers_in(path, "groups"):
        groups = np.array([int(row[1]) for row in table], np.int64)
        similarities = np.array([float(row[2]) for row in table])
    chosen = [row for row, values in enumerate(table) if values[3] == "yes"]
    return Grouped([row[0] for row in table], groups, similarities, sorted(chosen, key=lambda row: int(groups[row])))


def load_groups(artifacts: Artifacts, index: Index, paths: list[str]) -> tuple[Rows, NDArray[np.float64], list[int]]:
    """Return what `pipeline groups` found of the pictures with these paths.

    Returns
    -------
    groups
        (N,) group of each picture, from 1.
    similarities
        (N,) cosine similarity to the own medoid, larger is more alike.
    medoids
        The row of each group's medoid, in the groups' order.

    Raises
    ------
    ArtifactError
        If groups.csv is missing, damaged, or was made from other pictures or another encoder.
    """
    check_origin(artifacts, "groups", index.digest)
    found = read_groups(artifacts.groups_table)
    if found.paths != paths:
        raise ArtifactError(f"{artifacts.groups_table} lists other pictures than the index: run `pipeline groups`")
    return found.groups, found.similarities, found.medoids


def save_elbow(path: Path, ks: Rows, losses: NDArray[np.float64], silhouettes: NDArray[np.float64]) -> None:
    """Write elbow.csv: (K,) each, to 8 decimals."""
    together = zip(ks.tolist(), losses.tolist(), silhouettes.tolist(), strict=True)
    save_table(path, ELBOW_COLUMNS, [(k, f"{loss:.8f}", f"{silhouette:.8f}") for k, loss, silhouette in together])


def load_elbow(path: Path) -> NDArray[np.float64]:
    """Return what an elbow.csv holds: (K, 3) of K, loss and silhouette; ArtifactError if it is missing or damaged."""
    return _numbers(path, ELBOW_COLUMNS, stage="groups")


def save_history(path: Path, epochs: Iterable[Sequence[float]]) -> None:
    """Write history.csv, a row of epoch, loss, validation_loss and seconds for each."""
    save_table(path, HISTORY_COLUMNS, epochs)


def load_history(path: Path) -> NDArray[np.float64]:
    """Return what a history.csv holds: (epochs, 4), by its columns; ArtifactError if it is missing or damaged."""
    return _numbers(path, HISTORY_COLUMNS, stage="train")


def save_map(path: Path, placed: Placed) -> None:
    """Write map.csv; points to 4 decimals."""
    together = zip(placed.paths, placed.points.tolist(), placed.cells.tolist(), strict=True)
    save_table(path, MAP_COLUMNS, [(name, f"{x:.4f}", f"{y:.4f}", *cell) for name, (x, y), cell in together])


def read_map(path: Path) -> Placed:
    """Return what a map.csv holds, whichever pictures it is of; ArtifactError if it is missing or damaged."""
    table = load_table(path, MAP_COLUMNS, stage="map")
    with _numbers_in(path, "map"):
        points = np.array([row[1:3] for row in table], np.float64).reshape(-1, 2)
        cells = np.array([row[3:5] for row in table], np.int64).reshape(-1, 2)
    return Placed([row[0] for row in table], points, cells)


def load_map(artifacts: Artifacts, index: Index, paths: list[str]) -> tuple[NDArray[np.float64], Rows]:
    """Return where `pipeline map` put the pictures with these paths: points (N, 2), and cells (N, 2) of column, row.

    Raises
    ------
    ArtifactError
        If map.csv is missing, damaged, or was made from other pictures or another encoder.
    """
    check_origin(artifacts, "map", index.digest)
    found = read_map(artifacts.map_table)
    if found.paths != paths:
        raise ArtifactError(f"{artifacts.map_table} lists other pictures than the index: run `pipeline map`")
    return found.points, found.cells


def save_rejected(artifacts: Artifacts, rejected: Iterable[Rejected]) -> None:
    """Write rejected.csv."""
    save_table(artifacts.rejected, REJECTED_COLUMNS, map(astuple, rejected))


def load_rejected(artifacts: Artifacts, index: Index) -> list[Rejected]:
    """Return the rows of rejected.csv; ArtifactError if it is missing, damaged or of other pictures."""
    check_origin(artifacts, "resize", index.digest)
    return [Rejected(*row) for row in load_table(artifacts.rejected, REJECTED_COLUMNS, stage="resize")]


def save_duplicates(path: Path, rows: Iterable[Duplicate]) -> None:
    """Write duplicates.csv; similarities to 6 decimals."""
    save_table(
        path,
        DUPLICATES_COLUMNS,
        [(row.group, row.path, f"{row.similarity:.6f}", row.kind, row.keep, row.reason) for row in rows],
    )


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


@contextmanager
def _numbers_in(path: Path, stage: str) -> Iterator[None]:
    """Turn what is no number, where one should stand, into an ArtifactError."""
    try:
        yield
    except ValueError as error:
        raise ArtifactError(f"{path} is damaged ({error}): run `pipeline {stage}` again") from error


def _numbers(path: Path, columns: Sequence[str], *, stage: str) -> NDArray[np.float64]:
    table = load_table(path, columns, stage=stage)
    with _numbers_in(path, stage):
        return np.array(table, np.float64).reshape(-1, len(columns))
