"""Owns the maths of vectors that rooms share, the type of a neighbour, and the two parts of an embedding.

An embedding's own part, what a picture shows itself, comes first; then its place among its neighbours. Lists, groups,
map and labels stand on the whole; what is unusual, what is a copy and what two pictures share stand on the own part,
which no other picture of the folder has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

NEIGHBOUR = np.dtype([("row", "<i4"), ("similarity", "<f4")])
"""One entry of a sorted list: the neighbour's row, and its cosine similarity in [-1, 1]."""

Float = TypeVar("Float", bound=np.floating)

_COUNT, _LENGTH = "own", "own_length"  # what an encoder file and its embeddings say of themselves


@dataclass(frozen=True)
class Parts:
    """Where the own part of an embedding ends.

    own     how many of its numbers, from the first on, are the own part; None: all of them
    length  that the own part has within an embedding of unit length
    """

    own: int | None = None
    length: float = 1.0

    def own_of(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the own parts, at unit length, of embeddings: float32 (..., D) to (..., own).

        Each number is divided by the same one, so that a row gives the same bits alone and among others.
        """
        if self.own is None:
            return embeddings
        return np.asarray(embeddings[..., : self.own]) / np.float32(self.length)

    def as_facts(self) -> dict[str, str]:
        """Return what `parts_of` reads; nothing where all is the own part."""
        return {} if self.own is None else {_COUNT: str(self.own), _LENGTH: repr(self.length)}


def parts_of(facts: Mapping[str, str]) -> Parts:
    """Return the parts of embeddings, of what their encoder file says of itself."""
    return Parts(int(facts[_COUNT]), float(facts[_LENGTH])) if _COUNT in facts else Parts()


def unit(vectors: NDArray[Float]) -> NDArray[Float]:
    """Return vectors (..., D) at unit length, of the same type; zeros stay zeros."""
    scaled: NDArray[Float] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled


def principal(vectors: NDArray[np.floating], *, dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest singular values, falling, of vectors (N, P), and their right vectors (P, D); never none.

    Of centred vectors these are the principal components: values over the root of N - 1 are their standard deviations.
    D is `dimensions`, or fewer where N or P allow no more or what follows is rounding. Calculated from the eigenvectors
    of P x P or N x N products, whichever are fewer: far faster than decomposing the vectors.
    """
    from scipy.linalg import eigh

    exact = vectors.astype(np.float64)
    many = len(exact) > exact.shape[1]
    products = exact.T @ exact if many else exact @ exact.T
    count = min(dimensions, len(products))
    squares, directions = eigh(products, subset_by_index=[len(products) - count, len(products) - 1])
    values, directions = np.sqrt(np.maximum(squares[::-1], 0)), directions[:, ::-1]
    kept = max(1, int((values > 1e-6 * max(float(values[0]), 1e-12)).sum()))
    if not many:
        directions = exact.T @ directions / np.maximum(values, 1e-12)
    return values[:kept], directions[:, :kept]


def half_whitened(features: NDArray[np.float32], *, dimensions: int) -> NDArray[np.float32]:
    """Return the scores of features (N, P) on the first principal components, each over the root of its spread.

    Float32 (N, D), but for a factor of all; D is `dimensions`, or fewer where what follows is rounding.
    """
    centred = features - features.mean(axis=0)
    values, directions = principal(centred, dimensions=min(dimensions, *centred.shape))
    kept = max(1, int((values > 1e-3 * values[0]).sum()))
    scores: NDArray[np.float32] = (centred @ (directions[:, :kept] / np.sqrt(np.maximum(values[:kept], 1e-12)))).astype(
        np.float32
    )
    return scores
