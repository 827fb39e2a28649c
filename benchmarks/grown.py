"""Grows pictures out of random numbers, for a network that has to start from no photograph.

    python benchmarks/grown.py FOLDER --count 20000 --seed 0

Picture i depends on the seed and on i alone, so a larger count only adds pictures. They are JPEGs of 256x256 pixels
of seven kinds: figures in front of a background, dead leaves, scenes, fractals, shaders, textures, and noise with the
statistics of photographs. `--sheet FILE` also writes the first 100 side by side.

Baradad, Wulff, Wang, Isola and Torralba, "Learning to see by looking at noise", NeurIPS (2021), arXiv:2106.05963,
and Baradad, Chen, Wulff, Wang, Feris, Torralba and Isola, "Procedural image programs for representation learning",
NeurIPS (2022), arXiv:2211.16412, found that such pictures teach the more, the more diverse and natural they are.
"""

import argparse
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from grown_shapes import FIGURES, Look, Part, box, outline, place, turned
from grown_textures import (
    PATTERNS,
    SIDE,
    Array,
    Generator,
    attractor,
    clouds,
    grid,
    network,
    noise,
    palette,
    pattern,
    photograph_noise,
    planar,
    ramp,
    texture,
    warped,
)
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter
from threadpoolctl import threadpool_limits
from tqdm import tqdm

SHEET = 10  # pictures in a row, and rows


def dead_leaves(generator: Generator) -> Array:
    """Return shapes of power-law sizes that cover each other: (SIDE, SIDE, 3).

    References
    ----------
    Lee, Mumford and Huang, "Occlusion models for natural images", IJCV 41 (2001), doi:10.1023/A:1011109015675.
    """
    canvas = _opaque(texture(generator, palette(generator)))
    fills = [texture(generator, palette(generator)) for _ in range(generator.integers(1, 3))]
    colours = palette(generator, 12)
    smallest, power = np.exp(generator.uniform(np.log(5), np.log(30))), generator.uniform(1.4, 3)
    kinds = generator.choice(len(FIGURES) + 8, generator.integers(1, 4))  # a picture of discs differs from one of stars
    relief, light, textured = generator.choice([0, 0, 0.5, 1]), generator.uniform(0, 7), generator.random()
    for _ in range(min(int(900 / smallest), 60)):
        radius = min(smallest * generator.random() ** (-1 / power), 90)
        points = turned(outline(generator, generator.choice(kinds)), generator.uniform(0, 7), radius)
        fill = fills[generator.integers(len(fills))]
        if generator.random() > textured:
            fill = colours[generator.integers(len(colours))]
        part = Part(points + generator.uniform(0, SIDE, 2), 0)
        look = Look(relief if radius > 30 else 0, light, strength=generator.uniform(0.6, 1.2))
        place(canvas, [part], [fill], look)
    return canvas[..., :3]


def figure(generator: Generator) -> Array:
    """Return one composite object, with its shadow, in front of a background: (SIDE, SIDE, 3)."""
    back, canvas = background(generator), planar(np.zeros((4, SIDE, SIDE), np.float32))
    parts = FIGURES[generator.integers(len(FIGURES))](generator)
    fills = _fills(generator, 0.6)
    turn = generator.normal(0, 0.12) if generator.random() < 0.7 else generator.uniform(0, 7)
    centre, size = SIDE / 2 + generator.normal(0, 10, 2), generator.uniform(140, 245)
    light = generator.uniform(0, 2 * np.pi)
    placed = _fitted(generator, parts, turn, size, centre)
    place(canvas, placed, fills, Look(generator.choice([0.3, 0.7, 1.0]), light, generator.random()))
    cover = canvas[..., 3]
    if generator.random() < 0.7:
        back *= 1 - generator.uniform(0.2, 0.7) * _shadow(generator, cover, light)[..., None]
    return back + cover[..., None] * (canvas[..., :3] - back)


def background(generator: Generator) -> Array:
    """Return what a figure stands in front of, plain, smooth, textured or a scene: (SIDE, SIDE, 3)."""
    kind = generator.choice(["plain", "plain", "smooth", "table", "texture", "blurred", "scene"])
    x, y = grid()
    colours = palette(generator)
    if kind == "plain":
        shade = np.clip(0.5 + 0.2 * x * generator.normal() + 0.2 * y * generator.normal(), 0, 1)
        paper = colours[:1] if generator.random() < 0.6 else np.full((1, 3), generator.uniform(0.85, 1), np.float32)
        return ramp(shade, paper * np.array([[0.92], [1.05]], np.float32))
    if kind == "smooth":
        return ramp(0.5 + 0.2 * noise(generator, 2.5), colours)
    if kind == "table":
        return _ground(generator, _opaque(ramp((y + 1) / 2, colours)), generator.uniform(-0.3, 0.5))[..., :3]
    if kind == "scene":
        return scene(generator, num_things=int(generator.integers(0, 3)))
    found = texture(generator, colours)
    return planar([gaussian_filter(f, 6, truncate=2) for f in np.moveaxis(found, 2, 0)]) if kind == "blurred" else found


