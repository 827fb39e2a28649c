"""Thumbnails as WebP: one by one for the pictures that a page shows, and in sheets for all of them."""

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pipeline.pixels import Pictures
from pipeline.shapes import middle

SHOWN = 160  # pixels of a picture that a page shows
SIDES = (96, 80, 64, 48, 32)  # pixels of a thumbnail in a sheet, the first that fits
_COLUMNS, _ROWS = 32, 32  # of a sheet: at most 3,072 pixels a side, which telephones draw
_QUALITY, _EFFORT = 68, 2  # 96 pixels take 1.4 kB of a photograph; more effort takes twice the time for 4 % less
_SAMPLE = 512  # pictures that the size is judged by
_WORKERS = 4

Sizes = NDArray[np.int64]  # (N, 2), width and height before


@dataclass(frozen=True)
class Sheets:
    """Thumbnails of `side` pixels of all pictures, row by row, `columns` by `rows` on a sheet; each sheet WebP."""

    side: int
    columns: int
    rows: int
    files: tuple[bytes, ...]


def picture_uri(pixels: NDArray[np.uint8], size: NDArray[np.int64]) -> str:
    """Return the middle of one picture (H, W, 3) that had another size (2,) before, as a data URI."""
    return data_uri(_encoded(_small(pixels, size, SHOWN)))


def data_uri(webp: bytes) -> str:
    """Return a WebP file as a data URI; four characters for three bytes."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def largest_side(pictures: Pictures, sizes: Sizes, *, limit_bytes: float) -> int | None:
    """Return the largest side at which the sheets, as data URIs, take fewer bytes than the limit; None if none does.

    Judged by a few hundred pictures that are evenly spread, with a tenth to spare.
    """
    rows = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), _SAMPLE)).astype(np.int64))
    for side in SIDES:
        share = len(rows) / len(pictures)
        needed = sum(len(file) for file in _files(pictures, sizes, rows, side, progress=False)) * 4 / 3 / share
        if needed * 1.1 <= limit_bytes:
            return side
    return None


def draw_sheets(pictures: Pictures, sizes: Sizes, *, side: int, progress: bool) -> Sheets:
    """Return the middle of every picture as a thumbnail of `side` pixels; a bar on stderr if it is wanted."""
    rows = np.arange(len(pictures))
    return Sheets(side, _COLUMNS, _ROWS, tuple(_files(pictures, sizes, rows, side, progress=progress)))


def _files(pictures: Pictures, sizes: Sizes, rows: NDArray[np.int64], side: int, *, progress: bool) -> Iterator[bytes]:
    each = _COLUMNS * _ROWS
    parts = [rows[start : start + each] for start in range(0, len(rows), each)]
    with ThreadPoolExecutor(_WORKERS) as pool:  # Pillow works without the interpreter's lock
        made = pool.map(lambda part: _file(pictures, sizes, part, side), parts)
        yield from tqdm(made, "thumbnails", len(parts), unit=" sheets", disable=not progress)


def _file(pictures: Pictures, sizes: Sizes, rows: NDArray[np.int64], side: int) -> bytes:
    lines = -(-len(rows) // _COLUMNS)
    sheet = Image.new("RGB", (min(_COLUMNS, len(rows)) * side, lines * side))
    for place, row in enumerate(rows.tolist()):
        sheet.paste(_small(pictures[row], sizes[row], side), (place % _COLUMNS * side, place // _COLUMNS * side))
    return _encoded(sheet)


def _small(pixels: NDArray[np.uint8], size: NDArray[np.int64], side: int) -> Image.Image:
    box = middle(pixels.shape[1::-1], size.tolist())
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, box)  # Pillow's looks at all pixels


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=_EFFORT)
    return buffer.getvalue()
