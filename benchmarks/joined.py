"""Measures how much a network of other origin should count beside what is learnt of a folder, by labels.

    python benchmarks/joined.py PARAMS ARTIFACTS [--weights 1 2 3 4] [--untrained]

PARAMS describes an ONNX file (encoder.path and the keys below it); ARTIFACTS are of a folder whose labels are the names
of its folders, after `train`. Printed is top-4 agreement, and its mean over classes, of either part alone and of both
joined at each weight, in percent, by own parts, without a place among neighbours. Features are computed once.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_json, load_pictures, open_index  # noqa: E402
from pipeline.autoencoder.graph import last_stage, load_float32  # noqa: E402
from pipeline.encoder.foreign import Foreign  # noqa: E402
from pipeline.encoder.joining import Fitted, blocks_of, foreign_block, learn, weighed  # noqa: E402
from pipeline.encoder.weighing import evened  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.similarity.lists import sorted_lists  # noqa: E402
from pipeline.stages.encoder.files import nodes_of  # noqa: E402
from pipeline.trust.measures import DEPTH, agreement  # noqa: E402
from pipeline.vectors import principal  # noqa: E402


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("params", type=Path)
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--weights", type=float, nargs="+", default=[1, 2, 3, 4, 6])
    parser.add_argument("--untrained", action="store_true", help="take the autoencoder before its first step")
    arguments = parser.parse_args()
    params, artifacts = load_params(arguments.params), Artifacts(arguments.artifacts)
    pictures, labels = labelled_pictures(artifacts)
    given, size, rows = params.encoder, params.embed.dimensions, np.arange(len(pictures))
    other = foreign_block(Foreign(Path(given.path), given.size, given.layout, given.mean, given.scale, given.output))
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    network = nodes_of(last_stage(load_float32(artifacts.untrained if arguments.untrained else artifacts.autoencoder)))
    blocks = (*blocks_of(pictures, rows, upright=upright, seed=params.embed.seed), other)
    *own, alone = learn(network, blocks, pictures, rows, dimensions=size)
    both = weighed([*own, alone])
    print_machine()
    print("trust:", ", ".join(f"{kind} {value:.2f}" for kind, value in both.trusted.items()))
    show("folder alone", turned(weighed(own), dimensions=size), labels)
    show("network alone, of its roots", alone.whitened, labels)
    for weight in arguments.weights:
        last = both.whitened[-1] * np.float32(weight / other.treatment.weight)
        show(
            f"both, weight {weight:g}",
            turned(replace(both, whitened=(*both.whitened[:-1], last)), dimensions=size),
            labels,
        )


def labelled_pictures(artifacts: Artifacts) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures of a folder, (N, 256, 256, 3), and the numbers of the folders that they lie in, (N,)."""
    with open_index(artifacts.index) as index:
        names = [str(PurePosixPath(path).parent) for path in index.paths()]
        return np.asarray(load_pictures(artifacts, index)), np.unique(names, return_inverse=True)[1]


def turned(fitted: Fitted, *, dimensions: int) -> NDArray[np.float32]:
    """Return the own parts that an encoder file of fitted blocks gives for the pictures that they were fitted on."""
    joined = np.concatenate(fitted.whitened, axis=1)
    even = joined @ evened(joined) if len(fitted.trusted) > 1 else joined
    return even @ principal(even, dimensions=dimensions)[1].astype(np.float32)


def show(title: str, vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Print a line of the table."""
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    lists = np.concatenate(list(sorted_lists(vectors, depth=DEPTH, block=512, progress=False)))
    found = agreement(lists["row"], labels)
    print(f"{title:48} {100 * found.top4:5.1f} {100 * found.top4_macro:5.1f}", flush=True)


if __name__ == "__main__":
    main()
