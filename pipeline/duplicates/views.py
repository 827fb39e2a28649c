"""Makes what copies mostly are: the same picture re-encoded, and rescaled."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_QUALITY, _QUALITY_RESCALED = 60, 80  # of JPEG
_SCALE = 0.6


def copied(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return two copies of each picture, each uint8 (N, H, W, 3): one re-encoded as JPEG, one rescaled to 60 %."""
    images = [Image.fromarray(picture) for picture in pictures]
    reencoded = [_through_jpeg(image, _QUALITY) for image in images]
    rescaled = [_through_jpeg(_rescaled(image), _QUALITY_RESCALED) for image in images]
    return np.stack(reencoded), np.stack(rescaled)


def _rescaled(image: Image.Image) -> Image.Image:
    smaller = (max(1, round(image.width * _SCALE)), max(1, round(image.height * _SCALE)))
    return image.resize(smaller, Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BILINEAR)


def _through_jpeg(image: Image.Image, quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
