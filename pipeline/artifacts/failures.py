"""Says why a file could not be written, and what helps: for whatever fails while something of ours is written."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.wording import one_line

_LITTLE = 1 << 16  # bytes; where less is free, the disk is full
_FULL = "the disk is full: make room on it"
_REASONS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: "the disk is full, or your share of it: make room",
    errno.EFBIG: "the file is larger than this file system or account allows (`ulimit -f`): write to another",
    errno.EROFS: "the disk can only be read: write to another",
    errno.EACCES: "permission denied: write to a folder that you can write to, or ask for the permission",
    errno.EPERM: "permission denied: write to a folder that you can write to, or ask for the permission",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.EIO: "the disk fails (input/output error): check it, or write to another",
}


def unwritable(path: Path, error: Exception) -> str:
    """Return why `path` could not be written, in words that end with the remedy.

    Libraries that write by themselves, as Pillow and SQLite do, may not pass on what the system said: then the free
    space of the disk is looked at.
    """
    code = getattr(error, "errno", None)
    if code not in _REASONS and (_says_full(error) or (code is None and _is_full(path))):
        code = errno.ENOSPC
    reason = _REASONS.get(code or 0) or f"{getattr(error, 'strerror', None) or error}: check the place"
    return f"{one_line(path)} can't be written: {reason}"


def write_error(path: Path, error: Exception) -> ArtifactError:
    """Return the error that says why an artefact could not be written; what was there before is as it was."""
    return ArtifactError(f"{unwritable(path, error)}, and run it again; what was there before is as it was")


def _says_full(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)


def _is_full(path: Path) -> bool:
    folder = next(folder for folder in (path, *path.absolute().parents) if os.path.isdir(folder))
    return shutil.disk_usage(folder).free < _LITTLE
