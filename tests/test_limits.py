"""Pictures that would take the machine: refused by their header, or read within the memory that is foreseen."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_isolation import scans_of, workers_of
from test_pictures import encoded, limits, noise, png_chunk

from pipeline.pictures import RejectedPictureError, read_picture, reading_processes
from pipeline.pictures.limits import MEGABYTE, decoded_bytes

HEIGHT, WIDTH = 3000, 4000


def large(mode: str) -> Image.Image:
    """A picture of 12 megapixels that compresses well, but for a corner."""
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    grey[:500, :500] = noise(500, 500)[..., 0]
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    image = Image.fromarray(grey)
    if mode == "RGBA":
        image = image.convert("RGB")
        image.putalpha(Image.fromarray(255 - grey))
    return image.convert(mode)


LARGE = {  # name -> mode, format, options
    "PNG": ("RGB", "PNG", {"compress_level": 1}),
    "RGBA": ("RGBA", "PNG", {"compress_level": 1}),
    "palette with alpha": ("P", "PNG", {"transparency": bytes([128] * 256)}),
    "grey of 16 bits": ("I;16", "PNG", {"compress_level": 1}),
    "turned": (
        "RGB",
        "PNG",
        {"compress_level": 1, "exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0"},
    ),
    "JPEG": ("RGB", "JPEG", {}),
    "progressive JPEG": ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
    "JPEG of inks": ("CMYK", "JPEG", {}),
    "WebP": ("RGBA", "WEBP", {"method": 0}),
    "AVIF": ("RGB", "AVIF", {"speed": 10}),
    "float TIFF": ("F", "TIFF", {}),
    "TIFF": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "JPEG 2000": ("RGB", "JPEG2000", {}),
    "GIF": ("P", "GIF", {}),
    "BMP": ("RGB", "BMP", {}),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("name", LARGE)
def test_a_large_picture_takes_no_more_memory_than_is_foreseen(tmp_path: Path, name: str) -> None:
    mode, kind, options = LARGE[name]
    path = tmp_path / "large"
    path.write_bytes(encoded(large(mode), kind, **options))
    (tmp_path / "small").write_bytes(encoded(noise(9, 9), kind if mode != "I;16" else "PNG"))
    with path.open("rb") as file, Image.open(file) as image:
        foreseen = decoded_bytes(image, file)
    before = set(workers_of(os.getpid()))
    with reading_processes(limits(20), workers=1) as read:
        read(tmp_path / "small")
        (pid,) = set(workers_of(os.getpid())) - before
        base = peak(pid)
        read(path)
        taken = peak(pid) - base
    assert taken < foreseen + 2 * path.stat().st_size + 24 * MEGABYTE


def peak(pid: int) -> int:
    """Return the largest memory that a process has had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) << 10


def tiff(width: int, height: int, **tags: int) -> bytes:
    """A TIFF that is nothing but its directory, with a tile or strip of as many pixels as it says."""
    entries = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1} | {int(tag[1:]): n for tag, n in tags.items()}
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + bytes(200)


def rejected(path: Path, data: bytes, **others: float) -> str:
    path.write_bytes(data)
    with pytest.raises(RejectedPictureError) as reason:
        read_picture(path, limits(200, **others))
    return str(reason.value)


def test_a_tile_of_many_pixels_is_refused_by_the_directory(tmp_path: Path) -> None:
    data = tiff(100, 100, t322=26_000, t323=26_000, t324=8, t325=100)
    assert rejected(tmp_path / "a", data) == (
        "too large to decode (TIFF, 100x100, takes 645 MB of memory; resize.max_decoded_megabytes is 500)"
    )


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_what_a_decoder_holds_beside_the_picture_counts(tmp_path: Path, kind: str) -> None:
    data = encoded(Image.new("RGB", (5000, 3000)), kind)
    assert "too large to decode" in rejected(tmp_path / "a", data, max_decoded_megabytes=100)
    assert read_picture(tmp_path / "a", limits(200)).width == 5000


