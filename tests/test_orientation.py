"""Whether pictures have an up and a down: pictures made so that the answer is known."""

import numpy as np
import pytest

from pipeline.orientation import FEWEST, turning_shows


def discs(count: int, *, upright: bool) -> np.ndarray:
    """Draw a bright half of a disc on noise, upper half or any side: uint8 (count, 256, 256, 3)."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64] - 31.5
    pictures = np.empty((count, 256, 256, 3), np.uint8)
    for number in range(count):
        angle = 0.0 if upright else generator.uniform(0, 2 * np.pi)
        half = (x * np.sin(angle) + y * np.cos(angle) < 0) & (x**2 + y**2 < generator.uniform(10, 25) ** 2)
        small = np.clip(60 + 120 * half[..., None] + generator.normal(0, 20, (64, 64, 3)), 0, 255).astype(np.uint8)
        pictures[number] = small.repeat(4, 0).repeat(4, 1)
    return pictures


def test_turning_shows_where_pictures_are_upright() -> None:
    assert turning_shows(discs(FEWEST, upright=True), seed=0) > 0.95


def test_turning_leaves_no_trace_where_pictures_lie_as_they_fell() -> None:
    assert turning_shows(discs(FEWEST, upright=False), seed=0) < 0.56


def test_the_same_seed_gives_the_same_answer() -> None:
    pictures = discs(FEWEST, upright=False)
    assert turning_shows(pictures, seed=3) == turning_shows(pictures, seed=3)


def test_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 300 pictures, got 299"):
        turning_shows(discs(FEWEST - 1, upright=True), seed=0)
