"""Says what names tell: whether a file lies where nobody keeps pictures, or was named a copy."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

_ASIDE = frozenset({"@eadir", "#recycle", "@recycle", "$recycle.bin", "recycler", "lost+found", "thumbs", "thumbnails"})
_WORDS = r"copy|kopie|copie|copia|kopia|duplicate|edited|edit|bearbeitet|resized|modified|thumb|thumbnail"
_SURE = re.compile(
    rf"(?:[\s._-]*[(\[]\d{{1,3}}[)\]]|~\d{{1,2}}|[\s._-]+[(\[]?(?:{_WORDS})[)\]]?(?:[\s._-]*\d{{1,2}})?)$", re.I
)
_BEFORE = re.compile(r"^(?:(?:copy|kopie|copie|copia) (?:\(\d+\) )?(?:of|von|de|di) )", re.I)
_NUMBERED = re.compile(r"[\s._-]\d{1,2}$")  # "photo 2": a copy only beside "photo"


def lies_aside(path: str) -> bool:
    """Say of a path relative to the dataset whether it is hidden, or lies in a dustbin or in a folder of thumbnails.

    >>> [lies_aside(path) for path in (".Trash-1000/files/a.jpg", "@eaDir/a.jpg/THUMB_M.jpg", "trip/a.jpg")]
    [True, True, False]
    """
    return any(part.startswith(".") or part.lower() in _ASIDE for part in path.split("/"))


def marks_of_a_copy(path: str, others: Collection[str]) -> int:
    """Return how many endings of a name say that it is a copy, as "(1)", "- Copy", "Kopie", "-edited".

    A bare number counts only where one of the other paths has the name without it.

    >>> marks_of_a_copy("IMG_0000 (1).png", []), marks_of_a_copy("a/Copy of b - edited.jpg", [])
    (1, 2)
    >>> marks_of_a_copy("a 2.jpg", ["x/a.jpg"]), marks_of_a_copy("a 2.jpg", ["x/a 1.jpg"])
    (1, 0)
    """
    name, count = _stem(path), 0
    while name != (shorter := _BEFORE.sub("", _SURE.sub("", name))) and shorter:
        count += (_SURE.search(name) is not None) + (_BEFORE.search(name) is not None)
        name = shorter
    bare = _NUMBERED.sub("", name)
    return count + (bare != name and bare in {_stem(other) for other in others})


def _stem(path: str) -> str:
    return PurePosixPath(path).stem
