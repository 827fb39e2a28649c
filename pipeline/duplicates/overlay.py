"""Lays a picture over another more closely than `alignment` does: by an affine map, for pages that were scanned twice.

Pictures are squares here, whatever their aspect was, and places on them run from -1 to 1. The map is found by
Gauss-Newton steps from coarse to fine, together with gain and offset of the light, with weights that fall with the
difference (Evangelidis and Psarakis 2008, doi:10.1109/TPAMI.2008.113, for steps that light doesn't disturb).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Map = NDArray[np.float64]  # (2, 3): what lies at (x, y) in the target lies at map @ (x, y, 1) in the source

_STARTS = (0.0, -0.1, 0.1)  # scales that the search begins from: as it is, with a border, cropped
_BEGIN = ((32, 10),)  # side and number of steps
_STEPS = ((64, 6), (128, 4), (256, 3))
_LONGEST_STEP = 0.05
_PHASES = 256  # side of the squares whose phases are compared
_NOISE = 2.0  # levels of 255 that JPEG alone changes
_MOST = 50.0  # levels of a pixel's difference that count
_RIM = 3  # pixels
_RIDGE = 1e-3  # keeps a blank picture's system solvable


def lay_over(target: NDArray[np.uint8], source: NDArray[np.uint8]) -> Map:
    """Return the affine map by which the source looks most like the target.

    Parameters
    ----------
    target, source
        Grey squares of one side, uint8 (S, S), S at least 32.
    """
    levels = Image.fromarray(target), Image.fromarray(source)
    begun = [_refined(*levels, np.array([[1 + scale, 0, 0], [0, 1 + scale, 0]]), _BEGIN) for scale in _STARTS]
    steps = tuple(step for step in _STEPS if step[0] <= len(target))
    found = [_refined(*levels, min(begun, key=lambda answer: answer[1])[0], steps)]
    found.append(_refined(*levels, _shift(*levels), steps[1:]))  # coarse lines of text lead astray
    return min(found, key=lambda answer: answer[1])[0]


def moved(source: Floats, place: Map, side: int) -> Floats:
    """Return a plane (S, S) of the source as the target's square of `side` pixels shows it; outside it is 0."""
    return _moved(Image.fromarray(source), place, side)


def _moved(image: Image.Image, place: Map, side: int) -> Floats:
    size, scale = image.width, image.width / side
    offsets = (place[:, 2] - place[:, :2].sum(axis=1) + 1) / 2 * size
    rows = [(place[axis, 0] * scale, place[axis, 1] * scale, offsets[axis]) for axis in (0, 1)]
    numbers = (*rows[0], *rows[1])
    return np.asarray(image.transform((side, side), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR))


def is_inside(place: Map, side: int) -> NDArray[np.bool_]:
    """Return which pixels of the target's square of `side` pixels the source has, but for the very rims of both."""
    centres = _centres(side)
    reached = [place[axis, 0] * centres + place[axis, 1] * centres[:, None] + place[axis, 2] for axis in (0, 1)]
    own = np.abs(centres) < 1 - 2 * _RIM / side  # a border's colour reaches in by some pixels
    inside: NDArray[np.bool_] = np.maximum(np.abs(reached[0]), np.abs(reached[1])) < 1 - 2 / side
    return inside & own & own[:, None]


