"""Measures what an approximate index would gain over exact search in this folder: time a query, and recall at 10.

FAISS and Annoy come with the `benchmark` extra and are peers alone: nothing else imports them. No process that
runs this has TensorFlow in it, beside which FAISS can crash.
"""

import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, load_embeddings, open_index, replaced
from pipeline.cli.answers.dimensions import principal_scores
from pipeline.show.plots import plot_search
from pipeline.similarity.lists import most_similar
from pipeline.vectors import unit

DEPTH = 10
_QUERIES = 300
_FEW_DIMENSIONS = 50
_TREES = 50  # of Annoy
_LINKS = 32  # of a node of FAISS's graph

Embeddings = NDArray[np.float32]
Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]  # a vector to the rows most like it


def search(artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return each way to search with its time and recall, exact search first.

    Returns
    -------
    rows
        {"method", "pictures": how many its index holds, "build_seconds", "milliseconds": median of one query,
        "recall_at_10": share of the exact ten nearest that it finds, in [0, 1]}; a method whose library isn't
        installed has None in place of numbers. Queries are pictures of the folder; what is their own row counts
        like any other.
    """
    with open_index(artifacts.index) as index:
        embeddings = np.ascontiguousarray(load_embeddings(artifacts, index))
    queries = embeddings[:: -(-len(embeddings) // _QUERIES)]
    exact = np.stack([most_similar(embeddings, query, count=DEPTH)["row"] for query in queries])
    builders: dict[str, Callable[[Embeddings], tuple[Search, int] | None]] = {
        "exact, this project": _exact,
        f"exact after PCA to {_FEW_DIMENSIONS}": _after_pca,
        "FAISS, exact (Flat)": lambda e: _faiss(e, "Flat"),
        f"FAISS, graph (HNSW{_LINKS})": lambda e: _faiss(e, f"HNSW{_LINKS}"),
        f"Annoy, {_TREES} trees": _annoy,
    }
    return [_measured(name, build, embeddings, queries, exact) for name, build in builders.items()]


def _measured(
    name: str,
    build: Callable[[Embeddings], tuple[Search, int] | None],
    embeddings: Embeddings,
    queries: Embeddings,
    exact: NDArray[np.int64],
) -> dict[str, Any]:
    started = time.perf_counter()
    built = build(embeddings)
    build_seconds = time.perf_counter() - started
    if built is None:
        return {"method": name, "pictures": None, "build_seconds": None, "milliseconds": None, "recall_at_10": None}
    find, pictures = built
    find(queries[0])
    times, right = [], 0
    for query, rows in zip(queries, exact, strict=True):
        started = time.perf_counter()
        found = find(query)
        times.append(time.perf_counter() - started)
        right += len(np.intersect1d(found, rows))
    return {
        "method": name,
        "pictures": pictures,
        "build_seconds": build_seconds,
        "milliseconds": 1000 * float(np.median(times)),
        "recall_at_10": right / exact.size,
    }


def _exact(embeddings: Embeddings) -> tuple[Search, int]:
    return lambda query: most_similar(embeddings, query, count=DEPTH)["row"], len(embeddings)


def _after_pca(embeddings: Embeddings) -> tuple[Search, int]:
    mean = embeddings.mean(axis=0)
    scores, _, components = principal_scores(embeddings)
    few, turn = unit(scores[:, :_FEW_DIMENSIONS]), components[:, :_FEW_DIMENSIONS]
    return lambda query: most_similar(few, unit((query - mean)[None] @ turn)[0], count=DEPTH)["row"], len(few)


def _faiss(embeddings: Embeddings, kind: str) -> tuple[Search, int] | None:
    faiss = _library("faiss")
    if faiss is None:
        return None
    index = faiss.index_factory(embeddings.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.add(embeddings)
    return lambda query: index.search(query[None], DEPTH)[1][0], int(index.ntotal)


def _annoy(embeddings: Embeddings) -> tuple[Search, int] | None:
    annoy = _library("annoy")
    if annoy is None:
        return None
    index = annoy.AnnoyIndex(embeddings.shape[1], "angular")
    index.set_seed(1)
    for row, vector in enumerate(embeddings):
        index.add_item(row, vector)
    index.build(_TREES)
    return lambda query: np.array(index.get_nns_by_vector(query, DEPTH)), int(index.get_n_items())


def _library(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def save_plot(table: list[dict[str, Any]], artifacts: Artifacts) -> Path:
    """Draw recall over time, one point a method; return where."""
    found = [row for row in table if row["milliseconds"] is not None]
    with replaced(artifacts.plot("search")) as path:
        plot_search(
            path,
            methods=[row["method"] for row in found],
            milliseconds=[row["milliseconds"] for row in found],
            recall=[row["recall_at_10"] for row in found],
        )
    return artifacts.plot("search")


def format_table(table: list[dict[str, Any]]) -> str:
    """Return the table as text for a terminal, a line for each way to search."""
    lines = [f"{'':24}{'pictures':>10}{'build s':>9}{'ms a query':>12}{'recall at 10':>14}"]
    for row in table:
        if row["milliseconds"] is None:
            lines.append(f"{row['method']:24}{'':10}not installed: pip install -e '.[benchmark]'")
            continue
        numbers = f"{row['build_seconds']:9.2f}{row['milliseconds']:12.3f}{row['recall_at_10']:14.3f}"
        lines.append(f"{row['method']:24}{row['pictures']:>10,}{numbers}")
    return "\n".join(lines)


def as_json(table: list[dict[str, Any]]) -> str:
    """Return the table as one line of JSON, a list with an object for each way to search."""
    return json.dumps(table)
