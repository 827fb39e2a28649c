"""Fields and colours that `grown.py` fills its shapes with: noise, patterns, random networks and palettes.

Fields are (SIDE, SIDE) float32, mostly from 0 to 1; places are from -1 to 1, left to right and top to bottom.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2
from scipy.ndimage import map_coordinates

SIDE = 256  # pixels
HUES = (0.07, 0.1, 0.14, 0.28, 0.58, 0.62)  # of skin and wood, sand, straw, leaves, sky and water: of turns
Array = NDArray[np.float32]
Generator = np.random.Generator


@cache
def grid() -> tuple[Array, Array]:
    """Return the places of the pixels across and down, each (SIDE, SIDE), from -1 to 1."""
    places = np.linspace(-1, 1, SIDE, dtype=np.float32)
    return tuple(np.meshgrid(places, places))  # type: ignore[return-value]


def noise(generator: Generator, power: float, oriented: float = 0.3) -> Array:
    """Return noise of amplitude 1/f**power, mean 0 and deviation 1, that repeats itself: (SIDE, SIDE).

    It is stretched in some direction with the probability `oriented`.

    References
    ----------
    Field, "Relations between the statistics of natural images and the response properties of cortical cells",
    JOSA A 4 (1987), doi:10.1364/JOSAA.4.002379.
    """
    octaves = _octaves(0, 1)
    if generator.random() < oriented:
        octaves = _octaves.__wrapped__(generator.uniform(0, np.pi), 1 + generator.exponential(2))
    waves = generator.standard_normal((*octaves.shape, 2), np.float32).view(np.complex64)[..., 0]
    waves *= np.exp(np.float32(-power) * octaves)
    waves[0, 0] = 0
    field = irfft2(waves, (SIDE, SIDE))
    return field * np.float32(SIDE / np.linalg.norm(field))


@cache
def _octaves(angle: float, stretch: float) -> Array:
    """Return the logarithm of the frequency of each wave, stretched along an angle: (SIDE, SIDE / 2 + 1)."""
    down = np.fft.fftfreq(SIDE).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(SIDE).astype(np.float32)[None]
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    square = (np.float32(stretch) * (cosine * across + sine * down)) ** 2 + (cosine * down - sine * across) ** 2
    square[0, 0] = 1  # the mean, which is no wave
    return np.log(square) / 2


def photograph_noise(generator: Generator) -> Array:
    """Return noise with the spectrum, the colours and the long-tailed wavelets of photographs: (SIDE, SIDE, 3).

    Octaves of noise are sharpened, and contrast comes and goes over the picture in all octaves together.

    References
    ----------
    Portilla and Simoncelli, "A parametric texture model based on joint statistics of complex wavelet coefficients",
    IJCV 40 (2000), doi:10.1023/A:1026553619983; Ruderman, Cronin and Chiao, "Statistics of cone responses to natural
    images", JOSA A 15 (1998), doi:10.1364/JOSAA.15.002036, for the colours.
    """
    envelope = np.exp(generator.uniform(0, 1) * noise(generator, 2))
    steepness, tail = generator.uniform(0.8, 1.6), generator.uniform(1, 2.2)
    light = noise(generator, steepness + 0.6)
    for power in (0.5, 1.0):
        band = noise(generator, power * steepness)
        light += 0.5 * envelope * np.sign(band) * np.abs(band) ** tail
    blue, red = noise(generator, steepness + 0.4), noise(generator, steepness + 0.5)
    blue, red = generator.uniform(0.02, 0.14) * blue, generator.uniform(0.01, 0.07) * red
    x, y = warped(generator, *grid())
    light = sampled(generator.uniform(0.08, 0.2) * light + generator.uniform(0.3, 0.65), x, y)
    cast = generator.normal(0, 0.05, 2)
    blue, red = blue + cast[0] + 0.1 * (light - 0.5), red + cast[1]
    return np.clip(planar([light + red - blue / 2, light - red - blue / 2, light + blue]), 0, 1)


def sampled(field: Array, x: Array, y: Array) -> Array:
    """Return a field that repeats itself at other places, of the same shape as those."""
    places = [(y + 1) * np.float32(SIDE / 2), (x + 1) * np.float32(SIDE / 2)]
    if np.ptp(x) > 4:  # so many repetitions that nothing lies between the pixels to be interpolated
        down, across = (np.floor(place).astype(np.int32) & (SIDE - 1) for place in places)
        return field.ravel()[down * SIDE + across]
    return map_coordinates(field, places, order=1, mode="grid-wrap", prefilter=False)


def warped(generator: Generator, x: Array, y: Array) -> tuple[Array, Array]:
    """Return places moved smoothly: not at all, by waves or by noise."""
    kind = generator.choice(["none", "waves", "noise"])
    strength = np.float32(generator.exponential(0.12))
    if kind == "noise":
        power = generator.uniform(1.7, 3)
        return x + strength * noise(generator, power), y + strength * noise(generator, power)
    if kind == "waves":
        for rate in generator.uniform(1, 9, 3).astype(np.float32):
            x, y = x + strength * np.sin(rate * y + rate * rate), y + strength * np.sin(rate * x - rate)
    return x, y


def network(generator: Generator, x: Array, y: Array) -> Array:
    """Return three outputs of a random network over places, each from 0 to 1: (..., 3)."""
    inputs = [x, y, np.hypot(x, y), np.abs(x) if generator.random() < 0.5 else np.ones_like(x), np.ones_like(x)]
    found = np.stack(inputs).reshape(len(inputs), -1) * np.float32(generator.uniform(1, 3.5))  # (5, pixels)
    activations = (np.sin, np.tanh, np.abs, lambda a: np.exp(-a * a), np.cos)
    for _ in range(generator.integers(2, 5)):
        weights = generator.normal(0, 1.6 / np.sqrt(len(found)), (9, len(found))).astype(np.float32)
        found = activations[generator.integers(len(activations))](weights @ found)  # (9, pixels)
        found -= found.mean(1, keepdims=True)
        found /= np.linalg.norm(found, axis=1, keepdims=True) / np.sqrt(np.float32(x.size)) + np.float32(1e-3)
    return planar((0.5 + 0.25 * found[:3] + 0.1 * found[3:6] * found[6:]).reshape(3, *x.shape))


def stripes(generator: Generator, u: Array, v: Array) -> Array:
    """Return waves across, which bend with another wave by chance."""
    return np.sin(3 * u + np.float32(generator.choice([0, 0, 1, 2])) * np.sin(v))


def checks(generator: Generator, u: Array, v: Array) -> Array:
    """Return squares, or a plaid of two waves."""
    return np.sin(2 * u) * np.sin(2 * v) if generator.random() < 0.5 else 0.6 * np.sin(2 * u) + 0.6 * np.sin(2 * v)


def rings(generator: Generator, u: Array, v: Array) -> Array:
    """Return rings or spirals about a point."""
    u, v = u + np.float32(generator.normal(0, 2)), v + np.float32(generator.normal(0, 2))
    return np.sin(3 * np.hypot(u, v) + np.float32(generator.integers(0, 4)) * np.arctan2(v, u))


def bricks(generator: Generator, u: Array, v: Array) -> Array:
    """Return tiles in rows, each of its own tone, with joints."""
    u = u / 2 + np.float32(generator.choice([0, 0.5, 0.3])) * np.floor(v)
    tones = generator.uniform(-0.3, 1, (64, 64)).astype(np.float32)
    joint = np.float32(generator.uniform(0.02, 0.12))
    found = tones[np.floor(v).astype(np.int64) & 63, np.floor(u).astype(np.int64) & 63]
    return np.where((u - np.floor(u) < joint) | (v - np.floor(v) < 2 * joint), np.float32(-1), found)


def dots(generator: Generator, u: Array, v: Array) -> Array:
    """Return discs or rings on a lattice."""
    u = u + np.float32(generator.choice([0, 0.5])) * np.floor(v)
    found = np.hypot(u - np.floor(u) - 0.5, v - np.floor(v) - 0.5)
    return np.clip(8 * (np.float32(generator.uniform(0.15, 0.45)) - found), -1, 1)


def clouds(generator: Generator, u: Array, v: Array) -> Array:
    """Return noise, or its ridges, at places."""
    field = sampled(0.5 * noise(generator, generator.uniform(0.6, 2)), u / 4, v / 4)
    return 1 - 2 * np.abs(field) if generator.random() < 0.3 else field


def cells(generator: Generator, u: Array, v: Array) -> Array:
    """Return how far the nearest seed is, or the tone of its cell.

    References
    ----------
    Worley, "A cellular texture basis function", SIGGRAPH (1996), doi:10.1145/237170.237267.
    """
    jitters = generator.uniform(-0.4, 0.4, (2, 4096)).astype(np.float32)
    left, top = np.floor(u - 0.5), np.floor(v - 0.5)
    nearest, tone = np.full(u.shape, 9, np.float32), np.zeros(u.shape, np.float32)
    for right, down in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rows = ((left + right).astype(np.int32) & 63) * 64 + ((top + down).astype(np.int32) & 63)
        away = (u - left - right - 0.5 - jitters[0][rows]) ** 2 + (v - top - down - 0.5 - jitters[1][rows]) ** 2
        tone = np.where(away < nearest, jitters[0][rows], tone)
        nearest = np.minimum(nearest, away)
    return 2.2 * tone if generator.random() < 0.5 else 1 - 2.5 * nearest


def networked(generator: Generator, u: Array, v: Array) -> Array:
    """Return an output of a random network."""
    return 2 * network(generator, u / 3, v / 3)[..., 0] - 1


Pattern = Callable[[Generator, Array, Array], Array]
PATTERNS: tuple[Pattern, ...] = (stripes, checks, rings, bricks, dots, clouds, clouds, clouds, cells, networked)


def pattern(generator: Generator, x: Array, y: Array, kinds: tuple[Pattern, ...] = PATTERNS) -> Array:
    """Return some pattern at places, turned and scaled by chance, from 0 to 1."""
    angle, scale = generator.choice([0, np.pi / 2, generator.uniform(0, np.pi)]), np.exp(generator.uniform(0.6, 3))
    sine, cosine = np.float32(scale * np.sin(angle)), np.float32(scale * np.cos(angle))
    u, v = cosine * x + sine * y, cosine * y - sine * x
    found = kinds[generator.integers(len(kinds))](generator, u, v * np.float32(np.exp(generator.normal(0, 0.3))))
    if generator.random() < 0.3:
        found = np.tanh(np.float32(generator.uniform(2, 8)) * found)
    return np.clip(0.5 + 0.5 * found, 0, 1)


def texture(generator: Generator, colours: Array) -> Array:
    """Return a texture of the colours over the whole picture, with some grain: (SIDE, SIDE, 3), from 0 to 1."""
    field = pattern(generator, *warped(generator, *grid()))
    light = np.float32(0)
    if generator.random() < 0.7:
        light = np.float32(generator.exponential(0.1)) * noise(generator, generator.uniform(0.2, 1.6))
    if generator.random() < 0.2:
        light = light + 0.4 * (pattern(generator, *grid()) - 0.5)
    return ramp(field, colours) * (1 + light)[..., None] if np.ndim(light) else ramp(field, colours)


def palette(generator: Generator, count: int = 4) -> Array:
    """Return colours that go together: (count, 3), from 0 to 1.

    Their hues lie about one or two, mostly those that nature has; most are dull, a few vivid.
    """
    centres = np.where(generator.random(2) < 0.6, generator.choice(HUES, 2), generator.random(2))
    hues = generator.choice(centres, count) + generator.normal(0, 1, count) * generator.exponential(0.05)
    saturations = generator.beta(1.3, generator.uniform(0.8, 4), count)
    values = np.clip(generator.beta(1.3, 1.1, count) * generator.uniform(0.7, 1.1) + 0.03, 0, 1)
    waves = np.abs(np.mod(hues[:, None] + np.array([0, 2 / 3, 1 / 3]), 1) * 6 - 3) - 1  # hue to red, green, blue
    return (values[:, None] * (1 - saturations[:, None] * (1 - np.clip(waves, 0, 1)))).astype(np.float32)


def ramp(field: Array, colours: Array) -> Array:
    """Return the colour at each value from 0 to 1 of a field, between the colours in their order: (..., 3)."""
    steps = np.linspace(0, len(colours) - 1, 256)
    tables = [np.interp(steps, np.arange(len(colours)), channel).astype(np.float32) for channel in colours.T]
    rows = (np.clip(field, 0, 1) * 255).astype(np.uint8)
    return planar([channel[rows] for channel in tables])


def planar(channels: Sequence[Array] | Array) -> Array:
    """Return channels, each (SIDE, SIDE), as (SIDE, SIDE, C), each still whole in memory.

    Numpy then runs along a channel rather than over three numbers at a time, several times as fast.
    """
    return np.moveaxis(np.stack(list(channels)), 0, -1)


def attractor(generator: Generator) -> tuple[Array, Array]:
    """Return how often random affine maps, bent by chance, lead to each pixel, and the mean tone of the ways there.

    References
    ----------
    Barnsley, "Fractals everywhere", Academic Press (1988); Draves and Reckase, "The fractal flame algorithm" (2003);
    Kataoka et al., "Pre-training without natural images", ACCV (2020), arXiv:2101.08515.
    """
    num_maps, particles = int(generator.integers(2, 6)), 8000
    turns = np.linalg.qr(generator.normal(size=(num_maps, 2, 2)))[0]
    maps = (turns * generator.uniform(0.25, 0.92, (num_maps, 1, 2))).astype(np.float32).reshape(num_maps, 4).T
    shifts = generator.normal(0, 0.6, (2, num_maps)).astype(np.float32)
    bend, tones = generator.choice(["none", "none", "sine", "swirl"]), generator.random(num_maps, np.float32)
    x, y, tone = generator.standard_normal((3, particles), np.float32)
    seen = []
    for step in range(28):
        chosen = generator.integers(0, num_maps, particles)
        a, b, c, d = maps[:, chosen]
        x, y = a * x + b * y + shifts[0][chosen], c * x + d * y + shifts[1][chosen]
        if bend == "sine":
            x, y = x + np.float32(0.4) * np.sin(2 * x), y + np.float32(0.4) * np.sin(2 * y)
        elif bend == "swirl":
            sine, cosine = np.sin(x * x + y * y), np.cos(x * x + y * y)
            x, y = x * sine - y * cosine, x * cosine + y * sine
        tone = (tone + tones[chosen]) / 2
        if step >= 8:  # by then the particles are on the attractor
            seen.append((x, y, tone))
    spots = np.concatenate(seen, 1)
    return _histogram(spots[:2].T, spots[2], generator.uniform(0.7, 1.2))


def _histogram(spots: Array, tones: Array, margin: float) -> tuple[Array, Array]:
    """Return how many spots lie in each pixel, and their mean tone: each (SIDE, SIDE)."""
    low, high = np.quantile(spots[::16], 0.01, 0), np.quantile(spots[::16], 0.99, 0)
    places = (spots - (low + high) / 2) * (margin * SIDE * 0.9 / max((high - low).max(), 1e-3)) + SIDE / 2
    inside = np.all((places >= 0) & (places < SIDE), 1)
    rows = places[inside].astype(np.int64) @ np.array([1, SIDE])
    density = np.bincount(rows, minlength=SIDE * SIDE).astype(np.float32)
    shade = np.bincount(rows, tones[inside], SIDE * SIDE) / np.maximum(density, 1)
    return density.reshape(SIDE, SIDE), shade.reshape(SIDE, SIDE).astype(np.float32)
