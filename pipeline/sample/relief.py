"""The surface of a crystal: from what grew on the lattice to where ice is and how high it stands.

The automaton knows the mass of each cell, which gives the ridges along the arms and the marks of changing air.
To those come what the lattice is too coarse for: bevelled edges, and terraces along former outlines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.sample.lattice import Wedge, smooth

THICK = 0.97  # quantile of the mass that counts as thick: a few cells hold many times as much as the rest
OUTLINE = np.float32(0.36)  # cover where the outline runs; at a half, branches one cell wide would break
EDGE = 4  # steepness of the outline: at 1 it is as blurred as the lattice is coarse, above 4 corners show


def cover_of(wedge: Wedge, frozen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far inside the ice each cell lies.

    Parameters
    ----------
    wedge : the cells.
    frozen : which are ice, bool (cells,).

    Returns
    -------
    float32 (cells,), [0, 1]; larger is farther inside.
    """
    return smooth(wedge, frozen.astype(np.float32), times=1)


def sharpen(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn interpolated cover into a crisp outline.

    Parameters
    ----------
    cover : float32, any shape, about [0, 1].

    Returns
    -------
    float32 of the same shape, [0, 1].
    """
    steep: NDArray[np.float32] = (cover - OUTLINE) * np.float32(EDGE) + np.float32(0.5)
    return np.clip(steep, 0, 1)


def height_of(
    wedge: Wedge,
    *,
    mass: NDArray[np.float32],
    birth: NDArray[np.float32],
    frozen: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return how high the ice stands.

    Parameters
    ----------
    wedge : the cells.
    mass, birth, frozen : of one crystal, (cells,) each, as in Ice.
    rng : where the strength of edges, ridges and terraces comes from.

    Returns
    -------
    float32 (cells,), >= 0, in cells; larger is nearer to the lens.
    """
    ice = frozen.astype(np.float32)
    edges = smooth(wedge, ice, times=int(rng.integers(3, 7))) * ice
    ridges = np.clip(mass / np.quantile(mass[frozen], THICK), 0, 1.2)
    terraces = _terraces(birth / birth.max(), rng) * ice
    height = rng.uniform(2.5, 3.5) * edges + rng.uniform(2.5, 4.0) * ridges + terraces
    return smooth(wedge, height.astype(np.float32), times=1)


def _terraces(age: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return low steps up and down along outlines that the crystal once had; `age` is [0, 1]."""
    number = rng.integers(3, 9)
    places, heights = rng.uniform(0.1, 0.97, number), rng.normal(0, 0.45, number)
    steps = np.tanh((age[:, None] - places) * 50) @ heights  # (cells,)
    core = rng.uniform(0.8, 1.6) / (1 + np.exp((age - rng.uniform(0.12, 0.35)) * 40))
    return np.asarray(steps + core - steps.min(), np.float32)
