"""Recognises files that did not change since they were last read, without opening them.

A file is the same if its path, size, time and inode are; and one that was moved, if size, time and inode are those of a
path that has gone. Three things make a file be read though it looks the same. Its time was so near to the moment of the
last listing that it could have been changed again within the grain of the file system's clock. Another file has its
size and time: a copy over it may have brought both, and inodes are given to new files again. Or the file system gives
no inode, and the path is new.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.pictures.finding import FoundFile

GRAIN_NS = 2_000_000_000  # of FAT, the coarsest


class ReadFile(NamedTuple):
    """A file as it was when it was read: path, size, time, inode, and the sha256 of its bytes."""

    path: str
    size_bytes: int
    modified_ns: int
    inode: int
    content: str


def settled(files: Iterable[tuple[FoundFile, str]], *, listed_ns: int) -> list[ReadFile]:
    """Return what to remember of files and their contents: all but those that may change and keep their time.

    Parameters
    ----------
    files
        Each with the sha256 of its bytes, read after the listing.
    listed_ns
        When the listing began, in nanoseconds since 1970.
    """
    return [
        ReadFile(file.path, file.size_bytes, file.modified_ns, file.inode, content)
        for file, content in files
        if file.modified_ns < listed_ns - GRAIN_NS
    ]


def recognised(files: Sequence[FoundFile], last: Sequence[ReadFile]) -> dict[str, str]:
    """Return path -> content of the files that needn't be read.

    Parameters
    ----------
    files
        All files of the listing of now.
    last
        What `settled` returned of the last one.
    """
    paths = {file.path for file in files}
    known = {(one.size_bytes, one.modified_ns): one for one in last}
    seen = Counter((one.size_bytes, one.modified_ns) for one in last)
    now = Counter((file.size_bytes, file.modified_ns) for file in files if not file.problem)
    found = {}
    for file in files:
        facts = file.size_bytes, file.modified_ns
        if file.problem or seen[facts] != 1 or now[facts] != 1:
            continue
        one = known[facts]
        is_moved = bool(file.inode) and one.path not in paths
        if one.inode == file.inode and (one.path == file.path or is_moved):
            found[file.path] = one.content
    return found
