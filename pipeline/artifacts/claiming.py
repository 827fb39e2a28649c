"""The folder of artefacts is ours, and one run at a time writes into it.

A mark says that it is ours: without it a folder that holds anything is somebody's, in which nothing is replaced or
removed. A lock says that a run is writing; the system lets it go when that run ends, however it ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.artifacts.failures import unwritable
from pipeline.artifacts.index import open_index
from pipeline.artifacts.layout import Artifacts
from pipeline.errors import ArtifactError
from pipeline.wording import one_line

MARK, LOCK = ".made_by_pipeline", ".lock"
_WORDS = "The stages of `pipeline` make, replace and remove what is in this folder: keep nothing of your own in it.\n"
_OWNER = f"{LOCK}.owner"  # the number of the process that holds the lock
_NOT_COUNTED = {".gitignore", LOCK, _OWNER}


@contextmanager
def claimed(artifacts: Artifacts) -> Iterator[None]:
    """Hold the folder of artefacts for one run; it is made, or marked as ours, if it is new or empty.

    Raises
    ------
    ArtifactError
        If the folder holds something that isn't ours, can't be written, or another run is writing into it.
    """
    _check_ours(artifacts)  # before anything is written there, a lock neither
    with _locked(artifacts.root):
        _mark(artifacts)
        yield


def _check_ours(artifacts: Artifacts) -> None:
    """Raise ArtifactError if the folder is none or can't be made, or holds anything and no mark that it is ours.

    One without a mark that holds an index is known by that.
    """
    root = artifacts.root
    if os.path.lexists(root) and not root.is_dir():
        raise ArtifactError(f"{one_line(root)} is a file; name a new folder with --artifacts")
    try:
        root.mkdir(parents=True, exist_ok=True)
        strangers = sorted(set(os.listdir(root)) - _NOT_COUNTED)
    except OSError as error:
        raise _failed(root, error) from error
    # The mark is asked for after the list: another run, which is just beginning, writes it before all else.
    if strangers and not (root / MARK).is_file() and not _has_index(artifacts):
        raise ArtifactError(
            f"{one_line(root)} holds {one_line(strangers[0])} and isn't marked as a folder of artefacts, in "
            "which files are replaced and removed; name a new or empty folder with --artifacts"
        )


def _mark(artifacts: Artifacts) -> None:
    _check_ours(artifacts)  # again, for somebody may have put something there meanwhile
    try:
        if not (artifacts.root / MARK).is_file():
            (artifacts.root / MARK).write_text(_WORDS, encoding="utf-8")
    except OSError as error:
        raise _failed(artifacts.root, error) from error


def _has_index(artifacts: Artifacts) -> bool:
    try:
        with open_index(artifacts.index):
            return True
    except ArtifactError:
        return False


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # takes 60 ms, and a query locks nothing

    lock = FileLock(root / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ArtifactError(
            f"{one_line(root)}: another run{_owner(root)} is writing there; wait until it ends, or name another folder "
            "with --artifacts"
        ) from error
    except OSError as error:
        raise _failed(root, error) from error
    try:
        with suppress(OSError):  # it only serves the message of another run
            (root / _OWNER).write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        lock.release()


def _failed(root: Path, error: OSError) -> ArtifactError:
    return ArtifactError(f"{unwritable(root, error)}, and run it again")


def _owner(root: Path) -> str:
    try:
        return f" (process {int((root / _OWNER).read_text(encoding='utf-8'))})"
    except (OSError, ValueError):
        return ""
