"""Networks' answers as numbers: of the last stage the middle, a grid and each channel's largest; roots of all.

The middle says what is in a picture, the grid what is where. Powers below 1 are taken, for a strong feature must not
count for more than several.
"""

from pipeline.graph import Value

_POWER = 0.75  # of the middle's averages, beside a grid
_GRID = 3  # cells on a side
_SEEN = 1e-5  # mean of a grid's features: below it they are rounding; of photographs 0.02 at least, of noise of one
# level 5e-4, of greys 1e-7 (untrained, 2026-11)
_FAINT = 1e-12  # added below a root, so that nothing is divided by 0
_PLENTY = 1e6  # floors: so much counts no more, for its power must be finite


def middle(stage: Value, *, side: int) -> Value:
    """Return the means (B, C) of a stage (B, C, side, side) after its ReLU, where the thing is, mostly."""
    quarter = side // 4
    inner = stage.relu().cut(2, quarter, side - quarter).cut(3, quarter, side - quarter)
    return inner.mean(2, 3)


def tempered(means: Value) -> Value:
    """Return the means as they count beside a grid."""
    return means**_POWER


def grid(stage: Value, *, side: int) -> Value:
    """Return the roots of the means of 3x3 cells of a stage (B, C, side, side): (B, 9 C), at unit length.

    The margin is left out, for it has seen the padding.
    """
    inner = stage.relu().cut(2, 1, side - 1).cut(3, 1, side - 1)
    size = (side - 2) // _GRID
    return rooted(inner.averaged(size, size).ordered(0, 2, 3, 1).flat(), _SEEN)


def largest(stage: Value) -> Value:
    """Return the root of the largest value of each channel of a stage (B, C, H, W), wherever it is: (B, C)."""
    return stage.relu().largest(2, 3).sqrt()


def rooted(features: Value, floor: float) -> Value:
    """Return square roots of (B, P), from 0, at unit length, or shorter where their mean is below a floor.

    There is no step between. Rounding noise blown up to unit length would be as long as anything.
    """
    strength = ((features.mean(1, keep=True) / floor).at_most(_PLENTY)) ** 4
    return features.sqrt().unit() * (strength / (strength + 1))


def signed_roots(features: Value) -> Value:
    """Return the roots of features (B, P) of either sign, with their signs, at unit length."""
    plain = features.unit()
    return (plain / (plain.magnitude() + _FAINT).sqrt()).unit()
