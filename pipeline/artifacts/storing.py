"""Stores pictures in blocks: only new ones are written, and what is used no more goes once the index is in place."""

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.blocks import (
    MOST,
    Block,
    Size,
    Stored,
    block_names,
    load_blocks,
    names_of_ours,
    number_of,
    save_block,
)
from pipeline.artifacts.written import check_names

_HALF = MOST // 2  # pictures in use, below which a block is packed with others


class PictureStore:
    """The pictures of a folder of blocks, by the sha256 of their files; one run at a time writes.

    Parameters
    ----------
    folder
        Of the blocks; ArtifactError if it holds anything else. Made with the first block.
    recipe
        By which pixels are made: those of another one aren't known.
    """

    def __init__(self, folder: Path, *, recipe: str) -> None:
        check_names(folder, names_of_ours(folder))
        self._folder, self._recipe = folder, recipe
        self._blocks, _ = load_blocks(folder, recipe=recipe)
        self._number = max(map(number_of, block_names(folder)), default=0)
        self._waiting: list[Stored] = []
        self._size_of: dict[str, Size] = {
            content: size for block in self._blocks for content, size in zip(block.contents, block.sizes, strict=True)
        }

    def __contains__(self, content: str) -> bool:
        return content in self._size_of

    def __len__(self) -> int:
        return len(self._size_of)

    def size(self, content: str) -> Size:
        """Return the upright width and height of the original of a picture that is known."""
        return self._size_of[content]

    def add(self, content: str, pixels: NDArray[np.uint8], size: Size) -> None:
        """Store a picture, if it isn't known yet; it is written with those that follow."""
        if content not in self:
            self._size_of[content] = size
            self._append(Stored(content, pixels, size))

    def finish(self, contents: Set[str]) -> None:
        """Write what waits, and pack anew the blocks of which little is used; nothing is removed.

        Parameters
        ----------
        contents
            Of all pictures that are used.
        """
        for block, places in self._to_pack(contents):
            pixels = block.pixels()
            for place in places:
                self._append(Stored(block.contents[place], pixels[place], block.sizes[place]))
            self._blocks.remove(block)
        self._write()

    def tidy(self, contents: Set[str]) -> None:
        """Remove all blocks that hold no picture that is used, once the index of those that are is in place."""
        kept = {block.path.name for block, places in self._used(contents) if places}
        for name in names_of_ours(self._folder) - kept:
            with suppress(OSError):  # Windows removes no file that somebody reads: the next run does
                (self._folder / name).unlink()

    def _append(self, picture: Stored) -> None:
        self._waiting.append(picture)
        if len(self._waiting) == MOST:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._number += 1
            self._blocks.append(save_block(self._folder, self._number, self._waiting, recipe=self._recipe))
            self._waiting = []

    def _used(self, contents: Set[str]) -> list[tuple[Block, list[int]]]:
        """Return each block with the places of its pictures that are used; of one in two blocks the first counts."""
        left, used = set(contents), []
        for block in self._blocks:
            places = [place for place, content in enumerate(block.contents) if content in left]
            left.difference_update(block.contents)
            used.append((block, places))
        return used

    def _to_pack(self, contents: Set[str]) -> list[tuple[Block, list[int]]]:
        """Return the blocks less than half full of pictures in use, if that makes fewer blocks or smaller ones."""
        sparse = [(block, places) for block, places in self._used(contents) if 0 < len(places) < _HALF]
        counts = [len(places) for _, places in sparse]
        alone, together = _blocks_of(len(self._waiting)), _blocks_of(len(self._waiting) + sum(counts))
        is_wasteful = any(2 * len(places) < len(block.contents) for block, places in sparse)
        return sparse if is_wasteful or together < len(sparse) + alone else []


def _blocks_of(num_pictures: int) -> int:
    return -(-num_pictures // MOST)
