"""The report's page in a real browser: its script, which nothing else runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import DESK, PHONE, Watched, watched
from conftest import Line
from playwright.sync_api import Browser, expect
from test_report import complete
from typer.testing import CliRunner

from pipeline import open_folder
from pipeline.cli import app


@pytest.fixture(scope="module")
def reported(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    own = Line(tmp_path_factory.mktemp("reported") / "line")
    shutil.copytree(line.root, own.root)
    complete(own)
    words = ["--params", str(own.params_file), "--artifacts", str(own.artifacts.root), "report"]
    assert CliRunner().invoke(app, words).exit_code == 0
    return own


@pytest.fixture
def watch(browser: Browser, reported: Line) -> Iterator[Watched]:
    with watched(browser, Path(reported.root).as_uri(), expected="file://") as watch:
        yield watch


PAGE = "/artifacts/report/index.html"


def test_a_picture_opens_with_what_is_most_like_it_and_leads_on_and_back(watch: Watched, reported: Line) -> None:
    page = watch.at(PAGE)
    folder = open_folder(reported.root)
    page.locator(".strip button.open").first.click()
    first = page.locator("#viewer-title").inner_text()
    expected = folder.neighbours(first, 12)
    expect(page.locator("#viewer-neighbours li")).to_have_count(12)
    page.locator("#viewer-neighbours button").first.click()
    expect(page.locator("#viewer-title")).to_have_text(expected[0].path)
    assert page.url.endswith(f"#picture/{expected[0].path.replace('/', '%2F').replace(' ', '%20')}")
    page.locator("#viewer-back").click()
    expect(page.locator("#viewer-title")).to_have_text(first)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-title")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()


def test_the_search_finds_by_path_and_enter_opens_the_first(watch: Watched, reported: Line) -> None:
    page = watch.at(PAGE)
    page.keyboard.press("/")
    page.keyboard.type("stripe 0")
    paths = [path for path in open_folder(reported.root).paths if "stripe 0" in path]
    expect(page.locator("#find-status")).to_contain_text(f"{len(paths)} pictures")
    page.keyboard.press("Enter")
    expect(page.locator("#viewer-title")).to_have_text(paths[0])


def test_a_table_is_sorted_by_a_click_on_a_column(watch: Watched) -> None:
    page = watch.at(PAGE)
    head = page.locator("#trust th button").first
    head.click()
    names = page.locator("#trust tbody th").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    head.click()
    assert page.locator("#trust tbody th").all_inner_texts() == names[::-1]


def test_the_map_is_walked_with_the_keyboard(watch: Watched) -> None:
    page = watch.at(PAGE)
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    said = page.locator("#map-status").inner_text()
    assert "group" in said
    page.keyboard.press("Enter")
    expect(page.locator("#viewer-title")).to_have_text(said.split(" · ")[0])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_and_a_screen_reader_finds_nothing_serious(
    browser: Browser, reported: Line, size: tuple[int, int], dark: bool
) -> None:
    address = Path(reported.root).as_uri()
    with watched(browser, address, size, dark=dark, expected="file://") as watch:
        page = watch.at(PAGE)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        found = Axe().run(page).response["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []
