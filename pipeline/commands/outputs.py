"""Owns the folder that a command writes for the user: it is outside the dataset, and nothing of the user's is replaced.

A table in the folder names each file with its sha256, so a file that was added or changed is known to be the user's.
Hidden files and Thumbs.db, which file browsers leave behind, don't count and stay where they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.artifacts import load_table, save_table
from pipeline.errors import ArtifactError, QueryError
from pipeline.pictures import content_of
from pipeline.wording import one_line

_TABLE = "files.csv"
_COLUMNS = ("written_file", "sha256")
_UNFINISHED = ".unfinished-"  # begins the name of the folder that is filled first; hidden, so it doesn't count


def check_outside(folder: Path, dataset: Path, *, option: str, reason: str) -> None:
    """Raise QueryError, with the option that named it and the reason, if a folder lies in the dataset."""
    if folder.resolve().is_relative_to(dataset.resolve()):
        raise QueryError(f"{option}: {folder} lies in the dataset, where {reason}; name a folder elsewhere")


def written_files(folder: Path) -> set[tuple[str, str]]:
    """Return name and sha256 of each file that `rewritten` put into a folder; of a new or empty one, none.

    Raises
    ------
    QueryError
        If the folder holds anything else, or can't be read.
    """
    files = set()
    try:
        if not folder.exists():
            return set()
        names = sorted(path.name for path in folder.iterdir() if _counts(path.name))
        known = _read_table(folder) if _TABLE in names else set()
        known_names = {name for name, _ in known}
        for name in (name for name in names if name != _TABLE):
            readable = name in known_names and (folder / name).is_file()
            file = (name, content_of(folder / name) if readable else "")
            if file not in known:
                raise _foreign(folder, name)
            files.add(file)
    except OSError as error:
        raise QueryError(f"{folder}: {error.strerror or error}; give --out a folder that you can write to") from error
    return files


@contextmanager
def rewritten(folder: Path) -> Iterator[Path]:
    """Give an empty folder; if the block ends well, its files take the place of those that were written earlier.

    Raises
    ------
    QueryError
        If the folder then holds anything else.
    OSError
        If the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_UNFINISHED, dir=folder) as unfinished:
        yield Path(unfinished)
        new = {(path.name, content_of(path)) for path in Path(unfinished).iterdir()}
        old = written_files(folder)
        save_table(folder / _TABLE, _COLUMNS, sorted(old | new))  # whenever it is killed, every file is in the table
        for name in {name for name, _ in old} - {name for name, _ in new}:
            (folder / name).unlink()
        for name, _ in new:
            (Path(unfinished) / name).replace(folder / name)
    save_table(folder / _TABLE, _COLUMNS, sorted(new))


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "Thumbs.db"


def _read_table(folder: Path) -> set[tuple[str, str]]:
    try:
        return {(name, content) for name, content in load_table(folder / _TABLE, _COLUMNS, stage="label")}
    except ArtifactError as error:  # somebody else's, of the same name
        raise _foreign(folder, _TABLE) from error


def _foreign(folder: Path, name: str) -> QueryError:
    return QueryError(
        f"{folder} holds something else, {one_line(name)}, and only what was written there earlier, and not changed "
        "since, is replaced; give --out a new folder, or move that elsewhere"
    )
