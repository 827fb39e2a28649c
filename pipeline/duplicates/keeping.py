"""Says which picture of a group of copies to keep, and why; where that can't be told, nothing is marked to go.

The one to keep is found by passing the group through one question after the other, as the params order them; each
keeps those that answer it best. Another one may go only if it is a copy of that one itself, and if nothing that was
measured is lost with it: no detail, no part of the picture, no light.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.duplicates.detail import Detail
from pipeline.duplicates.evidence import Evidence
from pipeline.duplicates.naming import lies_aside, marks_of_a_copy

Keep = Literal["yes", "no", "unsure"]

QUESTIONS = ("detail", "whole", "camera", "name", "format", "size", "older", "bytes")
_LARGER = 1.05  # times the pixels of the one to keep
_CLOCK_NS = 2_000_000_000  # as coarse as the clock of FAT


@dataclass(frozen=True)
class Facts:
    """What a file tells without its pixels.

    Attributes
    ----------
    path
        Relative to the dataset, with '/'.
    width, height
        In pixels.
    content
        The sha256 of its bytes.
    size_bytes, modified_ns
        As the file system has them.
    evidence
        What the file says of where it comes from.
    has_other_names
        Whether other paths of the dataset lead to this very file.
    """

    path: str
    width: int
    height: int
    content: str
    size_bytes: int
    modified_ns: int
    evidence: Evidence
    has_other_names: bool


@dataclass(frozen=True)
class Relation:
    """What one picture is to the one to keep.

    Attributes
    ----------
    kind
        "copy": the same but for what saving and scaling change; "perhaps": the same on the whole; "none": neither.
    doubt
        What keeps a copy from being spare, as "shows more than the one to keep"; empty if nothing does.
    how
        How it lies, as "mirrored"; empty if it lies as the one to keep does.
    is_identical
        Whether all pixels are equal.
    shows_more
        Whether it shows more than the one to keep, which then is cropped; a border is not more.
    """

    kind: Literal["copy", "perhaps", "none"]
    doubt: str = ""
    how: str = ""
    is_identical: bool = False
    shows_more: bool = False


@dataclass(frozen=True)
class Copy:
    """One picture of a group: its row, what kind of copy it is of the one to keep, and whether it is kept, and why."""

    row: int
    kind: str
    keep: Keep
    reason: str


def judge(
    rows: Sequence[int],
    facts: Mapping[int, Facts],
    detail: Callable[[int, int], Detail],
    relate: Callable[[int, int], Relation],
    *,
    questions: Sequence[str],
) -> list[Copy]:
    """Say of each picture of a group whether to keep it, and why; the one to keep first, the others by row.

    Parameters
    ----------
    rows
        The group.
    facts
        Of the group's pictures, by row.
    detail
        Says of two rows which of them has more real detail.
    relate
        Says of the row to keep and another one what the other one is to it.
    questions
        Some of `QUESTIONS`, the first one first. Which picture lies aside, in a dustbin or a folder of thumbnails, is
        asked before all; of those that answer all equally the first row is kept.
    """
    best, reason = _best(list(rows), facts, detail, relate, questions)
    others = [row for row in rows if row != best]
    copies = []
    for row in others:
        is_exact = facts[row].content == facts[best].content
        relation = Relation("copy") if is_exact else relate(best, row)
        keep, why = _may_go(row, best, facts, relation, detail)
        copies.append(Copy(row, "exact" if is_exact else _kind(relation), keep, why))
    kinds = {copy.kind for copy in copies}
    own = next((kind for kind in ("exact", "near") if any(kind in name for name in kinds)), "perhaps")
    return [Copy(best, own, "yes", reason), *copies]


def _kind(relation: Relation) -> str:
    if relation.kind != "copy":
        return "perhaps"
    return f"near, {relation.how}" if relation.how else "near"


def _may_go(
    row: int,
    best: int,
    facts: Mapping[int, Facts],
    relation: Relation,
    detail: Callable[[int, int], Detail],
) -> tuple[Keep, str]:
    """Return "no" for a copy with which nothing is lost, else "unsure", and the reason."""
    own, kept = facts[row], facts[best]
    if relation.kind != "copy":
        return "unsure", relation.doubt
    if own.has_other_names:
        return "unsure", "other names in the folder lead to this file"
    if own.content == kept.content:
        return "no", "the same bytes"
    if unread := own.evidence.unread or kept.evidence.unread:
        return "unsure", f"can't be told: {unread}"
    if relation.how:
        return "unsure", f"{relation.how}: which of them is right can't be told"
    if relation.doubt:
        return "unsure", relation.doubt
    found = detail(best, row)
    if found.doubt or found.more < 0:
        return "unsure", found.doubt or "has more detail than the one to keep"
    if own.evidence.taken != kept.evidence.taken and own.evidence.taken:
        return "unsure", f"taken at another time, {own.evidence.taken}"
    if own.evidence.camera and not kept.evidence.camera:
        return "unsure", f"a camera wrote it: {own.evidence.camera}"
    if own.width * own.height > _LARGER * kept.width * kept.height and not found.more:
        return "unsure", f"more pixels, {own.width}x{own.height}, without more detail: which was first can't be told"
    if own.evidence.is_lossy and kept.evidence.is_lossy and found.more and _is_larger(own, kept):
        return "unsure", "more bytes in no fewer pixels: what seems to be detail of the one to keep may be coding"
    if own.evidence.is_deep and not kept.evidence.is_deep:
        return "unsure", "has more bits a pixel than the one to keep"
    if kept.evidence.is_lossy and not own.evidence.is_lossy and not (relation.is_identical or found.more):
        return (
            "unsure",
            f"a {own.evidence.form} and another coding of a {kept.evidence.form}: which was first can't be told",
        )
    return "no", _why_not(own, kept, is_less=found.more > 0)


def _is_larger(own: Facts, kept: Facts) -> bool:
    """Return whether a file has more bytes in at least as many pixels; JPEG's own traces look like detail."""
    return own.size_bytes > kept.size_bytes and own.width * own.height >= kept.width * kept.height


