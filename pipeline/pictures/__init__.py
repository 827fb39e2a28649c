"""Owns pictures: finds files, opens what is a picture, makes it upright, RGB and 256x256, or says why not.

finding     every file of a folder, at any depth
recognising which files did not change since they were read
sources     one file, opened and hashed
signatures  what a file is that is not read, by its first bytes
tiff        the directories of a TIFF: is it a camera's RAW; wide: forms of it that Pillow can't open
png, jpeg   what is whole and what isn't: chunks beside the pixels, pixels that are missing
limits      what one picture may take: bytes, pixels, memory, scans
decoding    one file to pixels, or the reason why not
colour      any mode to RGB: transparency, inks; with depth (many bits) and profiles (colour spaces)
strips      upright and 256x256, without a second copy of the picture
isolation   decoding in processes of its own, so that a hang or a crash costs one picture; worker is their inside
originals   a file once more: its own pixels, and what it says of where it comes from
"""

from pipeline.pictures.decoding import (
    FORMATS,
    DecodedPicture,
    decode,
    decoders,
    read_picture,
    reduce_open,
    reduce_picture,
)
from pipeline.pictures.finding import FoundFile, Listing, content_of, find_files, look_through
from pipeline.pictures.isolation import reading_processes
from pipeline.pictures.limits import Limits
from pipeline.pictures.originals import ChangedPictureError, Provenance, open_original, provenance_of
from pipeline.pictures.recognising import ReadFile, recognised, settled
from pipeline.pictures.rejection import RejectedPictureError
from pipeline.pictures.sources import hash_of, open_file
from pipeline.pictures.strips import SIZE, resized

__all__ = [
    "FORMATS",
    "SIZE",
    "ChangedPictureError",
    "DecodedPicture",
    "FoundFile",
    "Limits",
    "Listing",
    "Provenance",
    "ReadFile",
    "RejectedPictureError",
    "content_of",
    "decode",
    "decoders",
    "find_files",
    "hash_of",
    "look_through",
    "open_file",
    "open_original",
    "provenance_of",
    "read_picture",
    "reading_processes",
    "recognised",
    "reduce_open",
    "reduce_picture",
    "resized",
    "settled",
]
