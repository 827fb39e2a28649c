"""Says from pixels whether two pictures are copies: do they agree, once they are laid over each other?

Agreement is one minus the share that the difference has in the detail of the two. Light is put right first,
one gain and one offset for all colours: a brighter copy agrees, the same product in another colour doesn't.
The worst cells, with an eighth of what is to be seen, don't count: a watermark may lie there.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.alignment import align, warp
from pipeline.pixels import Pictures

Floats = NDArray[np.float32]
Levels = dict[int, Floats]  # by their side

_STARTS = (0.0, -0.1, 0.1)  # scales that the search begins from: as it is, with a border, cropped
_BEGIN, _COARSE, _FINE = ((16, 6),), ((32, 4),), ((64, 3),)  # side and number of steps
_GLANCE_16, _GLANCE = 0.2, 0.4  # pictures that agree less at 16 or 32 pixels are not looked at more closely
_THUMBNAIL = 32
_CELLS = 8  # along a side
_SPARED = 1 / 8  # share of what is to be seen that may differ
_REACH = 4  # pixels of 64 around a pixel whose mean is no detail
_NOISE = 4.0  # squared levels that JPEG alone changes
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def agreement(firsts: NDArray[np.uint8], seconds: NDArray[np.uint8]) -> Floats:
    """Return how well the pictures of each pair agree.

    Parameters
    ----------
    firsts, seconds
        uint8 (M, 256, 256, 3), RGB; picture i of one is compared with picture i of the other.

    Returns
    -------
    agreement
        (M,) float32 in [0, 1]; larger is more alike. 1 for the same pixels; about 0.97 and more for copies that
        were re-encoded, rescaled, brightened, slightly cropped or given a border. Pairs that a coarse look
        already tells apart have 0. Two blank pictures agree if they have the same colour.
    """
    first, second = thumbnails(firsts), thumbnails(seconds)
    darker = is_darker(first, second)[:, None, None, None]
    order = (np.where(darker, seconds, firsts), np.where(darker, firsts, seconds))
    close, warps = glance(np.where(darker, second, first), np.where(darker, first, second))
    result = np.zeros(len(firsts), np.float32)
    if len(close):
        result[close] = look_closely(order[0][close], order[1][close], warps)
    return result


def thumbnails(pictures: Pictures) -> NDArray[np.uint8]:
    """Return pictures (N, 256, 256, 3) at 32 pixels, by means of 8x8: uint8 (N, 32, 32, 3)."""
    small = np.empty((len(pictures), _THUMBNAIL, _THUMBNAIL, 3), np.uint8)
    for row, picture in enumerate(pictures):  # one by one, for they may be a memory map larger than the memory
        sums = picture.astype(np.uint16)
        while len(sums) > _THUMBNAIL:
            sums = sums[::2] + sums[1::2]
            sums = sums[:, ::2] + sums[:, 1::2]
        small[row] = (sums + 32) // 64
    return small


def is_darker(firsts: NDArray[np.uint8], seconds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Say of pairs of thumbnails whether the first is the darker one.

    `glance` and `look_closely` want the brighter one first: the darker one is lit, for the brighter one's light
    may be clipped.
    """
    darker: NDArray[np.bool_] = firsts.mean(axis=(1, 2, 3)) < seconds.mean(axis=(1, 2, 3))
    return darker


def glance(firsts: NDArray[np.uint8], seconds: NDArray[np.uint8]) -> tuple[NDArray[np.int64], Floats]:
    """Return which pairs of thumbnails (M, 32, 32, 3) agree coarsely, (C,), and after which warps, (C, 4)."""
    targets, sources = (_pyramid(one, smallest=16) for one in (firsts, seconds))
    grey_targets, grey_sources = _greys(targets), _greys(sources)
    warps, agreed = _best_start(grey_targets, grey_sources)
    close = np.flatnonzero(agreed >= _GLANCE_16)
    if not len(close):
        return close, warps[close]
    targets, sources, grey_targets, grey_sources = (
        {side: level[close] for side, level in levels.items()}
        for levels in (targets, sources, grey_targets, grey_sources)
    )
    warps = align(grey_targets, grey_sources, warps[close], steps=_COARSE)
    closer = _agreement(targets[32], sources[32], warps) >= _GLANCE
    return close[closer], warps[closer]


def look_closely(firsts: NDArray[np.uint8], seconds: NDArray[np.uint8], warps: Floats) -> Floats:
    """Return the agreement of pairs of pictures (M, 256, 256, 3), from the warps (M, 4) that a glance gave."""
    targets, sources = (_pyramid(_halved_once(one), smallest=64) for one in (firsts, seconds))
    warps = align(_greys(targets), _greys(sources), warps, steps=_FINE)
    return _agreement(targets[128], sources[128], warps)


