"""Compares ways to choose the number of groups, in folders that have labels.

    python benchmarks/choice.py ARTIFACTS [ARTIFACTS ...] [--kinds 3 6 10] [--draws 3]

Of each folder of artefacts, whose labels are the names of its folders: the K that each rule chooses from the shipped
sweep, and the adjusted Rand index and purity of the groups that the sweep found for it, beside those of as many groups
as there are labels and the best K of the sweep by the labels. The full silhouette, of all pairs of at most 1,000
pictures, and the gap, to the losses of pictures whose principal scores were shuffled, are no part of the project.
All that by the own parts of embeddings and, where they have a place among neighbours, by whole ones; and last as
`groups` does it: K by own parts, groups of whole embeddings.

`--kinds` draws that many labels at random, `--draws` times each, and takes their pictures alone, as they are embedded
in the whole folder, for one folder's labels are one example. Printed is, as `groups` does it, the index of each rule's
K as a share of the best of the sweep by the labels, in the mean over the draws, in percent.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from pipeline.artifacts import Artifacts, load_embeddings, load_own_embeddings, open_index  # noqa: E402
from pipeline.groups import Sweep, assign, k_by_both, k_by_elbow, k_by_silhouette, sweep  # noqa: E402
from pipeline.trust.measures import adjusted_rand, purity  # noqa: E402
from pipeline.wording import counted  # noqa: E402

MOST = 1000  # pictures that the full silhouette is taken of


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path, nargs="+")
    parser.add_argument("--kinds", type=int, nargs="+", help="numbers of labels to draw")
    parser.add_argument("--draws", type=int, default=3, help="of each number of labels")
    arguments = parser.parse_args()
    for root in arguments.artifacts:
        artifacts = Artifacts(root)
        with open_index(artifacts.index) as index:
            names = [str(PurePosixPath(path).parent) for path in index.paths()]
            whole, own = (np.asarray(load(artifacts, index)) for load in (load_embeddings, load_own_embeddings))
        labels = np.unique(names, return_inverse=True)[1]
        with threadpool_limits(1, user_api="blas"):
            if arguments.kinds:
                show_drawn(str(root), own, whole, labels, kinds=arguments.kinds, draws=arguments.draws)
                continue
            by_own = show(f"{root}, by own parts", own, labels)
            if whole.shape == own.shape:
                continue
            by_whole = show(f"{root}, by whole embeddings", whole, labels)
            print("K by own parts, groups of the whole")
            for rule, k in cheap(by_own, num_pictures=len(own)).items():
                groups = assign(whole, by_whole.medoids[int(k - by_whole.ks[0])]).groups
                print(f"{rule:40}{k:5}{adjusted_rand(groups, labels):8.3f}{purity(groups, labels):8.3f}")


def show(title: str, embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> Sweep:
    """Print what each rule chooses, and how well those groups agree with the labels; return the sweep."""
    swept = swept_of(embeddings, seed=0)
    groups = [assign(embeddings, medoids).groups for medoids in swept.medoids]
    rand = [adjusted_rand(one, labels) for one in groups]
    classes = len(set(labels.tolist()))
    print(f"\n{title}: {len(labels):,} pictures, {classes} labels\n{'rule':40}{'K':>5}{'Rand':>8}{'purity':>8}")
    for rule, k in (chosen(embeddings, swept, groups) | {"as many as labels": classes}).items():
        if swept.ks[0] <= k <= swept.ks[-1]:
            place = int(k - swept.ks[0])
            print(f"{rule:40}{k:5}{rand[place]:8.3f}{purity(groups[place], labels):8.3f}")
    best = int(np.argmax(rand))
    print(f"{'the best by the labels':40}{swept.ks[best]:5}{rand[best]:8.3f}{purity(groups[best], labels):8.3f}")
    return swept


def show_drawn(
    title: str,
    own: NDArray[np.float32],
    whole: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    kinds: Sequence[int],
    draws: int,
) -> None:
    """Print how near each rule comes to the best K of the sweep where only some labels' pictures are there."""
    generator = np.random.default_rng(0)
    columns: list[dict[str, float]] = []
    for count in kinds:
        shares: list[dict[str, float]] = []
        for _ in range(draws):
            drawn = np.flatnonzero(np.isin(labels, generator.choice(labels.max() + 1, count, replace=False)))
            rows = np.sort(generator.permutation(drawn)[:MOST])
            swept, last = swept_of(own[rows], seed=0), swept_of(whole[rows], seed=0)
            groups = [assign(own[rows], medoids).groups for medoids in swept.medoids]
            rand = [adjusted_rand(assign(whole[rows], medoids).groups, labels[rows]) for medoids in last.medoids]
            rules = chosen(own[rows], swept, groups) | {"as many as labels": count}
            places = {rule: min(k - int(last.ks[0]), len(rand) - 1) for rule, k in rules.items()}
            shares.append({rule: rand[place] / max(rand) for rule, place in places.items()})
        columns.append({rule: float(np.mean([share[rule] for share in shares])) for rule in shares[0]})
    print(f"\n{title}, {counted(draws, 'draw')} of so many labels\n{'rule':40}{''.join(f'{k:8}' for k in kinds)}")
    for rule in columns[0]:
        print(f"{rule:40}{''.join(f'{100 * column[rule]:8.1f}' for column in columns)}")


