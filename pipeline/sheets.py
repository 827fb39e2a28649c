"""Owns sheets of pictures as one image: in rows, each with its caption, or edge to edge in the cells of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

_PAPER, _INK, _SOFT, _ACCENT = "#fbfbfa", "#1f2933", "#6b7785", "#d9822b"
_GAP, _MARGIN, _LINE = 12, 24, 17


@dataclass(frozen=True)
class Tile:
    """One picture of a sheet: uint8 (H, W, 3), the lines below it, and whether it is framed."""

    pixels: NDArray[np.uint8]
    caption: tuple[str, ...] = ()
    framed: bool = False


def contact_sheet(rows: Sequence[Sequence[Tile]], *, title: str, subtitle: str = "", tile: int = 150) -> Image.Image:
    """Lay rows of tiles out under a title.

    Parameters
    ----------
    rows
        Rows of tiles; they may differ in length.
    title, subtitle
        Text above; captions are cut to the tile's width.
    tile
        Height and width of a tile in pixels.
    """
    lines = max((len(t.caption) for row in rows for t in row), default=0)
    row_height = tile + (8 + lines * _LINE if lines else 0) + _GAP
    head = 66 if subtitle else 44
    columns = max((len(row) for row in rows), default=1)
    text_width = int(max(_font(22).getlength(title), _font(14).getlength(subtitle)))
    width = 2 * _MARGIN + max(columns * (tile + _GAP) - _GAP, text_width)
    sheet = Image.new("RGB", (width, head + _MARGIN + len(rows) * row_height + _MARGIN - _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 16), title, _INK, _font(22))
    draw.text((_MARGIN, 44), subtitle, _SOFT, _font(14))
    for i, row in enumerate(rows):
        for j, one in enumerate(row):
            corner = (_MARGIN + j * (tile + _GAP), head + _MARGIN // 2 + i * row_height)
            _paste(sheet, draw, one, corner, tile)
    return sheet


def in_rows(tiles: Sequence[Tile], columns: int) -> list[Sequence[Tile]]:
    """Break a long row of tiles into rows of `columns`."""
    return [tiles[start : start + columns] for start in range(0, len(tiles), columns)]


def mosaic(pictures: NDArray[np.uint8], cells: NDArray[np.int64], *, tile: int, progress: bool) -> Image.Image:
    """Lay every picture into its own cell, edge to edge.

    Parameters
    ----------
    pictures
        uint8 (N, H, W, 3).
    cells
        (N, 2) of (column, row), from 0.
    tile
        Height and width of a cell in pixels.
    progress
        Whether to show a progress bar on stderr.
    """
    columns, rows = cells.max(axis=0) + 1
    sheet = Image.new("RGB", (int(columns) * tile, int(rows) * tile), _PAPER)
    placed = zip(pictures, cells.tolist(), strict=True)
    for pixels, (column, row) in tqdm(placed, "thumbnails", len(pictures), unit=" pictures", disable=not progress):
        small = Image.fromarray(pixels).resize((tile, tile), Image.Resampling.BOX)
        sheet.paste(small, (column * tile, row * tile))
    return sheet


def _paste(sheet: Image.Image, draw: ImageDraw.ImageDraw, one: Tile, corner: tuple[int, int], tile: int) -> None:
    left, top = corner
    picture = Image.fromarray(one.pixels).resize((tile, tile), Image.Resampling.LANCZOS)
    sheet.paste(picture, corner)
    if one.framed:
        draw.rectangle((left - 4, top - 4, left + tile + 3, top + tile + 3), outline=_ACCENT, width=3)
    for number, line in enumerate(one.caption):
        colour = _INK if number == 0 else _SOFT
        draw.text((left, top + tile + 6 + number * _LINE), _cut(line, tile), colour, _font(13))


def _cut(text: str, width: int) -> str:
    """Shorten a text from its front, where paths differ least, until it fits; in one line, without controls."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if _font(13).getlength(text) <= width:
        return text
    while text and _font(13).getlength("…" + text) > width:
        text = text[1:]
    return "…" + text


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
