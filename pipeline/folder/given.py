"""What is asked for: a picture as a file, as its bytes, as an image or as an array; each is read at most once."""

import io
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import QueryError
from pipeline.pictures import (
    SIZE,
    Limits,
    RejectedPictureError,
    hash_of,
    open_file,
    reduce_open,
    reduce_picture,
)
from pipeline.wording import one_line

Picture = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]
"""A picture to ask for: its file, the bytes of its file, an open image, or its pixels, uint8 (height, width, 3)."""


class Given:
    """A picture that was asked for. Its file is opened, hashed and decoded when that is needed, and then known."""

    def __init__(self, picture: Picture, dataset: Path, limits: Limits) -> None:
        if not isinstance(picture, str | os.PathLike | bytes | Image.Image | np.ndarray):
            raise ValueError(f"expected a path, the bytes of a file, an image or an array, got {type(picture)}")
        self._picture, self._limits = picture, limits
        self._bytes = picture if isinstance(picture, bytes) else None
        self.path: Path | None = None
        if isinstance(picture, str | os.PathLike):
            self.path = located(os.fspath(picture), dataset)
            if not os.path.isfile(self.path):  # unlike Path's, False for a name that is too long
                raise QueryError(f"{self.name} is no file; give a picture")

    @property
    def name(self) -> str:
        """What a message calls the picture: its path, or "the picture" where it has none."""
        return "the picture" if self.path is None else one_line(self.path)

    @cached_property
    def content(self) -> str | None:
        """The sha256 of its file, in hexadecimal; None for what is no file: it can't be looked up, only encoded."""
        if isinstance(self._picture, Image.Image | np.ndarray):
            return None
        with self._refusals(), self._opened() as file:
            return hash_of(file)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture as the pipeline sees it, uint8 (256, 256, 3); QueryError if it is no readable picture."""
        return self._reduced[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture itself in pixels, once it is upright."""
        return self._reduced[1]

    @cached_property
    def _reduced(self) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        with self._refusals():
            if isinstance(self._picture, np.ndarray):
                return _from_array(self._picture)
            if isinstance(self._picture, Image.Image):
                return reduce_picture(self._picture)
            with self._opened() as file:
                return reduce_open(file, self._limits)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """Open the file; what a small one holds is kept, so that it is read once."""
        if self._bytes is not None or self.path is None:
            yield io.BytesIO(self._bytes or b"")
            return
        with open_file(self.path) as file:
            if isinstance(file, io.BytesIO):
                self._bytes = file.getvalue()
            yield file

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except RejectedPictureError as reason:
            remedy = "" if ";" in str(reason) or ": " in str(reason) else "; ask for another picture"
            raise QueryError(f"{self.name}: {reason}{remedy}") from reason


def located(given: str, dataset: Path) -> Path:
    """Return where a picture or folder lies that is asked for: as seen from here first, then in the dataset.

    A name with accents is found whichever way the file system wrote them.

    Raises
    ------
    QueryError
        If it is in neither place, or an address of the network.
    """
    for name in dict.fromkeys((given, *(unicodedata.normalize(form, given) for form in ("NFC", "NFD")))):
        for place in (Path(name), from_here(dataset / name)):
            if os.path.lexists(place):
                return place
    if re.match(r"[a-z][a-z0-9+.-]+:/|data:", given, re.IGNORECASE):
        raise QueryError(f"{one_line(given)} is an address, not a file: download it first, and give the file")
    raise QueryError(f"{one_line(given)}: there is no such picture here, nor in {one_line(dataset)}; check the path")


def from_here(path: Path) -> Path:
    """Return a path that opens from where one stands: relative if it lies below, else absolute."""
    absolute, here = path.absolute(), Path.cwd()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _from_array(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return pixels of any size as 256x256, and their width and height; those that have it already as they are."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"expected pixels uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    if (height, width) == (SIZE, SIZE):
        return np.ascontiguousarray(pixels), (width, height)
    return reduce_picture(Image.fromarray(pixels))
