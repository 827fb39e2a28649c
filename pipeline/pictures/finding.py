"""Finds the files of a folder, at any depth and each once, and says what each holds by its sha256.

Files and folders are known by device and inode: what has several names, by links, is one thing. Where a file system
gives no inodes (some network shares, Windows), by the place that the name leads to.
"""

import hashlib
import os
import stat
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pipeline.wording import shown

_BARE = {"HEAD", "objects", "refs"}  # what a folder of git holds, whatever it is called
_FOREIGN = (".git", ".dvc")  # folders of git and DVC: what they hold is no picture of anybody's, or a copy of one


@dataclass(frozen=True)
class FoundFile:
    """A file of the dataset: path relative to it with '/', size, time, and what is wrong with it.

    `same_as` is the path of the file or folder of which this one is only another name; empty if it is none. `inode` is
    the file system's number of it; 0 where there is none.
    """

    path: str
    size_bytes: int
    modified_ns: int
    problem: str
    same_as: str = ""
    inode: int = 0


@dataclass(frozen=True)
class Listing:
    """What is in a folder, sorted by path: its files, what was left out with all in it, and the folders of the files.

    `excluded` was left out by a pattern, `left_out` because it belongs to git, DVC or artefacts. The folder itself is
    "" among the folders.
    """

    files: list[FoundFile]
    left_out: list[str]
    excluded: list[str]
    folders: list[str]

    @property
    def hidden(self) -> list[FoundFile]:
        """The files that are hidden, or lie in a hidden folder: a part of their path begins with a dot."""
        return [file for file in self.files if any(part.startswith(".") for part in file.path.split("/"))]


def find_files(folder: Path, *, own: Path | None = None, mark: str = "") -> list[FoundFile]:
    """List every file below a folder, sorted by path; see `look_through`."""
    return look_through(folder, own=own, mark=mark).files


def look_through(folder: Path, *, own: Path | None, mark: str, exclude: Sequence[str] = ()) -> Listing:
    """List every file below a folder, at any depth, and what was left out.

    Links are followed, but a folder is entered once and a file is listed once: under its real path before that of a
    link, and of several hard links under that in the fewest folders, then the first by name. Its other names are
    listed with that as their problem; so are a link that is broken or leads back to a folder above it, a folder that
    can't be read, and whatever is neither file nor folder.

    Parameters
    ----------
    folder
        Where to look.
    own
        The folder of this project's artefacts. It is left out, as are folders of git and DVC.
    mark
        The name of a file that marks other folders of artefacts, which are left out as well; empty if there is none.
    exclude
        Patterns as a shell's, in which capital letters are as small ones, of files and folders that are left out: of a
        name, at any depth; or, with a '/' in it, of a path from the folder on.
    """
    walk = _Walk(folder, _identity_of(own) if own else None, mark, tuple(pattern.casefold() for pattern in exclude))
    walk.path_of_folder[_identity_of(folder)] = ""
    _walk_through(walk, "")
    while walk.linked_folders:
        path, facts = walk.linked_folders.popleft()
        if _is_new_folder(walk, path, facts):
            _walk_through(walk, path)
    for path, facts in walk.linked_files:
        first = walk.path_of_file.get(_identity(facts, walk.at(path)))
        _list(walk, path, facts, first, "a link to it")
    return Listing(
        sorted(walk.files, key=lambda file: file.path),
        sorted(walk.left_out),
        sorted(walk.excluded),
        sorted(walk.path_of_folder.values()),
    )


def content_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal; files of /proc hold none, by what they say of themselves."""
    if not path.stat().st_size:
        return hashlib.sha256().hexdigest()  # to read it could be to wait for ever
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Walk:
    """How far a look through a folder has come; paths are relative to `top`, and known by what they lead to."""

    top: Path
    own: Hashable
    mark: str
    exclude: tuple[str, ...]
    files: list[FoundFile] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    linked_folders: deque[tuple[str, os.stat_result]] = field(default_factory=deque)
    linked_files: list[tuple[str, os.stat_result]] = field(default_factory=list)
    path_of_folder: dict[Hashable, str] = field(default_factory=dict)
    path_of_file: dict[Hashable, str] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """Return where a path of the listing lies."""
        return os.path.join(self.top, path)


def _walk_through(walk: _Walk, start: str) -> None:
    """Look through a folder and all real folders below it, level by level: no depth is too deep for that."""
    level = deque([start])
    while level:
        path = level.popleft()
        try:
            with os.scandir(walk.at(path)) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            walk.files.append(FoundFile(path, 0, 0, f"folder cannot be read ({error.strerror})"))
            continue
        names = {entry.name for entry in inside}
        if path and (walk.mark in names or names >= _BARE):
            walk.left_out.append(path)
            continue
        level += [found for entry in inside if (found := _look_at(walk, entry, path)) is not None]


def _look_at(walk: _Walk, entry: os.DirEntry[str], folder: str) -> str | None:
    """List a file, put a link aside, or return the path of a folder that is to be looked through."""
    path = f"{folder}/{entry.name}" if folder else entry.name
    if _real_name(entry) in _FOREIGN:
        walk.left_out.append(path)
        return None
    if any(fnmatchcase((path if "/" in one else entry.name).casefold(), one) for one in walk.exclude):
        walk.excluded.append(path)
        return None
    try:
        linked, facts = entry.is_symlink(), entry.stat()
    except OSError as error:
        problem = "broken link" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        walk.files.append(FoundFile(path, 0, 0, problem))
        return None
    is_folder, identity = stat.S_ISDIR(facts.st_mode), _identity(facts, entry.path)
    if is_folder and identity == walk.own:
        walk.left_out.append(path)
    elif linked and is_folder:
        walk.linked_folders.append((path, facts))
    elif linked:
        walk.linked_files.append((path, facts))
    elif is_folder:
        return path if _is_new_folder(walk, path, facts) else None
    else:  # inodes that a file system makes up may occur twice, but then it counts no second link
        first = walk.path_of_file.get(identity) if facts.st_nlink > 1 else None
        _list(walk, path, facts, first, "a hard link")
    return None


def _real_name(entry: os.DirEntry[str]) -> str:
    return os.path.basename(os.path.realpath(entry.path)) if entry.is_symlink() else entry.name


def _is_new_folder(walk: _Walk, path: str, facts: os.stat_result) -> bool:
    """Return whether a folder has not been met before; if it has, list the path with that problem."""
    first = walk.path_of_folder.setdefault(_identity(facts, walk.at(path)), path)
    if first == path:
        return True
    above = PurePosixPath(path).is_relative_to(first)
    problem = "circular link" if above else f"the same folder as {shown(first)} (a link to it)"
    walk.files.append(FoundFile(path, 0, 0, problem, "" if above else first))
    return False


def _list(walk: _Walk, path: str, facts: os.stat_result, first: str | None, how: str) -> None:
    """List a file, which is another name of the first one if there is one; if there is none, this is its path."""
    problem = "" if first is None else f"the same file as {shown(first)} ({how})"
    if not stat.S_ISREG(facts.st_mode):
        problem, first = "neither a file nor a folder", None
    if not problem:
        walk.path_of_file[_identity(facts, walk.at(path))] = path
    walk.files.append(FoundFile(path, facts.st_size, facts.st_mtime_ns, problem, first or "", facts.st_ino))


def _identity_of(folder: Path) -> Hashable:
    try:
        return _identity(os.stat(folder), str(folder))
    except OSError:  # it isn't there yet, or can't be looked at
        return os.path.realpath(folder)


def _identity(facts: os.stat_result, path: str) -> Hashable:
    return (facts.st_dev, facts.st_ino) if facts.st_ino else os.path.realpath(path)
