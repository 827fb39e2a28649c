"""What an embedding is made of: pooled features of the residual encoder, oriented gradients and patches, as blocks.

Each block sees something else: the last stage's middle, what is in a picture; a grid over it, what is where; the
gradients, its outlines; the patches, its colours and textures. They are whitened apart, so that none drowns the
others. Of pictures that lie in any orientation only the first is of use, and the largest value of each channel. The
middle keeps its length: how much there is of anything, by which a picture that is like no other is far from all.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.patches import Dictionary, patch_codes
from pipeline.blankness import CELL, GRAIN, POWER, SHAPE

_POWER = 0.75  # of the middle's averages, beside a grid
_GRID = 3  # cells on a side
_NOTHING = 1e-12  # added to a vector, so that one of zeros alone has a direction
_SEEN = (
    1e-5  # mean of a grid's features: below it they are rounding; of photographs 0.02 at least, of noise of one level
)
# 5e-4, of greys 1e-7 (untrained, 2026-11)
_PLENTY = 1e6  # floors: so much counts no more, for its power must be finite
_SPOKEN = 5e-5  # the same of patches; of photographs 0.05, of a picture with four grey levels 9e-4

_ORIENTATIONS = 9
_CELL = 16  # pixels on a side
_UNDECIDED = 1e-4  # of a gradient's square: where its channels agree less on a direction, rounding would choose it
_SOFTENING = 0.01  # keeps the noise of an empty block from being blown up
_CLIP = 0.2


def blocks(trunk: keras.Model, dictionary: Dictionary | None, pictures: tf.Tensor) -> list[tf.Tensor]:
    """Return the blocks of features of uint8 (B, 256, 256, 3).

    `trunk` gives the latents and the last stage. With a dictionary they are the middle, the grid, the gradients and
    the patches: float32 (B, 256), (B, 2304), (B, 1764), (B, 9 W). Without one, of pictures that lie in any orientation,
    the middle and the largest value of each channel anywhere, (B, 256) each: what is in a picture, wherever it is.
    Powers below 1 are taken, for a strong feature must not count for more than several; those of grid and patches are
    square roots, at unit length, or shorter where there is hardly anything.
    """
    pixels = tf.cast(pictures, tf.float32) / 255.0
    pixels = tf.nn.avg_pool2d(pixels, 2, 2, "VALID")  # (B, 128, 128, 3)
    _, stage = trunk(pixels, training=False)  # (B, 8, 8, 256)
    stage = tf.nn.relu(stage)
    quarter = stage.shape[1] // 4
    middle = tf.reduce_mean(stage[:, quarter:-quarter, quarter:-quarter], (1, 2))  # where the thing is, mostly
    if dictionary is None:
        return [middle, tf.sqrt(tf.reduce_max(stage, (1, 2)))]
    inner = stage[:, 1:-1, 1:-1]  # the margin has seen the padding
    side = inner.shape[1] // _GRID
    cells = tf.nn.avg_pool2d(inner, side, side, "VALID")  # (B, 3, 3, 256)
    words = patch_codes(dictionary, pixels)
    return [middle**_POWER, _rooted(_flat(cells), _SEEN), oriented_gradients(pixels), _rooted(words, _SPOKEN)]


def oriented_gradients(pixels: tf.Tensor) -> tf.Tensor:
    """Return the histograms of oriented gradients of float32 (B, 128, 128, 3) in [0, 1]: float32 (B, 1764).

    Nine unsigned orientations in cells of 16 pixels, each cell normalised in the four 2x2 blocks that it is in.
    A pixel's orientation is that of its structure tensor, so that no channel is chosen and nothing jumps.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    doi:10.1109/CVPR.2005.177.
    """
    across = tf.pad(pixels[:, :, 2:] - pixels[:, :, :-2], [[0, 0], [0, 0], [1, 1], [0, 0]])
    down = tf.pad(pixels[:, 2:] - pixels[:, :-2], [[0, 0], [1, 1], [0, 0], [0, 0]])
    # the direction that all channels agree on most: half the angle of (along, aslant), their summed structure tensors
    along = tf.reduce_sum(across**2 - down**2, -1, keepdims=True)
    aslant = tf.reduce_sum(2 * across * down, -1, keepdims=True)
    strength = tf.sqrt(tf.reduce_sum(across**2 + down**2, -1, keepdims=True))
    agreed = tf.sqrt(along**2 + aslant**2 + (_UNDECIDED * strength**2) ** 2) + _NOTHING
    pulls = tf.concat([along / agreed, aslant / agreed, tf.ones_like(agreed)], -1) * strength
    votes = tf.nn.relu(tf.nn.conv2d(pulls, _bins(), 1, "VALID"))  # (B, 128, 128, 9)
    cells = tf.nn.avg_pool2d(votes, _CELL, _CELL, "VALID") * _CELL**2  # (B, 8, 8, 9)
    energy = 4 * tf.nn.avg_pool2d(tf.reduce_sum(cells**2, -1, keepdims=True), 2, 1, "VALID")
    last = cells.shape[1] - 1
    corners = [cells[:, y : y + last, x : x + last] for y in (0, 1) for x in (0, 1)]
    normalised = tf.concat(corners, -1) / tf.sqrt(energy + _SOFTENING)  # (B, 7, 7, 36)
    return _flat(tf.minimum(normalised, _CLIP))


def _bins() -> NDArray[np.float32]:
    """Return the kernel (1, 1, 3, 9) that deals a gradient out to orientations, by the cosine of twice their angle.

    It is 1 for a gradient's own orientation, and 0 from the next one on once the negative is cut off.
    """
    angles = 2 * np.pi / _ORIENTATIONS * np.arange(_ORIENTATIONS)
    next_one = np.cos(angles[1])
    kernel = np.stack([np.cos(angles), np.sin(angles), np.full(_ORIENTATIONS, -next_one)]) / (1 - next_one)
    return kernel[None, None].astype(np.float32)


def unit(vectors: tf.Tensor) -> tf.Tensor:
    """Scale (B, D) to unit length; a vector of zeros, of a blank picture, becomes one of equal numbers."""
    return tf.math.l2_normalize(vectors + _NOTHING, 1, epsilon=_NOTHING**2)


def _rooted(features: tf.Tensor, floor: float) -> tf.Tensor:
    """Return square roots of (B, P), from 0, at unit length, or shorter where their mean is below a floor.

    There is no step between. Rounding noise blown up to unit length would be as
    long as anything.
    """
    strength = (tf.minimum(tf.reduce_mean(features, 1, keepdims=True) / floor, _PLENTY)) ** 4
    return unit(tf.sqrt(features)) * (strength / (1 + strength))


def with_blank(embeddings: tf.Tensor, pictures: tf.Tensor, blank: NDArray[np.float32]) -> tf.Tensor:
    """Return embeddings (B, D) at unit length, in place of those of blank pictures the one that all of these have.

    `pictures` is uint8 (B, 256, 256, 3). Between blank and not there is no step (see `pipeline.blankness`).
    """
    share = visibility(pictures)
    return unit(share * unit(embeddings) + (1 - share) * blank)


def visibility(pictures: tf.Tensor) -> tf.Tensor:
    """Return how much there is to see in uint8 (B, 256, 256, 3): (B, 1), from 0 to 1, as `pipeline.blankness` says."""
    levels = tf.cast(pictures, tf.float32)
    shapes = tf.math.reduce_variance(tf.nn.avg_pool2d(levels, CELL, CELL, "VALID"), (1, 2))  # (B, 3)
    seen = shapes / SHAPE**2 + tf.math.reduce_variance(levels, (1, 2)) / GRAIN**2
    seen = tf.reduce_mean(seen, 1, keepdims=True) ** POWER
    return seen / (1 + seen)


def _flat(cells: tf.Tensor) -> tf.Tensor:
    return tf.reshape(cells, (-1, math.prod(cells.shape[1:])))
