"""A picture's colours: histograms of the whole and of nine cells, of pictures of 64x64 pixels.

A pixel counts for the bins that it lies between, so that no colour jumps from bin to bin. The histogram of the whole
is over brightness and the logarithms of two ratios of channels, which other light hardly changes; those of the cells
are coarser, over brightness and two differences of channels, with more bins where colours are faint. On photographs of
packages the first alone finds more of the same product than an RGB histogram (docs/experiments.md).

References
----------
Finlayson and Hordley, "Color constancy at a pixel", JOSA A 2001, doi:10.1364/JOSAA.18.000253: ratios of channels.
"""

import numpy as np

from pipeline.graph import Value

_SIDE = 64  # pixels
_SHRUNK = 2  # from pictures of 128x128 pixels
_CELLS = 3  # on a side
_CELL = 20  # pixels on a side; two pixels of the margin are left out
_DARK = 0.04  # added to each channel before its logarithm, for the ratios of black are noise
_FAINT = 1e-6  # added below a root, whose slope at 0 has no end


def whole(pixels: Value) -> Value:
    """Return the root of the histogram of all pixels of (B, 3, 128, 128), [0, 1]: (B, 484) at unit length."""
    planes = pixels.averaged(_SHRUNK, _SHRUNK).shaped(1, 3, _SIDE**2)
    red, green, blue = (planes.cut(2, channel, channel + 1) + _DARK for channel in range(3))  # (B, 1, 1, P)
    to_green = (red / green).log()
    to_blue = (red * green / blue**2).log() * 0.5
    brightness = planes.mean(2, keep=True)
    bins = [_members(brightness, 4, 0, 1), _members(to_green, 11, -1.2, 1.2), _members(to_blue, 11, -1.5, 1.5)]
    return _histogram(bins, cells=1, pixels=_SIDE**2)


def cells(pixels: Value) -> Value:
    """Return the roots of the histograms of 3x3 cells of (B, 3, 128, 128), [0, 1]: (B, 1296) at unit length."""
    end = _SHRUNK + _CELLS * _CELL
    small = pixels.averaged(_SHRUNK, _SHRUNK).cut(2, _SHRUNK, end).cut(3, _SHRUNK, end)
    planes = small.shaped(3, _CELLS, _CELL, _CELLS, _CELL).ordered(0, 2, 4, 1, 3, 5).shaped(_CELLS**2, 3, _CELL**2)
    red, green, blue = (planes.cut(2, channel, channel + 1) for channel in range(3))  # (B, 9, 1, P)
    differences = (red - green, (red + green) * 0.5 - blue)
    bins = [_members(planes.mean(2, keep=True), 4, 0, 1), *(_members(_spread(d), 6, -0.8, 0.8) for d in differences)]
    return _histogram(bins, cells=_CELLS**2, pixels=_CELL**2)


def _spread(difference: Value) -> Value:
    """Return a difference, [-1, 1], to the power of a half with its sign."""
    return difference / (difference.magnitude() + _FAINT).sqrt()


def _members(values: Value, count: int, least: float, most: float) -> Value:
    """Return how much (B, C, 1, P) belong to each of so many bins, whose middles reach from least to most.

    It is (B, C, count, P): at most two are above 0, and all add up to 1.
    """
    places = (values.between(least, most) - least) * ((count - 1) / (most - least))
    return (1 - (places - np.arange(count, dtype=np.float32)[:, None]).magnitude()).relu()


def _histogram(bins: list[Value], *, cells: int, pixels: int) -> Value:
    """Return the roots of joint histograms of three (B, cells, k, pixels), flat, at unit length."""
    first, second, third = bins
    pairs = second.widened(3) * third.widened(2)  # (B, cells, k, l, pixels)
    return (first @ pairs.shaped(cells, -1, pixels).ordered(0, 1, 3, 2)).flat().sqrt().unit()
