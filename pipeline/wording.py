"""How the names of files are written: for tables and JSON, which can't hold bytes that are no text, and for a line."""

import os
from pathlib import PurePath


def shown(path: PurePath | str) -> str:
    r"""Return a path that any stream can hold: bytes that are not UTF-8 as backslash escapes.

    >>> shown("na\udcefve.jpg")
    'na\\xefve.jpg'
    """
    return os.fsencode(path).decode(errors="backslashreplace")


def one_line(path: PurePath | str) -> str:
    r"""Return a path for a line of a terminal: what can't be printed, as a new line, is written as an escape.

    >>> print(one_line("two\nlines, ünï.jpg"))
    two\nlines, ünï.jpg
    """
    letters = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown(path))
    return "".join(letters)
