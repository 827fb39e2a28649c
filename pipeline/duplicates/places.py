"""Says where two pictures that agree on the whole differ: a copy has no such place, another picture of one layout has.

Both are looked at as squares of up to 1,024 pixels, made of their originals, for text and small things are gone at
256. One is laid over the other and put into its light. Then each cell is compared at nine small shifts, of which the
most similar one counts, and its difference is set against what saving and scaling change: the noise that the flat
cells of this pair show, and a part of what detail there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.duplicates.overlay import Map, is_inside, lay_over, moved

Floats = NDArray[np.float32]

_SIDES = ((1400, 1024), (330, 512), (200, 256), (0, 128))  # longer side of the smaller original -> side of the squares
_CELL = 16
_SHIFTS = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))
_LEAST_NOISE, _MOST_NOISE = 4.0, 64.0  # squared levels: what JPEG alone changes, what no saving changes more
_FLAT = 6.0  # levels of a border's standard deviation, at most
_LEAST_SEEN = 0.3  # of a cell at the rim that is judged
_OF_COLOUR = 0.3  # times the difference of colour, which JPEG codes more coarsely
_OF_NOISE, _OF_DETAIL = 16.0, 0.8  # how much of each is no difference
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_CHROMA = np.array([[-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32).T


@dataclass(frozen=True)
class Places:
    """How two pictures differ, once one is laid over the other.

    Attributes
    ----------
    worst
        Difference of the cell that differs most; from 1 on it is more than saving and scaling make.
    share
        Of the cells, those with 1 or more.
    place
        Where the worst cell lies in the first picture: across and down, each from 0 to 1.
    unlike
        Difference of all cells in their detail; about 1 for pictures that have nothing to do with each other.
    gain, offset
        The second picture's light, times and plus these, is the first one's.
    counted
        Share of the first picture's cells that the second one shows.
    is_identical
        Whether all pixels are equal.
    is_blank
        Whether there is nothing to be seen in the two by which they could be told apart.
    flat_rims
        Whether the first picture ends in one colour, as a border does; the same of the second one.
    place_map
        (2, 3) where what lies at (x, y, 1) of the first lies in the second, both from -1 to 1.
    unread
        Why an original could not be read; then nothing else is known. Empty if both could.
    """

    worst: float
    share: float
    place: tuple[float, float]
    unlike: float
    gain: float
    offset: float
    counted: float
    is_identical: bool
    is_blank: bool
    flat_rims: tuple[bool, bool]
    place_map: Map
    unread: str = ""


def side_for(longer_sides: Sequence[int]) -> int:
    """Return the side of the squares in which originals with these longer sides are compared."""
    return next(side for least, side in _SIDES if min(longer_sides) > least)


def differ_at(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Places:
    """Compare two RGB squares of one side, uint8 (S, S, 3), cell by cell."""
    if second.mean() > first.mean():  # the darker one is lit, for the brighter one's light may be clipped
        return from_the_other(_differ_at(second, first))
    return _differ_at(first, second)


def _differ_at(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Places:
    side = len(first)
    greys = [np.rint(square @ _GREY).astype(np.uint8) for square in (first, second)]
    place = lay_over(*greys)
    inside = is_inside(place, side)
    shown = np.stack([moved(second[..., part].astype(np.float32), place, side) for part in range(3)], axis=-1)
    gain, offset = _light((shown @ _GREY)[inside], greys[0][inside].astype(np.float32))
    lit = np.where(inside[..., None], np.clip(gain * shown + offset, 0, 255), first).astype(np.float32)
    cells = _compared(first.astype(np.float32), lit, inside)
    worst, share, middle, unlike = _judged(cells)
    is_identical = np.array_equal(first, second)
    counted = float(inside.mean())
    rims = (_rim_is_flat(first), _rim_is_flat(second))
    return Places(worst, share, middle, unlike, gain, offset, counted, is_identical, cells.is_blank, rims, place)


def not_compared(unread: str) -> Places:
    """Return that two pictures could not be compared, and why."""
    return Places(0, 0, (0.5, 0.5), 0, 1, 0, 1, False, False, (False, False), np.eye(2, 3), unread)


def from_the_other(places: Places) -> Places:
    """Return the same comparison as the second picture has it."""
    x, y = places.place_map @ np.array([2 * places.place[0] - 1, 2 * places.place[1] - 1, 1])
    middle = (float(np.clip((x + 1) / 2, 0, 1)), float(np.clip((y + 1) / 2, 0, 1)))
    back = np.linalg.inv(np.vstack([places.place_map, [0, 0, 1]]))[:2]
    gain, offset = 1 / places.gain, -places.offset / places.gain
    rims = places.flat_rims[::-1]
    return replace(places, place=middle, gain=gain, offset=offset, flat_rims=rims, place_map=back)


def _rim_is_flat(square: NDArray[np.uint8]) -> bool:
    """Return whether the outermost hundredth of a picture has one colour."""
    width = max(1, len(square) // 100)
    rim = [square[:width], square[-width:], square[:, :width], square[:, -width:]]
    return max(float(part.std(axis=(0, 1)).max()) for part in rim) < _FLAT


@dataclass(frozen=True)
class _Cells:
    """Squared differences and detail of the cells, (n, n) each, and how much of each both pictures show."""

    energies: Floats
    details: Floats
    counted: Floats

    @property
    def is_blank(self) -> bool:
        """Whether there is hardly any detail in any cell."""
        seen = self.details[self.counted > _LEAST_SEEN]
        return float(np.quantile(seen, 0.99)) < 4 * _LEAST_NOISE if len(seen) else True


def _compared(wanted: Floats, lit: Floats, inside: NDArray[np.bool_]) -> _Cells:
    """Compare two pictures (S, S, 3) that lie on each other; of small shifts the one that fits best counts."""
    grey, lit_grey = wanted @ _GREY, lit @ _GREY
    energies = np.min([_cells((grey - np.roll(lit_grey, shift, (0, 1))) ** 2, inside) for shift in _SHIFTS], axis=0)
    details = (_detail(grey, inside) + _detail(lit_grey, inside)) / 2
    energies = (energies + _colours_differ(wanted, lit, inside)).astype(np.float32)
    return _Cells(energies, details.astype(np.float32), _means(inside.astype(np.float32), _CELL))


def _judged(cells: _Cells) -> tuple[float, float, tuple[float, float], float]:
    """Return the worst difference, the share of cells that differ, where the worst is, and how unlike the rest is."""
    counted = cells.counted > _LEAST_SEEN
    if not counted.any():
        return np.inf, 1.0, (0.5, 0.5), np.inf
    flattest = cells.energies[counted & (cells.details <= np.median(cells.details[counted]))]
    noise = float(np.clip(np.median(flattest), _LEAST_NOISE, _MOST_NOISE))
    allowed = _OF_NOISE * noise + _OF_DETAIL * ndimage.uniform_filter(cells.details, 3)
    differences = np.where(counted, cells.energies / allowed, 0)
    down, across = np.unravel_index(int(differences.argmax()), differences.shape)
    middle = ((float(across) + 0.5) / len(differences), (float(down) + 0.5) / len(differences))
    alike = counted & (differences < 1)
    detail = (2 * cells.details + 4 * _LEAST_NOISE)[alike].sum()
    unlike = float(cells.energies[alike].sum() / detail) if alike.any() else np.inf
    return float(differences.max()), float((differences >= 1).sum() / counted.sum()), middle, unlike


def _light(shown: Floats, wanted: Floats) -> tuple[float, float]:
    """Return gain and offset that put what is shown into the wanted light, without what differs."""
    free = (wanted > 6) & (wanted < 249) & (shown > 6) & (shown < 249)  # what is clipped says nothing about light
    if free.sum() < 64:
        return 1.0, 0.0
    wanted, shown = wanted[free][::4], shown[free][::4]
    gain, offset, weights = 1.0, float((wanted - shown).mean()), np.ones_like(shown)
    for _ in range(4):
        total = weights.sum()
        middle, aim = (weights * shown).sum() / total, (weights * wanted).sum() / total
        product = (weights * (shown - middle) * (wanted - aim)).sum() / total
        gain = float(np.clip((product + 25) / ((weights * (shown - middle) ** 2).sum() / total + 25), 0.4, 2.5))
        offset = float(aim - gain * middle)
        differences = np.abs(wanted - gain * shown - offset)
        weights = 1 / (1 + (differences / (2 * np.median(differences) + 1)) ** 2)
    return gain, offset


def _colours_differ(wanted: Floats, lit: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the squared difference of colour, of cells, by means of 4x4 pixels: JPEG keeps no more of it."""
    differences: Floats = _means((wanted - lit) * inside[..., None], 4) @ _CHROMA
    return _OF_COLOUR * _means((differences**2).sum(axis=-1), _CELL // 4)


def _detail(grey: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the variance of each cell around the means of 9x9 pixels."""
    return _cells((grey - ndimage.uniform_filter(grey, 9)) ** 2, inside)


def _cells(values: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the means of cells, of what is inside."""
    seen: Floats = np.maximum(_means(inside.astype(np.float32), _CELL), np.float32(1e-3))
    means: Floats = _means(values * inside, _CELL) / seen
    return means


def _means(values: Floats, size: int) -> Floats:
    """Return the means of size x size pixels: (S, S, ...) to (S / size, S / size, ...)."""
    count = len(values) // size
    cells = values.reshape(count, size, count, size, *values.shape[2:])
    means: Floats = cells.mean(axis=(1, 3)).astype(np.float32)
    return means
