"""How unusual a new picture is: how far it is from the nearest of the folder that is no copy of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.folder.state import State

if TYPE_CHECKING:
    from pipeline.duplicates import Threshold

_AT_ONCE = 8  # pictures that are compared by their pixels

Nearest = Callable[[int], NDArray[np.void]]  # how many to the (row, similarity) of so many, most similar first


@dataclass(frozen=True)
class Unusual:
    """How unusual a new picture is.

    Attributes
    ----------
    distance : float or None
        Cosine distance to its nearest that is no copy, in [0, 2], by own parts; None if the folder holds nothing but
        copies of it.
    share : float or None
        Share of the folder's pictures that have a smaller one, in [0, 1]; None as well.
    copies : tuple of str
        Paths of the nearest pictures that it is a copy of, by their pixels at 256x256.
    perhaps : tuple of str
        Paths of those that it may be a copy of, for they differ in places; like copies they are not the nearest.
    """

    distance: float | None
    share: float | None
    copies: tuple[str, ...]
    perhaps: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a dictionary that `json.dumps` takes, its numbers rounded."""
        distance, share = (None if value is None else round(value, 6) for value in (self.distance, self.share))
        return {
            "distance": distance,
            "less_unusual": share,
            "copies": list(self.copies),
            "perhaps_copies": list(self.perhaps),
        }


def how_unusual(pixels: NDArray[np.uint8], nearest: Nearest, state: State) -> Unusual:
    """Return how unusual a picture (256, 256, 3) is.

    What is a copy is judged as `duplicates` judges: by pixels, and by similarity only where that can tell; but not by
    the originals, so that finer text may differ.
    """
    copies: dict[str, list[str]] = {"copy": [], "perhaps": []}
    start, found = 0, nearest(_AT_ONCE)
    while start < len(found):
        some = found[start:]
        kinds = _kinds(pixels, state.pictures[some["row"]], some["similarity"], state.threshold)
        for kind, paths in copies.items():
            paths += [state.index.path(row) for row in some["row"][kinds == kind].tolist()]
        if (kinds == "none").any():
            distance = 1 - float(some["similarity"][np.argmax(kinds == "none")])
            share = int(np.searchsorted(state.distances, distance)) / state.index.count
            return Unusual(distance, share, tuple(copies["copy"]), tuple(copies["perhaps"]))
        start, found = len(found), nearest(2 * len(found))
    return Unusual(None, None, tuple(copies["copy"]), tuple(copies["perhaps"]))


def _kinds(
    pixels: NDArray[np.uint8], others: NDArray[np.uint8], similarities: NDArray[np.float32], threshold: "Threshold"
) -> NDArray[np.str_]:
    """Return what a picture is of each of some others (M, 256, 256, 3), turned or not: copy, perhaps, or none; (M,)."""
    from pipeline import duplicates as room

    own, *small = room.thumbnails(np.concatenate([pixels[None], others]))
    turns = [room.likeliest_turn(own, one, range(len(room.HOW))) for one in small]
    laid = np.stack([room.turned(other, turn) for other, turn in zip(others, turns, strict=True)])
    near = threshold.is_near(similarities, room.agreement(np.broadcast_to(pixels, laid.shape), laid))
    compared = zip(near.tolist(), laid, strict=True)
    return np.array(
        [room.kind_of(room.differ_at(pixels, other), is_near=True) if yes else "none" for yes, other in compared]
    )
