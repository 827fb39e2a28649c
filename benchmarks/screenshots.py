"""Photographs the report for the README: a desk and a telephone side by side, in light and in dark.

    python benchmarks/screenshots.py [--report artifacts/report/index.html] [--out docs/images]

Needs Chromium (`apt-get install chromium`); the page itself needs no browser to be made.
"""

import argparse
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
DESK, TELEPHONE, GAP = (1280, 860), (390, 860), 24
SHEETS = {  # name -> (section on the desk, light), (section on the telephone, light)
    "report": (("neighbours", True), ("groups", False)),
    "report_map": (("map", False), ("neighbours", True)),
}


def main() -> None:
    """Write one JPEG for each sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, default=Path("artifacts/report/index.html"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    for name, (desk, telephone) in SHEETS.items():
        left = photograph(options.report, *desk, size=DESK)
        right = photograph(options.report, *telephone, size=TELEPHONE)
        sheet = Image.new("RGB", (left.width + GAP + right.width, left.height), "white")
        sheet.paste(left, (0, 0))
        sheet.paste(right, (left.width + GAP, 0))
        path = options.out / f"{name}.jpg"
        sheet.save(path, quality=82, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def photograph(report: Path, section: str, light: bool, *, size: tuple[int, int]) -> Image.Image:
    """Return what a window of this size shows of a section."""
    with TemporaryDirectory() as folder:
        shot, frame = Path(folder) / "shot.png", Path(folder) / "frame.html"
        url = f"{report.resolve().as_uri()}#{section}"
        # In a frame: Chromium's windows are never narrower than 500 pixels, and blank where they are scrolled.
        frame.write_text(
            f'<body style="margin:0;overflow:hidden"><iframe src="{url}" width="{size[0]}" height="{size[1]}" '
            'style="border:0;display:block"></iframe>',
            encoding="utf-8",
        )
        window = f"--window-size={max(size[0], 500)},{size[1]}"
        scheme = f"--blink-settings=preferredColorScheme={1 if light else 0}"
        own = (f"--user-data-dir={folder}/profile", f"--screenshot={shot}", "--virtual-time-budget=5000")
        command = ("chromium", *FLAGS, *QUIET, *own, window, scheme, frame.as_uri())
        subprocess.run(command, check=True, capture_output=True)
        with Image.open(shot) as whole:
            return whole.convert("RGB").crop((0, 0, *size))


if __name__ == "__main__":
    main()
