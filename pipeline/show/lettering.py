"""Owns text in pictures: in fonts that have its letters, from right to left where it is so written, and never as boxes.

DejaVu Sans, which comes with matplotlib, draws what it has: Latin, Greek, Cyrillic, Arabic, Hebrew and many signs. The
rest is drawn in whatever fonts the system has, and what none has is written as an escape, as \\u3042. Text is never
markup.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from pipeline.wording import clusters, cut, shown

_MARKS = "\u200c\u200d\u200e\u200f\ufe0e\ufe0f"  # joiners, directions and variants, which are not drawn themselves
_RIGHT_TO_LEFT = "\u200f"
_STRIKES = (109, 136, 160, 128, 96, 64)  # pixels of the letters of fonts that are pictures: Noto, Apple and others
_NO_LETTERS = ("lastresort", "last resort", "blank", "notdef")  # fonts that have a box, or nothing, for everything
_FANCY = ("serif", "mono", "display", "looped", "kufi", "nastaliq", "rashi")


@dataclass(frozen=True)
class Face:
    """A font: its file, the characters that it has, and their one size if they are pictures, else 0."""

    path: str
    letters: frozenset[int] = field(repr=False, compare=False)
    strike: int = 0

    def has(self, text: str) -> bool:
        """Return whether it has every character that is drawn."""
        return all(ord(letter) in self.letters for letter in text if letter not in _MARKS)


Run = tuple[Face, str]


def width(text: str, size: int) -> float:
    """Return how wide a line is, in pixels, in letters of so many pixels."""
    return sum(_run_width(face, part, size) for face, part in runs(text))


def fitted(text: str, size: int, pixels: float) -> str:
    """Return a name that is no wider than so many pixels, cut as every name is."""
    return cut(text, lambda some: width(some, size) <= pixels)


def draw(picture: Image.Image, place: tuple[int, int], text: str, size: int, colour: str, *, halo: int = 0) -> None:
    """Write a line into a picture, its upper left corner at `place`, with a white border of `halo` pixels around it."""
    left, baseline = float(place[0]), place[1] + _font(_base(), size).getmetrics()[0]
    for face, part in runs(text):
        if face.strike:
            _paste(picture, face, part, (round(left), baseline), size)
        else:
            ink = ImageDraw.Draw(picture)
            ink.text((left, baseline), part, colour, _font(face, size), anchor="ls", stroke_width=halo,
                     stroke_fill="white", direction=_direction())  # fmt: skip
        left += _run_width(face, part, size)


def drawn(text: str, size: int, colour: str, *, halo: int) -> NDArray[np.uint8]:
    """Return a line as a picture on nothing: uint8 (H, W, 4), RGBA."""
    ascent, descent = _font(_base(), size).getmetrics()
    across = round(width(text, size)) + 2 * halo + 2
    picture = Image.new("RGBA", (across, ascent + descent + 2 * halo), (255, 255, 255, 0))
    draw(picture, (halo + 1, halo), text, size, colour, halo=halo)
    return np.asarray(picture)


@functools.lru_cache(1 << 12)
def runs(text: str) -> tuple[Run, ...]:
    """Return a line in the parts that are drawn in one font each, from left to right.

    A word from right to left is drawn in one font, so that its letters join. Characters that no font has, and those
    that control something, are written as escapes.
    """
    text = "".join(_plain(letter) for letter in shown(text))
    found: list[Run] = []
    for part, leftwards in _directions(text):
        for face, piece in _in_one_face(part) if leftwards else _in_faces(part):
            if found and found[-1][0] == face:
                found[-1] = (face, found[-1][1] + piece)
            else:
                found.append((face, piece))
    return tuple(found)


def _plain(letter: str) -> str:
    """Return a character that can be drawn, or what stands for it."""
    return letter if letter.isprintable() or letter in _MARKS else _escaped(letter)


def _escaped(text: str) -> str:
    return "".join(letter.encode("unicode_escape").decode() for letter in text if letter not in _MARKS)


def _directions(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a line, in order, and whether each is written from right to left.

    Such a part reaches from its first to its last letter from right to left, and an ellipsis before it belongs to it.
    """
    classes = "".join(map(_class, text))
    end = 0
    for found in re.finditer("e?r(?:[^l]*r)?m*", classes):
        if end < found.start():
            yield text[end : found.start()], False
        yield text[found.start() : found.end()], True
        end = found.end()
    if end < len(text):
        yield text[end:], False


def _class(letter: str) -> str:
    """Return r for a letter from right to left, l from left to right, m for a mark, e for an ellipsis, else n."""
    if letter == "…" or unicodedata.category(letter) == "Mn":
        return "e" if letter == "…" else "m"
    return {"R": "r", "AL": "r", "L": "l"}.get(unicodedata.bidirectional(letter), "n")


