"""Keeps what stages have drawn from run to run: whole sheets by what is on them, thumbnails by their pictures.

It holds as long as the code and the libraries that drew it are the same; a sheet's key holds all else that shows. The
code is that of a module that draws, with all that it runs.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Earlier, digest_of, load_pieces, save_pieces
from pipeline.artifacts.answers import Answers
from pipeline.closure import module_digest
from pipeline.errors import ArtifactError
from pipeline.pixels import Pictures
from pipeline.show.sheets import middles
from pipeline.workers import in_order

SHEETS, THUMBNAILS = "drawn.bin", "thumbnails.npy"  # the files that are kept
_BY = "by"  # the key of what drew them
_LIBRARIES = ("numpy", "pillow", "matplotlib")  # the last for its letters
_BLOCK = 256  # thumbnails that are drawn or copied at once


def load_drawn(last: Earlier | None, *, module: str) -> Answers[bytes]:
    """Return the sheets that a module has drawn in the last run, by their keys; none if they were drawn otherwise."""
    try:
        pieces = load_pieces(last.folder / SHEETS) if last else {}
    except ArtifactError:
        return Answers({})
    return Answers(pieces if pieces.pop(_BY, b"") == _by(module) else {})


def save_drawn(folder: Path, drawn: Answers[bytes], *, module: str) -> None:
    """Keep the sheets that this run has asked a module for, in a folder of `kept`."""
    save_pieces(folder / SHEETS, {_BY: _by(module), **drawn.asked})


def drawn_thumbnails(
    folder: Path, last: Earlier | None, pictures: Pictures, sizes: Sequence[tuple[int, int]], *, tile: int, module: str
) -> NDArray[np.uint8]:
    """Keep the middle of every picture in a folder of `kept`, drawing those that the last run has not.

    Parameters
    ----------
    folder
        In it the file is written.
    last
        What is kept of the last run.
    pictures, sizes
        uint8 (N, H, W, 3), and the N widths and heights of the originals, which they were squeezed from.
    tile
        Height and width of a thumbnail in pixels.
    module
        That draws sheets of them, kept beside them by `save_drawn`: where its code was another, all are drawn.

    Returns
    -------
    thumbnails
        (N, tile, tile, 3) uint8, memory-mapped.
    """
    shape = (len(pictures), tile, tile, 3)
    thumbnails = np.lib.format.open_memmap(folder / THUMBNAILS, "w+", np.uint8, shape)
    old = _old_thumbnails(last, shape[1:], module)
    before = last.before if last is not None and old is not None else np.full(len(pictures), -1)

    def work(start: int) -> None:
        rows = np.arange(start, min(start + _BLOCK, len(pictures)))
        is_known = before[rows] >= 0
        if old is not None:
            thumbnails[rows[is_known]] = old[before[rows[is_known]]]
        new = rows[~is_known]
        if len(new):
            thumbnails[new] = middles(pictures[new], [sizes[row] for row in new], tile=tile)

    for _ in in_order(work, range(0, len(pictures), _BLOCK)):
        pass
    return thumbnails


def _old_thumbnails(last: Earlier | None, shape: tuple[int, ...], module: str) -> NDArray[np.uint8] | None:
    """Return the thumbnails of the last run, memory-mapped; None if they are others."""
    if last is None or not load_drawn(last, module=module).known:
        return None
    try:
        found: NDArray[np.uint8] = np.load(last.folder / THUMBNAILS, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):  # missing or damaged
        return None
    return found if (found.dtype, found.shape) == (np.dtype(np.uint8), (len(last.now), *shape)) else None


def _by(module: str) -> bytes:
    """Return the digest of what a drawing depends on beside what is on it."""
    return digest_of(module_digest(module), [version(name) for name in _LIBRARIES]).encode()
