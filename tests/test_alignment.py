"""How closely one picture is laid over another where a mark on one of them pulls at it."""

import numpy as np
import pytest
from PIL import Image

from pipeline.duplicates.alignment import align
from pipeline.duplicates.overlay import lay_over

SIDE, MOVED = 96, 2  # pixels
SHIFT = -2 * MOVED / SIDE  # what lies at x in the target lies at x + SHIFT in the source, x from -1 to 1
BAR = 0.1  # pixels; without weights that fall with the difference 0.6


def marked_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return clouds, and the same moved and with a white bar over a twentieth of them: uint8 (96, 96)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12), dtype=np.uint8)
    clouds = np.asarray(Image.fromarray(coarse).resize((128, 128), Image.Resampling.BICUBIC))
    target, source = (
        clouds[16 : 16 + SIDE, 16 : 16 + SIDE],
        clouds[16 : 16 + SIDE, 16 + MOVED : 16 + MOVED + SIDE].copy(),
    )
    source[40:56, 30:58] = 255
    return target, source


@pytest.mark.parametrize("way", ["align", "lay_over"])
def test_a_mark_on_one_of_them_does_not_pull_at_how_two_pictures_are_laid_over_each_other(way: str) -> None:
    errors = []
    for seed in range(8):
        target, source = marked_pair(seed)
        if way == "align":
            levels = [{SIDE: picture[None].astype(np.float32)} for picture in (target, source)]
            found = align(*levels, np.zeros((1, 4), np.float32), steps=((SIDE, 8),))[0]
            expected = np.array([0, SHIFT, 0, 0])
        else:
            found, expected = lay_over(target, source), np.array([[1, 0, SHIFT], [0, 1, 0]])
        errors.append(np.abs(found - expected).max() * SIDE / 2)
    assert np.mean(errors) < BAR
