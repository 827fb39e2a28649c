"""A picture's gradients: how strongly each pixel changes in each of nine unsigned directions.

A pixel's direction is that of its structure tensor, so that no channel is chosen and nothing jumps.

References
----------
Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005, doi:10.1109/CVPR.2005.177.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.graph import Value

_SIDE = 128  # pixels
_ORIENTATIONS = 9
_UNDECIDED = 1e-4  # of a gradient's square: where its channels agree less on a direction, rounding would choose it
_NOTHING = 1e-12


def votes(pixels: Value) -> Value:
    """Return how strongly each pixel of (B, 3, 128, 128), [0, 1], changes in each of nine directions, (B, 9, 128, 128).

    Nothing is below 0.
    """
    across = pixels.cut(3, 2, _SIDE) - pixels.cut(3, 0, _SIDE - 2)
    across = across.padded((0, 0, 0, 1), (0, 0, 0, 1))
    down = (pixels.cut(2, 2, _SIDE) - pixels.cut(2, 0, _SIDE - 2)).padded((0, 0, 1, 0), (0, 0, 1, 0))
    # the direction that all channels agree on most: half the angle of (along, aslant), their summed structure tensors
    along = (across**2 - down**2).sum(1, keep=True)
    aslant = (across * down * 2).sum(1, keep=True)
    squares = (across**2 + down**2).sum(1, keep=True)
    strength = squares.sqrt()
    agreed = (along**2 + aslant**2 + (squares * _UNDECIDED**2 * squares)).sqrt() + _NOTHING
    share = strength / agreed
    pulls = pixels.graph.joined([along * share, aslant * share, strength])
    return pulls.filtered(_bins()).relu()


def _bins() -> NDArray[np.float32]:
    """Return the kernel (9, 3, 1, 1) that deals a gradient out to orientations, by the cosine of twice their angle.

    It is 1 for a gradient's own orientation, and 0 from the next one on once the negative is cut off.
    """
    angles = 2 * np.pi / _ORIENTATIONS * np.arange(_ORIENTATIONS)
    next_one = np.cos(angles[1])
    kernel = np.stack([np.cos(angles), np.sin(angles), np.full(_ORIENTATIONS, -next_one)], axis=1) / (1 - next_one)
    filters: NDArray[np.float32] = kernel[..., None, None].astype(np.float32)
    return filters
