"""Says by its first bytes what a file is that is not read: no picture, or a picture of a kind that is not read."""

import re
from typing import BinaryIO

HEAD_BYTES = 4096
# Where, what stands there, and what it is
_NO_PICTURES = (
    (0, b"%PDF-", "a PDF document"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"version https://git-lfs.github.com/spec/", "a Git LFS pointer; run `git lfs pull` for the picture itself"),
    (0, b"\x00\x05\x16\x07", "an AppleDouble file, in which macOS keeps notes about the file without ._"),
    (0, b"\x00\x05\x16\x00", "an AppleSingle file"),
    (0, b"PK\x03\x04", "a ZIP archive, or a document that is one"),
    (0, b"PK\x05\x06", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x1a\x45\xdf\xa3", "a film (Matroska or WebM)"),
    (8, b"AVI ", "a film (AVI)"),
    (8, b"WAVE", "a sound (WAV)"),
    (0, b"\x00\x00\x01\xba", "a film (MPEG)"),
    (0, b"\x00\x00\x01\xb3", "a film (MPEG)"),
    (0, b"FLV\x01", "a film (Flash)"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a film or a sound (Windows Media)"),
    (0, b"OggS", "a film or a sound (Ogg)"),
    (0, b"ID3", "a sound (MP3)"),
    (0, b"fLaC", "a sound (FLAC)"),
    (4, b"moov", "a film (QuickTime)"),
    (4, b"mdat", "a film (QuickTime)"),
    (4, b"wide", "a film (QuickTime)"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, or Windows' Thumbs.db"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
)
_NOT_READ = (
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"gimp xcf ", "GIMP (XCF)"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"SIMPLE  =", "FITS"),
    (128, b"DICM", "DICOM"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"\x00\x00\x01\x00", "a Windows icon"),
    (0, b"icns", "a macOS icon"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"\x01\x00\x00\x00\x58\x00\x00\x00", "Windows' EMF"),
    (0, b"\xd7\xcd\xc6\x9a", "Windows' WMF"),
    (0, b"qoif", "QOI"),
    (0, b"II\xbc\x01", "JPEG XR"),
)
_RAW = (
    (8, b"CR\x02", "Canon CR2"),
    (4, b"ftypcrx ", "Canon CR3"),
    (0, b"FUJIFILMCCD-RAW", "Fujifilm RAF"),
    (0, b"IIRO", "Olympus ORF"),
    (0, b"IIRS", "Olympus ORF"),
    (0, b"MMOR", "Olympus ORF"),
    (0, b"IIU\x00", "Panasonic RW2"),
    (0, b"FOVb", "Sigma X3F"),
    (0, b"\x00MRM", "Minolta MRW"),
    (0, b"HEAPCCDR", "Canon CRW"),
)
# The start of each format that is read, for what has it and still can't be opened is damaged
_READ = (
    (0, b"\xff\xd8\xff", "JPEG"), (0, b"\x89PNG", "PNG"), (0, b"GIF8", "GIF"), (0, b"BM", "BMP"), (8, b"WEBP", "WEBP"),
    (0, b"II*\x00", "TIFF"), (0, b"MM\x00*", "TIFF"), (0, b"II+\x00", "TIFF"), (0, b"MM\x00+", "TIFF"),
    (4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), (0, b"\xff\x4f\xff\x51", "JPEG2000"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
)  # fmt: skip
_PPM = re.compile(rb"P[1-6][\s#]")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def refused(head: bytes) -> str | None:
    """Return the reason why a file is not read, by what it is; None if it may be a picture that is."""
    if kind := _named(_RAW, head):
        return raw_refused(kind)
    if signed_as(head):
        return None
    if kind := _named(_NOT_READ, head) or _drawing(head):
        return f"{kind}, which is not read; export it as PNG or JPEG"
    kind = _named(_NO_PICTURES, head) or _film(head) or _text(head)
    return f"not a picture ({kind})" if kind else None


def raw_refused(kind: str) -> str:
    """Return why a RAW file is not read."""
    return f"RAW ({kind}), not read; export it as JPEG or TIFF"


def signed_as(head: bytes) -> str | None:
    """Return the format, among those that are read, which a file begins like."""
    found = _named(_READ, head)
    return found or ("HEIF" if is_heif(head) else "PPM" if _PPM.match(head) else None)


def is_heif(head: bytes) -> bool:
    """Return whether a file begins like HEIC, which the extra [heif] reads."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def head_of(file: BinaryIO) -> bytes:
    """Return the first bytes of a file, which stays at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def _named(table: tuple[tuple[int, bytes, str], ...], head: bytes) -> str | None:
    return next((kind for place, start, kind in table if head.startswith(start, place)), None)


def _film(head: bytes) -> str | None:
    brand = head[8:12].decode("latin-1").strip()
    if head[4:8] != b"ftyp" or not brand.isalnum():
        return None
    return "a film (QuickTime)" if brand == "qt" else f"a film or a sound (MP4, {brand})"


def _drawing(head: bytes) -> str | None:
    return "SVG" if _words(head).startswith(b"<") and b"<svg" in _words(head)[:1024] else None


def _text(head: bytes) -> str | None:
    if _words(head).startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page (HTML), saved in place of a picture"
    return "text" if b"\0" not in head and _is_utf8(head) and _words(head) else None


def _words(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= HEAD_BYTES - 4  # a character that the head's end cuts
    return True
