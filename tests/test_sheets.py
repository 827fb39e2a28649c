"""Contact sheets: their size, where tiles and captions lie, and text of any kind."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.show.sheets import Tile, contact_sheet, in_columns, in_rows, middles, mosaic

RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(colour: tuple[int, int, int] = RED, *, caption: tuple[str, ...] = (), framed: bool = False) -> Tile:
    return Tile(np.full((256, 256, 3), colour, np.uint8), caption, framed)


def where(sheet: Image.Image, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return (np.asarray(sheet) == colour).all(axis=2)


def is_paper(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels == pixels[0, 0]).all())


@pytest.mark.parametrize("tile", [40, 150])
def test_every_tile_is_whole_and_covers_no_other(tile: int) -> None:
    colours = [(250, 10 * i, 5) for i in range(6)]
    rows = in_rows([plain(colour, caption=("a caption", "and another")) for colour in colours], 3)
    sheet = contact_sheet(rows, title="t", tile=tile)
    for colour in colours:
        y, x = np.nonzero(where(sheet, colour))
        assert (len(y), np.ptp(y) + 1, np.ptp(x) + 1) == (tile * tile, tile, tile)


def test_rows_may_differ_in_length() -> None:
    sheet = contact_sheet([[plain()], [plain(BLUE), plain(BLUE)]], title="t", tile=50)
    assert where(sheet, RED).sum() == 2500
    assert where(sheet, BLUE).sum() == 5000


def test_a_sheet_grows_with_its_rows_and_columns() -> None:
    one, wide, high = (contact_sheet([[plain()] * c] * r, title="t") for r, c in [(1, 1), (1, 3), (3, 1)])
    assert (wide.height, high.width) == (one.height, one.width)
    assert wide.width - one.width == 2 * (high.height - one.height) / 2 == 2 * (150 + 12)


def test_captions_stand_below_their_tile() -> None:
    bare, captioned = (contact_sheet([[plain(caption=text)]], title="", tile=80) for text in ((), ("one", "two")))
    bottom = np.nonzero(where(captioned, RED))[0].max()
    assert captioned.height > bare.height
    assert not is_paper(np.asarray(captioned)[bottom + 1 :])
    assert is_paper(np.asarray(bare)[bottom + 1 :])


@pytest.mark.parametrize("caption", ["a/very/long/path/" * 9 + "x.png", "W" * 300, "日本語" * 50, "W\n" * 80])
def test_a_long_caption_is_cut_to_the_width_of_its_tile(caption: str) -> None:
    sheet = contact_sheet([[plain(caption=(caption, caption)), plain(BLUE)]], title="t", tile=80)
    red, blue = where(sheet, RED), where(sheet, BLUE)
    right, left = np.nonzero(red)[1].max(), np.nonzero(blue)[1].min()
    below = np.nonzero(red)[0].max() + 1
    assert is_paper(np.asarray(sheet)[below:, right + 2 : left])
    assert is_paper(np.asarray(sheet)[below:, left:])


def test_a_long_caption_keeps_its_end() -> None:
    whole, cut = (contact_sheet([[plain(caption=(text,))]], title="t" * 99) for text in ("x" * 90 + "y.png", "y.png"))
    assert whole.tobytes() != cut.tobytes()
    front, back = (contact_sheet([[plain(caption=(text,))]], title="") for text in ("ab" + "x" * 90, "x" * 90 + "ab"))
    same = contact_sheet([[plain(caption=("cd" + "x" * 90,))]], title="")
    assert front.tobytes() == same.tobytes()
    assert front.tobytes() != back.tobytes()


@pytest.mark.parametrize("text", ["naïve Żółw", "日本語", "🐢", "a\tb", "a\nb", "\x00\x07", "\udcff.png", "", "\u202e"])
def test_unusual_characters_are_no_failure(text: str) -> None:
    sheet = contact_sheet([[plain(caption=(text,))]], title="t", tile=60)
    assert where(sheet, RED).sum() == 3600


def test_title_and_subtitle_fit_on_a_narrow_sheet() -> None:
    for words in ({"title": "a long title " * 3}, {"title": "t", "subtitle": "a long subtitle " * 5}):
        sheet = np.asarray(contact_sheet([[plain()]], tile=40, **words))
        assert is_paper(sheet[:, -20:])


def test_a_framed_tile_has_a_frame_around_it() -> None:
    bare, framed = (np.asarray(contact_sheet([[plain(framed=is_framed)]], title="t")) for is_framed in (False, True))
    y, x = np.nonzero((bare != framed).any(axis=2))
    red = np.nonzero(where(Image.fromarray(framed), RED))
    assert y.min() < red[0].min() <= red[0].max() < y.max()
    assert x.min() < red[1].min() <= red[1].max() < x.max()
    assert len(red[0]) == 150 * 150


def test_a_sheet_of_nothing_is_a_sheet() -> None:
    assert contact_sheet([], title="nothing").height > 0


def test_a_long_row_is_broken() -> None:
    tiles = [plain() for _ in range(7)]
    assert [len(row) for row in in_rows(tiles, 3)] == [3, 3, 1]
    assert in_rows([], 3) == []


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((4000, 3000), (100, 75)),
        ((3000, 4000), (75, 100)),
        ((7, 7), (100, 100)),
        ((50000, 10), (100, 8)),  # a panorama stays visible
        (None, (100, 100)),
    ],
)
def test_a_picture_keeps_its_shape(size: tuple[int, int] | None, drawn: tuple[int, int]) -> None:
    one = Tile(np.full((256, 256, 3), RED, np.uint8), ("a caption",), size=size)
    y, x = np.nonzero(where(contact_sheet([[one, plain(BLUE)]], title="t", tile=100), RED))
    assert (np.ptp(x) + 1, np.ptp(y) + 1) == drawn
    assert len(x) == drawn[0] * drawn[1]


def test_a_mosaic_shows_the_middle_of_each_picture_in_its_shape() -> None:
    pixels = np.zeros((1, 256, 256, 3), np.uint8)
    pixels[:, :, 32:224] = 255  # the middle three quarters of a picture of 4:3, which are a square
    sheet = mosaic(middles(pixels, [(400, 300)], tile=20), np.array([[0, 0]]))
    assert (np.asarray(sheet) == 255).all()


def test_many_queries_stand_in_columns_and_in_their_order() -> None:
    tiles = [[[plain((n, 0, 0)), plain((n, 1, 0))]] for n in range(85)]
    rows = in_columns(tiles)
    sheet = contact_sheet(rows, title="t", tile=130)
    assert 0.5 < sheet.width / sheet.height < 2
    assert [one for row in rows for one in row if one] == [tile for block in tiles for row in block for tile in row]


def test_a_short_block_leaves_its_places_empty() -> None:
    a, b, c = plain(), plain(BLUE), plain((1, 2, 3))
    assert in_columns([[[a, b], [c]], [[c]], [[a]], [[b]], [[b]], [[b]], [[b]], [[b]]]) == [
        [a, b, c, None, a, None],
        [c, None, None, None, None, None],
        [b, None, b, None, b, None],
        [b, None, b, None],
    ]
    assert in_columns([]) == []


def test_a_title_of_any_length_is_cut() -> None:
    assert contact_sheet([[plain()]], title="label " * 200).width < 1100


def test_letters_of_other_scripts_are_no_boxes() -> None:
    """A box is a letter that no font has: every such one looks alike."""
    sheets = [contact_sheet([[plain(caption=(text,))]], title=text).tobytes() for text in ("é", "ü", "日", "語", "ि")]
    assert len(set(sheets)) == len(sheets)
