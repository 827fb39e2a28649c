"""Owns what one picture may take: bytes, pixels, memory and scans, judged before anything is decoded."""

import io
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.pictures.jpeg import ONCE_MORE_PIXELS, check_segments, scans_of
from pipeline.pictures.rejection import RejectedPictureError
from pipeline.pictures.sources import bytes_of

MEGABYTE = 1 << 20
STRIP_PIXELS = 1 << 20  # as many are turned to RGB at a time
WHOLE_PIXELS = 1 << 22  # a picture of no more is resized at once, whatever it holds
_STRIP_BYTES = 24  # a pixel of a strip: its copies as RGBA, as RGB and, of float grey, as numbers
_HELD_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}  # a pixel; 4 in other modes
# Bytes a pixel that decoders hold beside the picture (measured on 20 megapixels, Pillow 13.0, 2026-11-26)
_WEBP_BYTES, _AVIF_BYTES, _HEIF_BYTES, _PLAIN_PPM_BYTES = 13, 8, 12, 36
_JPEG2000_BYTES_OF_BAND = 5.5
_FEW_SCANS = 20  # so many of their markers are no matter, wherever they stand
_ONCE_MORE_BYTES = 16  # of a JPEG that looks damaged, and is decoded once more
_HELD_WHOLE = ("WEBP", "AVIF", "HEIF")  # their decoders take the whole file at once


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one picture may take, as in the section `resize` of params.yaml."""

    max_megapixels: float
    max_file_megabytes: float
    max_decoded_megabytes: float
    max_scans: int
    max_seconds: float


def check_file(file: BinaryIO, head: bytes, kind: str | None, limits: Limits) -> None:
    """Refuse a file by its bytes alone: of too many, or of a kind whose decoder takes memory for its header already.

    Raises
    ------
    RejectedPictureError
        If it has more than max_file_megabytes, or is such a kind and takes more than other limits allow.
    """
    file.seek(0, io.SEEK_END)
    megabytes = file.tell() / MEGABYTE
    file.seek(0)
    if megabytes > limits.max_file_megabytes:
        raise RejectedPictureError(
            f"too large (a file of {megabytes:,.0f} MB; resize.max_file_megabytes is {limits.max_file_megabytes:g})"
        )
    if kind == "JPEG":
        check_segments(file)
    if kind in _HELD_WHOLE:
        check_memory(f"{kind}, a file of {megabytes:,.0f} MB", 2 * megabytes * MEGABYTE, limits)
    if kind == "WEBP":
        width, height = _webp_size(head)
        check_pixels(width, height, limits)
        check_memory(f"{kind}, {width}x{height}", width * height * (4 + _WEBP_BYTES), limits)


def check_header(image: Image.Image, file: BinaryIO, limits: Limits) -> int:
    """Refuse a picture that would take too much, by its header; return how many bytes decoding takes at most.

    Raises
    ------
    RejectedPictureError
        If it has too many pixels or scans, or decoding it takes too much memory.
    """
    check_pixels(image.width, image.height, limits)
    needed = decoded_bytes(image, file)
    check_memory(f"{image.format}, {image.width}x{image.height}", needed, limits)
    if image.format in ("JPEG", "MPO") and (scans := _number_of_scans(file)) > limits.max_scans:
        raise RejectedPictureError(
            f"too slow to decode (a JPEG of {scans:,} scans; resize.max_scans is {limits.max_scans})"
        )
    return needed


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture of more than max_megapixels.

    Raises
    ------
    RejectedPictureError
        If it has more.
    """
    megapixels = width * height / 1e6
    if megapixels > limits.max_megapixels:
        raise RejectedPictureError(
            f"too large ({width}x{height}, {megapixels:.0f} megapixels; "
            f"resize.max_megapixels is {limits.max_megapixels:g})"
        )


