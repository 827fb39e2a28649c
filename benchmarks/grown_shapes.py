"""Outlines and composite figures that `grown.py` draws, and how they are painted with light on them.

Outlines are (P, 2) points across and down. Those of one shape lie about 0 with a radius near 1; figures are lists of
parts, the first of them behind, of any size.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from grown_textures import SIDE, Array, Generator
from PIL import Image, ImageDraw
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter

ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)
CIRCLE = np.stack([np.sin(ANGLES), np.cos(ANGLES)], 1)


class Part(NamedTuple):
    """An outline, (P, 2), and the number of its fill."""

    outline: Array
    fill: int


class Look(NamedTuple):
    """How parts are painted, mostly from 0 to 1."""

    relief: float = 0  # how strongly light shades a part as if it were inflated
    light: float = 0  # where it comes from, in radians from below
    gloss: float = 0  # how strong a highlight is
    opacity: float = 1
    strength: float = 1  # multiplies the colours


def turned(points: Array, angle: float, scale: float) -> Array:
    """Return points turned about 0 by radians, and scaled."""
    sine, cosine = np.sin(angle) * scale, np.cos(angle) * scale
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def box(power: float) -> Array:
    """Return a superellipse: a circle for the power 2, and nearer to a square for more."""
    return np.sign(CIRCLE) * np.abs(CIRCLE) ** (2 / power)


def blob(generator: Generator, roughness: float, symmetric: bool = True) -> Array:
    """Return a circle whose radius goes in and out."""
    radius, phases = np.ones_like(ANGLES), generator.uniform(0, 7, 9) * (not symmetric)
    for k in range(2, 9):
        radius += generator.normal(0, roughness) / k * np.cos(k * ANGLES + phases[k])
    return CIRCLE * np.maximum(radius, 0.2)[:, None]


def star(generator: Generator) -> Array:
    """Return a star, a gear or petals."""
    wave = np.cos(generator.integers(3, 10) * ANGLES)
    return CIRCLE * (0.7 + 0.3 * np.clip(wave * generator.choice([1, 4]), -1, 1))[:, None]


def polygon(generator: Generator) -> Array:
    """Return three to eight corners on a circle."""
    count = generator.integers(3, 9)
    angles = np.sort(generator.uniform(0, 2 * np.pi, count)) if generator.random() < 0.5 else np.arange(count)
    angles = angles * (1 if angles.max() > count - 1 else 2 * np.pi / count)
    return np.stack([np.sin(angles), np.cos(angles)], 1)


def profile(generator: Generator) -> Array:
    """Return what a lathe turns: a symmetric outline of some widths from top to bottom."""
    count = generator.integers(4, 9)
    widths = generator.uniform(0.12, 0.75, count)
    down = np.linspace(-1, 1, 40)
    half = PchipInterpolator(np.linspace(-1, 1, count), widths)(down)
    return np.concatenate([np.stack([half, down], 1), np.stack([-half, down], 1)[::-1]])


def ribbon(start: Array, angle: float, length: float, width: float, bend: float, taper: float) -> Array:
    """Return a limb from a point: the angle in radians from downwards, its bend over the length, its end's width."""
    along = np.linspace(0, 1, 14)
    angles = angle + bend * along
    directions = np.stack([np.sin(angles), np.cos(angles)], 1)
    centre = np.asarray(start) + np.cumsum(directions, 0) * length / len(along)
    half = width * (1 + (taper - 1) * along)[:, None] * np.sqrt(np.clip(1.02 - along**8, 0, 1))[:, None]
    sides = np.stack([directions[:, 1], -directions[:, 0]], 1) * half
    return np.concatenate([centre + sides, (centre - sides)[::-1]])


def stroke(generator: Generator) -> Array:
    """Return a bent stroke, as of a letter."""
    bend = generator.choice([0, generator.uniform(-4, 4)])
    points = ribbon(np.zeros(2), 0, 2, generator.uniform(0.08, 0.3), bend, generator.uniform(0.3, 1.2))
    return points - points.mean(0)


