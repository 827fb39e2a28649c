"""Time and quality of the K-medoids engines, side by side in one process.

    python benchmarks/groups.py [--pictures 4738] [--dimensions 4096] [--k 19] [--embeddings FILE.npy]

Every engine gets the same distances and the same random starts. `kmedoids` (Rust; GPL, so only a peer) is
left out with a word where it isn't installed. pyclustering is run on the first --pyclustering-pictures
pictures only (1,000; it takes some 90 s per start on 4,738). The physical limit of a search is what it can't
do without: one BLAS product for the distances and one pass over them.

Run it on an idle machine, or with OPENBLAS_NUM_THREADS=1: a threaded BLAS that has to share its cores waits
for them in every one of the search's thousands of small products (measured: up to 30 times as slow).
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from a checkout

from pipeline.groups import (
    Grouping,
    assign,
    cosine_distances,
    fasterpam,
    group,
    k_by_elbow,
    k_by_silhouette,
    kmedoids_by_pyclustering,
    start_greedily,
    sweep,
)

Embeddings = NDArray[np.float32]


def main() -> None:
    options = parsed_options()
    print_machine()
    embeddings = (
        np.load(options.embeddings).astype(np.float32)
        if options.embeddings
        else clustered_embeddings(options.pictures, options.dimensions, seed=options.seed)
    )
    print(f"\nembeddings: {embeddings.shape[0]:,} x {embeddings.shape[1]:,}")
    distances = time_limit(embeddings)
    time_sweep(embeddings, options)
    compare_with_peer(embeddings, distances, options)
    del distances
    compare_with_pyclustering(embeddings[: options.pyclustering_pictures], options)
    del embeddings
    time_one_batch(options)


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time and quality of the K-medoids engines.")
    parser.add_argument("--pictures", type=int, default=4738)
    parser.add_argument("--dimensions", type=int, default=4096)
    parser.add_argument("--embeddings", type=Path, help="unit-length embeddings, .npy, instead of synthetic")
    parser.add_argument("--k", type=int, default=19)
    parser.add_argument("--starts", type=int, default=5, help="random starts per engine")
    parser.add_argument("--restarts", type=int, default=4, help="restarts of `group`")
    parser.add_argument("--sweep-columns", type=int, default=1000)
    parser.add_argument("--pyclustering-pictures", type=int, default=1000, help="0 leaves pyclustering out")
    parser.add_argument("--one-batch-pictures", type=int, default=50_000, help="0 leaves OneBatchPAM out")
    parser.add_argument("--one-batch-columns", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def clustered_embeddings(num_pictures: int, dimensions: int, *, seed: int) -> Embeddings:
    """Make non-negative unit vectors in 150 clusters of unequal size that run into one another."""
    generator = np.random.default_rng(seed)
    centres = generator.gamma(0.5, size=(150, dimensions)).astype(np.float32)
    members = generator.choice(150, size=num_pictures, p=generator.dirichlet(np.ones(150)))
    embeddings = generator.standard_gamma(0.5, size=(num_pictures, dimensions), dtype=np.float32)
    embeddings += generator.uniform(0.0, 1.0, size=(num_pictures, 1)).astype(np.float32) * centres[members]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings


def print_machine() -> None:
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next((line.split(": ")[1] for line in lines if line.startswith("model name")), processor)
    print(f"machine: {processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"python {platform.python_version()}, numpy {np.__version__}")


def timed(run: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = run(*arguments, **named)
    return time.perf_counter() - started, result


def time_limit(embeddings: Embeddings) -> NDArray[np.float32]:
    """Print the time of the bare product and of one bare pass; return the distances."""
    product_seconds, product = timed(np.matmul, embeddings, embeddings.T)
    pass_seconds, _ = timed(np.maximum, product, np.float32(0.0), out=product)
    del product
    seconds, distances = timed(cosine_distances, embeddings, np.arange(len(embeddings)))
    print(f"limit: bare product {product_seconds:.2f} s, one bare pass {pass_seconds:.3f} s")
    print(f"distances of all pairs: {seconds:.2f} s = {seconds / product_seconds:.1f} x the product")
    return distances


def time_sweep(embeddings: Embeddings, options: argparse.Namespace) -> None:
    generator = np.random.default_rng(options.seed)
    columns = min(options.sweep_columns, len(embeddings))
    product_seconds, _ = timed(np.matmul, embeddings, embeddings[:columns].T)
    seconds, swept = timed(sweep, embeddings, k_minimum=2, k_maximum=100, sweep_columns=columns, generator=generator)
    print(f"\nsweep K = 2..100 on {columns:,} columns: {seconds:.2f} s", end="")
    print(f" = {seconds / product_seconds:.0f} x the bare product with the columns")
    elbow, silhouette = k_by_elbow(swept.ks, swept.losses), k_by_silhouette(swept.ks, swept.silhouettes)
    print(f"  elbow {elbow}, silhouette {silhouette}")
    start = start_greedily(embeddings, k=options.k, columns=columns, generator=generator)
    if options.k in swept.ks:
        start = swept.medoids[options.k - 2]
    for restarts in (0, options.restarts):
        seconds, grouping = timed_group(embeddings, start, restarts=restarts, columns=len(embeddings))
        loss = grouping.loss * len(embeddings)
        print(f"  K = {options.k} polished on all, {restarts} restarts: {seconds:.2f} s, loss {loss:.3f}")


def timed_group(
    embeddings: Embeddings, start: NDArray[np.int64], *, restarts: int, columns: int
) -> tuple[float, Grouping]:
    return timed(
        group,
        embeddings,
        medoids_start=start,
        restarts=restarts,
        columns=columns,
        generator=np.random.default_rng(0),
    )


def compare_with_peer(embeddings: Embeddings, distances: NDArray[np.float32], options: argparse.Namespace) -> None:
    """Print time and loss of our FasterPAM and of `kmedoids.fasterpam` from the same random starts."""
    peer = peer_or_none()
    for k in dict.fromkeys([options.k, 100]):
        print(f"\nK = {k}, {options.starts} random starts, all columns: seconds and loss")
        ratios = []
        for start in random_starts(len(embeddings), k=k, number=options.starts, seed=options.seed):
            seconds, medoids = timed(fasterpam, distances, start)
            loss = summed_loss(distances, medoids)
            line = f"  ours {seconds:.2f} s {loss:.3f}"
            if peer:
                their_seconds, theirs = timed(peer.fasterpam, distances, start.astype(np.uint64))
                their_loss = summed_loss(distances, theirs.medoids.astype(np.int64))
                line += f", kmedoids {their_seconds:.2f} s {their_loss:.3f}"
                ratios.append((seconds / their_seconds, loss / their_loss))
            print(line)
        if ratios:
            time_ratio, loss_ratio = np.median(ratios, axis=0)
            worst = max(loss for _, loss in ratios)
            print(f"  ours / kmedoids: time {time_ratio:.2f}, loss {loss_ratio:.4f} (medians), worst {worst:.4f}")


def peer_or_none() -> ModuleType | None:
    try:
        return importlib.import_module("kmedoids")
    except ModuleNotFoundError:
        print("\nkmedoids isn't installed (pip install kmedoids): ours alone")
        return None


def compare_with_pyclustering(embeddings: Embeddings, options: argparse.Namespace) -> None:
    """Print time and loss of pyclustering, and ours from the same start, without and with restarts."""
    if not len(embeddings):
        return
    print(f"\npyclustering on {len(embeddings):,} pictures, K = {options.k}, the same start: seconds and loss")
    distances = cosine_distances(embeddings, np.arange(len(embeddings)))
    exact = distances.astype(np.float64)
    for start in random_starts(len(embeddings), k=options.k, number=options.starts, seed=options.seed):
        their_seconds, theirs = timed(kmedoids_by_pyclustering, exact, start)
        seconds, ours = timed(fasterpam, distances, start)
        best_seconds, best = timed_group(embeddings, start, restarts=options.restarts, columns=len(embeddings))
        loss, *others = (summed_loss(distances, medoids) for medoids in (theirs, ours, best.medoids))
        print(f"  pyclustering {their_seconds:.2f} s {loss:.3f}", end="")
        print(f", one start {seconds:.3f} s x {others[0] / loss:.5f}", end="")
        print(f", with {options.restarts} restarts {best_seconds:.3f} s x {others[1] / loss:.5f}")


def time_one_batch(options: argparse.Namespace) -> None:
    """Print time, loss and memory of OneBatchPAM on a folder too large for all columns."""
    if not options.one_batch_pictures:
        return
    num_pictures, columns = options.one_batch_pictures, options.one_batch_columns
    embeddings = clustered_embeddings(num_pictures, 256, seed=options.seed)
    print(f"\nOneBatchPAM, {num_pictures:,} x 256, K = {options.k}, {columns:,} columns")
    generator = np.random.default_rng(options.seed)
    (random_start,) = random_starts(num_pictures, k=options.k, number=1, seed=options.seed)
    greedy_seconds, greedy_start = timed(start_greedily, embeddings, k=options.k, columns=columns, generator=generator)
    for name, start in (("random", random_start), (f"greedy ({greedy_seconds:.2f} s)", greedy_start)):
        seconds, grouping = timed_group(embeddings, start, restarts=0, columns=columns)
        before = assign(embeddings, start).loss
        print(f"  {name} start, mean loss {before:.4f} -> {grouping.loss:.4f} in {seconds:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  matrix {4 * num_pictures * columns / 2**30:.2f} GB; peak of this whole run {peak:.2f} GB")
    seconds, swept = timed(sweep, embeddings, k_minimum=2, k_maximum=100, sweep_columns=1000, generator=generator)
    print(f"  sweep K = 2..100 on 1,000 columns: {seconds:.2f} s, elbow {k_by_elbow(swept.ks, swept.losses)}")


def random_starts(num_pictures: int, *, k: int, number: int, seed: int) -> list[NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    return [generator.choice(num_pictures, size=k, replace=False) for _ in range(number)]


def summed_loss(distances: NDArray[np.float32], medoids: NDArray[np.int64]) -> float:
    return float(distances[medoids].min(axis=0).sum(dtype=np.float64))


if __name__ == "__main__":
    main()
