"""Thumbnails as WebP: one by one for the pictures that a page shows, and in sheets for all of them.

Which sheet a picture is on is told by the digest of its content, not by its row: so if a few pictures come and go, or
are renamed, most sheets stay as they are, and what was drawn for the last page serves for the next one.
"""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pipeline.artifacts.answers import Answers
from pipeline.pixels import Pictures
from pipeline.show.shapes import middle
from pipeline.workers import in_order

SHOWN = 160  # pixels of a picture that a page shows
SIDES = (96, 80, 64, 48, 32)  # pixels of a thumbnail in a sheet, the first that fits
_COLUMNS = 32  # of a sheet: at most 3,072 pixels wide, which telephones draw
_QUALITY, _EFFORT = 68, 2  # 96 pixels take 1.4 kB of a photograph; more effort takes twice the time for 4 % less
_LEAST, _SHEETS = 8, 10  # pictures of a sheet on the average, at least, and bits of a sheet's number, at most: one of
# 16 takes 1 % more bytes than one of 1,024, one of 4 takes 3 % (Caltech-101, 2026-11)
_SAMPLE = 512  # pictures that the size is judged by
_AROUND = 30  # bytes around a file inside the page
_WORKERS = 4

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Gallery:
    """What thumbnails are made of, and those that are there.

    pictures  (N, 256, 256, 3), squeezed into a square
    sizes     (N, 2), width and height before
    contents  the sha256 of each file
    drawn     WebP files, those that the last page had as well
    """

    pictures: Pictures
    sizes: NDArray[np.int64]
    contents: Sequence[str]
    drawn: Answers[bytes]


@dataclass(frozen=True)
class Sheets:
    """Thumbnails of `side` pixels, `columns` in a line; which sheet each picture is on, and its place there: (N,)."""

    side: int
    columns: int
    sheets: Rows
    places: Rows
    files: tuple[bytes, ...]


def picture_uri(gallery: Gallery, row: int) -> str:
    """Return the middle of one picture as a data URI."""

    def draw() -> bytes:
        return _encoded(_small(gallery.pictures[row], gallery.sizes[row], SHOWN))

    return data_uri(gallery.drawn.of(f"{SHOWN} {gallery.contents[row]}", draw))


def data_uri(webp: bytes) -> str:
    """Return a WebP file as a data URI; four characters for three bytes."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def largest_side(gallery: Gallery, *, limit_bytes: float) -> int | None:
    """Return the largest side at which the sheets, as data URIs, take fewer bytes than the limit; None if none does.

    Judged by the first sheets, with a few hundred pictures, which are as random as digests are; a tenth to spare.
    """
    rows, sheets, _ = _dealt(gallery.contents)
    many = np.cumsum(np.bincount(sheets))
    some = sheets <= np.searchsorted(many, min(_SAMPLE, len(rows)))
    share = some.sum() / len(rows)
    for side in SIDES:
        files = _files(gallery, rows[some], sheets[some], side, progress=False)
        needed = sum(len(file) * 4 / 3 + _AROUND for file in files) / share
        if needed * 1.1 <= limit_bytes:
            return side
    return None


def draw_sheets(gallery: Gallery, *, side: int, progress: bool) -> Sheets:
    """Return the middle of every picture as a thumbnail of `side` pixels; a bar on stderr if it is wanted."""
    rows, sheets, ranks = _dealt(gallery.contents)
    files = tuple(_files(gallery, rows, sheets, side, progress=progress))
    places = np.arange(len(rows)) - np.searchsorted(sheets, sheets)
    return Sheets(side, _COLUMNS, sheets[ranks], places[ranks], files)


def _dealt(contents: Sequence[str]) -> tuple[Rows, Rows, Rows]:
    """Return the first row of each content, by digest, and the sheet that it is on, (U,); and its number, (N,)."""
    digests, rows, ranks = np.unique(np.array(contents, np.bytes_), return_index=True, return_inverse=True)
    bits = min(max(len(rows) // _LEAST, 1).bit_length() - 1, _SHEETS)
    numbers = np.array([int(digest[:8], 16) >> (32 - bits) for digest in digests.tolist()], np.int64)
    return rows, np.unique(numbers, return_inverse=True)[1], ranks


def _files(gallery: Gallery, rows: Rows, sheets: Rows, side: int, *, progress: bool) -> Iterator[bytes]:
    """Yield the file of each sheet in turn; `sheets` (U,) ascends."""
    parts = np.split(rows, np.flatnonzero(np.diff(sheets)) + 1)

    def work(part: Rows) -> bytes:
        return gallery.drawn.of(_key(gallery, part, side), lambda: _file(gallery, part, side))

    made = in_order(work, parts, workers=_WORKERS)
    yield from tqdm(made, "thumbnails", len(parts), unit=" sheets", disable=not progress)


def _key(gallery: Gallery, rows: Rows, side: int) -> str:
    contents = " ".join(gallery.contents[row] for row in rows.tolist())
    return f"{side} {hashlib.sha256(contents.encode()).hexdigest()}"


def _file(gallery: Gallery, rows: Rows, side: int) -> bytes:
    lines = -(-len(rows) // _COLUMNS)
    sheet = Image.new("RGB", (min(_COLUMNS, len(rows)) * side, lines * side))
    for place, row in enumerate(rows.tolist()):
        small = _small(gallery.pictures[row], gallery.sizes[row], side)
        sheet.paste(small, (place % _COLUMNS * side, place // _COLUMNS * side))
    return _encoded(sheet)


def _small(pixels: NDArray[np.uint8], size: NDArray[np.int64], side: int) -> Image.Image:
    box = middle(pixels.shape[1::-1], size.tolist())
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, box)  # Pillow's looks at all pixels


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT)
    return buffer.getvalue()
