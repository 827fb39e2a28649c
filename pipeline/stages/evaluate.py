"""Measures how well the similarity agrees with labels, beside simple baselines."""

import csv
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import evaluation
from pipeline.artifacts import (
    Artifacts,
    load_embeddings,
    load_pictures,
    load_table,
    open_index,
    save_json,
)
from pipeline.encoder import encode, open_encoder
from pipeline.errors import ArtifactError, ParamsError
from pipeline.neighbours import sorted_lists
from pipeline.params import Params

_BLOCK = 512


def evaluate(params: Params, artifacts: Artifacts) -> dict[str, Any] | None:
    """Write and return the table of agreement; None, and only the number of pictures, without labels.

    Returns
    -------
    table
        {"pictures": N, "classes": C, "embeddings": {name: measures}, "groups": {"k", "purity",
        "adjusted_rand"}}; N counts the pictures that have a label, and only they are compared.
    """
    with open_index(artifacts.index) as index:
        paths = index.paths()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        pictures = load_pictures(artifacts, index)
    names = read_labels(params.dataset.labels, paths)
    rows = np.array([row for row, path in enumerate(paths) if path in names], np.int64)
    classes, labels = np.unique([names[paths[row]] for row in rows], return_inverse=True)
    if len(classes) < 2:
        save_json(artifacts.metrics("evaluate"), {"pictures": len(paths)})
        return None
    some = pictures if len(rows) == len(paths) else pictures[rows]
    table = {
        "pictures": len(rows),
        "classes": len(classes),
        "embeddings": {
            "model": _measure(embeddings[rows], labels),
            "pixels": _measure(evaluation.pixel_embeddings(some), labels),
            "untrained": _measure(encode(open_encoder(artifacts.untrained_encoder), some, progress=True), labels),
            "chance": asdict(evaluation.chance(labels)),
        },
        "groups": _measure_groups(paths, rows, labels, artifacts),
    }
    save_json(artifacts.metrics("evaluate"), table)
    return table


def read_labels(source: str, paths: list[str]) -> dict[str, str]:
    """Return the label of each path that has one: by its folder, or from a CSV file with path,label.

    Raises
    ------
    ParamsError
        If the CSV file is missing or lacks these columns, or names no picture of the dataset.
    """
    if source == "none":
        return {}
    if source == "folders":
        folders = {path: str(PurePosixPath(path).parent) for path in paths}
        return {path: folder for path, folder in folders.items() if folder != "."}
    try:
        with Path(source).open(encoding="utf-8-sig", newline="") as file:
            found = {row["path"]: row["label"] for row in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise ParamsError(
            f"dataset.labels: expected folders, none or a CSV file with the columns path,label; "
            f"got {source!r} ({error})"
        ) from error
    labels = {path: found[path] for path in paths if found.get(path)}
    if found and not labels:
        raise ParamsError(
            f"dataset.labels: {source} names no picture of the dataset; its paths must be relative to dataset.path"
        )
    return labels


def format_table(table: dict[str, Any]) -> str:
    """Return the table as text for a terminal."""
    lines = [f"{table['pictures']:,} pictures in {table['classes']:,} classes; agreement of neighbours with labels, %"]
    lines.append(f"{'':12}{'top-4':>8}{'macro':>8}{'top-1':>8}{'mAP@10':>8}")
    for name, measures in table["embeddings"].items():
        numbers = "".join(f"{100 * value:8.1f}" for value in measures.values())
        lines.append(f"{name:12}{numbers}")
    groups = table["groups"]
    lines.append(
        f"{groups['k']} groups: purity {groups['purity']:.3f}, adjusted Rand index {groups['adjusted_rand']:.3f}"
    )
    return "\n".join(lines)


def _measure(embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    lists = list(sorted_lists(embeddings, depth=evaluation.DEPTH, block=_BLOCK, progress=False))
    return asdict(evaluation.agreement(np.concatenate(lists)["row"], labels))


def _measure_groups(
    paths: list[str], rows: NDArray[np.int64], labels: NDArray[np.int64], artifacts: Artifacts
) -> dict[str, Any]:
    table = load_table(artifacts.groups_table, ("path", "group", "similarity", "medoid"), stage="groups")
    if [row[0] for row in table] != paths:
        raise ArtifactError(f"{artifacts.groups_table} lists other pictures than the index: run `pipeline groups`")
    groups = np.array([int(row[1]) - 1 for row in table], np.int64)
    return {
        "k": int(groups.max()) + 1,
        "purity": evaluation.purity(groups[rows], labels),
        "adjusted_rand": evaluation.adjusted_rand(groups[rows], labels),
    }
