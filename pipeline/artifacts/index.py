"""The index: which picture row i is. Nothing else knows file names.

SQLite, because path -> row and content -> row must be answered by a cold process at a million pictures.
"""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.artifacts.files import replaced
from pipeline.errors import ArtifactError

_SCHEMA = """
CREATE TABLE pictures (
    row INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE TABLE origin (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Picture:
    """One picture of the dataset: path relative to it with '/', sha256 of the file, original size."""

    path: str
    content: str
    width: int
    height: int


class Index:
    """An open index, which several threads may ask; made by `open_index`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path, self._lock = connection, path, threading.Lock()
        self.origin: dict[str, str] = dict(self._ask("SELECT name, value FROM origin"))
        try:
            self.digest = self.origin["digest"]
            self.dataset = Path(os.path.normpath(path.parent.absolute() / self.origin["dataset"]))
            self.count = int(self.origin["count"])
        except (KeyError, ValueError) as error:
            raise _damaged(path, error) from error

    def rows_of_content(self, content: str) -> list[int]:
        """Return the rows that hold this content, ascending; more than one where there are copies."""
        return [row for (row,) in self._ask("SELECT row FROM pictures WHERE content = ? ORDER BY row", content)]

    def rows_of_path(self, path: str) -> list[int]:
        """Return the row of a path, or none."""
        return [row for (row,) in self._ask("SELECT row FROM pictures WHERE path = ?", path)]

    def path(self, row: int) -> str:
        """Return the path of one row."""
        return str(self._ask("SELECT path FROM pictures WHERE row = ?", int(row))[0][0])

    def pictures(self) -> list[Picture]:
        """Return all pictures, in the order of their rows."""
        query = "SELECT path, content, width, height FROM pictures ORDER BY row"
        return [Picture(*answer) for answer in self._ask(query)]

    def sizes(self) -> list[tuple[int, int]]:
        """Return the width and height of every original, in row order."""
        return self._ask("SELECT width, height FROM pictures ORDER BY row")

    def paths(self) -> list[str]:
        """Return the paths of all pictures, in the order of their rows."""
        return [path for (path,) in self._ask("SELECT path FROM pictures ORDER BY row")]

    def contents(self) -> list[str]:
        """Return the sha256 of every picture's file, in the order of the rows."""
        return [content for (content,) in self._ask("SELECT content FROM pictures ORDER BY row")]

    def _ask(self, query: str, *values: str | int) -> list[Any]:
        """Return all rows of an answer; ArtifactError if the file is damaged, which shows only where it is read."""
        with self._lock:  # one connection serves several threads
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise _damaged(self._path, error) from error


def save_index(path: Path, pictures: Sequence[Picture], *, origin: Mapping[str, str]) -> str:
    """Write the index; picture i becomes row i.

    Returns
    -------
    digest
        sha256 over the paths and contents in order: what every other artefact says it was made from.
    """
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(f"{picture.path}\0{picture.content}\n".encode())
    facts = {**origin, "count": str(len(pictures)), "digest": digest.hexdigest()}
    with replaced(path) as temporary, closing(sqlite3.connect(temporary)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany(
            "INSERT INTO pictures VALUES (?, ?, ?, ?, ?)",
            ((row, p.path, p.content, p.width, p.height) for row, p in enumerate(pictures)),
        )
        connection.execute("CREATE INDEX content ON pictures (content)")
        connection.executemany("INSERT INTO origin VALUES (?, ?)", sorted(facts.items()))
    return digest.hexdigest()


def dataset_from(folder: Path, dataset: Path) -> str:
    """Return the dataset as an index in a folder names it: relative to that, so that a project can be moved.

    An absolute path stays, and one where links lead another way becomes absolute.
    """
    at, place = os.path.abspath(folder), os.path.abspath(dataset)
    if dataset.is_absolute() or os.path.islink(folder) or os.path.realpath(place) != os.path.realpath(dataset):
        return str(dataset.absolute())
    return os.path.relpath(place, at)


@contextmanager
def open_index(path: Path) -> Iterator[Index]:
    """Open the index for reading.

    Raises
    ------
    ArtifactError
        If it is missing or damaged; damage may show only inside the block, when rows are read.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing: run `pipeline resize` (or `dvc repro`) first")
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True, check_same_thread=False)) as connection:
        yield Index(connection, path)


def _damaged(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is damaged ({error}): run `pipeline resize` again")
