"""Reads the chunks of a PNG file before Pillow does: what lies beside the pixels can neither spoil nor swell them.

Pillow gives a file up for a wrong checksum of any chunk and for a text or profile of over a megabyte. Here the pixels
decide: chunks that they don't need are left out where they are damaged or large, and the check within the pixels' own
stream (Adler-32) tells whether they are whole where a chunk's checksum is wrong.
"""

import bisect
import io
import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from pipeline.pictures.depth import SIGNIFICANT_BITS
from pipeline.pictures.rejection import MOST_PARTS, RejectedPictureError

_START = 8  # bytes of the signature
_KEPT_BYTES = 1 << 20  # of what lies beside the pixels, expanded: Pillow takes as much
_PROFILE_BYTES = 1 << 24  # of a colour profile, expanded
_PIECE = 1 << 20
_NEEDED = (b"IHDR", b"PLTE", b"tRNS")


@dataclass(frozen=True)
class _Chunk:
    """A chunk: where its data begins, how long it is, and whether its checksum is right."""

    kind: bytes
    place: int
    length: int
    checksum: int
    is_right: bool


def prepared_png(file: BinaryIO) -> tuple[BinaryIO, dict[str, Any]]:
    """Return a PNG file without what Pillow would give it up for, and what was found out for the picture's info.

    Raises
    ------
    RejectedPictureError
        If its chunks can't be followed, or one that the pixels need is damaged.
    """
    chunks = list(itertools.islice(_chunks(file), MOST_PARTS + 1))
    if len(chunks) > MOST_PARTS:
        raise RejectedPictureError(f"too slow to read (a PNG of more than {MOST_PARTS:,} chunks)")
    if damaged := next((chunk for chunk in chunks if chunk.kind in _NEEDED and not chunk.is_right), None):
        raise RejectedPictureError(f"damaged (the checksum of its chunk {damaged.kind.decode()} is wrong)")
    pixels = [chunk for chunk in chunks if chunk.kind == b"IDAT"]
    if not all(chunk.is_right for chunk in pixels) and not _is_whole_stream(file, pixels):
        raise RejectedPictureError("damaged (the checksums of its pixels are wrong)")
    kept = [chunk for chunk in chunks if chunk.kind in (*_NEEDED, b"IDAT", b"IEND") or _is_harmless(file, chunk)]
    facts = _facts(file, chunks)
    file.seek(0)
    if len(kept) == len(chunks) and all(chunk.is_right for chunk in kept):
        return file, facts
    return io.BufferedReader(_Spliced(file, kept), _PIECE), facts


def _chunks(file: BinaryIO) -> Iterator[_Chunk]:
    file.seek(0, os.SEEK_END)
    size, place = file.tell(), _START
    while place + 8 <= size:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if not kind.isalpha():
            raise RejectedPictureError("damaged (its chunks can't be followed)")
        held = min(length, size - place - 8)
        checksum = zlib.crc32(kind)
        for piece in _pieces(file, place + 8, held):
            checksum = zlib.crc32(piece, checksum)
        yield _Chunk(kind, place + 8, held, checksum, file.read(4) == checksum.to_bytes(4, "big"))
        place += 12 + length
        if kind == b"IEND":
            break


def _pieces(file: BinaryIO, place: int, length: int) -> Iterator[bytes]:
    file.seek(place)
    for start in range(0, length, _PIECE):
        yield file.read(min(_PIECE, length - start))


def _data(file: BinaryIO, chunk: _Chunk) -> bytes:
    return b"".join(_pieces(file, chunk.place, chunk.length))


def _is_whole_stream(file: BinaryIO, pixels: list[_Chunk]) -> bool:
    """Return whether the compressed pixels end where they should, and their own checksum is right."""
    stream = zlib.decompressobj()
    pieces = itertools.chain.from_iterable(_pieces(file, chunk.place, chunk.length) for chunk in pixels)
    try:
        for piece in pieces:
            while piece:
                stream.decompress(piece, _PIECE)
                piece = stream.unconsumed_tail
    except zlib.error:
        return False
    return stream.eof


def _is_harmless(file: BinaryIO, chunk: _Chunk) -> bool:
    """Return whether Pillow can read a chunk beside the pixels: it is undamaged, and small, expanded too."""
    if not chunk.is_right or chunk.length > _KEPT_BYTES:
        return False
    if chunk.kind in (b"zTXt", b"iTXt", b"iCCP"):
        return _expanded(chunk.kind, _data(file, chunk), _KEPT_BYTES) is not None
    return chunk.kind not in (b"acTL", b"fcTL", b"fdAT")  # of an animation the first frame is read


def _expanded(kind: bytes, data: bytes, most: int) -> bytes | None:
    """Return what a chunk has compressed; None if it is damaged or longer than `most`; nothing if it has none."""
    _, _, rest = data.partition(b"\0")
    if kind == b"iTXt" and rest[:1] != b"\1":
        return b""
    compressed = rest[1:] if kind != b"iTXt" else b"\0".join(rest[2:].split(b"\0", 2)[2:])
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(compressed, most)
    except zlib.error:
        return None
    return found if stream.eof else None


def _facts(file: BinaryIO, chunks: list[_Chunk]) -> dict[str, Any]:
    """Return what is to stand in the picture's info: its profile, however large, and how many bits are in use."""
    facts: dict[str, Any] = {}
    for chunk in chunks:
        if chunk.kind == b"sBIT" and chunk.is_right and chunk.length == 1:
            facts[SIGNIFICANT_BITS] = _data(file, chunk)[0]
        if chunk.kind == b"iCCP" and chunk.is_right and chunk.length <= _PROFILE_BYTES:
            facts["icc_profile"] = _expanded(chunk.kind, _data(file, chunk), _PROFILE_BYTES)
    return facts


class _Spliced(io.RawIOBase):
    """A PNG file of some of the chunks of another, with right checksums; nothing of it is held."""

    def __init__(self, file: BinaryIO, chunks: list[_Chunk]) -> None:
        self._file, self._place = file, 0
        self._parts: list[bytes | tuple[int, int]] = [b"\x89PNG\r\n\x1a\n"]
        for chunk in chunks:
            head, tail = struct.pack(">I", chunk.length) + chunk.kind, chunk.checksum.to_bytes(4, "big")
            self._parts += [head, (chunk.place, chunk.length), tail]
        lengths = [len(part) if isinstance(part, bytes) else part[1] for part in self._parts]
        self._ends = list(itertools.accumulate(lengths))

    def readable(self) -> bool:
        """Say yes, as a raw file does."""
        return True

    def seekable(self) -> bool:
        """Say yes, as a raw file does."""
        return True

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._ends[-1]}[whence]
        self._place = max(0, start + place)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, to the end of a chunk at most, and return how many bytes it was."""
        number = bisect.bisect_right(self._ends, self._place)
        if number == len(self._parts):
            return 0
        part, most = self._parts[number], len(buffer)
        start = self._place - (self._ends[number - 1] if number else 0)
        if isinstance(part, bytes):
            data = part[start : start + most]
        else:
            self._file.seek(part[0] + start)
            data = self._file.read(min(most, part[1] - start))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
