"""Reads the structure of a JPEG file, and finds out whether its pixels are whole, which libjpeg tells nobody.

libjpeg makes grey of what is missing and noise of what is foreign, and reports neither through Pillow. But where pixels
are whole, each byte of a scan is needed and none more: bytes put behind a scan change nothing, and taking its last
ones away does. Only files that look suspicious are asked, by decoding them again: those that break off, end in grey,
or hold a long run of zeros, as a card or a download that lost a part of its contents leaves them.
"""

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pictures.rejection import DECODER_ERRORS, MOST_PARTS, RejectedPictureError
from pipeline.pictures.sources import bytes_of

Data = bytes | mmap

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # 0 is a stuffed byte, D0 to D7 restart
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_RUN = bytes(64)
_ZEROS = re.compile(rb"\0{64,}")  # compressed pixels hold so many only where the picture is flat
_START, _END, _SCAN, _INTERVAL, _TABLES = 0xD8, 0xD9, 0xDA, 0xDD, 0xC4
_END_OF_IMAGE = b"\xff\xd9"
_FOREIGN = bytes((37 * i * i + 91 * i + 13) % 254 + 1 for i in range(48))  # no picture goes on like this
_LAST_BYTES = 4  # of a scan: they hold the end of its last block of brightness, at least
_MOST_RUNS = 4
_GREY = 128  # what libjpeg puts where nothing is
_MOST_BYTES = 1 << 26  # of a file that is decoded once more
ONCE_MORE_PIXELS = 1 << 22  # of a picture that is decoded once more at its full size; a larger one is at an eighth


@dataclass(frozen=True)
class Segment:
    """What a marker of a JPEG begins: its kind, its own data, and where the compressed data behind it lie, if any."""

    kind: int
    data: bytes
    start: int
    end: int


def segments_of(data: Data) -> Iterator[Segment]:
    """Yield the segments of a JPEG up to its end; whatever lies between markers is passed over."""
    place = 2
    while (marker := _MARKER.search(data, place)) and (kind := data[marker.start() + 1]) != _END:
        place = marker.end()
        if kind == _START:
            continue
        start = place + max(2, int.from_bytes(data[place : place + 2], "big"))
        end = _end_of_data(data, start, _MARKER) if kind == _SCAN else start
        yield Segment(kind, data[place + 2 : start], start, end)
        place = end


def _end_of_data(data: Data, start: int, marker: re.Pattern[bytes]) -> int:
    """Return where the compressed data end that a marker follows, or the end of the file; FF may fill the gap."""
    following = marker.search(data, start)
    end = following.start() if following else len(data)
    while end > start and data[end - 1] == 0xFF:
        end -= 1
    return end


def check_segments(file: BinaryIO) -> None:
    """Reject a JPEG with more segments before its pixels than any program writes: a decoder would hold them all."""
    with bytes_of(file) as data:
        if len(data) < 4 * MOST_PARTS:  # none is shorter than its marker and its length
            return
        before = itertools.takewhile(lambda segment: segment.kind != _SCAN, segments_of(data))
        if next(itertools.islice(before, MOST_PARTS, None), None):
            raise RejectedPictureError(f"too slow to read (a JPEG of more than {MOST_PARTS:,} segments)")


def scans_of(data: Data) -> list[Segment]:
    """Return the scans of a JPEG."""
    return [segment for segment in segments_of(data) if segment.kind == _SCAN]


def loaded_jpeg(image: Image.Image, file: BinaryIO) -> Image.Image:
    """Return a JPEG with its pixels, if they are whole; one that breaks off behind them is.

    Raises
    ------
    RejectedPictureError
        If a part of its pixels is missing or foreign; the reason says how much.
    OSError
        If it can't be decoded at all.
    """
    with bytes_of(file) as data:
        if len(data) > _MOST_BYTES:
            image.load()
            return image
        segments = list(segments_of(data))
        breaks_off = bool(segments) and segments[-1].kind == _SCAN and not _MARKER.search(data, segments[-1].end)
        if breaks_off:
            data = bytes(data) + _END_OF_IMAGE
            image = _opened(data)
        image.load()
        _check(data, segments, image, breaks_off=breaks_off)
    return image


def _check(data: Data, segments: list[Segment], image: Image.Image, *, breaks_off: bool) -> None:
    """Look for what is suspicious, and ask the file about it."""
    scans = [segment for segment in segments if segment.kind == _SCAN]
    _check_scans(scans, image)
    _check_restarts(data, segments, image)
    with_zeros = [scan for scan in scans if data.find(_RUN, scan.start, scan.end) >= 0]
    runs = [(scan, run) for scan in with_zeros for run in _ZEROS.finditer(data, scan.start, scan.end)]
    if any(_is_spoilt(data, scan, run.start(), run.end(), image) for scan, run in runs[:_MOST_RUNS]):
        zeros = [run for _, run in runs]
        lost = sum(run.end() - run.start() for run in zeros)
        raise _missing(lost / sum(scan.end - scan.start for scan in scans))
    if scans and (breaks_off or _ends_in_grey(image)):
        _check_end(data, scans[-1], image)


def _check_scans(scans: list[Segment], image: Image.Image) -> None:
    """Reject a progressive JPEG whose brightness was never told to its last bit."""
    if not image.info.get("progressive") or not scans:
        return
    brightness, bits = scans[0].data[1], np.full(64, 15)
    for header in (scan.data for scan in scans):
        count = header[0]
        if brightness in header[1 : 1 + 2 * count : 2]:
            first, last, precision = header[1 + 2 * count : 4 + 2 * count]
            bits[first : last + 1] = precision & 15
    if bits.any():
        raise RejectedPictureError("damaged (its last scans are missing)")


