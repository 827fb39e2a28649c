"""The growth of snow crystals: from the weather that each one falls through to its ice.

The model is Gravner and Griffeath's. Vapour diffuses between the cells of a hexagonal lattice; at the boundary
of the crystal it turns into a quasi-liquid, which melts a little and which freezes for good once there is
enough of it. How much is enough depends on how many neighbours are frozen, which is what makes facets, ridges
and branches. As in nature the air changes while a crystal falls, and with it the settings. (The paper's last
parameter, gamma, the melting of ice itself, is taken as 0.)

Many crystals grow at once: arrays are (cells, crystals), and a step is a dozen operations on them.

References
----------
J. Gravner, D. Griffeath, "Modeling snow crystal growth II: A mesoscopic lattice map with plausible dynamics",
Physica D 237 (2008) 385-404, doi:10.1016/j.physd.2007.09.008.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.sample.lattice import Wedge
from pipeline.sample.weather import Weather

NEVER = np.float32(np.inf)  # of the quasi-liquid that a cell needs in order to freeze


@dataclass(frozen=True)
class Ice:
    """Grown crystals; arrays are float32 (cells, crystals), 0 where there is no ice.

    Attributes
    ----------
    mass : frozen water of each cell, >= 0; larger is thicker.
    birth : length of the arms when the cell froze, in cells, > 0 except in the centre.
    frozen : which cells are ice, bool (cells, crystals).
    """

    mass: NDArray[np.float32]
    birth: NDArray[np.float32]
    frozen: NDArray[np.bool_]


def grow(wedge: Wedge, weather: Weather, *, reach: int, max_steps: int) -> Ice:
    """Grow each crystal from a single frozen cell until its arms are `reach` cells long.

    Parameters
    ----------
    wedge : the cells, from `lattice(reach)`.
    weather : the airs of each crystal.
    reach : length of the arms in cells.
    max_steps : steps after which a crystal is taken as it is.
    """
    state = _seeded(wedge, weather)
    for _ in range(max_steps):
        _diffuse(wedge, state)
        _condense(state)
        if _freeze(wedge, weather, state) and not _change_air(wedge, weather, state, reach):
            break
        _melt(state)
    frozen = state.frozen[:-1]
    return Ice(np.where(frozen, state.mass, np.float32(0)), state.birth, frozen)


@dataclass
class _State:
    """What a step changes; float32 (cells, crystals) except as noted.

    `vapour` and `frozen` have one more row, for all that is farther out.
    """

    vapour: NDArray[np.float32]
    frozen: NDArray[np.bool_]
    liquid: NDArray[np.float32]
    mass: NDArray[np.float32]
    birth: NDArray[np.float32]
    kept: NDArray[np.float32]  # part of its own vapour that a cell's next average counts: (1 + ice around) / 7
    open: NDArray[np.float32]  # 1 / 7 where vapour comes in, 0 in ice
    boundary: NDArray[np.float32]  # 1 beside the ice, else 0
    needed: NDArray[np.float32]  # quasi-liquid that freezes
    notched: NDArray[np.bool_]  # not frozen, beside exactly three that are
    length: NDArray[np.int64]  # (crystals,), of the arms
    air: NDArray[np.int64]  # (crystals,), len(weather.until) when grown
    freezing: NDArray[np.float32]  # (crystals,), the air's
    melting: NDArray[np.float32]  # (crystals,), the air's
    flow: NDArray[np.float32] = field(init=False)  # scratch
    change: NDArray[np.float32] = field(init=False)  # scratch

    def __post_init__(self) -> None:
        self.flow, self.change = np.empty_like(self.mass), np.empty_like(self.mass)


def _seeded(wedge: Wedge, weather: Weather) -> _State:
    """Return vapour everywhere around one frozen cell."""
    cells, crystals = len(wedge.q), weather.vapour.shape[1]
    state = _State(
        vapour=np.repeat(weather.vapour[:1], cells + 1, axis=0),
        frozen=np.zeros((cells + 1, crystals), np.bool_),
        liquid=np.zeros((cells, crystals), np.float32),
        mass=np.zeros((cells, crystals), np.float32),
        birth=np.zeros((cells, crystals), np.float32),
        kept=np.full((cells, crystals), 1 / 7, np.float32),
        open=np.full((cells, crystals), 1 / 7, np.float32),
        boundary=np.zeros((cells, crystals), np.float32),
        needed=np.full((cells, crystals), NEVER),
        notched=np.zeros((cells, crystals), np.bool_),
        length=np.zeros(crystals, np.int64),
        air=np.zeros(crystals, np.int64),
        freezing=weather.freezing[0].copy(),
        melting=weather.melting[0].copy(),
    )
    _attach(wedge, weather, state, np.zeros(crystals, np.int64), np.arange(crystals))
    return state


def _diffuse(wedge: Wedge, state: _State) -> None:
    """Average the vapour of each cell with its six neighbours', its own standing in for those of ice."""
    around, one = state.flow, state.change
    np.take(state.vapour, wedge.neighbours[0], axis=0, out=around, mode="clip")
    for neighbours in wedge.neighbours[1:]:
        np.take(state.vapour, neighbours, axis=0, out=one, mode="clip")
        around += one
    around *= state.open
    state.vapour[:-1] *= state.kept
    state.vapour[:-1] += around