def test_a_large_webp_is_refused_before_its_decoder_is_made(tmp_path: Path) -> None:
    head = b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\x3e\0" * 2 + bytes(40)
    assert "too large (16128x16128, 260 megapixels" in rejected(tmp_path / "a", head)


def test_a_progressive_jpeg_of_many_scans_is_refused(tmp_path: Path) -> None:
    path = scans_of(tmp_path / "a", 1000)
    reason = rejected(path, path.read_bytes())
    assert reason == "too slow to decode (a JPEG of 1,010 scans; resize.max_scans is 100)"


@pytest.mark.parametrize(("kind", "at", "part", "words"), [
    ("JPEG", 2, b"\xff\xfe\0\2", "a JPEG of more than 200,000 segments"),
    ("PNG", 33, b"\0\0\0\0aaAa" + zlib.crc32(b"aaAa").to_bytes(4, "big"), "a PNG of more than 200,000 chunks"),
])  # fmt: skip
def test_a_file_of_more_parts_than_any_program_writes_is_refused(
    tmp_path: Path, kind: str, at: int, part: bytes, words: str
) -> None:
    data = encoded(noise(8, 8), kind)
    swollen = data[:at] + 200_001 * part + data[at:]
    assert rejected(tmp_path / "a", swollen) == f"too slow to read ({words})"
    (tmp_path / "b").write_bytes(data[:at] + 1000 * part + data[at:])
    assert read_picture(tmp_path / "b", limits(1)).width == 8


def test_markers_within_headers_are_no_scans(tmp_path: Path) -> None:
    thumbnail = b"\xff\xda\0\x02" * 500
    data = encoded(noise(20, 20), "JPEG", exif=b"Exif\0\0" + thumbnail, progressive=True)
    (tmp_path / "a").write_bytes(data)
    assert read_picture(tmp_path / "a", limits(1)).width == 20


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    data = encoded(noise(8, 8), "PNG") + bytes(3 * MEGABYTE)
    assert rejected(tmp_path / "a", data, max_file_megabytes=2) == (
        "too large (a file of 3 MB; resize.max_file_megabytes is 2)"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("inside", [True, False])
def test_a_padded_picture_is_not_held_whole(tmp_path: Path, inside: bool) -> None:
    padding = bytes(200 * MEGABYTE)
    data = encoded(noise(8, 8), "PNG")
    (tmp_path / "small").write_bytes(data)
    (tmp_path / "padded").write_bytes(data[:33] + png_chunk(b"prVt", padding) + data[33:] if inside else data + padding)
    del padding, data
    before = set(workers_of(os.getpid()))
    with reading_processes(limits(1, max_file_megabytes=500), workers=1) as read:
        read(tmp_path / "small")
        (pid,) = set(workers_of(os.getpid())) - before
        base = peak(pid)
        assert read(tmp_path / "padded").width == 8
        assert peak(pid) - base < 20 * MEGABYTE


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_a_file_of_proc_is_empty_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("/proc/self/status")
    with pytest.raises(RejectedPictureError, match=r"^empty file$"):
        read_picture(tmp_path / "a.jpg", limits(1))


def test_too_little_memory_is_not_the_files_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise MemoryError("Unable to allocate 5.0 GiB")

    monkeypatch.setattr(Image.Image, "resize", short)
    reason = rejected(tmp_path / "a", encoded(noise(300, 300), "PNG"))
    assert reason.startswith("memory was short, so it was not read; the file may be undamaged: close other programs")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't limit a process's memory")
def test_what_takes_more_memory_than_foreseen_is_refused_by_the_system() -> None:
    script = "from pipeline.pictures.worker import _limit_memory; _limit_memory(50 << 20); bytearray(100 << 20)"
    run = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, cwd=Path(__file__).parent.parent)
    assert b"MemoryError" in run.stderr
