"""Scales grey of more than 8 bits to 8, by the range that the file states, else by the bits that its values use."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pictures.strips import strips

SIGNIFICANT_BITS = "significant_bits"  # the name under which a picture's info holds what a PNG's sBIT says
_FULL = 16
_FLOAT_TOPS = (1.0, 255.0, 65535.0)  # floats are written in any of the three


def value_range(image: Image.Image, stated: tuple[float, float] | None) -> tuple[float, float]:
    """Return the values of grey that become 0 and 255.

    Parameters
    ----------
    image
        A loaded picture of the modes I;16, I or F.
    stated
        The range that its file states, if it does.

    Returns
    -------
    The stated range. Else from 0 to the top of the fewest bits, from 8 to 16, that hold the largest value, or, of
    floats, to 1, 255 or 65,535. Of values that are negative or larger than that, their own range.
    """
    low, high = _extremes(image)
    if stated and stated[0] <= low and high <= stated[1]:
        return stated
    return usual_range(low, high, are_floats=image.mode == "F")


def usual_range(low: float, high: float, *, are_floats: bool) -> tuple[float, float]:
    """Return the range that values from low to high are written in; their own if it is none of the usual."""
    tops = _FLOAT_TOPS if are_floats else tuple(2.0**bits - 1 for bits in range(8, _FULL + 1))
    if low >= 0 and high <= tops[-1]:
        return 0.0, next(top for top in tops if high <= top)
    return low, high


def eight_bits(strip: Image.Image, low: float, high: float) -> Image.Image:
    """Return grey of 8 bits, in which low is 0 and high 255; what is no number is 0."""
    scaled = (_numbers(strip) - low) * (255.0 / max(high - low, 1e-30))
    return Image.fromarray(np.rint(scaled.clip(0, 255)).astype(np.uint8))


def stated_range(image: Image.Image) -> tuple[float, float] | None:
    """Return the range of grey values that a file states; None if it states none.

    TIFF states it by SMinSampleValue and SMaxSampleValue or by fewer bits than 16, PNG by sBIT. PGM and JPEG 2000
    state it as well, and Pillow has scaled their values to 16 bits by it.
    """
    if image.format in ("PPM", "JPEG2000"):
        return 0.0, 65535.0
    if image.format == "PNG" and (bits := image.info.get(SIGNIFICANT_BITS)):
        return 0.0, 2.0**bits - 1
    if image.format == "TIFF":
        return _range_of_tiff(getattr(image, "tag_v2", {}))
    return None


def _range_of_tiff(tags: Mapping[int, Any]) -> tuple[float, float] | None:
    lowest, highest, bits = (_first(tags.get(tag)) for tag in (340, 341, 258))
    if highest is not None and highest > (lowest or 0.0):
        return lowest or 0.0, highest
    return (0.0, 2.0**bits - 1) if bits and 8 < bits < 16 else None


def _first(value: Any) -> float | None:
    number = value[0] if isinstance(value, tuple) and value else value
    return float(number) if isinstance(number, int | float) and math.isfinite(number) else None


def _extremes(image: Image.Image) -> tuple[float, float]:
    found = [(values.min(), values.max()) for values in (_numbers(strip) for _, strip in strips(image))]
    return float(min(low for low, _ in found)), float(max(high for _, high in found))


def _numbers(strip: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(strip).astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
