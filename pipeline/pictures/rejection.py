"""Owns the reason why a file is no readable picture, and turns what decoders raise into one."""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

# What Pillow's decoders raise on damaged data, by its own fuzzing harness; nothing here is a bug of ours.
DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, AttributeError,
    RuntimeError, ZeroDivisionError, struct.error, zlib.error,
)  # fmt: skip
MOST_PARTS = 200_000  # chunks or segments of a file; a gigabyte of PNG in usual chunks of 8 KB has 131,072
_UNKNOWN = re.compile("unsupported|not supported|unknown|cannot handle", re.IGNORECASE)  # in the words of decoders
SHORT_OF_MEMORY = (
    "memory was short, so it was not read; the file may be undamaged: close other programs and run it again, "
    "or raise resize.max_decoded_megabytes"
)


class RejectedPictureError(Exception):
    """A file that is no readable picture; the message is the reason that rejected.csv shows."""


@contextmanager
def decoder_errors_rejected() -> Iterator[None]:
    """Turn what decoders raise into the reason: damaged, or memory was short, which is not the file's fault.

    Raises
    ------
    RejectedPictureError
        If the block raises what a decoder raises.
    """
    try:
        yield
    except MemoryError as error:
        raise RejectedPictureError(SHORT_OF_MEMORY) from error
    except DECODER_ERRORS as error:
        if "out of memory" in str(error):  # Pillow's words for a decoder whose allocation failed
            raise RejectedPictureError(SHORT_OF_MEMORY) from error
        form = "damaged, or in a form that can't be read" if _UNKNOWN.search(str(error)) else "damaged"
        raise RejectedPictureError(f"{form} ({_short(error)})") from error


def _short(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:120]
