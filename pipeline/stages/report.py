"""Puts everything that was found on one page."""

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts import (
    DUPLICATES_COLUMNS,
    UNIQUENESS_COLUMNS,
    Artifacts,
    Index,
    check_origin,
    check_own,
    load_groups,
    load_json,
    load_map,
    load_neighbours,
    load_pictures,
    load_rejected,
    load_scale,
    load_table,
    open_index,
    read_labels,
    rewritten_folder,
    save_json,
)
from pipeline.errors import ArtifactError
from pipeline.params import Params
from pipeline.report import Copy, Findings, Rejected, Unusual, make_page

_MEASURED = ("train", "groups", "evaluate", "map")  # stages whose metrics the page shows


def report(params: Params, artifacts: Artifacts) -> str:
    """Write report/index.html, and its thumbnails beside it where they are too many to be inside.

    Copies and unusual pictures are shown if somebody has looked for them.
    """
    check_own(artifacts.report)
    with open_index(artifacts.index) as index:
        found = load_findings(params, artifacts, index)
    page = make_page(
        found,
        limit_bytes=params.report.megabytes * 1e6,
        queries=params.report.queries,
        seed=params.report.seed,
        progress=True,
    )
    save_json(artifacts.metrics("summary"), summary_of(found))
    with rewritten_folder(artifacts.report) as folder:
        (folder / "index.html").write_text(page.html, encoding="utf-8")
        for name, file in page.files.items():
            (folder / "thumbnails").mkdir(exist_ok=True)
            (folder / "thumbnails" / name).write_bytes(file)
    where = "beside it: they do not fit inside" if page.files else "inside"
    return (
        f"{artifacts.report / 'index.html'}: {len(page.html.encode()) / 1e6:.1f} MB, "
        f"thumbnails of {page.side} pixels {where}"
    )


def summary_of(found: Findings) -> dict[str, int | float]:
    """Return the few numbers that tell runs apart, for `dvc metrics show`; what is unknown is left out."""
    evaluated, trained = found.metrics["evaluate"], found.metrics["train"]
    embeddings = {name: measures["top4"] for name, measures in evaluated.get("embeddings", {}).items()}
    baselines = [value for name, value in embeddings.items() if name not in ("model", "chance")]
    values = {
        "pictures": len(found.paths),
        "rejected": len(found.rejected),
        "reconstruction_error": trained.get("validation_loss"),
        "top4": embeddings.get("model"),
        "top4_best_baseline": max(baselines, default=None),
        "second_view": evaluated["views"]["model"],
        "groups": len(found.medoids),
        "silhouette": found.metrics["groups"]["silhouette"],
        "copies": None if found.copies is None else sum(copy.keep == "no" for copy in found.copies),
        "stand_out": None if found.unusual is None else sum(one.stands_out for one in found.unusual),
        "map_trust": found.metrics["map"]["trustworthiness_tsne"],
    }
    return {name: round(value, 4) for name, value in values.items() if value is not None}


def load_findings(params: Params, artifacts: Artifacts, index: Index) -> Findings:
    """Gather what the page shows.

    Raises
    ------
    ArtifactError
        If something is missing, damaged, or was made from other pictures than the index lists.
    """
    listed = index.pictures()
    paths = [picture.path for picture in listed]
    labels = read_labels(params.dataset.labels, paths)
    for stage in ("train", "embed", "groups", "evaluate"):
        check_origin(artifacts, stage, index.digest, labels=labels)
    groups, similarities, medoids = load_groups(artifacts, index, paths)
    positions, cells = load_map(artifacts, index, paths)
    files = np.array([_file(index.dataset / path) for path in paths], np.int64).reshape(-1, 2)
    return Findings(
        dataset=params.dataset.path,
        home=_url(index.dataset, artifacts),
        groups_home=_url(artifacts.groups, artifacts),
        paths=paths,
        sizes=np.array([(picture.width, picture.height) for picture in listed], np.int64),
        bytes=files[:, 0],
        times=files[:, 1],
        pictures=load_pictures(artifacts, index),
        neighbours=load_neighbours(artifacts, index),
        scale=load_scale(artifacts, index),
        groups=groups,
        similarities=similarities,
        medoids=medoids,
        labels=labels,
        positions=positions,
        cells=cells,
        rejected=[
            Rejected(path=one.path, reason=one.reason, is_other_name=bool(one.same_as))
            for one in load_rejected(artifacts, index)
        ],
        history=_numbers(artifacts.history, ("epoch", "loss", "validation_loss", "seconds"), stage="train"),
        elbow=_numbers(artifacts.elbow_table, ("k", "loss", "silhouette"), stage="groups"),
        metrics={name: load_json(artifacts.metrics(name), stage=name) for name in _MEASURED},
        copies=_load_copies(artifacts, index, paths),
        unusual=_load_unusual(artifacts, index, paths),
    )


def _file(path: Path) -> tuple[int, int]:
    """Return the bytes of a file and when it was last changed; zeros if it has gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, int(found.st_mtime)


def _url(folder: Path, artifacts: Artifacts) -> str:
    """Return where a folder lies, as seen from the page."""
    return os.path.relpath(folder.absolute(), artifacts.report.absolute()).replace(os.sep, "/") + "/"


def _numbers(path: Path, header: tuple[str, ...], *, stage: str) -> list[list[float]]:
    return [[float(value) for value in row] for row in load_table(path, header, stage=stage)]


def _load_copies(artifacts: Artifacts, index: Index, paths: list[str]) -> list[Copy] | None:
    """Return the rows of duplicates.csv, or None if there is no such file."""
    path = artifacts.duplicates
    if not path.is_file():
        return None
    check_origin(artifacts, "duplicates", index.digest)
    table = load_table(path, DUPLICATES_COLUMNS, stage="duplicates")
    rows = _rows_of([row[1] for row in table], paths, path, stage="duplicates")
    return [
        Copy(group=int(group), row=row, similarity=float(similarity), kind=kind, keep=keep, reason=reason)
        for row, (group, _, similarity, kind, keep, reason) in zip(rows, table, strict=True)
    ]


def _load_unusual(artifacts: Artifacts, index: Index, paths: list[str]) -> list[Unusual] | None:
    """Return the rows of uniqueness.csv, or None if there is no such file."""
    path = artifacts.uniqueness
    if not path.is_file():
        return None
    check_origin(artifacts, "uniqueness", index.digest)
    table = load_table(path, UNIQUENESS_COLUMNS, stage="uniqueness")
    rows = _rows_of([row[2] for row in table], paths, path, stage="uniqueness")
    others = iter(_rows_of([row[8] for row in table if row[8]], paths, path, stage="uniqueness"))
    nearest = [next(others) if values[8] else -1 for values in table]
    together = itertools.groupby(zip(table, rows, nearest, strict=True), key=lambda one: int(one[0][0]))
    return [_unusual(rank, *copies) for rank, copies in together]


def _unusual(rank: int, first: tuple[list[str], int, int], *copies: tuple[list[str], int, int]) -> Unusual:
    values, row, nearest = first
    others = [copy for _, copy, _ in copies]
    distance, stands_out = _number(values[3]), values[9] == "yes"
    return Unusual(row=row, distance=distance, nearest=nearest, rank=rank, copies=others, stands_out=stands_out)


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _rows_of(named: list[str], paths: list[str], table: Path, *, stage: str) -> list[int]:
    rows: dict[str, Any] = {path: row for row, path in enumerate(paths)}
    try:
        return [rows[path] for path in named]
    except KeyError as error:
        raise ArtifactError(f"{table} names {error}, which is not in the index: run `pipeline {stage}`") from error