def scene(generator: Generator, num_things: int | None = None) -> Array:
    """Return ground in perspective under a sky, hills between, and upright things on it: (SIDE, SIDE, 3)."""
    _, y = grid()
    horizon, sky = generator.uniform(-0.6, 0.4), palette(generator)
    canvas = _opaque(ramp(np.clip((y + 1) / (horizon + 1.2), 0, 1), sky[np.argsort(sky.sum(1))][-3:]))
    if generator.random() < 0.6:
        clouds = np.clip(noise(generator, 1.7) * 0.6 + generator.uniform(-0.5, 0.3), 0, 1)[..., None]
        canvas[..., :3] += clouds * (generator.uniform(0.6, 1) - canvas[..., :3])
    haze = canvas[int((horizon + 1) * SIDE / 2), SIDE // 2, :3].copy()
    for distance in np.sort(generator.uniform(0.1, 0.8, generator.integers(0, 4)))[::-1]:
        rise = np.cumsum(np.cumsum(generator.normal(0, 1, SIDE + 8)) * generator.uniform(0.02, 0.1))
        rise = rise - np.linspace(rise[0], rise[-1], len(rise))
        tops = (horizon + 1) * SIDE / 2 + 8 - 40 * generator.random() * (rise - rise.min()) / (np.ptp(rise) + 1e-6)
        hill = np.stack([np.arange(len(tops)) - 4, tops], 1)
        colour = distance * haze + (1 - distance) * palette(generator)[0]
        place(canvas, [Part(np.concatenate([hill, [[SIDE + 4, SIDE], [-4, SIDE]]]), 0)], [colour], Look())
    canvas = _ground(generator, canvas, horizon)
    count = int(generator.integers(1, 9)) if num_things is None else num_things
    kinds = generator.choice(len(FIGURES), 2)
    light, looks = generator.uniform(0, 2 * np.pi), [_fills(generator, 0.3) for _ in range(2)]
    for near in np.sort(generator.beta(1, 2, count)):
        kind = generator.integers(2)
        foot = (horizon + 1 + near * (1 - horizon)) * SIDE / 2 + 2
        size = (0.12 + near) * generator.uniform(100, 230)
        far = np.float32(0.35 * (1 - near))
        fills = [fill + far * (haze - fill) if fill.ndim == 1 else fill for fill in looks[kind]]
        centre = np.array([generator.uniform(0, SIDE), foot])
        placed = _fitted(generator, FIGURES[kinds[kind]](generator), generator.normal(0, 0.04), size, centre, foot=True)
        place(
            canvas, [_spread(size, centre)], [canvas[int(min(foot, SIDE - 1)), SIDE // 2, :3] * 0.6], Look(opacity=0.5)
        )
        place(canvas, placed, fills, Look(0.6, light))
    return canvas[..., :3]


def fractal(generator: Generator) -> Array:
    """Return the attractor of random maps in front of a background: (SIDE, SIDE, 3)."""
    density, shade = attractor(generator)
    density = gaussian_filter(density, generator.choice([0, 0.6, 1.2]))
    strength = np.clip(np.log1p(density) / np.log1p(np.quantile(density[density > 0.01], 0.8)), 0, 1)[..., None]
    back = background(generator) if generator.random() < 0.6 else np.full((SIDE, SIDE, 3), 0.02, np.float32)
    bright = ramp(shade, palette(generator, 6)) * (0.4 + 0.6 * strength)
    return back + np.sqrt(strength) * (bright - back)


def shader(generator: Generator) -> Array:
    """Return a small random network over the place in the picture, warped, through a palette: (SIDE, SIDE, 3).

    References
    ----------
    Stanley, "Compositional pattern producing networks", Genetic Programming and Evolvable Machines 8 (2007),
    doi:10.1007/s10710-007-9028-8.
    """
    x, y = warped(generator, *grid())
    if generator.random() < 0.3:  # a kaleidoscope
        folds = generator.integers(2, 9)
        angle, radius = np.arctan2(y, x), np.hypot(x, y)
        angle = np.abs(np.mod(angle * folds / (2 * np.pi), 1) - 0.5) * 2 * np.pi / folds
        x, y = radius * np.cos(angle), radius * np.sin(angle)
    channels = network(generator, x, y)
    if generator.random() < 0.5:
        return np.clip(channels, 0, 1)
    field = channels[..., 0]
    if generator.random() < 0.5:
        field = 0.5 * field + 0.5 * pattern(generator, channels[..., 1] * 2, channels[..., 2] * 2)
    return ramp(field, palette(generator, 6))


def textured(generator: Generator) -> Array:
    """Return one texture that fills the picture, or two that meet at a noisy border: (SIDE, SIDE, 3)."""
    first = texture(generator, palette(generator))
    if generator.random() < 0.5:
        return first
    border = np.clip(generator.uniform(2, 30) * noise(generator, generator.uniform(1.5, 3)), 0, 1)[..., None]
    return first + border * (texture(generator, palette(generator)) - first)


KINDS = {
    figure: 0.38,
    dead_leaves: 0.14,
    scene: 0.16,
    fractal: 0.1,
    shader: 0.08,
    photograph_noise: 0.06,
    textured: 0.08,
}


def grow(seed: int, number: int) -> Image.Image:
    """Return the picture of a number, the same one for the same seed."""
    generator = np.random.default_rng((seed, number))
    kind = generator.choice(len(KINDS), p=list(KINDS.values()))
    return developed(generator, list(KINDS)[kind](generator))


def developed(generator: Generator, colours: Array) -> Image.Image:
    """Return the picture that a camera takes of colours from 0 to 1: light, lens, grain and tone."""
    x, y = grid()
    if generator.random() < 0.5:
        lit = (
            1
            + generator.normal(0, 0.15) * x
            + generator.normal(0, 0.15) * y
            - generator.random() * 0.2 * (x * x + y * y)
        )
        colours = colours * lit[..., None]
    grain = generator.exponential(0.012) * generator.standard_normal((SIDE, SIDE), np.float32)
    levels = np.clip(colours * generator.normal(1, 0.04, 3).astype(np.float32) + grain[..., None], 0, 1)
    picture = Image.fromarray((255 * levels + 0.5).astype(np.uint8, order="C"))
    tone = np.linspace(0, 1, 256) ** np.exp(generator.normal(-0.2, 0.25))
    picture = picture.point((255 * tone + 0.5).astype(int).tolist() * 3)
    if generator.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.4, 1.5)))
    return picture


