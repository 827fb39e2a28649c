"""Reads tables of labels as people and their spreadsheets write them: the one reader for all of them.

Spaces around a name, backslashes between folders, another separator, a byte order mark, UTF-16, and letters that macOS
takes apart (é as e and an accent) change nothing. What can't be understood for certain is refused, with its line.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.wording import one_line

_SEPARATORS = ",;\t"
_NAMED = 3  # rows of which something is wrong, at most


@dataclass(frozen=True)
class LabelRow:
    """A row of a table of labels: its line in the file, from 1, the path as it stands there, and the label."""

    line: int
    path: str
    label: str


@dataclass(frozen=True)
class TableOfLabels:
    """The labels that a table gives to pictures, by their paths, and what is doubtful about it, in words or empty."""

    labels: dict[str, str]
    doubt: str


class PathFinder:
    """Finds a path among known ones however a person spelled it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._composed: dict[str, str | None] = {}
        for path in self._paths:
            key = composed(path)
            self._composed[key] = None if key in self._composed else path  # two paths that look the same: neither

    def find(self, given: str) -> str | None:
        """Return the known path that is meant: as it is spelled, or nearly so; None if there is none."""
        for path in spellings(given):
            if path in self._paths:
                return path
        found = (self._composed.get(composed(path)) for path in spellings(given))
        return next((path for path in found if path is not None), None)


def spellings(path: str) -> Iterator[str]:
    r"""Give a path as it is written, without spaces around it, and with '/' between its folders.

    >>> list(spellings(" .\\a\\b.jpg"))
    [' .\\a\\b.jpg', '.\\a\\b.jpg', 'a/b.jpg']
    """
    bare = path.strip()
    yield from dict.fromkeys((path, bare, bare.replace("\\", "/").removeprefix("./")))


def composed(name: str) -> str:
    """Return a name in the one form in which names are compared: é is one letter, whatever system wrote it."""
    return unicodedata.normalize("NFC", name)


def read_label_rows(source: Path) -> list[LabelRow]:
    """Return the rows of a table with the columns path and label; a label may be empty, a path may not.

    Raises
    ------
    OSError
        If the file can't be read.
    ValueError
        If its letters, its columns or one of its lines can't be understood; the message ends with the remedy.
    """
    text = _decoded(source.read_bytes())
    first, _, rest = text.partition("\n")
    skipped = 1 if first.strip().lower().startswith("sep=") else 0  # Excel's own hint
    return list(_rows(rest if skipped else text, skipped))


def labels_of(rows: Sequence[LabelRow], paths: Iterable[str], *, source: Path) -> TableOfLabels:
    """Return the labels that the rows give to the pictures with these paths.

    Raises
    ------
    ValueError
        If two rows give one picture different labels.
    """
    finder = PathFinder(paths)
    found: dict[str, LabelRow] = {}
    astray = []
    for row in rows:
        path = finder.find(row.path)
        if path is None:
            astray.append(row)
        elif row.label:
            check_agreement(found.setdefault(path, row), row, path)
    return TableOfLabels({path: row.label for path, row in found.items()}, _doubt(astray, rows, source))


def check_agreement(one: LabelRow, other: LabelRow, path: str) -> None:
    """Raise ValueError, with both lines, if two rows give one picture different labels."""
    if one.label != other.label:
        raise ValueError(
            f"{one_line(path)} is labelled {one.label!r} in line {one.line} and {other.label!r} in line {other.line}; "
            "leave one label"
        )


def _doubt(astray: list[LabelRow], rows: Sequence[LabelRow], source: Path) -> str:
    if not astray:
        return ""
    names = ", ".join(f"{one_line(row.path)} (line {row.line})" for row in astray[:_NAMED])
    more = ", ..." if len(astray) > _NAMED else ""
    return (
        f"warning: {len(astray):,} of the {len(rows):,} rows of {one_line(source)} name no picture of the dataset, "
        f"so they count for nothing: {names}{more}; their paths must be relative to dataset.path"
    )


def _decoded(data: bytes) -> str:
    """Return the text of a file in UTF-8 or UTF-16, with or without a byte order mark."""
    encoding = "utf-8-sig"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif len(data) >= 8 and not any(data[1:8:2]):  # every other byte of plain letters is a null
        encoding = "utf-16-le"
    elif len(data) >= 8 and not any(data[0:8:2]):
        encoding = "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError("got bytes that are not UTF-8; save it as UTF-8 (in Excel, as CSV UTF-8)") from error


def _rows(text: str, skipped: int) -> Iterator[LabelRow]:
    separator, header = _header(text)
    path, label = header.index("path"), header.index("label")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            line = reader.line_num + skipped
            if any(cell.strip() for cell in row[len(header) :]):
                raise ValueError(
                    f"line {line} has {len(row)} columns, the first line {len(header)}; put a name that holds "
                    f"{separator!r} in quotes"
                )
            cells = [*row, *[""] * len(header)]
            if reader.line_num > 1 and cells[path].strip():
                yield LabelRow(line, cells[path], composed(cells[label].strip()))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num + skipped} can't be read ({error}); mend its quotes") from error


def _header(text: str) -> tuple[str, list[str]]:
    """Return the separator of a table, and its columns in small letters."""
    first = next(iter(text.splitlines()), "")
    for separator in _SEPARATORS:
        columns = [name.strip().casefold() for name in next(csv.reader([first], delimiter=separator), [])]
        if {"path", "label"} <= set(columns):
            return separator, columns
    got = repr(first[:80]) if text else "an empty file"
    raise ValueError(f"got {got}; name them in the first line, with a comma, a semicolon or a tab between")
