"""Colours as a person sees them: a ground that shows what is transparent, the bits in use, colour profiles."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw
from test_pictures import decoded, encoded, gradient, noise, png, png_chunk, read

RED, GREEN, BLUE, WHITE_POINT = (0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)
WIDE_RED, WIDE_GREEN = (0.68, 0.32), (0.265, 0.69)  # those of Display P3


# Transparency


def icon(colour: tuple[int, int, int], *, dot: tuple[int, int, int] | None = None) -> Image.Image:
    """A disc of one colour on nothing, and perhaps a dot of another on it."""
    image = Image.new("RGBA", (100, 100), (*colour, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 80, 80), fill=(*colour, 255))
    if dot:
        draw.ellipse((45, 45, 65, 65), fill=(*dot, 255))
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(("level", "ground"), [(255, 0), (245, 0), (0, 255), (128, 255)])
def test_what_is_nearly_white_lies_on_black_and_everything_else_on_white(kind: str, level: int, ground: int) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decoded(encoded(icon((level, level, level)), kind, **options))
    assert (pixels[0, 0, 0], pixels[50, 50, 0]) == (ground, level)


def test_white_that_another_colour_stands_on_lies_on_white() -> None:
    assert decoded(encoded(icon((255, 255, 255), dot=(200, 0, 0)), "PNG"))[0, 0].tolist() == [255] * 3


def test_light_but_coloured_lies_on_white() -> None:
    assert decoded(encoded(icon((255, 255, 0)), "PNG"))[0, 0].tolist() == [255] * 3


def test_a_white_icon_of_a_palette_lies_on_black() -> None:
    image = Image.new("P", (10, 10), 0)
    image.putpalette([9, 9, 9, 255, 255, 255])
    image.paste(1, (2, 2, 8, 8))
    for kind in ("PNG", "GIF"):
        assert decoded(encoded(image, kind, transparency=0))[[0, 5], [0, 5], 0].tolist() == [0, 255]


def test_a_white_icon_of_grey_with_alpha_lies_on_black() -> None:
    image = Image.new("LA", (10, 10), (255, 0))
    image.paste((255, 255), (2, 2, 8, 8))
    assert decoded(encoded(image, "PNG"))[[0, 5], [0, 5], 0].tolist() == [0, 255]


def bmp(pixels: NDArray[np.uint8], alpha: int) -> bytes:
    """A BMP of 32 bits with an alpha channel of one value, as version 4 of its header describes it."""
    height, width = pixels.shape[:2]
    data = np.dstack([pixels[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)]).tobytes()
    sizes = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(data), 2835, 2835, 0, 0)
    head = sizes + struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


@pytest.mark.parametrize("alpha", [0, 255])
def test_an_alpha_channel_that_leaves_nothing_visible_is_passed_over(alpha: int) -> None:
    pixels = noise(9, 12)
    np.testing.assert_array_equal(decoded(bmp(pixels, alpha)), pixels)


def test_a_png_that_is_nowhere_visible_shows_the_colours_it_holds() -> None:
    pixels = noise(9, 12)
    image = Image.fromarray(np.dstack([pixels, np.zeros((9, 12), np.uint8)]))
    np.testing.assert_array_equal(decoded(encoded(image, "PNG")), pixels)


def test_one_visible_pixel_makes_the_rest_transparent() -> None:
    rgba = np.dstack([noise(9, 12), np.zeros((9, 12), np.uint8)])
    rgba[4, 4] = (10, 20, 30, 255)
    pixels = decoded(encoded(Image.fromarray(rgba), "PNG"))
    assert (pixels == 255).all(axis=2).sum() == 9 * 12 - 1


# The bits in use


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_uses_the_fewest_bits_that_hold_its_largest_value(kind: str, bits: int) -> None:
    top = 2**bits - 1
    values = np.array([[0, top // 4, top // 2, top]], np.uint16)
    np.testing.assert_allclose(decoded(encoded(Image.fromarray(values), kind))[0, :, 0], [0, 64, 128, 255], atol=1)


def test_grey_of_many_bits_looks_like_its_copy_of_eight() -> None:
    grey = gradient(40, 48)[..., 0]
    for bits in (10, 12):
        wide = Image.fromarray(grey.astype(np.uint16) << bits - 8)
        assert np.abs(decoded(encoded(wide, "PNG"))[..., 0] - grey).max() <= 1


@pytest.mark.parametrize(("significant", "expected"), [(12, 125), (10, 255), (16, 8)])
def test_a_png_says_by_sbit_how_many_bits_are_in_use(significant: int, expected: int) -> None:
    values = np.full((2, 2), 2**10 - 1 if significant == 10 else 2000, np.uint16)
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    data = png(2, 2, bits=16, colour=0, lines=lines, extra=png_chunk(b"sBIT", bytes([significant])))
    assert decoded(data)[0, 0, 0] == pytest.approx(expected, abs=1)


def test_values_above_what_sbit_says_are_scaled_by_all_bits_as_the_specification_wants() -> None:
    lines = b"\0" + np.array([0, 32768, 65520], ">u2").tobytes()  # 12 bits, moved to the top of 16
    data = png(3, 1, bits=16, colour=0, lines=lines, extra=png_chunk(b"sBIT", bytes([12])))
    np.testing.assert_allclose(decoded(data)[0, :, 0], [0, 128, 255], atol=1)


def test_a_tiff_says_its_range_by_its_sample_values() -> None:
    image = Image.fromarray(np.array([[100, 600, 1100]], np.uint16))
    data = encoded(image, "TIFF", tiffinfo={340: 100, 341: 2100})
    np.testing.assert_allclose(decoded(data)[0, :, 0], [0, 64, 128], atol=1)


def test_a_range_that_the_values_leave_is_not_believed() -> None:
    image = Image.fromarray(np.array([[0, 2048, 4095]], np.uint16))
    np.testing.assert_allclose(
        decoded(encoded(image, "TIFF", tiffinfo={340: 0, 341: 9}))[0, :, 0], [0, 128, 255], atol=1
    )


@pytest.mark.parametrize("kind", ["PPM", "JPEG2000"])
def test_a_dark_picture_whose_format_says_its_range_stays_dark(kind: str) -> None:
    assert decoded(encoded(Image.fromarray(np.full((4, 4), 2570, np.uint16)), kind)).max() == 10


# Colour profiles


def profile(primaries: list[tuple[float, float]], gamma: float) -> bytes:
    """An ICC profile of three primaries, given by their chromaticities, and one curve (ICC.1:2001-04, matrix/TRC)."""

    def xyz(x: float, y: float) -> NDArray[np.float64]:
        return np.array([x / y, 1, (1 - x - y) / y])

    columns = np.stack([xyz(*primary) for primary in primaries], axis=1)
    columns = columns * np.linalg.solve(columns, xyz(*WHITE_POINT))
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    d50 = np.array([0.9642, 1, 0.8249])
    cones = np.diag((bradford @ d50) / (bradford @ xyz(*WHITE_POINT)))
    columns = np.linalg.inv(bradford) @ cones @ bradford @ columns

    def fixed(values: NDArray[np.float64]) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + b"\0\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    tags |= {b"wtpt": b"XYZ \0\0\0\0" + fixed(d50)}
    tags |= {name: b"XYZ \0\0\0\0" + fixed(columns[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    body, table = b"", struct.pack(">I", len(tags))
    for name, data in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI12s", 128 + len(table + body), b"none", 0x02100000, b"mntrRGB XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + fixed(d50)
    return head.ljust(128, b"\0") + table + body


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def moved(image: Image.Image, target: bytes) -> Image.Image:
    """The same colours in another space."""
    found = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(target))
    )
    assert found is not None
    return found


SPACES = {
    "Display P3": profile([WIDE_RED, WIDE_GREEN, BLUE], 2.2),
    "Adobe RGB": profile([RED, (0.21, 0.71), BLUE], 2.2),
    "ProPhoto RGB": profile([(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)], 1.8),
    "linear": profile([RED, GREEN, BLUE], 1.0),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("space", SPACES)
def test_colours_of_another_space_are_turned_to_srgb(kind: str, space: str) -> None:
    pixels = gradient(40, 48)
    there = moved(Image.fromarray(pixels), SPACES[space])
    found = np.abs(decoded(encoded(there, kind, icc_profile=SPACES[space])) - pixels)
    assert found.mean() < 0.2 * np.abs(np.asarray(there).astype(int) - pixels).mean()
    assert np.percentile(found, 99) <= 6  # 8 bits of a wide space are coarser


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_profiles_are_found_in_every_format_that_has_them(kind: str) -> None:
    pixels = np.full((32, 32, 3), (200, 60, 40), np.uint8)
    data = encoded(
        moved(Image.fromarray(pixels), SPACES["ProPhoto RGB"]), kind, quality=100, icc_profile=SPACES["ProPhoto RGB"]
    )
    np.testing.assert_allclose(decoded(data)[16, 16], pixels[0, 0], atol=8)


def test_a_profile_of_srgb_changes_no_bit(tmp_path: Path) -> None:
    pixels = noise(300, 200)
    with_profile, without = encoded(pixels, "JPEG", icc_profile=srgb()), encoded(pixels, "JPEG")
    np.testing.assert_array_equal(read(tmp_path / "a", with_profile).pixels, read(tmp_path / "b", without).pixels)


@pytest.mark.parametrize("damaged", [b"no profile", srgb()[:200], bytes(500), SPACES["Adobe RGB"][:-100]])
def test_a_damaged_profile_is_passed_over(damaged: bytes) -> None:
    pixels = noise(20, 30)
    np.testing.assert_array_equal(decoded(encoded(pixels, "PNG", icc_profile=damaged)), pixels)


def test_a_profile_of_another_kind_of_picture_is_passed_over() -> None:
    red_ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    data = encoded(red_ink, "TIFF", icc_profile=SPACES["Adobe RGB"])
    np.testing.assert_allclose(decoded(data)[4, 4], [255, 0, 0], atol=4)


def test_grey_with_a_profile_of_rgb_is_turned_as_well() -> None:
    data = encoded(Image.new("L", (8, 8), 50), "PNG", icc_profile=SPACES["linear"])
    assert decoded(data)[0, 0].tolist() == [pytest.approx(122, abs=2)] * 3  # sRGB's curve of 50/255 in linear light


def test_alpha_is_kept_while_colours_are_turned() -> None:
    rgba = Image.new("RGBA", (8, 8), (50, 50, 50, 255))
    rgba.paste((50, 50, 50, 0), (0, 0, 4, 8))
    pixels = decoded(encoded(rgba, "PNG", icc_profile=SPACES["linear"]))
    assert pixels[0, [0, 7], 0].tolist() == [255, pytest.approx(122, abs=2)]


def test_a_small_picture_is_turned_as_a_large_one_is(tmp_path: Path) -> None:
    pixels = np.asarray(Image.fromarray(gradient(600, 800)).resize((1600, 1200)))
    data = encoded(moved(Image.fromarray(pixels), SPACES["Display P3"]), "PNG", icc_profile=SPACES["Display P3"])
    at_once = np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR)).astype(int)
    found = read(tmp_path / "a", data, max_megapixels=5).pixels
    assert found is not None
    assert np.abs(found - at_once).mean() < 1


def test_strips_differ_from_the_whole_by_a_level_at_most(tmp_path: Path) -> None:
    for size in ((2500, 2000), (2000, 2500), (9000, 500)):
        pixels = noise(*size)
        data = encoded(Image.fromarray(pixels).convert("RGBA"), "PNG", compress_level=0)
        at_once = np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(read(tmp_path / "a", data, max_megapixels=5).pixels - at_once).max() <= 1
