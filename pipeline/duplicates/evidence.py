"""Reads from a picture's file what speaks for the original: its format, and what a camera wrote into it."""

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image

_LOSSY = frozenset({"JPEG", "MPO", "HEIF", "AVIF"})
# What Pillow raises on damaged metadata of files whose pixels it reads.
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, RuntimeError)


@dataclass(frozen=True)
class Evidence:
    """What a file says of where it comes from.

    Attributes
    ----------
    form
        The format, as "JPEG"; empty if it can't be told.
    camera
        Make and model of the camera; empty if the file names none.
    taken
        When it was taken, as EXIF writes it: "2024:05:01 12:30:00"; empty if the file doesn't say.
    is_deep
        Whether it is grey of more than 8 bits a pixel.
    """

    form: str
    camera: str
    taken: str
    is_deep: bool

    @property
    def is_lossy(self) -> bool:
        """Whether its format gives up detail, as cameras do."""
        return self.form in _LOSSY


def evidence_of(data: bytes) -> Evidence:
    """Return what the bytes of a picture file say of where it comes from; its pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities, which are none of our business here
            image = Image.open(io.BytesIO(data))
            camera, taken = _camera(image)
    except _DAMAGE:
        return Evidence("", "", "", False)
    return Evidence(image.format or "", camera, taken, image.mode[0] in "IF")


def _camera(image: Image.Image) -> tuple[str, str]:
    """Return make and model, and the date, of EXIF; both empty where there is none, or it is damaged."""
    try:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        names = [_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
        return " ".join(filter(None, names)), _text(inner.get(ExifTags.Base.DateTimeOriginal))
    except (*_DAMAGE, AttributeError):
        return "", ""


def _text(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
