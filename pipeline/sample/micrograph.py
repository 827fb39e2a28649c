"""A crystal under the microscope: from a map of its ice to a colour picture.

The light is Rheinberg's: coloured lamps around the object glow in every facet that is tilted towards them,
over a background of another colour. Flat ice is nearly as clear as air, and steep edges turn dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.sample.lighting import Light, backdrop

BICUBIC = Image.Resampling.BICUBIC


@dataclass(frozen=True)
class Pose:
    """How a crystal lies under the microscope.

    Attributes
    ----------
    turn : anticlockwise, in radians.
    scale : diameter in sides of the picture, (0, 1].
    shift : of the centre from the picture's, (x, y) in sides of the picture.
    tilt : growth of scale towards the right and the bottom edge, (x, y); 0 is square on.
    """

    turn: float
    scale: float
    shift: tuple[float, float]
    tilt: tuple[float, float]


def draw_pose(rng: np.random.Generator) -> Pose:
    """Draw how a crystal lies: any turn, 0.73 to 0.91 of the picture, up to 6 % off the centre."""
    x, y = rng.uniform(-0.06, 0.06, 2)
    across, down = rng.uniform(-0.06, 0.06, 2)
    return Pose(rng.uniform(0, 2 * math.pi), rng.uniform(0.73, 0.91), (x, y), (across, down))


def project(ice: NDArray[np.float32], pose: Pose, *, reach: int, size: int) -> NDArray[np.float32]:
    """Show a map on the hexagonal lattice in a square picture.

    Parameters
    ----------
    ice : float32 (rows r, columns q), an odd number of each, from `unfold`.
    pose : how it lies.
    reach : cells from the centre to the tip of an arm.
    size : side of the picture in pixels.

    Returns
    -------
    float32 (size, size); 0 beyond the map.
    """
    cells = 2 * reach / (pose.scale * size)  # per pixel
    cosine, sine = cells * math.cos(pose.turn), cells * math.sin(pose.turn)
    centre = np.array([[1, 0, -size * (0.5 + pose.shift[0])], [0, 1, -size * (0.5 + pose.shift[1])], [0, 0, 1]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [pose.tilt[0] / size, pose.tilt[1] / size, 1]])
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    middle = ice.shape[0] / 2
    axial = np.array([[1, -1 / math.sqrt(3), middle], [0, 2 / math.sqrt(3), middle], [0, 0, 1]])
    matrix = axial @ turned @ tilted @ centre
    coefficients = (matrix / matrix[2, 2]).ravel()[:8].tolist()
    shown = Image.fromarray(ice).transform((size, size), Image.Transform.PERSPECTIVE, coefficients, BICUBIC)
    return np.asarray(shown)


def photograph(
    cover: NDArray[np.float32], height: NDArray[np.float32], light: Light, *, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Photograph an object.

    Parameters
    ----------
    cover : part of the pixel that the object covers, float32 (size, size), [0, 1].
    height : of its surface, float32 (size, size), in pixels.
    light : background and lamps.
    rng : where the background's shape and the grain come from.

    Returns
    -------
    uint8 (size, size, 3), RGB.
    """
    size = len(cover)
    across, down = _slopes(height)
    steep = across * across + down * down
    steep /= 1 + steep  # [0, 1)
    slant = cover * np.sqrt(1 - steep)
    picture = backdrop(light, size=size, rng=rng)  # (3, size, size), [0, 1]
    picture *= 1 - cover * (light.absorption + light.rim * steep)
    for angle, colour in zip(light.angles, light.lamps, strict=True):
        towards = np.maximum(across * math.cos(angle) + down * math.sin(angle), 0) * slant
        picture += colour[:, None, None] * towards
    picture += light.glow[:, None, None] * cover
    picture += rng.standard_normal((size, size), np.float32) * np.float32(light.grain)
    pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))  # (size, size, 3)


def _slopes(height: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the slope towards the right and towards the bottom, 0 along the frame."""
    across, down = np.zeros_like(height), np.zeros_like(height)
    across[:, 1:-1] = (height[:, 2:] - height[:, :-2]) / 2
    down[1:-1] = (height[2:] - height[:-2]) / 2
    return across, down
