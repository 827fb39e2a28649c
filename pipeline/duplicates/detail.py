"""Says which of two copies has more real detail, at equal content: not which one has more pixels or bytes.

Five windows of the finer one's pixels are looked at in both, in octaves of their detail. What scaling down or coarse
coding took away is missing in one, and what is there then doesn't go along with the other. Sharpening and softening
change the strength of a detail alone, so from them nobody can tell which was first.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pipeline.duplicates.overlay import Map

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

_WINDOW = 192
_MIDDLES = ((0.25, 0.25), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75), (0.75, 0.75))
_OCTAVES = (1, 2, 4)  # standard deviations in pixels
_MORE, _FLOOR = 1.3, 0.5  # times the other's detail, and squared levels that JPEG adds
_ALONG = 0.93  # correlation of the finest detail of two pictures that only differ in its strength
_SHARPER = 1.35
_GRAIN = 0.8  # correlation of the finest detail where two pictures of one scene have each their own noise
_OTHER_GRAIN, _FAR_MORE = 0.5, 2.0  # the same, where one of them has up to so much more detail
_GRAIN_WORDS = "its noise differs from that of the one to keep: it may be another shot or scan"
_BLOCKS = 0.08  # by so much more the seams of 8x8 blocks stand out, where one was coded more coarsely
_SMOOTH, _MOVES, _FARTHEST, _NEAR = 1.5, 4, 4.0, 0.02  # pixels, steps, pixels, pixels
_SAME_SIZE = 0.02
_PERIOD = 8  # of JPEG's blocks


@dataclass(frozen=True)
class Detail:
    """Which of two has more real detail: 1 the first, -1 the second, 0 neither; and why that can't be told, or ""."""

    more: int
    doubt: str = ""


def compare_detail(first: Grey, second: Grey, place: Map) -> Detail:
    """Compare the detail of two originals, uint8 (H, W) each, by the map that lays the second one over the first."""
    size = _frame(first, second, place)
    energies = np.zeros((len(_OCTAVES), 3))  # of the first, of the second, of both
    own = np.array([[1.0, 0, 0], [0, 1, 0]])
    for middle in _MIDDLES:
        wanted = _window(first, own, size, middle)
        shown = _closest(wanted, second, place, size, middle)
        for octave, (one, other) in enumerate(zip(_octaves(wanted), _octaves(shown), strict=True)):
            energies[octave] += (one**2).mean(), (other**2).mean(), (one * other).mean()
    energies /= len(_MIDDLES)
    has_one_grid = abs(first.size / second.size - 1) < _SAME_SIZE  # else what the seams are is not the same
    return _judged(energies, blocks(first) - blocks(second) if has_one_grid else 0.0)


def blocks(grey: Grey) -> float:
    """Return how much the seams of JPEG's 8x8 blocks stand out: 1 where there are none, 1.5 for a bad JPEG."""
    ratios = []
    for lines in (grey, grey.T):
        steps = np.abs(np.diff(lines[: 1 << 11].astype(np.int16), axis=1)).mean(axis=0)
        count = (len(steps) - 1) // _PERIOD * _PERIOD
        if count < 2 * _PERIOD:
            return 1.0
        phases = steps[:count].reshape(-1, _PERIOD).mean(axis=0)
        ratios.append((phases.max() + 0.1) / (np.median(phases) + 0.1))  # a crop moves the seams
    return float(min(ratios))