def _why_not(own: Facts, kept: Facts, *, is_less: bool) -> str:
    size = f"{own.width}x{own.height}"
    if is_less:
        return f"less detail, in {size}"
    if own.width * own.height < kept.width * kept.height:
        return f"fewer pixels: {size}"
    return f"no more detail, in {size} and {own.size_bytes:,} bytes"


def _best(
    rows: list[int],
    facts: Mapping[int, Facts],
    detail: Callable[[int, int], Detail],
    relate: Callable[[int, int], Relation],
    questions: Sequence[str],
) -> tuple[int, str]:
    """Return the row to keep, and why it is this one."""
    reason = "nothing tells them apart: the first by path"
    for question in ("place", *questions):
        left = _asked(question, rows, facts, detail, relate)
        if len(left) < len(rows):
            reason = _WHY[question](facts[left[0]])
        rows = left
        if len(rows) == 1:
            return rows[0], reason
    return rows[0], "nothing tells them apart: the first by path"


def _asked(
    question: str,
    rows: list[int],
    facts: Mapping[int, Facts],
    detail: Callable[[int, int], Detail],
    relate: Callable[[int, int], Relation],
) -> list[int]:
    """Return the rows that answer a question best; all of them where it can't be answered."""
    if question == "detail":
        best = rows[0]
        for row in rows[1:]:
            best = row if detail(row, best).more > 0 else best
        return [row for row in rows if row == best or detail(best, row).more <= 0]
    if question == "whole":
        best = rows[0]
        for row in rows[1:]:
            best = row if relate(best, row).shows_more else best
        return [row for row in rows if row == best or not relate(row, best).shows_more]
    paths = [facts[row].path for row in rows]
    answers: list[Any] = [_ANSWERS[question](facts[row], paths) for row in rows]
    if question == "older" and not all(answers):
        answers = [facts[row].modified_ns // _CLOCK_NS for row in rows]
    return [row for row, answer in zip(rows, answers, strict=True) if answer == min(answers)]


_ANSWERS: dict[str, Callable[[Facts, Sequence[str]], Any]] = {
    "place": lambda facts, _: lies_aside(facts.path),
    "camera": lambda facts, _: not facts.evidence.camera,
    "name": lambda facts, paths: marks_of_a_copy(facts.path, paths),
    "format": lambda facts, _: not facts.evidence.is_lossy,
    "size": lambda facts, _: facts.width * facts.height,
    "older": lambda facts, _: facts.evidence.taken,
    "bytes": lambda facts, _: -facts.size_bytes,
}

_WHY: dict[str, Callable[[Facts], str]] = {
    "place": lambda _: "the others are hidden, or lie in a dustbin or a folder of thumbnails",
    "detail": lambda facts: f"most real detail, in {facts.width}x{facts.height}",
    "whole": lambda _: "the others are cropped",
    "camera": lambda facts: f"from a camera, {facts.evidence.camera}; the others name none",
    "name": lambda _: "the names of the others say that they are copies",
    "format": lambda facts: f"the format of a camera, {facts.evidence.form}",
    "size": lambda facts: f"the fewest pixels, {facts.width}x{facts.height}: the others show no more detail",
    "older": lambda _: "the oldest",
    "bytes": lambda facts: f"most bytes: {facts.size_bytes:,}",
}
