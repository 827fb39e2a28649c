"""Owns the two parts of an embedding: what a picture shows itself, and where it lies among its neighbours.

The own part comes first. Lists, groups, map and labels stand on the whole; what is unusual, what is a copy and what two
pictures share stand on the own part, which no other picture of the folder has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
