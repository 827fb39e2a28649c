"""What lies where in a sample: which crystals are copied and how, and the path of every file.

Copies lie beside their originals and the stranger anywhere; numbers in a folder are shuffled, so that names
say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from pipeline.sample.habits import HABITS
from pipeline.sample.planting import CHANGES

EXACT_COPIES = 6
NEAR_COPIES = 12  # as many of each change
MINIMUM_PICTURES = EXACT_COPIES + NEAR_COPIES  # each original is copied once


class Copy(TypedDict):
    """An exact copy."""

    original: str
    copy: str


class NearCopy(Copy):
    """A near copy and how it was made, one of CHANGES."""

    change: str


class Truth(TypedDict):
    """What is planted in a sample; paths as in its files."""

    exact: list[Copy]
    near: list[NearCopy]
    stranger: str


@dataclass(frozen=True)
class Plan:
    """Where every file of a sample lies.

    Attributes
    ----------
    crystals : path of each crystal, sorted by habit.
    exact : crystal number and path of its exact copy.
    near : crystal number, path of its near copy, and the change.
    stranger : its path.
    """

    crystals: list[str]
    exact: list[tuple[int, str]]
    near: list[tuple[int, str, str]]
    stranger: str

    @property
    def total(self) -> int:
        """Number of files."""
        return len(self.crystals) + len(self.exact) + len(self.near) + 1


def draw_plan(pictures: int, rng: np.random.Generator) -> Plan:
    """Draw what is copied, where the stranger lies, and the numbers of all files in their folders.

    Parameters
    ----------
    pictures : number of crystals, a multiple of 6 and >= 18; as many of each habit, in the order of HABITS.
    rng : where the choice comes from.
    """
    habits = np.repeat(np.arange(len(HABITS)), pictures // len(HABITS))
    originals = rng.choice(pictures, MINIMUM_PICTURES, replace=False)
    everything = np.concatenate([habits, habits[originals], rng.integers(len(HABITS), size=1)])
    paths = np.empty(len(everything), dtype=object)
    for habit, name in enumerate(HABITS):
        inside = np.flatnonzero(everything == habit)
        paths[inside] = [f"{name}/{number:04d}.jpg" for number in rng.permutation(len(inside)) + 1]
    crystals, copies, (alone,) = np.split(paths, [pictures, pictures + MINIMUM_PICTURES])
    pairs = list(zip(originals.tolist(), copies.tolist(), strict=True))
    changes = sorted(CHANGES) * (NEAR_COPIES // len(CHANGES))
    near = [(*pair, change) for pair, change in zip(pairs[EXACT_COPIES:], changes, strict=True)]
    return Plan(crystals.tolist(), pairs[:EXACT_COPIES], near, alone)


def truth_of(plan: Plan) -> Truth:
    """Say what is planted."""
    names = plan.crystals
    return {
        "exact": [{"original": names[number], "copy": copy} for number, copy in plan.exact],
        "near": [{"original": names[number], "copy": copy, "change": change} for number, copy, change in plan.near],
        "stranger": plan.stranger,
    }
