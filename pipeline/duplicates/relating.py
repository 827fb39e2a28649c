"""Says what one picture is to another: a copy, perhaps one, or none; and what would be lost if it went."""

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.keeping import Relation
from pipeline.duplicates.places import Places

_UNLIKE = 0.5  # from here on the detail of two pictures has little to do with each other's
_FEW_AND_ALIKE = ((0.05, 0.25), (0.2, 0.1))  # places that differ, and how unlike the rest is, where pixels agree less
_COUNTED = 0.4  # of the one, the other shows less: they could not be aligned
_WORST = 1.0  # as `places` scales it
_SHOWN = 1.03  # how far a corner may lie outside; 1 is the rim
_ASKEW = 0.003  # of a turn that no saving makes; at the rim of 256 pixels it moves by half of one
_LIGHT, _LEVELS = 0.06, 8.0  # gain and levels that saving alone doesn't change


def relation_of(places: Places, size: tuple[int, int], *, how: str) -> Relation:
    """Return what the second picture of a comparison is to the first one.

    Parameters
    ----------
    places
        The comparison.
    size
        Width and height of the first picture.
    how
        How the second picture was turned for it; empty if it wasn't.
    """
    if places.unread:
        return Relation("perhaps", f"can't be told: {places.unread}", how)
    if places.unlike > _UNLIKE or places.counted < _COUNTED:
        return Relation("none", "like another picture of this group, but not like the one to keep: look at it")
    if places.is_identical:
        return Relation("copy", how=how, is_identical=not how)
    if places.is_blank:
        return Relation("perhaps", "there is nothing in it that could tell it apart: look at it", how)
    shows_more = not places.flat_rims[1] and _reaches_out(_back(places.place_map))
    if places.worst >= _WORST:
        across, down = (round(share * length) for share, length in zip(places.place, size, strict=True))
        return Relation("perhaps", f"differs at ({across}, {down}) of the one to keep: look at it", how)
    return Relation("copy", _doubt(places), how, shows_more=shows_more)


def kind_of(places: Places, *, is_near: bool) -> str:
    """Return "copy", "perhaps" or "none" for a pair whose pixels agree at 256x256 (near), or less than copies do.

    Of the latter a copy must show itself by its original: a page that was scanned twice, a little turned, does.
    """
    kind = relation_of(places, (1, 1), how="").kind
    if is_near or kind != "perhaps":
        return kind
    if places.unread:
        return "none"  # nothing shows it to be one
    is_alike = any(places.share < few and places.unlike < alike for few, alike in _FEW_AND_ALIKE)
    return "perhaps" if is_alike and not places.is_blank else "none"


def _doubt(places: Places) -> str:
    """Return what would be lost with a copy, or what can't be told; nothing if it is spare."""
    if _reaches_out(_back(places.place_map)):
        return "shows more than the one to keep, or has a border: look at it"
    if places.flat_rims[0] and _reaches_out(places.place_map):
        return "the one to keep may have been given a border: look at it"
    if max(abs(places.place_map[0, 1]), abs(places.place_map[1, 0])) > _ASKEW:
        return "lies a little askew: it may be another shot or scan"
    if abs(places.gain - 1) > _LIGHT or abs(places.offset + (places.gain - 1) * 128) > _LEVELS:
        return "brighter or darker: which was first can't be told"
    return ""


def _back(place: NDArray[np.float64]) -> NDArray[np.float64]:
    back: NDArray[np.float64] = np.linalg.inv(np.vstack([place, [0, 0, 1]]))[:2]
    return back


def _reaches_out(place: NDArray[np.float64]) -> bool:
    """Return whether some corner of a picture lies outside the other one, by the map from the one to the other."""
    corners = np.array([[x, y, 1] for x in (-1, 1) for y in (-1, 1)])
    return bool(np.abs(corners @ place.T).max() > _SHOWN)
