"""The pictures that somebody has labelled: reads which they are, and finds them in the folder or encodes them."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import Artifacts, Index, check_encoder
from pipeline.encoder import encode_one, open_encoder
from pipeline.errors import QueryError
from pipeline.params import Params
from pipeline.pictures import Limits, RejectedPictureError, content_of, find_files, read_picture
from pipeline.wording import one_line, shown


@dataclass(frozen=True)
class Example:
    """A picture that somebody has labelled."""

    path: Path
    label: str


@dataclass(frozen=True)
class Outsider:
    """An example that is no picture of the folder: how it is called, its class, and its embedding (D,)."""

    path: str
    number: int
    embedding: NDArray[np.float32]


def read_examples(source: Path, dataset: Path) -> list[Example]:
    """Return the examples of a CSV file with path,label, or of a folder tree whose folders are the labels.

    A path of the CSV file is relative to the dataset, to the CSV file, or to where the command runs; the first that
    is there counts.

    Raises
    ------
    QueryError
        If there is no such file or folder, the columns are missing, or there are fewer than two labels.
    """
    if source.is_dir():
        files = [PurePosixPath(file.path) for file in find_files(source)]
        inside = [path for path in files if path.parent != PurePosixPath(".")]
        examples = [Example(source / path, shown(path.parent)) for path in inside]
    else:
        examples = [Example(_located(path, source, dataset), name) for path, name in _read_csv(source)]
    names = {example.label for example in examples}
    if len(names) < 2:
        got = f"those of {one_line(names.pop())!r} alone" if names else "none"
        raise QueryError(
            f"{source}: expected examples of two labels or more, got {got}; give a CSV file with the columns "
            "path,label, or a folder with a folder of pictures for each label"
        )
    return examples


def _read_csv(source: Path) -> list[tuple[str, str]]:
    """Return path and label of each row that has both."""
    expected = f"{source}: expected a folder, or a CSV file with the columns path,label"
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except UnicodeDecodeError as error:
        raise QueryError(f"{expected}, got bytes that are not UTF-8; save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise QueryError(f"{expected} ({getattr(error, 'strerror', None) or error}); check the path") from error
    columns = [name.strip() for name in header]
    if not {"path", "label"} <= set(columns):
        got = repr(",".join(header)[:80]) if header else "an empty file"
        raise QueryError(f"{expected}, got {got}; name them in the first line, with a comma between")
    path, label = columns.index("path"), columns.index("label")
    whole = [row for row in rows if len(row) > max(path, label)]
    return [(row[path], row[label].strip()) for row in whole if row[path] and row[label].strip()]


def _located(path: str, source: Path, dataset: Path) -> Path:
    places = [dataset / path, source.parent / path]
    return next((place for place in places if os.path.isfile(place)), Path(path))


def find(
    examples: list[Example], names: list[str], params: Params, artifacts: Artifacts, index: Index
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
    encoder = open_encoder(artifacts.encoder)
    check_encoder(artifacts, encoder.digest)
    inside: dict[int, int] = {}
    known: dict[str, int] = {}  # content to class
    others, skipped = [], []
    for example in tqdm(examples, "examples", unit=" examples"):
        number = names.index(example.label)
        if not os.path.isfile(example.path):  # unlike Path's, False for a name that is too long or holds a null
            skipped.append(f"{one_line(example.path)}: no such file in the dataset, beside the CSV file, or here")
            continue
        try:
            content = content_of(example.path)
            if known.get(content, number) != number:
                raise QueryError(f"{example.path} is labelled {example.label} and, it or a copy, "
                                 f"{names[known[content]]}; leave one label")  # fmt: skip
            if content in known:
                continue
            rows = index.rows_of_content(content)
            if not rows:
                picture = read_picture(example.path, Limits(**vars(params.resize)))
                assert picture.pixels is not None
                others.append(Outsider(shown(example.path), number, encode_one(encoder, picture.pixels)))
        except (OSError, RejectedPictureError) as error:
            skipped.append(f"{one_line(example.path)}: {getattr(error, 'strerror', None) or error}")
            continue
        known[content] = number  # not before: what is no picture may lie beside all examples
        inside |= dict.fromkeys(rows, number)
    return inside, others, skipped
