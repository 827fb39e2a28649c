"""Owns the question where two pictures differ: by cells of 8x8 pixels, after light and small shifts are taken away.

Two photographs of one thing are never framed alike. So the second is lit as the first and moved onto it, and each of
its cells is compared with that of the first at several shifts: what a shift of a pixel explains is no difference.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHIFTS = (  # (down, right), pixels, that the first picture is looked at; by measurement, see benchmarks/defects.py
    *((0, 0), (-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)),
    *((-1, 0), (1, 0), (0, -1), (0, 1)),
    *((-2, 0), (2, 0), (0, -2), (0, 2)),
)
EVERYWHERE = 0.5  # share from which on two pictures differ nearly everywhere; of tilted photos with a defect 0.33 at
# most, of 28 pairs of random pictures 0.66 and more, one of 0.34 excepted (2026-11)
FOUND = (
    1.5  # difference from which on two pictures are said to differ: of 48 photos of the same thing in other light none,
)
# of 48 with a defect all, of 48 with a faint one 40 % (2026-11)
_REACH = 16  # pixels that a picture is moved by at most, in each direction
_GAIN = 1.5  # contrast is changed by at most, and at least by its inverse: else a stain on a blank wall would fade
_SIDE, _CELL = 256, 8
_RIM = 1  # cells at the edge that are not judged: there a network has seen its padding

Picture = NDArray[np.uint8]  # (256, 256, 3)
Heat = NDArray[np.float32]  # (32, 32), from 0, larger is more different
Number = TypeVar("Number", np.uint8, np.float32)
Cells = NDArray[np.float32]  # (32, 32, D), what is seen at each place of a picture
Shift = tuple[int, int]  # (down, right) in pixels


def light_pair(picture: Picture, generator: np.random.Generator) -> tuple[Picture, Picture]:
    """Return two light views of a picture, as two photographs of one thing.

    Each shows 95 % of the height and width, at another place, with brightness, contrast and channels changed by up to
    10 %, and slight noise.
    """
    first, second = (_light_view(picture, generator) for _ in range(2))
    return first, second


def _light_view(picture: Picture, generator: np.random.Generator) -> Picture:
    side = 0.95 * _SIDE
    left, top = generator.uniform(0, _SIDE - side, 2)
    box = (left, top, left + side, top + side)
    view = np.asarray(Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, box), np.float32)
    brightness, contrast = generator.uniform(0.9, 1.1, 2)
    mean = view.mean()
    view = ((view - mean) * contrast + mean) * brightness * generator.uniform(0.9, 1.1, 3).astype(np.float32)
    return _eight_bits(view + generator.normal(0, 2, view.shape))


def displacement(photo: Picture, reference: Picture) -> Shift:
    """Return the shift (down, right) that moves a photo onto the reference, at most 16 pixels each way.

    By phase correlation. Where that leaves a larger difference than no shift does, as with two pictures of different
    things, it is (0, 0).

    References
    ----------
    Kuglin and Hines, "The phase correlation image alignment method", Proc. IEEE Conf. Cybernetics and Society (1975).
    """
    window = np.outer(np.hanning(_SIDE), np.hanning(_SIDE))
    spectra = [np.fft.rfft2((grey - grey.mean()) * window) for grey in (reference.mean(-1), photo.mean(-1))]
    product = spectra[0] * spectra[1].conj()
    strength = np.abs(product)
    # what is weak in both is noise: its phase must not count as much as that of what can be seen
    correlation = np.fft.irfft2(product / (strength + 1e-3 * strength.max() + 1e-12))
    steps = np.arange(-_REACH, _REACH + 1)
    down, right = np.unravel_index(correlation[np.ix_(steps, steps)].argmax(), (len(steps), len(steps)))
    shift = int(steps[down]), int(steps[right])
    still, moving = (_remaining(moved(photo, by), reference) for by in ((0, 0), shift))
    return shift if moving < still else (0, 0)


def _remaining(photo: Picture, reference: Picture) -> float:
    """Return the mean difference inside the rim that any shift leaves."""
    inside = slice(_REACH, -_REACH)
    lit = relit(photo, reference)[inside, inside].astype(np.float32)
    return float(np.abs(lit - reference[inside, inside]).mean())


def moved(picture: NDArray[Number], shift: Shift) -> NDArray[Number]:
    """Return a picture (H, W, 3) moved by (down, right) pixels; what comes in at its edges repeats them."""
    down, right = shift
    height, width = picture.shape[:2]
    rows, columns = np.arange(height) - down, np.arange(width) - right
    return picture[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)]


def views(reference: Picture) -> NDArray[np.uint8]:
    """Return a reference moved by each of `SHIFTS`, (S, 256, 256, 3); by half a pixel: the mean of both whole ones."""
    rounded = [[tuple(int(way(step)) for step in shift) for way in (np.floor, np.ceil)] for shift in SHIFTS]
    pairs = [[moved(reference, (down, right)).astype(np.float32) for down, right in both] for both in rounded]
    return np.stack([_eight_bits((low + high) / 2) for low, high in pairs])


def relit(photo: Picture, reference: Picture) -> Picture:
    """Return a photo with the mean and, up to a factor of 1.5, the contrast of each channel of the reference."""
    seen, wanted = photo.astype(np.float32), reference.astype(np.float32)
    gain = np.clip((wanted.std((0, 1)) + 1) / (seen.std((0, 1)) + 1), 1 / _GAIN, _GAIN)
    return _eight_bits((seen - seen.mean((0, 1))) * gain + wanted.mean((0, 1)))


def seen(reference: Picture, see: Callable[[Picture], Cells]) -> NDArray[np.float32]:
    """Return the cells of a reference moved by each of `SHIFTS`, (S, 32, 32, D), as `see` gives them of a picture."""
    return np.stack([see(view) for view in views(reference)])


def located(
    photo: Picture, reference: Picture, bank: NDArray[np.float32], see: Callable[[Picture], Cells]
) -> tuple[Heat, Shift]:
    """Return where a photo differs, in the reference's frame, and by what shift it was moved there.

    `bank` is what `seen` gives for the reference, and `see` gives the cells of a picture.
    """
    shift = displacement(photo, reference)
    return heat(see(relit(moved(photo, shift), reference)), bank, shift), shift


def heat(photo: Cells, reference: NDArray[np.float32], shift: Shift) -> Heat:
    """Return where a photo differs from the reference.

    Parameters
    ----------
    photo
        float32 (32, 32, D): the cells of the photo, relit and moved by `shift`.
    reference
        float32 (S, 32, 32, D): the cells of the reference, moved by each of some shifts.
    shift
        By what the photo was moved: cells that are not wholly inside both pictures are not judged.

    Returns
    -------
    heat
        float32 (32, 32), in the reference's frame: half the squared distance to the most similar of the S, from 0;
        0 where nothing is judged, which is at the rim and outside.
    """
    nearest = np.min([((cells - photo) ** 2).sum(-1) / 2 for cells in reference], axis=0)
    judged = np.zeros(nearest.shape, bool)
    top, left = (_RIM + max(0, -(-step // _CELL)) for step in shift)
    bottom, right = (side - _RIM + min(0, step // _CELL) for side, step in zip(nearest.shape, shift, strict=True))
    judged[top:bottom, left:right] = True
    found: Heat = np.where(judged, nearest, 0).astype(np.float32)
    return found


def peak(found: Heat) -> tuple[float, int, int]:
    """Return the largest difference, and the pixel (x, y) of the reference that is its cell's middle."""
    row, column = np.unravel_index(found.argmax(), found.shape)
    return float(found.max()), int(column) * _CELL + _CELL // 2, int(row) * _CELL + _CELL // 2


