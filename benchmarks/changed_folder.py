"""What the stage `resize` takes after a folder has changed, beside reading it for the first time.

    python benchmarks/changed_folder.py FOLDER

The folder's pictures are linked to in a scratch folder beside it (--scratch), and the stage runs after each change:
from scratch, with nothing changed, and with 100 pictures added, one removed, and 1,000 renamed.
"""

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.pictures import find_files  # noqa: E402
from pipeline.stages.resize import resize  # noqa: E402

ADDED, RENAMED = 100, 1000


def main() -> None:
    options = parsed_options()
    print_machine()
    paths = [file.path for file in find_files(options.folder) if not file.problem] if options.folder.is_dir() else []
    if len(paths) < ADDED + RENAMED:
        sys.exit(f"error: fewer than {ADDED + RENAMED:,} files in {options.folder}: name a larger folder")
    late, early = paths[:: len(paths) // ADDED][:ADDED], paths
    early = [path for path in paths if path not in set(late)]
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        dataset, artifacts = Path(scratch) / "pictures", Artifacts(Path(scratch) / "artifacts")
        changes: dict[str, Callable[[], None]] = {
            "from scratch": lambda: link(options.folder, dataset, early),
            "nothing changed": lambda: None,
            f"{ADDED} added": lambda: link(options.folder, dataset, late),
            "1 removed": lambda: (dataset / early[len(early) // 2]).unlink(),
            f"{RENAMED:,} renamed": lambda: rename([dataset / path for path in early[:RENAMED]]),
        }
        for name, change in changes.items():
            change()
            seconds, said = timed(dataset, artifacts)
            print(f"{name:17}{seconds:8.2f} s   {said}", flush=True)


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="The time of the stage resize after changes of a folder.",
        epilog="Example: python benchmarks/changed_folder.py caltech101",
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scratch", type=Path, help="a folder on the same disk; the system's by default")
    return parser.parse_args()


def link(folder: Path, dataset: Path, paths: list[str]) -> None:
    for path in paths:
        (dataset / path).parent.mkdir(parents=True, exist_ok=True)
        os.link(folder / path, dataset / path)


def rename(files: list[Path]) -> None:
    for file in files:
        file.rename(file.with_name(f"renamed_{file.name}"))


def timed(dataset: Path, artifacts: Artifacts) -> tuple[float, str]:
    params = load_params(ROOT / "params.yaml")
    params = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, path=str(dataset)))
    start = time.perf_counter()
    said = resize(params, artifacts)
    return time.perf_counter() - start, said


if __name__ == "__main__":
    main()
