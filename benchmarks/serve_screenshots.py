"""Photographs the page of `pipeline serve` for the documentation: a desk and a telephone side by side.

    python benchmarks/serve_screenshots.py [PROJECT] [--out docs/images] [--picture 81]

Needs Chromium (`apt-get install chromium`) and the extra `test`. The project should be the sample, whose pictures
may be shown.
"""

import argparse
import io
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

DESK, TELEPHONE, GAP = (1280, 860), (390, 860), 24


def main() -> None:
    """Write one JPEG for each sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--picture", type=int, default=81)
    options = parser.parse_args()
    sheets = {  # name -> (place on the desk, dark), (place on the telephone, dark)
        "serve": ((f"/?like={options.picture}", False), ("/groups/1", True)),
        "serve_map": (("/map", True), (f"/?like={options.picture}", False)),
    }
    words = [sys.executable, "-m", "pipeline", "serve", "--port", "0"]
    with subprocess.Popen(words, cwd=options.project, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.search(r"http://\S+:\d+", server.stderr.readline())
        assert found is not None
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for name, (desk, telephone) in sheets.items():
                left = photograph(browser, found[0] + desk[0], dark=desk[1], size=DESK)
                right = photograph(browser, found[0] + telephone[0], dark=telephone[1], size=TELEPHONE)
                sheet = Image.new("RGB", (left.width + GAP + right.width, left.height), "white")
                sheet.paste(left, (0, 0))
                sheet.paste(right, (left.width + GAP, 0))
                path = options.out / f"{name}.jpg"
                sheet.save(path, quality=82, optimize=True)
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
            browser.close()
        server.terminate()


def photograph(browser: Browser, address: str, *, dark: bool, size: tuple[int, int]) -> Image.Image:
    """Return what a window of this size shows of an address."""
    view = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=view, color_scheme="dark" if dark else "light", has_touch=size[0] < 600)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)
    shot = page.screenshot()
    context.close()
    with Image.open(io.BytesIO(shot)) as whole:
        return whole.convert("RGB")


if __name__ == "__main__":
    main()
