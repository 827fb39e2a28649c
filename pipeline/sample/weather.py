"""The weather that crystals grow in: the airs that each one falls through, with the settings of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Weather:
    """The airs that each crystal falls through, in order; arrays are float32 (airs, crystals).

    Attributes
    ----------
    vapour : in a cell far away, rho in the paper, (0, 1]; larger grows faster and more branched.
    edge : quasi-liquid that freezes beside 1 or 2 frozen cells, beta, >= 1; larger is more facetted.
    notch : quasi-liquid that freezes beside 3 where vapour is scarce, alpha, > 0; else it takes 1.
    scarcity : vapour in a cell and its neighbours below which it is scarce, theta, >= 0.
    freezing : part of the vapour at the boundary that freezes at once, kappa, [0, 1].
    melting : part of the quasi-liquid that becomes vapour in a step, mu, [0, 1].
    until : length of the arms at which the air changes, [0, 1] of the final one; 1 in the last row.
    """

    vapour: NDArray[np.float32]
    edge: NDArray[np.float32]
    notch: NDArray[np.float32]
    scarcity: NDArray[np.float32]
    freezing: NDArray[np.float32]
    melting: NDArray[np.float32]
    until: NDArray[np.float32]


def weather_of(airs: Sequence[NDArray[np.float32]]) -> Weather:
    """Put the airs of several crystals side by side.

    Parameters
    ----------
    airs : as from `draw_airs`, as many rows for each crystal.
    """
    return Weather(*np.ascontiguousarray(np.stack(airs, axis=-1).swapaxes(0, 1)))
