"""The index: which picture row i is. Nothing else knows file names.

SQLite, because path -> row and content -> row must be answered by a cold process at a million pictures.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

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
    """An open index; made by `open_index`."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self.origin: dict[str, str] = dict(connection.execute("SELECT name, value FROM origin"))
        self.digest = self.origin["digest"]
        self.dataset = Path(os.path.normpath(folder.absolute() / self.origin["dataset"]))
        self.count = int(self.origin["count"])

    def rows_of_content(self, content: str) -> list[int]:
        """Return the rows that hold this content, ascending; more than one where there are copies."""
        return self._rows("SELECT row FROM pictures WHERE content = ? ORDER BY row", content)

    def rows_of_path(self, path: str) -> list[int]:
        """Return the row of a path, or none."""
        return self._rows("SELECT row FROM pictures WHERE path = ?", path)

    def path(self, row: int) -> str:
        """Return the path of one row."""
        answer = self._connection.execute("SELECT path FROM pictures WHERE row = ?", (int(row),)).fetchone()
        return str(answer[0])

    def pictures(self) -> list[Picture]:
        """Return all pictures, in the order of their rows."""
        query = "SELECT path, content, width, height FROM pictures ORDER BY row"
        return [Picture(*answer) for answer in self._connection.execute(query)]

    def sizes(self) -> list[tuple[int, int]]:
        """Return the width and height of every original, in row order."""
        return list(self._connection.execute("SELECT width, height FROM pictures ORDER BY row"))

    def paths(self) -> list[str]:
        """Return the paths of all pictures, in the order of their rows."""
        return [path for (path,) in self._connection.execute("SELECT path FROM pictures ORDER BY row")]

    def contents(self) -> list[str]:
        """Return the sha256 of every picture's file, in the order of the rows."""
        return [content for (content,) in self._connection.execute("SELECT content FROM pictures ORDER BY row")]

    def _rows(self, query: str, value: str) -> list[int]:
        return [row for (row,) in self._connection.execute(query, (value,))]


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
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        try:
            index = Index(connection, path.parent)
        except (sqlite3.DatabaseError, KeyError, ValueError) as error:
            raise _damaged(path, error) from error
        try:
            yield index
        except sqlite3.DatabaseError as error:  # a damaged page shows only when it is read
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is damaged ({error}): run `pipeline resize` again")
