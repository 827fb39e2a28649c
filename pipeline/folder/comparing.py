"""What a comparison found, and its two verdicts: do two pictures show the same, and are they of one kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import alikeness, differences


@dataclass(frozen=True)
class Scale:
    """What the folder says of a similarity, and of a difference: the one that light and a small shift make."""

    similarity: alikeness.Scale
    level: float

    def doubt(self) -> str:
        """Say why the kind can't be told; empty if it can."""
        if self.similarity.kind_from is not None:
            return ""
        why = "nearest neighbours are hardly more alike than random pairs; see `pipeline evaluate`"
        if not self.similarity.nearest:
            why = "the folder has no two different pictures"
        return f"warning: whether two pictures are of the same kind can't be told: {why}"

    def explained(self) -> str:
        """Say what the verdicts mean."""
        words = [
            f"a difference of 1 is what light and a small shift make; from {differences.FOUND:g} on pictures differ"
        ]
        if self.similarity.kind_from is not None:
            words.append(
                f"the same kind from a similarity of {self.similarity.kind_from:.3f} on: halfway between a typical "
                "random pair and a typical nearest neighbour of this folder"
            )
        return "\n".join(words)


@dataclass(frozen=True)
class Comparison:
    """What was found of a photo beside a reference.

    similarity          cosine, in [-1, 1]
    percentile_random   share of random pairs of the folder that are less similar, in [0, 100]; None without any
    percentile_nearest  the same of nearest neighbours
    same_kind           whether both are of the same kind; None where the folder can't tell
    difference          of the cell that differs most, in units of the scale's level; larger is more different
    place               that cell's middle: the pixel (x, y) of the reference at 256x256
    share               of the cells that differ by more than 1, in [0, 1]
    heat                float32 (32, 32), where it differs, in the reference's frame
    shift               (down, right) in pixels, by which the photo was moved there
    """

    photo: Path
    similarity: float
    percentile_random: float | None
    percentile_nearest: float | None
    same_kind: bool | None
    difference: float
    place: tuple[int, int]
    share: float
    heat: NDArray[np.float32]
    shift: tuple[int, int]

    @property
    def everywhere(self) -> bool:
        """Whether most of the picture differs: then the two could not be aligned, and a place says little."""
        return self.share >= differences.EVERYWHERE

    @property
    def same(self) -> bool:
        """Whether both show the same, but for light and a small shift."""
        return self.difference < differences.FOUND

    def verdict(self) -> str:
        """Say whether both show the same."""
        if self.same:
            return "no difference"
        return "not aligned" if self.everywhere else "differs"

    def kind(self) -> str:
        """Say whether both are of the same kind."""
        return {True: "same kind", False: "another kind", None: "can't tell"}[self.same_kind]

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return {
            "similarity": round(self.similarity, 6),
            "percentile_random": _rounded(self.percentile_random),
            "percentile_nearest": _rounded(self.percentile_nearest),
            "same": self.same,
            "same_kind": self.same_kind,
            "difference": round(self.difference, 3),
            "place": list(self.place),
            "share": round(self.share, 4),
        }


def where(comparison: Comparison) -> str:
    """Say in a sentence whether two pictures show the same, and where not."""
    if comparison.same:
        return "the same: no difference found but light and a small shift"
    share = f"in {100 * comparison.share:.1f} % of the picture"
    if comparison.everywhere:
        return f"not the same picture: they could not be aligned; it differs nearly everywhere, {share}"
    x, y = comparison.place
    return f"differs {share}, most at x = {x}, y = {y} of 256x256 pixels"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