def _shift(target: Image.Image, source: Image.Image) -> Map:
    """Return the shift by which the phases of two pictures agree most: fine lines tell it, which coarsely are grey."""
    side = min(target.width, _PHASES)
    spectra = []
    for image in (target, source):
        grey = np.asarray(_resized(image, side), np.float32)
        spectra.append(np.fft.rfft2((grey - grey.mean()) * np.outer(np.hanning(side), np.hanning(side))))
    product = spectra[1] * spectra[0].conj()
    likeness = np.fft.irfft2(product / (np.abs(product) + 1e-3 * np.abs(product).max() + 1e-9), s=(side, side))
    down, across = np.unravel_index(int(likeness.argmax()), likeness.shape)
    moves = [(int(move) + side // 2) % side - side // 2 for move in (across, down)]
    return np.array([[1, 0, 2 * moves[0] / side], [0, 1, 2 * moves[1] / side]])


@dataclass(frozen=True)
class _Level:
    """Two squares at one side: the target's pixels (S^2,), the source and its slopes, and where pixels lie (S^2,).

    `columns` and `weighted`, (8, S^2), are memory that each step fills anew: to be given new pages takes longer than to
    calculate (measured, 2026-11).
    """

    side: int
    wanted: Floats
    planes: tuple[Image.Image, Image.Image, Image.Image]
    x: Floats
    y: Floats
    columns: Floats
    weighted: Floats


def _refined(
    target: Image.Image, source: Image.Image, place: Map, steps: tuple[tuple[int, int], ...]
) -> tuple[Map, float]:
    """Return a better map, and how much the two differ by it; its six numbers are found with gain and offset."""
    difference = np.inf
    for side, count in steps:
        level = _level(target, source, side)
        for _ in range(count):
            change, difference = _step(level, place)
            place = place + change
            if np.abs(change).max() < 0.02 / side:  # a hundredth of a pixel
                break
    return place, difference


def _level(target: Image.Image, source: Image.Image, side: int) -> _Level:
    wanted, shown = (np.asarray(_resized(image, side), np.float32) for image in (target, source))
    by_y, by_x = (np.ascontiguousarray(slope) * np.float32(side / 2) for slope in np.gradient(shown))
    first, second, third = (Image.fromarray(plane) for plane in (shown, by_x, by_y))
    x, y = np.tile(_centres(side), side), np.repeat(_centres(side), side)
    columns, weighted = (np.empty((8, side * side), np.float32) for _ in range(2))
    return _Level(side, wanted.ravel(), (first, second, third), x, y, columns, weighted)


def _step(level: _Level, place: Map) -> tuple[Map, float]:
    """Return the next change of the map, (2, 3), and how much the two differ before it."""
    inside = is_inside(place, level.side).ravel()
    if inside.sum() < 64:
        return np.zeros((2, 3)), np.inf
    shown, by_x, by_y = (_moved(plane, place, level.side).ravel() for plane in level.planes)
    columns = level.columns
    columns[0], columns[1], columns[4], columns[7] = shown, 1, by_x, by_y
    for number, (slope, along) in enumerate(((by_x, level.x), (by_x, level.y)), 2):
        np.multiply(slope, along, out=columns[number])
    for number, along in enumerate((level.x, level.y), 5):
        np.multiply(by_y, along, out=columns[number])
    weighted = np.multiply(columns, _weights(level.wanted, shown, inside), out=level.weighted)
    system = (weighted @ columns.T).astype(np.float64)
    system += np.diag(_RIDGE * np.diag(system) + _RIDGE)
    system[2:, 2:] += _RIDGE * np.eye(6)
    solved = np.linalg.solve(system, (weighted @ level.wanted).astype(np.float64))
    change = (solved[2:] / max(solved[0], 0.3)).reshape(2, 3)
    residual = np.abs(level.wanted - solved[0] * shown - solved[1])[inside]
    return np.clip(change, -_LONGEST_STEP, _LONGEST_STEP), float(np.minimum(residual, _MOST).mean())


def _weights(wanted: Floats, shown: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return how much each pixel counts: less where the two differ more than they do on the whole."""
    first, second = (plane - plane[inside].mean() for plane in (wanted, shown))
    gain = np.clip((first * second)[inside].sum() / ((second**2)[inside].sum() + inside.sum()), 0.5, 2.0)
    differences = np.abs(first - gain * second)
    typical = 1.5 * np.median(differences[inside]) + _NOISE
    weights: Floats = (inside / (1 + (differences / typical) ** 2)).astype(np.float32)
    return weights


def _centres(side: int) -> Floats:
    return ((np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1).astype(np.float32)


def _resized(image: Image.Image, side: int) -> Image.Image:
    return image if image.width == side else image.resize((side, side), Image.Resampling.BOX)
