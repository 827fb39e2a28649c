"""Reads the directories of a TIFF file, before any decoder does: whether it is a camera's RAW file, and its form."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

Directory = dict[int, tuple[int, ...] | bytes]

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, FORMAT = 256, 257, 258, 259, 262, 274, 277, 339
OFFSETS, COUNTS = (273, 324), (279, 325)  # of strips and of tiles
_MAKE, _SUB, _DNG = 271, 330, 50706
_KINDS = {1: "B", 2: "s", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # of a tag's values; others are not needed here
_SENSOR = (32803, 34892)  # a colour filter's pattern, and raw values of a sensor without one
_RAW_COMPRESSIONS = (32767, 32769, 32770, 34713, 65000, 65535)  # of Sony, Epson, Samsung, Nikon, Kodak, Pentax
_MOST_DIRECTORIES, _MOST_ENTRIES, _MOST_BYTES = 32, 1000, 1 << 22


def directories(file: BinaryIO) -> Iterator[Directory]:
    """Yield the directories of a TIFF file, each with those below it; none where it isn't one or is damaged."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return
    is_big = struct.unpack(order + "H", head[2:4])[0] == 43
    waiting = [struct.unpack(order + "Q", head[8:])[0] if is_big else struct.unpack(order + "I", head[4:8])[0]]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        place = waiting.pop(0)
        if not place or place in seen:
            continue
        seen.add(place)
        found, following = _directory(file, place, order, is_big)
        waiting += [*numbers(found.get(_SUB)), following]
        yield found


def numbers(values: tuple[int, ...] | bytes | None) -> tuple[int, ...]:
    """Return the values of a tag that holds numbers; none of another or if it is missing."""
    return values if isinstance(values, tuple) else ()


def first_number(tags: Directory, tag: int) -> int | None:
    """Return the first value of a tag that holds numbers; None if there is none."""
    return next(iter(numbers(tags.get(tag))), None)


def raw_kind(file: BinaryIO) -> str | None:
    """Return whose RAW file it is: cameras write TIFF files whose first picture is a thumbnail, beside the sensor's."""
    make = ""
    for found in directories(file):
        make = make or _text(found.get(_MAKE))
        if _DNG in found:
            return "DNG"
        is_sensor = any(number in _SENSOR for number in numbers(found.get(PHOTOMETRIC)))
        if is_sensor or any(number in _RAW_COMPRESSIONS for number in numbers(found.get(COMPRESSION))):
            return make or "of a camera"
    return None


def _directory(file: BinaryIO, place: int, order: str, is_big: bool) -> tuple[Directory, int]:
    """Return the tags of a directory, and where the next begins; 0 if there is none."""
    entry, count_kind, offset_kind = (20, "Q", "Q") if is_big else (12, "H", "I")
    file.seek(place)
    count = _unpacked(order + count_kind, file.read(struct.calcsize(order + count_kind)))
    if not 0 < count <= _MOST_ENTRIES:
        return {}, 0
    entries = file.read(count * entry)
    following = _unpacked(order + offset_kind, file.read(struct.calcsize(order + offset_kind)))
    found: Directory = {}
    for start in range(0, len(entries) - entry + 1, entry):
        tag, kind, number = struct.unpack_from(order + ("HHQ" if is_big else "HHI"), entries, start)
        values = _values(file, order, kind, number, entries[start + (12 if is_big else 8) : start + entry])
        if values:
            found[tag] = values
    return found, following


def _values(file: BinaryIO, order: str, kind: int, number: int, field: bytes) -> tuple[int, ...] | bytes:
    """Return the values of a tag; nothing if they are of a kind that isn't needed, or too many."""
    letter = _KINDS.get(kind)
    if letter is None:
        return ()
    length = struct.calcsize(letter) * number
    if length > len(field):
        if length > _MOST_BYTES:
            return ()
        file.seek(_unpacked(order + ("Q" if len(field) == 8 else "I"), field))
        field = file.read(length)
    if len(field) < length:
        return ()
    return field[:length] if letter == "s" else struct.unpack(f"{order}{number}{letter}", field[:length])


def _unpacked(form: str, data: bytes) -> int:
    return int(struct.unpack(form, data)[0]) if len(data) == struct.calcsize(form) else 0


def _text(values: tuple[int, ...] | bytes | None) -> str:
    text = values.split(b"\0")[0].decode("ascii", "replace").strip() if isinstance(values, bytes) else ""
    return text if text.isprintable() else ""
