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
    copies    paths of the nearest pictures that it is a copy of, as `duplicates` would say
    """

    distance: float | None
    share: float | None
    copies: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        distance, share = (None if value is None else round(value, 6) for value in (self.distance, self.share))
        return {"distance": distance, "less_unusual": share, "copies": list(self.copies)}

    def words(self) -> str:
        """Return it in words, a line for each thing."""
        lines = []
        if self.copies:
            more = f" and {len(self.copies) - _NAMED:,} more" if len(self.copies) > _NAMED else ""
            lines.append(f"a copy of {', '.join(map(one_line, self.copies[:_NAMED]))}{more}")
        if self.distance is None or self.share is None:
            return "\n".join([*lines, "the folder holds nothing but copies of it"])
        nearest = "the nearest that is no copy" if self.copies else "the nearest"
        share = f"{100 * self.share:.0f} % of the folder's pictures"
        return "\n".join([*lines, f"more unusual than {share}: its distance to {nearest} is {self.distance:.4f}"])


def how_unusual(pixels: NDArray[np.uint8], nearest: Nearest, artifacts: Artifacts, index: Index) -> Unusual | None:
    """Return how unusual a picture (256, 256, 3) is; None if nobody has run `uniqueness`.

    What is a copy is judged as `duplicates` judges: by pixels, and by similarity only where that can tell.
    """
    if not artifacts.uniqueness.is_file():
        return None
    check_origin(artifacts, "duplicates", index.digest)
    judged = load_json(artifacts.metrics("duplicates"), stage="duplicates")
    pictures = load_pictures(artifacts, index)
    copies: list[int] = []
    start, found = 0, nearest(_AT_ONCE)
    while start < len(found):
        some = found[start:]
        are_copies = _are_copies(pixels, pictures[some["row"]], some["similarity"], judged)
        copies += some["row"][are_copies].tolist()
        if not are_copies.all():
            distance = 1 - float(some["similarity"][np.argmin(are_copies)])
            share = less_unusual(artifacts, distance, index=index)
            return Unusual(distance, share, tuple(map(index.path, copies)))
        start, found = len(found), nearest(2 * len(found))
    return Unusual(None, None, tuple(map(index.path, copies)))


def _are_copies(
    pixels: NDArray[np.uint8], others: NDArray[np.uint8], similarities: NDArray[np.float32], judged: dict[str, Any]
) -> NDArray[np.bool_]:
    """Return which of some pictures (M, 256, 256, 3) a picture is a copy of, mirrored or not: (M,)."""
    from pipeline.duplicates import Threshold, agreement

    threshold = Threshold(**{one.name: judged[one.name] for one in fields(Threshold)})
    own = np.broadcast_to(pixels, others.shape)
    direct, mirrored = agreement(own, others), agreement(own, others[:, :, ::-1])
    near: NDArray[np.bool_] = threshold.is_near(similarities, direct) | (mirrored >= threshold.agreement)
    return near
