"""Photographs the report and the page of `pipeline serve` for the documents: a desk and a telephone side by side.

    python benchmarks/screenshots.py [PROJECT] [--out docs/images] [--picture 81]

Needs Chromium (`apt-get install chromium`) and the extra `test`. The project should be the sample, whose pictures may
be shown, after `dvc repro`.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser
from served import chromium, served

DESK, TELEPHONE, GAP = (1280, 860), (390, 860), 24


def main() -> None:
    """Write one JPEG for each sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--picture", type=int, default=81, help="the row that is searched with")
    options = parser.parse_args()
    report = (options.project / "artifacts/report/index.html").resolve().as_uri()
    with served(options.project) as (port, _), chromium() as browser:
        page = f"http://127.0.0.1:{port}"
        search = f"{page}/?like={options.picture}"
        sheets = {  # name -> (address on the desk, dark), (address on the telephone, dark)
            "report": ((f"{report}#neighbours", False), (f"{report}#groups", True)),
            "report_map": ((f"{report}#map", True), (f"{report}#neighbours", False)),
            "serve": ((search, False), (f"{page}/groups/1", True)),
            "serve_map": ((f"{page}/map", True), (search, False)),
        }
        for name, (desk, telephone) in sheets.items():
            left = photograph(browser, *desk, size=DESK)
            right = photograph(browser, *telephone, size=TELEPHONE)
            sheet = Image.new("RGB", (left.width + GAP + right.width, left.height), "white")
            sheet.paste(left, (0, 0))
            sheet.paste(right, (left.width + GAP, 0))
            path = options.out / f"{name}.jpg"
            sheet.save(path, quality=82, optimize=True)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def photograph(browser: Browser, address: str, dark: bool, *, size: tuple[int, int]) -> Image.Image:
    """Return what a window of this size shows of an address."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=size[0] < 600,
    )
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
