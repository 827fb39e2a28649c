"""What a file is that is not read, said by its content."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_pictures import encoded, noise, read

from pipeline.pictures import RejectedPictureError

FTYP = b"\0\0\0\x18ftyp"


def reason(path: Path, data: bytes) -> str:
    with pytest.raises(RejectedPictureError) as error:
        read(path, data)
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
            "a Git LFS pointer; run `git lfs pull`",
        ),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ", "an AppleDouble file"),
        (b"<!DOCTYPE html>\n<html><title>404</title>", "a web page (HTML)"),
        (b"\xef\xbb\xbf\n<html lang='de'>", "a web page (HTML)"),
        (b"PK\x03\x04\x14\0\0\0", "a ZIP archive"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (FTYP + b"isom\0\0\2\0isomiso2", "a film or a sound (MP4, isom)"),
        (FTYP + b"mp42\0\0\0\0", "a film or a sound (MP4, mp42)"),
        (FTYP + b"qt  \0\0\0\0", "a film (QuickTime)"),
        (b"RIFF\0\0\0\0AVI LIST", "a film (AVI)"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", "a film (Matroska or WebM)"),
        (b"just words\n", "text"),
        ("Grüße aus 東京\n".encode(), "text"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(tmp_path: Path, data: bytes, kind: str) -> None:
    assert reason(tmp_path / "a.jpg", data).startswith(f"not a picture ({kind}")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\x0a\xfa\x1f\x40", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\1\0\0", "Photoshop (PSD)"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<svg/>", "SVG"),
        (b"v/1\x01\x02\0\0\0", "OpenEXR"),
    ],
)
def test_pictures_of_kinds_that_are_not_read_are_called_what_they_are(tmp_path: Path, data: bytes, kind: str) -> None:
    assert reason(tmp_path / "a.png", data) == f"{kind}, which is not read; export it as PNG or JPEG"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(100), "Canon CR2"),
        (FTYP + b"crx \0\0\0\1crx isom", "Canon CR3"),
        (b"FUJIFILMCCD-RAW 0201", "Fujifilm RAF"),
        (b"IIRO\x08\0\0\0", "Olympus ORF"),
        (b"IIU\0\x18\0\0\0", "Panasonic RW2"),
    ],
)
def test_raw_files_with_a_signature_of_their_own_are_not_read(tmp_path: Path, data: bytes, kind: str) -> None:
    assert reason(tmp_path / "a.jpg", data) == f"RAW ({kind}), not read; export it as JPEG or TIFF"


def directory(tags: dict[int, tuple[int, int]], *, order: str, following: int = 0) -> bytes:
    """A directory of a TIFF file: tag -> (kind, value)."""
    packed = b""
    for tag, (kind, value) in sorted(tags.items()):
        packed += struct.pack(order + "HHI", tag, kind, 1)
        packed += struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
    return struct.pack(order + "H", len(tags)) + packed + struct.pack(order + "I", following)


def raw(*, order: str, first: dict[int, tuple[int, int]], below: dict[int, tuple[int, int]]) -> bytes:
    """A camera's file: a thumbnail of 8x8 grey pixels in the first directory, the sensor's picture below it."""
    thumbnail = {
        256: (4, 8),
        257: (4, 8),
        258: (3, 8),
        259: (3, 1),
        262: (3, 1),
        273: (4, 400),
        277: (3, 1),
        279: (4, 64),
    }
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    data = start + directory(thumbnail | {271: (4, 0), 330: (4, 300)} | first, order=order)
    return (data.ljust(300, b"\0") + directory(below, order=order)).ljust(400, b"\0") + bytes(range(64))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("first", "below"),
    [({50706: (4, 1)}, {}), ({}, {262: (3, 32803)}), ({}, {262: (3, 34892)}), ({}, {259: (3, 34713), 262: (3, 1)})],
)
def test_a_raw_file_that_is_a_tiff_is_not_read_as_its_thumbnail(
    tmp_path: Path, order: str, first: dict[int, tuple[int, int]], below: dict[int, tuple[int, int]]
) -> None:
    assert reason(tmp_path / "a.tif", raw(order=order, first=first, below=below)).startswith("RAW (")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_with_a_smaller_picture_below_it_is_read(tmp_path: Path, order: str) -> None:
    data = raw(order=order, first={}, below={256: (4, 4), 257: (4, 4), 262: (3, 1)})
    assert read(tmp_path / "a.tif", data).width == 8


def test_directories_that_lead_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    data = bytearray(encoded(noise(8, 8), "TIFF"))
    start = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[start : start + 2])[0]
    data[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
    assert read(tmp_path / "a.tif", bytes(data)).width == 8


SIGNED = {"JPEG": 40, "PNG": 20, "GIF": 10, "BMP": 14, "TIFF": 16, "WEBP": 20, "AVIF": 60, "JPEG2000": 30}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what is odd in a file; the stage hides that too
@pytest.mark.parametrize("kind", SIGNED)
def test_what_begins_like_a_picture_and_goes_on_otherwise_is_damaged(tmp_path: Path, kind: str) -> None:
    data = encoded(noise(30, 40), kind)
    spoilt = data[: SIGNED[kind]] + np.random.default_rng(1).bytes(len(data))
    assert reason(tmp_path / "a", spoilt).startswith(("damaged (", "too large ("))


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what is odd in a file; the stage hides that too
@pytest.mark.parametrize("kind", SIGNED)
def test_a_header_that_breaks_off_is_damaged(tmp_path: Path, kind: str) -> None:
    assert reason(tmp_path / "a", encoded(noise(30, 40), kind)[: SIGNED[kind]]).startswith("damaged (")


@pytest.mark.skipif(find_spec("pi_heif") is None, reason="needs the extra [heif]")
def test_with_the_extra_no_heic_is_said_to_need_it(tmp_path: Path) -> None:
    assert reason(tmp_path / "a", FTYP + b"heic\0\0\0\0mif1heic" + bytes(200)).startswith("damaged (")


def test_a_webp_in_a_riff_is_no_film(tmp_path: Path) -> None:
    assert read(tmp_path / "a.avi", encoded(Image.fromarray(noise(8, 8)), "WEBP")).width == 8