def _in_one_face(part: str) -> Iterator[Run]:
    """Yield a part from right to left in the first font that has all of it, else in DejaVu with escapes."""
    face = next((one for one in (_base(), *_system()) if not one.strike and one.has(part)), _base())
    text = "".join(one if face.has(one) else _escaped(one) for one in clusters(part))
    if _direction():
        yield face, (_RIGHT_TO_LEFT if text.startswith("…") else "") + text  # the ellipsis stands where it was cut
    else:
        yield face, "".join(reversed(clusters(text)))  # letters don't join, but are in their order


def _in_faces(part: str) -> Iterator[Run]:
    """Yield a part from left to right, each letter in the first font that has it."""
    face = _base()
    for letter in [part] if _base().has(part) else clusters(part):
        stays = not letter[0].isalnum() and face.has(letter) and not face.strike  # what is between words
        if not stays:
            found = _face_of(letter)
            if found is None:
                yield _base(), _escaped(letter)
                continue
            face = found
        yield face, letter if _direction() else "".join(one for one in letter if one not in _MARKS)


@functools.lru_cache(1 << 14)
def _face_of(letter: str) -> Face | None:
    """Return the first font that has a letter with all its marks, and draws something for it."""
    return next((face for face in (_base(), *_system()) if face.has(letter) and _is_seen(face, letter)), None)


def _is_seen(face: Face, letter: str) -> bool:
    """Return whether a font's glyph is one that Pillow can draw: some fonts in colour have empty ones."""
    if letter.isspace() or face == _base():
        return True
    size = face.strike or 32
    picture = Image.new("RGBA", (3 * size, 3 * size))
    ImageDraw.Draw(picture).text((size, 2 * size), letter, "black", _font(face, size), anchor="ls",
                                 embedded_color=bool(face.strike), direction=_direction())  # fmt: skip
    return picture.getbbox() is not None


def _run_width(face: Face, text: str, size: int) -> float:
    if face.strike:
        return _font(face, face.strike).getlength(text, direction=_direction()) * _scale(face, size)
    return _font(face, size).getlength(text, direction=_direction())


def _scale(face: Face, size: int) -> float:
    return 1.15 * size / face.strike


def _paste(picture: Image.Image, face: Face, text: str, place: tuple[int, int], size: int) -> None:
    """Put letters that are pictures onto the baseline at `place`."""
    font = _font(face, face.strike)
    box = font.getbbox(text, anchor="ls", direction=_direction())
    whole = Image.new("RGBA", (max(round(box[2]), 1), max(round(box[3] - box[1]), 1)))
    ImageDraw.Draw(whole).text((0, -box[1]), text, font=font, anchor="ls", embedded_color=True, direction=_direction())
    scale = _scale(face, size)
    small = whole.resize((max(round(whole.width * scale), 1), max(round(whole.height * scale), 1)))
    picture.paste(small, (place[0], place[1] + round(box[1] * scale)), small)


@functools.cache
def _direction() -> str | None:
    """Return how lines run, for Pillow: from left to right, as paths do. None where it has only its basic layout."""
    return "ltr" if features.check("raqm") else None


@functools.lru_cache(64)
def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.path, size)


@functools.cache
def _base() -> Face:
    """Return DejaVu Sans."""
    import matplotlib

    found = _opened(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf")
    assert found is not None
    return found[1]


@functools.cache
def _system() -> tuple[Face, ...]:
    """Return the system's fonts, plain ones first; looked for once, when a letter is wanted that DejaVu lacks."""
    from matplotlib import font_manager

    found = [one for path in font_manager.findSystemFonts() if (one := _opened(path))]
    return tuple(face for _, face in sorted(found, key=lambda one: one[0]))


def _opened(path: str) -> tuple[tuple[bool, bool, str], Face] | None:
    """Return a font behind what it is sorted by, or None if it is none that letters can be drawn with."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
        family, style = font.family_name.lower(), font.style_name.lower()
        if any(word in family for word in _NO_LETTERS) or "bold" in style or "italic" in style or "oblique" in style:
            return None
        strike = 0 if font.scalable else _strike(path)
        face = Face(path, frozenset(font.get_charmap()), strike)
        ImageFont.truetype(path, strike or 16)
    except (OSError, RuntimeError, ValueError):  # a file that FreeType can't read; there are many on some systems
        return None
    return (strike > 0, any(word in family for word in _FANCY), path), face


def _strike(path: str) -> int:
    """Return the size in pixels of a font whose letters are pictures; OSError if it has none of the known ones."""
    for size in _STRIKES:
        try:
            ImageFont.truetype(path, size)
        except OSError:
            continue
        return size
    raise OSError(f"{path} has letters of another size")
