"""Forms of TIFF that Pillow can't open: read where it can be done well, else said to be whole and which."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from test_limits import tiff as directory
from test_pictures import decoded, gradient, limits, opened

from pipeline.pictures import RejectedPictureError, read_picture

PIXELS = gradient(40, 48)
GREY = PIXELS[..., 0]


def tiff(values: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, values, metadata=None, **{"photometric": "rgb" if values.shape[-1] == 3 else "minisblack"} | options
    )
    return buffer.getvalue()


def reason(data: bytes) -> str:
    with pytest.raises(RejectedPictureError) as error:
        opened(data)
    return str(error.value)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("pixels", [GREY, PIXELS], ids=["grey", "rgb"])
def test_floats_of_any_size_are_read(pixels: NDArray[np.uint8], kind: type, compression: str | None) -> None:
    expected = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    values = (pixels / 255).astype(kind)
    np.testing.assert_allclose(decoded(tiff(values, compression=compression)), expected, atol=1)


@pytest.mark.parametrize("kind", [np.uint32, np.uint64, np.int16, np.int64])
def test_integers_of_any_size_are_read(kind: type) -> None:
    values = PIXELS.astype(kind)
    values[0, 0] = 255  # all 8 bits are in use
    np.testing.assert_allclose(decoded(tiff(values))[1:], PIXELS[1:], atol=1)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_colours_of_fewer_bits_than_16_are_not_cut_off(bits: int) -> None:
    values = (PIXELS.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    values[0, 0] = 2**bits - 1
    np.testing.assert_allclose(decoded(tiff(values))[1:], PIXELS[1:], atol=2)


def test_dark_colours_of_all_16_bits_stay_dark_beside_one_bright_pixel() -> None:
    values = PIXELS.astype(np.uint16) * 20
    values[0, 0] = 65535
    np.testing.assert_allclose(decoded(tiff(values))[1:], PIXELS[1:] * (20 / 257), atol=1)


def test_channels_that_lie_apart_are_read() -> None:
    values = np.moveaxis(PIXELS, 2, 0).astype(np.float64) / 255
    np.testing.assert_allclose(decoded(tiff(values, photometric="rgb", planarconfig="separate")), PIXELS, atol=1)


def test_grey_of_16_bits_with_alpha_is_read() -> None:
    values = np.dstack([GREY.astype(np.uint16) * 257, np.full(GREY.shape, 65535, np.uint16)])
    values[:, :24, 1] = 0
    found = decoded(tiff(values, extrasamples=["unassalpha"]))[..., 0]
    assert (found[:, :24] == 255).all()
    np.testing.assert_allclose(found[:, 24:], GREY[:, 24:], atol=1)


def test_grey_that_alpha_was_multiplied_into_is_read() -> None:
    alpha = np.full(GREY.shape, 255, np.uint8)
    alpha[:, :24] = 128
    values = np.dstack([(GREY * (alpha / 255)).astype(np.uint8), alpha])
    found = decoded(tiff(values, extrasamples=["assocalpha"]))[..., 0]
    np.testing.assert_allclose(found[:, 24:], GREY[:, 24:], atol=1)
    np.testing.assert_allclose(found[:, :24], GREY[:, :24] * (128 / 255) + 255 * (127 / 255), atol=3)


def test_a_picture_that_lies_on_its_side_is_set_upright() -> None:
    found = decoded(tiff(GREY.astype(np.float64) / 255, extratags=[(274, 3, 1, 6, True)]))
    np.testing.assert_allclose(found[..., 0], np.rot90(GREY, -1), atol=1)


def test_where_zero_is_white_it_stays_white() -> None:
    values = GREY.astype(np.float64) / 255
    np.testing.assert_allclose(decoded(tiff(values, photometric="miniswhite"))[..., 0], 255 - GREY, atol=1)


def test_what_can_not_be_read_is_said_to_be_whole_and_in_which_form() -> None:
    found = reason(tiff(GREY.astype(np.complex64)))
    assert found.startswith("whole, but in a form that can't be read (TIFF of 1 x 64 bits, complex numbers); export")
    assert "5 x 16 bits, integers" in reason(
        tiff(np.zeros((8, 9, 5), np.uint16), photometric="minisblack", planarconfig="contig")
    )


def test_what_breaks_off_is_said_to_be_damaged() -> None:
    data = tiff(GREY.astype(np.float64))
    assert reason(data[:-100]).startswith("damaged (")


def test_a_large_one_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(directory(60_000, 60_000, t258=64, t273=8, t279=8, t339=3))
    with pytest.raises(RejectedPictureError, match=r"^too large \(60000x60000, 3600 megapixels"):
        read_picture(path, limits(200))
    path.write_bytes(directory(10_000, 10_000, t258=64, t273=8, t279=8, t339=3))
    with pytest.raises(RejectedPictureError, match=r"^too large to decode \(TIFF, 10000x10000, takes 1,717 MB"):
        read_picture(path, limits(200))
