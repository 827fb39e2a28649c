"""Owns the K-group folders: which picture lies in which folder, in which order, under which name."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactError
from pipeline.wording import counted, cut_bytes, one_line

_NAME_BYTES = 200  # file systems allow 255


@dataclass(frozen=True)
class GroupFolder:
    """One group: the folder's name, the rows of its pictures, medoid first, and their file names."""

    name: str
    rows: tuple[int, ...]
    files: tuple[str, ...]


def lay_out(
    paths: Sequence[str],
    *,
    groups: NDArray[np.int64],
    medoids: NDArray[np.int64],
    similarities: NDArray[np.float32],
) -> list[GroupFolder]:
    """Plan one folder a group, in the groups' order, the medoid first and then by similarity to it.

    Parameters
    ----------
    paths
        N paths relative to the dataset, with '/'.
    groups
        (N,) group of each picture, from 0.
    medoids
        (K,) row of each group's medoid.
    similarities
        (N,) cosine similarity to the own medoid, larger is more alike.

    Returns
    -------
    folders
        K folders. A file is named by its place in the group and its own path, so names never collide, stay
        readable, and sort as the group does.
    """
    folders = []
    for group, medoid in enumerate(medoids):
        rows = np.flatnonzero(groups == group)
        order = np.lexsort((rows, -similarities[rows], rows != medoid))
        rows = rows[order]
        digits = max(3, len(str(len(rows))))
        files = tuple(_file_name(f"{place:0{digits}d}", paths[int(row)]) for place, row in enumerate(rows, 1))
        folders.append(GroupFolder(f"{group + 1:0{len(str(len(medoids)))}d}", tuple(rows.tolist()), files))
    return folders


def link(source: Path, target: Path, *, hard: bool) -> None:
    """Put a picture into a group folder: a hard link where wanted and possible, else a copy.

    Raises
    ------
    ArtifactError
        If the picture has gone or can't be read.
    OSError
        If the target can't be written.
    """
    check_readable(source)
    if source.is_symlink():  # a link to it would break where it is relative
        source = source.resolve()
    if hard:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one without hard links
            pass
        else:
            return
    shutil.copy2(source, target)


def check_readable(picture: Path) -> None:
    """Raise ArtifactError if a picture of the dataset has gone or can't be read: where it goes is not to blame."""
    try:
        picture.open("rb").close()
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{one_line(picture)} has gone, the dataset has changed: run `pipeline resize` again"
        ) from error
    except OSError as error:
        raise ArtifactError(
            f"{one_line(picture)} can't be read: {error.strerror or error}; make it readable, and run this again"
        ) from error


def _file_name(place: str, path: str) -> str:
    """Return "007_folder_name.jpg" for "folder/name.jpg", cut as every name is if too long."""
    pure = PurePosixPath(path)
    suffix = pure.suffix if len(pure.suffix) <= 10 else ""
    stem = "_".join(pure.parts).removesuffix(suffix)
    return f"{place}_{cut_bytes(stem, _NAME_BYTES - len(os.fsencode(suffix)))}{suffix}"


def linked_contents(folders: Sequence[GroupFolder], contents: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of every picture's file by its name in the folders; `contents` holds that of each row."""
    return {
        f"{folder.name}/{name}": contents[row]
        for folder in folders
        for row, name in zip(folder.rows, folder.files, strict=True)
    }


def said_of_kept(folder: Path) -> str:
    """Say where pictures lie whose originals have gone; empty if there are none."""
    count = sum(not name.startswith(".") for name in os.listdir(folder)) if folder.is_dir() else 0
    if not count:
        return ""
    return f"; {folder} keeps {counted(count, 'picture')} whose originals have gone: move them, or remove them"
