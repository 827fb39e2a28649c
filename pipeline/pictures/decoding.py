"""Opens what is a picture, makes it upright, RGB and 256x256, or says why not.

Resizing is what `keras.utils.load_img(path, target_size=(256, 256), interpolation="bilinear")` does, bit for
bit on ordinary RGB files; what Keras gets wrong (orientation, alpha, 16 bits) is put right before it.
"""

import functools
import hashlib
import importlib.metadata
import io
import math
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

SIZE = 256
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM", "JPEG2000")
# MPO, the JPEG of some cameras, is opened under the name JPEG; Pillow raises KeyError at the name MPO, and looks
# no further. Left out on purpose: EPS starts Ghostscript, and TGA has no signature to tell it by.

# What Pillow's decoders raise on damaged data, by its own fuzzing harness; nothing here is a bug of ours.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, AttributeError,
    RuntimeError, ZeroDivisionError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
_LARGE_FILE_BYTES = 1 << 26
_HEIF_BRANDS = (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftyphevc", b"ftypmif1", b"ftypmsf1")


class RejectedPictureError(Exception):
    """A file that is no readable picture; the message is the reason that rejected.csv shows."""


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
    path: Path, *, max_megapixels: float, known: Callable[[str], bool] = lambda _: False
) -> DecodedPicture:
    """Read one file as an upright RGB picture of 256x256.

    Parameters
    ----------
    path
        The file; what it is, is told by its content, never by its suffix.
    max_megapixels
        Larger pictures are rejected by their header alone.
    known
        Says of a content (sha256) whether its pixels are at hand already: then it is not decoded.

    Raises
    ------
    RejectedPictureError
        If the file is empty, too large, damaged or no picture; the message is the reason.
    """
    try:
        str(path).encode()
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > _LARGE_FILE_BYTES:
                _opened(file, max_megapixels)  # so that a film is not read to its end
                file.seek(0)
            data = file.read()
    except UnicodeEncodeError:
        raise RejectedPictureError("file name is not valid UTF-8") from None
    except OSError as error:
        raise RejectedPictureError(error.strerror or str(error)) from error
    image = _opened(io.BytesIO(data), max_megapixels)
    content = hashlib.sha256(data).hexdigest()
    if known(content):
        return DecodedPicture(content, image.width, image.height, None)
    image = _decoded(image)
    return DecodedPicture(content, image.width, image.height, resized(image))


def _opened(file: BinaryIO, max_megapixels: float) -> Image.Image:
    """Open a picture and judge it by its header; its pixels are not read yet."""
    start = file.read(12)
    file.seek(0)
    if not start:
        raise RejectedPictureError("empty file")
    Image.MAX_IMAGE_PIXELS = None  # our own cap takes the place of Pillow's, which only warns
    try:
        image = Image.open(file, formats=_formats())
    except UnidentifiedImageError:
        raise RejectedPictureError(_unidentified(start)) from None
    except _DECODER_ERRORS as error:
        raise RejectedPictureError(f"damaged ({_short(error)})") from error
    megapixels = image.width * image.height / 1e6
    if megapixels > max_megapixels:
        raise RejectedPictureError(
            f"too large ({image.width}x{image.height}, {megapixels:.0f} megapixels; "
            f"resize.max_megapixels is {max_megapixels:g})"
        )
    return image


def decoders() -> dict[str, str]:
    """Return the libraries that decode, with their versions: another one may read what this one rejects."""
    found = {"pillow": PIL.__version__}
    if "HEIF" in _formats():
        found["pi_heif"] = importlib.metadata.version("pi_heif")
    return found


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the formats that are read; HEIF where the extra [heif] is installed."""
    try:
        import pi_heif  # the build without the GPL encoder; decoding is all we do
    except ImportError:
        return FORMATS
    pi_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def _unidentified(start: bytes) -> str:
    if start[4:12] in _HEIF_BRANDS:
        return "HEIC needs the extra: pip install -e '.[heif]'"
    return "not a picture"


def _short(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:120]


def decode(data: bytes) -> Image.Image:
    """Decode the bytes of a picture file to an upright RGB image of its own size.

    The first frame of an animation; EXIF orientation applied once; alpha and transparent colours composited
    on white; 16 bits scaled to 8, not clipped; CMYK by Adobe's convention only where the file says so.

    Raises
    ------
    RejectedPictureError
        If the data is damaged or truncated.
    """
    return _decoded(_opened(io.BytesIO(data), math.inf))


def _decoded(image: Image.Image) -> Image.Image:
    try:
        image.load()
        return _rgb(_upright(image))
    except _DECODER_ERRORS as error:
        raise RejectedPictureError(f"damaged ({_short(error)})") from error


def resized(image: Image.Image) -> NDArray[np.uint8]:
    """Resize an RGB image to 256x256, bilinear with antialiasing: uint8 (256, 256, 3)."""
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except _DECODER_ERRORS:
        return image  # damaged EXIF data says nothing about the pixels
    return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow inverts every CMYK JPEG, as Adobe stores them; without Adobe's marker that is wrong.
        image = ImageChops.invert(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit or float grey to 8 bits: by the range in use for its type, else by its own."""
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)  # floats are written in any of the three
    if low >= 0 and high <= tops[-1]:
        low, high = 0.0, next(top for top in tops if high <= top)
    scaled = (values - low) * (255.0 / max(high - low, 1e-30))
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
