"""The number of groups K, chosen from what a sweep over K has measured.

Two criteria, either of which may mislead on a given folder: the elbow (where more groups stop paying) and
the medoid silhouette (where groups are best apart). Both see the same sweep, so computing both is free, and a
third rule asks both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9  # of the largest value: below it, two candidates for K are a tie
_NEARLY = 0.05  # of s (1 - s), s the largest silhouette: how much less makes a K count for a third


def k_by_elbow(ks: NDArray[np.int64], losses: NDArray[np.float64]) -> int:
    """Choose the K whose loss lies farthest below the chord from the first K to the last.

    It is the formula that pyclustering documents, but for two things: only points below the chord count
    (a bulge above it is the opposite of an elbow), and the vertical distance replaces the perpendicular
    one, which is it times a constant. The units of the axes don't matter.

    Parameters
    ----------
    ks : (n,) int64
        Rising numbers of groups, n >= 1.
    losses : (n,) float64
        Loss of each, larger is worse.

    Returns
    -------
    int
        One of `ks`; of equally good ones the smallest. So it is the smallest of all for a straight line, a
        curve that is nowhere below its chord, and n < 3.

    Raises
    ------
    ValueError
        If the arrays don't belong together or hold NaN or infinity.

    Examples
    --------
    >>> k_by_elbow(np.array([2, 3, 4, 5]), np.array([1.0, 0.5, 0.4, 0.3]))
    3
    """
    _check(ks, losses)
    chord = np.interp(ks, [ks[0], ks[-1]], [losses[0], losses[-1]])
    return _smallest_best(ks, chord - losses, rounding=_ROUNDING * float(np.abs(losses).max()))


def k_by_silhouette(ks: NDArray[np.int64], silhouettes: NDArray[np.float64]) -> int:
    """Choose the K with the largest mean medoid silhouette.

    Parameters
    ----------
    ks : (n,) int64
        Rising numbers of groups, n >= 1.
    silhouettes : (n,) float64
        Mean medoid silhouette of each, larger is better.

    Returns
    -------
    int
        One of `ks`; of equally good ones the smallest.

    Raises
    ------
    ValueError
        If the arrays don't belong together or hold NaN or infinity.
    """
    _check(ks, silhouettes)
    return _smallest_best(ks, silhouettes, rounding=_ROUNDING)


def k_by_both(
    ks: NDArray[np.int64], losses: NDArray[np.float64], silhouettes: NDArray[np.float64], *, num_pictures: int
) -> int:
    """Choose the middle of the K up to the elbow, each counted by its mean medoid silhouette.

    The more groups, the smaller they are, and the nearer a picture is to its own medoid beside the next one: so the
    silhouette often rises to the end of the range. Beyond the elbow more groups don't pay, and with more groups than
    the root of the number of pictures there are fewer pictures to a group than groups; up to there it tells. Often
    several K are nearly as good as the best, and which is best is chance: so none is picked out, but half of what
    they count for lies on either side. Each counts by how near it comes to the best.

    Parameters
    ----------
    ks : (n,) int64
        Rising numbers of groups, n >= 1.
    losses, silhouettes : (n,) float64
        As `k_by_elbow` and `k_by_silhouette` take them.
    num_pictures : int
        In the groups, all together.

    Returns
    -------
    int
        One of `ks`, at most the elbow, and at most the root of `num_pictures` unless all are larger.

    Raises
    ------
    ValueError
        If the arrays don't belong together or hold NaN or infinity.

    Examples
    --------
    >>> losses, silhouettes = np.array([1.0, 0.5, 0.4, 0.3]), np.array([0.4, 0.3, 0.2, 0.9])
    >>> k_by_both(np.array([2, 3, 4, 5]), losses, silhouettes, num_pictures=100)
    2
    """
    _check(ks, silhouettes)
    paying = ks <= max(min(k_by_elbow(ks, losses), num_pictures**0.5), ks[0])
    ks, silhouettes = ks[paying], silhouettes[paying]
    best = float(silhouettes.max())
    nearly = max(_NEARLY * best * (1 - best), _ROUNDING)  # the range of a share: little counts near 1 as near 0
    counts = np.exp((silhouettes - best) / nearly)
    return int(ks[np.searchsorted(counts.cumsum(), counts.sum() / 2)])


def _check(ks: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """Raise ValueError unless there is one finite value for each of the rising `ks`."""
    if ks.ndim != 1 or ks.shape != values.shape or not ks.size:
        raise ValueError(f"ks and values must be of one length >= 1; got {ks.shape} and {values.shape}.")
    if (np.diff(ks) <= 0).any():
        raise ValueError(f"ks must rise; got {ks.tolist()!r}.")
    if not np.isfinite(values).all():
        raise ValueError(f"the values of the criterion must be finite; got {values.tolist()!r}.")


def _smallest_best(ks: NDArray[np.int64], merits: NDArray[np.float64], *, rounding: float) -> int:
    """Take the smallest K whose merit is the largest but for rounding."""
    return int(ks[np.flatnonzero(merits >= merits.max() - rounding)[0]])