def check_memory(what: str, needed: float, limits: Limits) -> None:
    """Refuse a picture, said in words, whose decoding takes more bytes than max_decoded_megabytes.

    Raises
    ------
    RejectedPictureError
        If it takes more.
    """
    if needed > limits.max_decoded_megabytes * MEGABYTE:
        raise RejectedPictureError(
            f"too large to decode ({what}, takes {needed / MEGABYTE:,.0f} MB of memory; "
            f"resize.max_decoded_megabytes is {limits.max_decoded_megabytes:g})"
        )


def decoded_bytes(image: Image.Image, file: BinaryIO) -> int:
    """Return how many bytes decoding a picture takes at most, and reducing it strip by strip."""
    pixels = image.width * image.height
    strip = max(STRIP_PIXELS, image.width, image.height)
    held = _HELD_BYTES.get(image.mode, 4)
    if image.format == "TIFF" and getattr(image, "tag_v2", {}).get(274, 1) != 1:
        held *= 2  # Pillow turns it as it loads
    return int(pixels * held + _beside(image, file) + min(strip, pixels) * _STRIP_BYTES + min(pixels, WHOLE_PIXELS) * 4)


def _beside(image: Image.Image, file: BinaryIO) -> float:
    """Return how many bytes a decoder holds beside the picture."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO"):
        held = pixels * _coefficient_bytes(image) if image.info.get("progressive") else 0.0
        return held + min(pixels, ONCE_MORE_PIXELS) * _ONCE_MORE_BYTES
    if image.format == "TIFF":
        return _tiff_block_bytes(image)
    if image.format == "JPEG2000":
        return _JPEG2000_BYTES_OF_BAND * len(image.getbands()) * min(pixels, _jpeg2000_tile_pixels(file))
    if image.format == "PPM":
        return pixels * _PLAIN_PPM_BYTES if getattr(image, "tile", [("",)])[0][0] == "ppm_plain" else 0
    return pixels * {"WEBP": _WEBP_BYTES, "AVIF": _AVIF_BYTES, "HEIF": _HEIF_BYTES}.get(image.format or "", 0)


def _coefficient_bytes(image: Image.Image) -> float:
    """Return how many bytes a pixel the coefficients of a progressive JPEG take: two each, all held at once."""
    layers = getattr(image, "layer", [])
    widest, highest = (max((layer[place] for layer in layers), default=1) for place in (1, 2))
    return float(2 * sum(layer[1] * layer[2] for layer in layers) / (widest * highest))


def _tiff_block_bytes(image: Image.Image) -> float:
    """Return the bytes of the largest block that libtiff decodes at once: a tile or a strip, as the directory says."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (8,))
    sample_bytes = max(bits if isinstance(bits, tuple) else (bits,)) / 8.0
    width, height = tags.get(322, image.width), tags.get(323, min(tags.get(278, image.height), image.height))
    if 322 not in tags and tags.get(259, 1) == 1:
        return 0.0  # uncompressed lines are read one by one
    samples = max(int(tags.get(277, 1)), 4 if tags.get(262) == 6 else 1)  # YCbCr blocks are decoded as RGBA
    return float(width * height * samples * sample_bytes)


def _webp_size(head: bytes) -> tuple[int, int]:
    """Return the width and height that the header of a WebP file says; 0 where it can't be told."""
    kind, data = head[12:16], head[20:30]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if data[3:6] != b"\x9d\x01\x2a":
        return 0, 0
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


def _jpeg2000_tile_pixels(file: BinaryIO) -> float:
    """Return how many pixels a tile of a JPEG 2000 file has; infinity if its header does not say."""
    file.seek(0)
    start = file.read(1 << 16)
    file.seek(0)
    place = start.find(b"\xff\x4f\xff\x51")
    if place < 0 or len(start) < place + 32:
        return float("inf")
    width, height = (int.from_bytes(start[place + at : place + at + 4], "big") for at in (24, 28))
    return float(width * height)


def _number_of_scans(file: BinaryIO) -> int:
    with bytes_of(file) as data:
        if isinstance(data, bytes) and (most := data.count(b"\xff\xda")) <= _FEW_SCANS:
            return most
        return len(scans_of(data))
