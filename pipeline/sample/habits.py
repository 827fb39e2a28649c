"""The six habits of the sample: the range of weathers that grows each, found by looking at what grew.

The names follow Magono and Lee's classes of natural snow: hexagonal plate (P1a), crystal with broad sectors
(P1c), stellar crystal (P1d), fernlike crystal (P1f), plate with dendritic extensions (P2g) and stellar crystal
with plates at its ends (P2a).

References
----------
C. Magono, C. W. Lee, "Meteorological classification of natural snow crystals", Journal of the Faculty of
Science, Hokkaido University, Series 7, 2 (1966) 321-335.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
Air = tuple[Range, Range, Range, Range, Range, Range, Range]  # in the order of Weather's attributes

RECIPES: dict[str, tuple[Air, ...]] = {
    "hexagonal_plate": (
        ((0.93, 1.00), (2.0, 2.5), (0.1, 0.2), (0.05, 0.06), (0.003, 0.010), (0.02, 0.06), (0.20, 0.45)),
        ((0.95, 1.00), (2.5, 2.9), (0.1, 0.1), (0.05, 0.06), (0.005, 0.040), (0.01, 0.02), (0.55, 0.75)),
        ((0.97, 1.00), (2.5, 2.8), (0.1, 0.1), (0.05, 0.06), (0.003, 0.010), (0.01, 0.02), (1.0, 1.0)),
    ),
    "sectored_plate": (
        ((0.90, 1.00), (1.9, 2.4), (0.1, 0.3), (0.03, 0.03), (0.005, 0.005), (0.05, 0.09), (0.15, 0.40)),
        ((0.95, 1.00), (1.8, 2.0), (0.15, 0.3), (0.03, 0.03), (0.005, 0.005), (0.06, 0.09), (1.0, 1.0)),
    ),
    "stellar": (((0.44, 0.54), (1.15, 1.28), (0.1, 0.4), (0.0, 0.0), (0.07, 0.14), (0.005, 0.02), (1.0, 1.0)),),
    "fern": (((0.85, 1.00), (1.3, 1.5), (0.15, 0.4), (0.0, 0.005), (0.02, 0.05), (0.04, 0.06), (1.0, 1.0)),),
    "branched_plate": (
        ((0.92, 1.00), (2.0, 2.6), (0.1, 0.1), (0.05, 0.05), (0.005, 0.005), (0.02, 0.04), (0.35, 0.50)),
        ((0.50, 0.70), (1.2, 1.45), (0.1, 0.4), (0.0, 0.02), (0.01, 0.1), (0.01, 0.04), (1.0, 1.0)),
    ),
    "plate_ended": (
        ((0.50, 0.70), (1.2, 1.4), (0.1, 0.4), (0.01, 0.02), (0.01, 0.1), (0.01, 0.03), (0.55, 0.68)),
        ((0.92, 1.00), (2.0, 2.4), (0.15, 0.15), (0.04, 0.04), (0.005, 0.005), (0.05, 0.07), (1.0, 1.0)),
    ),
}
HABITS: tuple[str, ...] = tuple(RECIPES)


def draw_airs(habit: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the airs of one crystal, each setting evenly from its range.

    Parameters
    ----------
    habit : one of HABITS.
    rng : where the settings come from.

    Returns
    -------
    float32 (airs, 7), columns in the order of Weather's attributes.
    """
    low, high = np.moveaxis(np.array(RECIPES[habit]), -1, 0)  # (airs, 7) each
    return np.asarray(rng.uniform(low, high), np.float32)
