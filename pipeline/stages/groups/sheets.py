"""Draws the sheets of groups: one for each, the medoid first, and one of all medoids."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import digest_of
from pipeline.artifacts.answers import Answers
from pipeline.show.folders import GroupFolder
from pipeline.show.sheets import Tile, contact_sheet, in_rows
from pipeline.wording import counted
from pipeline.workers import in_order

SHEET, OVERVIEW = "_contact_sheet.jpg", "overview.png"  # the one behind as many noughts as its pictures have digits
_SHOWN = 100  # pictures on a group's sheet, at most


def draw_sheets(
    root: Path,
    folders: list[GroupFolder],
    paths: list[str],
    contents: list[str],
    tiles: list[Tile],
    similarities: NDArray[np.float32],
    drawn: Answers[bytes],
) -> None:
    """Draw a sheet of each group into its folder, and one of all medoids beside them.

    Parameters
    ----------
    root
        The folder of the groups' folders.
    folders
        K folders.
    paths, contents, tiles
        Of each of N pictures its path, the sha256 of its file, and its pixels with their shape.
    similarities
        (N,) cosine similarity to the own medoid.
    drawn
        Sheets by what is on them: one that the last run has drawn is not drawn again.
    """

    def draw(number: int) -> None:
        folder = folders[number]
        rows = folder.rows[:_SHOWN]
        captions = [(paths[row], f"{similarities[row]:.3f}") for row in rows]
        key = digest_of(folder.name, len(folder.rows), [contents[row] for row in rows], captions)
        sheet = drawn.of(key, lambda: _group_sheet(folder, [tiles[row] for row in rows], captions))
        first = "0" * len(folder.files[0].partition("_")[0])  # as many digits as the pictures: it sorts before them
        (root / folder.name / f"{first}{SHEET}").write_bytes(sheet)

    for _ in tqdm(in_order(draw, range(len(folders))), "sheets", len(folders), unit=" groups"):
        pass
    key = digest_of([(folder.name, len(folder.rows), contents[folder.rows[0]]) for folder in folders])
    (root / OVERVIEW).write_bytes(drawn.of(key, lambda: _overview_sheet(folders, tiles)))


def _group_sheet(folder: GroupFolder, tiles: list[Tile], captions: list[tuple[str, str]]) -> bytes:
    shown_tiles = [
        replace(tile, caption=caption, framed=place == 0)
        for place, (tile, caption) in enumerate(zip(tiles, captions, strict=True))
    ]
    shown = "" if len(tiles) == len(folder.rows) else f", the first {len(tiles)}"
    title = f"Group {folder.name}: {counted(len(folder.rows), 'picture')}{shown}"
    subtitle = "the medoid first, then by similarity to it"
    buffer = io.BytesIO()
    sheet = contact_sheet(in_rows(shown_tiles, 10), title=title, subtitle=subtitle, tile=120)
    sheet.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _overview_sheet(folders: list[GroupFolder], tiles: list[Tile]) -> bytes:
    medoids_tiles = [
        replace(tiles[folder.rows[0]], caption=(f"group {folder.name}", counted(len(folder.rows), "picture")))
        for folder in folders
    ]
    title = f"The medoids of {counted(len(folders), 'group')}"
    subtitle = "the picture most like all others of its group"
    buffer = io.BytesIO()
    contact_sheet(in_rows(medoids_tiles, 8), title=title, subtitle=subtitle, tile=140).save(buffer, "PNG")
    return buffer.getvalue()
