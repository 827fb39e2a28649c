"""Owns the question whether a folder has changed so much that its encoder should be made anew.

How large a share of the folder is new since then is what counts. Whether what is new is unlike what was there is told,
but decides nothing: `benchmarks/drift.py` trains on some pictures, adds others, and measures what is found more, and
nearly all of it is found by learning anew what is learnt without training, whatever the new pictures show.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 500  # pictures on either side, at most, whose distances are compared
_MANY = 0.5  # of the folder, from which on it is another one, whatever is new
_UNLIKE = 0.85  # how often a new picture is farther from the old ones than they from another; 0.75 of the same classes
_FITTED = 0.2  # of the folder, from which on what the encoder has learnt of it is learnt again


@dataclass(frozen=True)
class Drift:
    """How a folder has changed since its encoder was made.

    new      pictures that weren't there then
    gone     pictures that were, and aren't any more
    total    pictures now
    farther  from 0 to 1: how often a new picture is farther from the nearest old one than an old one from another;
             0.5 if new ones are as near; None if it could not be measured
    """

    new: int
    gone: int
    total: int
    farther: float | None = None

    @property
    def share(self) -> float:
        """The share of the folder that is new."""
        return self.new / max(self.total, 1)

    @property
    def is_unlike(self) -> bool:
        """Whether what is new is unlike what was there."""
        return self.farther is not None and self.farther >= _UNLIKE

    @property
    def needs_training(self) -> bool:
        """Whether there may be something to gain by a new training."""
        return self.share >= _MANY

    @property
    def needs_fitting(self) -> bool:
        """Whether it would pay to learn again what is learnt without training: components, weights and neighbours."""
        return self.share >= _FITTED

    def words(self) -> str:
        """Say in a line how much has changed, and how unlike it is."""
        are, they = ("is", "it is") if self.new == 1 else ("are", "they are")
        changes = f"{self.new:,} of {self.total:,} pictures {are} new since the training"
        if self.gone:
            changes += f", and {self.gone:,} {'has' if self.gone == 1 else 'have'} gone"
        if not self.new or self.farther is None:
            return changes
        return f"{changes}; {they} {'unlike' if self.is_unlike else 'much like'} the others"


def when_due() -> str:
    """Say when a training is due."""
    return f"once {_MANY:.0%} of the folder are new"


def farther(old: NDArray[np.float32], new: NDArray[np.float32]) -> float | None:
    """Return how often a new picture is farther from the nearest old one than an old one from another.

    Parameters
    ----------
    old, new
        float32 (M, D) and (A, D), of unit length: own embeddings. At most 500 of each are compared, evenly spread.

    Returns
    -------
    share
        From 0 to 1, ties counting half: the area under the curve that tells new from old by that distance. None of
        fewer than two old pictures, or no new one.
    """
    if len(old) < 2 or not len(new):
        return None
    some, rows = new[:: -(-len(new) // LOOKED_AT)], np.arange(len(old))[:: -(-len(old) // LOOKED_AT)]
    similarities = old[rows] @ old.T
    similarities[np.arange(len(rows)), rows] = -np.inf
    usual, nearest = np.sort(similarities.max(axis=1)), (some @ old.T).max(axis=1)
    above = [len(usual) - np.searchsorted(usual, nearest, side=side) for side in ("left", "right")]
    return float(np.mean(above)) / len(usual)
