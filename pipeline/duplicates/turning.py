"""Turns and mirrors pictures, and finds those that are alike once they are turned or mirrored, by coarse signatures.

A turn is a number from 0 to 7: from 4 on the picture is mirrored first; what is left of it modulo 4 counts quarter
turns, counter-clockwise.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Number = TypeVar("Number", np.uint8, np.float32)

LOOKED_FOR = (1, 2, 4, 5, 6, 7)  # a picture turned by 3 is found from the other one, which is turned by 1
HOW = (  # a picture lies that looks upright after each turn
    "", "turned by 270 degrees", "turned by 180 degrees", "turned by 90 degrees",
    "mirrored", "mirrored and turned by 90 degrees", "upside down and mirrored", "mirrored and turned by 270 degrees",
)  # fmt: skip
_LIKELIER = 0.02  # by so much another turn must fit better than none


def turned(pictures: NDArray[Number], turn: int) -> NDArray[Number]:
    """Return square pictures (..., S, S, 3) after a turn from 0 to 7."""
    mirrored = pictures[..., ::-1, :] if turn >= 4 else pictures
    return np.rot90(mirrored, turn % 4, axes=(-3, -2))


def signatures(thumbnails: NDArray[np.uint8]) -> Floats:
    """Return what thumbnails (N, 32, 32, 3) look like coarsely, less their light: unit vectors (N, 192), float32.

    A picture of one colour has a vector of zeros.
    """
    cells = thumbnails.reshape(len(thumbnails), 8, 4, 8, 4, 3).mean(axis=(2, 4), dtype=np.float32)  # (N, 8, 8, 3)
    vectors = (cells - cells.mean(axis=(1, 2), keepdims=True)).reshape(len(cells), -1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
    return units


def likeliest_turn(first: NDArray[np.uint8], second: NDArray[np.uint8], turns: Sequence[int]) -> int:
    """Return the turn after which a second thumbnail (32, 32, 3) looks most like the first, or 0 if that is close."""
    wanted, own = signatures(np.stack([first, second]))
    cells = own.reshape(8, 8, 3)  # a signature turns as its picture does
    likenesses = np.array([(turned(cells, turn).ravel() * wanted).sum() for turn in turns])
    best = int(likenesses.argmax())
    if 0 in turns and likenesses[best] < likenesses[turns.index(0)] + _LIKELIER:
        return 0
    return turns[best]
