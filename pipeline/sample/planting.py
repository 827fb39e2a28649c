"""What is planted among the crystals, so that a search has something to find: near copies and a stranger.

Near copies are made as people make them, from the encoded file. The stranger is a grain of pollen, which lies
under the same microscope and in the same light but has neither arms nor facets.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from pipeline.sample.lighting import draw_light
from pipeline.sample.micrograph import photograph

QUALITY = 92  # of JPEG; a few hundredths of the size of the pixels, without visible blocks
SPINES = 150


def encode(pixels: NDArray[np.uint8] | Image.Image, *, quality: int) -> bytes:
    """Encode a picture as JPEG.

    Parameters
    ----------
    pixels : RGB, uint8 (height, width, 3), or such a Pillow picture.
    quality : of JPEG, 1 to 95.
    """
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def reencoded(encoded: bytes) -> bytes:
    """Return the same picture at a lower JPEG quality."""
    return encode(_decode(encoded), quality=60)


def rescaled(encoded: bytes) -> bytes:
    """Return the picture at three quarters of its side."""
    picture = _decode(encoded)
    size = (picture.width * 3 // 4, picture.height * 3 // 4)
    return encode(picture.resize(size, Image.Resampling.LANCZOS), quality=QUALITY)


def brightened(encoded: bytes) -> bytes:
    """Return the picture 12 % brighter."""
    return encode(ImageEnhance.Brightness(_decode(encoded)).enhance(1.12), quality=QUALITY)


def cropped(encoded: bytes) -> bytes:
    """Return the picture without 3 % of its side at the left and the top, 2 % at the right and the bottom."""
    picture = _decode(encoded)
    width, height = picture.size
    box = (round(0.03 * width), round(0.03 * height), width - round(0.02 * width), height - round(0.02 * height))
    return encode(picture.crop(box), quality=QUALITY)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "re-encoded": reencoded,
    "rescaled": rescaled,
    "brighter": brightened,
    "cropped": cropped,
}


def stranger(*, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Photograph a grain of pollen.

    Parameters
    ----------
    size : side of the picture in pixels.
    rng : where the light and the place come from.

    Returns
    -------
    uint8 (size, size, 3), RGB.
    """
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    shift = rng.uniform(-0.06, 0.06, 2).astype(np.float32)
    x, y = np.meshgrid(axis - shift[0], axis - shift[1])
    height = _globe(x, y, radius=0.55)
    for direction in _spread_over_sphere(SPINES):
        np.maximum(height, _spine(x, y, *direction, radius=0.55), out=height)
    cover = np.clip(height * np.float32(size / 8), 0, 1)
    return photograph(cover, height * np.float32(size * 0.35), draw_light(rng), rng=rng)


def _decode(encoded: bytes) -> Image.Image:
    return Image.open(io.BytesIO(encoded)).convert("RGB")


def _globe(x: NDArray[np.float32], y: NDArray[np.float32], *, radius: float) -> NDArray[np.float32]:
    """Return the height of the near half of a sphere."""
    return np.sqrt(np.maximum(np.float32(radius * radius) - x * x - y * y, 0))


def _spread_over_sphere(number: int) -> NDArray[np.float64]:
    """Return points spread evenly over the near half of a unit sphere, (number, 3), on a golden spiral."""
    turns = np.arange(number)
    z = (turns + 0.5) / number
    angles = turns * math.pi * (3 - math.sqrt(5))
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(angles), ring * np.sin(angles), z], axis=1)


def _spine(
    x: NDArray[np.float32], y: NDArray[np.float32], right: float, down: float, near: float, *, radius: float
) -> NDArray[np.float32]:
    """Return the height of a round cone that stands on the sphere in the given direction, else 0."""
    square = right * right + down * down + 0.02  # more than 0, for the spine that points at the lens
    along = np.clip((x * right + y * down) / np.float32(square * radius), 0.95, 1.28)  # in radii
    width = radius * 0.3 * (1.32 - along)
    from_axis = np.hypot(x - right * radius * along, y - down * radius * along)
    inside = width * width - from_axis * from_axis
    return np.asarray(np.where(inside > 0, np.sqrt(np.maximum(inside, 0)) + near * radius * along, 0), np.float32)
