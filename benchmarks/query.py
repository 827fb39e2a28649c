"""The time of whole query processes, beside the processes that nothing can be faster than; and of a look-up.

    python benchmarks/query.py [--artifacts artifacts] [--params params.yaml] [--repeats 11]

It asks for a picture of the dataset, so `dvc repro` must have run. The processes run in turn, so that a busy
spell meets all alike, and each is one Python from start to end.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_embeddings, load_neighbours, open_index  # noqa: E402
from pipeline.errors import PipelineError, QueryError  # noqa: E402

BARS = {"cached query": 0.5, "fresh query": 1.0, "--help": 0.5}  # seconds, median of whole processes
LOOK_UP_BAR = 1.0  # milliseconds
HEAVY = {"tensorflow", "keras", "faiss", "sklearn", "matplotlib"}


def main() -> None:
    options = parsed_options()
    artifacts = Artifacts(options.artifacts)
    try:
        with open_index(artifacts.index) as index:
            count, picture = index.count, index.dataset / index.path(index.count // 2)
            dimensions = load_embeddings(artifacts, index).shape[1]
        if not picture.is_file():
            raise QueryError(f"{picture} has gone: run it where dataset.path leads to the pictures")
        milliseconds = look_up_milliseconds(artifacts)
    except PipelineError as error:
        sys.exit(f"error: {error}")
    print_machine()
    print(f"{count:,} pictures of {dimensions:,} numbers, {options.repeats} processes each, in turn\n")
    commands = commands_for(picture, options)
    seconds = in_turn(commands, options.repeats)
    print_processes(seconds)
    print(f"\nlook-up in the process (open index, find row, read list): {milliseconds:.3f} ms, bar {LOOK_UP_BAR:g} ms")
    for name in ("cached query", "fresh query"):
        heavy = HEAVY & imported(commands[name])
        print(f"{name} imports of {', '.join(sorted(HEAVY))}: {', '.join(sorted(heavy)) or 'none'}")


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="The time of whole query processes, beside their limits.",
        epilog="Example: python benchmarks/query.py --artifacts artifacts",
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--repeats", type=int, default=11)
    return parser.parse_args()


def commands_for(picture: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    places = ["--params", str(options.params), "--artifacts", str(options.artifacts)]
    query = ["-m", "pipeline", *places, "query", str(picture)]
    return {
        "python -c pass": ["-c", "pass"],
        "import numpy": ["-c", "import numpy"],
        "--help": ["-m", "pipeline", "--help"],
        "cached query": [*query, "--mode", "cached"],
        "fresh query": [*query, "--mode", "fresh"],
    }


def in_turn(commands: dict[str, list[str]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each command; one run of each before, to warm the system's cache."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(repeats + 1):
        for name, arguments in commands.items():
            start = time.perf_counter()
            run(arguments)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    finished = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    if finished.returncode:
        sys.exit(finished.stderr)
    return finished


def print_processes(seconds: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"{'':16}{'seconds':>9}{'x pass':>8}{'x numpy':>9}{'bar':>7}{'reached':>9}")
    for name, median in medians.items():
        ratios = f"{median / medians['python -c pass']:8.1f}{median / medians['import numpy']:9.1f}"
        bar = f"{BARS[name]:7.1f}{'yes' if median < BARS[name] else 'no':>9}" if name in BARS else ""
        print(f"{name:16}{median:9.3f}{ratios}{bar}")


def look_up_milliseconds(artifacts: Artifacts, repeats: int = 101) -> float:
    """Return the median time from a content to its list, with files that are opened anew each time."""
    with open_index(artifacts.index) as index:
        content = index.pictures()[index.count // 2].content
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        with open_index(artifacts.index) as index:
            row = index.rows_of_content(content)[0]
            [(index.path(other), value) for other, value in load_neighbours(artifacts, index)[row][:10].tolist()]
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def imported(arguments: list[str]) -> set[str]:
    """Return the top-level packages that a process imports, as `python -X importtime` lists them."""
    lines = run(["-X", "importtime", *arguments]).stderr.splitlines()
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if line.startswith("import time:")}


if __name__ == "__main__":
    main()
