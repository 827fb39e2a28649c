"""The light of a micrograph: its colours and the soft background."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COARSE = 48  # side of the grid on which backgrounds are made: they hold nothing finer

# Colours (RGB, [0, 1]) of the background's two ends and of three lamps around the object.
PALETTES = {
    "steel": ("5f7d9e", "24364f", "eaf4ff", "7fb2e8", "c9b8a0"),
    "midnight": ("1d3566", "060b1c", "cfe3ff", "4f8ae6", "e6d2b8"),
    "amber": ("b8742c", "3b1a0a", "fff0c4", "e88a3a", "6fa0e0"),
    "violet": ("6a4a9c", "1c0f3a", "ffe3f6", "7d9cff", "e89a6a"),
    "teal": ("2b7a80", "06232e", "e8fff4", "63d4e0", "e0cf86"),
    "rose": ("a8687c", "3a1c3c", "fff0ea", "f0a0a8", "86a6ec"),
    "dusk": ("c07a4a", "1e3a78", "fff4e0", "6aa6ff", "ff9a5a"),
    "aurora": ("2f7a5c", "2a1c5e", "eefff0", "72e8b0", "b48aff"),
    "slate": ("3c4048", "0c0d12", "ffffff", "a8bcd8", "d8c4a8"),
    "ice": ("a9c2d8", "5c7fa6", "ffffff", "5f96d8", "f2d6c2"),
}


@dataclass(frozen=True)
class Light:
    """What lights an object; colours are float32 RGB, [0, 1].

    Attributes
    ----------
    background : the colours of its two ends, (2, 3).
    lamps : colours, (lamps, 3).
    angles : direction of each lamp in radians, (lamps,).
    glow : colour that ice adds everywhere, (3,).
    absorption, rim : parts of the background that flat ice and upright edges take away, [0, 1] together.
    grain : standard deviation of the sensor's noise, [0, 1].
    """

    background: NDArray[np.float32]
    lamps: NDArray[np.float32]
    angles: NDArray[np.float64]
    glow: NDArray[np.float32]
    absorption: float
    rim: float
    grain: float


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a light: a palette, slightly changed, from any side."""
    names = tuple(PALETTES)
    colours = np.array([_rgb(code) for code in PALETTES[names[rng.integers(len(names))]]], np.float32)
    colours = np.clip(colours * rng.uniform(0.85, 1.15, (5, 3)), 0, 1).astype(np.float32)
    angles = rng.uniform(0, 2 * math.pi) + np.array([0, 2.2, 4.1]) + rng.uniform(-0.3, 0.3, 3)
    strengths = np.array([[0.85], [0.85], [0.65]], np.float32) * np.float32(rng.uniform(0.85, 1.15))
    return Light(
        background=colours[:2][:: rng.choice([1, -1])],
        lamps=colours[2:] * strengths,
        angles=angles,
        glow=colours[2] * np.float32(rng.uniform(0.06, 0.16)),
        absorption=rng.uniform(0.0, 0.15),
        rim=rng.uniform(0.5, 0.8),
        grain=rng.uniform(0.004, 0.012),
    )


def backdrop(light: Light, *, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Paint a background: a gradient, a pool of light, a few drops out of focus, darker corners.

    Parameters
    ----------
    light : its colours.
    size : side in pixels.
    rng : where its shape comes from.

    Returns
    -------
    float32 (3, size, size), [0, 1]; colours first, which makes arithmetic on them four times as fast.
    """
    axis = np.linspace(-1, 1, COARSE, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    angle = rng.uniform(0, 2 * math.pi)
    centre = rng.uniform(-0.5, 0.5, 2)
    pool = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / rng.uniform(0.5, 1.5))
    ramp = 0.5 + 0.35 * (math.cos(angle) * x + math.sin(angle) * y)
    share = np.clip(0.65 * ramp + 0.45 * pool, 0, 1)
    near, far = light.background[:, :, None, None]  # (3, 1, 1) each
    colours = share * near + (1 - share) * far  # (3, COARSE, COARSE)
    colours *= 1 + _drops(x, y, rng)
    colours *= 1 - rng.uniform(0.08, 0.2) * (x * x + y * y)
    return _enlarged(colours.astype(np.float32), size)


def _drops(x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return how much brighter drops out of focus make the background."""
    light = np.zeros_like(x)
    for _ in range(rng.integers(0, 6)):
        radius, brightness = rng.uniform(0.06, 0.28), rng.uniform(-0.1, 0.25)
        distance = np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 1))
        light += np.float32(brightness) / (1 + np.exp((distance - radius) * 20))
    return light


def _enlarged(colours: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Scale up smoothly, colour by colour since Pillow's float pictures have only one."""
    planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in colours]
    return np.clip(np.stack([np.asarray(plane, np.float32) for plane in planes]), 0, 1)  # (3, size, size)


def _rgb(code: str) -> list[float]:
    """Return "rrggbb" as three numbers, [0, 1]."""
    return [value / 255 for value in bytes.fromhex(code)]
