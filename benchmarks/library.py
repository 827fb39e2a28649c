"""The time of answers of an opened folder within one process, beside what nothing can be faster than.

    python benchmarks/library.py [PROJECT] [--questions 200]

Cached: a picture of the folder by its path, by `neighbours` and by `query`, which reads and hashes the file. Fresh: the
same pictures, asked in mode "fresh", beside decoding alone and the bare run of the encoder on one core. Each question
is asked once after all is open; medians are printed, in turn, so that a busy spell meets all alike.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline import open_folder  # noqa: E402
from pipeline.encoder.running import open_encoder  # noqa: E402
from pipeline.errors import PipelineError  # noqa: E402

CACHED_BAR = 1.0  # milliseconds
FRESH_BAR = 1.3  # times the bare run of the encoder and decoding


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    try:
        folder = open_folder(options.project)
        session = open_encoder(options.project / "artifacts" / "encoder.onnx").session
    except PipelineError as error:
        sys.exit(f"error: {error}")
    name = session.get_inputs()[0].name
    paths = folder.paths[:: -(-len(folder.paths) // options.questions)]
    files = {path: folder.dataset / path for path in paths}
    pixels = {path: folder.given(file).pixels for path, file in files.items()}
    ways: dict[str, Callable[[str], object]] = {
        "cached, neighbours": lambda path: folder.neighbours(path, 10),
        "cached, query": lambda path: folder.query(files[path], 10),
        "decoding alone": lambda path: folder.given(files[path]).pixels,
        "encoder alone": lambda path: session.run(None, {name: pixels[path][None]}),
        "fresh, query": lambda path: folder.query(files[path], 10, "fresh"),
        "fresh, of pixels": lambda path: folder.query(pixels[path], 10),
        "how unusual": lambda path: folder.how_unusual(files[path]),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for ask in ways.values():
        ask(paths[0])  # opens what it needs
    for path in paths:
        for way, ask in ways.items():
            started = time.perf_counter()
            ask(path)
            times[way].append(1000 * (time.perf_counter() - started))
    print_machine()
    print(f"{len(folder.paths):,} pictures of {folder.embeddings.shape[1]} numbers, {len(paths)} questions\n")
    medians = {way: statistics.median(values) for way, values in times.items()}
    for way, value in medians.items():
        print(f"{way:20}{value:9.3f} ms")
    ratio = medians["fresh, query"] / (medians["encoder alone"] + medians["decoding alone"])
    bare = medians["fresh, of pixels"] / medians["encoder alone"]
    print(f"\ncached: bar {CACHED_BAR:g} ms")
    print(f"fresh: {ratio:.2f} times encoder and decoding, bar {FRESH_BAR:g}; of pixels {bare:.2f} times the encoder")


if __name__ == "__main__":
    main()
