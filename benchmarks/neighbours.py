"""Time and memory of the sorted lists, beside the bare blocked matrix product that they can't do without.

    python benchmarks/neighbours.py [--pictures 4738] [--dimensions 4096] [--depth 100]

Three roads in turn, each over the same blocks: the bare product, numpy's argpartition and a sort of what it
keeps, and ours. Then ours is checked against a full sort in float64 on some rows. Memory is the growth of a
fresh process's peak while it makes the lists, block by block, as the stage does.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.similarity.lists import sorted_lists  # noqa: E402

TIME_BAR, MEMORY_BAR = 3.0, 500  # times the bare product; MB above the embeddings
BAR_SIZE = (4738, 4096)  # shorter vectors make the product cheaper, and so the ratio larger
BLOCK = 512  # as in pipeline/stages/neighbours.py
Embeddings = NDArray[np.float32]


def main() -> None:
    options = parsed_options()
    if options.measure_memory:
        print(grown_megabytes(options.pictures, options.dimensions, options.depth))
        return
    print_machine()
    measure(options.pictures, options.dimensions, options)
    if options.second:
        measure(8677, 256, options)


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Time and memory of the sorted lists, beside the bare matrix product.",
        epilog="Example: python benchmarks/neighbours.py --pictures 4738 --dimensions 4096 --depth 100",
    )
    parser.add_argument("--pictures", type=int, default=4738)
    parser.add_argument("--dimensions", type=int, default=4096)
    parser.add_argument("--depth", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--checked", type=int, default=200, help="rows that are compared with float64")
    parser.add_argument("--no-second", dest="second", action="store_false", help="leave 8,677 x 256 out")
    parser.add_argument("--measure-memory", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(pictures: int, dimensions: int, options: argparse.Namespace) -> None:
    """Print the table of one size."""
    embeddings = clustered_embeddings(pictures, dimensions)
    print(f"\n{pictures:,} x {dimensions:,}, depth {options.depth}, blocks of {BLOCK}, {options.repeats} runs in turn")
    roads = {"bare product": product, "argpartition": by_argpartition, "pipeline": ours}
    seconds: dict[str, list[float]] = {name: [] for name in roads}
    for _ in range(options.repeats):
        for name, road in roads.items():
            start = time.perf_counter()
            road(embeddings, options.depth)
            seconds[name].append(time.perf_counter() - start)
    ratios = {
        name: statistics.median(t / b for t, b in zip(times, seconds["bare product"], strict=True))
        for name, times in seconds.items()
    }
    print(f"{'':14}{'seconds':>9}{'x bare product':>16}")
    for name, times in seconds.items():
        print(f"{name:14}{statistics.median(times):9.3f}{ratios[name]:16.2f}")
    megabytes = memory_in_a_fresh_process(pictures, dimensions, options.depth)
    right = agreeing(embeddings, options.depth, options.checked)
    print(f"memory above the embeddings ({embeddings.nbytes / 2**20:.0f} MB): {megabytes:.0f} MB")
    print(f"lists that equal a full sort in float64: {right} of {min(options.checked, pictures)}")
    if (pictures, dimensions) == BAR_SIZE:
        reached = ratios["pipeline"] < TIME_BAR and megabytes < MEMORY_BAR
        print(f"bar: below {TIME_BAR:g} x, below {MEMORY_BAR} MB; reached: {'yes' if reached else 'no'}")


def clustered_embeddings(pictures: int, dimensions: int) -> Embeddings:
    """Return unit rows around 100 directions, as embeddings lie; made by rows, to keep the peak of memory low."""
    generator = np.random.default_rng(0)
    embeddings = generator.standard_normal((pictures, dimensions), np.float32)
    centres = generator.standard_normal((100, dimensions), np.float32)
    for row, cluster in enumerate(generator.integers(100, size=pictures)):
        embeddings[row] += centres[cluster]
        embeddings[row] /= np.linalg.norm(embeddings[row])
    return embeddings


def product(embeddings: Embeddings, depth: int) -> None:  # noqa: ARG001
    for start in range(0, len(embeddings), BLOCK):
        embeddings[start : start + BLOCK] @ embeddings.T


def by_argpartition(embeddings: Embeddings, depth: int) -> None:
    for start in range(0, len(embeddings), BLOCK):
        similarities = embeddings[start : start + BLOCK] @ embeddings.T
        rows = np.arange(start, start + len(similarities))
        similarities[rows - start, rows] = -np.inf
        best = np.argpartition(similarities, -depth, axis=1)[:, -depth:]
        values = np.take_along_axis(similarities, best, axis=1)
        np.take_along_axis(best, np.argsort(-values, axis=1), axis=1)


def ours(embeddings: Embeddings, depth: int) -> None:
    for _ in sorted_lists(embeddings, depth=depth, block=BLOCK, progress=False):
        pass


def agreeing(embeddings: Embeddings, depth: int, checked: int) -> int:
    """Return how many of some lists are exactly those of a full sort in float64, ties by row."""
    rows = np.unique(np.linspace(0, len(embeddings) - 1, checked).astype(int))
    lists = np.concatenate(list(sorted_lists(embeddings, depth=depth, block=BLOCK, progress=False)))["row"][rows]
    similarities = np.concatenate(
        [embeddings[rows].astype(np.float64) @ embeddings[i : i + BLOCK].astype(np.float64).T
         for i in range(0, len(embeddings), BLOCK)], axis=1,
    )  # fmt: skip
    similarities[np.arange(len(rows)), rows] = -np.inf
    expected = np.argsort(-similarities, axis=1, kind="stable")[:, :depth]
    return int((lists == expected).all(axis=1).sum())


def memory_in_a_fresh_process(pictures: int, dimensions: int, depth: int) -> float:
    sizes = ["--pictures", str(pictures), "--dimensions", str(dimensions), "--depth", str(depth)]
    command = [sys.executable, __file__, "--measure-memory", *sizes]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def grown_megabytes(pictures: int, dimensions: int, depth: int) -> float:
    """Return by how much the peak grew while the lists were made, above what the embeddings took."""
    embeddings = clustered_embeddings(pictures, dimensions)
    before = peak_megabytes()
    ours(embeddings, depth)
    return peak_megabytes() - before


def peak_megabytes() -> float:
    """Return the peak of this process's memory; getrusage would start from its parent's, which execve keeps."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) / 2**10


if __name__ == "__main__":
    main()
