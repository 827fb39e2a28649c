"""The arrays whose row i is picture i of the index, each loaded with the check that this is so."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.artifacts.arrays import load_array, made_from
from pipeline.artifacts.blocks import block_names, load_blocks
from pipeline.artifacts.files import load_json
from pipeline.artifacts.index import Index
from pipeline.artifacts.layout import Artifacts
from pipeline.artifacts.pixels import Pixels
from pipeline.errors import ArtifactError
from pipeline.vectors import NEIGHBOUR, parts_of


def load_pictures(artifacts: Artifacts, index: Index) -> Pixels:
    """Return the resized pictures, memory-mapped: uint8 (N, 256, 256, 3), RGB.

    Raises
    ------
    ArtifactError
        If a picture of the index lies in no block, or a block that may hold it is damaged.
    """
    folder, contents = artifacts.pictures, index.contents()
    blocks, damage = load_blocks(folder, recipe=index.origin.get("recipe", ""))
    place_of = {
        content: (number, place) for number, block in enumerate(blocks) for place, content in enumerate(block.contents)
    }
    missing = sum(content not in place_of for content in contents)
    if missing and damage:
        raise damage[0]
    if missing and not block_names(folder):
        raise ArtifactError(f"{folder} is missing: run `pipeline resize` (or `dvc repro`) first")
    if missing:
        raise ArtifactError(f"{folder} lacks {missing:,} of the {len(contents):,} pictures of the index: "
                            "run `pipeline resize` again (or `dvc repro`)")  # fmt: skip
    places = np.array([place_of[content] for content in contents], np.intp).reshape(-1, 2)
    return Pixels(blocks, places[:, 0], places[:, 1])


def load_embeddings(artifacts: Artifacts, index: Index) -> NDArray[np.float32]:
    """Return the embeddings, memory-mapped: float32 (N, D), unit length."""
    return _load(artifacts.embeddings, index, np.float32, (None,), {}, "embed")


def load_own_embeddings(artifacts: Artifacts, index: Index) -> NDArray[np.float32]:
    """Return the own parts of the embeddings: float32 (N, D), unit length (see `pipeline.vectors`)."""
    embeddings = load_embeddings(artifacts, index)
    return parts_of(made_from(artifacts.embeddings)).own_of(embeddings)


def load_neighbours(artifacts: Artifacts, index: Index) -> NDArray[np.void]:
    """Return the sorted lists, memory-mapped: (N, k) of NEIGHBOUR, most similar first."""
    return _load_lists(artifacts.neighbours, artifacts, index)


def load_own_neighbours(artifacts: Artifacts, index: Index) -> NDArray[np.void]:
    """Return the sorted lists by the own parts of the embeddings, memory-mapped: (N, k) of NEIGHBOUR."""
    return _load_lists(artifacts.own_neighbours, artifacts, index)


def load_scale(artifacts: Artifacts, index: Index, *, part: Literal["whole", "own"]) -> dict[str, tuple[float, ...]]:
    """Return what a similarity means in the folder: rising quantiles of "nearest" neighbours and "random" pairs.

    Similarities are those of whole embeddings, or of their own parts alone.
    """
    found = load_json(artifacts.scale, stage="neighbours")
    if (found["index"], found["encoder"]) != (index.digest, encoder_of(artifacts)):
        raise ArtifactError(
            f"{artifacts.scale} was made from other pictures or by another encoder: run `pipeline neighbours` again"
        )
    if part not in found:
        raise ArtifactError(f"{artifacts.scale} is of an earlier version: run `pipeline neighbours` again")
    return {name: tuple(found[part][name]) for name in ("nearest", "random")}


def encoder_of(artifacts: Artifacts) -> str:
    """Return the sha256 of the encoder file that made the embeddings."""
    try:
        return made_from(artifacts.embeddings)["encoder"]
    except (OSError, KeyError, ValueError) as error:
        raise ArtifactError(
            f"{artifacts.embeddings} is missing or damaged: run `pipeline embed` (or `dvc repro`) first"
        ) from error


def check_encoder(artifacts: Artifacts, digest: str) -> None:
    """Raise ArtifactError if the embeddings were not made by the encoder file of this sha256."""
    if encoder_of(artifacts) != digest:
        raise ArtifactError(f"{artifacts.embeddings} was made with another encoder: run `pipeline embed` again")


def _load_lists(path: Path, artifacts: Artifacts, index: Index) -> NDArray[np.void]:
    return _load(path, index, NEIGHBOUR, (None,), {"encoder": encoder_of(artifacts)}, "neighbours")


def _load(
    path: Path,
    index: Index,
    dtype: DTypeLike,
    row_shape: tuple[int | None, ...],
    origin: dict[str, str],
    stage: str,
) -> NDArray[Any]:
    origin = {"index": index.digest, **origin}
    array = load_array(path, dtype=dtype, row_shape=row_shape, origin=origin, stage=stage)
    if len(array) != index.count:
        raise ArtifactError(f"{path}: expected {index.count} rows, got {len(array)}; run `pipeline {stage}` again")
    return array
