"""The page in a real browser, over a real server and a small real folder."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, Watched, watched
from conftest import COPIES, Line, make_line, structured_picture
from playwright.sync_api import Browser, Page, expect
from serving import make_whole, served
from test_web import new_picture

from pipeline import open_folder
from pipeline.stages.groups import groups
from pipeline.stages.neighbours import neighbours

PANELS = ["/", "/?like=4", "/?like=4&unlike=40", "/groups", "/groups/1", "/unusual", "/duplicates", "/map"]
PANELS += ["/compare", "/compare?reference=4&photo=9", "/label", "/trust", "/picture/4", "/api/docs"]


@pytest.fixture(scope="module")
def address(whole: Line) -> Iterator[str]:
    with served(whole) as address:
        yield address


@pytest.fixture
def watch(browser: Browser, address: str) -> Iterator[Watched]:
    with watched(browser, address) as watch:
        yield watch


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "mine.png").write_bytes(new_picture())
    return tmp_path / "mine.png"


def rows(page: Page) -> list[int]:
    """Return the rows of the pictures that the page shows, in their order."""
    expect(page.locator("main .pic").first).to_be_visible()
    return [int(row) for row in page.eval_on_selector_all("main .pic", "all => all.map((one) => one.dataset.row)")]


def test_a_picture_of_ones_own_is_searched_with_and_a_click_leads_on_and_back(
    watch: Watched, whole: Line, picture: Path
) -> None:
    page = watch.at("/")
    page.set_input_files("#choose", picture)
    page.wait_for_url("**/?like=u*")
    page.wait_for_selector(".results .pic")
    expected = [one.row for one in open_folder(whole.root).query(picture, 40).results]
    assert rows(page) == expected
    mine = page.url
    page.locator(".results .pic a.open").nth(2).click()
    page.wait_for_url(f"**/?like={expected[2]}")
    expect(page.locator(".about .path")).to_have_text(open_folder(whole.root).paths[expected[2]])
    assert rows(page) == [one.row for one in open_folder(whole.root).search([expected[2]], n=40).results]
    page.go_back()
    page.wait_for_url(mine)
    expect(page.locator(".chip.like img")).to_have_attribute("alt", "Your picture")
    expect(page.locator(".results .pic").first).to_have_attribute("data-row", str(expected[0]))
    page.go_back()
    expect(page.get_by_role("heading", name="What looks like this?")).to_be_visible()
    assert page.locator(".zone").is_visible()


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(watch: Watched, way: str) -> None:
    page = watch.at("/groups")
    page.evaluate(
        """([bytes, way]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "mine.png", { type: "image/png" }));
          const facts = { dataTransfer: data, clipboardData: data, bubbles: true, cancelable: true };
          const event = way === "drop" ? new DragEvent(way, facts) : new ClipboardEvent(way, facts);
          document.body.dispatchEvent(event);
        }""",
        [list(new_picture()), way],
    )
    page.wait_for_url("**/?like=u*")
    assert len(rows(page)) == 40


def test_what_is_no_picture_is_said_and_the_page_goes_on(browser: Browser, address: str, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture at all")
    (tmp_path / "good.png").write_bytes(new_picture(7))
    with watched(browser, address, expected="422") as watch:
        page = watch.at("/")
        page.set_input_files("#choose", tmp_path / "bad.jpg")
        expect(page.locator(".note")).to_contain_text("bad.jpg: this can't be searched for: not a picture (text)")
        page.set_input_files("#choose", tmp_path / "good.png")
        page.wait_for_url("**/?like=u*")
        assert rows(page)


def test_more_and_less_are_added_and_taken_away(watch: Watched, whole: Line) -> None:
    page = watch.at("/?like=4")
    second = rows(page)[1]
    tile = page.locator(f'.pic[data-row="{second}"]')
    tile.hover()
    tile.get_by_role("button", name="Less like this").click()
    page.wait_for_url(f"**/?like=4&unlike={second}")
    expect(page.get_by_role("heading", level=1)).to_have_text("More like this, less like that")
    assert rows(page) == [one.row for one in open_folder(whole.root).search([4], [second], n=40).results]
    page.locator(".chip.unlike").get_by_role("button", name="Leave").click()
    page.wait_for_url("**/?like=4")


def test_the_sliders_and_filters_are_in_the_address(watch: Watched) -> None:
    page = watch.at("/?like=4")
    page.get_by_label("How many pictures").fill("0")
    page.wait_for_url("**n=20*")
    expect(page.locator(".results .pic")).to_have_count(20)
    page.locator(".filters summary").click()
    page.get_by_label("Label").select_option("stripes")
    page.wait_for_url("**label=stripes*")
    expect(page.locator(".results .of").filter(has_not_text="stripes")).to_have_count(0)
    shared = page.url
    page.goto(shared)
    expect(page.locator(".results .of").first).to_have_text("stripes")
    assert page.locator(".filters summary").inner_text() == "Filters (1)"


def test_what_is_selected_is_taken_away_as_a_table_and_as_files(watch: Watched, whole: Line) -> None:
    page = watch.at("/?like=4")
    first, _, third = rows(page)[:3]
    for row in (first, third):
        page.locator(f'.pic[data-row="{row}"]').hover()
        page.locator(f'.pic[data-row="{row}"] .check input').check()
    expect(page.locator("#tray b")).to_have_text("2 pictures selected")
    paths = [open_folder(whole.root).paths[row] for row in (first, third)]
    with page.expect_download() as table:
        page.locator("#tray").get_by_role("button", name="CSV").click()
    assert [row["path"] for row in csv.DictReader(io.StringIO(Path(table.value.path()).read_text()))] == paths
    with page.expect_download() as archive:
        page.locator("#tray").get_by_role("button", name="Zip of originals").click()
    assert zipfile.ZipFile(archive.value.path()).namelist() == paths
    page.locator("#tray").get_by_role("button", name="Clear").click()
    expect(page.locator("#tray")).to_be_hidden()


def test_it_is_used_without_a_mouse(watch: Watched) -> None:
    page = watch.at("/groups")
    page.keyboard.press("/")
    expect(page.locator("[data-finds]")).to_be_focused()
    page.keyboard.type("disc 04")
    expect(page.locator(".hits .pic")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?like=*")
    expect(page.locator(".results .pic").first).to_be_visible()
    found = rows(page)
    page.locator(".results .pic a.open").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f'.pic[data-row="{found[1]}"] a.open')).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    expect(page.locator("#tray b")).to_have_text("1 picture selected")
    page.keyboard.press("Escape")
    expect(page.locator("#tray")).to_be_hidden()
    page.keyboard.press("+")
    page.wait_for_url("**/?like=*,*")
    page.keyboard.press("Escape")
    page.wait_for_url("**/")


def test_a_group_opens_from_its_card(watch: Watched, whole: Line) -> None:
    page = watch.at("/groups")
    first = open_folder(whole.root).groups()[0]
    page.locator(".group-card").first.click()
    page.wait_for_url("**/groups/1")
    assert rows(page) == first.rows.tolist()
    page.go_back()
    expect(page.locator(".group-card")).to_have_count(len(open_folder(whole.root).groups()))


def test_copies_are_marked_and_their_list_is_taken_away(watch: Watched, whole: Line) -> None:
    page = watch.at("/duplicates")
    page.get_by_role("button", name="Mark all that could go").click()
    spare = {path for copies in open_folder(whole.root).duplicates() for path in copies.spare}
    expect(page.locator(".bar-sticky b")).to_contain_text(f"{len(spare)} pictures marked")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the list").click()
    assert set(Path(taken.value.path()).read_text().splitlines()) == spare


def test_the_map_zooms_to_thumbnails_hovers_selects_and_searches(watch: Watched, whole: Line) -> None:
    page = watch.at("/map")
    canvas = page.locator(".map-top")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map-said")).not_to_be_empty()
    with page.expect_response("**/thumbnail?side=96*"):
        for _ in range(4):
            page.keyboard.press("+")
            page.wait_for_timeout(350)
    page.keyboard.press("0")
    page.wait_for_timeout(400)
    box = canvas.bounding_box()
    assert box is not None
    page.get_by_role("button", name="Lasso").click()
    corners = [(0.02, 0.1), (0.98, 0.1), (0.98, 0.98), (0.02, 0.98), (0.02, 0.12)]
    places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    expect(page.locator("#tray b")).to_have_text(f"{len(open_folder(whole.root).paths)} pictures selected")
    page.locator("#tray").get_by_role("button", name="Clear").click()
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?like=*")
    page.go_back()
    page.wait_for_url("**/map")
    expect(page.locator(".map-top")).to_be_visible()


def test_two_pictures_are_compared_with_a_heat_map(watch: Watched, picture: Path) -> None:
    page = watch.at("/compare")
    page.locator(".slot input[type=file]").first.set_input_files(picture)
    page.wait_for_url("**reference=u*")
    page.get_by_label("Held beside it: find by path").fill("stripe 03")
    page.keyboard.press("Enter")
    page.wait_for_url("**photo=*")
    expect(page.locator(".frame canvas")).to_be_visible()
    expect(page.locator(".verdict-line .lead")).to_contain_text("differ")
    pixels = "[...canvas.getContext('2d').getImageData(0, 0, 32, 32).data]"
    coloured = f"canvas => {pixels}.filter((value, i) => i % 4 === 3 && value).length"
    assert page.eval_on_selector(".frame canvas", coloured) > 100


def test_a_few_labels_give_the_rest_and_are_taken_away(watch: Watched, whole: Line) -> None:
    page = watch.at("/label")
    known = open_folder(whole.root).catalogue()
    for name in ("disc", "stripe"):
        page.get_by_label("A new name").fill(name)
        page.keyboard.press("Enter")
    shown = [row for row in rows(page) if known.paths[row] not in COPIES]  # which are of two labels
    given = {row: known.labels[row].removesuffix("s") for row in shown if known.labels[row] in ("discs", "stripes")}
    chosen = {name: [row for row, one in given.items() if one == name][:2] for name in ("disc", "stripe")}
    first = page.locator(f'.pic[data-row="{chosen["disc"][0]}"] a.open')
    first.drag_to(page.locator(".bin", has_text="disc"))
    for row in chosen["stripe"]:
        page.locator(f'.pic[data-row="{row}"] a.open').focus()
        page.keyboard.press("2")
    page.get_by_role("button", name="Download labels.csv").wait_for()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download labels.csv").click()
    table = list(csv.DictReader(io.StringIO(Path(taken.value.path()).read_text())))
    assert [row["path"] for row in table] == list(known.paths)
    assert {row["path"] for row in table if row["example"] == "yes"} == {
        known.paths[row] for row in (chosen["disc"][0], *chosen["stripe"])
    }
    assert {row["label"] for row in table} == {"disc", "stripe"}


def test_several_models_answer_side_by_side(browser: Browser, whole: Line, line: Line) -> None:
    with served(whole, line) as address, watched(browser, address) as watch:
        page = watch.at("/models?like=4")
        expect(page.locator(".model-columns section")).to_have_count(2)
        expect(page.locator(".model-columns section").nth(1)).to_contain_text("100 % are found by the first as well")


def test_an_open_page_says_that_there_are_new_artefacts(browser: Browser, own_line: Line) -> None:
    with served(own_line) as address, watched(browser, address) as watch:
        page = watch.at("/groups")
        own_line.artifacts.groups_table.touch()
        expect(page.locator(".note")).to_contain_text("brought up to date", timeout=15_000)
        page.get_by_role("button", name="Load it again").click()
        expect(page.locator(".group-card").first).to_be_visible()
        expect(page.locator(".note")).to_have_count(0)


def test_a_name_that_is_markup_stays_a_name(browser: Browser, tmp_path: Path) -> None:
    name, generator = "<img src=x onerror=alert(1)>.png", np.random.default_rng(0)
    pictures = {f"<b>discs</b>/{number}.png": structured_picture("discs", generator) for number in range(14)}
    line = make_line(tmp_path / "line", {**pictures, f"<b>discs</b>/{name}": structured_picture("ramps", generator)})
    neighbours(line.params, line.artifacts)
    groups(line.params, line.artifacts)
    whole = make_whole(line, tmp_path / "whole")
    row = open_folder(whole.root).paths.index(f"<b>discs</b>/{name}")
    with served(whole) as address, watched(browser, address) as watch:
        for place in (
            "/",
            f"/?like={row}",
            f"/picture/{row}",
            "/unusual",
            "/map",
            "/groups/1",
            f"/compare?reference=0&photo={row}",
        ):
            page = watch.at(place)
            assert page.locator("img[src='x'], main b b").count() == 0
        expect(watch.at(f"/picture/{row}").get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_panel_fits_and_a_screen_reader_finds_nothing_serious(
    browser: Browser, address: str, size: tuple[int, int], dark: bool
) -> None:
    with watched(browser, address, size, dark=dark) as watch:
        for place in PANELS:
            page = watch.at(place)
            page.wait_for_timeout(150)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], place
            assert page.locator("h1").count() == 1, place
            found = Axe().run(page).response["violations"]
            serious = {
                one["id"]: [node["html"][:160] for node in one["nodes"][:3]]
                for one in found
                if one["impact"] in ("serious", "critical")
            }
            assert serious == {}, place


def test_the_theme_is_chosen_and_kept(watch: Watched) -> None:
    page = watch.at("/trust")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.reload()
    expect(page.locator("#theme")).to_have_text("Theme: dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
