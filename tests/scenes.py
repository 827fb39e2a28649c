"""Synthetic photographs, frames of a fixed camera, and pages of text, for the tests of copies."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

PAGE = (620, 877)
_WORDS = ("order", "invoice", "number", "page", "total", "customer", "street", "city", "goods", "price", "date", "item")


def photograph(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Return a soft ground with a dozen things on it, and grain; another one for each seed."""
    generator = np.random.default_rng(1000 + seed)
    width, height = size
    y, x = np.mgrid[:height, :width] / min(size)
    slope = np.clip((y - 0.4 + 0.1 * np.sin(x * generator.uniform(2, 7))) * 8, 0, 1)[..., None]
    ground = generator.integers(90, 250, 3) * (1 - slope) + generator.integers(20, 170, 3) * slope
    waves = 22 * np.sin(x * generator.uniform(5, 30) + y * generator.uniform(5, 30))[..., None]
    image = Image.fromarray(np.clip(ground + waves, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for number in range(14):
        left, top = generator.random(2) * size
        side = generator.uniform(0.05, 0.25) * min(size)
        colour = tuple(generator.integers(0, 256, 3).tolist())
        (draw.ellipse if number % 2 else draw.rectangle)((left, top, left + side, top + side), fill=colour)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))) + generator.normal(0, 3, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def frame(place: int, shot: int, animal: tuple[int, int] | None = None, *, size: float = 1.0) -> Image.Image:
    """Return one shot of a fixed camera, in its own light and with its own grain; an animal walks by, or none does."""
    generator, image = np.random.default_rng(shot), photograph(300 + place, (640, 480))
    if animal:
        (x, y), draw = animal, ImageDraw.Draw(image)
        draw.ellipse((x, y, x + 90 * size, y + 45 * size), fill=(110, 72, 40))
        draw.ellipse((x + 78 * size, y - 22 * size, x + 112 * size, y + 14 * size), fill=(120, 80, 48))
        for leg in (12, 30, 62, 78):
            box = (x + leg * size, y + 38 * size, x + (leg + 8) * size, y + 80 * size)
            draw.rectangle(box, fill=(90, 58, 30))
        image = image.filter(ImageFilter.GaussianBlur(0.6))
    light = np.asarray(image) * generator.uniform(0.95, 1.05) + generator.uniform(-3, 3)
    return Image.fromarray(np.clip(light + generator.normal(0, 4, light.shape), 0, 255).astype(np.uint8))


def page(seed: int) -> Image.Image:
    """Return a page of text, another one for each seed."""
    generator, image = np.random.default_rng(seed), Image.new("L", PAGE, 250)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    for line in range(44):
        words = " ".join(generator.choice(_WORDS, generator.integers(7, 13)).tolist())
        draw.text((60, 60 + 17 * line + 14 * (line // 11)), words[: generator.integers(55, 80)], 30, font)
    return image


def form(seed: int) -> Image.Image:
    """Return a form that is filled in, always the same form."""
    generator, image = np.random.default_rng(seed), Image.new("L", PAGE, 250)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    draw.text((60, 55), "DELIVERY NOTE / INVOICE", 20, ImageFont.load_default(22))
    for line in range(16):
        top = 130 + 40 * line
        draw.rectangle((40, top, 580, top + 34), outline=60)
        draw.text((48, top + 8), f"{_WORDS[line % 12]} and {_WORDS[-line % 12]}:", 30, font)
        draw.text((240, top + 8), f"{generator.choice(_WORDS)} {generator.integers(1000, 99999)}", 40, font)
    return image


def scanned(image: Image.Image, seed: int) -> Image.Image:
    """Return a page as a scanner sees it: a little askew and moved, with grain of its own."""
    generator = np.random.default_rng(seed)
    moved = tuple(generator.integers(-2, 3, 2).tolist())
    askew = image.rotate(generator.uniform(-0.3, 0.3), fillcolor=250, translate=moved)
    pixels = np.asarray(askew) + generator.normal(0, 3, (image.height, image.width))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int, *, exif: Image.Exif | None = None) -> bytes:
    """Return a picture as JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, exif=exif or Image.Exif())
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return the picture of a file."""
    return Image.open(io.BytesIO(data)).convert("RGB")
