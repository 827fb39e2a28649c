"""What is said of the choice of K: where it is no choice, because the best lies at an end of what was tried."""

import numpy as np
from numpy.typing import NDArray


def elbow_end(k: int, ks: NDArray[np.int64]) -> str:
    """Say that there is no elbow, which shows as an end of the range; empty if there is one."""
    if k not in (ks[0], ks[-1]):
        return ""
    return f"; there is no elbow from K = {ks[0]} to {ks[-1]}: look at its plot, and set groups.k to a number"


def silhouette_end(k: int, ks: NDArray[np.int64], *, k_maximum: int, up_to_elbow: bool) -> str:
    """Say that the silhouette is largest at an end of the range, beyond which it may be larger; empty if it isn't."""
    where = "up to the elbow the silhouette points to" if up_to_elbow else "the silhouette is largest at"
    if k == ks[-1] == k_maximum:
        return f"; {where} the largest K that was tried, {k}: raise groups.k_maximum"
    if k == ks[0] and k > 2:
        return f"; {where} the smallest K that was tried, {k}: lower groups.k_minimum"
    if k == ks[0]:
        return f"; {where} K = {k}, the smallest there is: the folder holds two kinds, or one"
    return ""