def _judged(energies: NDArray[np.float64], coarser: float) -> Detail:
    """Judge by the energies (octaves, 3) of first, second and both; coarser > 0 if the first is coded more coarsely."""
    light = (energies[-1, 0] + 1e-3) / (energies[-1, 1] + 1e-3)  # that of the coarsest octave, which both have
    one, other, both = energies[:, 0], energies[:, 1] * light, energies[:, 2] * np.sqrt(light)
    along = both / np.sqrt(one * other + 1e-9)
    larger, smaller = np.maximum(one, other), np.minimum(one, other)
    strength = (larger > np.array([_SHARPER, _SHARPER, np.inf]) * smaller + _FLOOR / 5) & (along > _ALONG)
    if strength.any():
        return Detail(0, "sharper or softer: which was first can't be told")
    if along[0] >= _ALONG:
        return Detail(0)
    is_even = abs(coarser) <= _BLOCKS
    if is_even and along[0] < _OTHER_GRAIN and larger[0] < _FAR_MORE * smaller[0]:
        return Detail(0, _GRAIN_WORDS)
    if larger[0] > _MORE * smaller[0] + _FLOOR:
        side = 1 if one[0] > other[0] else -1
        is_coding = side * coarser > _BLOCKS  # then it may be the coding's own traces that are more
        return (
            Detail(0, "coded more coarsely, or sharper: which was first can't be told") if is_coding else Detail(side)
        )
    if is_even and along[0] < _GRAIN:
        return Detail(0, _GRAIN_WORDS)
    return Detail(0 if is_even else -int(np.sign(coarser)))


def _frame(first: Grey, second: Grey, place: Map) -> tuple[int, int]:
    """Return width and height of the first picture at the finer sampling of the two."""
    across, down = (np.hypot(*place[:, axis]) for axis in (0, 1))
    height, width = (max(first.shape[0], second.shape[0] * down), max(first.shape[1], second.shape[1] * across))
    return max(1, round(float(width))), max(1, round(float(height)))


def _closest(wanted: Floats, grey: Grey, place: Map, size: tuple[int, int], middle: tuple[float, float]) -> Floats:
    """Return a window moved by the parts of a pixel that the map, found on smaller pictures, is wrong by."""
    move = np.zeros(2)
    aim = ndimage.gaussian_filter(wanted - wanted.mean(), _SMOOTH)
    for _ in range(_MOVES):
        nudge = np.array([[0, 0, 2 * move[0] / size[0]], [0, 0, 2 * move[1] / size[1]]])
        window = _window(grey, place @ np.vstack([np.eye(2, 3) + nudge, [0, 0, 1]]), size, middle)
        shown = ndimage.gaussian_filter(window - window.mean(), _SMOOTH)
        shown *= np.float32((aim.std() + 0.1) / (shown.std() + 0.1))
        slopes = np.stack([slope.ravel() for slope in np.gradient(shown)[::-1]])  # (2, H W)
        system = slopes @ slopes.T + np.eye(2)
        step = np.linalg.solve(system, slopes @ (aim - shown).ravel())
        if np.abs(step).max() < _NEAR:
            break
        move = np.clip(move + step, -_FARTHEST, _FARTHEST)
    return window


def _window(grey: Grey, place: Map, size: tuple[int, int], middle: tuple[float, float]) -> Floats:
    """Return a window of the frame as a picture shows it that lies there by the map."""
    sides = [min(_WINDOW, length) for length in size]
    starts = [round(share * (length - side)) for share, length, side in zip(middle, size, sides, strict=True)]
    halves = [grey.shape[1] / 2, grey.shape[0] / 2]
    numbers: list[float] = []
    for axis in (0, 1):  # the frame's pixel (u, v) lies at (2 u / W - 1, 2 v / H - 1)
        slopes = [place[axis, other] * 2 / size[other] * halves[axis] for other in (0, 1)]
        begin = place[axis] @ np.array([2 * starts[0] / size[0] - 1, 2 * starts[1] / size[1] - 1, 1])
        numbers += [*slopes, (begin + 1) * halves[axis]]
    image = Image.fromarray(grey)
    window = image.transform((sides[0], sides[1]), Image.Transform.AFFINE, numbers, Image.Resampling.BICUBIC)
    return np.asarray(window, np.float32)


def _octaves(window: Floats) -> list[Floats]:
    """Return the detail of a window in octaves, the finest first."""
    smooth = [window, *(ndimage.gaussian_filter(window, deviation) for deviation in _OCTAVES)]
    return [finer - coarser for finer, coarser in itertools.pairwise(smooth)]
