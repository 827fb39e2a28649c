"""The hexagonal lattice on which crystals grow: one wedge of it, and how that unfolds into the whole.

A crystal has twelve symmetries, so one twelfth of it determines the rest: the cells with 0 <= r <= q in axial
coordinates (q along an arm, r at 60 degrees to it). A neighbour outside the wedge is folded back in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1))
MARGIN = 1.15  # radius of the lattice in lengths of a grown arm: narrower, the arms feel the rim


@dataclass(frozen=True)
class Wedge:
    """The twelfth of a round hexagonal lattice that determines the rest.

    Attributes
    ----------
    q, r : axial coordinates, int64 (cells,), 0 <= r <= q; cell 0 is the centre.
    neighbours : cell numbers, int64 (6, cells); the number `cells` stands for all that is farther out.
    numbers : cell number by [q, r], int64 (radius + 3, radius + 3); `cells` where there is none.
    """

    q: NDArray[np.int64]
    r: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    numbers: NDArray[np.int64]


def lattice(reach: int) -> Wedge:
    """Number the cells of a wedge in which arms of `reach` cells can grow.

    Parameters
    ----------
    reach : length of the arms in cells, >= 4.
    """
    if reach < 4:
        raise ValueError(f"reach must be at least 4 cells, got {reach!r}")
    radius = int(np.ceil(MARGIN * reach))
    r, q = np.mgrid[0 : radius + 1, 0 : radius + 1]
    inside = (r <= q) & (q * q + q * r + r * r <= radius * radius)
    q, r = q[inside], r[inside]
    numbers = np.full((radius + 3, radius + 3), len(q))
    numbers[q, r] = np.arange(len(q))
    neighbours = np.stack([_numbers_at(numbers, q + dq, r + dr) for dq, dr in NEIGHBOURS])
    return Wedge(q, r, neighbours, numbers)


def smooth(wedge: Wedge, values: NDArray[np.float32], *, times: int) -> NDArray[np.float32]:
    """Average each cell, `times` times over, half with itself and half with its six neighbours.

    Parameters
    ----------
    wedge : the cells.
    values : float32 (cells,), finite; taken as 0 beyond the lattice.
    times : >= 0; larger is smoother.

    Returns
    -------
    float32 (cells,), between 0 and the largest value.
    """
    for _ in range(times):
        around = np.append(values, np.float32(0))[wedge.neighbours].sum(axis=0)  # (cells,)
        values = values / np.float32(2) + around / np.float32(12)
    return values


def unfold(wedge: Wedge, values: NDArray[np.float32], *, reach: int) -> NDArray[np.float32]:
    """Mirror the values of one wedge into a whole crystal.

    Parameters
    ----------
    wedge : the cells.
    values : float32 (cells,), finite.
    reach : cells shown on each side of the centre, >= 0.

    Returns
    -------
    float32 (2 reach + 1, 2 reach + 1), rows r and columns q from -reach to reach; 0 outside the lattice.
    """
    axis = np.arange(-reach, reach + 1)
    q, r = np.meshgrid(axis, axis)
    return np.append(values, np.float32(0))[_numbers_at(wedge.numbers, q, r)]


def refine(crystal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halve the distance between the cells of an unfolded map, smoothly and alike in all six directions.

    Pictures are drawn by interpolation along q and r alone, which leaves steps on edges at 120 degrees to them;
    on half-sized cells they are too small to be seen.

    Parameters
    ----------
    crystal : float32 (rows, rows), 0 along its rim.

    Returns
    -------
    float32 (2 rows - 1, 2 rows - 1).
    """
    rows = len(crystal)
    fine = np.zeros((2 * rows - 1, 2 * rows - 1), np.float32)
    fine[::2, ::2] = crystal
    fine += _sum_around(fine) / np.float32(2)  # every new cell lies between two old ones
    return fine / np.float32(2) + _sum_around(fine) / np.float32(12)


def _sum_around(crystal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum the six neighbours of each cell of an unfolded map with an empty rim."""
    total = np.zeros_like(crystal)
    for q, r in NEIGHBOURS:
        total += np.roll(crystal, (r, q), axis=(0, 1))
    return total


def _numbers_at(numbers: NDArray[np.int64], q: NDArray[np.int64], r: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of any cells, folded into the wedge by the twelve symmetries."""
    # Of |q|, |r| and |q + r| the largest is the sum of the others, and those are the wedge's q and r.
    small, middle, _ = np.sort(np.abs(np.stack([q, r, q + r])), axis=0)
    last = len(numbers) - 1
    found: NDArray[np.int64] = numbers[np.minimum(middle, last), np.minimum(small, last)]
    return found
