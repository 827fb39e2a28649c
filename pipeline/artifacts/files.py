"""Writes a file whole or not at all: under a temporary name beside it, then renamed."""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.artifacts.failures import write_failures_told
from pipeline.errors import ArtifactError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` if the block ends well, else remove it."""
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    with write_failures_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # what a killed run left; SQLite would go on with it
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path, *, leaving: Callable[[Path, Path], None] | None = None) -> Iterator[Path]:
    """Give a new, empty folder beside `path` that takes its place if the block ends well.

    Parameters
    ----------
    path
        The folder.
    leaving
        Asked last, with the old folder, already under another name, and the new one; if it raises, the old one stays.
    """
    temporary = path.with_name(f".{path.name}.partial")
    old = path.with_name(f".{path.name}.old")
    if old.exists() and not path.exists():
        os.replace(old, path)  # a kill between the two renames below: the last good one comes back
    for left in (temporary, old):
        shutil.rmtree(left, ignore_errors=True)
    with write_failures_told(path):
        temporary.mkdir(parents=True)
        try:
            yield temporary
            _swap(temporary, path, old, leaving)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(new: Path, path: Path, old: Path, leaving: Callable[[Path, Path], None] | None) -> None:
    """Put a new folder into its place, and the old one, if there is one, under another name; or leave all as it is."""
    if not path.exists():
        os.replace(new, path)
        return
    os.replace(path, old)
    try:
        if leaving:
            leaving(old, new)
        os.replace(new, path)
    except BaseException:
        os.replace(old, path)
        raise


def save_json(path: Path, value: Any) -> None:
    """Write a JSON file, indented, with a newline at its end."""
    with replaced(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_json(path: Path, *, stage: str) -> Any:
    """Read a JSON file that `stage` wrote; ArtifactError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, stage, error) from error


def save_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file (UTF-8, header first)."""
    with replaced(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in (header, *rows):
            # Python before 3.13 leaves a carriage return bare; macOS puts files named "Icon\r" into folders.
            writer = quoted if any("\r" in str(value) for value in row) else plain
            writer.writerow(row)


def load_table(path: Path, header: Sequence[str], *, stage: str) -> list[list[str]]:
    """Read the rows of a CSV file that `stage` wrote.

    Raises
    ------
    ArtifactError
        If the file is missing, has another header, or has a row of another length.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            first, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise _unreadable(path, stage, error) from error
    if first != list(header) or any(len(row) != len(header) for row in rows):
        raise ArtifactError(f"{path}: expected the columns {','.join(header)}, got {','.join(first)}; "
                            f"run `pipeline {stage}` again")  # fmt: skip
    return rows


def _unreadable(path: Path, stage: str, error: Exception) -> ArtifactError:
    if isinstance(error, FileNotFoundError):
        return ArtifactError(f"{path} is missing: run `pipeline {stage}` (or `dvc repro`) first")
    return ArtifactError(f"{path} is damaged ({error}): run `pipeline {stage}` again")
