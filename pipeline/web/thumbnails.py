"""Small pictures as JPEG, in the shape of their originals."""

import enum
import io
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.show.shapes import Size, inside

_QUALITY = 84


class Side(enum.IntEnum):
    """Pixels of the longer side; 384 of a picture of 3:2 hold all that the stored 256x256 pixels hold."""

    tiny = 96
    small = 192
    large = 384


def drawn(pixels: NDArray[np.uint8], size: Size, side: int) -> bytes:
    """Return a JPEG of a picture, uint8 (256, 256, 3), as its original of `size` (width, height) would look."""
    small = Image.fromarray(pixels).resize(inside(size, side), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


class Kept:
    """What was drawn before, up to so many bytes: what was not asked for longest goes first. Threads may share it."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit, self._held, self._lock = limit_bytes, 0, threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def of(self, key: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a key, made now if it isn't there."""
        found = self.get(key)
        if found is not None:
            return found
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._held += len(made)
            while self._held > self._limit:
                self._held -= len(self._kept.popitem(last=False)[1])
        return made
