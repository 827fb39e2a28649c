"""Turns colours to sRGB by the ICC profile that a picture carries; profiles that are sRGB or damaged change nothing."""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

from pipeline.pictures.rejection import DECODER_ERRORS

_LEVELS = 2  # of 255: a profile that moves no colour further is sRGB
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # what the pictures of a profile's colour space are made of


def managed(strip: Image.Image, profile: bytes) -> Image.Image:
    """Return a strip in sRGB: RGBA if it was RGBA, else RGB.

    A profile of another colour space than the strip's, or a damaged one, is passed over.
    """
    if strip.mode not in ("L", "RGB", "RGBA", "CMYK"):
        strip = strip.convert("RGB")
    made_of = _made_of(profile) if profile else None
    if made_of == "RGB" and strip.mode == "L":
        strip = strip.convert("RGB")
    if made_of == "L" and strip.mode == "RGBA":
        return _with_alpha(managed(strip.convert("L"), profile), strip)
    transform = (
        _transform(profile, made_of, strip.mode) if made_of and made_of in (strip.mode, strip.mode[:3]) else None
    )
    if transform:
        strip = ImageCms.applyTransform(strip, transform) or strip
    return strip if strip.mode in ("RGB", "RGBA") else strip.convert("RGB")


def moves_colours(profile: bytes, mode: str) -> bool:
    """Return whether a profile changes pictures of a mode, RGB or L, at all: whether it is another than sRGB."""
    made_of = _made_of(profile) if profile else None
    return bool(made_of in ("RGB", mode) and made_of and _transform(profile, made_of, made_of))


def _with_alpha(colours: Image.Image, strip: Image.Image) -> Image.Image:
    colours.putalpha(strip.getchannel("A"))
    return colours


@functools.lru_cache(maxsize=32)
def _made_of(profile: bytes) -> str | None:
    """Return the mode of the pictures that a profile describes; None if it is damaged or of a space we don't read."""
    try:
        return _MODES.get(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space)
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return None


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, made_of: str, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform to sRGB for strips of a mode; None if the profile is sRGB or can't be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        probe = _probe(made_of)
        moved = ImageCms.applyTransform(probe, ImageCms.buildTransform(source, target, made_of, "RGB"))
        if moved is None or _is_close(probe.convert("RGB"), moved):
            return None
        return ImageCms.buildTransform(source, target, mode, "RGBA" if mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return None


def _probe(made_of: str) -> Image.Image:
    """Return a picture of colours from all over a space: 17 levels of each channel; of grey all 256."""
    if made_of == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    levels = np.linspace(0, 255, 17 if made_of == "RGB" else 9).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(*[levels] * len(made_of), indexing="ij"), axis=-1)
    return Image.frombytes(made_of, (colours.size // len(made_of), 1), colours.tobytes())


def _is_close(one: Image.Image, other: Image.Image) -> bool:
    difference = np.asarray(one).astype(np.int16) - np.asarray(other)
    return bool(np.abs(difference).max() <= _LEVELS)
