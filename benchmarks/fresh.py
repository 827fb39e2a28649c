"""Measures how well pictures that were never in the folder find their class: fresh queries.

    python benchmarks/fresh.py ARTIFACTS --held-out-of fits|training --seed 0

A fifth of each class, drawn at random, is held out of a copy of the folder; the rest goes through the stages
themselves, in artefacts of their own, and what was held out is encoded as a query would be. With `fits` the network of
ARTIFACTS is taken as it is, which has seen all pictures in training, and only what `embed` fits knows none of them;
with `training` a network is trained on the rest. It prints the top-4 agreement of the queries with the rest, and its
mean over classes.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from machine import print_machine
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from pipeline.artifacts import Artifacts, load_embeddings, load_pictures, open_index  # noqa: E402
from pipeline.encoder.running import encode, open_encoder  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.stages.embed import embed  # noqa: E402
from pipeline.stages.encoder import encoder  # noqa: E402
from pipeline.stages.resize import resize  # noqa: E402
from pipeline.stages.scan import scan  # noqa: E402
from pipeline.stages.train import train  # noqa: E402

SHARE = 0.2


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path)
    parser.add_argument("--held-out-of", choices=("fits", "training"), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    options = parser.parse_args()
    artifacts, params = Artifacts(options.artifacts), load_params(options.params)
    with open_index(artifacts.index) as index:
        paths, dataset, pictures = index.paths(), index.dataset, load_pictures(artifacts, index)
    names = [str(PurePosixPath(path).parent) for path in paths]
    held = drawn(np.unique(names, return_inverse=True)[1], seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        rest, own = Path(folder) / "pictures", Artifacts(Path(folder) / "artifacts")
        for path in (path for path, out in zip(paths, held, strict=True) if not out):
            (rest / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(dataset / path, rest / path)
        params = replace(params, dataset=replace(params.dataset, path=str(rest)))
        scan(params, own)
        resize(params, own)
        if options.held_out_of == "training":
            train(params, own, resume=False)
        else:
            take_network(artifacts, own)
        encoder(params, own)
        embed(params, own)
        with open_index(own.index) as index:
            known = np.array([str(PurePosixPath(path).parent) for path in index.paths()])
            embeddings = np.asarray(load_embeddings(own, index))
        queries = encode(open_encoder(own.encoder), np.asarray(pictures[held]), progress=True)
    right = agreement(queries, embeddings, np.array(names)[held], known)
    classes = np.unique(np.array(names)[held], return_inverse=True)[1]
    macro = (np.bincount(classes, right) / np.bincount(classes)).mean()
    print_machine()
    print(
        f"{len(queries):,} fresh queries among {len(known):,}, held out of {options.held_out_of}, seed {options.seed}"
    )
    print(f"top-4 {100 * right.mean():.1f}, macro {100 * macro:.1f}")


def drawn(labels: NDArray[np.int64], *, seed: int) -> NDArray[np.bool_]:
    """Return which pictures are held out (N,): a fifth of each class, rounded, at random."""
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for number in range(labels.max() + 1):
        rows = generator.permutation(np.flatnonzero(labels == number))
        held[rows[: round(SHARE * len(rows))]] = True
    return held


def take_network(theirs: Artifacts, own: Artifacts) -> None:
    """Copy what training left, which has seen all pictures."""
    own.metrics("train").parent.mkdir(parents=True, exist_ok=True)
    for path, place in (
        (theirs.autoencoder, own.autoencoder),
        (theirs.untrained, own.untrained),
        (theirs.metrics("train"), own.metrics("train")),
    ):
        shutil.copyfile(path, place)


def agreement(
    queries: NDArray[np.float32], embeddings: NDArray[np.float32], names: NDArray[np.str_], known: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Return the share of the four nearest that have each query's class: (Q,)."""
    nearest = np.argsort(-(queries @ embeddings.T), axis=1, kind="stable")[:, :4]
    shares: NDArray[np.float64] = (known[nearest] == names[:, None]).mean(axis=1)
    return shares


if __name__ == "__main__":
    main()
