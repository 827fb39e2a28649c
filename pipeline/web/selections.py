"""Pictures that somebody has chosen, to take away: as a table, or as an archive of the files or of links to them."""

import csv
import io
import os
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from pipeline.folder.catalogue import Catalogue
from pipeline.web.models import Selection, SelectionQuestion
from pipeline.web.pictures import opened
from pipeline.web.problems import ProblemError
from pipeline.web.site import site_of
from pipeline.wording import shown

_PIECE = 1 << 20
_LINK = 0o120777 << 16

routes = APIRouter(prefix="/api/selections", tags=["selections"])


@routes.post("", response_model=Selection, status_code=201)
def choose(question: SelectionQuestion, request: Request) -> Selection:
    """Keep a selection for a while, so that it can be fetched."""
    site = site_of(request)
    site.check_version(question.version)
    known, rows = site.folder.catalogue(), list(dict.fromkeys(question.rows))
    if any(not 0 <= row < len(known.paths) for row in rows):
        raise ProblemError(422, "a row isn't there; load the page again")
    name = uuid.uuid4().hex
    site.keep_selection(name, rows)
    return Selection(id=name, count=len(rows), bytes=int(known.bytes[rows].sum()))


@routes.get("/{name}.csv", response_class=Response)
def table(name: str, request: Request) -> Response:
    """The selection as a table: path, width, height, bytes, group, label."""
    site = site_of(request)
    known, rows = site.folder.catalogue(), site.selection(name)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("path", "width", "height", "bytes", "group", "label"))
    for row in rows:
        size = known.sizes[row].tolist()
        writer.writerow((shown(known.paths[row]), *size, known.bytes[row], known.groups[row] or "", known.labels[row]))
    return Response(buffer.getvalue(), media_type="text/csv", headers=_attached("pictures.csv"))


@routes.get("/{name}.zip", response_class=StreamingResponse)
def archive(
    name: str, request: Request, hold: Annotated[Literal["originals", "links"], Query()] = "originals"
) -> StreamingResponse:
    """The selection as an archive of the originals, or of links to where they lie on the server's machine."""
    site = site_of(request)
    known, rows = site.folder.catalogue(), site.selection(name)
    pieces = _zipped(rows, known, site.folder.dataset, as_links=hold == "links")
    return StreamingResponse(pieces, media_type="application/zip", headers=_attached("pictures.zip"))


class _Pieces(io.RawIOBase):
    """A file that keeps what was written until it is taken; it can't be sought in, so the archive needn't be held."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def write(self, data: object) -> int:
        """Keep some bytes."""
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        pieces, self._pieces = b"".join(self._pieces), []
        return pieces


def _zipped(rows: list[int], known: Catalogue, dataset: Path, *, as_links: bool) -> Iterator[bytes]:
    """Yield an archive piece by piece; a file that has gone is left out, and named in a file of its own."""
    held, missing = _Pieces(), []
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for row in rows:
            place = dataset / known.paths[row]
            try:
                with opened(place) as file:
                    entry = zipfile.ZipInfo(shown(known.paths[row]), _dated(os.fstat(file.fileno()).st_mtime))
                    if as_links:
                        entry.create_system, entry.external_attr = 3, _LINK
                        archive.writestr(entry, os.fsencode(place.absolute()))
                    else:
                        entry.external_attr = 0o644 << 16
                        with archive.open(entry, "w", force_zip64=True) as inside:
                            while piece := file.read(_PIECE):
                                inside.write(piece)
                                yield held.taken()
            except OSError:
                missing.append(shown(known.paths[row]))
            yield held.taken()
        if missing:
            archive.writestr("missing.txt", "\n".join(missing) + "\n")
    yield held.taken()


def _dated(modified: float) -> tuple[int, int, int, int, int, int]:
    """Return a time as an archive can hold it: from 1980 to 2107."""
    year, *rest = time.localtime(modified)[:6]
    if not 1980 <= year <= 2107:
        return (1980, 1, 1, 0, 0, 0) if year < 1980 else (2107, 12, 31, 23, 59, 58)
    return (year, *rest)  # type: ignore[return-value]


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
