"""Makes RGB of 8 bits of whatever a decoded picture holds: transparent, of many bits, of inks, in another colour space.

What has to be known of the whole picture is found out first; then it is turned to RGB strip by strip.
"""

from PIL import Image, ImageChops

from pipeline.pictures.depth import eight_bits, stated_range, value_range
from pipeline.pictures.profiles import managed, moves_colours
from pipeline.pictures.strips import ToRgb, strips

_IS_SEEN = [255] * 224 + [0] * 32  # by its darkest channel: whether a colour is seen on white
_SEEN_SHARE = 0.05  # of what is visible, so much must be seen on white, or the ground is black


def rgb_maker(image: Image.Image) -> ToRgb:
    """Return the function that turns strips of a loaded picture, in its own mode, to RGB."""
    profile = image.info.get("icc_profile") or b""
    if image.mode.startswith("I") or image.mode == "F":
        low, high = value_range(image, stated_range(image))
        return lambda strip: managed(eight_bits(strip, low, high), profile)
    if image.has_transparency_data:
        ground = _ground(image)
        if ground is None:
            return lambda strip: managed(_rgba(strip).convert("RGB"), profile)
        return lambda strip: _composited(managed(_rgba(strip), profile), ground)
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow inverts every CMYK JPEG, as Adobe stores them; without Adobe's marker that is wrong.
        return lambda strip: managed(ImageChops.invert(strip), profile)
    return lambda strip: managed(strip, profile)


def _rgba(strip: Image.Image) -> Image.Image:
    """Return a strip as RGBA; of grey whose values alpha was multiplied into Pillow knows no direct way."""
    return (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")


def is_plain(image: Image.Image) -> bool:
    """Return whether the picture can be resized as it is: grey or RGB of 8 bits, no alpha, no profile but sRGB's."""
    if image.mode not in ("RGB", "L") or image.has_transparency_data:
        return False
    return not moves_colours(image.info.get("icc_profile") or b"", image.mode)


def _ground(image: Image.Image) -> str | None:
    """Return the ground that what is visible can be seen on: white, or black if nearly all of it is white.

    None if nothing at all is visible: then the alpha channel says nothing, as in bitmaps that leave it at 0.
    """
    visible = seen = 0
    for _, strip in strips(image):
        red, green, blue, alpha = _rgba(strip).split()
        darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
        visible += _total(alpha)
        seen += _total(ImageChops.multiply(alpha, darkest.point(_IS_SEEN)))
    if not visible:
        return None
    return "white" if seen >= _SEEN_SHARE * visible else "black"


def _total(channel: Image.Image) -> int:
    return sum(value * count for value, count in enumerate(channel.histogram()))


def _composited(strip: Image.Image, ground: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", strip.size, ground), strip).convert("RGB")
