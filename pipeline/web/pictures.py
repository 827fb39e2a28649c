"""One picture: what is known of it, its neighbours, thumbnail and original. Rows are the names; paths open nothing."""

import errno
import mimetypes
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Annotated, BinaryIO
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response

from pipeline.folder.catalogue import Catalogue
from pipeline.folder.tables import Copies, Unique
from pipeline.web.answers import TAG, brief, fields
from pipeline.web.models import CopyOf, Detail, Listing, SearchAnswer
from pipeline.web.problems import ProblemError
from pipeline.web.remembered import MOST, USUALLY, neighbours_of
from pipeline.web.site import Site, site_of
from pipeline.web.thumbnails import Side, drawn
from pipeline.wording import shown

Row = Annotated[int, Path(ge=0, lt=10**9)]
FOREVER = "private, max-age=31536000, immutable"
AGAIN = "private, no-cache"  # it may be kept, but is to be asked for
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif", "image/tiff", "image/heic")

routes = APIRouter(prefix="/api/pictures", tags=["pictures"])


@routes.get("", response_model=Listing)
def pictures(
    request: Request,
    words: Annotated[str, Query(max_length=200, description="The path holds this text.")] = "",
    rows: Annotated[
        str, Query(pattern=r"^([0-9]{1,9}(,|$))*$", max_length=8000, description="These rows, with commas.")
    ] = "",
    start: Annotated[int, Query(ge=0)] = 0,
    n: Annotated[int, Query(ge=1, le=500)] = 60,
) -> Listing:
    """The pictures of the folder, some of them, or those whose path holds some text."""
    folder = site_of(request).folder
    known = folder.catalogue()
    among = known.among(words=words)
    found = np.flatnonzero(among).tolist()
    if rows:
        found = [row for row in map(int, filter(None, rows.split(","))) if row < len(among) and among[row]]
    some = [brief(row, known) for row in found[start : start + n]]
    return Listing(version=folder.version, total=len(found), start=start, pictures=some)


@routes.get("/{row}", response_model=Detail)
def picture(row: Row, request: Request) -> Detail:
    """Everything that is known of one picture."""
    site = site_of(request)
    known, folder = site.row(row), site.folder
    path = known.paths[row]
    odd = (
        next((one for one in folder.unique(len(known.paths)) if _is_of(path, one)), None)
        if "uniqueness" in known.stages
        else None
    )
    group = (
        next((one for one in folder.duplicates() if path in one.paths), None) if "duplicates" in known.stages else None
    )
    return Detail.model_validate(
        {
            **fields(row, known),
            "version": folder.version,
            "bytes": int(known.bytes[row]),
            "time": int(known.times[row]),
            "rank": odd.rank if odd else None,
            "ranks": folder.unique(len(known.paths))[-1].rank if odd else 0,
            "distance": odd.distance if odd else None,
            "stands_out": bool(odd and odd.stands_out),
            "copies": _copies(row, group, site) if group else [],
        }
    )


@routes.get("/{row}/neighbours", response_model=SearchAnswer)
async def neighbours(row: Row, request: Request, n: Annotated[int, Query(ge=1, le=MOST)] = USUALLY) -> Response:
    """The pictures most like one of the folder, itself left out: from its sorted list."""
    return Response(neighbours_of(row, n, site_of(request)), media_type="application/json")


@routes.get("/{row}/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def thumbnail(
    row: Row,
    request: Request,
    side: Side = Side.large,
    tag: Annotated[
        str | None, Query(description="The picture's tag: if the row holds another now, nothing is given.")
    ] = None,
) -> Response:
    """A small JPEG in the picture's own shape; with its tag it may be kept for ever."""
    site = site_of(request)
    known = site.row(row)
    content = known.contents[row]
    _check_tag(row, tag, known)
    etag = f'"{content[:TAG]}-{side}"'
    headers = {"etag": etag, "cache-control": AGAIN if tag is None else FOREVER}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    size = known.sizes[row].tolist()
    body = site.drawn.of(etag, lambda: drawn(site.folder.pictures[row], size, side))
    return Response(body, media_type="image/jpeg", headers=headers)


@routes.get("/{row}/original", response_class=FileResponse)
def original(
    row: Row,
    request: Request,
    tag: Annotated[
        str | None, Query(description="As of a thumbnail: if the row holds another, nothing is given.")
    ] = None,
) -> Response:
    """The file itself, as it lies in the dataset."""
    site = site_of(request)
    known = site.row(row)
    _check_tag(row, tag, known)
    path = site.folder.dataset / known.paths[row]
    try:
        with opened(path) as file:
            facts = os.fstat(file.fileno())
    except OSError:
        raise ProblemError(404, "the original has gone from the folder; run `pipeline update`") from None
    etag = f'"{known.contents[row][:TAG]}-{facts.st_size:x}-{facts.st_mtime_ns:x}"'
    kind = mimetypes.guess_type(path.name)[0]
    headers = {
        "etag": etag,
        "cache-control": AGAIN,
        "content-security-policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
        "content-disposition": f"inline; filename*=UTF-8''{quote(shown(path.name), safe='')}",
    }
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=kind if kind in _SHOWN else "application/octet-stream")


@contextmanager
def opened(path: FilePath) -> Iterator[BinaryIO]:
    """Open an original; OSError if it is no file, as a pipe that somebody put in its place, which would never end."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no file", str(path))
        yield file


def _check_tag(row: int, tag: str | None, known: Catalogue) -> None:
    if tag is not None and tag != known.contents[row][:TAG]:
        raise ProblemError(404, f"row {row} holds another picture now; load the page again")


def is_known(request: Request, etag: str) -> bool:
    """Return whether who asks has this version already."""
    return etag in (request.headers.get("if-none-match") or "").replace("W/", "").split(", ")


def _is_of(path: str, one: Unique) -> bool:
    return one.path == path or path in one.copies


def _copies(row: int, group: Copies, site: Site) -> list[CopyOf]:
    known = site.folder.catalogue()
    return [
        CopyOf(picture=brief(one.row, known), keep=one.keep, kind=one.kind) for one in group.members if one.row != row
    ]