def _best_start(targets: Levels, sources: Levels) -> tuple[Floats, Floats]:
    """Return the warp after which grey pictures of 16 pixels agree most, (M, 4), and how much, (M,)."""
    count = len(targets[16])
    warps, best = np.zeros((count, 4), np.float32), np.full(count, -1, np.float32)
    for start in _STARTS:
        begun = np.tile(np.array([start, 0, start, 0], np.float32), (count, 1))
        found = align(targets, sources, begun, steps=_BEGIN)
        agreed = _agreement(targets[16][:, None], sources[16][:, None], found)
        better = agreed > best
        warps[better], best[better] = found[better], agreed[better]
    return warps, best


def _agreement(targets: Floats, sources: Floats, warps: Floats) -> Floats:
    """Return the agreement of targets (M, C, S, S) with the sources after these warps: (M,) in [0, 1]."""
    shown, inside = warp(sources, warps)
    counts = inside.astype(np.float32)  # (M, 1, S, S)
    if targets.shape[-1] > 64:  # what interpolation blurs is averaged away
        targets, shown, counts = _halved(targets), _halved(shown), _halved(counts)
    counts = (counts > 0.99).astype(np.float32)
    lit = _relit(shown, targets, counts)
    differences = _cells((targets - lit) ** 2 * counts)  # (M, cells)
    details = _cells((_detail(targets) ** 2 + _detail(lit) ** 2) * counts) / 2
    kept = _unspared(differences, np.minimum(np.sqrt(details), 20) + 1)
    share = (differences * kept).sum(axis=1) / 2 / ((details + _NOISE) * kept).sum(axis=1)
    result: Floats = np.clip(1 - share, 0, 1)
    return result


def _relit(shown: Floats, targets: Floats, counts: Floats) -> Floats:
    """Return what is shown in the targets' light, by one gain and one offset a picture; a blank one as it is."""
    free = counts * ((targets > 6) & (targets < 249))  # what is clipped says nothing about light
    total = free.sum(axis=(1, 2, 3), keepdims=True) + 1
    target_mean = (targets * free).sum(axis=(1, 2, 3), keepdims=True) / total
    shown_mean = (shown * free).sum(axis=(1, 2, 3), keepdims=True) / total
    centred = (shown - shown_mean) * free
    products = ((targets - target_mean) * centred).sum(axis=(1, 2, 3), keepdims=True) / total
    variance = (centred**2).sum(axis=(1, 2, 3), keepdims=True) / total
    gain = np.clip((products + 25) / (variance + 25), 0.5, 2.0)
    offset = (target_mean - shown_mean) * variance / (variance + 25)
    lit: Floats = np.clip(shown_mean + offset + gain * (shown - shown_mean), 0, 255)
    return lit


def _unspared(differences: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Return which cells count: all but the worst ones, up to an eighth of the weight."""
    order = np.argsort(-differences, axis=1, kind="stable")
    heaped = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    kept = np.empty(order.shape, bool)
    np.put_along_axis(kept, order, heaped > _SPARED * heaped[:, -1:], axis=1)
    return kept


def _detail(pictures: Floats) -> Floats:
    """Return pictures (M, C, S, S) less the mean of what is around each pixel."""
    side = pictures.shape[-1]
    band = np.abs(np.subtract.outer(np.arange(side), np.arange(side))) <= max(1, _REACH * side // 64)
    means = (band / band.sum(axis=1, keepdims=True)).astype(np.float32)  # (S, S)
    detail: Floats = pictures - means @ pictures @ means.T
    return detail


def _cells(values: Floats) -> Floats:
    """Return the means of 8x8 cells: (M, C, S, S) to (M, 64)."""
    count, channels, side = values.shape[:3]
    size = side // _CELLS
    cells = values.reshape(count, channels, _CELLS, size, _CELLS, size)
    means: Floats = cells.mean(axis=(1, 3, 5)).reshape(count, -1)
    return means


def _pyramid(pictures: NDArray[Any], *, smallest: int) -> Levels:
    """Return pictures (M, S, S, 3) at their own side and its halves: {side: (M, 3, side, side)}."""
    level = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)
    levels = {level.shape[-1]: level}
    while level.shape[-1] > smallest:
        level = _halved(level)
        levels[level.shape[-1]] = level
    return levels


def _greys(levels: Levels) -> Levels:
    """Return the levels up to 64 pixels without colour: {side: (M, side, side)}.

    Without a matrix product, whose last bits depend on how many pictures there are: what two agree by depends on them
    alone.
    """
    return {side: _grey(level) for side, level in levels.items() if side <= 64}


def _grey(level: Floats) -> Floats:
    red, green, blue = _GREY
    grey: Floats = level[:, 0] * red + level[:, 1] * green + level[:, 2] * blue
    return grey


def _halved_once(pictures: NDArray[np.uint8]) -> Floats:
    """Return uint8 (M, 256, 256, 3) at 128 pixels, in the integers that are fastest: float32 (M, 128, 128, 3)."""
    rows = pictures[:, ::2].astype(np.uint16) + pictures[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) * np.float32(0.25)


def _halved(values: Floats) -> Floats:
    """Return the means of 2x2 pixels."""
    rows = values[..., ::2, :] + values[..., 1::2, :]
    halved: Floats = (rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25)
    return halved
