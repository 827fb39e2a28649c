"""Measures how many dimensions the similarity needs: agreement and time after PCA to few of them."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, load_embeddings, open_index, read_labels, replaced
from pipeline.errors import ParamsError
from pipeline.params import Params
from pipeline.show.plots import plot_dimensions
from pipeline.similarity.lists import sorted_lists
from pipeline.trust import measures
from pipeline.vectors import principal, unit

DIMENSIONS = (1, 2, 3, 4, 5, 10, 20, 50, 75, 100, 150, 200)
_BLOCK = 512


def dimensions(params: Params, artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return, for each number of dimensions and for all of them, agreement and seconds.

    Returns
    -------
    rows
        {"dimensions": D, "variance": share kept, "top4", "top4_macro": in [0, 1], larger is better,
        "seconds": of the sorted lists of all pictures, ten deep}, D rising. The last row is the embedding as it is.

    Raises
    ------
    ParamsError
        If `dataset.labels` gives fewer than two classes.
    """
    with open_index(artifacts.index) as index:
        names = read_labels(params.dataset.labels, index.paths())
        rows = [row for row, path in enumerate(index.paths()) if path in names]
        classes, labels = np.unique([names[index.path(row)] for row in rows], return_inverse=True)
        embeddings = np.ascontiguousarray(load_embeddings(artifacts, index)[rows])
    if len(classes) < 2:
        raise ParamsError("dataset.labels: agreement needs two labels or more; set folders or a CSV file")
    scores, shares, _ = principal_scores(embeddings)
    _measured(embeddings, labels, variance=1.0)  # so that the first row pays for no warm-up
    table = []
    for count in [d for d in DIMENSIONS if d < scores.shape[1]]:
        table.append(_measured(unit(scores[:, :count]), labels, variance=float(shares[:count].sum())))
    table.append(_measured(embeddings, labels, variance=1.0))
    return table


def principal_scores(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the scores of (N, P) on all its principal components, most variance first; their shares of it; and them.

    Float32 (N, D), (D,) and, a component a column, (P, D): D is P, or fewer where the rest has no variance.
    """
    centred = vectors - vectors.mean(axis=0)
    values, directions = principal(centred, dimensions=centred.shape[1])
    shares = values**2 / max(float((values**2).sum()), 1e-30)
    components = directions.astype(np.float32)
    return centred @ components, shares.astype(np.float32), components


def save_plot(table: list[dict[str, Any]], artifacts: Artifacts) -> Path:
    """Draw agreement and seconds by dimensions; return where."""
    with replaced(artifacts.plot("dimensions")) as path:
        plot_dimensions(
            path,
            dimensions=[row["dimensions"] for row in table],
            agreement=[row["top4"] for row in table],
            seconds=[row["seconds"] for row in table],
        )
    return artifacts.plot("dimensions")


def format_table(table: list[dict[str, Any]]) -> str:
    """Return the table as text for a terminal, a line for each number of dimensions."""
    lines = [f"{'dimensions':>12}{'variance':>10}{'top-4 %':>9}{'macro %':>9}{'seconds':>9}"]
    for row in table:
        numbers = f"{100 * row['variance']:9.1f}%{100 * row['top4']:9.1f}{100 * row['top4_macro']:9.1f}"
        lines.append(f"{row['dimensions']:>12,}{numbers}{row['seconds']:9.2f}")
    return "\n".join([*lines, "the last row is the embedding as it is, not centred"])


def as_json(table: list[dict[str, Any]]) -> str:
    """Return the table as one line of JSON, a list with an object for each number of dimensions."""
    return json.dumps(table)


def _measured(embeddings: NDArray[np.float32], labels: NDArray[np.int64], *, variance: float) -> dict[str, Any]:
    started = time.perf_counter()
    lists = list(sorted_lists(embeddings, depth=measures.DEPTH, block=_BLOCK, progress=False))
    seconds = time.perf_counter() - started
    found = measures.agreement(np.concatenate(lists)["row"], labels)
    return {
        "dimensions": embeddings.shape[1],
        "variance": variance,
        "top4": found.top4,
        "top4_macro": found.top4_macro,
        "seconds": seconds,
    }
