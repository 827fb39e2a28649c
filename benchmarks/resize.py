"""The rate of reading pictures for the line, beside that of bare Pillow with as many threads.

    python benchmarks/resize.py [FOLDER] [--repeats 5]

Ours: hash, decode, set upright, make RGB, resize, and write into pictures.npy, in order, each picture in a process
that may hang or crash. In threads: the same in this process, which a picture could take with it. Bare Pillow: open,
convert to RGB, resize, and forget. All read the same files, already in the system's cache, in turn.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import ArrayWriter  # noqa: E402
from pipeline.pictures import (  # noqa: E402
    SIZE,
    DecodedPicture,
    Limits,
    RejectedPictureError,
    find_files,
    read_picture,
    reading_processes,
)
from pipeline.workers import in_order  # noqa: E402

BAR = 0.8  # of the rate of bare Pillow
ISOLATION_BAR = 0.9  # of the rate of threads
LIMITS = Limits(max_megapixels=1e4, max_file_megabytes=1e4, max_decoded_megabytes=4096, max_scans=1000, max_seconds=600)
WORKERS = os.cpu_count() or 1


def main() -> None:
    options = parsed_options()
    print_machine()
    warnings.simplefilter("ignore")  # Pillow warns of oddities in files that it then reads well
    files = readable(options.folder)
    if not files:
        sys.exit(f"error: no picture in {options.folder}: run `pipeline sample` or name a folder of pictures")
    print(f"{len(files):,} pictures of {options.folder}, {WORKERS} threads, {options.repeats} runs in turn\n")
    roads = {"bare Pillow": run_bare, "in threads": run_threads, "pipeline": run_ours}
    seconds = dict(zip(roads, in_turn([partial(run, files) for run in roads.values()], options.repeats), strict=True))
    print(f"{'':14}{'seconds':>9}{'pictures/s':>12}{'of bare':>9}")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:14}{median:9.3f}{len(files) / median:12.0f}{ratio(seconds['bare Pillow'], times):9.2f}")
    for other, bar in (("bare Pillow", BAR), ("in threads", ISOLATION_BAR)):
        reached = ratio(seconds[other], seconds["pipeline"])
        print(f"bar: at least {bar} of {other}; {reached:.2f}, reached: {'yes' if reached >= bar else 'no'}")


def ratio(theirs: list[float], ours: list[float]) -> float:
    """Return the median of the ratios of runs that followed each other."""
    return statistics.median(one / other for one, other in zip(theirs, ours, strict=True))


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="The rate of reading pictures, beside bare Pillow.",
        epilog="Example: python benchmarks/resize.py artifacts/sample/pictures",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "artifacts/sample/pictures")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def readable(folder: Path) -> list[Path]:
    """Return the files that both can read; reading them also brings them into the system's cache."""
    files = [folder / file.path for file in find_files(folder) if not file.problem] if folder.is_dir() else []

    def is_readable(file: Path) -> bool:
        try:
            return read_picture(file, LIMITS).pixels is not None
        except RejectedPictureError:
            return False

    answers = in_order(is_readable, files, workers=WORKERS)
    return [file for file, good in zip(files, answers, strict=True) if good]


def run_ours(files: list[Path]) -> None:
    with reading_processes(LIMITS, workers=WORKERS) as read:
        write_all(in_order(read, files, workers=WORKERS))


def run_threads(files: list[Path]) -> None:
    write_all(in_order(lambda file: read_picture(file, LIMITS), files, workers=WORKERS))


def write_all(pictures: Iterator[DecodedPicture]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        ArrayWriter(Path(folder) / "pictures.npy", row_shape=(SIZE, SIZE, 3), dtype=np.uint8) as writer,
    ):
        for picture in pictures:
            assert picture.pixels is not None
            writer.append(picture.pixels[None])


def run_bare(files: list[Path]) -> None:
    def read(file: Path) -> None:
        with Image.open(file) as image:
            image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)

    for _ in in_order(read, files, workers=WORKERS):
        pass


def in_turn(runs: list[Callable[[], None]], repeats: int) -> list[list[float]]:
    """Return the seconds of each run, one list a function; in turn, so that a busy spell meets all alike."""
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for run, times in zip(runs, seconds, strict=True):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
