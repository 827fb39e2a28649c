"""Words of gradients: which small shapes are where in a picture, in a dictionary learnt from the folder itself.

A shape is what some cells of 8x8 pixels hold in nine directions, at unit length, cut off at 0.2 and scaled again. Those
of the folder are whitened to 64 numbers, scaled once more and sorted into 256 clusters, whose centres are the words. A
picture is described by how much its shapes are like each word, beyond what nine in ten are, averaged over 3x3 places.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.dictionary import SAMPLES, Dictionary, centres, drawn_from
from pipeline.encoder.pooling import rooted
from pipeline.encoder.running import over_pictures
from pipeline.encoder.seeing import seen
from pipeline.graph import Graph, Value
from pipeline.pixels import Pictures
from pipeline.vectors import unit

NARROW, WIDE = 4, 6  # cells on a side of a shape: what it sees of a thing, a part or more

_CELL = 8  # pixels on a side
_SIDE = 16  # cells of a picture
_CLIP = 0.2
_SOFTENING = 0.01  # keeps the noise of an even place from being blown up
_FAINT = 0.01  # of a shape's squares once cut off: one that has less counts for less
_DIMENSIONS = 64
_NOISE = 0.02  # of the largest spread, added to that of each direction before it is whitened
_NOTHING = 1e-6  # added below a root
_WORDS = 256
_THRESHOLDED = 20_000  # shapes that thresholds are taken of
_PERCENTILE = 90  # of the likeness to a word: below it a shape doesn't count for it
_GRID = 3  # cells that a picture is described by, on a side
_POOL = 5  # places that are averaged to a cell, on a side; cells overlap
# mean of what words count, below which it is rounding; of photographs 0.008 at least, of noise of one grey level 0.012,
# which is no rounding (2026-11)
_SPOKEN = 5e-5


@dataclass(frozen=True)
class Vocabulary:
    """Words of shapes of so many cells on a side.

    whitening  turns shapes (B, S, h, w) into whitened ones: 64 filters of one place
    words      tells how like each word they are, beyond its threshold, which is its bias: W filters of one place
    """

    cells: int
    whitening: Dictionary
    words: Dictionary


def learn(pictures: Pictures, rows: NDArray[np.int64], *, cells: int, seed: int) -> Vocabulary:
    """Learn words of shapes of so many cells from at most 2,000 of the given rows of pictures, uint8 (N, 256, 256, 3).

    References
    ----------
    Csurka, Dance, Fan, Willamowski and Bray, "Visual categorization with bags of keypoints", ECCV workshop 2004; Lowe,
    "Distinctive image features from scale-invariant keypoints", IJCV 2004, doi:10.1023/B:VISI.0000029664.99615.94; that
    words are better of whitened ones: Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature
    learning", AISTATS 2011.
    """
    graph = Graph()
    graph.output("shapes", _shapes(seen(graph).votes, cells))
    (found,) = over_pictures(graph.written(), pictures, drawn_from(rows), title="words")  # (M, S, h, w)
    generator = np.random.default_rng(seed)
    places = found.reshape(len(found), found.shape[1], -1)
    drawn = generator.integers(0, places.shape[2], (len(places), 1, SAMPLES))
    shapes = np.take_along_axis(places, drawn, axis=2).transpose(0, 2, 1).reshape(-1, places.shape[1])
    mean = shapes.mean(axis=0)
    spreads, directions = (
        array[..., ::-1][..., :_DIMENSIONS] for array in np.linalg.eigh(np.cov(shapes, rowvar=False))
    )
    whitening = directions / np.sqrt(np.maximum(spreads, 0) + _NOISE * spreads[0] + _NOTHING)  # (S, 64)
    white = unit((shapes - mean) @ whitening).astype(np.float32)
    words = centres(white, words=_WORDS, seed=seed)
    least = np.percentile(white[:_THRESHOLDED] @ words.T, _PERCENTILE, axis=0)
    return Vocabulary(cells, _as_filters(whitening, mean @ whitening), _as_filters(words.T, least))


def rooted_counts(vocabulary: Vocabulary, votes: Value) -> Value:
    """Return the roots of how much of each word is where, of votes (B, 9, 128, 128): (B, 9 W) at unit length.

    It is shorter where there is hardly anything.
    """
    shapes = _shapes(votes, vocabulary.cells)
    there = (shapes**2).sum(1, keep=True).sqrt()  # 1, and 0 where a place is even, which is like no word
    white = shapes.filtered(vocabulary.whitening.kernel) - there * vocabulary.whitening.bias
    white = white / ((white**2).sum(1, keep=True) + _NOTHING).sqrt()
    likeness = (white.filtered(vocabulary.words.kernel) - vocabulary.words.bias).relu() * there  # (B, W, h, w)
    step = (_SIDE - vocabulary.cells + 1 - _POOL) // (_GRID - 1)
    return rooted(likeness.averaged(_POOL, step).ordered(0, 2, 3, 1).flat(), _SPOKEN)


def _shapes(votes: Value, size: int) -> Value:
    """Return the shapes of all windows of cells of votes (B, 9, 128, 128): (B, 9 size^2, 17 - size, 17 - size).

    They have unit length, or less where they are faint.
    """
    cells = votes.averaged(_CELL, _CELL) * _CELL**2  # (B, 9, 16, 16)
    end = _SIDE - size + 1
    parts = [cells.cut(2, y, y + end).cut(3, x, x + end) for y in range(size) for x in range(size)]
    windows = votes.graph.joined(parts)
    clipped = (windows / ((windows**2).sum(1, keep=True) + _SOFTENING).sqrt()).at_most(_CLIP)
    return clipped / ((clipped**2).sum(1, keep=True) + _FAINT).sqrt()


def _as_filters(directions: NDArray[np.floating], bias: NDArray[np.floating]) -> Dictionary:
    """Return directions (S, D) and a number for each as filters of one place."""
    return Dictionary(directions.T[:, :, None, None].astype(np.float32), bias[:, None, None].astype(np.float32))
