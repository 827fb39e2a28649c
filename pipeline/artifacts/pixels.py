"""The resized pictures of a folder as one sequence, whose row i is picture i, over the blocks that hold them."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.artifacts.blocks import MOST_OPEN, PICTURE, Block


class Pixels:
    """N pictures, uint8 (N, 256, 256, 3), RGB, read-only; several threads may read them at the same time.

    One row gives a view (256, 256, 3) of a memory map. A slice, an array of rows or a mask (N,) gives a new array
    (B, 256, 256, 3), and `np.asarray` one of all. Blocks are mapped when they are first needed.

    Parameters
    ----------
    blocks
        That hold the pictures, in any order.
    numbers, places
        int (N,): in which of the blocks each picture lies, and at which place of it.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, blocks: Sequence[Block], numbers: NDArray[np.intp], places: NDArray[np.intp]) -> None:
        self._numbers, self._places = numbers, places
        self._mapped = functools.lru_cache(MOST_OPEN)(lambda number: blocks[number].pixels())

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, 256, 256, 3)."""
        return len(self), *PICTURE

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        numbers, places = self._numbers[rows], self._places[rows]
        if numbers.ndim == 0:
            picture: NDArray[np.uint8] = self._mapped(int(numbers))[int(places)]
            return picture
        gathered = np.empty((numbers.size, *PICTURE), np.uint8)
        for picture, number, place in zip(gathered, numbers.ravel().tolist(), places.ravel().tolist(), strict=True):
            picture[...] = self._mapped(number)[place]
        return gathered.reshape(*numbers.shape, *PICTURE)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("pictures in blocks can't be one array without a copy")
        return self[:].astype(dtype or np.uint8, copy=False)
