"""Whole pictures are read and destroyed ones rejected, with the true reason, in every format that can tell."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from test_pictures import FORMATS, decoded, encoded, gradient, limits, noise, opened, png_chunk

from pipeline.pictures import RejectedPictureError, read_picture

ORDINARY = gradient(120, 160) // 2 + noise(120, 160) // 8 + 60


def reason(data: bytes) -> str:
    with pytest.raises(RejectedPictureError) as error:
        opened(data)
    return str(error.value)


# JPEG: what is whole


def drawing() -> Image.Image:
    """Lines on white, as a scan or a diagram is: flat nearly everywhere."""
    image = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(image).line((20, 30, 600, 40), fill="black", width=3)
    return image


WHOLE = {
    "white": Image.new("RGB", (1200, 900), "white"),
    "black": Image.new("RGB", (1200, 900), "black"),
    "the grey of nothing": Image.new("RGB", (1200, 900), (128, 128, 128)),
    "grey at its end": Image.fromarray(np.concatenate([ORDINARY, np.full((200, 160, 3), 128, np.uint8)])),
    "drawing": drawing(),
    "drawing without colour": drawing().convert("L"),
    "ordinary": Image.fromarray(ORDINARY),
    "large drawing": drawing().resize((2560, 1920)),
    "noise": Image.fromarray(noise(90, 131)),
}


@pytest.mark.parametrize(
    "options", [{}, {"optimize": True}, {"progressive": True}, {"restart_marker_blocks": 5}], ids=str
)
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_jpeg_is_read_however_flat_it_is(name: str, options: dict[str, object]) -> None:
    for quality in (30, 75, 100):
        data = encoded(WHOLE[name], "JPEG", quality=quality, **options)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}], ids=str)
@pytest.mark.parametrize("name", WHOLE)
def test_a_jpeg_that_breaks_off_behind_its_pixels_is_whole(name: str, options: dict[str, object]) -> None:
    data = encoded(WHOLE[name], "JPEG", **options)
    expected = decoded(data)
    for end in (data[:-2], data[:-1], data + bytes(500)):
        np.testing.assert_array_equal(decoded(end), expected)
    if not options:  # else zeros may be the code of a flat picture, of which there would be too much
        for end in (data[:-2] + bytes(500), data[:-2] + bytes(500) + data[-2:]):
            np.testing.assert_array_equal(decoded(end), expected)


# JPEG: what is not


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_blocks": 5}, {"subsampling": 0}], ids=str)
@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_jpeg_that_was_cut_is_rejected_with_how_much_is_missing(
    options: dict[str, object], is_closed: bool, share: float
) -> None:
    data = encoded(ORDINARY, "JPEG", quality=92, **options)
    start = data.index(b"\xff\xda")
    cut = data[: start + int((len(data) - start) * share)] + b"\xff\xd9" * is_closed
    told = int(reason(cut).removeprefix("damaged (about ").removesuffix(" % of it is missing)"))
    assert told == pytest.approx(100 * (1 - share), abs=8)


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"quality": 98}], ids=str)
@pytest.mark.parametrize(("first", "last"), [(0.33, 1.0), (0.5, 0.55), (0.2, 0.9)])
def test_a_jpeg_with_zeros_in_place_of_its_pixels_is_rejected(
    options: dict[str, object], first: float, last: float
) -> None:
    data = encoded(ORDINARY, "JPEG", **{"quality": 92} | options)
    start = data.index(b"\xff\xda") + 14
    length = len(data) - 2 - start
    places = slice(start + int(first * length), start + int(last * length))
    spoilt = bytearray(data)
    spoilt[places] = bytes(places.stop - places.start)
    told = int(reason(bytes(spoilt)).removeprefix("damaged (about ").removesuffix(" % of it is missing)"))
    assert told == pytest.approx(100 * (last - first), abs=4)


def test_a_progressive_jpeg_without_its_last_scans_is_rejected() -> None:
    data = encoded(ORDINARY, "JPEG", progressive=True)
    assert reason(data[: data.rindex(b"\xff\xda")] + b"\xff\xd9") == "damaged (its last scans are missing)"


def test_a_progressive_jpeg_that_breaks_off_in_its_last_scan_is_rejected() -> None:
    data = encoded(ORDINARY, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert reason(data[: (last + len(data)) // 2]).startswith("damaged (about ")


def test_a_jpeg_that_lacks_restarts_is_rejected() -> None:
    data = encoded(ORDINARY, "JPEG", restart_marker_blocks=4)
    first, second = data.index(b"\xff\xd1"), data.index(b"\xff\xd4")
    assert reason(data[:first] + data[second:]).startswith("damaged (about ")


# PNG

PIXELS = noise(20, 30)
PNG = encoded(PIXELS, "PNG")


def with_chunk(kind: bytes, data: bytes, *, is_right: bool = True) -> bytes:
    """The PNG with one more chunk, right behind its header."""
    chunk = png_chunk(kind, data)
    return PNG[:33] + (chunk if is_right else chunk[:-1] + bytes([chunk[-1] ^ 1])) + PNG[33:]


@pytest.mark.parametrize("kind", [b"pHYs", b"tEXt", b"iCCP", b"gAMA", b"eXIf", b"zzZz"])
def test_a_png_with_a_wrong_checksum_beside_its_pixels_is_whole(kind: bytes) -> None:
    np.testing.assert_array_equal(decoded(with_chunk(kind, b"x\0\0" + bytes(6), is_right=False)), PIXELS)


LONG = zlib.compress(b'{"node": 1}' * 200_000)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"zTXt", b"workflow\0\0" + LONG),
        (b"iTXt", b"workflow\0\1\0\0\0" + LONG),
        (b"iCCP", b"print\0\0" + LONG),
        (b"tEXt", b"workflow\0" + b"x" * 2_000_000),
        (b"zTXt", b"damaged\0\0abc"),
        (b"iCCP", b"damaged\0\0abc"),
    ],
)
def test_a_png_with_long_or_damaged_text_is_whole(kind: bytes, data: bytes) -> None:
    np.testing.assert_array_equal(decoded(with_chunk(kind, data)), PIXELS)


def test_a_png_that_says_its_orientation_in_a_text_keeps_it() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    data = with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    assert decoded(data).shape == decoded(PNG).swapaxes(0, 1).shape


def test_a_wrong_checksum_of_pixels_that_are_right_by_their_own_is_passed_over() -> None:
    end = PNG.index(b"IEND") - 8
    np.testing.assert_array_equal(decoded(PNG[:end] + b"\0\1\2\3" + PNG[end + 4 :]), PIXELS)


def test_pixels_that_are_wrong_by_both_checksums_are_rejected() -> None:
    stored = encoded(PIXELS, "PNG", compress_level=0)  # so that any pixels can be decoded
    place = stored.index(b"IDAT") + 500
    spoilt = stored[:place] + bytes(50) + stored[place + 50 :]
    assert reason(spoilt) == "damaged (the checksums of its pixels are wrong)"


def test_a_header_with_a_wrong_checksum_is_rejected() -> None:
    assert reason(PNG[:29] + b"\0\0\0\0" + PNG[33:]) == "damaged (the checksum of its chunk IHDR is wrong)"


def test_a_png_without_its_end_is_whole() -> None:
    np.testing.assert_array_equal(decoded(PNG[:-12]), PIXELS)


def test_a_png_cut_and_closed_is_rejected() -> None:
    place = PNG.index(b"IDAT")
    length = struct.unpack(">I", PNG[place - 4 : place])[0]
    data = PNG[place + 4 : place + 4 + length // 2]
    assert reason(PNG[: place - 4] + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")).startswith("damaged (")


def test_an_animated_png_shows_its_first_frame() -> None:
    first, second = Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")
    data = encoded(first, "PNG", save_all=True, append_images=[second])
    assert opened(data).getpixel((4, 4)) == (255, 0, 0)


# Other formats


def gif_cut() -> bytes:
    data = encoded(noise(60, 80), "GIF")
    return data[: len(data) // 2] + b"\0;"


def webp_cut() -> bytes:
    data = encoded(noise(60, 80), "WEBP")
    half = data[: len(data) // 2]
    return half[:4] + struct.pack("<I", len(half) - 8) + half[8:16] + struct.pack("<I", len(half) - 20) + half[20:]


def jpeg2000_cut() -> bytes:
    data = encoded(noise(60, 80), "JPEG2000")
    return data[: len(data) // 2] + b"\xff\xd9"


@pytest.mark.parametrize("cut", [gif_cut, webp_cut, jpeg2000_cut])
def test_what_was_cut_and_closed_is_rejected_in_other_formats(cut: Callable[[], bytes]) -> None:
    assert reason(cut()).startswith("damaged (")


def test_a_gif_without_its_end_is_whole() -> None:
    data = encoded(noise(60, 80), "GIF")
    np.testing.assert_array_equal(decoded(data[:-1]), decoded(data))


# Anything


def mutated(data: bytes, generator: np.random.Generator) -> bytes:
    """Flip some bytes, cut, or put zeros or foreign bytes in."""
    spoilt = bytearray(data)
    for place in generator.integers(0, len(data), generator.integers(1, 6)):
        spoilt[place] = generator.integers(0, 256)
    start, end = np.sort(generator.integers(0, len(data), 2))
    kind = generator.integers(0, 5)
    if kind == 0:
        return bytes(spoilt[:end])
    if kind == 1:
        spoilt[start:end] = bytes(end - start)
    if kind == 2:
        spoilt[start:end] = generator.bytes(end - start)
    if kind == 3:
        del spoilt[start:end]
    return bytes(spoilt)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what is odd in a file; the stage hides that too
@pytest.mark.parametrize("kind", [*FORMATS, "progressive", "16 bits", "profile"])
def test_whatever_happened_to_a_file_it_gives_pixels_or_a_reason(tmp_path: Path, kind: str) -> None:
    generator = np.random.default_rng(list(kind.encode()))
    source = {
        "progressive": lambda: encoded(ORDINARY, "JPEG", progressive=True),
        "16 bits": lambda: encoded(
            Image.fromarray(ORDINARY[..., 0].astype(np.uint16) * 16), "TIFF", compression="tiff_lzw"
        ),
        "profile": lambda: encoded(ORDINARY, "PNG", icc_profile=bytes(600)),
    }.get(kind, lambda: encoded(ORDINARY, kind, **FORMATS[kind]))()
    path = tmp_path / "a"
    reasons: list[tuple[bytes, str]] = []
    for _ in range(60):
        path.write_bytes(mutated(source, generator))
        try:
            found: NDArray[np.uint8] | None = read_picture(path, limits(1)).pixels
        except RejectedPictureError as error:
            reasons.append((path.read_bytes()[:12], str(error)))
            continue
        assert found is not None
        assert (found.shape, found.dtype) == ((256, 256, 3), np.uint8)
    assert [why for start, why in reasons if start == source[:12] and why.startswith("not a picture")] == []
