"""What the stages have found of the whole folder: groups, what is unusual, copies, the map, what was measured."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from pipeline.errors import PipelineError
from pipeline.folder.catalogue import Catalogue
from pipeline.folder.tables import Group as Found
from pipeline.web.answers import TAG, brief, fields
from pipeline.web.models import Brief
from pipeline.web.problems import ProblemError
from pipeline.web.searching import model_of
from pipeline.web.site import site_of
from pipeline.web.tables import (
    Caps,
    CopyGroup,
    CopyMember,
    Duplicates,
    Epoch,
    Group,
    GroupBrief,
    Groups,
    Map,
    Member,
    Named,
    Odd,
    Split,
    Status,
    Trust,
    Unique,
)
from pipeline.wording import shown

_MEDOIDS_BESIDE = 5  # pictures that a group is shown by
_STEPS = 60  # of the histogram of distances
_PANELS = {
    "groups": "groups",
    "unusual": "uniqueness",
    "duplicates": "duplicates",
    "map": "map",
    "compare": "tolerance",
    "trust": "evaluate",
}
Start = Annotated[int, Query(ge=0)]
Count = Annotated[int, Query(ge=1, le=500)]

routes = APIRouter(prefix="/api", tags=["browse"])


@routes.get("/status", response_model=Status)
def status(request: Request) -> Status:
    """What is served, and its version, which changes when a stage replaces artefacts."""
    site = site_of(request)
    folder, limits = site.folder, site.uploads.limits
    known = folder.catalogue()
    times = known.times[known.times > 0]
    try:
        stages = known.stages | ({"evaluate"} if folder.measured().evaluation else set())
    except PipelineError:  # the panel itself says what is wrong with it
        stages = known.stages | {"evaluate"}
    return Status(
        version=folder.version,
        name=site.name,
        pictures=len(known.paths),
        labels=_counted(known.labels),
        folders=_counted(tuple(path.rpartition("/")[0] for path in known.paths)),
        groups=int(known.groups.max(initial=0)),
        times=(int(times.min()), int(times.max())) if len(times) else (0, 0),
        panels={panel: "" if stage in stages else f"run `pipeline {stage}` first" for panel, stage in _PANELS.items()},
        scale=list(known.scale.nearest),
        models=[model_of(served) for served in site.folders],
        caps=Caps(megabytes=limits.max_file_megabytes, megapixels=limits.max_megapixels, seconds=limits.max_seconds),
    )


@routes.get("/groups", response_model=Groups)
def groups(request: Request) -> Groups:
    """All groups, each with the picture that stands for it and a few others, and what other numbers of groups gave."""
    folder = site_of(request).folder
    known, measured, found = folder.catalogue(), folder.measured(), folder.groups()
    return Groups(
        version=folder.version,
        k=len(found),
        silhouette=(measured.grouping or {}).get("silhouette"),
        curve=[Split(**asdict(one)) for one in measured.curve],
        groups=[_brief_group(group, known) for group in found],
    )


@routes.get("/groups/{number}", response_model=Group)
def group(number: Annotated[int, Path(ge=0)], request: Request, start: Start = 0, n: Count = 200) -> Group:
    """The pictures of a group, its medoid first, then by similarity to it."""
    folder = site_of(request).folder
    known = folder.catalogue()
    found = next((one for one in folder.groups() if one.number == number), None)
    if found is None:
        raise ProblemError(404, f"there is no group {number}; /api/groups lists them")
    some = slice(start, start + n)
    pictures = [
        Member.model_validate({**fields(row, known), "similarity": round(similarity, 6)})
        for row, similarity in zip(found.rows[some].tolist(), found.similarities[some].tolist(), strict=True)
    ]
    return Group(version=folder.version, number=number, size=len(found.rows), start=start, pictures=pictures)


@routes.get("/unique", response_model=Unique)
def unique(request: Request, start: Start = 0, n: Count = 60) -> Unique:
    """The most unusual pictures, each beside the nearest that is no copy of it."""
    folder = site_of(request).folder
    known = folder.catalogue()
    ranked = folder.unique(len(known.paths))
    rows = {path: row for row, path in enumerate(known.paths)}

    def of(path: str) -> Brief:
        return brief(rows[path], known)

    distances = np.array([one.distance for one in ranked if one.distance is not None])
    largest = float(distances.max(initial=0)) or 1.0
    return Unique(
        version=folder.version,
        total=len(ranked),
        stand_out=sum(one.stands_out for one in ranked),
        start=start,
        counts=np.histogram(distances, _STEPS, (0, largest))[0].tolist(),
        largest=largest,
        pictures=[
            Odd(
                rank=one.rank,
                picture=of(one.path),
                nearest=None if one.nearest is None else of(one.nearest),
                distance=one.distance,
                stands_out=one.stands_out,
                copies=[of(path) for path in one.copies[:20]],
            )
            for one in ranked[start : start + n]
        ],
    )


@routes.get("/duplicates", response_model=Duplicates)
def duplicates(request: Request, start: Start = 0, n: Count = 100) -> Duplicates:
    """Groups of copies, in each the picture to keep first. Nothing is ever deleted."""
    folder = site_of(request).folder
    known, found = folder.catalogue(), folder.duplicates()
    spare = [one.row for copies in found for one in copies.members if one.keep == "no"]
    return Duplicates(
        version=folder.version,
        total=len(found),
        start=start,
        spare=len(spare),
        unsure=sum(len(copies.unsure) for copies in found),
        spare_bytes=int(known.bytes[spare].sum()) if spare else 0,
        spare_rows=spare,
        groups=[
            CopyGroup(
                number=copies.number,
                exact=copies.is_exact,
                members=[
                    CopyMember.model_validate(
                        {
                            **fields(one.row, known),
                            "bytes": int(known.bytes[one.row]),
                            "similarity": one.similarity,
                            "kind": one.kind,
                            "keep": one.keep,
                            "reason": one.reason,
                        }
                    )
                    for one in copies.members
                ],
            )
            for copies in found[start : start + n]
        ],
    )


@routes.get("/map", response_model=Map)
def whole_map(request: Request) -> Response:
    """Where every picture lies: near to what it is like."""
    site = site_of(request)
    folder = site.folder
    version = folder.version

    def make() -> bytes:
        known, points = folder.catalogue(), folder.map().points
        low, high = points.min(axis=0), points.max(axis=0)
        extent = float((high - low).max()) or 1.0
        unit = np.round((points - (low + high) / 2) / extent * (1, -1) + 0.5, 5)
        names = sorted({label for label in known.labels if label})
        numbers = {name: number for number, name in enumerate(names, 1)}
        body = Map(
            version=version,
            x=unit[:, 0].tolist(),
            y=unit[:, 1].tolist(),
            groups=known.groups.tolist(),
            labels=[numbers.get(label, 0) for label in known.labels],
            names=names,
            aspects=np.round(known.sizes[:, 0] / known.sizes[:, 1], 4).tolist(),
            paths=[shown(path) for path in known.paths],
            tags=[content[:TAG] for content in known.contents],
        )
        return body.model_dump_json().encode()

    return Response(site.answers.of(f"map {version}", make), media_type="application/json")


@routes.get("/trust", response_model=Trust)
def trust(request: Request) -> Trust:
    """What was measured of the model beside simple methods, and how its training went."""
    folder = site_of(request).folder
    found = folder.measured()
    return Trust(
        version=folder.version,
        evaluation=found.evaluation,
        training=found.training,
        history=[Epoch(**asdict(one)) for one in found.history],
    )


def _brief_group(group: Found, known: Catalogue) -> GroupBrief:
    rows = group.rows.tolist()
    labels = Counter(known.labels[row] for row in rows if known.labels[row])
    label, count = labels.most_common(1)[0] if labels else ("", 0)
    return GroupBrief(
        number=group.number,
        size=len(rows),
        label=label,
        share=count / len(rows),
        pictures=[brief(row, known) for row in rows[: 1 + _MEDOIDS_BESIDE]],
    )


def _counted(names: tuple[str, ...]) -> list[Named]:
    return [Named(name=shown(name), count=count) for name, count in sorted(Counter(names).items()) if name]
