"""What the encoder sees at each place of a picture: the file of cells, by which `compare` shows where two differ.

A cell is 8x8 pixels. Its vector joins what the stages of the encoder give there, less the folder's mean, over the
folder's spread, each stage at unit length: so a channel that is loud everywhere drowns no other, and half the squared
distance of two cells is one less their mean cosine. The pixels themselves are added: they tell a faint change where two
pictures lie well on each other, the stages where they don't (benchmarks/defects.py). Of a network of other origin no
stages are known; then the file holds the pixels alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.running import over_pictures
from pipeline.encoder.seeing import SIZE, pictures
from pipeline.graph import Graph, Value
from pipeline.pixels import Pictures

SIDE = 32  # cells on a side
_LEAST_SPREAD = 1e-3  # of a channel; one that never changes says nothing
_PIXELS = 10.0  # weight of the pixels' mean square, beside one less the cosine; 3 and 30 were tried
_NOTHING = 1e-6  # keeps a cell that is like the mean from being blown up

Array = NDArray[np.float32]
Stages = Callable[[Value], Sequence[Value]]  # from pixels (B, 3, 256, 256), [0, 1], to what each stage gives


def network_cells(
    stages: Stages, sides: Sequence[int], images: Pictures, rows: NDArray[np.int64], *, facts: dict[str, str]
) -> bytes:
    """Return the file of cells of a network: uint8 (B, 256, 256, 3) to float32 (B, 32, 32, D).

    Parameters
    ----------
    stages
        What the network's stages give of pixels.
    sides
        Height and width of each.
    images
        uint8 (N, 256, 256, 3).
    rows
        Of the pictures that means and spreads are taken of; some hundred are enough, each has 1,024 cells.
    facts
        What the file says of itself.
    """
    graph = Graph()
    for number, level in enumerate(_levels(pictures(graph), stages, sides)):
        graph.output(f"level_{number}", level)
    moments = [_moments(level) for level in over_pictures(graph.written(), images, rows, title="fit cells")]
    graph = Graph()
    planes = pictures(graph)
    found = []
    for level, (mean, spread) in zip(_levels(planes, stages, sides), moments, strict=True):
        apart = (level - mean[:, None, None]) / spread[:, None, None]
        length = ((apart**2).sum(1, keep=True) + _NOTHING).sqrt() * len(moments) ** 0.5
        found.append(apart / length)
    return _written(graph, [*found, _pixels(planes) * _PIXELS**0.5], facts)


def pixel_cells(*, facts: dict[str, str]) -> bytes:
    """Return the file that gives each cell's pixels: uint8 (B, 256, 256, 3) to float32 (B, 32, 32, 192)."""
    graph = Graph()
    return _written(graph, [_pixels(pictures(graph))], facts)


def _written(graph: Graph, planes: list[Value], facts: dict[str, str]) -> bytes:
    graph.output("cells", graph.joined(planes).ordered(0, 2, 3, 1))
    return graph.written(facts)


def _pixels(levels: Value) -> Value:
    """Scale pixels so that half the squared distance of two cells is their mean square difference, in [0, 1]."""
    size = SIZE // SIDE
    scaled = levels * ((2 / size**2 / 3) ** 0.5 / 255)
    return levels.graph.node("SpaceToDepth", scaled, blocksize=size)  # (B, 192, 32, 32)


def _levels(levels: Value, stages: Stages, sides: Sequence[int]) -> list[Value]:
    return [_gridded(stage, side) for stage, side in zip(stages(levels / 255.0), sides, strict=True)]


def _gridded(stage: Value, side: int) -> Value:
    """Return a stage (B, C, side, side) on the grid of cells: mean and largest where finer, repeated where coarser.

    The largest as well, because a scratch is thinner than a cell.
    """
    if side > SIDE:
        size = side // SIDE
        return stage.graph.joined([stage.averaged(size, size), stage.maxima(size, size)])  # (B, 2 C, 32, 32)
    scales = np.array([1, 1, SIDE // side, SIDE // side], np.float32)
    return stage if side == SIDE else stage.resized(scales)


def _moments(level: Array) -> tuple[Array, Array]:
    """Return mean and spread (C,) of each channel of a level (N, C, 32, 32), over all cells."""
    cells = level.transpose(0, 2, 3, 1).reshape(-1, level.shape[1])
    return cells.mean(axis=0), np.maximum(cells.std(axis=0), _LEAST_SPREAD)
