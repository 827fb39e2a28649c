"""Times the map and says what each of its choices costs in trustworthiness at 12 neighbours.

    python benchmarks/map.py [--params params.yaml] [--artifacts artifacts] [--assigned 2000]

Run it where `dvc repro` has run. It prints t-SNE of all pictures beside plain PCA; then t-SNE of half of them with the
other half beside its most similar one, at the median and at the mean of its 5 most similar ones; then the grid beside
an optimal assignment of some of the pictures to cells, which takes their number to the third power.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_embeddings, open_index  # noqa: E402
from pipeline.map import grid_cells, principal_positions, project, trustworthiness  # noqa: E402
from pipeline.params import load_params  # noqa: E402

NEIGHBOURS, GUIDES = 12, 5


def main() -> None:
    """Print a line for each choice: seconds, and trustworthiness."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--assigned", type=int, default=2000)
    options = parser.parse_args()
    settings = load_params(options.params).map
    artifacts = Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        embeddings = np.array(load_embeddings(artifacts, index))
    print_machine()
    print(f"{len(embeddings):,} pictures\n{'':44}{'s':>8}{'of the processor':>18}{'trustworthiness':>17}")

    def tsne(fit_pictures: int) -> np.ndarray:
        return project(
            embeddings,
            perplexity=settings.perplexity,
            fit_pictures=fit_pictures,
            seed=settings.seed,
            progress=False,
        )

    whole = line("t-SNE", embeddings, lambda: tsne(len(embeddings)))
    line("its grid, by halving", embeddings, lambda: grid_cells(whole))
    line("PCA", embeddings, lambda: principal_positions(embeddings))
    half = len(embeddings) // 2
    fitted = line("t-SNE of half, the rest beside its nearest", embeddings, lambda: tsne(half))
    rows = np.sort(np.random.default_rng(settings.seed).permutation(len(embeddings))[:half])  # as project draws them
    for name, middle in (("median", np.median), ("mean", np.mean)):
        line(f"the same, at the {name} of {GUIDES}", embeddings, lambda m=middle: placed(embeddings, fitted, rows, m))
    some = np.sort(np.random.default_rng(0).permutation(len(embeddings))[: options.assigned])
    print(f"\n{len(some):,} of them")
    line("grid, by halving", embeddings[some], lambda: grid_cells(whole[some]))
    line("grid, optimal assignment", embeddings[some], lambda: assigned(whole[some]))


def line(name: str, embeddings: np.ndarray, work: Callable[[], Any]) -> Any:
    """Do some work and print what it took and what came of it."""
    wall, processor = time.perf_counter(), time.process_time()
    places = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    (trust,) = trustworthiness(embeddings, [places], neighbours=NEIGHBOURS) or [float("nan")]
    print(f"{name:44}{wall:8.1f}{processor:18.1f}{trust:17.3f}")
    return places


def placed(embeddings: np.ndarray, positions: np.ndarray, rows: np.ndarray, middle: Callable[..., Any]) -> np.ndarray:
    """Place every row that is not in `rows` in the middle of its most similar ones among these."""
    places = positions.copy()
    others = np.setdiff1d(np.arange(len(embeddings)), rows)
    nearest = np.argsort(-embeddings[others] @ embeddings[rows].T, axis=1)[:, :GUIDES]
    places[others] = middle(positions[rows][nearest], axis=1)
    return places


def assigned(positions: np.ndarray) -> np.ndarray:
    """Return the cells of a square grid with the smallest sum of squared distances."""
    columns = int(np.ceil(len(positions) ** 0.5))
    cells = np.stack(np.divmod(np.arange(len(positions)), columns), axis=1)[:, ::-1]
    upright = positions * [1, -1]
    spread = (upright - upright.min(axis=0)) / np.ptp(upright, axis=0) * (columns - 1)
    return cells[linear_sum_assignment(cdist(spread, cells, "sqeuclidean"))[1]]


if __name__ == "__main__":
    main()
