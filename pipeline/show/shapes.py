"""Owns the shapes that pictures had before they were squeezed into squares: to be drawn whole, or by their middle."""

LEAST_PIXELS = 8  # of the shorter side of a picture that is drawn whole, however long it is
_LEAST_SHARE = 2 / 3  # of the longer side that a middle shows; what is longer still is squeezed

Size = tuple[int, ...]  # width, height


def inside(size: Size, side: int) -> tuple[int, int]:
    """Return width and height of a picture that fills a square on its longer side.

    >>> inside((4000, 3000), 200)
    (200, 150)
    """
    width, height = (min(max(round(length * side / max(size)), LEAST_PIXELS), side) for length in size)
    return width, height


def middle(square: Size, size: Size) -> tuple[float, float, float, float]:
    """Return the box of a squeezed picture that is a square of the original: left, top, right, bottom.

    Of the longer side two thirds are kept at least, for a picture that is longer than that is known by its length.

    >>> middle((256, 256), (4000, 3000))
    (32.0, 0.0, 224.0, 256.0)
    """
    width, height = size
    share = max(min(width, height) / max(width, height), _LEAST_SHARE)
    cut = (
        (1 - share) / 2 * square[0] if width > height else 0.0,
        (1 - share) / 2 * square[1] if height > width else 0.0,
    )
    return cut[0], cut[1], square[0] - cut[0], square[1] - cut[1]
