"""Owns what functions that look at a whole folder of pictures ask of it: an array has it, and blocks on disk do."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Pictures(Protocol):
    """N pictures, uint8 (N, H, W, 3), RGB: one by its row, some by a slice, rows or a mask, and all in order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, 3)."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[NDArray[np.uint8]]: ...

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]: ...
