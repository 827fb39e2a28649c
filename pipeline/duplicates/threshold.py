"""Finds from a folder's own pictures what is a near copy: by copies made of them, and by neighbours that differ."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LOW, _HIGH = 0.02, 0.999  # quantiles: of the copies that were made, of the neighbours that differ
_STRICTEST, _LAXEST = 0.96, 0.85  # of agreement: crops and borders cost some; less than this is no copy anywhere
_NOTHING = -1.0  # the least similarity, where there is no pair that differs
_DOUBT = 3.0  # how much more two pictures may differ where the encoder is sure


@dataclass(frozen=True)
class Threshold:
    """From where on two pictures are near copies, and how sure that is.

    A pair is near if its pixels agree by `agreement` or more; or by `agreement_if_similar` or more where its
    cosine similarity is at least `similarity`.

    Attributes
    ----------
    similarity
        In [-1, 1]; above nearly all neighbours that differ, half-way to the copies where there is a gap.
    agreement, agreement_if_similar
        In [0, 1]; the second is smaller.
    copies_low
        Similarity that 98 % of the copies that were made reach.
    others_high
        Similarity that 999 of 1,000 nearest neighbours that differ stay below; -1 if none differs.
    """

    similarity: float
    agreement: float
    agreement_if_similar: float
    copies_low: float
    others_high: float

    @property
    def margin(self) -> float:
        """The gap of similarity between copies and what differs; negative where they overlap."""
        return self.copies_low - self.others_high

    def is_near(self, similarities: Floats, agreements: Floats) -> NDArray[np.bool_]:
        """Return which pairs are near copies: two arrays (M,) to bool (M,)."""
        similar = (similarities >= self.similarity) & (agreements >= self.agreement_if_similar)
        near: NDArray[np.bool_] = similar | (agreements >= self.agreement)
        return near

    def words(self) -> str:
        """Say from where on pictures are near copies, and how sure that is."""
        found = (
            f"near copies are those whose pixels agree by {self.agreement:.3f} of 1, or by "
            f"{self.agreement_if_similar:.3f} where the similarity is {self.similarity:.3f} or more"
        )
        if self.others_high <= _NOTHING:
            return f"{found} (copies made for comparison reach {self.copies_low:.3f}; nothing here differs from them)"
        reach = (
            f"copies made for comparison have a similarity of {self.copies_low:.3f}, pictures that differ up to "
            f"{self.others_high:.3f}"
        )
        if self.margin > 0:
            return f"{found} ({reach}: a margin of {self.margin:.3f})"
        return f"{found}; warning: similarity alone can't tell them ({reach}): look at the sheets"

    def as_metrics(self) -> dict[str, float]:
        """Return all numbers by their names."""
        return {**asdict(self), "margin": self.margin}


def agreement_threshold(agreements: Floats) -> float:
    """Return from which agreement on pixels alone make a copy: what 98 % of the copies that were made reach.

    `agreements` is (V,) in [0, 1], of two copies of each of V pictures; the answer is kept within 0.85 and 0.96.
    """
    return float(np.clip(np.quantile(agreements, _LOW), _LAXEST, _STRICTEST))


def agreement_if_similar(agreement: float) -> float:
    """Return the agreement that is enough where the encoder is sure: three times the difference is allowed."""
    return 1 - _DOUBT * (1 - agreement)


def find_threshold(copies: Floats, others: Floats, *, agreement: float) -> Threshold:
    """Put the threshold of similarity between copies and neighbours that differ.

    Parameters
    ----------
    copies
        (V,) cosine similarities of two copies of the same picture.
    others
        (M,) similarities of pictures to their nearest neighbour, only of pairs whose pixels differ.
    agreement
        The threshold of agreement.
    """
    low = float(np.quantile(copies, _LOW))
    high = float(np.quantile(others, _HIGH)) if len(others) else _NOTHING
    similarity = low if not len(others) else high + max(0.0, low - high) / 2
    return Threshold(similarity, agreement, agreement_if_similar(agreement), low, high)
