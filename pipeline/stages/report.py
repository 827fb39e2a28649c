"""Puts everything that was found on one page."""

import itertools
import os
from pathlib import Path

import numpy as np

from pipeline.artifacts import (
    Artifacts,
    Index,
    Ranked,
    check_origin,
    check_own,
    earlier,
    kept,
    load_duplicates,
    load_elbow,
    load_groups,
    load_history,
    load_json,
    load_map,
    load_neighbours,
    load_pictures,
    load_rejected,
    load_scale,
    load_uniqueness,
    open_index,
    read_labels,
    rewritten_folder,
    save_json,
)
from pipeline.artifacts.originals import bytes_and_times
from pipeline.drawings import load_drawn, save_drawn
from pipeline.params import Params
from pipeline.show.report import Copy, Findings, Rejected, Unusual, make_page

_DRAWS = "pipeline.show.report.thumbnails"
_MEASURED = ("train", "groups", "evaluate", "map")  # stages whose metrics the page shows


def report(params: Params, artifacts: Artifacts) -> str:
    """Write report/index.html, and its thumbnails beside it where they are too many to be inside.

    Copies and unusual pictures are shown if somebody has looked for them.
    """
    check_own(artifacts.report)
    with open_index(artifacts.index) as index:
        found = load_findings(params, artifacts, index)
        drawn = load_drawn(earlier(artifacts, "report", index), module=_DRAWS)
    settings = params.report
    limit = settings.megabytes * 1e6
    page = make_page(found, limit_bytes=limit, queries=settings.queries, seed=settings.seed, drawn=drawn, progress=True)
    save_json(artifacts.metrics("summary"), summary_of(found))
    with rewritten_folder(artifacts.report) as folder:
        (folder / "index.html").write_text(page.html, encoding="utf-8")
        for name, file in page.files.items():
            (folder / "thumbnails").mkdir(exist_ok=True)
            (folder / "thumbnails" / name).write_bytes(file)
    with kept(artifacts, "report") as folder:
        save_drawn(folder, drawn, module=_DRAWS)
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
    for stage in ("train", "encoder", "embed", "groups", "evaluate"):
        check_origin(artifacts, stage, index.digest, labels=labels)
    groups, similarities, medoids = load_groups(artifacts, index, paths)
    positions, cells = load_map(artifacts, index, paths)
    files = bytes_and_times(index)
    return Findings(
        dataset=params.dataset.path,
        home=_url(index.dataset, artifacts),
        groups_home=_url(artifacts.groups, artifacts),
        paths=paths,
        contents=[picture.content for picture in listed],
        sizes=np.array([(picture.width, picture.height) for picture in listed], np.int64),
        bytes=files[:, 0],
        times=files[:, 1],
        pictures=load_pictures(artifacts, index),
        neighbours=load_neighbours(artifacts, index),
        scale=load_scale(artifacts, index, part="whole"),
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
        history=load_history(artifacts.history).tolist(),
        elbow=load_elbow(artifacts.elbow_table).tolist(),
        metrics={name: load_json(artifacts.metrics(name), stage=name) for name in _MEASURED},
        copies=_load_copies(artifacts, index),
        unusual=_load_unusual(artifacts, index),
    )


def _url(folder: Path, artifacts: Artifacts) -> str:
    """Return where a folder lies, as seen from the page."""
    return os.path.relpath(folder.absolute(), artifacts.report.absolute()).replace(os.sep, "/") + "/"


def _load_copies(artifacts: Artifacts, index: Index) -> list[Copy] | None:
    """Return the rows of duplicates.csv, or None if there is no such file."""
    if not artifacts.duplicates.is_file():
        return None
    return [
        Copy(group=one.group, row=one.row, similarity=one.similarity, kind=one.kind, keep=one.keep, reason=one.reason)
        for one in load_duplicates(artifacts, index)
    ]


def _load_unusual(artifacts: Artifacts, index: Index) -> list[Unusual] | None:
    """Return the rows of uniqueness.csv, or None if there is no such file."""
    if not artifacts.uniqueness.is_file():
        return None
    together = itertools.groupby(load_uniqueness(artifacts, index), key=lambda one: one.rank)
    return [_unusual(*group) for _, group in together]


def _unusual(first: Ranked, *copies: Ranked) -> Unusual:
    return Unusual(
        row=first.row,
        distance=float("nan") if first.distance is None else first.distance,
        nearest=first.nearest_row,
        rank=first.rank,
        copies=[copy.row for copy in copies],
        stands_out=first.stands_out,
    )
