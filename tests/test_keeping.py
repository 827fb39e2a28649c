"""Which picture of a group to keep, and which may go: only what can be spared without losing anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.duplicates import (
    QUESTIONS,
    Copy,
    Detail,
    Evidence,
    Facts,
    Relation,
    judge,
    lies_aside,
    marks_of_a_copy,
)

PLAIN = Evidence("JPEG", "", "", is_deep=False)
CAMERA = Evidence("JPEG", "Maker Model", "2020:01:02 03:04:05", is_deep=False)
RESAVED = Evidence("PNG", "", "", is_deep=False)


def facts(path: str, **others: object) -> Facts:
    plain = Facts(path, 400, 300, path, 50_000, 0, PLAIN, has_other_names=False)
    return replace(plain, **others)


def judged(
    *group: Facts,
    details: dict[tuple[int, int], Detail] | None = None,
    relations: dict[tuple[int, int], Relation] | None = None,
    questions: tuple[str, ...] = QUESTIONS,
) -> list[Copy]:
    """Judge a group whose pictures are copies without any difference, but for what is given."""

    def detail(first: int, second: int) -> Detail:
        known = details or {}
        back = known.get((second, first), Detail(0))
        return known.get((first, second), Detail(-back.more, back.doubt))

    def relate(first: int, second: int) -> Relation:
        return (relations or {}).get((first, second), Relation("copy"))

    return judge(range(len(group)), dict(enumerate(group)), detail, relate, questions=questions)


def marks(copies: list[Copy]) -> dict[int, str]:
    return {copy.row: copy.keep for copy in copies}


def test_the_camera_s_file_is_kept_over_a_larger_one_that_was_saved_again() -> None:
    copies = judged(
        facts("IMG_0000 (1).png", size_bytes=200_000, evidence=RESAVED),
        facts("IMG_0000.jpg", evidence=CAMERA),
        relations={(1, 0): Relation("copy", is_identical=True)},
    )
    assert marks(copies) == {1: "yes", 0: "no"}
    assert copies[0].reason == "from a camera, Maker Model; the others name none"


def test_without_a_camera_the_name_tells() -> None:
    copies = judged(facts("IMG_0000 (1).jpg", size_bytes=200_000), facts("IMG_0000.jpg"))
    assert marks(copies) == {1: "yes", 0: "no"}
    assert copies[0].reason == "the names of the others say that they are copies"


def test_of_two_that_nothing_else_tells_apart_the_older_one_is_kept() -> None:
    assert marks(judged(facts("a.jpg", modified_ns=10**12), facts("b.jpg", modified_ns=0))) == {1: "yes", 0: "no"}


def test_what_has_more_real_detail_is_kept_whatever_its_pixels() -> None:
    small, large = facts("small.jpg"), facts("large.jpg", width=800, height=600)
    copies = judged(large, small, details={(1, 0): Detail(1)})
    assert marks(copies) == {1: "yes", 0: "no"}
    assert copies[1].reason == "less detail, in 800x600"


def test_of_two_jpegs_the_one_with_more_bytes_is_not_spare_for_traces_of_coding_look_like_detail() -> None:
    copies = judged(facts("large.jpg", size_bytes=99_999), facts("small.jpg"), details={(1, 0): Detail(1)})
    assert marks(copies) == {1: "yes", 0: "unsure"}


def test_more_pixels_without_more_detail_are_neither_kept_nor_spare() -> None:
    copies = judged(facts("large.jpg", width=800, height=600, size_bytes=200_000), facts("small.jpg"))
    assert marks(copies) == {1: "yes", 0: "unsure"}


def test_a_picture_that_lies_aside_is_never_kept_over_one_that_does_not() -> None:
    bin_, own = facts(".Trash-1000/files/a.jpg", content="same", evidence=CAMERA), facts("a (1).jpg", content="same")
    assert marks(judged(bin_, own)) == {1: "yes", 0: "no"}
    better = judged(facts("@eaDir/a.jpg/BIG.jpg"), facts("a.jpg"), details={(0, 1): Detail(1)})
    assert marks(better) == {1: "yes", 0: "unsure"}  # nor is it spare, if it is the better one


def test_a_file_that_others_lead_to_is_not_spare() -> None:
    copies = judged(facts("a.jpg", content="same"), facts("b.jpg", content="same", has_other_names=True))
    assert marks(copies) == {0: "yes", 1: "unsure"}


@pytest.mark.parametrize(
    ("relation", "kind"),
    [
        (Relation("perhaps", "differs at (3, 4) of the one to keep: look at it"), "perhaps"),
        (Relation("none", "like another picture of this group, but not like the one to keep: look at it"), "perhaps"),
        (Relation("copy", "brighter or darker: which was first can't be told"), "near"),
        (Relation("copy", how="turned by 90 degrees"), "near, turned by 90 degrees"),
    ],
)
def test_where_it_can_not_be_told_nothing_is_marked(relation: Relation, kind: str) -> None:
    copies = judged(facts("a.jpg"), facts("b.jpg"), relations={(0, 1): relation})
    assert marks(copies) == {0: "yes", 1: "unsure"}
    assert copies[1].kind == kind
    assert (relation.doubt or relation.how) in copies[1].reason


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (facts("b.jpg", evidence=replace(CAMERA, taken="")), "a camera wrote it: Maker Model"),
        (facts("b.png", evidence=replace(PLAIN, form="PNG")), "another coding"),
        (facts("b.png", evidence=replace(PLAIN, is_deep=True)), "more bits"),
        (facts("b.jpg", evidence=replace(PLAIN, taken="2021:01:01 00:00:00")), "taken at another time"),
    ],
)
def test_what_the_one_to_keep_lacks_is_not_spare(other: Facts, words: str) -> None:
    questions = ("bytes",)
    copies = judged(facts("a.jpg", size_bytes=99_999), other, questions=questions)
    assert marks(copies) == {0: "yes", 1: "unsure"}
    assert words in copies[1].reason


def test_a_doubt_about_detail_is_said() -> None:
    doubt = Detail(0, "sharper or softer: which was first can't be told")
    copies = judged(facts("a.jpg"), facts("b.jpg"), details={(0, 1): doubt})
    assert (copies[1].keep, copies[1].reason) == ("unsure", doubt.doubt)


def test_what_shows_more_is_kept_over_what_was_cropped() -> None:
    relations = {(0, 1): Relation("copy", "shows more", shows_more=True)}
    copies = judged(facts("crop.jpg", size_bytes=99_999), facts("whole.jpg"), relations=relations)
    assert marks(copies) == {1: "yes", 0: "no"}
    assert copies[0].reason == "the others are cropped"


def test_params_say_what_is_asked_first() -> None:
    group = facts("a.jpg", size_bytes=10, evidence=CAMERA), facts("b.jpg", size_bytes=20)
    assert judged(*group)[0].row == 0
    assert judged(*group, questions=("bytes", "camera"))[0].row == 1


def test_the_same_bytes_are_exact_copies() -> None:
    copies = judged(facts("a.jpg", content="x"), facts("b.jpg", content="x"), facts("c.jpg"))
    assert [(copy.kind, copy.keep) for copy in copies] == [("exact", "yes"), ("exact", "no"), ("near", "no")]
    assert copies[1].reason == "the same bytes"


@pytest.mark.parametrize(
    "path",
    ["a/.thumbnails/b.jpg", ".Trash/b.jpg", "#recycle/b.jpg", "x/@eaDir/b.jpg", "$RECYCLE.BIN/b.jpg", ".b.jpg"],
)
def test_what_is_hidden_or_in_a_dustbin_lies_aside(path: str) -> None:
    assert lies_aside(path)


@pytest.mark.parametrize("path", ["a.jpg", "trash day/b.jpg", "a/b.c/d..jpg"])
def test_what_is_not_does_not(path: str) -> None:
    assert not lies_aside(path)


@pytest.mark.parametrize(
    "name",
    ["a (1).jpg", "a - Copy.jpg", "a copy.jpg", "a copy 2.jpg", "a - Kopie.jpg", "Kopie von a.jpg", "Copy of a.jpg",
     "a-edited.jpg", "a_edited.jpg", "a(2).jpg", "a~2.jpg", "a - Copy (2).jpg", "a Kopie.jpg"],
)  # fmt: skip
def test_names_of_copies_are_known(name: str) -> None:
    assert marks_of_a_copy(f"folder (1)/{name}", []) >= 1


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "copy.jpg", "my copybook.jpg", "2020-01-02.jpg", "a 2.jpg"])
def test_other_names_are_not(name: str) -> None:
    assert marks_of_a_copy(f"folder (1)/{name}", ["other.jpg"]) == 0
