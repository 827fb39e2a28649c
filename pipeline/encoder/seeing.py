"""What a graph makes of the pictures before anything looks at them, and how much there is to see in each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.blankness import CELL, GRAIN, POWER, SHAPE
from pipeline.encoder.gradients import votes
from pipeline.graph import Graph, Value

SIZE = 256


@dataclass(frozen=True)
class Seen:
    """Pictures within a graph, as planes of channels.

    levels  (B, 3, 256, 256), [0, 255]
    pixels  (B, 3, 128, 128), [0, 1]
    votes   (B, 9, 128, 128), how strongly each pixel changes in each direction
    """

    levels: Value
    pixels: Value
    votes: Value


def pictures(graph: Graph) -> Value:
    """Add the input of every file of this room, uint8 (B, 256, 256, 3); return it as planes (B, 3, 256, 256)."""
    given = graph.input("pictures", "uint8", SIZE, SIZE, 3)
    return graph.node("Cast", given.ordered(0, 3, 1, 2), to=1)  # to float32


def seen(graph: Graph) -> Seen:
    """Add the input, the pictures at half their size, and their gradients."""
    levels = pictures(graph)
    pixels = (levels / 255.0).averaged(2, 2)
    return Seen(levels, pixels, votes(pixels))


def visibility(levels: Value) -> Value:
    """Return how much there is to see in planes (B, 3, H, W): (B, 1), from 0 to 1, as `blankness` says."""
    spreads = _variance(levels.averaged(CELL, CELL)) / SHAPE**2 + _variance(levels) / GRAIN**2  # (B, 3)
    there = spreads.mean(1, keep=True) ** POWER
    return there / (there + 1)


def with_blank(embeddings: Value, levels: Value, blank: NDArray[np.float32]) -> Value:
    """Return embeddings (B, D) at unit length, in place of those of blank pictures the one that all of these have.

    Between blank and not there is no step (see `pipeline.encoder.blankness`).
    """
    share = visibility(levels)
    return (embeddings.unit() * share + (1 - share) * blank).unit()


def _variance(planes: Value) -> Value:
    return ((planes - planes.mean(2, 3, keep=True)) ** 2).mean(2, 3)
