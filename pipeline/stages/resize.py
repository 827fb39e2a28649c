"""Reads every picture of the dataset once: pictures.npy, the index, and rejected.csv with the reasons."""

import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import pictures as room
from pipeline.artifacts import (
    ArrayWriter,
    Artifacts,
    Picture,
    Rejected,
    dataset_from,
    load_json,
    load_pictures,
    open_index,
    save_index,
    save_json,
    save_origin,
    save_rejected,
)
from pipeline.errors import ArtifactError, DatasetError
from pipeline.params import Params
from pipeline.pictures import SIZE, DecodedPicture, FoundFile, Limits, RejectedPictureError
from pipeline.stages.scan import list_dataset
from pipeline.wording import counted, shown

Pixels = NDArray[np.uint8]


def resize(params: Params, artifacts: Artifacts) -> str:
    """Write the pictures as uint8 (N, 256, 256, 3), the index, and the list of the rejected.

    Pictures whose content is in the last index are not decoded again.

    Raises
    ------
    DatasetError
        If the folder is missing or empty, or every file in it was rejected.
    """
    folder = Path(params.dataset.path)
    files = list_dataset(params.dataset, artifacts).files
    known = _known_pictures(artifacts)
    pictures: list[Picture] = []
    rejected: list[Rejected] = []
    reused = 0
    with ArrayWriter(artifacts.pictures, row_shape=(SIZE, SIZE, 3), dtype=np.uint8) as writer:
        for file, answer in _read_all(folder, files, Limits(**vars(params.resize)), known):
            if isinstance(answer, RejectedPictureError):
                rejected.append(Rejected(shown(file.path), str(answer), shown(file.same_as)))
                continue
            reused += answer.pixels is None
            pixels = known[answer.content][0] if answer.pixels is None else answer.pixels
            size = known[answer.content][1:] if answer.pixels is None else (answer.width, answer.height)
            writer.append(pixels[None])
            pictures.append(Picture(file.path, answer.content, *size))
        if not pictures:
            save_rejected(artifacts, rejected)
            raise DatasetError(
                f"dataset.path: all {len(files):,} files in {folder} were rejected, "
                f"the first because: {rejected[0].reason}; see {artifacts.rejected}"
            )
        partial = artifacts.index.with_name(".index.next.sqlite")
        origin = {"dataset": dataset_from(artifacts.root, folder), "recipe": _recipe()}
        writer.origin = {"index": save_index(partial, pictures, origin=origin)}
        artifacts.recipe.unlink(missing_ok=True)  # whose pixels are in place is not certain until it is written again
    os.replace(partial, artifacts.index)
    save_json(artifacts.recipe, {"sha256": _recipe()})
    save_rejected(artifacts, rejected)
    save_json(artifacts.metrics("resize"), {"pictures": len(pictures), "rejected": len(rejected)})
    save_origin(artifacts, "resize", writer.origin["index"])
    return f"{counted(len(pictures), 'picture')}, {len(rejected):,} rejected, {reused:,} known from the last run"


def _read_all(
    folder: Path, files: list[FoundFile], limits: Limits, known: dict[str, tuple[Pixels, int, int]]
) -> Iterator[tuple[FoundFile, DecodedPicture | RejectedPictureError]]:
    """Yield each file with its picture or the reason why it is none, in order."""
    workers = min(os.cpu_count() or 1, len(files))
    with room.reading_processes(limits, workers=workers) as read_picture:

        def read(file: FoundFile) -> DecodedPicture | RejectedPictureError:
            if file.problem:
                return RejectedPictureError(file.problem)
            try:
                return read_picture(folder / file.path, known=known.__contains__ if known else None)
            except RejectedPictureError as reason:
                return reason

        answers = room.in_order(read, files, workers=workers)
        yield from zip(files, tqdm(answers, "resize", len(files), unit=" pictures", smoothing=0.05), strict=True)


def _known_pictures(artifacts: Artifacts) -> dict[str, tuple[Pixels, int, int]]:
    """Return content -> (pixels, width, height) of the last run, if it was made in the same way."""
    try:
        if load_json(artifacts.recipe, stage="resize") != {"sha256": _recipe()}:
            return {}
        with open_index(artifacts.index) as index:
            pixels = load_pictures(artifacts, index)
            return {p.content: (pixels[row], p.width, p.height) for row, p in enumerate(index.pictures())}
    except ArtifactError:
        return {}


@functools.cache
def _recipe() -> str:
    """Return a digest of how pixels are made: the code that makes them, and the versions of all decoders."""
    sources = sorted(Path(room.__file__).parent.glob("*.py"))
    versions = repr(sorted(room.decoders().items())).encode()
    return hashlib.sha256(b"".join(map(Path.read_bytes, sources)) + versions).hexdigest()
