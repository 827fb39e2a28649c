"""Compares rules for how much each kind of evidence counts in a folder, by labels.

    python benchmarks/weighing.py PARAMS ARTIFACTS [--untrained]

ARTIFACTS are of a folder whose labels are the names of its folders, after `train`, described by PARAMS. Printed is
top-4 agreement, and its mean over classes, in percent: of each block alone, and by each rule of all joined, without a
place among neighbours and with it. Features are computed once. `--untrained` leaves the network out.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from joined import labelled_pictures, show, turned  # noqa: E402
from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_json  # noqa: E402
from pipeline.autoencoder.graph import last_stage, load_float32  # noqa: E402
from pipeline.encoder.joining import blocks_of, learn, no_network, weighed  # noqa: E402
from pipeline.encoder.neighbourhood import fit_neighbourhood, with_neighbourhood  # noqa: E402
from pipeline.encoder.running import answers  # noqa: E402
from pipeline.graph import Graph  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.stages.encoder.files import nodes_of  # noqa: E402

Rule = Callable[[Mapping[str, float]], dict[str, float]]
RULES: dict[str, Rule] = {
    "all alike": lambda trusted: dict.fromkeys(trusted, 1.0),
    "colours 0.3, the rest alike": lambda trusted: {kind: 0.3 if kind == "colours" else 1.0 for kind in trusted},
    "colours as trusted, the rest alike": lambda trusted: {
        kind: value if kind == "colours" else 1.0 for kind, value in trusted.items()
    },
    "colours as trusted, the rest its root": lambda trusted: {
        kind: value if kind == "colours" else value**0.5 for kind, value in trusted.items()
    },
    "root of trust": lambda trusted: {kind: value**0.5 for kind, value in trusted.items()},
    "trust (shipped)": dict,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("params", type=Path)
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--untrained", action="store_true", help="leave the network out")
    arguments = parser.parse_args()
    params, artifacts = load_params(arguments.params), Artifacts(arguments.artifacts)
    pictures, labels = labelled_pictures(artifacts)
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    size, rows, seed = params.embed.dimensions, np.arange(len(pictures)), params.embed.seed
    blocks = blocks_of(pictures, rows, upright=upright, seed=seed)
    if arguments.untrained:
        network, blocks = no_network, tuple(block for block in blocks if block.evidence != "network")
    else:
        network = nodes_of(last_stage(load_float32(artifacts.autoencoder)))
    learnt = learn(network, blocks, pictures, rows, dimensions=size)
    shipped = weighed(learnt)
    print_machine()
    print("trust:", ", ".join(f"{kind} {value:.2f}" for kind, value in shipped.trusted.items()))
    for one in learnt:
        show(one.block.name, one.whitened, labels)
    for title, rule in RULES.items():
        counts = rule(shipped.trusted)
        parts = tuple(one.whitened * np.float32(counts[one.block.evidence]) for one in learnt)
        own = unit(turned(replace(shipped, whitened=parts), dimensions=size))
        show(title, own, labels)
        show("  and a place among neighbours", placed(own, seed=seed), labels)


def placed(own: NDArray[np.float32], *, seed: int) -> NDArray[np.float32]:
    """Return own parts, float32 (N, D) of unit length, with their places behind."""
    neighbourhood = fit_neighbourhood(own, seed=seed)
    if neighbourhood is None:
        return own
    graph = Graph()
    given, there = graph.input("own", "float32", own.shape[1]), np.ones((1, 1), np.float32)
    graph.output("embedding", with_neighbourhood(given, graph.constant(there), neighbourhood)[0])
    return answers(graph.written(), own)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors (N, D) at unit length."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


if __name__ == "__main__":
    main()
