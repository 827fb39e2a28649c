"""What is known of the pictures by name: their labels, their groups, their places on the map."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.files import load_table
from pipeline.artifacts.index import Index
from pipeline.artifacts.label_tables import TableOfLabels, composed, labels_of, read_label_rows
from pipeline.artifacts.layout import Artifacts
from pipeline.artifacts.origins import check_origin
from pipeline.errors import ArtifactError, ParamsError


def read_labels(source: str, paths: list[str]) -> dict[str, str]:
    """Return the label of each path that has one; see `find_labels`."""
    return find_labels(source, paths).labels


def find_labels(source: str, paths: list[str]) -> TableOfLabels:
    """Return the label of each path that has one, by its folder or from a CSV file with path,label; and what to doubt.

    Raises
    ------
    ParamsError
        If the CSV file is missing, lacks these columns, can't be understood, gives one picture two labels, or names no
        picture of the dataset.
    """
    if source == "none":
        return TableOfLabels({}, "")
    if source == "folders":
        folders = {path: composed(path.rpartition("/")[0]) for path in paths}
        return TableOfLabels({path: folder for path, folder in folders.items() if folder}, "")
    try:
        rows = read_label_rows(Path(source))
    except (OSError, ValueError) as error:
        raise ParamsError(
            "dataset.labels: expected folders, none or a CSV file with the columns path,label; "
            f"got {source!r} ({getattr(error, 'strerror', None) or error})"
        ) from error
    try:
        found = labels_of(rows, paths, source=Path(source))
    except ValueError as error:
        raise ParamsError(f"dataset.labels: {source}: {error}") from error
    if rows and not any(row.label for row in rows):
        raise ParamsError(f"dataset.labels: no row of {source} has a label; fill in its column label")
    if rows and not found.labels:
        raise ParamsError(
            f"dataset.labels: {source} names no picture of the dataset; its paths must be relative to dataset.path"
        )
    return found


def load_groups(
    artifacts: Artifacts, index: Index, paths: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[int]]:
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
    table = load_table(artifacts.groups_table, ("path", "group", "similarity", "medoid"), stage="groups")
    if [row[0] for row in table] != paths:
        raise ArtifactError(f"{artifacts.groups_table} lists other pictures than the index: run `pipeline groups`")
    groups = np.array([int(row[1]) for row in table], np.int64)
    chosen = [row for row, values in enumerate(table) if values[3] == "yes"]
    medoids = sorted(chosen, key=lambda row: int(groups[row]))
    return groups, np.array([float(row[2]) for row in table]), medoids


def load_map(artifacts: Artifacts, index: Index, paths: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return where `pipeline map` put the pictures with these paths: points (N, 2), and cells (N, 2) of column, row.

    Raises
    ------
    ArtifactError
        If map.csv is missing, damaged, or was made from other pictures or another encoder.
    """
    check_origin(artifacts, "map", index.digest)
    table = load_table(artifacts.map_table, ("path", "x", "y", "column", "row"), stage="map")
    if [row[0] for row in table] != paths:
        raise ArtifactError(f"{artifacts.map_table} lists other pictures than the index: run `pipeline map`")
    return np.array([row[1:3] for row in table], np.float64), np.array([row[3:5] for row in table], np.int64)
