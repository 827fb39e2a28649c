"""The embedded sample: pictures that a fresh machine has, of which it is known what is alike.

Every habit has as many crystals as every other. Among them lie six exact copies, twelve near copies and one
stranger, under names that do not give them away; the truth says which they are. The same numbers give the
same bytes, whatever the number of workers: each crystal draws from a random stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, SeedSequence
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.sample.growth import grow
from pipeline.sample.habits import HABITS, draw_airs
from pipeline.sample.lattice import Wedge, lattice, refine, unfold
from pipeline.sample.lighting import draw_light
from pipeline.sample.micrograph import draw_pose, photograph, project
from pipeline.sample.plan import MINIMUM_PICTURES, Plan, Truth, draw_plan, truth_of
from pipeline.sample.planting import CHANGES, QUALITY, encode, stranger
from pipeline.sample.relief import cover_of, height_of, sharpen
from pipeline.sample.weather import weather_of

TOGETHER = 20  # crystals that grow in one batch: more no longer fit the processor's cache
MAX_STEPS = 6000  # the slowest habit takes 3000


class Sample(NamedTuple):
    """A sample: its files as pairs of path and content, made while they are read, and what is planted."""

    files: Iterator[tuple[str, bytes]]
    truth: Truth


def grow_sample(*, pictures: int, size: int, seed: int, workers: int, progress: bool) -> Sample:
    """Grow snow crystals, photograph them and plant copies and a stranger among them.

    Parameters
    ----------
    pictures : number of crystals, a multiple of 6 and >= 18; 19 more files are planted.
    size : side of the pictures in pixels, >= 32.
    seed : >= 0; the same seed gives the same sample.
    workers : processes, >= 1; does not change the sample. More than 1 are spawned, so that a script which
        calls this needs its `if __name__ == "__main__"`.
    progress : whether to show a progress bar on stderr.

    Returns
    -------
    Sample, with paths like "stellar/0012.jpg"; the order of its files is always the same.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    _check(pictures, size, workers)
    *streams, planting, pollen = SeedSequence(seed).spawn(pictures + 2)
    plan = draw_plan(pictures, np.random.default_rng(planting))
    files = _files(plan, streams, pollen, size=size, workers=workers)
    return Sample(iter(tqdm(files, "grow", plan.total, disable=not progress, unit="picture")), truth_of(plan))


def crystal_pictures(habit: str, streams: Sequence[SeedSequence], *, size: int) -> list[NDArray[np.uint8]]:
    """Grow crystals of one habit together and photograph each.

    Parameters
    ----------
    habit : one of HABITS.
    streams : a random stream for each crystal.
    size : side of the pictures in pixels, >= 32.

    Returns
    -------
    uint8 (size, size, 3) for each stream, RGB.
    """
    rngs = [np.random.default_rng(stream) for stream in streams]
    reach = min(max(size // 7, 16), 72)  # 3.5 pixels a cell; a finer lattice takes the cube of the time
    wedge = lattice(reach)
    ice = grow(wedge, weather_of([draw_airs(habit, rng) for rng in rngs]), reach=reach, max_steps=MAX_STEPS)
    surfaces = zip(ice.mass.T, ice.birth.T, ice.frozen.T, rngs, strict=True)
    return [_micrograph(wedge, *surface, reach=reach, size=size) for surface in surfaces]


def _check(pictures: int, size: int, workers: int) -> None:
    """Raise ValueError if a number is out of its range."""
    if pictures < MINIMUM_PICTURES or pictures % len(HABITS):
        raise ValueError(
            f"pictures must be a multiple of {len(HABITS)} and at least {MINIMUM_PICTURES}, got {pictures!r}"
        )
    if size < 32:
        raise ValueError(f"size must be at least 32 pixels, got {size!r}")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers!r}")


def _files(
    plan: Plan, streams: Sequence[SeedSequence], pollen: SeedSequence, *, size: int, workers: int
) -> Iterator[tuple[str, bytes]]:
    """Yield the crystals, each followed by its copy if it has one, and then the stranger."""
    copies = {crystal: (path, "exact") for crystal, path in plan.exact}
    copies |= {crystal: (path, change) for crystal, path, change in plan.near}
    for crystal, content in enumerate(_encoded_crystals(streams, size=size, workers=workers)):
        yield plan.crystals[crystal], content
        if crystal in copies:
            path, change = copies[crystal]
            yield path, content if change == "exact" else CHANGES[change](content)
    yield plan.stranger, encode(stranger(size=size, rng=np.random.default_rng(pollen)), quality=QUALITY)


def _encoded_crystals(streams: Sequence[SeedSequence], *, size: int, workers: int) -> Iterator[bytes]:
    """Yield the encoded crystals in order, grown in batches of one habit each."""
    each = len(streams) // len(HABITS)
    batches = [
        (habit, streams[number * each : (number + 1) * each][start : start + TOGETHER])
        for number, habit in enumerate(HABITS)
        for start in range(0, each, TOGETHER)
    ]
    make = partial(_encoded_batch, size=size)
    if workers == 1:
        yield from chain.from_iterable(map(make, batches))
        return
    # Steps are too short for threads to take turns: 480 pictures took two threads 29 s and two processes 18 s
    # (2026-11-23). Processes are spawned, since a fork of a process with threads can hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from chain.from_iterable(pool.map(make, batches))


def _encoded_batch(batch: tuple[str, Sequence[SeedSequence]], *, size: int) -> list[bytes]:
    """Return the encoded pictures of one batch."""
    return [encode(pixels, quality=QUALITY) for pixels in crystal_pictures(*batch, size=size)]


def _micrograph(
    wedge: Wedge,
    mass: NDArray[np.float32],
    birth: NDArray[np.float32],
    frozen: NDArray[np.bool_],
    rng: Generator,
    *,
    reach: int,
    size: int,
) -> NDArray[np.uint8]:
    """Photograph one crystal, given its columns of Ice."""
    pose = draw_pose(rng)
    surface = height_of(wedge, mass=mass, birth=birth, frozen=frozen, rng=rng)
    shown = [
        project(refine(unfold(wedge, values, reach=reach + 3)), pose, reach=2 * reach, size=size)
        for values in (cover_of(wedge, frozen), surface)
    ]
    pixels_per_cell = np.float32(pose.scale * size / (2 * reach))
    return photograph(sharpen(shown[0]), shown[1] * pixels_per_cell, draw_light(rng), rng=rng)
