"""Two pictures side by side: whether they show the same, where they differ, and whether they are of one kind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import differences
from pipeline.encoder.running import cells_of, encode_one
from pipeline.folder.given import Given
from pipeline.folder.state import State


@dataclass(frozen=True)
class Comparison:
    """What was found of a photo beside a reference.

    Attributes
    ----------
    photo : Path or None
        The file of the photo; None where pixels were given.
    similarity : float
        Cosine similarity of the own parts, in [-1, 1]; larger is more alike.
    percentile_random, percentile_nearest : float or None
        How many percent of the folder's random pairs, and of its nearest neighbours, are less similar, in [0, 100];
        None where the folder has none.
    same_kind : bool or None
        Whether both are of the same kind; None where the folder can't tell.
    difference : float
        Of the place that differs most. Up to 1 can be lighting or a small shift; larger is more different.
    place : tuple of int
        The middle of that place: the pixel (x, y) of the reference at 256x256.
    share : float
        Of all places, those that differ by more than 1, in [0, 1].
    heat : ndarray of float32, (32, 32)
        Where it differs, in the reference's frame, on the encoder's own scale.
    shift : tuple of int
        (down, right) in pixels, by which the photo was moved to lie on the reference.
    """

    photo: Path | None
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

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as a dictionary that `json.dumps` takes, as `pipeline compare --json` prints it."""
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


class Reference:
    """A picture beside which others are held: it is looked at once. Several threads may ask it."""

    def __init__(self, given: Given, state: State) -> None:
        self._state, self.scale, self.level = state, state.own_scale, state.tolerance
        self.path, self.pixels, self.size = given.path, given.pixels, given.size
        self._embedding, self._bank = self._own(self.pixels), differences.seen(self.pixels, self._see)

    @property
    def by_pixels(self) -> bool:
        """Whether pixels are compared, because the encoder doesn't show where in a picture something is."""
        return self._state.cells.facts.get("made_from") == "pixels"

    def compare(self, photo: Given) -> Comparison:
        """Hold one photo beside the reference; QueryError if it is no readable picture."""
        similarity = float(np.clip(self._own(photo.pixels) @ self._embedding, -1, 1))
        heat, shift = differences.located(photo.pixels, self.pixels, self._bank, self._see)
        difference, x, y = differences.peak(heat)
        return Comparison(
            photo.path,
            similarity,
            self.scale.percentile_random(similarity),
            self.scale.percentile_nearest(similarity),
            self.scale.same_kind(similarity),
            difference / self.level,
            (x, y),
            differences.share(heat, level=self.level),
            heat,
            shift,
        )

    def _own(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._state.encoder.parts.own_of(encode_one(self._state.encoder, picture))

    def _see(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return cells_of(self._state.cells, picture)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
