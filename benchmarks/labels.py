"""Measures labels from 1, 5 and 10 examples a class: of the embeddings, of pixels, and of other encoders.

    cd PROJECT && python benchmarks/labels.py [--encoder NETWORK/encoder.onnx] [--draws 5]

Run it where params.yaml names a labelled dataset and the line has run. Examples are drawn at random; what is measured
is the share of all other pictures that get their class, mean over draws: of each method, and of the one that
cross-validation on the examples chooses. An encoder file of another network is what the stages from scan to embed write
with encoder.kind: onnx, as `pipeline --params NETWORK.yaml --artifacts NETWORK embed`; its rows bear the folder's name.
Then, with this model's embeddings: how often a label is right by its confidence, and what it gains to label next what
is proposed, beside as many pictures at random.
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_embeddings, load_pictures, open_index, read_labels  # noqa: E402
from pipeline.encoder.running import encode, open_encoder  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.similarity.labelling import METHODS, Choice, Examples, choose_method, label, most_helpful  # noqa: E402
from pipeline.similarity.lists import sorted_lists  # noqa: E402
from pipeline.trust.baselines import pixel_embeddings  # noqa: E402

EACH = (1, 5, 10)  # examples of a class
DEPTH = 20
BINS = (0.0, 0.5, 0.7, 0.9, 0.99, 1.01)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--encoder", type=Path, action="append", default=[], help="can be repeated")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    artifacts, params = Artifacts(options.artifacts), load_params(options.params)
    with open_index(artifacts.index) as index:
        paths, pictures = index.paths(), load_pictures(artifacts, index)
        own = np.asarray(load_embeddings(artifacts, index))
    names = read_labels(params.dataset.labels, paths)
    classes, truth = np.unique([names.get(path, "") for path in paths], return_inverse=True)
    print_machine()
    print(f"{len(paths):,} pictures, {len(classes)} classes; share of right labels, %, mean of {options.draws} draws\n")
    print(f"{'':14}{'examples a class':20}" + "".join(f"{each:8}" for each in EACH))
    measure("this model", own, truth, options.draws)
    measure("pixels", pixel_embeddings(pictures), truth, options.draws)
    for path in options.encoder:
        measure(path.parent.name, encode(open_encoder(path), pictures, progress=True), truth, options.draws)
    confidences(own, truth, options.draws)
    helpfulness(own, truth, options.draws)


def measure(name: str, embeddings: np.ndarray, truth: np.ndarray, draws: int) -> None:
    """Print how many labels are right, of each method and of the chosen one."""
    lists = lists_of(embeddings)
    table = {method: {each: [] for each in EACH} for method in (*METHODS, "chosen")}
    for each in EACH:
        for seed in range(draws):
            examples = drawn(truth, each, seed)
            right = {m: accuracy(METHODS[m](embeddings, lists, examples), truth, examples) for m in METHODS}
            right["chosen"] = right[choose_method(embeddings, lists, examples, seed=0).method]
            for method, share in right.items():
                table[method][each].append(share)
    for method, shares in table.items():
        print(f"{name:14}{method:20}" + "".join(f"{100 * np.mean(shares[each]):8.1f}" for each in EACH), flush=True)


def confidences(embeddings: np.ndarray, truth: np.ndarray, draws: int) -> None:
    """Print how many labels are right by how sure they are, with five examples a class."""
    sure, right = [], []
    lists = lists_of(embeddings)
    for seed in range(draws):
        examples = drawn(truth, 5, seed)
        shares = label(embeddings, lists, examples, choose_method(embeddings, lists, examples, seed=0))
        others = np.setdiff1d(np.arange(len(truth)), examples.rows)
        sure.append(shares[others].max(axis=1))
        right.append(shares[others].argmax(axis=1) == truth[others])
    sure, right = np.concatenate(sure), np.concatenate(right)
    print(f"\n{'confidence, 5 examples a class':34}{'pictures, %':>12}{'mean, %':>9}{'right, %':>9}")
    for low, high in itertools.pairwise(BINS):
        within = (sure >= low) & (sure < high)
        if within.any():
            numbers = f"{100 * within.mean():12.1f}{100 * sure[within].mean():9.1f}{100 * right[within].mean():9.1f}"
            print(f"{f'{low:.2f} to {min(high, 1):.2f}':34}{numbers}")


def helpfulness(embeddings: np.ndarray, truth: np.ndarray, draws: int) -> None:
    """Print what it gains to label as many pictures again as there are classes: proposed, or at random."""
    lists, gains = lists_of(embeddings), {"before": [], "proposed": [], "at random": []}
    for seed in range(draws):
        examples = drawn(truth, 1, seed)
        choice = Choice("label spreading", {}, 1.0)
        shares = label(embeddings, lists, examples, choice)
        others = np.setdiff1d(np.arange(len(truth)), examples.rows)
        count = examples.num_classes
        further = {
            "before": np.empty(0, np.int64),
            "proposed": most_helpful(shares, lists, count=count),
            "at random": np.random.default_rng(seed).choice(others, count, replace=False),
        }
        everything = np.unique(np.concatenate(list(further.values())))  # judged on none of them
        for name, rows in further.items():
            known = np.concatenate([examples.rows, rows])
            more = Examples(known, truth[known], count)
            gains[name].append(accuracy(label(embeddings, lists, more, choice), truth, more, also=everything))
    print(f"\none example a class, right labels, %, and after labelling {examples.num_classes} more pictures")
    print(", ".join(f"{name} {100 * np.mean(shares):.1f}" for name, shares in gains.items()))


def drawn(truth: np.ndarray, each: int, seed: int) -> Examples:
    """Draw examples of each class; all of a class that has fewer, but one."""
    generator = np.random.default_rng(seed)
    count = int(truth.max()) + 1
    members = [generator.permutation(np.flatnonzero(truth == number)) for number in range(count)]
    rows = np.concatenate([own[: max(1, min(each, len(own) - 1))] for own in members])
    return Examples(rows, truth[rows], count)


def accuracy(shares: np.ndarray, truth: np.ndarray, examples: Examples, also: np.ndarray | None = None) -> float:
    """Return the share of right labels among pictures that are neither examples nor left out `also`."""
    others = np.setdiff1d(np.arange(len(truth)), examples.rows if also is None else np.union1d(examples.rows, also))
    return float((shares[others].argmax(axis=1) == truth[others]).mean())


def lists_of(embeddings: np.ndarray) -> np.ndarray:
    """Return the sorted lists."""
    return np.concatenate(list(sorted_lists(embeddings, depth=DEPTH, block=512, progress=False)))


if __name__ == "__main__":
    main()
