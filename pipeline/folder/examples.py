"""The pictures that somebody has labelled: reads which they are, and finds them in the folder or encodes them."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    MARK,
    Artifacts,
    LabelRow,
    PathFinder,
    check_agreement,
    composed,
    read_label_rows,
    spellings,
)
from pipeline.encoder.running import encode_one
from pipeline.errors import QueryError
from pipeline.folder.state import State
from pipeline.pictures import Limits, RejectedPictureError, find_files, hash_of, open_file, reduce_open
from pipeline.wording import one_line, shown


@dataclass(frozen=True)
class Example:
    """A picture that somebody has labelled; what is wrong with the file, if that is known, else empty."""

    path: Path
    label: str
    problem: str = ""


@dataclass(frozen=True)
class Outsider:
    """An example that is no picture of the folder: how it is called, its class, and its embedding (D,)."""

    path: str
    number: int
    embedding: NDArray[np.float32]


def examples_of(
    source: str | os.PathLike[str] | Mapping[str, str], artifacts: Artifacts, state: State
) -> list[Example]:
    """Return the examples of a mapping of paths to labels, of a CSV file with path,label, or of a tree of folders.

    A path is relative to the dataset, to the CSV file, or to where one stands; the first that is there counts.

    Raises
    ------
    QueryError
        If there is no such file or folder, the columns are missing, a row can't be understood, one path has two labels,
        or there are fewer than two labels.
    """
    if isinstance(source, Mapping):
        examples, place = _in_mapping(source, state), "the examples"
    else:
        path, place = Path(source), one_line(Path(source))
        examples = _in_folders(path, artifacts) if path.is_dir() else _in_table(path, state)
    names = {example.label for example in examples}
    if len(names) < 2:
        got = f"those of {one_line(names.pop())!r} alone" if names else "none"
        raise QueryError(
            f"{place}: expected examples of two labels or more, got {got}; give a CSV file with the columns "
            "path,label, or a folder with a folder of pictures for each label"
        )
    return examples


def _in_mapping(source: Mapping[str, str], state: State) -> list[Example]:
    finder = PathFinder(state.paths)
    places = {path: _located(path, Path(), state.index.dataset, finder) for path in source}
    return [Example(places[path], composed(label)) for path, label in source.items() if label]


def _in_folders(source: Path, artifacts: Artifacts) -> list[Example]:
    """Return the files of a folder tree, each with its folder as the label."""
    examples = []
    for file in find_files(source, own=artifacts.root, mark=MARK):
        path = PurePosixPath(file.path)
        if path.parent != PurePosixPath("."):
            problem = "" if os.path.isfile(source / path) else file.problem  # a link to an example is one as well
            examples.append(Example(source / path, composed(shown(path.parent)), problem))
        elif file.problem and os.path.isdir(source / path):
            examples.append(Example(source / path, composed(shown(path)), file.problem))
    return examples


def _in_table(source: Path, state: State) -> list[Example]:
    """Return the rows of a table that have a label."""
    rows: dict[Path, LabelRow] = {}
    finder = PathFinder(state.paths)
    try:
        for row in _read_rows(source):
            path = _located(row.path, source, state.index.dataset, finder)
            if row.label:
                check_agreement(rows.setdefault(path, row), row, row.path.strip())
    except ValueError as error:
        raise QueryError(f"{one_line(source)}: {error}") from error
    return [Example(path, row.label) for path, row in rows.items()]


def _read_rows(source: Path) -> list[LabelRow]:
    expected = f"{one_line(source)}: expected a folder, or a CSV file with the columns path,label"
    try:
        return read_label_rows(source)
    except OSError as error:
        raise QueryError(f"{expected} ({error.strerror}); check the path") from error
    except ValueError as error:
        raise QueryError(f"{expected}, {error}") from error


def _located(given: str, source: Path, dataset: Path, finder: PathFinder) -> Path:
    """Return where a picture that a row names lies: in the dataset, else beside the table, else here."""
    known = finder.find(given)
    if known is not None:
        return dataset / known
    places = (folder / path for folder in (dataset, source.parent, Path()) for path in spellings(given))
    return next((place for place in places if os.path.isfile(place)), Path(given.strip()))


def find(
    examples: Iterable[Example], names: list[str], limits: Limits, state: State
) -> tuple[dict[int, int], list[Outsider], list[str]]:
    """Return the rows of the examples in the folder with their classes, the other examples, and what was skipped.

    A content counts once, however often it is listed.

    Raises
    ------
    QueryError
        If one content has two labels.
    ArtifactError
        If the encoder is missing, or another than that of the embeddings.
    """
    inside: dict[int, int] = {}
    known: dict[str, int] = {}  # content to class
    others, skipped = [], []
    for example in examples:
        number = names.index(example.label)
        if example.problem:
            skipped.append(f"{one_line(example.path)}: {example.problem}")
            continue
        if not os.path.isfile(example.path):  # unlike Path's, False for a name that is too long or holds a null
            skipped.append(f"{one_line(example.path)}: no such file in the dataset, beside the CSV file, or here")
            continue
        try:
            with open_file(example.path) as file:
                content = hash_of(file)
                if known.get(content, number) != number:
                    raise QueryError(f"{example.path} is labelled {example.label} and, it or a copy, "
                                     f"{names[known[content]]}; leave one label")  # fmt: skip
                if content in known:
                    continue
                rows = state.index.rows_of_content(content)
                if not rows:
                    pixels, _ = reduce_open(file, limits)
                    others.append(Outsider(shown(example.path), number, encode_one(state.encoder, pixels)))
        except RejectedPictureError as reason:
            skipped.append(f"{one_line(example.path)}: {reason}")
            continue
        known[content] = number  # not before: what is no picture may lie beside all examples
        inside |= dict.fromkeys(rows, number)
    return inside, others, skipped
