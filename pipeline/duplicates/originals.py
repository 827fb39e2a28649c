"""Compares originals: the few that may be copies are opened once more, for text and fine detail are gone at 256x256."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.duplicates.detail import Detail, compare_detail
from pipeline.duplicates.keeping import Relation
from pipeline.duplicates.known import Distinct, Known, key_of
from pipeline.duplicates.places import Places, differ_at, from_the_other, not_compared, side_for
from pipeline.duplicates.relating import relation_of
from pipeline.duplicates.turning import HOW, likeliest_turn, turned
from pipeline.pixels import Pictures

Open = Callable[[int], AbstractContextManager[Image.Image]]

UNREAD = "can't be told: "  # and the reason why an original could not be read now
_SQUARES, _GREYS = 48, 4  # that are kept in memory, at most


class UnreadOriginalError(Exception):
    """An original that could not be read now, though it is there and unchanged; the message is the reason."""


class Originals:
    """Answers what two pictures are to each other, by their originals; what was read last is kept in memory.

    What was compared once is not compared again, also where the last run did. Of two pictures the one whose content has
    the smaller number is looked at first, so that an answer doesn't depend on their rows.

    Parameters
    ----------
    pictures, small
        uint8 (N, 256, 256, 3) and their thumbnails.
    sizes
        (N, 2) width and height of the originals.
    original
        Opens the original of a row, upright and RGB; UnreadOriginalError if it can't be read: then what depends on
        it can't be told.
    contents
        The distinct contents.
    known
        What is known of them; answers are put there.
    """

    def __init__(
        self,
        pictures: Pictures,
        small: NDArray[np.uint8],
        sizes: NDArray[np.int64],
        original: Open,
        *,
        contents: Distinct,
        known: Known,
    ) -> None:
        self._pictures, self._small, self._sizes, self._original = pictures, small, sizes, original
        self._contents, self._known = contents, known
        self._square = functools.lru_cache(_SQUARES)(self._read_square)
        self._grey = functools.lru_cache(_GREYS)(self._read_grey)

    def relation(self, first: int, second: int) -> Relation:
        """Return what the second picture is to the first one."""
        places, turn = self.places(first, second)
        return relation_of(places, tuple(self._sizes[first].tolist()), how=HOW[turn])

    def turn(self, first: int, second: int) -> int:
        """Return the turn after which the second picture looks most like the first one."""
        return likeliest_turn(self._small[first], self._small[second], range(len(HOW)))

    def places(self, first: int, second: int) -> tuple[Places, int]:
        """Return where two pictures differ, and the turn after which the second one looks like the first."""
        if self._is_turned_round(first, second) and not self.turn(first, second):
            places, turn = self.places(second, first)
            return from_the_other(places), turn
        return self._known.places.of(self._key(first, second), lambda: self._compare_places(first, second))

    def detail(self, first: int, second: int) -> Detail:
        """Return which of two pictures has more real detail; neither where they could not be aligned."""
        if self._is_turned_round(first, second):
            found = self.detail(second, first)
            return Detail(-found.more, found.doubt)
        return self._known.details.of(self._key(first, second), lambda: self._compare_detail(first, second))

    def _key(self, first: int, second: int) -> str:
        ranks, contents = self._contents.ranks, self._contents.contents
        return key_of(contents[ranks[first]].decode(), contents[ranks[second]].decode())

    def _is_turned_round(self, first: int, second: int) -> bool:
        return bool(self._contents.ranks[first] > self._contents.ranks[second])

    def _compare_places(self, first: int, second: int) -> tuple[Places, int]:
        turn = self.turn(first, second)
        side = side_for(self._sizes[[first, second]].max(axis=1).tolist())
        try:
            return differ_at(self._square(first, side), turned(self._square(second, side), turn)), turn
        except UnreadOriginalError as reason:
            return not_compared(str(reason)), turn

    def _compare_detail(self, first: int, second: int) -> Detail:
        places, turn = self.places(first, second)
        if relation_of(places, (1, 1), how="").kind == "none" or places.unread:
            return Detail(0)
        try:
            one, other = self._grey(first), turned(self._grey(second)[..., None], turn)[..., 0]
        except UnreadOriginalError as reason:
            return Detail(0, f"{UNREAD}{reason}")
        return compare_detail(one, other, places.place_map)

    def _read_square(self, row: int, side: int) -> NDArray[np.uint8]:
        if side > self._pictures.shape[1]:
            with self._original(row) as image:
                return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
        picture = self._pictures[row]
        return picture if side == len(picture) else np.asarray(Image.fromarray(picture).resize((side, side)))

    def _read_grey(self, row: int) -> NDArray[np.uint8]:
        with self._original(row) as image:
            return np.asarray(image.convert("L"))
