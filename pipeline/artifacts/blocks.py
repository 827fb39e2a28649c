"""The files of artifacts/pictures/: blocks of at most 128 pictures, each known by the sha256 of the file it came from.

A block says itself which pictures it holds, by what recipe they were made and how large the originals are. So the index
says nothing of blocks: it stays the same wherever pixels lie, and what was read before a run was killed is found again.
A block is never changed, and its name holds a digest of what it holds, so that no name ever stands for other pictures.
"""

import base64
import hashlib
import mmap
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.arrays import Origin, header_of, origin_in, read_header
from pipeline.artifacts.files import replaced
from pipeline.errors import ArtifactError

PICTURE = (256, 256, 3)
MOST = 128  # pictures of a block: 25 MB
_BYTES = 256 * 256 * 3
_NAME = re.compile(r"(\d{6,})_[0-9a-f]{12}\.npy")
_LEFT = re.compile(r"\.\d{6,}_[0-9a-f]{12}\.partial\.npy")  # by a run that was killed
_REMEDY = "run `pipeline resize` again (or `dvc repro`)"

Size = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Stored:
    """A picture to store: sha256 of its file, its pixels (256, 256, 3), and the upright size of the original."""

    content: str
    pixels: NDArray[np.uint8]
    size: Size


@dataclass(frozen=True)
class Block:
    """A file of B pictures: what they are, and where in the file their pixels begin."""

    path: Path
    contents: tuple[str, ...]
    sizes: tuple[Size, ...]
    start: int

    def pixels(self) -> NDArray[np.uint8]:
        """Memory-map the pixels, uint8 (B, 256, 256, 3), read-only.

        Raises
        ------
        ArtifactError
            If the file has gone or was cut, or the system allows no more open files.
        """
        try:
            with self.path.open("rb") as file:
                mapped = _mapped(file.fileno())
            return np.frombuffer(mapped, np.uint8, len(self.contents) * _BYTES, self.start).reshape(-1, *PICTURE)
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{self.path} can't be opened ({error}): {_REMEDY}") from error


def save_block(folder: Path, number: int, pictures: Sequence[Stored], *, recipe: str) -> Block:
    """Write a block of 1 to 128 pictures under a name that sorts by its number."""
    contents = tuple(picture.content for picture in pictures)
    sizes = tuple(picture.size for picture in pictures)
    header = _header(contents, sizes, recipe)
    path = folder / f"{number:06d}_{_digest(header)}.npy"
    with replaced(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        for picture in pictures:
            file.write(np.ascontiguousarray(picture.pixels).data)
    return Block(path, contents, sizes, len(header))


def load_block(path: Path, *, recipe: str) -> Block | None:
    """Return what a block holds; None if its pictures were made by another recipe.

    Raises
    ------
    ArtifactError
        If the file is damaged, or lies under a name that isn't its own.
    """
    try:
        with path.open("rb") as file:
            header = read_header(file)
            num_bytes = os.fstat(file.fileno()).st_size
        contents, sizes, made_by = _facts(origin_in(header))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged ({error}): {_REMEDY}") from error
    expected = len(header) + len(contents) * _BYTES
    if header != _header(contents, sizes, made_by) or not path.stem.endswith(f"_{_digest(header)}"):
        raise ArtifactError(f"{path} is damaged (its header isn't as it was written): {_REMEDY}")
    if num_bytes != expected:
        raise ArtifactError(f"{path} is damaged (expected {expected:,} bytes, got {num_bytes:,}): {_REMEDY}")
    return Block(path, contents, sizes, len(header)) if made_by == recipe else None


def load_blocks(folder: Path, *, recipe: str) -> tuple[list[Block], list[ArtifactError]]:
    """Return all blocks of a recipe, by their names, and what is wrong with those that are damaged."""
    blocks, damage = [], []
    for name in block_names(folder):
        try:
            block = load_block(folder / name, recipe=recipe)
        except ArtifactError as error:
            damage.append(error)
            continue
        if block:
            blocks.append(block)
    return blocks, damage


def block_names(folder: Path) -> list[str]:
    """Return the names of all blocks of a folder, sorted; none if there is no folder."""
    return sorted(name for name in _names(folder) if _NAME.fullmatch(name))


def names_of_ours(folder: Path) -> set[str]:
    """Return the names of all blocks of a folder, and of what killed runs have left of some."""
    return {name for name in _names(folder) if _NAME.fullmatch(name) or _LEFT.fullmatch(name)}


def number_of(name: str) -> int:
    """Return the number in the name of a block."""
    return int(name.partition("_")[0])


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _header(contents: Sequence[str], sizes: Sequence[Size], recipe: str) -> bytes:
    """Return the header of a block; that of 128 pictures has less than the 10,000 bytes that numpy.load allows."""
    lengths = " ".join(f"{width}x{height}" for width, height in sizes)
    digests = base64.b64encode(bytes.fromhex("".join(contents))).decode()
    origin = {"contents": digests, "recipe": recipe, "sizes": lengths}
    num_bytes = 64 * (5 + (sum(map(len, origin.values()))) // 64)  # 64, as the format asks for; room for the names
    return header_of(np.dtype(np.uint8), (len(contents), *PICTURE), origin, num_bytes=num_bytes)


def _facts(origin: Origin) -> tuple[tuple[str, ...], tuple[Size, ...], str]:
    """Return the contents, the sizes and the recipe that a header holds; they are checked by writing it once more."""
    together, lengths = base64.b64decode(origin["contents"]).hex(), origin["sizes"].split()
    contents = tuple(together[start : start + 64] for start in range(0, len(together), 64))
    pairs = (length.partition("x") for length in lengths)
    sizes = tuple((int(width), int(height)) for width, _, height in pairs)
    if len(contents) != len(sizes):
        raise ValueError(f"{len(contents)} pictures and {len(sizes)} sizes")
    return contents, sizes, origin["recipe"]


def _digest(header: bytes) -> str:
    return hashlib.sha256(header).hexdigest()[:12]


if sys.version_info >= (3, 13) and sys.platform != "win32":
    MOST_OPEN: int | None = None  # a map keeps no file open

    def _mapped(descriptor: int) -> Any:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, trackfd=False)

else:
    MOST_OPEN = 128  # each map keeps a descriptor; a shell of macOS allows 256

    def _mapped(descriptor: int) -> Any:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
