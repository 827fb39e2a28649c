"""A project that `pipeline serve` serves on a free port, and a browser, for the scripts beside this one."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def served(project: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Give the port and the process of a server over a project."""
    words = [sys.executable, "-m", "pipeline", "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(words, cwd=project, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r":(\d+)/", said)
        if not found:
            sys.exit(said + process.stderr.read())
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield int(found[1]), process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Give Debian's Chromium (`apt-get install chromium`), driven by Playwright, which the extra `test` brings."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
