"""Opens the dataset's files behind pictures that may be copies: their own pixels, and what they tell beside them."""

import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.artifacts import Picture
from pipeline.duplicates import Evidence, Facts, UnreadOriginalError
from pipeline.errors import ArtifactError
from pipeline.pictures import ChangedPictureError, Limits, RejectedPictureError, open_original, provenance_of


@dataclass(frozen=True)
class Files:
    """The files of all pictures, in the dataset that they were read from, and what reading one may take."""

    pictures: list[Picture]
    dataset: Path
    limits: Limits

    @contextmanager
    def open(self, row: int) -> Iterator[Image.Image]:
        """Give the original of a row, upright and RGB.

        Raises
        ------
        ArtifactError
            If the file is gone or was changed.
        UnreadOriginalError
            If reading it takes more than the limits or the memory allow.
        """
        path = self.dataset / self.pictures[row].path
        try:
            with open_original(path, self.limits, content=self.pictures[row].content) as image:
                yield image
        except ChangedPictureError as error:
            raise _ended(path, error) from error
        except RejectedPictureError as reason:
            raise UnreadOriginalError(str(reason)) from reason

    def facts(self, rows: NDArray[np.int64], has_others: Container[str]) -> dict[int, Facts]:
        """Return what the files of a group tell, by row; `has_others` are the paths that have other names.

        Raises
        ------
        ArtifactError
            If a file is gone or was changed.
        """
        facts = {}
        for row in rows.tolist():
            file, (evidence, found) = self.pictures[row], self._evidence(row)
            facts[row] = Facts(
                path=file.path,
                width=file.width,
                height=file.height,
                content=file.content,
                size_bytes=found.st_size,
                modified_ns=found.st_mtime_ns,
                evidence=evidence,
                has_other_names=file.path in has_others,
            )
        return facts

    def _evidence(self, row: int) -> tuple[Evidence, os.stat_result]:
        path, content = self.dataset / self.pictures[row].path, self.pictures[row].content
        try:
            return Evidence(**vars(provenance_of(path, self.limits, content=content))), path.stat()
        except RejectedPictureError as reason:
            return Evidence("", "", "", False, str(reason)), path.stat()
        except (ChangedPictureError, OSError) as error:
            raise _ended(path, error) from error


def _ended(path: Path, error: ChangedPictureError | OSError) -> ArtifactError:
    """Return the error for a file that is gone, can't be read, or was changed."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
        return ArtifactError(f"{path} can't be read: {cause.strerror or cause}; make it readable, and run this again")
    what = "it has gone" if isinstance(cause, FileNotFoundError) else str(error)
    return ArtifactError(f"{path}: {what}; the dataset has changed: run `pipeline resize`")
