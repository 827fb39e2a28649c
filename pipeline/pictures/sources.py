"""Opens the file of a picture for decoding, hashes it, and gives its bytes, without holding those of a large one."""

import hashlib
import io
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.pictures.rejection import RejectedPictureError

_LARGE_FILE_BYTES = 1 << 25  # larger ones are not held, but read in pieces where they are needed


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a file of the dataset that is not empty; a small one is read at once.

    Raises
    ------
    RejectedPictureError
        If it can't be read, is empty or is no file, as files of /proc say of themselves; or its name is not UTF-8, so
        that no table could name it.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise RejectedPictureError("file name is not valid UTF-8") from None
    with open_file(path) as file:
        yield file


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file of any name as `open_source` does."""
    try:
        facts = path.stat()  # first, for to open a pipe is to wait for its writer
        if not stat.S_ISREG(facts.st_mode):
            raise RejectedPictureError("a folder" if stat.S_ISDIR(facts.st_mode) else "neither a file nor a folder")
        if not facts.st_size:
            raise RejectedPictureError("empty file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            yield file if size > _LARGE_FILE_BYTES else io.BytesIO(file.read())
    except OSError as error:
        raise RejectedPictureError(error.strerror or str(error)) from error


def hash_of(file: BinaryIO) -> str:
    """Return the sha256 of a file, in hexadecimal, read in pieces."""
    file.seek(0)
    digest = hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()
    file.seek(0)
    return digest


@contextmanager
def bytes_of(file: BinaryIO) -> Iterator[bytes | mmap.mmap]:
    """Give the bytes of a source: those of a large one stay in the file."""
    if isinstance(file, io.BytesIO):
        yield file.getvalue()
    else:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped
