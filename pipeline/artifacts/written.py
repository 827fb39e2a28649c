"""Folders that are filled anew: each lists which files were written there, so that nothing of the user's is removed.

The list names each file with its sha256: a file that was added or changed is known to be the user's. A file that has
further names, as the links of the group folders have, is safe under those and may lose this one.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.artifacts.files import load_table, replaced_folder, save_table
from pipeline.errors import ArtifactError
from pipeline.wording import one_line

LIST = "files.csv"
_COLUMNS = ("written_file", "sha256")
_LEFT_BEHIND = {".DS_Store", ".directory", "Thumbs.db", "desktop.ini"}  # by file browsers, in every folder

Written = set[tuple[str, str]]  # name in the folder, with '/', and sha256


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def look_through(folder: Path, *, counts: Callable[[str], bool]) -> tuple[Written, str | None]:
    """Return which files of a folder were written by us, and the first one that was not.

    Parameters
    ----------
    folder
        Need not be there.
    counts
        Which names of files and folders matter: what has another is passed over.

    Raises
    ------
    OSError
        If the folder can't be read.
    """
    names = sorted(_names(folder, counts))
    try:
        known = _load_list(folder) if LIST in names else set()
    except ArtifactError:  # somebody else's, of the same name
        return set(), LIST
    named = dict(known)
    written: Written = set()
    for name in (name for name in names if name != LIST):
        path = os.path.join(folder, name)  # there may be hundreds of thousands: a Path each takes four times as long
        if name not in named or not os.path.isfile(path):
            return written, name
        if os.lstat(path).st_nlink == 1:
            file = (name, sha256_of(folder / name))
            if file not in known:
                return written, name
            written.add(file)
        else:
            written.add((name, named[name]))
    return written, None


def save_list(folder: Path, files: Written) -> None:
    """Write which files of a folder are ours."""
    save_table(folder / LIST, _COLUMNS, sorted(files))


def check_own(folder: Path, *, now_at: Path | None = None) -> None:
    """Raise ArtifactError if a folder that a stage fills anew holds anything that it didn't write, or not so.

    Parameters
    ----------
    folder
        The folder, by which a message names it.
    now_at
        Where it lies, if it has been moved for a moment.
    """
    place = now_at or folder
    try:
        if folder.is_symlink():
            raise ArtifactError(f"{one_line(folder)} is a link, and what it leads to isn't ours: remove the link")
        _, foreign = look_through(place, counts=_counts)
    except OSError as error:
        raise ArtifactError(f"{one_line(folder)} can't be read: {error.strerror or error}; make it readable") from error
    if foreign is not None:
        why = "which was added or changed there" if (place / LIST).is_file() else f"and no list of its files ({LIST})"
        raise ArtifactError(
            f"{one_line(folder)} holds {one_line(foreign)}, {why}, and nothing of yours is ever removed: move what is "
            "yours elsewhere, remove the folder, and run this again"
        )


def check_names(folder: Path, names: set[str]) -> None:
    """Raise ArtifactError if a folder that is removed as a whole holds anything but files of these names."""
    others = sorted(set(_names(folder, _counts)) - names)
    if others:
        raise ArtifactError(f"{one_line(folder)} holds {one_line(others[0])}, and nothing of yours is ever removed: "
                            "move it elsewhere, and run this again")  # fmt: skip


@contextmanager
def rewritten_folder(
    path: Path, *, contents: Mapping[str, str] | None = None, leaving: Callable[[Path, Path], None] | None = None
) -> Iterator[Path]:
    """Give an empty folder that takes the place of `path` if the block ends well, and lists what was written.

    Parameters
    ----------
    path
        The folder; ArtifactError if it holds anything that wasn't written so.
    contents
        The sha256 of files that are linked to, by the names of their links: so they needn't be read for it.
    leaving
        Given the old folder, just before it is removed, and the new one.
    """

    def leave(old: Path, new: Path) -> None:
        check_own(path, now_at=old)  # under this name nobody adds anything
        if leaving:
            leaving(old, new)

    check_own(path)
    with replaced_folder(path, leaving=leave) as folder:
        yield folder
        linked = contents or {}
        names = [
            n for n in _names(folder, _counts) if n not in linked or os.stat(os.path.join(folder, n)).st_nlink == 1
        ]
        save_list(folder, set((dict(linked) | {name: sha256_of(folder / name) for name in names}).items()))


def keep_last(old: Path, new: Path, kept: Path, *, counts: Callable[[str], bool]) -> None:
    """Move the files of an old folder that are the last of their content into the folder `kept`.

    Those are files without a further name whose content isn't in the new folder either: their originals have gone.

    Parameters
    ----------
    old, new
        Folders with a list of their files; the old one may be empty.
    kept
        Made if it isn't there; a file in it has the sha256's first letters before its name.
    counts
        Which names matter.
    """
    places = {content: name for name, content in _load_list(new)}
    for name, content in sorted(_load_list(old) if (old / LIST).is_file() else ()):
        path = os.path.join(old, name)
        if not counts(name) or not os.path.isfile(path) or os.lstat(path).st_nlink > 1:
            continue
        if content not in places or not _holds(new / places[content], content):
            kept.mkdir(parents=True, exist_ok=True)
            os.replace(path, kept / f"{content[:16]}_{os.path.basename(name)}")


def _holds(file: Path, content: str) -> bool:
    """Return whether a new file holds a content; one without further names was read when its list was written."""
    return file.stat().st_nlink == 1 or sha256_of(file) == content


def _counts(name: str) -> bool:
    return name not in _LEFT_BEHIND and not name.startswith("._")


def _names(folder: Path, counts: Callable[[str], bool]) -> Iterator[str]:
    """Return the files below a folder, and links to folders as well; folders without a file don't count."""

    def raised(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, folders, files in os.walk(folder, onerror=raised):
        folders[:] = [name for name in folders if counts(name)]
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        below = Path(place).relative_to(folder).as_posix()
        prefix = "" if below == "." else f"{below}/"
        yield from (f"{prefix}{name}" for name in (*files, *linked) if counts(name))


def _load_list(folder: Path) -> Written:
    return {(name, content) for name, content in load_table(folder / LIST, _COLUMNS, stage="label")}
