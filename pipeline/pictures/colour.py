"""Makes RGB of 8 bits of whatever a decoded picture holds: transparent, of many bits, of inks, in another colour space.

What has to be known of the whole picture is found out first; then it is turned to RGB strip by strip.
"""

from PIL import Image, ImageChops

from pipeline.pictures.depth import eight_bits, stated_range, value_range
from pipeline.pictures.profiles import in_srgb, inks_in_srgb
from pipeline.pictures.strips import ToRgb, strips

_IS_SEEN = [255] * 224 + [0] * 32  # by its darkest channel: whether a colour is seen on white
_SEEN_SHARE = 0.05  # of what is visible, so much must be seen on white, or the ground is black


def rgb_maker(image: Image.Image) -> ToRgb:
    """Return the function that turns strips of a loaded picture, in its own mode, to RGB of its own colour space."""
    if image.mode.startswith("I") or image.mode == "F":
        low, high = value_range(image, stated_range(image))
        return lambda strip: eight_bits(strip, low, high).convert("RGB")
    if image.has_transparency_data:
        ground = _ground(image)
        if ground is None:
            return lambda strip: _rgba(strip).convert("RGB")
        return lambda strip: _composited(_rgba(strip), ground)
    if image.mode == "CMYK":
        # Pillow inverts every CMYK JPEG, as Adobe stores them; without Adobe's marker that is wrong.
        is_inverted = image.format == "JPEG" and "adobe" not in image.info
        return lambda strip: inks_in_srgb(ImageChops.invert(strip) if is_inverted else strip, _profile(image))
    return lambda strip: strip.convert("RGB")


def managed(rgb: Image.Image, image: Image.Image) -> Image.Image:
    """Return what was made of a picture, RGB of its own colour space, in sRGB."""
    return in_srgb(rgb, _profile(image), is_grey=image.mode[:1] in ("1", "L", "I", "F") and image.mode != "LAB")


def is_plain(image: Image.Image) -> bool:
    """Return whether the picture can be resized as it is: grey or RGB of 8 bits, without alpha."""
    return image.mode in ("RGB", "L") and not image.has_transparency_data


def _profile(image: Image.Image) -> bytes:
    return image.info.get("icc_profile") or b""


def _rgba(strip: Image.Image) -> Image.Image:
    """Return a strip as RGBA; of grey whose values alpha was multiplied into Pillow knows no direct way."""
    return (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")


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
