"""Opens what a command is given: the index, if it is of the folder that the params name, and a picture."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, Index, open_index
from pipeline.errors import ArtifactError, QueryError
from pipeline.params import Params
from pipeline.wording import one_line


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
