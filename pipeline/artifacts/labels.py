"""The labels of the pictures: by their folders, or from a CSV file of the user's."""

from pathlib import Path

from pipeline.artifacts.label_tables import TableOfLabels, composed, labels_of, read_label_rows
from pipeline.errors import ParamsError


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
