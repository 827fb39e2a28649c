"""Opens what a command is given: the index, if it is of the folder that the params name, and a picture."""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, Index, open_index
from pipeline.errors import ArtifactError, QueryError
from pipeline.params import Params
from pipeline.wording import one_line


def check_own(params: Params, artifacts: Artifacts) -> None:
    """Raise ArtifactError if there is an index, and it is damaged or of another folder than dataset.path."""
    if artifacts.index.is_file():
        with open_own_index(params, artifacts):
            pass


@contextmanager
def open_own_index(params: Params, artifacts: Artifacts) -> Iterator[Index]:
    """Open the index; ArtifactError if it is missing, damaged, or of another folder than dataset.path."""
    with open_index(artifacts.index) as index:
        wanted = Path(params.dataset.path).absolute()
        if os.path.realpath(wanted) != os.path.realpath(index.dataset):
            raise ArtifactError(
                f"{artifacts.index} lists {index.dataset}, but dataset.path is {wanted}: run `dvc repro`"
            )
        yield index


def located(given: str, dataset: Path) -> Path:
    """Return where a picture or folder lies that a command was given: as seen from here first, then in the dataset.

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


def read_given(image: Path, params: Params) -> NDArray[np.uint8]:
    """Read a picture as the folder's own are read, uint8 (256, 256, 3); QueryError if it is none."""
    return read_given_sized(image, params)[0]


def read_given_sized(image: Path, params: Params) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Read a picture as the folder's own are read, with the width and height that it has upright."""
    from pipeline.pictures import Limits, RejectedPictureError, read_picture

    try:
        picture = read_picture(image, Limits(**vars(params.resize)))
    except RejectedPictureError as reason:
        remedy = "" if ";" in str(reason) or ": " in str(reason) else "; ask for another picture"
        raise QueryError(f"{one_line(image)}: {reason}{remedy}") from reason
    assert picture.pixels is not None
    return picture.pixels, (picture.width, picture.height)
