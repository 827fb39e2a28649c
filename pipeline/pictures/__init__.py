"""Owns pictures: finds files, opens what is a picture, makes it upright, RGB and 256x256, or says why not.

finding   every file of a folder, at any depth
decoding  one file to pixels, or the reason why not
workers   many of them on all cores
"""

from pipeline.pictures.decoding import (
    FORMATS,
    SIZE,
    DecodedPicture,
    RejectedPictureError,
    decode,
    decoders,
    read_picture,
    resized,
)
from pipeline.pictures.finding import FoundFile, Listing, content_of, find_files, look_through
from pipeline.pictures.workers import in_order

__all__ = [
    "FORMATS",
    "SIZE",
    "DecodedPicture",
    "FoundFile",
    "Listing",
    "RejectedPictureError",
    "content_of",
    "decode",
    "decoders",
    "find_files",
    "in_order",
    "look_through",
    "read_picture",
    "resized",
]
