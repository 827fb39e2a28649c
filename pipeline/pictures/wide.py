"""Reads the forms of TIFF that Pillow can't: floats of other sizes, RGB of floats, grey of 16 bits with alpha.

What it can't read either is said to be whole, and in which form, where its directory agrees with the file's length.
"""

import io
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pictures.depth import usual_range
from pipeline.pictures.limits import Limits, check_memory, check_pixels
from pipeline.pictures.rejection import DECODER_ERRORS, RejectedPictureError
from pipeline.pictures.tiff import (
    BITS,
    COMPRESSION,
    COUNTS,
    FORMAT,
    HEIGHT,
    OFFSETS,
    ORIENTATION,
    PHOTOMETRIC,
    SAMPLES,
    WIDTH,
    Directory,
    directories,
    first_number,
    numbers,
)

Announce = Callable[[int], None]  # is told how many bytes decoding takes, and may wait until they are free

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_KINDS = {1: "integers", 2: "signed integers", 3: "floats", 5: "complex integers", 6: "complex numbers"}
_MOST_SAMPLES = 4  # RGB and alpha
_HALF = 128
_BLOCK_PIXELS = 1 << 18


def read_wide_tiff(file: BinaryIO, limits: Limits, announce: Announce) -> Image.Image:
    """Return a TIFF that Pillow can't open, in 8 bits.

    Raises
    ------
    RejectedPictureError
        If it is damaged, takes too much, or is of a form that can't be read here either.
    """
    tags = next(directories(file), {})
    width, height, samples = (first_number(tags, tag) or 0 for tag in (WIDTH, HEIGHT, SAMPLES))
    samples = samples or 1
    if not width or not height or not _holds_its_pixels(tags, file):
        raise RejectedPictureError("damaged (its pixels are not where its directory says)")
    check_pixels(width, height, limits)
    bits = max(numbers(tags.get(BITS)) or (1,))
    needed = width * height * samples * (bits // 8 + 1) * 2
    check_memory(f"TIFF, {width}x{height}", needed, limits)
    photometric = first_number(tags, PHOTOMETRIC)
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or samples > _MOST_SAMPLES:
        raise _unreadable(tags)
    announce(needed)
    values = _values(file, tags, (height, width, samples))
    image = _in_eight_bits(values, is_inverted=photometric == _WHITE_IS_ZERO)
    image.format = "TIFF"
    image.getexif()[ORIENTATION] = first_number(tags, ORIENTATION) or 1
    return image


def is_cut_to_dark(image: Image.Image) -> bool:
    """Return whether Pillow may have cut the colours of a TIFF off: of 16 bits it keeps the upper 8, in use or not."""
    bits = getattr(image, "tag_v2", {}).get(BITS, ())
    if image.format != "TIFF" or image.mode not in ("RGB", "RGBA") or set(bits) != {16}:
        return False
    return all(band[1] < _HALF for band in image.getextrema()[:3] if isinstance(band, tuple))


def read_again(image: Image.Image, file: BinaryIO, limits: Limits, announce: Announce) -> Image.Image:
    """Return a TIFF with all its bits, as if Pillow had read them; as Pillow has, where that can't be done."""
    try:
        again = read_wide_tiff(file, limits, announce)
    except RejectedPictureError:
        return image
    again.info.update(image.info)
    return again


def _holds_its_pixels(tags: Directory, file: BinaryIO) -> bool:
    """Return whether all strips or tiles lie within the file."""
    size = file.seek(0, io.SEEK_END)
    for offsets, counts in zip(OFFSETS, COUNTS, strict=True):
        places, lengths = numbers(tags.get(offsets)), numbers(tags.get(counts))
        if places and len(places) == len(lengths):
            return all(place + length <= size for place, length in zip(places, lengths, strict=True))
    return False


def _unreadable(tags: Directory) -> RejectedPictureError:
    samples, bits = first_number(tags, SAMPLES) or 1, max(numbers(tags.get(BITS)) or (1,))
    kind = _KINDS.get(first_number(tags, FORMAT) or 1, "numbers")
    compression = first_number(tags, COMPRESSION) or 1
    packed = "" if compression == 1 else f", compression {compression}"
    return RejectedPictureError(
        f"whole, but in a form that can't be read (TIFF of {samples} x {bits} bits, {kind}{packed}); "
        "export it as PNG or as TIFF of 8 or 16 bits"
    )


def _values(file: BinaryIO, tags: Directory, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return the values of the first picture, (height, width, samples)."""
    import tifffile

    file.seek(0)
    try:
        with tifffile.TiffFile(file) as opened:
            page = opened.pages.first
            values = np.asarray(page.asarray())
            is_planar = int(page.planarconfig) == 2 and shape[2] > 1
    except (tifffile.TiffFileError, *DECODER_ERRORS) as error:
        if "imagecodecs" in str(error):
            raise _unreadable(tags) from error
        raise
    values = np.moveaxis(values.reshape(shape[2], *shape[:2]), 0, 2) if is_planar else values.reshape(shape)
    if values.dtype.kind not in "biuf":
        raise _unreadable(tags)
    return values


def _in_eight_bits(values: NDArray[Any], *, is_inverted: bool) -> Image.Image:
    """Return values, (height, width, samples), in 8 bits: colours by one range, an alpha channel by its own."""
    height, width, samples = values.shape
    made = np.empty((height, width, samples), np.uint8)
    colours = samples - 1 if samples in (2, 4) else samples
    parts = [slice(0, colours), slice(colours, samples)] if colours < samples else [slice(0, samples)]
    for channels in parts:
        _scale(values[..., channels], made[..., channels])
    if is_inverted:
        made[..., :colours] = 255 - made[..., :colours]
    return Image.fromarray(made[..., 0] if samples == 1 else made)


def _scale(values: NDArray[Any], made: NDArray[np.uint8]) -> None:
    """Write values into 8 bits, by the range that they are written in, in blocks of rows."""
    rows = max(1, _BLOCK_PIXELS // values.shape[1])
    blocks = [slice(top, top + rows) for top in range(0, len(values), rows)]
    extremes = [(numbers.min(), numbers.max()) for numbers in (_finite(values[block]) for block in blocks)]
    lowest, highest = min(low for low, _ in extremes), max(high for _, high in extremes)
    low, high = usual_range(float(lowest), float(highest), are_floats=values.dtype.kind == "f")
    for block in blocks:
        scaled = (_finite(values[block]) - low) * (255.0 / max(high - low, 1e-30))
        made[block] = np.rint(scaled.clip(0, 255))


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
