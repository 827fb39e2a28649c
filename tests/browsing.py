"""A browser for tests of pages; where there is none they are skipped, and say how to get one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

DESK, PHONE = (1280, 860), (390, 844)


@contextmanager
def started() -> Iterator[Browser]:
    """Start Chromium, Debian's where it is there."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-quic"])
        except Error:
            pytest.skip("there is no browser: `apt-get install chromium`, or `playwright install chromium`")
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page, and what went wrong on it: errors, and requests that leave the server."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address, self.wrong = address, list[str]()
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("console", lambda one: one.type == "error" and self.wrong.append(f"console: {one.text}"))
        self.page.on("request", lambda one: self._ours(one.url) or self.wrong.append(f"request: {one.url}"))
        self.page.on("dialog", lambda one: (self.wrong.append(f"dialog: {one.message}"), one.dismiss()))

    def _ours(self, url: str) -> bool:
        return url.startswith((self.address, "blob:", "data:"))

    def at(self, place: str) -> Page:
        """Go to a place of the server, and wait until all is there."""
        self.page.goto(self.address + place)
        self.page.wait_for_load_state("networkidle")
        return self.page


@contextmanager
def watched(
    browser: Browser, address: str, size: tuple[int, int] = DESK, *, dark: bool = False, expected: str = ""
) -> Iterator[Watched]:
    """Give a new page, on which nothing may go wrong but what is expected."""
    is_phone = size[0] < 600
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=is_phone,
        is_mobile=is_phone,
        accept_downloads=True,
    )
    context.set_default_timeout(20_000)
    try:
        page = Watched(context, address)
        yield page
        wrong = [one for one in page.wrong if not expected or expected not in one]
        assert wrong == [], wrong
    finally:
        context.close()
