"""What two originals are to each other: a copy, perhaps one, or none; and which of them has more real detail."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from scenes import form, frame, jpeg, opened, page, photograph, scanned

from pipeline.duplicates import (
    Detail,
    Originals,
    Places,
    UnreadOriginalError,
    blocks,
    compare_detail,
    distinct,
    kind_of,
    nothing_known,
    side_for,
    thumbnails,
)
from pipeline.duplicates.originals import Open


def originals(*images: Image.Image) -> Originals:
    pixels = [image.convert("RGB") for image in images]
    pictures = np.stack([np.asarray(image.resize((256, 256), Image.Resampling.BILINEAR)) for image in pixels])
    sizes = np.array([image.size for image in images])
    return comparing(pictures, sizes, lambda row: nullcontext(pixels[row]))


def comparing(pictures: np.ndarray, sizes: np.ndarray, original: Open) -> Originals:
    """Return the originals of distinct pictures, whose contents are numbered as their rows are."""
    contents = distinct([f"{row:04d}" for row in range(len(pictures))])
    return Originals(pictures, thumbnails(pictures), sizes, original, contents=contents, known=nothing_known())


def places(first: Image.Image, second: Image.Image) -> Places:
    return originals(first, second).places(0, 1)[0]


def kind(first: Image.Image, second: Image.Image) -> str:
    return originals(first, second).relation(0, 1).kind


@pytest.mark.parametrize("seed", range(3))
def test_a_frame_with_an_animal_is_never_surely_a_copy_of_one_without(seed: int) -> None:
    empty = opened(jpeg(frame(seed, 10 * seed), 90))
    x, y = np.random.default_rng(seed).integers(40, 380, 2).tolist()
    for size in (1.0, 0.4, 0.2):
        seen = opened(jpeg(frame(seed, 10 * seed + 1, (x, y), size=size), 90))
        found = places(empty, seen)
        assert found.worst > 2
        assert abs(found.place[0] * 640 - x - 45 * size) < 80 * size + 30
        assert abs(found.place[1] * 480 - y - 30 * size) < 70 * size + 30
        assert kind(empty, seen) == "perhaps"


def test_two_empty_frames_are_the_same_but_for_their_grain() -> None:
    first, second = (opened(jpeg(frame(0, shot), 90)) for shot in (1, 2))
    assert kind(first, second) == "copy"
    assert "noise" in originals(first, second).detail(0, 1).doubt


@pytest.mark.parametrize("seed", range(3))
def test_a_page_that_was_scanned_twice_is_found_and_another_page_is_not(seed: int) -> None:
    first, again = scanned(page(seed), 10 + seed), opened(jpeg(scanned(page(seed), 20 + seed), 80))
    assert kind(first, again) in ("copy", "perhaps")
    assert kind(first, scanned(page(seed + 50), 30 + seed)) == "none"


@pytest.mark.parametrize("seed", range(3))
def test_one_form_filled_in_differently_is_never_surely_a_copy(seed: int) -> None:
    found = places(scanned(form(seed), 10 + seed), scanned(form(seed + 50), 20 + seed))
    assert found.worst > 2
    again = places(scanned(form(seed), 10 + seed), scanned(form(seed), 30 + seed))
    assert again.worst < found.worst
    assert again.share < found.share


EDITS = {
    "re-encoded": lambda image: opened(jpeg(image, 40)),
    "smaller": lambda image: opened(jpeg(image.resize((240, 180), Image.Resampling.LANCZOS), 88)),
    "cropped": lambda image: opened(jpeg(image.crop((8, 5, 390, 296)), 88)),
    "brighter": lambda image: opened(jpeg(ImageEnhance.Brightness(image).enhance(1.15), 88)),
    "with a border": lambda image: opened(jpeg(ImageOps.expand(image, 8, (200, 30, 30)), 88)),
    "mirrored": lambda image: opened(jpeg(ImageOps.mirror(image), 88)),
    "turned": lambda image: image.rotate(90, expand=True),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_differs_nowhere_by_more_than_saving_and_scaling_make(edit: str) -> None:
    for seed in range(4):
        image = opened(jpeg(photograph(seed), 92))
        assert kind(image, EDITS[edit](image)) == "copy"
        assert kind(EDITS[edit](image), image) == "copy"


def test_a_watermark_is_a_difference_that_can_not_be_told_from_what_a_picture_shows() -> None:
    image = photograph(5)
    marked = image.copy()
    ImageDraw.Draw(marked).text((60, 200), "sample", fill=(255, 255, 255), font_size=50)
    relation = originals(image, marked).relation(0, 1)
    assert relation.kind == "perhaps"
    assert "differs at (" in relation.doubt


@pytest.mark.parametrize(("edit", "words"), [("brighter", "brighter or darker"), ("with a border", "shows more")])
def test_what_would_be_lost_with_a_copy_is_said(edit: str, words: str) -> None:
    image = photograph(5)
    assert words in originals(image, EDITS[edit](image)).relation(0, 1).doubt


def test_pictures_in_which_nothing_is_to_be_seen_are_perhaps_copies() -> None:
    generator = np.random.default_rng(0)
    blank = [Image.fromarray(generator.normal(250, 1, (300, 400, 3)).astype(np.uint8)) for _ in range(2)]
    assert kind(*blank) == "perhaps"
    assert kind(blank[0], blank[0]) == "copy"


def test_a_comparison_says_the_same_from_either_side() -> None:
    first, second = photograph(1), EDITS["cropped"](ImageEnhance.Brightness(photograph(1)).enhance(1.2))
    one, other = places(first, second), places(second, first)
    assert one.worst == other.worst
    assert one.gain * other.gain == pytest.approx(1, abs=1e-5)
    identity = np.vstack([one.place_map, [0, 0, 1]]) @ np.vstack([other.place_map, [0, 0, 1]])
    np.testing.assert_allclose(identity, np.eye(3), atol=1e-6)


def test_squares_are_as_large_as_the_smaller_original_needs() -> None:
    assert [side_for([side, 5000]) for side in (100, 300, 640, 3000)] == [128, 256, 512, 1024]


GREY = np.array([[1.0, 0, 0], [0, 1, 0]])


def more(first: Image.Image, second: Image.Image) -> int:
    return compare_detail(np.asarray(first.convert("L")), np.asarray(second.convert("L")), GREY).more


WORSE = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "a thumbnail": lambda image: image.resize((image.width // 4, image.height // 4), Image.Resampling.LANCZOS),
    "blown up from a thumbnail": lambda image: image.resize((160, 120)).resize((800, 600), Image.Resampling.BICUBIC),
    "a bad JPEG": lambda image: opened(jpeg(image, 15)),
}


@pytest.mark.parametrize("what", WORSE)
def test_the_original_has_more_real_detail_than(what: str) -> None:
    for seed in range(4):
        original = opened(jpeg(photograph(seed, (640, 480)), 92))
        assert more(original, WORSE[what](original)) == 1
        assert more(WORSE[what](original), original) == -1


NO_BETTER = {
    "blown up": lambda image: image.resize((1280, 960), Image.Resampling.BICUBIC),
    "stretched": lambda image: image.resize((1280, 480)),
    "saved once more": lambda image: opened(jpeg(image, 95)),
    "sharpened": lambda image: opened(jpeg(image.filter(ImageFilter.UnsharpMask(2, 100, 2)), 92)),
    "blown up and sharpened": lambda image: image.resize((1280, 960)).filter(ImageFilter.UnsharpMask(2, 120, 2)),
}


@pytest.mark.parametrize("what", NO_BETTER)
def test_no_more_detail_is_made_of_an_original_when_it_is(what: str) -> None:
    for seed in range(4):
        original = opened(jpeg(photograph(seed, (640, 480)), 92))
        assert more(NO_BETTER[what](original), original) <= 0


def test_from_sharpening_nobody_can_tell_which_was_first() -> None:
    original = np.asarray(photograph(3).convert("L"))
    sharper = np.asarray(photograph(3).convert("L").filter(ImageFilter.UnsharpMask(2, 100, 2)))
    assert "sharper or softer" in compare_detail(sharper, original, GREY).doubt


def test_the_seams_of_a_bad_jpeg_show() -> None:
    picture = photograph(2).convert("L")
    assert blocks(np.asarray(picture)) < 1.1
    assert blocks(np.asarray(opened(jpeg(picture, 15)).convert("L"))) > 1.4


def test_what_cannot_be_read_now_cannot_be_told_and_ends_nothing() -> None:
    pictures = np.stack([np.asarray(photograph(0).resize((256, 256)))] * 2)

    def original(_: int) -> AbstractContextManager[Image.Image]:
        raise UnreadOriginalError("memory was short")

    room = comparing(pictures, np.array([[2000, 2000]] * 2), original)
    for first, second in ((0, 1), (1, 0)):
        relation = room.relation(first, second)
        assert (relation.kind, relation.doubt) == ("perhaps", "can't be told: memory was short")
        assert room.detail(first, second) == Detail(0)
    assert kind_of(room.places(0, 1)[0], is_near=True) == "perhaps"
    assert kind_of(room.places(0, 1)[0], is_near=False) == "none"
    small = comparing(pictures, np.array([[256, 256]] * 2), original)
    assert small.detail(0, 1) == Detail(0, "can't be told: memory was short")
