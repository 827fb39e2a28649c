"""Labels every picture of the folder from a few examples, says how sure that is, and what to label next."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from pipeline import labelling
from pipeline.artifacts import (
    Artifacts,
    load_embeddings,
    load_neighbours,
    load_pictures,
    open_index,
    save_table,
    unwritable,
)
from pipeline.commands.examples import Outsider, find, read_examples
from pipeline.commands.opening import open_own_index
from pipeline.commands.outputs import open_door
from pipeline.commands.refilled import rewritten, written_files
from pipeline.errors import QueryError
from pipeline.neighbours import most_similar
from pipeline.params import Params
from pipeline.sheets import Tile, contact_sheet, in_rows
from pipeline.wording import counted, cut_bytes, one_line

_EXPLAINED = 3  # examples that are named beside a label
_HELPFUL = 20  # pictures that are proposed for labelling
_HEADER = ("path", "label", "confidence", "example", *(f"explained_by_{n + 1}" for n in range(_EXPLAINED)))
_SHOWN = 8  # pictures in a row of a sheet
_NAME_BYTES = 180  # of a label in the name of its sheet
_TILE = 150  # pixels of a picture on a sheet


@dataclass(frozen=True)
class Labels:
    """What was found.

    paths      of the folder's pictures, and
    sizes      width and height of their originals
    names      of the classes, sorted
    shares     float32 (N, C), of each class for each picture
    choice     the method, and how well each did on held-out examples
    examples   row to class, of the examples that are pictures of the folder
    counts     of all examples of each class, from outside as well
    explained  of each picture, the most similar examples of the class that it got; none for an example
    helpful    rows whose labelling would help most, the best first
    skipped    examples that can't be used, each with the reason
    """

    paths: list[str]
    sizes: list[tuple[int, int]]
    names: list[str]
    shares: NDArray[np.float32]
    choice: labelling.Choice
    examples: dict[int, int]
    counts: list[int]
    explained: list[list[str]]
    helpful: NDArray[np.int64]
    skipped: list[str]

    def name(self, row: int) -> str:
        """Return the label of a picture."""
        return self.names[int(self.shares[row].argmax())]

    def confidence(self, row: int) -> float:
        """Return how sure the label is, in [0, 1]."""
        return float(self.shares[row].max())


def label(source: Path, params: Params, artifacts: Artifacts) -> Labels:
    """Label every picture of the folder from the examples of a CSV file or a folder tree.

    An example whose content is in the folder is that picture, whatever it is called and wherever it lies, and so are
    its copies; any other is encoded.

    Raises
    ------
    QueryError
        If there are no examples, or they can't be understood; one content has two labels; or no two labels have an
        example that can be read.
    ArtifactError
        If an artefact is missing, damaged or stale, or of another folder than dataset.path.
    """
    with open_own_index(params, artifacts) as index:
        examples = read_examples(source, artifacts, index)
        names = sorted({example.label for example in examples})
        inside, others, skipped = find(examples, names, params, artifacts, index)
        embeddings, lists = np.asarray(load_embeddings(artifacts, index)), load_neighbours(artifacts, index)
        paths, sizes = index.paths(), index.sizes()
    rows = np.array([*inside, *range(len(paths), len(paths) + len(others))], np.int64)
    classes = np.array([*inside.values(), *(other.number for other in others)], np.int64)
    if len(set(classes.tolist())) < 2:
        raise QueryError(
            f"fewer than two labels have a readable example; give more of them, or mend these: {'; '.join(skipped[:3])}"
        )
    known = labelling.Examples(rows, classes, len(names))
    all_embeddings, all_lists = _extended(embeddings, lists, others)
    choice = labelling.choose_method(all_embeddings, all_lists, known, seed=0)
    shares = labelling.label(all_embeddings, all_lists, known, choice)[: len(paths)]
    called = [*(paths[row] for row in inside), *(other.path for other in others)]
    explained = _explained(embeddings, shares, all_embeddings[rows], classes, called, inside)
    helpful = labelling.most_helpful(shares, lists, count=_HELPFUL)
    counts = np.bincount(classes, minlength=len(names)).tolist()
    return Labels(paths, sizes, names, shares, choice, inside, counts, explained, helpful, skipped)


def check_folder(folder: Path, params: Params, artifacts: Artifacts) -> None:
    """Raise QueryError if the folder can't be written, lies in the dataset, or holds what `save` didn't write."""
    open_door(params, artifacts, force=False).check_folder(folder, "--out", own=artifacts.labels)
    written_files(folder)


def save(labels: Labels, artifacts: Artifacts, folder: Path) -> None:
    """Write labels.csv, to_label.csv with a sheet, and a sheet for each class, in place of those of an earlier time.

    `check_folder` is to be asked first, before the long work.

    Raises
    ------
    QueryError
        If the folder holds anything else, or can't be written.
    """
    with open_index(artifacts.index) as index:
        pictures = load_pictures(artifacts, index)
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
        lines.append(f"by {choice.method}; right on held-out examples: {held_out}")
    else:
        lines.append(f"by {choice.method}; with one example a label nothing could be held out to compare the methods")
    helpful = [one_line(labels.paths[row]) for row in labels.helpful[:3].tolist()]
    if helpful:
        lines.append(f"label these next, it would help most: {', '.join(helpful)}, ...")
    return "\n".join(lines)


def _extended(
    embeddings: NDArray[np.float32], lists: NDArray[np.void], others: list[Outsider]
) -> tuple[NDArray[np.float32], NDArray[np.void]]:
    """Return embeddings and lists with the examples from outside as further rows."""
    if not others:
        return embeddings, lists
    found = [most_similar(embeddings, other.embedding, count=lists.shape[1]) for other in others]
    return np.concatenate([embeddings, [other.embedding for other in others]]), np.concatenate([lists, found])


def _explained(
    embeddings: NDArray[np.float32],
    shares: NDArray[np.float32],
    vectors: NDArray[np.float32],
    classes: NDArray[np.int64],
    called: list[str],
    inside: dict[int, int],
) -> list[list[str]]:
    """Return for each picture the names of the most similar examples (vectors, classes, called) of its own class."""
    explained: list[list[str]] = [[] for _ in embeddings]
    given = shares.argmax(axis=1)
    for number in np.unique(given):
        own, rows = np.flatnonzero(classes == number), np.flatnonzero(given == number)
        order = np.argsort(-(embeddings[rows] @ vectors[own].T), axis=1, kind="stable")[:, :_EXPLAINED]
        for row, places in zip(rows.tolist(), order.tolist(), strict=True):
            explained[row] = [] if row in inside else [called[own[place]] for place in places]
    return explained


def _write(labels: Labels, pictures: NDArray[np.uint8], folder: Path) -> None:
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
    explained = labels.explained[row] + [""] * (_EXPLAINED - len(labels.explained[row]))
    example = "true" if row in labels.examples else "false"
    return [labels.paths[row], labels.name(row), f"{labels.confidence(row):.4f}", example, *explained]


def _second(labels: Labels, row: int) -> int:
    return int(np.argsort(-labels.shares[row], kind="stable")[1])


def _sheet(labels: Labels, number: int, pictures: NDArray[np.uint8]) -> Image.Image:
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
        "sure; below each how sure, which it is, and the example that it is most like"
    )
    return contact_sheet([row for row in tiles if row], title=labels.names[number], subtitle=subtitle, tile=_TILE)


def _tile(labels: Labels, row: int, pictures: NDArray[np.uint8]) -> Tile:
    words = (_percent(labels.confidence(row)), labels.paths[row], *labels.explained[row][:1])
    return Tile(pictures[row], words, size=labels.sizes[row])


def _helpful_sheet(labels: Labels, pictures: NDArray[np.uint8]) -> Image.Image:
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
