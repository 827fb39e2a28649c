"""What it costs when pictures come, go and move, stage by stage, beside a run from scratch.

    python benchmarks/update.py ~/pictures --epochs 1

The pictures are linked into a temporary folder, all but a hundred, and every stage runs there, in this process: what is
printed is what stages take beyond starting a process. Then the hundred are added, one is removed, and a thousand are
renamed; each time all stages run that DVC would run.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import print_machine

from pipeline.artifacts import Artifacts
from pipeline.params import Params, load_params
from pipeline.pictures import find_files

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder of pictures, which stays as it is")
    parser.add_argument("--added", type=int, default=100)
    parser.add_argument("--renamed", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=1, help="of the training, whose length is not what is measured")
    options = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as place:
        measure(options, Path(place))


def measure(options: argparse.Namespace, place: Path) -> None:
    """Make the folder, change it, and print the table."""
    files = [file.path for file in find_files(options.pictures) if not file.problem]
    held = files[:: max(len(files) // options.added, 1)][: options.added]
    folder, artifacts = place / "pictures", Artifacts(place / "artifacts")
    for path in set(files) - set(held):
        put(options.pictures / path, folder / path)
    params = load_params(ROOT / "params.yaml")
    params = replace(
        params,
        dataset=replace(params.dataset, path=str(folder)),
        train=replace(params.train, epochs=options.epochs),
    )
    columns = {"from scratch": run(params, artifacts)}
    for path in held:
        put(options.pictures / path, folder / path)
    columns[f"{len(held):,} added"] = run(params, artifacts)
    (folder / held[0]).unlink()
    columns["1 removed"] = run(params, artifacts)
    some = [path for path in files if path != held[0]][: options.renamed]
    for path in some:
        (folder / path).rename((folder / path).with_name(f"renamed_{Path(path).name}"))
    columns[f"{len(some):,} renamed"] = run(params, artifacts)
    print_table(columns, len(files))


def put(source: Path, target: Path) -> None:
    """Put a picture into the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    os.utime(target, (time.time() - 1000,) * 2)  # as if it had lain there for a while


def run(params: Params, artifacts: Artifacts) -> dict[str, float]:
    """Run all stages that DVC would run; return the seconds of each."""
    found: dict[str, float] = {}
    decided = _decision(artifacts)
    for name, stage in _stages().items():
        if name in ("train", "encoder") and _decision(artifacts).get(name) == decided.get(name):
            found[name] = 0.0
            continue
        started = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):
            said = stage(params, artifacts)
        found[name] = time.perf_counter() - started
        print(f"{name:12}{found[name]:8.2f} s  {said if isinstance(said, str) else ''}"[:200], flush=True)
    print()
    return found


def _decision(artifacts: Artifacts) -> dict[str, Any]:
    return json.loads(artifacts.refresh.read_text()) if artifacts.refresh.is_file() else {}


def _stages() -> dict[str, Callable[[Params, Artifacts], Any]]:
    from pipeline.stages.duplicates import duplicates
    from pipeline.stages.embed import embed
    from pipeline.stages.encoder import encoder
    from pipeline.stages.evaluate import evaluate
    from pipeline.stages.groups import groups
    from pipeline.stages.map import draw_map
    from pipeline.stages.neighbours import neighbours
    from pipeline.stages.refresh import refresh
    from pipeline.stages.report import report
    from pipeline.stages.resize import resize
    from pipeline.stages.scan import scan
    from pipeline.stages.tolerance import tolerance
    from pipeline.stages.train import train
    from pipeline.stages.uniqueness import uniqueness

    return {
        "scan": scan, "resize": resize, "refresh": refresh, "train": train, "encoder": encoder, "embed": embed,
        "neighbours": neighbours, "groups": groups, "map": draw_map, "duplicates": duplicates,
        "uniqueness": uniqueness, "tolerance": tolerance, "evaluate": evaluate, "report": report,
    }  # fmt: skip


def print_table(columns: dict[str, dict[str, float]], count: int) -> None:
    """Print the seconds of each stage in each case, and of all."""
    print(f"seconds beyond starting a process, {count:,} pictures")
    print(f"{'':12}" + "".join(f"{name:>16}" for name in columns))
    for stage in next(iter(columns.values())):
        print(f"{stage:12}" + "".join(f"{seconds[stage]:16.2f}" for seconds in columns.values()))
    print(f"{'all':12}" + "".join(f"{sum(seconds.values()):16.2f}" for seconds in columns.values()))


if __name__ == "__main__":
    main()
