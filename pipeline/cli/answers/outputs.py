"""The one door for what a command writes where its user says: nothing of the user's is ever written over.

A door is asked before the long work, and before an answer is printed; what it lets through is written under another
name beside the place, and then renamed. So a link of that name is never followed, a file that is linked under other
names as well is not changed under them, and nothing is ever half there.
"""

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL.Image import Image

from pipeline.artifacts import MARK, Artifacts, unwritable
from pipeline.errors import PipelineError, QueryError
from pipeline.params import Params
from pipeline.wording import one_line

SHEETS = (".png", ".jpg", ".jpeg", ".webp")
UNFINISHED = ".unfinished-"  # begins the name of the folder in which a file is made before it is renamed

_LARGEST = {".jpg": 65_535, ".jpeg": 65_535, ".webp": 16_383}  # pixels of a side

_Identity = tuple[int, int] | str  # device and inode of a folder, the same by whichever way it is reached, or its place


@dataclass(frozen=True)
class Output:
    """A file to be written that a door let through.

    `picture` says whether a file, of which there may be one in the place, is one of the dataset.
    """

    path: Path
    option: str
    force: bool
    picture: Callable[[Path], bool]

    @contextmanager
    def written(self) -> Iterator[Path]:
        """Give a path of the same name, in a folder beside it, to write to; rename it if the block ends well.

        Raises
        ------
        QueryError
            If it can't be written, or something else has been put in its place meanwhile.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=UNFINISHED, dir=self.path.parent) as folder:
                unfinished = Path(folder) / self.path.name
                yield unfinished
                _check_replaceable(self)
                _rename(unfinished, self)
        except OSError as error:
            raise QueryError(f"{self.option}: {unwritable(self.path, error)}") from error


@dataclass(frozen=True)
class OutputFolder:
    """A folder to be filled that a door let through."""

    path: Path
    option: str
    force: bool
    picture: Callable[[Path], bool]

    def file(self, name: str) -> Output:
        """Return the file of this name in the folder, to be written."""
        return Output(self.path / name, self.option, self.force, self.picture)


def save_picture(picture: Image, output: Output) -> None:
    """Write a picture as the suffix says.

    Raises
    ------
    QueryError
        If it is larger than such a file can be, or can't be written.
    """
    suffix = output.path.suffix.lower()
    largest = _LARGEST.get(suffix, max(picture.size))
    if max(picture.size) > largest:
        raise QueryError(f"{output.option}: {one_line(output.path)} would be {max(picture.size):,} pixels long, and "
                         f"{suffix} holds {largest:,}; name it .png, or ask for fewer pictures")  # fmt: skip
    encoded = io.BytesIO()  # Pillow, writing to a disk that is full, doesn't say so
    picture.save(encoded, {".jpg": "JPEG", ".jpeg": "JPEG"}.get(suffix, suffix.removeprefix(".")))
    with output.written() as path:
        path.write_bytes(encoded.getvalue())


class Door:
    """Lets through what may be written; made by `open_door`."""

    def __init__(self, artifacts: Artifacts, dataset: Path, *, force: bool) -> None:
        from pipeline.pictures import look_through

        self._artifacts, self._dataset, self._force = artifacts, dataset, force
        listing = look_through(dataset, own=artifacts.root, mark=MARK)  # as it is now, whatever the index lists
        self._files = [dataset / file.path for file in listing.files]
        self._folders = {identity for folder in listing.folders if (identity := _identity(dataset / folder))}

    def file(self, path: Path, option: str, suffixes: Sequence[str]) -> Output:
        """Let a file through that an option names.

        Raises
        ------
        QueryError
            If it lies in the dataset or in the artefacts, ends in another suffix, is there already (unless it may be
            replaced), or can't be written.
        """
        self._check_place(path, option)
        if os.path.isdir(path) and not path.is_symlink():
            raise QueryError(f"{option}: {one_line(path)} is a folder; name the file to write, "
                             f"as {one_line(path / f'name{suffixes[0]}')}")  # fmt: skip
        if path.suffix.lower() not in suffixes:
            raise QueryError(f"{option}: {one_line(path)}: {path.suffix or 'a name without a suffix'} is no kind of "
                             f"file that it can write; name it {' or '.join(suffixes[:2])}")  # fmt: skip
        output = Output(path, option, self._force, self._is_picture)
        _check_replaceable(output)
        _probe(path, option)
        return output

    def folder(self, path: Path, option: str) -> OutputFolder:
        """Let a folder through that an option names: a new or empty one, or with force one to add to.

        Raises
        ------
        QueryError
            As for a file.
        """
        if self._force:
            self.check_folder(path, option)
        else:
            self.new_folder(path, option, remedy=", or add --force to put files beside what is there")
        return OutputFolder(path, option, self._force, self._is_picture)

    def new_folder(self, path: Path, option: str, *, remedy: str = "") -> None:
        """Raise QueryError if a folder is neither new nor empty, or for the reasons of `check_folder`."""
        self.check_folder(path, option)
        try:
            empty = not os.path.isdir(path) or not os.listdir(path)
        except OSError as error:
            raise QueryError(
                f"{option}: {one_line(path)} can't be read ({error.strerror}); name a new folder"
            ) from error
        if not empty:
            raise QueryError(f"{option}: {one_line(path)} is there and not empty; name a new folder{remedy}")

    def check_folder(self, path: Path, option: str, *, own: Path | None = None) -> None:
        """Raise QueryError if a folder can't be written, or lies in the dataset or, but for `own`, in the artefacts."""
        self._check_place(path, option, own=own)
        if os.path.lexists(path) and not os.path.isdir(path):
            raise QueryError(f"{option}: {one_line(path)} is a file; name a folder that you can write to")
        _probe(path / "file", option)

    def _check_place(self, path: Path, option: str, *, own: Path | None = None) -> None:
        """Raise QueryError if a path leads into the dataset or, unless it is `own`, into the artefacts, by any way."""
        real = Path(os.path.realpath(path.parent)) / path.name
        places = (Path(os.path.realpath(path)), real, *real.parents)
        lies_in = next((found for place in places if (found := self._whose(place))), None)  # the nearest folder counts
        if lies_in == "dataset":
            raise QueryError(f"{option}: {one_line(path)} lies in the dataset, where nothing is ever written; "
                             "name a place elsewhere")  # fmt: skip
        if lies_in == "artefacts" and path != own:
            raise QueryError(f"{option}: {one_line(path)} lies in {self._artifacts.root}, the artefacts, which the "
                             "stages alone write; name a place elsewhere")  # fmt: skip

    def _whose(self, folder: Path) -> str | None:
        """Return to what a folder belongs."""
        identity = _identity(folder)
        if identity in self._folders or (not identity and folder == Path(os.path.realpath(self._dataset))):
            return "dataset"
        return "artefacts" if identity and identity == _identity(self._artifacts.root) else None

    def _is_picture(self, path: Path) -> bool:
        """Return whether a file is one of the dataset, readable or not, by whichever name it is reached."""
        identity = _identity(path)
        return any(_identity(file) == identity for file in self._files)