def _condense(state: _State) -> None:
    """Turn the vapour at the boundary into ice and quasi-liquid."""
    condensed, ice = state.flow, state.change
    np.multiply(state.vapour[:-1], state.boundary, out=condensed)
    state.vapour[:-1] -= condensed
    np.multiply(condensed, state.freezing, out=ice)
    state.mass += ice
    condensed -= ice
    state.liquid += condensed


def _freeze(wedge: Wedge, weather: Weather, state: _State) -> bool:
    """Attach the cells that have enough quasi-liquid to the crystal; say whether there were any."""
    enough = state.liquid >= state.needed
    cells, crystals = _where(state.notched)
    vapour = state.vapour[cells, crystals] + state.vapour[wedge.neighbours[:, cells], crystals].sum(axis=0)
    air = state.air[crystals]
    scarce = vapour < weather.scarcity[air, crystals]
    enough[cells, crystals] |= scarce & (state.liquid[cells, crystals] >= weather.notch[air, crystals])
    cells, crystals = _where(enough)
    if len(cells):
        _attach(wedge, weather, state, cells, crystals)
    return bool(len(cells))


def _where(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of what is true."""
    # np.nonzero of two dimensions took 40 % of all the growing (2026-11-23); of one it is ten times as fast.
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns


def _melt(state: _State) -> None:
    """Return part of the quasi-liquid to the vapour."""
    melted = state.flow
    np.multiply(state.liquid, state.melting, out=melted)
    state.liquid -= melted
    state.vapour[:-1] += melted


def _attach(
    wedge: Wedge, weather: Weather, state: _State, cells: NDArray[np.int64], crystals: NDArray[np.int64]
) -> None:
    """Make cells ice."""
    state.frozen[cells, crystals] = True
    state.mass[cells, crystals] += state.liquid[cells, crystals]
    state.liquid[cells, crystals] = 0
    state.vapour[cells, crystals] = 0
    np.maximum.at(state.length, crystals, wedge.q[cells] + wedge.r[cells])
    state.birth[cells, crystals] = state.length[crystals]
    touched = np.concatenate([cells, *wedge.neighbours[:, cells]])
    _update_boundary(wedge, weather, state, touched, np.tile(crystals, 7))


def _update_boundary(
    wedge: Wedge, weather: Weather, state: _State, cells: NDArray[np.int64], crystals: NDArray[np.int64]
) -> None:
    """Work out again what depends on the ice in and around the given cells (some may lie outside)."""
    cells, crystals = cells[cells < len(wedge.q)], crystals[cells < len(wedge.q)]
    ice = state.frozen[cells, crystals]
    around = state.frozen[wedge.neighbours[:, cells], crystals].sum(axis=0)
    edge = weather.edge[state.air[crystals], crystals]
    needed = np.where(around <= 2, edge, np.where(around == 3, np.float32(1), np.float32(0)))
    beside = ~ice & (around > 0)
    state.kept[cells, crystals] = np.where(ice, 0, (1 + around) / 7)
    state.open[cells, crystals] = np.where(ice, 0, 1 / 7)
    state.boundary[cells, crystals] = beside
    state.needed[cells, crystals] = np.where(beside, needed, NEVER)
    state.notched[cells, crystals] = beside & (around == 3)


def _change_air(wedge: Wedge, weather: Weather, state: _State, reach: int) -> bool:
    """Move crystals whose arms are long enough to their next air; say whether any still grows."""
    airs = len(weather.until)
    every = np.arange(len(state.air))
    until = weather.until[np.minimum(state.air, airs - 1), every] * reach
    for crystal in np.flatnonzero((state.air < airs) & (state.length >= until)):
        _leave_air(wedge, weather, state, crystal)
    return bool((state.air < airs).any())


def _leave_air(wedge: Wedge, weather: Weather, state: _State, crystal: np.int64) -> None:
    """Put one crystal into its next air, or stop its growth after the last."""
    old, new = state.air[crystal], state.air[crystal] + 1
    if new == len(weather.until):
        state.boundary[:, crystal], state.needed[:, crystal], state.notched[:, crystal] = 0, NEVER, False
        state.air[crystal] = new
        return
    state.air[crystal] = new
    state.freezing[crystal] = weather.freezing[new, crystal]
    state.melting[crystal] = weather.melting[new, crystal]
    state.vapour[:, crystal] *= weather.vapour[new, crystal] / weather.vapour[old, crystal]
    cells = np.flatnonzero(state.boundary[:, crystal])
    _update_boundary(wedge, weather, state, cells, np.full(len(cells), crystal))
