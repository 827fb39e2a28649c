"""Owns sheets of pictures as one image: in rows, each in its shape, or edge to edge in the cells of a grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from pipeline.show.lettering import draw, fitted, width
from pipeline.show.shapes import Size, inside, middle

_PAPER, _INK, _SOFT, _ACCENT = "#fbfbfa", "#1f2933", "#6b7785", "#d9822b"
_GAP, _MARGIN, _LINE = 12, 24, 17
_TITLE, _SUBTITLE, _CAPTION = 22, 14, 13  # pixels of letters
_HIGHER = 1.4  # times as high as wide is a tile with its caption, about
_WIDEST = 1000  # that a title makes a sheet; a longer one is cut


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet: uint8 (H, W, 3), the lines below it, whether it is framed, and its shape.

    `size` is the width and height of the original, which the pixels were squeezed from; None if they were not.
    """

    pixels: NDArray[np.uint8]
    caption: tuple[str, ...] = ()
    framed: bool = False
    size: Size | None = None


def contact_sheet(
    rows: Sequence[Sequence[Tile | None]], *, title: str, subtitle: str = "", tile: int = 150
) -> Image.Image:
    """Lay rows of tiles out under a title.

    Parameters
    ----------
    rows
        Rows of tiles; they may differ in length, and None leaves a place empty.
    title, subtitle
        Text above; captions are cut to the tile's width.
    tile
        Height and width of a tile in pixels: a picture is drawn as large as it fits, in its own shape.
    """
    lines = max((len(t.caption) for row in rows for t in row if t), default=0)
    row_height = tile + (8 + lines * _LINE if lines else 0) + _GAP
    head = 66 if subtitle else 44
    columns = max((len(row) for row in rows), default=1)
    inner = columns * (tile + _GAP) - _GAP
    title = fitted(title, _TITLE, max(inner, _WIDEST))
    inner = max(inner, int(max(width(title, _TITLE), width(subtitle, _SUBTITLE))))
    sheet = Image.new("RGB", (inner + 2 * _MARGIN, head + _MARGIN + len(rows) * row_height + _MARGIN - _GAP), _PAPER)
    draw(sheet, (_MARGIN, 16), title, _TITLE, _INK)
    draw(sheet, (_MARGIN, 44), subtitle, _SUBTITLE, _SOFT)
    for i, row in enumerate(rows):
        for j, one in enumerate(row):
            if one is None:
                continue
            corner = (_MARGIN + j * (tile + _GAP), head + _MARGIN // 2 + i * row_height)
            _paste(sheet, one, corner, tile)
    return sheet


def in_rows(tiles: Sequence[Tile], columns: int) -> list[Sequence[Tile]]:
    """Break a long row of tiles into rows of `columns`."""
    return [tiles[start : start + columns] for start in range(0, len(tiles), columns)]


def in_columns(blocks: Sequence[Sequence[Sequence[Tile]]]) -> list[Sequence[Tile | None]]:
    """Lay blocks of rows out beside each other, so that the sheet is about as wide as it is high.

    Parameters
    ----------
    blocks
        Blocks of rows, of any length each; they are taken from the left to the right, then downwards.
    """
    across = max((len(row) for block in blocks for row in block), default=1)
    tall = max((len(block) for block in blocks), default=1)
    columns = max(round((_HIGHER * len(blocks) * tall / across) ** 0.5), 1)
    rows: list[Sequence[Tile | None]] = []
    for start in range(0, len(blocks), columns):
        for lines in zip_longest(*blocks[start : start + columns], fillvalue=()):
            padded = [[*line, *[None] * (across - len(line))] for line in lines]
            rows.append([tile for line in padded for tile in line])
    return rows


def middles(pictures: Iterable[NDArray[np.uint8]], sizes: Sequence[Size], *, tile: int) -> NDArray[np.uint8]:
    """Return the middle of every picture as a thumbnail: uint8 (N, tile, tile, 3).

    Parameters
    ----------
    pictures
        N pictures, uint8 (H, W, 3).
    sizes
        N widths and heights of the originals, which the pictures were squeezed from.
    tile
        Height and width of a thumbnail in pixels.
    """
    small = np.empty((len(sizes), tile, tile, 3), np.uint8)
    for place, (pixels, size) in enumerate(zip(pictures, sizes, strict=True)):
        box = middle(pixels.shape[1::-1], size)
        one = Image.fromarray(pixels).resize((tile, tile), Image.Resampling.BOX, box)
        small[place] = np.asarray(one)
    return small


def mosaic(thumbnails: NDArray[np.uint8], cells: NDArray[np.int64]) -> Image.Image:
    """Lay every thumbnail into its own cell, edge to edge.

    Parameters
    ----------
    thumbnails
        uint8 (N, T, T, 3).
    cells
        (N, 2) of (column, row), from 0.
    """
    columns, rows = (cells.max(axis=0) + 1).tolist()
    tile = thumbnails.shape[1]
    sheet = Image.new("RGB", (columns * tile, rows * tile), _PAPER)
    for line in range(rows):
        some = np.flatnonzero(cells[:, 1] == line)
        strip = np.empty((tile, columns, tile, 3), np.uint8)
        if len(some) < columns:
            strip[:] = ImageColor.getrgb(_PAPER)
        strip[:, cells[some, 0]] = thumbnails[some].transpose(1, 0, 2, 3)
        sheet.paste(Image.fromarray(strip.reshape(tile, columns * tile, 3)), (0, line * tile))
    return sheet


def _paste(sheet: Image.Image, one: Tile, corner: tuple[int, int], tile: int) -> None:
    """Draw a picture into the middle of its tile, in its shape, and its lines below."""
    size = inside(one.size or one.pixels.shape[1::-1], tile)
    left, top = (start + (tile - side) // 2 for start, side in zip(corner, size, strict=True))
    sheet.paste(Image.fromarray(one.pixels).resize(size, Image.Resampling.LANCZOS), (left, top))
    if one.framed:
        frame = (left - 4, top - 4, left + size[0] + 3, top + size[1] + 3)
        ImageDraw.Draw(sheet).rectangle(frame, outline=_ACCENT, width=3)
    for number, line in enumerate(one.caption):
        place = (corner[0], corner[1] + tile + 6 + number * _LINE)
        draw(sheet, place, fitted(line, _CAPTION, tile), _CAPTION, _SOFT if number else _INK)
