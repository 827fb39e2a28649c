"""The page: one HTML file from the templates beside this module, with everything inside it that fits."""

import base64
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from pipeline.artifacts.answers import Answers
from pipeline.show.report import sections
from pipeline.show.report.findings import Findings
from pipeline.show.report.judgement import judgement
from pipeline.show.report.thumbnails import SHOWN, Gallery, Sheets, data_uri, draw_sheets, largest_side, picture_uri
from pipeline.wording import counted, one_line

_DEEP = 12  # neighbours that the page knows of each picture
_OUTSIDE = 64  # pixels of thumbnails that lie beside the page
_PLACED = 8  # bytes that say where the thumbnail of a picture is
_EMPTY = '<script type="application/json" id="thumbnails">'  # no name of a file can look like this


@dataclass(frozen=True)
class Page:
    """The HTML, and the files that it expects in the folder `thumbnails` beside it: none if it has all inside."""

    html: str
    files: Mapping[str, bytes]
    side: int


def make_page(
    found: Findings, *, limit_bytes: float, queries: int, seed: int, drawn: Answers[bytes], progress: bool
) -> Page:
    """Make the report.

    Parameters
    ----------
    found
        What the line found.
    limit_bytes
        Thumbnails of all pictures are put into the page at the largest size with which it stays below this; if
        there is no such size, they are put beside it.
    queries, seed
        How many pictures are drawn at random to show their neighbours, and how.
    drawn
        WebP files that the last page had; what this one has is put there.
    progress
        Whether to show progress on stderr.
    """
    gallery = Gallery(found.pictures, found.sizes, found.contents, drawn)
    html = _render(found, gallery, queries=queries, seed=seed)
    slots = _PLACED * len(found.paths)
    side = largest_side(gallery, limit_bytes=limit_bytes - len(html.encode()) - slots)
    sheets = draw_sheets(gallery, side=side or _OUTSIDE, progress=progress)
    files = {} if side else {f"{number:04d}.webp": file for number, file in enumerate(sheets.files, 1)}
    sources = [data_uri(file) for file in sheets.files] if side else [f"thumbnails/{name}" for name in files]
    return Page(html.replace(_EMPTY, _EMPTY + _thumbnails(sheets, sources)), files, sheets.side)


def _render(found: Findings, gallery: Gallery, *, queries: int, seed: int) -> str:
    environment = Environment(
        loader=PackageLoader("pipeline.show.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": sections.shown_as,
        "breakable": _breakable,
        "counted": counted,
        "distance": sections.distance,
    }
    environment.globals |= {"picture": _pictures(gallery), "side": SHOWN, "source": _source(environment)}
    return environment.get_template("report.html").render(
        found=found,
        paths=found.paths,
        summary=sections.summary(found),
        judgement=judgement(found),
        pictures=sections.pictures(found),
        training=sections.training(found),
        trust=sections.trust(found),
        wall=sections.wall(found, queries=queries, seed=seed),
        typical=sections.typical(found),
        groups=sections.groups(found),
        copies=sections.copies(found),
        unusual=sections.unusual(found),
        map=found.metrics["map"],
        data=_data(found),
    )


def _breakable(path: str) -> Markup:
    """Return a path that lines may be broken in behind its slashes; what controls something is an escape."""
    return Markup("/<wbr>").join(one_line(path).split("/"))


def _pictures(gallery: Gallery) -> Callable[[int], str]:
    return functools.cache(lambda row: picture_uri(gallery, row))


def _source(environment: Environment) -> Callable[[str], Markup]:
    """Return what puts a file of the templates' folder into the page as it is."""
    loader = environment.loader
    assert loader is not None
    return lambda name: Markup(loader.get_source(environment, name)[0])


def _data(found: Findings) -> dict[str, Any]:
    """Return what the page's script knows; arrays as base64 of little-endian numbers."""
    names = sorted(set(found.labels.values()))
    numbers = {name: number for number, name in enumerate(names, 1)}
    lists = found.neighbours[:, :_DEEP]
    ranks, distances = _unusual_by_row(found)
    return {
        "home": quote(found.home),
        "dataset": found.dataset,
        "paths": list(found.paths),
        "labelNames": names,
        "depth": lists.shape[1],
        "sizes": _packed(found.sizes, "<u4"),
        "bytes": _packed(found.bytes, "<f8"),
        "times": _packed(found.times, "<f8"),
        "copies": _copies(found),
        "ranks": _packed(ranks, "<u4"),
        "rankCount": int(ranks.max(initial=0)),
        "distances": _packed(distances, "<f4"),
        "standsOutFrom": min((one.distance for one in found.unusual or () if one.stands_out), default=3.0) - 1e-6,
        "groups": _packed(found.groups, "<u4"),
        "labels": _packed(np.array([numbers.get(found.labels.get(path, ""), 0) for path in found.paths]), "<u4"),
        "positions": _packed(_unit_square(found.positions), "<f4"),
        "cells": _packed(found.cells, "<u4"),
        "neighbours": _packed(lists["row"], "<u4"),
        "similarities": _packed(np.round(lists["similarity"] * 10_000), "<i2"),
    }


def _copies(found: Findings) -> list[dict[str, list[int]]]:
    """Return the groups of copies: their rows, which are kept, and which may be copies."""
    groups: dict[int, dict[str, list[int]]] = {}
    for copy in found.copies or ():
        group = groups.setdefault(copy.group, {"rows": [], "kept": [], "unsure": []})
        group["rows"].append(copy.row)
        group["kept"] += [copy.row] if copy.kept else []
        group["unsure"] += [copy.row] if copy.keep == "unsure" else []
    return list(groups.values())


def _unusual_by_row(found: Findings) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rank by uniqueness and the distance of every picture: (N,) both, 0 and -1 where they are unknown."""
    ranks, distances = np.zeros(len(found.paths), np.int64), np.full(len(found.paths), -1.0)
    for one in found.unusual or ():
        for row in (one.row, *one.copies):
            ranks[row], distances[row] = one.rank, one.distance
    return ranks, np.nan_to_num(distances, nan=-1)


def _unit_square(positions: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return points (N, 2) within [0, 1], not stretched, with the second axis pointing down as screens have it."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    extent = float((high - low).max()) or 1.0
    square: NDArray[np.floating] = (positions - (low + high) / 2) / extent * np.array([1, -1]) + 0.5
    return square


def _packed(values: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")


def _thumbnails(sheets: Sheets, sources: list[str]) -> str:
    where = {"sheets": _packed(sheets.sheets, "<u2"), "places": _packed(sheets.places, "<u4")}
    return json.dumps({"side": sheets.side, "columns": sheets.columns, **where, "sources": sources})
