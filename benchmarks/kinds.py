"""Measures what share of pairs `compare` calls of the same kind, in folders that have labels.

    python benchmarks/kinds.py ARTIFACTS [ARTIFACTS ...]

Of each folder of artefacts, whose labels are the names of its folders: the share of pairs with the same label, and with
another, that reach the similarity from which on two pictures are of the same kind, in percent; how many of the pairs
that do have the same label; and the same of other rules that were tried, each from similarities alone.
"""

import argparse
import sys
from pathlib import Path, PurePosixPath

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from pipeline.artifacts import Artifacts, load_own_embeddings, load_own_neighbours, open_index  # noqa: E402
from pipeline.similarity.scale import PAIRS, Scale, quantiles, random_pairs  # noqa: E402

MOST = 3000  # pictures whose pairs with all others are counted


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path, nargs="+")
    for root in parser.parse_args().artifacts:
        artifacts = Artifacts(root)
        with open_index(artifacts.index) as index:
            labels = np.array([str(PurePosixPath(path).parent) for path in index.paths()])
            contents = np.array(index.contents())
            embeddings = np.asarray(load_own_embeddings(artifacts, index))
            lists = load_own_neighbours(artifacts, index)
        others = contents[lists["row"]] != contents[:, None]
        nearest = lists["similarity"][np.arange(len(lists)), others.argmax(axis=1)][others.any(axis=1)]
        scale = Scale(tuple(quantiles(nearest)), tuple(quantiles(random_pairs(embeddings, count=PAIRS, seed=0))))
        print(f"\n{root}: {len(labels):,} pictures, {len(set(labels))} labels")
        print(f"{'rule':56}{'from':>7}{'same':>7}{'other':>7}{'right':>7}")
        for rule, similarity in rules(scale, lists).items():
            if similarity is not None:
                print(
                    f"{rule:56}{similarity:7.3f}" + "".join(f"{s:7.1f}" for s in shares(embeddings, labels, similarity))
                )


def rules(scale: Scale, lists: np.ndarray) -> dict[str, float | None]:
    """Return from which similarity on each rule calls two pictures of the same kind."""
    tenth = lists["similarity"][:, min(9, lists.shape[1] - 1)]
    random, nearest = scale.random, scale.nearest
    return {
        "shipped: halfway, typical random pair and nearest": scale.kind_from,
        "halfway, typical random pair and tenth nearest": (random[50] + float(np.median(tenth))) / 2,
        "99 % of random pairs": random[99],
        "90 % of random pairs": random[90],
        "10 % of nearest neighbours": nearest[10],
        "half of the tenth nearest": float(np.median(tenth)),
        "as many random pairs above as nearest below": crossing(scale),
    }


def crossing(scale: Scale) -> float:
    """Return the similarity that as many random pairs reach as nearest neighbours do not."""
    steps = np.linspace(-1, 1, 4001)
    apart = [abs(100 - (scale.percentile_random(s) or 0) - (scale.percentile_nearest(s) or 0)) for s in steps.tolist()]
    return float(steps[int(np.argmin(apart))])


def shares(embeddings: np.ndarray, labels: np.ndarray, similarity: float) -> tuple[float, float, float]:
    """Return the percentages of pairs of one label and of two that reach a similarity; and of one label among these."""
    rows = np.random.default_rng(0).permutation(len(labels))[:MOST]
    pairs, reached = np.zeros(2), np.zeros(2)
    for row in rows:
        same, alike = labels == labels[row], embeddings @ embeddings[row] >= similarity
        same, alike = np.delete(same, row), np.delete(alike, row)
        pairs += same.sum(), (~same).sum()
        reached += (same & alike).sum(), (~same & alike).sum()
    return (*(100 * reached / np.maximum(pairs, 1)), 100 * reached[0] / max(1, reached.sum()))


if __name__ == "__main__":
    main()
