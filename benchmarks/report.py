"""Times the report of some of the pictures of an artefacts folder, and weighs its page.

    python benchmarks/report.py [--params params.yaml] [--artifacts artifacts] [--pictures 5000] [--out FOLDER]

Run it where `dvc repro` has run on at least as many pictures. The bars are those of the project: 10 s and 20 MB.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_embeddings, open_index  # noqa: E402
from pipeline.artifacts.answers import Answers  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.show.report import Findings, make_page  # noqa: E402
from pipeline.similarity.lists import sorted_lists  # noqa: E402
from pipeline.stages.report import load_findings  # noqa: E402

DEPTH = 12


def main() -> None:
    """Print seconds and megabytes beside their bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--out", type=Path, help="where to write the page, to look at it")
    options = parser.parse_args()
    params, artifacts = load_params(options.params), Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        rows = np.unique(np.linspace(0, index.count - 1, options.pictures).astype(np.int64))
        found = some(load_findings(params, artifacts, index), rows, np.asarray(load_embeddings(artifacts, index)))
    print_machine()
    wall, processor = time.perf_counter(), time.process_time()
    settings = params.report
    limit = settings.megabytes * 1e6
    page = make_page(
        found, limit_bytes=limit, queries=settings.queries, seed=settings.seed, drawn=Answers({}), progress=False
    )
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{len(rows):,} pictures: {wall:.1f} s (bar 10 s), of the processors {processor:.1f} s")
    print(
        f"page {len(page.html.encode()) / 1e6:.1f} MB (bar {settings.megabytes:g} MB), thumbnails of {page.side} pixels"
    )
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "index.html").write_text(page.html, encoding="utf-8")


def some(found: Findings, rows: np.ndarray, embeddings: np.ndarray) -> Findings:
    """Return the findings of some rows, as if there were no others."""
    groups, similarities = found.groups[rows], found.similarities[rows]
    kept = np.unique(groups)
    best = [int(np.argmax(np.where(groups == group, similarities, -2))) for group in kept]
    lists = sorted_lists(np.ascontiguousarray(embeddings[rows]), depth=DEPTH, block=512, progress=False)
    return dataclasses.replace(
        found,
        paths=[found.paths[row] for row in rows],
        contents=[found.contents[row] for row in rows],
        sizes=found.sizes[rows],
        pictures=np.ascontiguousarray(found.pictures[rows]),
        neighbours=np.concatenate(list(lists)),
        groups=np.searchsorted(kept, groups) + 1,
        similarities=similarities,
        medoids=best,
        positions=found.positions[rows],
        cells=np.stack(np.divmod(np.arange(len(rows)), int(np.ceil(len(rows) ** 0.5))), axis=1)[:, ::-1],
        copies=None,
        unusual=None,
    )


if __name__ == "__main__":
    main()
