"""A dictionary of small patches, learnt from the folder itself: which colours and textures are where in a picture.

Pictures are looked at in 32x32 pixels. Patches of 6x6, each with its brightness and contrast taken out, are whitened
and sorted into 256 clusters, whose centres are the words. A picture is described by how much each of its patches is
like each word, averaged in a grid of 3x3 cells.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.dictionary import SAMPLES, Dictionary, centres, drawn_from
from pipeline.encoder.pooling import rooted
from pipeline.graph import Value
from pipeline.pixels import Pictures
from pipeline.vectors import unit

_WIDE = 128  # pixels of a picture that is looked at
_SIDE = 32  # pixels
_PATCH = 6
_WORDS = 256
_GRID = 3  # cells on a side
_CONTRAST = 10 / 255  # added to a patch's contrast, so that the noise of an even one is not blown up
_NOISE = 0.1  # added to the spread of each direction before it is whitened
_THRESHOLD = 1.0  # of likeness; below it a patch does not count for a word
_SPOKEN = 5e-5  # mean of what words count: below it it is rounding; of photographs 0.05, of four grey levels 9e-4


def learn(pictures: Pictures, rows: NDArray[np.int64], *, seed: int) -> Dictionary:
    """Learn the words from at most 2,000 of the given rows of pictures, uint8 (N, 256, 256, 3).

    References
    ----------
    Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature learning", AISTATS 2011.
    """
    generator = np.random.default_rng(seed)
    patches = _sampled(pictures, drawn_from(rows), generator)  # (M, 108)
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + _CONTRAST**2)
    mean = patches.mean(axis=0)
    spreads, directions = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
    whitening = (directions / np.sqrt(np.maximum(spreads, 0) + _NOISE)) @ directions.T
    white = unit((patches - mean) @ whitening).astype(np.float32)
    filters = whitening @ centres(white, words=_WORDS, seed=seed).T  # (108, W)
    kernel = filters.reshape(_PATCH, _PATCH, 3, -1).transpose(3, 2, 0, 1)
    return Dictionary(kernel.astype(np.float32), -(mean @ filters)[:, None, None].astype(np.float32))


def patch_codes(dictionary: Dictionary, pixels: Value) -> Value:
    """Return how much of each word is in each cell of pixels (B, 3, 128, 128), [0, 1]: (B, 9 W), from 0."""
    small = pixels.averaged(_WIDE // _SIDE, _WIDE // _SIDE)  # (B, 3, 32, 32)
    box = np.full((1, 3, _PATCH, _PATCH), 1 / (3 * _PATCH**2), np.float32)
    mean = small.filtered(box)  # (B, 1, 27, 27)
    variance = ((small**2).filtered(box) - mean**2).relu()
    # the product of a filter with a normalised patch, from those with the patch as it is and with its mean
    kernel = dictionary.kernel  # (W, 3, 6, 6)
    products = small.filtered(kernel) - mean * kernel.sum(axis=(1, 2, 3))[:, None, None]
    likeness: Value = products / (variance + _CONTRAST**2).sqrt() + (dictionary.bias - _THRESHOLD)
    side = (_SIDE - _PATCH + 1) // _GRID
    return likeness.relu().averaged(side, side).ordered(0, 2, 3, 1).flat()  # (B, 3, 3, W) to (B, 9 W)


def rooted_codes(dictionary: Dictionary, pixels: Value) -> Value:
    """Return the roots of `patch_codes` at unit length, or shorter where there is hardly anything."""
    return rooted(patch_codes(dictionary, pixels), _SPOKEN)


def _sampled(pictures: Pictures, rows: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float32]:
    """Cut random patches out of pictures of 32x32 pixels: (M, 108), [0, 1]."""
    scale, within = pictures.shape[1] // _SIDE, np.arange(_PATCH)
    found = []
    for row in rows:
        small = pictures[row].reshape(_SIDE, scale, _SIDE, scale, 3).mean(axis=(1, 3), dtype=np.float32) / 255
        top, left = generator.integers(0, _SIDE - _PATCH + 1, (2, SAMPLES, 1, 1))
        found.append(small[top + within[:, None], left + within].reshape(SAMPLES, -1))
    return np.concatenate(found)
