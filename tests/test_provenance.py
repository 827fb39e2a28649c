"""What is read of a file once more, after `resize`: if it is unchanged, by the same limits, one large one at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from scenes import jpeg, photograph, png
from test_pictures import encoded, limits, noise, png_chunk

from pipeline.pictures import (
    ChangedPictureError,
    Limits,
    Provenance,
    RejectedPictureError,
    content_of,
    open_original,
    originals,
    provenance_of,
    read_picture,
)

LIMITS = limits(400, max_decoded_megabytes=1024)


def told(path: Path, data: bytes, allowed: Limits = LIMITS) -> Provenance:
    path.write_bytes(data)
    return provenance_of(path, allowed, content=content_of(path))


def test_a_camera_is_known_by_what_it_wrote(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "Model"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    taken = Provenance("JPEG", "Maker Model", "2020:01:02 03:04:05", is_deep=False)
    assert told(tmp_path / "a", jpeg(photograph(0), 90, exif=exif)) == taken
    assert told(tmp_path / "a", jpeg(photograph(0), 90)) == Provenance("JPEG", "", "", is_deep=False)
    assert told(tmp_path / "a", png(photograph(0))) == Provenance("PNG", "", "", is_deep=False)
    assert told(tmp_path / "a", png(Image.new("I;16", (9, 9)))) == Provenance("PNG", "", "", is_deep=True)


def test_a_picture_that_pillow_would_call_a_bomb_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("1", (15_000, 12_200)), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1 << 26)  # as where nothing was decoded before
    assert told(tmp_path / "a", data) == Provenance("PNG", "", "", is_deep=False)


def test_a_png_with_damage_beside_its_pixels_has_its_form(tmp_path: Path) -> None:
    data = encoded(noise(20, 30), "PNG")
    damaged = data[:33] + png_chunk(b"tEXt", b"Comment\0words")[:-4] + b"\0\0\0\0" + data[33:]
    assert told(tmp_path / "a", damaged).form == "PNG"
    assert read_picture(tmp_path / "a", LIMITS).width == 30


def test_an_original_is_that_which_was_read_or_none(tmp_path: Path) -> None:
    path, pixels = tmp_path / "a", noise(20, 30)
    path.write_bytes(encoded(pixels, "PNG"))
    content = content_of(path)
    with open_original(path, LIMITS, content=content) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    path.write_bytes(encoded(noise(20, 30, seed=1), "PNG"))
    with pytest.raises(ChangedPictureError, match="something else"), open_original(path, LIMITS, content=content):
        pass
    path.unlink()
    with pytest.raises(ChangedPictureError, match="No such file"), open_original(path, LIMITS, content=content):
        pass


def test_an_original_is_read_within_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(noise(1000, 1000), "PNG"))
    few = limits(0.5)
    with pytest.raises(RejectedPictureError, match=r"resize\.max_megapixels is 0\.5"):
        open_original(path, few, content=content_of(path)).__enter__()
    with (
        pytest.raises(RejectedPictureError, match="memory was short"),
        open_original(path, LIMITS, content=content_of(path)),
    ):
        raise MemoryError


def test_large_originals_are_open_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "LARGE_BYTES", 1000)
    path = tmp_path / "a"
    path.write_bytes(encoded(noise(50, 60), "PNG"))
    content, second = content_of(path), threading.Event()

    def read() -> None:
        with open_original(path, LIMITS, content=content):
            second.set()

    thread = threading.Thread(target=read)
    with open_original(path, LIMITS, content=content):
        thread.start()
        assert not second.wait(0.3)
    thread.join()
    assert second.is_set()
