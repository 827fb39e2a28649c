"""Reads one file as a picture: upright, RGB and 256x256, or says why not.

Resizing is what `keras.utils.load_img(path, target_size=(256, 256), interpolation="bilinear")` does, bit for
bit on ordinary RGB files; what Keras gets wrong (orientation, alpha, 16 bits, colour spaces) is put right before it.
"""

import functools
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipeline.pictures.colour import is_plain, managed, rgb_maker
from pipeline.pictures.jpeg import loaded_jpeg
from pipeline.pictures.limits import Limits, check_file, check_header
from pipeline.pictures.png import prepared_png
from pipeline.pictures.rejection import RejectedPictureError, decoder_errors_rejected
from pipeline.pictures.signatures import head_of, is_heif, raw_refused, refused, signed_as
from pipeline.pictures.sources import hash_of, open_source
from pipeline.pictures.strips import orientation_of, reduced, shrunk, upright_size, whole
from pipeline.pictures.tiff import raw_kind
from pipeline.pictures.wide import Announce, is_cut_to_dark, read_again, read_wide_tiff

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM", "JPEG2000")
# MPO, the JPEG of some cameras, is opened under the name JPEG; Pillow raises KeyError at the name MPO, and looks
# no further. Left out on purpose: EPS starts Ghostscript, and TGA has no signature to tell it by.


def _silent(_needed: int) -> None:
    """Announce nothing."""


@dataclass(frozen=True)
class DecodedPicture:
    """A picture that was read: sha256 of its file, original upright size, and its pixels.

    `pixels` is uint8 (256, 256, 3), RGB; None if the content was known already: then the size is the header's,
    not turned upright.
    """

    content: str
    width: int
    height: int
    pixels: NDArray[np.uint8] | None


def read_picture(
    path: Path,
    limits: Limits,
    *,
    known: Callable[[str], bool] = lambda _: False,
    announce: Announce = _silent,
) -> DecodedPicture:
    """Read one file as an upright RGB picture of 256x256.

    Parameters
    ----------
    path
        The file; what it is, is told by its content, never by its suffix.
    limits
        What it may take; what takes more is rejected before it is decoded. Its time is only measured in a process
        of its own.
    known
        Says of a content (sha256) whether its pixels are at hand already: then it is not decoded.
    announce
        Is told how many bytes decoding will take at most, just before it, and may wait until they are free.

    Raises
    ------
    RejectedPictureError
        If the file is empty, too large, damaged or no picture; the message is the reason.
    """
    with open_source(path) as file:
        image, needed = opened(file, limits, announce)
        content = hash_of(file)
        if known(content):
            return DecodedPicture(content, image.width, image.height, None)
        announce(needed)
        pixels, (width, height) = reduce_picture(_loaded(image, file, limits, announce))
        return DecodedPicture(content, width, height, pixels)


def reduce_picture(image: Image.Image) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return an image of any mode upright, RGB and 256x256, uint8 (256, 256, 3), and its own upright width and height.

    Raises
    ------
    RejectedPictureError
        If its pixels can't be decoded.
    """
    with decoder_errors_rejected():
        orientation = orientation_of(image)
        if orientation == 1 and is_plain(image):
            small = shrunk(image).convert("RGB")  # Pillow holds no copy of it meanwhile
        else:
            small = reduced(image, orientation, rgb_maker(image))
        return np.asarray(managed(small, image)), upright_size(image, orientation)


def reduce_open(file: BinaryIO, limits: Limits) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return the picture in an open file as `reduce_picture` does; RejectedPictureError as `read_picture` says."""
    image, _ = opened(file, limits, _silent)
    return reduce_picture(_loaded(image, file, limits, _silent))


def decode(file: BinaryIO, limits: Limits, *, announce: Announce = _silent) -> Image.Image:
    """Decode an open picture file to an upright RGB image of its own size.

    The first frame of an animation; EXIF orientation applied once; transparency composited on a ground that the
    picture can be seen on; more than 8 bits scaled to 8, not clipped; CMYK by Adobe's convention only where the file
    says so; other colour spaces turned to sRGB.

    Raises
    ------
    RejectedPictureError
        If the file is damaged, or takes more than the limits or the memory allow; the message is the reason.
    """
    image, needed = opened(file, limits, announce)
    announce(needed)
    image = _loaded(image, file, limits, announce)
    with decoder_errors_rejected():
        orientation = orientation_of(image)
        if orientation == 1 and image.mode == "RGB" and is_plain(image):
            return managed(image, image)  # without a second copy
        announce(needed + 4 * image.width * image.height)
        return managed(whole(image, orientation, rgb_maker(image)), image)


def decoders() -> dict[str, str]:
    """Return the libraries that decode, with their versions: another one may read what this one rejects."""
    found = {"pillow": PIL.__version__, "tifffile": importlib.metadata.version("tifffile")}
    if "HEIF" in _formats():
        found["pi_heif"] = importlib.metadata.version("pi_heif")
    return found


def opened(file: BinaryIO, limits: Limits, announce: Announce) -> tuple[Image.Image, int]:
    """Open a picture and judge it by its header, with the bytes that decoding takes; its pixels are not read yet.

    Raises
    ------
    RejectedPictureError
        If it is no picture or damaged, or takes more than the limits allow.
    """
    head = head_of(file)
    if reason := refused(head):
        raise RejectedPictureError(reason)
    kind = signed_as(head)
    if kind == "TIFF" and (camera := raw_kind(file)):
        raise RejectedPictureError(raw_refused(camera))
    check_file(file, head, kind, limits)
    facts: dict[str, Any] = {}
    with decoder_errors_rejected():
        if kind == "PNG":
            file, facts = prepared_png(file)
        image = _identified(file, head, kind, limits, announce)
        image.info.update(facts)
        return image, check_header(image, file, limits)


def _identified(file: BinaryIO, head: bytes, kind: str | None, limits: Limits, announce: Announce) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = None  # our own cap takes the place of Pillow's, which only warns
    try:
        return Image.open(file, formats=_formats())
    except UnidentifiedImageError:
        if kind == "TIFF":
            return read_wide_tiff(file, limits, announce)
        raise RejectedPictureError(_unidentified(head)) from None


def _unidentified(head: bytes) -> str:
    if is_heif(head) and "HEIF" not in _formats():
        return "HEIC needs the extra: pip install -e '.[heif]'"
    kind = signed_as(head)
    return f"damaged (it begins like {kind}, and can't be opened)" if kind else "not a picture"


def _loaded(image: Image.Image, file: BinaryIO, limits: Limits, announce: Announce) -> Image.Image:
    """Return a picture with its pixels."""
    with decoder_errors_rejected():
        if image.format in ("JPEG", "MPO"):
            return loaded_jpeg(image, file)
        image.load()
        return read_again(image, file, limits, announce) if is_cut_to_dark(image) else image


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the formats that are read; HEIF where the extra [heif] is installed."""
    try:
        import pi_heif  # the build without the GPL encoder; decoding is all we do
    except ImportError:
        return FORMATS
    pi_heif.register_heif_opener()
    return (*FORMATS, "HEIF")
