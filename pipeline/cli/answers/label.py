"""Writes labels that were found: as a table, as sheets, and in words."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from pipeline.artifacts import Artifacts, save_table, unwritable
from pipeline.cli.answers.outputs import open_door
from pipeline.cli.answers.refilled import rewritten, written_files
from pipeline.errors import QueryError
from pipeline.folder.labels import EXPLAINED, Labels
from pipeline.params import Params
from pipeline.pixels import Pictures
from pipeline.show.sheets import Tile, contact_sheet, in_rows
from pipeline.wording import counted, cut_bytes, one_line

_HEADER = ("path", "label", "confidence", "example", *(f"explained_by_{n + 1}" for n in range(EXPLAINED)))
_SHOWN = 8  # pictures in a row of a sheet
_NAME_BYTES = 180  # of a label in the name of its sheet
_TILE = 150  # pixels of a picture on a sheet


def check_folder(folder: Path, params: Params, artifacts: Artifacts) -> None:
    """Raise QueryError if the folder can't be written, lies in the dataset, or holds what `save` didn't write."""
    open_door(params, artifacts, force=False).check_folder(folder, "--out", own=artifacts.labels)
    written_files(folder)


def save(labels: Labels, pictures: Pictures, folder: Path) -> None:
    """Write labels.csv, to_label.csv with a sheet, and a sheet for each class, in place of those of an earlier time.

    `check_folder` is to be asked first, before the long work.

    Raises
    ------
    QueryError
        If the folder holds anything else, or can't be written.
    """
    try:
        with rewritten(folder) as unfinished:
            _write(labels, pictures, unfinished)
    except OSError as error:
        raise QueryError(f"--out: {unwritable(folder, error)}") from error


def as_json(labels: Labels, row: int) -> dict[str, Any]:
    """Return what is known of one picture as plain values."""
    return {
        "path": labels.paths[row],
        "label": labels.name(row),
        "confidence": round(labels.confidence(row), 4),
        "example": row in labels.examples,
        "neighbours": labels.explained[row],
    }


def format_labels(labels: Labels) -> str:
    """Return the classes as a table for a terminal, the methods' accuracies, and what to label next."""
    names = [one_line(name) for name in labels.names]
    given = labels.shares.argmax(axis=1)
    pictures = np.bincount(given, minlength=len(names)).tolist()
    width = max(5, *(len(name) for name in names))
    lines = [f"{'label':{width}}  examples  pictures  mean confidence"]
    for number, name in enumerate(names):
        sure = labels.shares[given == number, number]
        mean = f"{sure.mean():15.2f}" if len(sure) else f"{'':15}"
        lines.append(f"{name:{width}}  {labels.counts[number]:8,}  {pictures[number]:8,}  {mean}".rstrip())
    choice = labels.choice
    if choice.accuracies:
        held_out = ", ".join(f"{name} {100 * share:.1f} %" for name, share in choice.accuracies.items())
        lines.append(f"method: {choice.method}; right on examples that were held back to check it: {held_out}")
    else:
        lines.append(
            f"method: {choice.method}; with one example of each label none could be held back to compare the methods"
        )
    helpful = [one_line(labels.paths[row]) for row in labels.helpful[:3].tolist()]
    if helpful:
        lines.append(f"it would help most to label these next: {', '.join(helpful)}, ...")
    return "\n".join(lines)


def _write(labels: Labels, pictures: Pictures, folder: Path) -> None:
    save_table(folder / "labels.csv", _HEADER, [_row(labels, row) for row in range(len(labels.paths))])
    helpful = [
        (rank, labels.paths[row], labels.name(row), f"{labels.confidence(row):.4f}", labels.names[_second(labels, row)])
        for rank, row in enumerate(labels.helpful.tolist(), 1)
    ]
    save_table(folder / "to_label.csv", ("rank", "path", "label", "confidence", "or"), helpful)
    if helpful:
        _helpful_sheet(labels, pictures).save(folder / "to_label.jpg", quality=90)
    width = len(str(len(labels.names)))
    for number, name in enumerate(tqdm(labels.names, "sheets", unit=" sheets")):
        safe = cut_bytes(re.sub(r"[^\w .-]", "_", name), _NAME_BYTES)
        _sheet(labels, number, pictures).save(folder / f"{number + 1:0{width}d}_{safe}.jpg", quality=90)


def _row(labels: Labels, row: int) -> list[str]:
    explained = labels.explained[row] + [""] * (EXPLAINED - len(labels.explained[row]))
    example = "true" if row in labels.examples else "false"
    return [labels.paths[row], labels.name(row), f"{labels.confidence(row):.4f}", example, *explained]


def _second(labels: Labels, row: int) -> int:
    return int(np.argsort(-labels.shares[row], kind="stable")[1])


def _sheet(labels: Labels, number: int, pictures: Pictures) -> Image.Image:
    """Draw a class: its examples framed, then the pictures that it is surest of, then those it is least sure of."""
    examples = [row for row, own in labels.examples.items() if own == number]
    rows = [
        row for row in np.flatnonzero(labels.shares.argmax(axis=1) == number).tolist() if row not in labels.examples
    ]
    rows.sort(key=lambda row: (-labels.confidence(row), row))
    doubtful = rows[2 * _SHOWN :][-_SHOWN:]
    tiles = [
        [
            Tile(pictures[row], ("example", labels.paths[row]), framed=True, size=labels.sizes[row])
            for row in examples[:_SHOWN]
        ],
        *in_rows([_tile(labels, row, pictures) for row in rows[: 2 * _SHOWN]], _SHOWN),
        [_tile(labels, row, pictures) for row in doubtful],
    ]
    subtitle = (
        f"{counted(len(rows), 'picture')} and {counted(labels.counts[number], 'example')}; "
        "the surest first, in the last row the least "
        "sure; below each how sure its label is, its path, and the example that it is most like"
    )
    return contact_sheet([row for row in tiles if row], title=labels.names[number], subtitle=subtitle, tile=_TILE)


def _tile(labels: Labels, row: int, pictures: Pictures) -> Tile:
    words = (_percent(labels.confidence(row)), labels.paths[row], *labels.explained[row][:1])
    return Tile(pictures[row], words, size=labels.sizes[row])


def _helpful_sheet(labels: Labels, pictures: Pictures) -> Image.Image:
    """Draw the pictures whose labelling would help most, each with the two classes that it may be of."""
    tiles = []
    for row in labels.helpful.tolist():
        second = _second(labels, row)
        first = f"{labels.name(row)} {_percent(labels.confidence(row))}"
        other = f"or {labels.names[second]} {_percent(float(labels.shares[row, second]))}"
        tiles.append(Tile(pictures[row], (labels.paths[row], first, other), size=labels.sizes[row]))
    title, subtitle = "Label these next", "the most helpful first; below each what it may be, and how sure that is"
    return contact_sheet(in_rows(tiles, _SHOWN), title=title, subtitle=subtitle, tile=_TILE)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
