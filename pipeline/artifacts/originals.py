"""The files behind an index's pictures as they are now: how large, and when last changed."""

import os

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.index import Index


def bytes_and_times(index: Index) -> NDArray[np.int64]:
    """Return of each picture's file its bytes, and the seconds of its last change since 1970: int64 (N, 2).

    Both are 0 of a file that has gone.
    """
    return np.array([_facts(f"{index.dataset}/{path}") for path in index.paths()], np.int64).reshape(-1, 2)


def _facts(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, int(found.st_mtime)