def share(found: Heat, *, level: float) -> float:
    """Return the share of all cells that differ by more than a level, in [0, 1]; what isn't judged doesn't differ."""
    return float((found > level).mean())


def colours(found: Heat, *, level: float) -> tuple[float, float]:
    """Return up to which difference nothing is coloured, and from which on all is red: one and three levels.

    Where more than half of the picture differs, as with pictures of different things, that would be red everywhere.
    There the hottest fifth of its own cells is coloured.
    """
    if share(found, level=level) < EVERYWHERE:
        return level, 3 * level
    low, high = np.percentile(found, (80, 99))
    return float(low), float(max(high, 1.01 * low))  # both are the same where all cells differ alike


def painted(picture: Picture, found: Heat, *, between: tuple[float, float], shift: Shift = (0, 0)) -> Picture:
    """Return a picture in grey under its heat: nothing up to the first of two differences, red from the second on.

    `shift` moves the heat from the reference's frame to the picture's.
    """
    low, high = between
    grid = np.asarray(Image.fromarray(found).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    warmth = np.clip((moved(grid[..., None], shift) - low) / (high - low), 0, 1)  # (256, 256, 1)
    grey = picture.mean(-1, keepdims=True) * 0.8 + 40
    colour = np.concatenate([np.full_like(warmth, 235), 200 - 170 * warmth, np.full_like(warmth, 40)], -1)
    cover = np.minimum(warmth * 4, 1) * 0.75
    return _eight_bits(np.repeat(grey, 3, -1) * (1 - cover) + colour * cover)


def _eight_bits(pixels: NDArray[np.floating]) -> Picture:
    rounded: Picture = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return rounded
