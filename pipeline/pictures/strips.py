"""Takes a decoded picture apart into upright strips and reduces a large one strip by strip: no second copy is held.

Strips of rows are made 256 wide and what they make together 256 high. Of some shapes Pillow takes the two steps in
the other order and rounds to 8 bits in between, so a picture that is reduced in strips may differ from one that is
resized at once by one level of 255; whatever can be is resized at once.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pictures.limits import STRIP_PIXELS, WHOLE_PIXELS
from pipeline.pictures.rejection import DECODER_ERRORS

SIZE = 256
ToRgb = Callable[[Image.Image], Image.Image]
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where the file says none that exists."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except DECODER_ERRORS:
        return 1  # damaged EXIF data says nothing about the pixels
    return int(found) if found in _TURNS else 1


def upright_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    """Return the width and the height of the picture once it is upright."""
    return (image.height, image.width) if orientation >= 5 else (image.width, image.height)


def whole(image: Image.Image, orientation: int, to_rgb: ToRgb) -> Image.Image:
    """Return the picture upright, RGB, in its own size."""
    made = Image.new("RGB", upright_size(image, orientation))
    for top, strip in strips(image, orientation):
        made.paste(to_rgb(strip), (0, top))
    return made


def reduced(image: Image.Image, orientation: int, to_rgb: ToRgb) -> Image.Image:
    """Return the picture upright, RGB and 256x256, bilinear with antialiasing."""
    if image.width * image.height <= WHOLE_PIXELS:
        return shrunk(whole(image, orientation, to_rgb))
    narrow = Image.new("RGB", (SIZE, upright_size(image, orientation)[1]))
    for top, strip in strips(image, orientation):
        narrow.paste(to_rgb(strip).resize((SIZE, strip.height), Image.Resampling.BILINEAR), (0, top))
    return shrunk(narrow)


def resized(image: Image.Image) -> NDArray[np.uint8]:
    """Resize an RGB image to 256x256, bilinear with antialiasing: uint8 (256, 256, 3)."""
    return np.asarray(shrunk(image))


def shrunk(image: Image.Image) -> Image.Image:
    """Resize an image of any mode of 8 bits to 256x256, bilinear with antialiasing."""
    return image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)


def strips(image: Image.Image, orientation: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Yield the picture in upright strips of whole rows, in its own mode, each with the row that it begins at."""
    width, height = upright_size(image, orientation)
    rows = max(1, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = (height - bottom, height - top) if orientation in (3, 4, 7, 8) else (top, bottom)
        box = (first, 0, last, width) if orientation >= 5 else (0, first, width, last)
        strip = image if rows >= height else image.crop(box)
        yield top, strip.transpose(_TURNS[orientation]) if orientation in _TURNS else strip
