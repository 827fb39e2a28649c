"""Says in words what a comparison found, and what its numbers mean."""

from pipeline import differences
from pipeline.folder.comparing import Comparison, Reference


def verdict(comparison: Comparison) -> str:
    """Say in two words whether both pictures show the same."""
    if comparison.same:
        return "no difference"
    return "not aligned" if comparison.everywhere else "differs"


def kind(comparison: Comparison) -> str:
    """Say in two words whether both pictures are of the same kind."""
    return {True: "same kind", False: "another kind", None: "can't tell"}[comparison.same_kind]


def where(comparison: Comparison) -> str:
    """Say in a sentence whether two pictures show the same, and where not."""
    if comparison.same:
        return "the same: no difference was found beyond lighting and a small shift"
    share = f"in {100 * comparison.share:.1f} % of the picture"
    if comparison.everywhere:
        return f"not the same picture: the two could not be aligned, and differ nearly everywhere, {share}"
    x, y = comparison.place
    return f"they differ {share}, most at x = {x}, y = {y} of 256x256 pixels"


def doubt(reference: Reference) -> str:
    """Say why the kind can't be told; empty if it can."""
    if reference.scale.kind_from is not None:
        return ""
    why = "nearest neighbours are hardly more similar than random pairs; see `pipeline evaluate`"
    if not reference.scale.nearest:
        why = "the folder has no two different pictures"
    return f"warning: whether two pictures are of the same kind can't be told: {why}"


def explained(reference: Reference) -> str:
    """Say from which difference on two pictures differ, and from which similarity on they are of one kind."""
    words = [
        f"a difference of up to 1 can be lighting or a small shift; from {differences.FOUND:g} on it is a real one"
    ]
    if reference.scale.kind_from is not None:
        words.append(
            f"they are called the same kind from a similarity of {reference.scale.kind_from:.3f} on, which is halfway "
            "between a typical random pair and a typical nearest neighbour of this folder"
        )
    return "\n".join(words)
