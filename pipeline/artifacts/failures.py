"""Says why a file could not be written, and what helps: for whatever fails while something of ours is written."""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.wording import one_line

_LITTLE = 1 << 16  # bytes; where less is free, the disk is full
_REASONS = {
    errno.ENOSPC: "the disk is full: make room on it",
    errno.EDQUOT: "the disk is full, or your share of it: make room",
    errno.EFBIG: "the file is larger than this file system or account allows (`ulimit -f`): write to another",
    errno.EROFS: "the disk can only be read: write to another",
    errno.EACCES: "permission denied: write to a folder that you can write to, or ask for the permission",
    errno.EPERM: "permission denied: write to a folder that you can write to, or ask for the permission",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EIO: "the disk fails (input/output error): check it, or write to another",
}


def unwritable(path: Path, error: Exception) -> str:
    """Return why `path` could not be written, in words that end with the remedy."""
    reason = _REASONS.get(_code(path, error)) or f"{getattr(error, 'strerror', None) or error}: check the place"
    return f"{one_line(path)} can't be written: {reason}"


def write_error(path: Path, error: Exception) -> ArtifactError:
    """Return the error that says why an artefact could not be written; the one of before is as it was."""
    what = "folder" if path.is_dir() else "file"
    return ArtifactError(f"{unwritable(path, error)}, and run it again; this {what} is as it was before")


def is_write_failure(path: Path, error: Exception) -> bool:
    """Return whether an error tells of a place that can't be written, and not of a file that can't be read."""
    return _code(path, error) in _REASONS or "when writing image file" in str(error)


@contextmanager
def write_failures_told(path: Path) -> Iterator[None]:
    """Turn what fails in the block because `path` can't be written into an ArtifactError that says why."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if is_write_failure(path, error):
            raise write_error(path, error) from error
        raise


def _code(path: Path, error: Exception) -> int:
    """Return the system's number of an error; 0 if it has none.

    Libraries that write by themselves don't pass it on: HDF5 and Arrow have it in their words, SQLite has words of
    its own, and Pillow says nothing, so the free space is looked at.
    """
    code = getattr(error, "errno", None)
    if code:
        return int(code)
    told = re.search(r"errno\W+(\d+)", str(error), re.IGNORECASE)
    if told:
        return int(told[1])
    full = "full" in str(error) if isinstance(error, sqlite3.OperationalError) else _is_full(path)
    return errno.ENOSPC if full else errno.EIO if "disk I/O" in str(error) else 0


def _is_full(path: Path) -> bool:
    folder = next(folder for folder in (path, *path.absolute().parents) if os.path.isdir(folder))
    return shutil.disk_usage(folder).free < _LITTLE
