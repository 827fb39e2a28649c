"""Finds the files of a folder, at any depth, and says what each holds by its sha256."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundFile:
    """A file of the dataset: path relative to it with '/', size, time, and what is wrong with it."""

    path: str
    size_bytes: int
    modified_ns: int
    problem: str


def find_files(folder: Path) -> list[FoundFile]:
    """List every file below a folder, at any depth, hidden ones too, sorted by path.

    Links are followed. A link that is broken or leads back to a folder above it, and whatever is neither
    file nor folder, is listed with its problem.
    """
    return sorted(_walk(folder, "", (os.path.realpath(folder),)), key=lambda file: file.path)


def _walk(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[FoundFile]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        yield FoundFile(prefix.rstrip("/"), 0, 0, f"folder cannot be read ({error.strerror})")
        return
    for entry in entries:
        path = prefix + entry.name
        try:
            facts = entry.stat()
        except OSError as error:
            problem = "broken link" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
            yield FoundFile(path, 0, 0, problem)
            continue
        if stat.S_ISDIR(facts.st_mode):
            real = os.path.realpath(entry.path)
            if real in above:
                yield FoundFile(path, 0, 0, "circular link")
            else:
                yield from _walk(Path(entry.path), f"{path}/", (*above, real))
        else:
            problem = "" if stat.S_ISREG(facts.st_mode) else "neither a file nor a folder"
            yield FoundFile(path, facts.st_size, facts.st_mtime_ns, problem)


def content_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
