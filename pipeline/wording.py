"""How the names of files are written: for tables and JSON, which can't hold bytes that are no text, and for a line.

And how they are cut where there is no room, which is one way: the end is kept, where paths differ most.
"""

import unicodedata
from collections.abc import Callable
from pathlib import PurePath

_PLURALS = {"copy": "copies", "class": "classes", "query": "queries"}
_JOINERS = "\u200c\u200d"  # of letters of one word: not to be joined, to be joined


def shown(path: PurePath | str) -> str:
    r"""Return a path that any stream can hold: bytes that are not UTF-8 as backslash escapes.

    >>> shown("na\udcefve.jpg")
    'na\\xefve.jpg'
    """
    return (
        str(path).encode("utf-8", "surrogateescape").decode(errors="backslashreplace")
    )  # whatever the file system speaks


def one_line(path: PurePath | str) -> str:
    r"""Return a path for a line of a terminal: what can't be printed, as a new line, is written as an escape.

    >>> print(one_line("two\nlines, ünï.jpg"))
    two\nlines, ünï.jpg
    """
    letters = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in shown(path))
    return "".join(letters)


def printable(text: str) -> str:
    r"""Return lines for a terminal: what can't be printed is written as an escape, but for the ends of lines.

    >>> print(printable("one\x1b[2J.jpg\ntwo.jpg"))
    one\x1b[2J.jpg
    two.jpg
    """
    return "\n".join(one_line(line) for line in text.split("\n"))


def counted(count: int, thing: str) -> str:
    """Return a number with what it counts.

    >>> counted(1, "picture"), counted(1200, "picture")
    ('1 picture', '1,200 pictures')
    """
    return f"{count:,} {thing if count == 1 else _PLURALS.get(thing, thing + 's')}"


def clusters(text: str) -> list[str]:
    r"""Return what a reader takes for letters: each with its combining marks, modifiers and what is joined to it.

    >>> [len(one) for one in clusters("u\u0308x")]
    [2, 1]
    """
    found: list[str] = []
    for letter in text:
        if found and (_joins(letter) or _is_open(found[-1])):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def cut(text: str, fits: Callable[[str], bool]) -> str:
    """Return a name that fits, cut the one way in which all are: the end is kept, where paths differ most.

    Whole letters are left out, and an ellipsis stands for them.

    >>> cut("holiday/0123.jpg", lambda text: len(text) <= 9)
    '…0123.jpg'
    """
    if fits(text):
        return text
    letters = clusters(text)
    least, most = 1, len(letters)  # how many are left out
    while least < most:
        middle = (least + most) // 2
        if fits("…" + "".join(letters[middle:])):
            most = middle
        else:
            least = middle + 1
    return "…" + "".join(letters[least:])


def cut_bytes(name: str, limit: int) -> str:
    """Return the name of a file that takes at most so many bytes, cut as every name is."""
    return cut(name, lambda text: len(text.encode("utf-8", "surrogateescape")) <= limit)


def _joins(letter: str) -> bool:
    """Return whether a character belongs to the one before it: a mark, a joiner, or the colour of an emoji's skin."""
    return unicodedata.category(letter) in ("Mn", "Mc", "Me") or letter in _JOINERS or "🏻" <= letter <= "🏿"


def _is_open(letter: str) -> bool:
    """Return whether what follows belongs to a cluster: behind a joiner, or a virama, which ends no letter."""
    return letter[-1] == _JOINERS[1] or (len(letter) > 1 and unicodedata.combining(letter[-1]) == 9)


def duration(seconds: float) -> str:
    """Return a time as it is told: in tens of seconds, in minutes, and from an hour and a half on in hours.

    >>> duration(2), duration(67), duration(1260), duration(9100)
    ('about 10 seconds', 'about 70 seconds', 'about 21 minutes', 'about 2.5 hours')
    """
    if seconds < 90:
        return f"about {max(10, 10 * round(seconds / 10))} seconds"
    if seconds < 5400:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:,.1f} hours"
