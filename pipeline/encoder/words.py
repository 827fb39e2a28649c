"""Words of gradients: which small shapes are where in a picture, in a dictionary learnt from the folder itself.

A shape is what 4x4 cells of 8 pixels hold in nine directions, at unit length, cut off at 0.2 and scaled again. Those of
the folder are brought to 64 principal components and sorted into 256 clusters, whose centres are the words. A picture
is described by how much its shapes are like each word, beyond what nine in ten are, averaged over 3x3 places.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.dictionary import SAMPLES, Dictionary, centres, drawn_from
from pipeline.encoder.pooling import rooted
from pipeline.encoder.running import over_pictures
from pipeline.encoder.seeing import seen
from pipeline.graph import Graph, Value

_CELL = 8  # pixels on a side
_SIDE = 16  # cells of a picture
_WINDOW = 4  # cells on a side
_CLIP = 0.2
_SOFTENING = 0.01  # keeps the noise of an even place from being blown up
_FAINT = 0.01  # of a shape's squares once cut off: one that has less counts for less
_DIMENSIONS = 64
_WORDS = 256
_THRESHOLDED = 20_000  # shapes that thresholds are taken of
_PERCENTILE = 90  # of the likeness to a word: below it a shape doesn't count for it
_POOL, _STEP = 5, 4  # places that are averaged, on a side, and how far apart: 13 make 3
_SPOKEN = (
    5e-5  # mean of what words count, below which it is rounding; of photographs 0.003 at least, as of noise of one
)
# grey level, which is no rounding (2026-11)


def learn(pictures: NDArray[np.uint8], rows: NDArray[np.int64], *, seed: int) -> Dictionary:
    """Learn the words from at most 2,000 of the given rows of pictures, uint8 (N, 256, 256, 3).

    References
    ----------
    Csurka, Dance, Fan, Willamowski and Bray, "Visual categorization with bags of keypoints", ECCV workshop 2004; Lowe,
    "Distinctive image features from scale-invariant keypoints", IJCV 2004, doi:10.1023/B:VISI.0000029664.99615.94.
    """
    graph = Graph()
    graph.output("shapes", _shapes(seen(graph).votes))
    (found,) = over_pictures(graph.written(), pictures, drawn_from(rows), title="words")  # (M, 144, 13, 13)
    generator = np.random.default_rng(seed)
    places = found.reshape(len(found), found.shape[1], -1)
    drawn = generator.integers(0, places.shape[2], (len(places), 1, SAMPLES))
    shapes = np.take_along_axis(places, drawn, axis=2).transpose(0, 2, 1).reshape(-1, places.shape[1])
    mean = shapes.mean(axis=0)
    directions = np.linalg.eigh(np.cov(shapes - mean, rowvar=False))[1][:, ::-1][:, :_DIMENSIONS]
    short = ((shapes - mean) @ directions).astype(np.float32)
    words = centres(short, words=_WORDS, seed=seed)
    least = np.percentile(short[:_THRESHOLDED] @ words.T, _PERCENTILE, axis=0)
    filters = directions @ words.T  # (144, W)
    return Dictionary(
        filters.T[:, :, None, None].astype(np.float32), (mean @ filters + least)[:, None, None].astype(np.float32)
    )


def rooted_counts(dictionary: Dictionary, votes: Value) -> Value:
    """Return the roots of how much of each word is where, of votes (B, 9, 128, 128): (B, 9 W) at unit length.

    It is shorter where there is hardly anything.
    """
    shapes = _shapes(votes)
    there = (shapes**2).sum(1, keep=True).sqrt()  # 1, and 0 where a place is even, which is like no word
    likeness = (shapes.filtered(dictionary.kernel) - there * dictionary.bias).relu()  # (B, W, 13, 13)
    return rooted(likeness.averaged(_POOL, _STEP).ordered(0, 2, 3, 1).flat(), _SPOKEN)


def _shapes(votes: Value) -> Value:
    """Return the shapes of all windows of votes (B, 9, 128, 128): (B, 144, 13, 13), unit length, less if faint."""
    cells = votes.averaged(_CELL, _CELL) * _CELL**2  # (B, 9, 16, 16)
    end = _SIDE - _WINDOW + 1
    parts = [cells.cut(2, y, y + end).cut(3, x, x + end) for y in range(_WINDOW) for x in range(_WINDOW)]
    windows = votes.graph.joined(parts)
    clipped = (windows / ((windows**2).sum(1, keep=True) + _SOFTENING).sqrt()).at_most(_CLIP)
    return clipped / ((clipped**2).sum(1, keep=True) + _FAINT).sqrt()