def open_door(params: Params, artifacts: Artifacts, *, force: bool) -> Door:
    """Open the door for a command; `force` lets it replace files, but never what belongs to dataset or artefacts."""
    return Door(artifacts, Path(params.dataset.path), force=force)


def _identity(path: Path) -> _Identity | None:
    """Return which file or folder a path leads to; None if to none."""
    try:
        facts = os.stat(path)
    except (OSError, ValueError):
        return None
    return (facts.st_dev, facts.st_ino) if facts.st_ino else os.path.realpath(path)  # some network shares have none


def _check_replaceable(output: Output) -> None:
    """Raise QueryError if something is in the place that may not be replaced."""
    path = output.path
    try:
        facts = os.lstat(path)
    except OSError:
        return  # nothing is there, or it can't be reached, which the attempt to write tells
    if not output.force:
        raise _there(output)
    if stat.S_ISREG(facts.st_mode):
        if output.picture(path):
            raise QueryError(f"{output.option}: {one_line(path)} is a picture of the dataset, which is never replaced; "
                             "name another file")  # fmt: skip
    elif not stat.S_ISLNK(facts.st_mode):
        raise QueryError(f"{output.option}: {one_line(path)} is no file; name a file to write")


def _there(output: Output) -> PipelineError:
    return QueryError(f"{output.option}: {one_line(output.path)} is there already; name another file, or add --force "
                      "to replace it")  # fmt: skip


def _probe(path: Path, option: str) -> None:
    """Raise QueryError if a file can't be made, by making one of that name in a folder beside it that is removed."""
    above = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    if not os.path.isdir(above):
        raise QueryError(f"{option}: {one_line(above)} is a file, not a folder; name a folder that you can write to")
    try:
        with TemporaryDirectory(prefix=UNFINISHED, dir=above) as folder:
            attempt = Path(folder) / path.absolute().relative_to(above)
            attempt.parent.mkdir(parents=True, exist_ok=True)
            attempt.touch()
    except OSError as error:
        raise QueryError(f"{option}: {unwritable(path, error)}") from error


def _rename(unfinished: Path, output: Output) -> None:
    """Put a file in its place; QueryError if something is there by now and may not be replaced."""
    if output.force:
        os.replace(unfinished, output.path)
        return
    try:
        os.link(unfinished, output.path)  # unlike a renaming it never replaces
    except OSError as error:  # something is there; or a file system without hard links
        if os.path.lexists(output.path):
            raise _there(output) from error
        os.replace(unfinished, output.path)