def _check_restarts(data: Data, segments: list[Segment], image: Image.Image) -> None:
    """Reject a JPEG of one scan that lacks some of the markers at which decoding could start again."""
    scans = [segment for segment in segments if segment.kind == _SCAN]
    told = [segment.data for segment in segments if segment.kind == _INTERVAL]
    interval = int.from_bytes(told[-1], "big") if told else 0
    if not interval or len(scans) != 1:
        return
    layers = getattr(image, "layer", [])
    wide, high = (8 * max(layer[place] for layer in layers) if len(layers) > 1 else 8 for place in (1, 2))
    units = -(-image.width // wide) * -(-image.height // high)
    expected = -(-units // interval) - 1
    found = sum(1 for _ in _RESTART.finditer(data, scans[0].start, scans[0].end))
    if found < expected:
        raise _missing((expected - found) / (expected + 1))


def _is_spoilt(data: Data, scan: Segment, start: int, end: int, image: Image.Image) -> bool:
    """Return whether zeros stand for lost data: no flat picture, or with them there are too few data, or too many."""
    restart = _end_of_data(data, end, _RESTART)
    stop = min(restart, scan.end)
    base = _decoded(data, image)
    if base is None:
        return False
    if stop == end and _are_equal(base, _decoded(data[: start + 1] + data[stop:], image)):
        return False  # they lie behind the pixels and spoil nothing
    is_progressive = bool(image.info.get("progressive"))
    if not is_progressive and not _are_zeros_flat(data, scan):
        return True
    if not _are_equal(base, _decoded(data[:stop] + _FOREIGN + data[stop:], image)):
        return True  # what was put behind them was needed
    is_large = image.width * image.height > ONCE_MORE_PIXELS
    if is_progressive or is_large or stop == restart or _ends_in_grey(image):
        return False  # that too many were there could not be seen
    return _are_equal(base, _decoded(data[: stop - _LAST_BYTES] + data[stop:], image))


def _check_end(data: Data, scan: Segment, image: Image.Image) -> None:
    """Reject a JPEG whose last scan would go on."""
    base, longer = _decoded(data, image), _decoded(data[: scan.end] + _FOREIGN + data[scan.end :], image)
    if base is None or longer is None or _are_equal(base, longer):
        return
    raise _missing(1 - _first_block(base != longer, image))


def _first_block(changed: NDArray[np.bool_], image: Image.Image) -> float:
    """Return how far into the picture the first block that changed lies, from 0 to 1, row by row of blocks."""
    by_place: NDArray[np.bool_] = np.any(changed.reshape(*changed.shape[:2], -1), axis=2)
    high = max(
        1, 8 * max((layer[2] for layer in getattr(image, "layer", [])), default=1) * len(changed) // image.height
    )
    top = (int(np.any(by_place, axis=1).argmax()) + 1) // high * high  # colour is smoothed over to the line above
    left = int(np.any(by_place[top : top + high], axis=0).argmax())
    rows = min(high, len(changed) - top)
    return float((top * by_place.shape[1] + left * rows) / by_place.size)


def _are_zeros_flat(data: Data, scan: Segment) -> bool:
    """Return whether zeros are the code of a flat picture: in each table of the scan the first one ends a block.

    With the tables that most programs use they are the code of noise, which no picture is full of (ITU-T T.81, K.3).
    """
    first: dict[int, int] = {}  # of each table for what isn't the mean of a block: what its shortest code stands for
    for segment in segments_of(data):
        if segment.start >= scan.start:
            break
        first |= _first_symbols(segment.data) if segment.kind == _TABLES else {}
    count = scan.data[0]
    tables = {table & 15 for table in scan.data[2 : 2 + 2 * count : 2]}
    return all(first.get(table, 1) == 0 for table in tables)


def _first_symbols(tables: bytes) -> dict[int, int]:
    found, place = {}, 0
    while place + 17 < len(tables):
        if tables[place] >> 4:
            found[tables[place] & 15] = tables[place + 17]
        place += 17 + sum(tables[place + 1 : place + 17])
    return found


def _ends_in_grey(image: Image.Image) -> bool:
    """Return whether the last pixel is what libjpeg puts where nothing is."""
    last = image.getpixel((image.width - 1, image.height - 1))
    values = last if isinstance(last, tuple) else (last,)
    return image.mode in ("L", "RGB") and all(abs(float(value or 0) - _GREY) <= 2 for value in values)


def _decoded(data: Data, image: Image.Image) -> NDArray[np.uint8] | None:
    """Return the pixels of a JPEG; of a large one at an eighth of its size, where each block has one pixel.

    None if it can't be decoded, or is large and progressive, for such a one is decoded whole at any size.
    """
    again = _opened(data)
    if image.width * image.height > ONCE_MORE_PIXELS:
        if image.info.get("progressive"):
            return None
        again.draft(again.mode, (image.width // 8 or 1, image.height // 8 or 1))
    try:
        return np.asarray(again)
    except DECODER_ERRORS:
        return None


def _opened(data: Data) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=("JPEG",))


def _are_equal(one: NDArray[np.uint8], other: NDArray[np.uint8] | None) -> bool:
    return other is not None and np.array_equal(one, other)


def _missing(share: float) -> RejectedPictureError:
    return RejectedPictureError(f"damaged (about {max(1, round(100 * share))} % of it is missing)")