def swept_of(embeddings: NDArray[np.float32], *, seed: int) -> Sweep:
    """Return the sweep that params.yaml asks for."""
    generator = np.random.default_rng(seed)
    return sweep(embeddings, k_minimum=2, k_maximum=100, sweep_columns=1000, generator=generator)


def cheap(swept: Sweep, *, num_pictures: int) -> dict[str, int]:
    """Return the K of each rule that `groups` has or had, and that asks the sweep alone."""
    ks, losses, silhouettes = swept.ks, swept.losses, swept.silhouettes
    paying = ks <= k_by_elbow(ks, losses)
    return {
        "elbow": k_by_elbow(ks, losses),
        "silhouette": k_by_silhouette(ks, silhouettes),
        "silhouette, largest up to the elbow": k_by_silhouette(ks[paying], silhouettes[paying]),
        "silhouette, middle up to elbow and root": k_by_both(ks, losses, silhouettes, num_pictures=num_pictures),
    }


def chosen(embeddings: NDArray[np.float32], swept: Sweep, groups: list[NDArray[np.int64]]) -> dict[str, int]:
    """Return the K of each rule."""
    ks, losses, silhouettes = swept.ks, swept.losses, swept.silhouettes
    half = silhouettes - np.interp(ks, [ks[0], ks[-1]], [silhouettes[0], silhouettes[-1]])
    gaps = np.log(shuffled_losses(embeddings)) - np.log(losses)
    return {
        **cheap(swept, num_pictures=len(embeddings)),
        "silhouette, farthest above its chord": int(ks[half.argmax()]),
        "silhouette, up to the root of N": k_by_silhouette(
            *(each[ks <= max(2, len(embeddings) ** 0.5)] for each in (ks, silhouettes))
        ),
        "elbow over the logarithm of K": int(ks[below_the_chord(np.log(ks), losses).argmax()]),
        "full silhouette": int(ks[int(np.argmax(full_silhouettes(embeddings, groups)))]),
        "gap": int(ks[gaps.argmax()]),
        "root of N / 2": round((len(embeddings) / 2) ** 0.5),
    }


def below_the_chord(places: NDArray[np.float64], losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each loss lies below the straight line from the first to the last."""
    line: NDArray[np.float64] = np.interp(places, places[[0, -1]], losses[[0, -1]]) - losses
    return line


def full_silhouettes(embeddings: NDArray[np.float32], groups: list[NDArray[np.int64]]) -> list[float]:
    """Return the mean silhouette of each grouping, of some of the pictures; -1 where they are all in one group."""
    rows = np.random.default_rng(0).permutation(len(embeddings))[:MOST]
    distances = np.clip(1 - embeddings[rows] @ embeddings[rows].T, 0, 2)
    np.fill_diagonal(distances, 0)
    some = [one[rows] for one in groups]
    return [
        silhouette_score(distances, one, metric="precomputed") if 1 < len(set(one)) < len(rows) else -1.0
        for one in some
    ]


def shuffled_losses(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the losses of as many pictures without groups: each principal score is dealt out anew."""
    mean = embeddings.mean(axis=0)
    scores, spreads, directions = np.linalg.svd(embeddings - mean, full_matrices=False)
    generator = np.random.default_rng(0)
    dealt = np.stack([generator.permutation(each) for each in (scores * spreads).T], axis=1) @ directions + mean
    return swept_of((dealt / np.linalg.norm(dealt, axis=1, keepdims=True)).astype(np.float32), seed=0).losses


if __name__ == "__main__":
    main()
