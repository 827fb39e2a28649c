"""Text in pictures: every letter is drawn or written as an escape, never as a box; and how names are cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFont, features

from pipeline.show import lettering
from pipeline.wording import clusters, counted, cut, cut_bytes

NAMES = [
    "cost $5 and $x^{2.jpg",
    "ünï.jpg",
    unicodedata.normalize("NFD", "ünï.jpg"),
    "Straße/café.jpg",
    "日本語.jpg",
    "😀🐢.jpg",
    "مرحبا.jpg",
    "שלום עולם/x.jpg",
    "नमस्ते.jpg",
    "ภาษาไทย.jpg",
    "two\nlines\x1b[31m.jpg",
    "\udcff\u202e.jpg",
    "x" * 240 + ".jpg",
    "\U000f0000",
]
needs_raqm = pytest.mark.skipif(not features.check("raqm"), reason="needs raqm, which shapes text")


@pytest.fixture
def _only_dejavu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system without any font."""
    monkeypatch.setattr(lettering, "_system", tuple)
    lettering.runs.cache_clear()
    lettering._face_of.cache_clear()
    yield
    lettering.runs.cache_clear()
    lettering._face_of.cache_clear()


def ink(text: str, *, size: int = 30) -> NDArray[np.bool_]:
    """Return which pixels of a line are drawn: (H, W)."""
    return lettering.drawn(text, size, "#000000", halo=0)[..., 3] > 100


def box(face: lettering.Face, size: int) -> NDArray[np.uint8]:
    """Return what a font draws for a character that it lacks."""
    mask = ImageFont.truetype(face.path, size).getmask("\U000ffffd")
    return np.asarray(mask).reshape(mask.size[::-1])


@pytest.mark.parametrize("name", NAMES)
def test_no_letter_is_drawn_as_a_box(name: str) -> None:
    for face, text in lettering.runs(name):
        assert face.has(text)
        font = ImageFont.truetype(face.path, face.strike or 30)
        missing = box(face, face.strike or 30)
        for letter in text.replace(" ", ""):
            if unicodedata.category(letter)[0] in "LNPS":
                mask = font.getmask(letter)
                drawn = np.asarray(mask).reshape(mask.size[::-1])
                assert drawn.shape != missing.shape or (drawn != missing).any(), f"{letter!r} in {face}"


@pytest.mark.usefixtures("_only_dejavu")
@pytest.mark.parametrize("name", NAMES)
def test_without_any_font_of_the_system_what_is_missing_is_an_escape(name: str) -> None:
    drawn = lettering.runs(name)
    assert len({face for face, _ in drawn}) == 1
    assert drawn[0][0].path.endswith("DejaVuSans.ttf")
    test_no_letter_is_drawn_as_a_box(name)


@pytest.mark.usefixtures("_only_dejavu")
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("あ.jpg", "\\u3042.jpg"),
        ("🐢.jpg", "\\U0001f422.jpg"),
        ("é ü ß", "é ü ß"),
        ("a\tb\x1b", "a\\tb\\x1b"),
        ("\u202egpj", "\\u202egpj"),  # a name that would read backwards
        ("\udcff", "\\xff"),
    ],
)
def test_an_escape_says_what_stands_there(name: str, written: str) -> None:
    assert "".join(text for _, text in lettering.runs(name)) == written


@pytest.mark.parametrize("pair", ["éè", "üu", "ßB", "жш"])
def test_different_letters_look_different(pair: str) -> None:
    first, second = (ink(letter) for letter in pair)
    assert first.any()
    assert first.shape != second.shape or (first != second).any()


def test_a_composed_letter_and_a_decomposed_one_look_alike() -> None:
    composed, decomposed = ink("ü"), ink(unicodedata.normalize("NFD", "ü"))
    if features.check("raqm"):
        np.testing.assert_array_equal(composed, decomposed)
    assert decomposed.any()


@needs_raqm
def test_a_word_from_right_to_left_begins_on_the_right_and_its_letters_join() -> None:
    word = "مرحبا"
    assert lettering.width(word, 30) < sum(lettering.width(letter, 30) for letter in word)  # joined ones are narrower
    after = ink("לx")
    right_of = ink("xל")
    assert after.shape == right_of.shape
    first, second = ink("אל"), ink("לא")  # aleph is the right one of the first
    half = first.shape[1] // 2
    assert (first[:, half:].sum() > first[:, :half].sum()) != (second[:, half:].sum() > second[:, :half].sum())


@needs_raqm
def test_where_a_word_from_right_to_left_is_cut_the_ellipsis_stands_on_its_right() -> None:
    cut_one, whole = ink("…" + "ש" * 6), ink("ש" * 6)
    half = whole.shape[1] // 2
    np.testing.assert_array_equal(cut_one[:, :half], whole[:, :half])  # the left, where the name ends, is the same


def test_a_line_is_as_wide_as_it_says() -> None:
    for name in NAMES:
        columns = np.flatnonzero(ink(name, size=13).any(axis=0))
        assert columns[-1] - columns[0] <= lettering.width(name, 13) + 2


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_cut_to_its_width_and_keeps_its_end(name: str) -> None:
    fitted = lettering.fitted(name, 13, 60)
    assert lettering.width(fitted, 13) <= 60 or fitted == "…"
    assert fitted == name or (fitted[0] == "…" and name.endswith(fitted[1:]))


def test_a_picture_is_written_into_where_it_is_said() -> None:
    picture = Image.new("RGB", (200, 60), "white")
    lettering.draw(picture, (50, 20), "日本語 Ü", 22, "black")
    rows, columns = np.nonzero(np.asarray(picture.convert("L")) < 128)
    assert 48 <= columns.min() <= 54
    assert rows.min() >= 16


def test_a_halo_goes_around_the_letters() -> None:
    bare, lined = (lettering.drawn("l", 20, "#000000", halo=halo)[..., 3] > 0 for halo in (0, 2))
    assert lined.sum() > bare.sum()


# --- cutting ------------------------------------------------------------------------------------------------


@given(st.text(max_size=30), st.integers(1, 30))
def test_what_is_cut_fits_and_is_the_end(text: str, room: int) -> None:
    short = cut(text, lambda some: len(some) <= room)
    assert len(short) <= room
    assert short == text or text.endswith(short[1:])


@given(st.text(max_size=30))
def test_the_clusters_of_a_text_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    "letter", ["u\u0308", "क्ष", "👨\u200d👩\u200d👧", "👍🏽", "❤\ufe0f", "กำ"[:1] + "\u0e31", "e\u0301\u0323"]
)
def test_a_letter_is_never_cut_in_two(letter: str) -> None:
    assert clusters("a" + letter + "b") == ["a", letter, "b"]
    for room in range(1, len(letter) + 4):
        short = cut("xxxx" + letter + "b", lambda some, room=room: len(some) <= room)  # type: ignore[misc]
        assert letter in short or short in ("…b", "…")


def test_the_name_of_a_file_is_cut_by_its_bytes() -> None:
    assert cut_bytes("ü" * 10 + ".jpg", 11) == "…üü.jpg"
    assert cut_bytes("\udcff" * 9, 6) == "…" + "\udcff" * 3
    assert cut_bytes("a.jpg", 11) == "a.jpg"


@pytest.mark.parametrize(("count", "words"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")])
def test_one_thing_is_one_thing(count: int, words: str) -> None:
    assert counted(count, "file") == words
