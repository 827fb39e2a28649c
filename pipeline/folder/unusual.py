"""Says how unusual a new picture is: how far it is from the nearest of the folder that is no copy of it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, Index, check_origin, load_json, load_pictures
from pipeline.commands.unique import less_unusual
from pipeline.wording import one_line

_AT_ONCE = 8  # pictures that are compared by their pixels
_NAMED = 3  # copies that are named in a line, at most

Nearest = Callable[[int], NDArray[np.void]]  # how many to the (row, similarity) of so many, most similar first


@dataclass(frozen=True)
class Unusual:
    """How unusual a new picture is.

    distance  cosine distance to its nearest that is no copy; None if the folder holds nothing but copies of it
    share     of the folder's pictures that have a smaller one, in [0, 1]; None as well
    copies    paths of the nearest pictures that it is a copy of, by their pixels at 256x256
    perhaps   of those that it may be a copy of, for they differ in places; like copies they are not the nearest
    """

    distance: float | None
    share: float | None
    copies: tuple[str, ...]
    perhaps: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        distance, share = (None if value is None else round(value, 6) for value in (self.distance, self.share))
        return {
            "distance": distance,
            "less_unusual": share,
            "copies": list(self.copies),
            "perhaps_copies": list(self.perhaps),
        }

    def words(self) -> str:
        """Return it in words, a line for each thing."""
        lines = [
            f"{words} {', '.join(map(one_line, paths[:_NAMED]))}{_more(len(paths) - _NAMED)}"
            for words, paths in (("a copy of", self.copies), ("perhaps a copy of", self.perhaps))
            if paths
        ]
        if self.distance is None or self.share is None:
            return "\n".join([*lines, "the folder holds nothing but copies of it"])
        nearest = "the nearest that is no copy" if lines else "the nearest"
        share = f"{100 * self.share:.0f} % of the folder's pictures"
        return "\n".join([*lines, f"more unusual than {share}: its distance to {nearest} is {self.distance:.4f}"])


def how_unusual(pixels: NDArray[np.uint8], nearest: Nearest, artifacts: Artifacts, index: Index) -> Unusual | None:
    """Return how unusual a picture (256, 256, 3) is; None if nobody has run `uniqueness`.

    What is a copy is judged as `duplicates` judges: by pixels, and by similarity only where that can tell; but not by
    the originals, so that finer text may differ.
    """
    if not artifacts.uniqueness.is_file():
        return None
    check_origin(artifacts, "duplicates", index.digest)
    judged = load_json(artifacts.metrics("duplicates"), stage="duplicates")
    pictures = load_pictures(artifacts, index)
    copies: dict[str, list[str]] = {"copy": [], "perhaps": []}
    start, found = 0, nearest(_AT_ONCE)
    while start < len(found):
        some = found[start:]
        kinds = _kinds(pixels, pictures[some["row"]], some["similarity"], judged)
        for kind, paths in copies.items():
            paths += map(index.path, some["row"][kinds == kind].tolist())
        if (kinds == "none").any():
            distance = 1 - float(some["similarity"][np.argmax(kinds == "none")])
            share = less_unusual(artifacts, distance, index=index)
            return Unusual(distance, share, tuple(copies["copy"]), tuple(copies["perhaps"]))
        start, found = len(found), nearest(2 * len(found))
    return Unusual(None, None, tuple(copies["copy"]), tuple(copies["perhaps"]))


def _more(number: int) -> str:
    return f" and {number:,} more" if number > 0 else ""


def _kinds(
    pixels: NDArray[np.uint8], others: NDArray[np.uint8], similarities: NDArray[np.float32], judged: dict[str, Any]
) -> NDArray[np.str_]:
    """Return what a picture is of each of some others (M, 256, 256, 3), turned or not: copy, perhaps, or none; (M,)."""
    from pipeline import duplicates as room

    threshold = room.Threshold(**{one.name: judged[one.name] for one in fields(room.Threshold)})
    own, *small = room.thumbnails(np.concatenate([pixels[None], others]))
    turns = [room.likeliest_turn(own, one, range(len(room.HOW))) for one in small]
    laid = np.stack([room.turned(other, turn) for other, turn in zip(others, turns, strict=True)])
    near = threshold.is_near(similarities, room.agreement(np.broadcast_to(pixels, laid.shape), laid))
    compared = zip(near.tolist(), laid, strict=True)
    return np.array(
        [room.kind_of(room.differ_at(pixels, other), is_near=True) if yes else "none" for yes, other in compared]
    )
