"""What is read as a picture, how, and what is refused, on files made by Pillow or byte by byte."""

from __future__ import annotations

import io
import math
import os
import re
import struct
import threading
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from pipeline.pictures import (
    DecodedPicture,
    Limits,
    RejectedPictureError,
    content_of,
    decode,
    read_picture,
    resized,
)
from pipeline.workers import in_order

ORIENTATION = 0x0112  # the EXIF tag
LOSSY = 24  # a gradient of 48 pixels at good quality differs by less than this
TURNED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {  # EXIF 2.32, table 6: what makes it upright
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "TIFF": {},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "PPM": {},
    "JPEG2000": {},
    "MPO": {"quality": 95, "subsampling": 0},
}


def noise(height: int, width: int, *, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def gradient(height: int, width: int) -> NDArray[np.uint8]:
    """Red grows to the right, green downwards: smooth, and unlike itself however it is turned."""
    red, green = np.meshgrid(np.linspace(20, 230, width), np.linspace(40, 200, height))
    return np.stack([red, green, np.full_like(red, 90)], axis=2).astype(np.uint8)


def encoded(image: Image.Image | NDArray[np.uint8], kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return exif


def opened(data: bytes) -> Image.Image:
    return decode(io.BytesIO(data), limits(math.inf, max_decoded_megabytes=math.inf))


def decoded(data: bytes) -> NDArray[np.int64]:
    """Signed, so that differences are."""
    return np.asarray(opened(data)).astype(np.int64)


def limits(max_megapixels: float, **others: float) -> Limits:
    values = {"max_file_megabytes": 100, "max_decoded_megabytes": 500, "max_scans": 100, "max_seconds": 60}
    return Limits(max_megapixels=max_megapixels, **values | others)


def read(path: Path, data: bytes, *, max_megapixels: float = 1) -> DecodedPicture:
    path.write_bytes(data)
    return read_picture(path, limits(max_megapixels))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, bits: int, colour: int, lines: bytes, extra: bytes = b"") -> bytes:
    """A PNG file by its specification, for what Pillow does not write; colour 0 is grey, 2 RGB, 4 and 6 with alpha."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", zlib.compress(lines)) + png_chunk(b"IEND", b"")


def tiff_rgb16(values: NDArray[np.uint16]) -> bytes:
    """An uncompressed little-endian TIFF of 16 bits a channel; values (H, W, 3)."""
    height, width, _ = values.shape
    pixels = values.astype("<u2").tobytes()
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(pixels)),
    ]  # fmt: skip
    head = b"II*\0" + struct.pack("<I", 14 + len(pixels)) + struct.pack("<HHH", 16, 16, 16)
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return head + pixels + directory + struct.pack("<I", 0)


def without_adobe_marker(jpeg: bytes) -> bytes:
    start = jpeg.index(b"\xff\xee")
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]


# What is a picture


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "GIF"])
def test_every_format_gives_the_colours_that_were_written(kind: str) -> None:
    pixels = gradient(40, 48)
    assert np.abs(decoded(encoded(pixels, kind, **FORMATS[kind])) - pixels).max() < LOSSY


def test_a_gif_gives_the_colours_of_its_palette() -> None:
    pixels = np.zeros((40, 48, 3), np.uint8)
    pixels[:20, :, 0], pixels[20:, :, 2] = 250, 130
    np.testing.assert_array_equal(decoded(encoded(pixels, "GIF")), pixels)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    first, *others = (Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue"))
    data = encoded(first, kind, save_all=True, append_images=others, **FORMATS[kind])
    assert opened(data).getcolors() == [(600, (255, 0, 0))]


@pytest.mark.parametrize("name", ["picture.jpg", "PICTURE.JPG", "picture.txt", "picture", "with space é 雪.Tiff"])
def test_what_a_file_is_called_does_not_matter(tmp_path: Path, name: str) -> None:
    pixels = np.zeros((10, 12, 3), np.uint8)
    picture = read(tmp_path / name, encoded(pixels, "GIF"))
    assert not picture.pixels.any()


def test_size_is_the_upright_one_and_content_the_hash_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture = read(path, encoded(noise(5, 7), "PNG", exif=oriented(6)))
    assert (picture.width, picture.height, picture.content) == (5, 7, content_of(path))


def test_known_content_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    read(path, encoded(noise(5, 7), "PNG"))
    assert read_picture(path, limits(1), known=lambda content: content == content_of(path)).pixels is None


@pytest.mark.skipif(find_spec("pi_heif") is not None, reason="the extra [heif] is installed")
@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_heic_without_its_extra_is_rejected_with_the_name_of_the_extra(tmp_path: Path, brand: bytes) -> None:
    data = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(200)
    with pytest.raises(RejectedPictureError, match=r"HEIC needs the extra: pip install -e '\.\[heif\]'"):
        read(tmp_path / "a.heic", data)


@pytest.mark.skipif(find_spec("pi_heif") is None, reason="needs the extra [heif]")
def test_heic_that_is_damaged_is_rejected_with_its_extra_too(tmp_path: Path) -> None:
    with pytest.raises(RejectedPictureError, match=r"damaged|not a picture"):
        read(tmp_path / "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))


# Upright


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", TURNED)
def test_orientation_is_applied_exactly_once(kind: str, orientation: int) -> None:
    pixels = noise(5, 7)
    data = encoded(pixels, kind, exif=oriented(orientation), **FORMATS[kind])
    np.testing.assert_array_equal(decoded(data), TURNED[orientation](pixels))


@pytest.mark.parametrize("kind", ["JPEG", "AVIF", "MPO"])
@pytest.mark.parametrize("orientation", TURNED)
def test_orientation_is_applied_exactly_once_in_lossy_formats(kind: str, orientation: int) -> None:
    pixels = gradient(40, 48)
    data = encoded(pixels, kind, exif=oriented(orientation), **FORMATS[kind])
    assert np.abs(decoded(data) - TURNED[orientation](pixels)).max() < LOSSY


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    pixels = noise(5, 7)
    np.testing.assert_array_equal(decoded(encoded(pixels, "PNG", exif=oriented(orientation))), pixels)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_data_leaves_the_pixels_as_they_are() -> None:
    pixels = noise(5, 7)
    data = encoded(pixels, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    np.testing.assert_array_equal(decoded(data), pixels)


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "1", "I;16"])
def test_orientation_is_applied_in_every_mode(mode: str) -> None:
    values = np.zeros((5, 7), np.uint8)
    values[0, 0] = 255
    image = Image.fromarray(values)
    image = Image.fromarray(values.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    upright = decoded(encoded(image, "PNG", exif=oriented(6)))
    assert upright.shape == (7, 5, 3)
    assert np.argwhere(upright[:, :, 0]).tolist() == [[0, 4]]


# Alpha


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_composited_on_white(kind: str) -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 0, 255))
    image.paste((200, 100, 0, 0), (0, 0, 8, 4))
    image.paste((200, 100, 0, 102), (0, 4, 4, 8))  # 40 %
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    pixels = decoded(encoded(image, kind, **options))
    expected = [[255, 255, 255], [233, 193, 153], [200, 100, 0]]  # 255 - alpha * (255 - colour)
    np.testing.assert_allclose([pixels[0, 0], pixels[6, 1], pixels[6, 6]], expected, atol=1)


def test_grey_with_alpha_is_composited_on_white() -> None:
    image = Image.new("LA", (8, 8), (0, 0))
    image.paste((100, 255), (0, 0, 4, 8))
    assert decoded(encoded(image, "PNG"))[0, [0, 7], 0].tolist() == [100, 255]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_white(kind: str) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.paste(0, (0, 0, 4, 8))
    pixels = decoded(encoded(image, kind, transparency=0))
    assert pixels[0, [0, 7]].tolist() == [[255, 255, 255], [200, 0, 0]]


def test_half_transparent_colours_of_a_palette_are_composited_on_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0])
    assert decoded(encoded(image, "PNG", transparency=bytes([51])))[0, 0].tolist() == [204, 204, 204]


def test_the_transparent_grey_of_a_png_is_white() -> None:
    image = Image.fromarray(np.array([[10, 20]], np.uint8))
    assert decoded(encoded(image, "PNG", transparency=10))[0, :, 0].tolist() == [255, 20]


def test_the_transparent_colour_of_an_rgb_png_is_white() -> None:
    pixels = np.array([[[1, 2, 3], [3, 2, 1]]], np.uint8)
    data = encoded(pixels, "PNG", transparency=(1, 2, 3))
    assert decoded(data)[0].tolist() == [[255, 255, 255], [3, 2, 1]]


# Many bits, few bits, ink

WIDE = np.array([[0, 257, 32768, 65535]], np.uint16)
WIDE_AS_BYTES = [0, 1, 128, 255]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_grey_of_16_bits_is_scaled_and_not_clipped(kind: str) -> None:
    pixels = decoded(encoded(Image.fromarray(np.repeat(WIDE, 4, axis=0)), kind))
    np.testing.assert_allclose(pixels[0, :, 0], WIDE_AS_BYTES, atol=1)


def test_a_dark_picture_of_16_bits_stays_dark_beside_one_bright_pixel() -> None:
    values = np.full((4, 4), 2570, np.uint16)
    values[0, 0] = 65535
    assert decoded(encoded(Image.fromarray(values), "PNG"))[1:].max() == 10


def test_big_endian_grey_of_16_bits_is_scaled() -> None:
    image = Image.frombytes("I;16B", (4, 1), WIDE.astype(">u2").tobytes())
    np.testing.assert_allclose(decoded(encoded(image, "TIFF"))[0, :, 0], WIDE_AS_BYTES, atol=1)


def test_grey_of_32_bits_is_scaled() -> None:
    image = Image.fromarray(WIDE.astype(np.int32))
    np.testing.assert_allclose(decoded(encoded(image, "TIFF"))[0, :, 0], WIDE_AS_BYTES, atol=1)


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_float_grey_is_scaled_by_the_range_that_it_is_written_in(top: int) -> None:
    image = Image.fromarray(np.array([[0, 0.25, 0.5, 1]], np.float32) * top)
    np.testing.assert_allclose(decoded(encoded(image, "TIFF"))[0, :, 0], [0, 64, 128, 255], atol=1)


def test_float_grey_of_no_usual_range_is_scaled_by_its_own() -> None:
    image = Image.fromarray(np.array([[-3, 0, 3]], np.float32))
    np.testing.assert_allclose(decoded(encoded(image, "TIFF"))[0, :, 0], [0, 128, 255], atol=1)


def test_nan_and_infinity_in_a_float_picture_are_black() -> None:
    image = Image.fromarray(np.array([[np.nan, np.inf, 1]], np.float32))
    assert decoded(encoded(image, "TIFF"))[0, :, 0].tolist() == [0, 0, 255]


def test_rgb_of_16_bits_is_scaled_in_a_png() -> None:
    lines = b"\0" + np.repeat(WIDE[0], 3).astype(">u2").tobytes()
    np.testing.assert_allclose(decoded(png(4, 1, bits=16, colour=2, lines=lines))[0, :, 1], WIDE_AS_BYTES, atol=1)


def test_rgb_of_16_bits_is_scaled_in_a_tiff() -> None:
    pixels = decoded(tiff_rgb16(np.repeat(WIDE[:, :, None], 3, axis=2)))
    np.testing.assert_allclose(pixels[0, :, 2], WIDE_AS_BYTES, atol=1)


def test_grey_of_16_bits_with_alpha_is_scaled_and_composited_on_white() -> None:
    lines = b"\0" + np.array([32768, 65535, 32768, 0], ">u2").tobytes()
    np.testing.assert_allclose(decoded(png(2, 1, bits=16, colour=4, lines=lines))[0, :, 0], [128, 255], atol=1)


def test_black_and_white_of_one_bit_is_0_and_255() -> None:
    image = Image.fromarray(np.array([[True, False]]))
    assert decoded(encoded(image, "PNG"))[0, :, 0].tolist() == [255, 0]


RED_INK = Image.new("CMYK", (16, 16), (0, 255, 255, 0))


def test_red_ink_is_red_in_a_jpeg_with_adobes_marker() -> None:
    np.testing.assert_allclose(decoded(encoded(RED_INK, "JPEG"))[8, 8], [255, 0, 0], atol=4)


def test_red_ink_is_red_in_a_jpeg_without_adobes_marker() -> None:
    # Without the marker 0 means no ink; Pillow writes Adobe's opposite, so it is given the opposite.
    data = without_adobe_marker(encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 255)), "JPEG"))
    np.testing.assert_allclose(decoded(data)[8, 8], [255, 0, 0], atol=4)


def test_red_ink_is_red_in_a_tiff() -> None:
    np.testing.assert_allclose(decoded(encoded(RED_INK, "TIFF"))[8, 8], [255, 0, 0], atol=4)


# Resizing


@pytest.mark.parametrize(("kind", "height", "width"), [("JPEG", 300, 200), ("PNG", 97, 411), ("BMP", 256, 256)])
def test_pixels_are_bit_for_bit_those_of_keras(tmp_path: Path, kind: str, height: int, width: int) -> None:
    keras = pytest.importorskip("keras")
    path = tmp_path / f"a.{kind.lower()}"
    picture = read(path, encoded(noise(height, width), kind, **FORMATS[kind]))
    expected = keras.utils.load_img(path, target_size=(256, 256), interpolation="bilinear")
    np.testing.assert_array_equal(picture.pixels, np.asarray(expected))


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 3000), (3000, 1), (2, 2), (255, 257), (256, 256), (600, 400)]
)
def test_pixels_are_bit_for_bit_those_of_pillow(tmp_path: Path, height: int, width: int) -> None:
    pixels = noise(height, width)
    expected = Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(read(tmp_path / "a.png", encoded(pixels, "PNG")).pixels, np.asarray(expected))


def test_resizing_twice_is_resizing_once() -> None:
    once = resized(Image.fromarray(noise(90, 131)))
    np.testing.assert_array_equal(resized(Image.fromarray(once)), once)


def test_a_picture_of_one_pixel_is_filled_with_it(tmp_path: Path) -> None:
    pixels = read(tmp_path / "a.png", encoded(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")).pixels
    assert (pixels == [9, 8, 7]).all()


# What is refused


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_rejected(tmp_path: Path, kind: str, share: float) -> None:
    data = encoded(noise(48, 64), kind, **FORMATS[kind])
    with pytest.raises(RejectedPictureError, match=r"damaged|not a picture"):
        read(tmp_path / "a", data[: int(len(data) * share)])


def test_an_empty_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(RejectedPictureError, match=r"^empty file$"):
        read(tmp_path / "a.jpg", b"")


@pytest.mark.parametrize(("data", "kind"), [(b"a", " (text)"), ("雪 pictures".encode(), " (text)"), (bytes(5000), "")])
def test_what_is_no_picture_is_rejected_whatever_its_suffix(tmp_path: Path, data: bytes, kind: str) -> None:
    with pytest.raises(RejectedPictureError, match=rf"^not a picture{re.escape(kind)}$"):
        read(tmp_path / "a.jpg", data)


def test_postscript_is_not_even_opened(tmp_path: Path) -> None:
    with pytest.raises(RejectedPictureError, match=r"^not a picture \(PostScript\)$"):
        read(tmp_path / "a.eps", encoded(noise(8, 8), "EPS"))


def test_a_picture_above_the_cap_is_rejected_by_its_header_alone(tmp_path: Path) -> None:
    header_only = png(50_000, 40_000, bits=8, colour=2, lines=b"")  # 2,000 megapixels in 60 bytes
    with pytest.raises(
        RejectedPictureError, match=r"too large \(50000x40000, 2000 megapixels.*max_megapixels is 200\)"
    ):
        read(tmp_path / "a.png", header_only, max_megapixels=200)


def test_the_cap_counts_the_picture_that_just_fits_as_fitting(tmp_path: Path) -> None:
    assert read(tmp_path / "a.png", encoded(noise(100, 100), "PNG"), max_megapixels=0.01).width == 100


def test_the_cap_rejects_one_row_more(tmp_path: Path) -> None:
    with pytest.raises(RejectedPictureError, match=r"too large \(100x101"):
        read(tmp_path / "a.png", encoded(noise(101, 100), "PNG"), max_megapixels=0.01)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(png(9, 9, bits=8, colour=2, lines=b"\0abc"), "too few lines"), (b"P6\n0 0\n255\n", "no pixels")],
)
def test_a_picture_without_its_pixels_is_rejected(tmp_path: Path, data: bytes, kind: str) -> None:
    with pytest.raises(RejectedPictureError, match=r"damaged|not a picture"):
        read(tmp_path / kind, data)


def test_a_missing_file_is_rejected_with_the_words_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(RejectedPictureError, match="No such file or directory"):
        read_picture(tmp_path / "none.png", limits(1))


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"caf\xe9/a.png"])
def test_a_path_that_is_not_utf8_is_rejected(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded(noise(4, 4), "PNG"))
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    with pytest.raises(RejectedPictureError, match="file name is not valid UTF-8"):
        read_picture(path, limits(1))


SMALL = Image.fromarray(noise(12, 16))
SMALL_FILES = {
    **{kind: encoded(SMALL, kind, **options) for kind, options in FORMATS.items()},
    "JPEG with EXIF": encoded(SMALL, "JPEG", exif=oriented(6), progressive=True),
    "JPEG of inks": encoded(SMALL.convert("CMYK"), "JPEG"),
    "PNG palette": encoded(SMALL.convert("P"), "PNG", transparency=3, exif=oriented(8)),
    "PNG grey with alpha": encoded(SMALL.convert("LA"), "PNG"),
    "PNG of 16 bits": encoded(Image.fromarray(np.arange(192, dtype=np.uint16).reshape(12, 16)), "PNG"),
    "TIFF of floats": encoded(SMALL.convert("F"), "TIFF"),
    "TIFF LZW": encoded(SMALL.convert("RGBA"), "TIFF", compression="tiff_lzw"),
    "WEBP with alpha": encoded(SMALL.convert("RGBA"), "WEBP", exif=oriented(3)),
    "GIF animation": encoded(SMALL, "GIF", save_all=True, append_images=[Image.new("RGB", (16, 12))]),
}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what is odd in a file; the stage hides that too
@pytest.mark.parametrize("name", SMALL_FILES)
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_read_or_rejected_but_never_fails_otherwise(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(SMALL_FILES[name])
    places = st.one_of(st.integers(0, min(len(content), 150) - 1), st.integers(0, len(content) - 1))
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        content[place] = value
    content = content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))]
    try:
        pixels = read(tmp_path_factory.getbasetemp() / "damaged", bytes(content)).pixels
    except RejectedPictureError:
        return
    assert (pixels.shape, pixels.dtype) == ((256, 256, 3), np.uint8)


# In order


def test_answers_come_in_the_order_of_the_items() -> None:
    first_may_end = threading.Event()

    def answer(item: int) -> int:
        if item == 0:
            assert first_may_end.wait(10)  # the first is the last to be ready
        if item == 9:
            first_may_end.set()
        return item * item

    assert list(in_order(answer, range(10), workers=2)) == [item * item for item in range(10)]


def test_an_exception_comes_out_at_its_place() -> None:
    answers = in_order(lambda item: 1 / item, [2, 1, 0, 4], workers=2)
    assert [next(answers), next(answers)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        next(answers)


def test_no_more_items_are_taken_ahead_than_allowed() -> None:
    items = iter(range(100))
    answers = in_order(abs, items, workers=2, ahead=5)
    assert [next(answers) for _ in range(10)] == list(range(10))
    assert next(items) == 14  # ten were given and four more are under way


def test_nothing_gives_nothing() -> None:
    assert list(in_order(abs, [], workers=2)) == []
