"""Owns the folder that a command fills anew for the user: nothing that it didn't write there is replaced.

Hidden files and Thumbs.db, which file browsers leave behind, don't count and stay where they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.artifacts import Written, look_through, save_list, sha256_of
from pipeline.cli.answers.outputs import UNFINISHED
from pipeline.errors import QueryError
from pipeline.wording import one_line


def written_files(folder: Path) -> Written:
    """Return name and sha256 of each file that `rewritten` put into a folder; of a new or empty one, none.

    Raises
    ------
    QueryError
        If the folder holds anything else, or can't be read.
    """
    try:
        written, foreign = look_through(folder, counts=_counts)
    except OSError as error:
        raise QueryError(
            f"--out: {one_line(folder)} can't be read: {error.strerror or error}; name a new folder"
        ) from error
    if foreign is not None:
        raise QueryError(
            f"--out: {one_line(folder)} holds something else, {one_line(foreign)}, and only what was written there "
            "earlier, and not changed since, is replaced; give --out a new folder, or move that elsewhere"
        )
    return written


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
    with TemporaryDirectory(prefix=UNFINISHED, dir=folder) as unfinished:
        yield Path(unfinished)
        new = {(path.name, sha256_of(path)) for path in Path(unfinished).iterdir()}
        old = written_files(folder)
        save_list(folder, old | new)  # whenever it is killed, every file is in the list
        for name in {name for name, _ in old} - {name for name, _ in new}:
            (folder / name).unlink()
        for name, _ in new:
            (Path(unfinished) / name).replace(folder / name)
    save_list(folder, new)


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "Thumbs.db"
