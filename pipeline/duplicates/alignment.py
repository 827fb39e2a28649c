"""Lays one picture over another: a crop, a border or a stretched side moves and scales what a picture shows.

The warp scales and shifts each axis by itself, so that it is two small matrix products. It is found by
Gauss-Newton steps from coarse to fine, together with gain and offset of the light, and with weights that fall
with the difference: else a watermark or a border would pull at it (Evangelidis and Psarakis 2008,
doi:10.1109/TPAMI.2008.113, for steps that light doesn't disturb).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LARGEST = 0.25  # of a warp's four numbers; a border of 10 % on every side is a scale of 0.8
_LONGEST_STEP = 0.08
_NOISE = 2.0  # levels of 255 that JPEG alone changes
_RIDGE = 0.1  # keeps a blank picture's system solvable


def align(
    targets: Mapping[int, Floats], sources: Mapping[int, Floats], warps: Floats, *, steps: Sequence[tuple[int, int]]
) -> Floats:
    """Refine warps from coarse to fine so that the sources, warped, look like the targets.

    Parameters
    ----------
    targets, sources
        Grey pictures of several sides: {side: float32 (M, side, side), [0, 255]}.
    warps
        (M, 4) where to begin: scale and shift along x, then along y. What lies at x in the target, with x from
        -1 to 1, lies at x (1 + scale) + shift in the source.
    steps
        Pairs of side and number of steps, in their order.

    Returns
    -------
    warps
        (M, 4) float32, each number from -0.25 to 0.25.
    """
    for side, count in steps:
        warps = _refine(targets[side], sources[side], warps, count)
    return warps


def warp(pictures: Floats, warps: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return warped pictures, (M, C, side, side), and which pixels their sources have: (M, 1, side, side)."""
    side = pictures.shape[-1]
    across, inside_x = _interpolation(warps[:, 0], warps[:, 1], side)
    down, inside_y = _interpolation(warps[:, 2], warps[:, 3], side)
    inside = inside_y[:, None, :, None] & inside_x[:, None, None, :]
    warped = np.matmul(np.matmul(down[:, None], pictures), across.transpose(0, 2, 1)[:, None], dtype=np.float32)
    return warped, inside


def _refine(targets: Floats, sources: Floats, warps: Floats, count: int) -> Floats:
    """Take `count` Gauss-Newton steps at one side; the six unknowns are gain, offset and the warp's change."""
    side = targets.shape[-1]
    places = _places(side)
    slopes = [np.gradient(sources, axis=axis) * np.float32(side / 2) for axis in (2, 1)]
    layers = np.stack([sources, *slopes], axis=1)  # (M, 3, S, S)
    wanted = targets.reshape(len(targets), -1, 1)  # (M, S^2, 1)
    for _ in range(count):
        warped, inside = warp(layers, warps)
        shown, by_x, by_y = warped[:, 0], warped[:, 1], warped[:, 2]
        columns = np.stack([shown, np.ones_like(shown), by_x * places, by_x, by_y * places[:, None], by_y], axis=1)
        columns = columns.reshape(len(shown), 6, -1)  # (M, 6, S^2)
        weighted = columns * _weights(targets, shown, inside)[:, None]
        system = weighted @ columns.transpose(0, 2, 1) + _RIDGE * np.eye(6, dtype=np.float32)
        solved = np.linalg.solve(system, weighted @ wanted)[..., 0]  # (M, 6)
        change = solved[:, 2:] / np.maximum(solved[:, :1], 0.2)
        warps = np.clip(warps + np.clip(change, -_LONGEST_STEP, _LONGEST_STEP), -_LARGEST, _LARGEST)
    return warps.astype(np.float32)


def _weights(targets: Floats, shown: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return how much each pixel counts, (M, S^2): less where the pictures differ more than on the whole."""
    count = len(targets)
    weights = inside.reshape(count, -1).astype(np.float32)
    total = weights.sum(axis=1, keepdims=True) + 1
    first, second = targets.reshape(count, -1), shown.reshape(count, -1)
    first = first - (first * weights).sum(axis=1, keepdims=True) / total
    second = second - (second * weights).sum(axis=1, keepdims=True) / total
    products, squares = (first * second * weights).sum(axis=1), (second * second * weights).sum(axis=1)
    gain = np.clip(products / (squares + 1), 0.5, 2.0)[:, None]
    differences = np.abs(first - gain * second)
    typical = 2 * differences.mean(axis=1, keepdims=True) + _NOISE
    robust: Floats = weights / (1 + (differences / typical) ** 2)
    return robust


def _places(side: int) -> Floats:
    """Return the centres of pixels, from -1 to 1."""
    return (np.arange(side, dtype=np.float32) + 0.5) * np.float32(2 / side) - 1


def _interpolation(scales: Floats, shifts: Floats, side: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the matrices that interpolate along one axis, (M, side, side), and which places they have: (M, side)."""
    places = (_places(side) * (1 + scales[:, None]) + shifts[:, None] + 1) * np.float32(side / 2) - np.float32(0.5)
    inside = (places >= -0.5) & (places <= side - 0.5)
    distances = np.abs(np.clip(places, 0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32))
    return np.maximum(0, 1 - distances), inside
