"""Reads a picture's file once more after `resize` has read it: its own pixels, or what it says of where it comes from.

Only a file that still holds what `resize` has read is decoded, by the same limits, so a process of its own has
decoded it before. What takes much memory is decoded one at a time.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image

from pipeline.pictures.decoding import decode, opened
from pipeline.pictures.limits import Limits
from pipeline.pictures.rejection import DECODER_ERRORS, SHORT_OF_MEMORY, RejectedPictureError
from pipeline.pictures.sources import hash_of, open_source
from pipeline.pictures.wide import Announce
from pipeline.pictures.worker import LARGE_BYTES

_TURN = threading.RLock()  # of what takes much memory


class ChangedPictureError(Exception):
    """A file that is gone, or holds something else than when it was read; the message says which."""


@dataclass(frozen=True)
class Provenance:
    """What a file says of where it comes from; what it does not say is empty.

    Attributes
    ----------
    form
        The format, as "JPEG".
    camera
        Make and model of the camera.
    taken
        When it was taken, as EXIF writes it: "2024:05:01 12:30:00".
    is_deep
        Whether it is grey of more than 8 bits a pixel.
    """

    form: str
    camera: str
    taken: str
    is_deep: bool


@contextmanager
def open_original(path: Path, limits: Limits, *, content: str) -> Iterator[Image.Image]:
    """Give the picture of a file whose sha256 is known, upright and RGB, in its own size.

    A large one is closed before the next large one is opened, in whichever thread.

    Raises
    ------
    ChangedPictureError
        If the file is gone, or its content is another one.
    RejectedPictureError
        If reading it takes more than the limits or the memory allow; the message is the reason.
    """
    with _unchanged(path, content) as file, _taking_turns() as announce:
        yield decode(file, limits, announce=announce)


def provenance_of(path: Path, limits: Limits, *, content: str) -> Provenance:
    """Return what a file whose sha256 is known says of where it comes from; raises what `open_original` does."""
    with _unchanged(path, content) as file, _taking_turns() as announce:
        image, _ = opened(file, limits, announce)
        camera, taken = _camera(image)
        return Provenance(image.format or "", camera, taken, image.mode[0] in "IF")


@contextmanager
def _unchanged(path: Path, content: str) -> Iterator[BinaryIO]:
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_source(path))
            found = hash_of(file)
        except RejectedPictureError as reason:
            raise ChangedPictureError(str(reason)) from reason.__cause__ or reason
        except OSError as error:
            raise ChangedPictureError(error.strerror or str(error)) from error
        if found != content:
            raise ChangedPictureError("it holds something else than when it was read")
        yield file


@contextmanager
def _taking_turns() -> Iterator[Announce]:
    """Give a function that waits for the turn of what takes much memory, and keeps it; say it if memory is short."""
    with ExitStack() as turn:

        def announce(needed: int) -> None:
            if needed > LARGE_BYTES:
                turn.enter_context(_TURN)

        try:
            yield announce
        except MemoryError as error:
            raise RejectedPictureError(SHORT_OF_MEMORY) from error


def _camera(image: Image.Image) -> tuple[str, str]:
    """Return make and model, and the date, of EXIF; both empty where there is none, or it is damaged."""
    try:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        names = [_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
        return " ".join(filter(None, names)), _text(inner.get(ExifTags.Base.DateTimeOriginal))
    except DECODER_ERRORS:
        return "", ""


def _text(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""
