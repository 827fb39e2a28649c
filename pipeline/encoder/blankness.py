"""Owns the question whether there is anything to see in a picture: on a blank page or a black frame there is nothing.

What a network says of such a picture is rounding noise, or its colour alone. So every encoder file gives all of them
the same embedding, and goes over to its own answer as soon as there is something to see, without a step.
"""

import numpy as np
from numpy.typing import NDArray

CELL = 8  # pixels on a side, over which grain is averaged away
SHAPE = 1.0  # grey levels: spread of the cells' means, from which on there is something to see
GRAIN = 8.0  # grey levels: spread of the pixels, from which on even a fine texture is something
POWER = 4  # of both squared: noise of one level then counts for 1e-7, and a spread of ten levels for all but 1e-8
_SEED = 0


def visibility(picture: NDArray[np.uint8]) -> float:
    """Return how much there is to see in a picture, uint8 (256, 256, 3), from 0 to 1.

    Every encoder file holds the same sum. The spreads are those within a channel, so one colour is as blank
    as another.
    """
    levels = picture.astype(np.float32)
    height, width, channels = levels.shape
    means = levels.reshape(height // CELL, CELL, width // CELL, CELL, channels).mean((1, 3))
    seen = float((means.var((0, 1)) / SHAPE**2 + levels.var((0, 1)) / GRAIN**2).mean()) ** POWER
    return seen / (1 + seen)


def direction(dimensions: int) -> NDArray[np.float32]:
    """Return the embedding of blank pictures, (D,), where no direction is known to be free: signs drawn once.

    To vectors that know nothing of these signs its cosine is about 1 / sqrt(D), so a blank picture is like no other.
    """
    signs = np.random.default_rng(_SEED).choice([-1.0, 1.0], dimensions)
    scaled: NDArray[np.float32] = (signs / dimensions**0.5).astype(np.float32)
    return scaled


def free_direction(
    components: NDArray[np.float32], *, dimensions: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return components (P, D) of falling spread with the embedding of blank pictures, (D,), beside them.

    It is the last direction, which ordinary pictures hardly use. Where there are fewer than `dimensions`, one is added
    that none of them uses.
    """
    if components.shape[1] < dimensions:
        components = np.pad(components, ((0, 0), (0, 1)))
    return components, np.eye(components.shape[1], dtype=np.float32)[-1]