def outline(generator: Generator, kind: int) -> Array:
    """Return an outline of a kind, of which there are eight; larger numbers are blobs."""
    makers: tuple[Callable[[], Array], ...] = (
        lambda: CIRCLE,
        lambda: CIRCLE * (1, generator.uniform(0.2, 0.8)),
        lambda: box(generator.uniform(3, 12)) * (1, generator.uniform(0.3, 1)),
        lambda: star(generator),
        lambda: polygon(generator),
        lambda: stroke(generator),
        lambda: profile(generator),
        lambda: ribbon(np.array([0, -1]), 0, 2, 0.5, generator.uniform(-1, 1), 0.1),
    )
    return makers[kind]() if kind < len(makers) else blob(generator, generator.uniform(0.1, 0.6), False)


def mirrored(part: Part) -> Part:
    """Return the part on the other side of the upright axis."""
    return Part(part.outline * (-1, 1), part.fill)


def assembly(generator: Generator) -> list[Part]:
    """Return a symmetric body with pairs of limbs, a head, eyes and marks: an insect, a mask, a robot."""
    body = outline(generator, generator.choice([0, 1, 2, 3, 6, 8, 8])) * generator.uniform(0.5, 1, 2)
    sides, bodies = [], [Part(body, 0)]
    for angle in generator.uniform(0.3, 2.9, generator.integers(0, 5)):
        start, length = np.array([np.sin(angle), np.cos(angle)]) * 0.4, generator.uniform(0.5, 1.6)
        fill, width, bend = int(generator.integers(1, 4)), generator.uniform(0.05, 0.3), generator.uniform(-1.5, 1.5)
        limb = Part(ribbon(start, angle, length, width, bend, generator.uniform(0.2, 1.6)), fill)
        sides += [limb, mirrored(limb)]
        if generator.random() < 0.4:
            tip = limb.outline[len(limb.outline) // 2]
            knob = Part(outline(generator, generator.integers(9)) * width * 1.6 + tip, int(generator.integers(5)))
            sides += [knob, mirrored(knob)]
    if generator.random() < 0.6:
        place_of_head, size = np.array([0, body[:, 1].min()]), generator.uniform(0.25, 0.6)
        bodies.append(Part(blob(generator, 0.3) * size + place_of_head, int(generator.integers(2))))
        eye = Part(CIRCLE * size * generator.uniform(0.1, 0.3) + place_of_head + (size * 0.45, -0.1), 4)
        bodies += [eye, mirrored(eye)]
    return sides + bodies + marks(generator, 0.5)


def marks(generator: Generator, reach: float) -> list[Part]:
    """Return pairs of small marks within a reach, or none."""
    found = []
    for _ in range(generator.integers(0, 4)):
        points = outline(generator, generator.integers(9)) * generator.uniform(0.05, 0.25)
        part = Part(points + generator.uniform(-reach, reach, 2), int(generator.integers(1, 5)))
        found += [part, mirrored(part)] if generator.random() < 0.7 else [part]
    return found


def beast(generator: Generator) -> list[Part]:
    """Return an animal on its legs, seen from the side."""
    long, high = generator.uniform(0.7, 1.3), generator.uniform(0.3, 0.6)
    leg, width = generator.uniform(0.4, 1.3), generator.uniform(0.06, 0.18)
    feet = []
    for x, fill in ((-0.6, 1), (0.75, 1), (-0.75, 0), (0.6, 0)):
        angle, bend = generator.normal(0, [0.2, 0.3])
        feet.append(Part(ribbon(np.array([x * long, 0]), angle, leg + high, width, bend, 0.6), fill))
    tail = Part(ribbon((-long, 0), -1.5, generator.uniform(0.3, 1.3), 0.1, generator.uniform(-2, 2), 0.4), 0)
    angle, neck = generator.uniform(1.6, 2.8), generator.uniform(0.3, 1.1)
    head = np.array([long * 0.8, -high * 0.3]) + neck * np.array([np.sin(angle), np.cos(angle)])
    size = generator.uniform(0.2, 0.45)
    skull = turned(blob(generator, 0.3) * (1, generator.uniform(0.5, 0.9)) * size, generator.uniform(-0.2, 0.6), 1)
    crown = head - np.array([0, size / 3])
    ears = [Part(ribbon(crown, np.pi + lean, size * 1.2, size / 3, 0, 0.2), 1) for lean in (-0.2, 0.2)]
    body = Part(blob(generator, 0.25) * (long, high), 0)
    throat = Part(ribbon((long * 0.7, -0.05), angle, neck + 0.1, high * 0.6, 0, 0.6), 0)
    return [tail, *feet, throat, body, *ears, Part(skull + head, 0), Part(CIRCLE * size * 0.12 + head, 4)]


def vessel(generator: Generator) -> list[Part]:
    """Return a vase, a lamp or a bottle, with bands and handles by chance."""
    body = profile(generator) * (generator.uniform(0.6, 1.2), 1)
    half, found = body[:40, 0], []
    if generator.random() < 0.4:
        handle = Part(ribbon((half[12] * 0.8, -0.4), 1.6, 1.2, 0.07, -3, 1), 1)
        found = [handle, mirrored(handle)][: generator.integers(1, 3)]
    found.append(Part(body, 0))
    for top in generator.integers(0, 34, generator.integers(0, 4)):
        rows = slice(top, top + generator.integers(2, 7))
        found.append(Part(np.concatenate([body[:40][rows], (body[:40][rows] * (-1, 1))[::-1]]), int(1 + top % 4)))
    return found


def machine(generator: Generator) -> list[Part]:
    """Return a vehicle or an appliance: boxes, windows and wheels."""
    power, high = generator.uniform(2.5, 10), generator.uniform(0.25, 0.8)
    found = [Part(box(power) * (1, high), 0)]
    cabin = np.array([generator.uniform(-0.5, 0.5), -high - 0.1])
    wide, tall = generator.uniform(0.25, 0.8), generator.uniform(0.2, 0.6)
    slope = generator.uniform(0.5, 1.1)
    top = np.array([[-1, 0.6], [-slope, -1], [slope, -1], [1, 0.6]]) * (wide, tall) + cabin
    found = [Part(top, 1), *found, Part((top - cabin) * 0.7 + cabin, 2)]
    wheels, size = int(generator.integers(0, 5)), generator.uniform(0.15, 0.4)
    for x in np.linspace(-0.7, 0.7, max(wheels, 2))[:wheels]:
        found += [Part(CIRCLE * size + (x, high), 3), Part(CIRCLE * size * 0.5 + (x, high), 4)]
    count, kind = int(generator.integers(0, 6)), int(generator.integers(5))
    for x in np.linspace(-0.75, 0.75, max(count, 2))[:count]:
        found.append(Part(outline(generator, kind) * 0.12 + (x, -high * 0.3), 2))
    return found


def plant(generator: Generator) -> list[Part]:
    """Return a stem that branches, with leaves or crowns at the ends."""
    stems, leaves = [], []
    spread, shrink, count = generator.uniform(0.3, 0.9), generator.uniform(0.6, 0.8), int(generator.integers(2, 4))
    leaf, kind = generator.uniform(0.1, 0.5), int(generator.choice([0, 1, 3, 7, 8]))
    ends = [(np.zeros(2), np.pi, 1.0)]
    for depth in range(generator.integers(2, 4)):
        grown = []
        for start, angle, length in ends:
            points = ribbon(start, angle, length, 0.07 * length + 0.01, generator.normal(0, 0.3), 0.6)
            stems.append(Part(points, 1))
            tip = (points[13] + points[14]) / 2
            if depth:
                shape = outline(generator, kind) * leaf * generator.uniform(0.6, 1.3)
                leaves.append(Part(turned(shape, -angle, 1) + tip, int(generator.choice([0, 0, 2]))))
            grown += [(tip, angle + spread * s + generator.normal(0, 0.15), length * shrink)
                      for s in np.linspace(-1, 1, count)]  # fmt: skip
        ends = grown
    return stems + leaves


def flower(generator: Generator) -> list[Part]:
    """Return petals, or spokes, about a centre, in one ring or some."""
    count, found = int(generator.integers(3, 16)), []
    if generator.random() < 0.5:
        found.append(Part(ribbon(np.zeros(2), 0, 2.4, 0.07, generator.normal(0, 0.4), 1), 3))
    for ring in range(generator.integers(1, 4)):
        size, width = 1 - 0.3 * ring, generator.uniform(0.15, 0.5)
        shape = outline(generator, generator.choice([1, 2, 4, 7, 8])) * (width, 0.5) + (0, 0.55)
        found += [Part(turned(shape, 2 * np.pi * (i + ring / 2) / count, size), ring) for i in range(count)]
    return [*found, Part(outline(generator, 0) * generator.uniform(0.1, 0.4), 4)]


def tower(generator: Generator) -> list[Part]:
    """Return a building: storeys of windows under a roof."""
    wide, top = generator.uniform(0.25, 1), generator.choice([0.05, 0.5, 1.0])
    walls = np.array([[-wide, -1], [wide, -1], [wide, 1], [-wide, 1]])
    roof = np.array([[-wide * 1.1, -1], [-wide * generator.random(), -1 - top], [wide * generator.random(), -1 - top],
                     [wide * 1.1, -1]])  # fmt: skip
    found = [Part(roof, 1), Part(walls, 0)]
    rows, columns, kind = int(generator.integers(1, 7)), int(generator.integers(1, 5)), int(generator.choice([0, 2]))
    shape = outline(generator, kind) * (0.6 * wide / columns, 0.6 / rows)
    for down in np.linspace(-1, 1, 2 * rows + 1)[1::2]:
        found += [Part(shape + np.array([x, down]), 4) for x in np.linspace(-wide, wide, 2 * columns + 1)[1::2]]
    return found


def tool(generator: Generator) -> list[Part]:
    """Return a handle with a head or two: a spoon, an axe, a brush."""
    shaft = Part(ribbon((0, -1), 0, 2, generator.uniform(0.05, 0.15), generator.normal(0, 0.2), 1.2), 1)
    heads = []
    for y in (-1, 1)[: generator.integers(1, 3)]:
        points = outline(generator, generator.integers(9)) * generator.uniform(0.2, 0.7, 2)
        end = np.array([0, y])
        heads += [Part(points + end, 0), Part(points * 0.6 + end, int(generator.integers(5)))]
    return [shaft, *heads]


FIGURES = (assembly, assembly, beast, vessel, machine, plant, flower, tower, tool)


def place(canvas: Array, parts: list[Part], fills: list[Array], look: Look) -> None:
    """Paint parts, in pixels, on a canvas of colours and cover, (SIDE, SIDE, 4), each with its fill.

    A fill is a colour or a texture of the whole canvas.
    """
    for points, number in parts:
        left, top = (min(max(int(least), 0), SIDE) for least in points.min(0).tolist())
        right, bottom = (min(max(int(most) + 2, 0), SIDE) for most in points.max(0).tolist())
        smaller = min(right - left, bottom - top)
        if smaller < 1:
            continue
        mask = Image.new("L", (2 * (right - left), 2 * (bottom - top)))
        ImageDraw.Draw(mask).polygon(((points - (left, top)) * 2).ravel().tolist(), fill=255)
        cover = np.asarray(mask.reduce(2), np.float32) * np.float32(look.opacity / 255)
        there = np.s_[top:bottom, left:right]
        colours = fills[number][there] if fills[number].ndim == 3 else fills[number]
        if look.relief and smaller > 12:
            colours = _lit(colours, np.asarray(mask), look)
        colours = colours * np.float32(look.strength) if look.strength != 1 else colours
        patch = canvas[there]
        patch[..., :3] += cover[..., None] * (colours - patch[..., :3])
        patch[..., 3] += cover * (1 - patch[..., 3])


def _lit(colours: Array, mask: Array, look: Look) -> Array:
    """Return colours in the light that falls on a shape inflated to a cushion: (height, width, 3)."""
    step = max(4, min(mask.shape) // 20 * 2)  # coarse, as light is smooth; the mask has 2 x 2 for each pixel
    inner = distance_transform_edt(np.pad(mask[step // 2 :: step, step // 2 :: step] > 127, 2))
    height = gaussian_filter(np.sqrt(inner * (2 * inner.max() - inner)), 0.8, truncate=2.5)
    down, across = height[2:, 1:-1] - height[:-2, 1:-1], height[1:-1, 2:] - height[1:-1, :-2]
    facing = 0.8 - 0.3 * (np.sin(look.light) * across + np.cos(look.light) * down)
    facing = np.clip(facing / np.sqrt(1 + (down**2 + across**2) / 4), 0.05, 1.2)[1:-1, 1:-1]
    colours = colours * _resized(1 + look.relief * (facing - 0.75), mask.shape)
    return colours + _resized(0.6 * look.gloss * facing**16, mask.shape) if look.gloss > 0.3 else colours


def _resized(field: Array, shape: tuple[int, ...]) -> Array:
    """Return a coarse field at half of a (height, width), with an axis for the channels."""
    picture = Image.fromarray(field.astype(np.float32))
    return np.asarray(picture.resize((shape[1] // 2, shape[0] // 2), Image.Resampling.BICUBIC))[..., None]