def _opaque(colours: Array) -> Array:
    return planar([*np.moveaxis(colours, 2, 0), np.ones((SIDE, SIDE), np.float32)])


def _fills(generator: Generator, share: float) -> list[Array]:
    colours = palette(generator, 5)
    return [texture(generator, colours) if i < 2 and generator.random() < share else colours[i] for i in range(5)]


def _fitted(
    generator: Generator, parts: list[Part], turn: float, size: float, centre: Array, *, foot: bool = False
) -> list[Part]:
    """Return the parts turned, and of this size in pixels about the centre, or upon it."""
    stretch = np.exp(generator.normal(0, 0.12, 2))
    flip = generator.choice([-1, 1])
    outlines = [turned(part.outline * stretch * (flip, 1), turn, 1) for part in parts]
    low, high = np.min([o.min(0) for o in outlines], 0), np.max([o.max(0) for o in outlines], 0)
    origin = np.array([(low[0] + high[0]) / 2, high[1] if foot else (low[1] + high[1]) / 2])
    scale = size / (high - low).max()
    return [Part((o - origin) * scale + centre, part.fill) for o, part in zip(outlines, parts, strict=True)]


def _spread(size: float, centre: Array) -> Part:
    return Part(box(2) * (size * 0.3, size * 0.06) + centre, 0)


def _shadow(generator: Generator, cover: Array, light: float) -> Array:
    """Return how dark the shadow of a cover is, from 0 to 1, thrown away from the light or onto the floor."""
    small = np.asarray(Image.fromarray(cover).reduce(4))
    away = generator.uniform(1, 7) * np.array([-np.cos(light), -np.sin(light)])
    soft = gaussian_filter(np.roll(small, np.round(away).astype(int), (0, 1)), generator.uniform(0.5, 4))
    return np.asarray(Image.fromarray(soft).resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def _ground(generator: Generator, canvas: Array, horizon: float) -> Array:
    """Return the canvas with textured ground below the horizon, which lies between -1 and 1."""
    x, y = grid()
    below = y > horizon
    depth = 0.7 / np.maximum(y - horizon, 0.02)
    kinds = (clouds,) if generator.random() < 0.5 else PATTERNS  # most ground is no pattern
    field = pattern(generator, x * depth, depth * np.float32(generator.uniform(0.5, 2)), kinds)
    field = 0.5 + (field - 0.5) * np.clip(2.5 / depth, 0.05, 1)  # what is far is finer than a pixel
    colours = ramp(field, palette(generator)) * (1 + 0.06 * noise(generator, 1)[..., None])
    canvas[below, :3] = colours[below]
    return canvas


def _write(number: int, *, folder: Path, seed: int) -> None:
    grow(seed, number).save(folder / f"{number:06d}.jpg", quality=95)


def main() -> None:
    """Write the folder, and print how fast."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    write = partial(_write, folder=options.folder, seed=options.seed)
    with get_context("spawn").Pool(options.workers, threadpool_limits, (1,)) as pool:
        list(tqdm(pool.imap_unordered(write, range(options.count), 16), total=options.count))
    seconds = time.perf_counter() - started
    print(f"{options.count} pictures in {seconds:.0f} s, {options.count / seconds:.0f} a second of {options.workers}")
    if options.sheet:
        sheet = Image.new("RGB", (SHEET * SIDE // 2, SHEET * SIDE // 2))
        for i in range(min(options.count, SHEET**2)):
            small = grow(options.seed, i).reduce(2)
            sheet.paste(small, (i % SHEET * small.width, i // SHEET * small.height))
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
