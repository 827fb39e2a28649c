"""Compares our neighbours with those that pretrained networks found in the same pictures.

    python benchmarks/pretrained.py NEIGHBOURS.json [--artifacts artifacts] [--under iconic200]

NEIGHBOURS.json holds, for each network, {"layer", "top4_agreement", "neighbours": {id: [ids, nearest first]}}, an id
being a file name without its suffix. Folders are classes. For each network and for us: top-4 agreement, and the share
of its ten nearest that are also among ours; the networks among themselves are the measure of what to expect.
"""

import argparse
import json
import sys
from pathlib import Path, PurePosixPath

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import Artifacts, load_embeddings, open_index  # noqa: E402
from pipeline.similarity.lists import sorted_lists  # noqa: E402

DEPTH = 10


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("neighbours", type=Path)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--under", default="", help="only the pictures below this folder of the dataset")
    options = parser.parse_args()
    networks = json.loads(options.neighbours.read_text(encoding="utf-8"))
    artifacts = Artifacts(options.artifacts)
    with open_index(artifacts.index) as index:
        rows = [row for row, path in enumerate(index.paths()) if path.startswith(options.under)]
        names = [PurePosixPath(index.path(row)) for row in rows]
        embeddings = np.asarray(load_embeddings(artifacts, index))[rows]
    ids = [name.stem for name in names]
    known = next(iter(networks.values()))["neighbours"]
    if set(ids) != set(known):
        sys.exit(f"error: {len(set(ids) & set(known))} of {len(known)} pictures are in both; try --under FOLDER")
    row_of = {name: row for row, name in enumerate(ids)}
    labels = np.unique([str(name.parent) for name in names], return_inverse=True)[1]
    lists = {
        "ours": np.concatenate(list(sorted_lists(embeddings, depth=DEPTH, block=512, progress=False)))["row"],
        **{
            name: np.array([[row_of[other] for other in network["neighbours"][i][:DEPTH]] for i in ids])
            for name, network in networks.items()
        },
    }
    print_machine()
    print(f"{len(ids)} pictures, {labels.max() + 1} classes; %\n")
    print(f"{'':16}{'top-4':>8}{'in our ten':>12}{'in the ten of the other networks':>34}")
    for name, own in lists.items():
        top4 = (labels[own[:, :4]] == labels[:, None]).mean()
        others = [shared(own, lists[other]) for other in networks if other != name]
        print(f"{name:16}{100 * top4:8.1f}{100 * shared(own, lists['ours']):12.1f}{100 * np.mean(others):34.1f}")


def shared(first: np.ndarray, second: np.ndarray) -> float:
    """Return which share of the neighbours two sets of lists (N, k) have in common."""
    both = [len(np.intersect1d(a, b)) for a, b in zip(first, second, strict=True)]
    return float(np.mean(both)) / first.shape[1]


if __name__ == "__main__":
    main()
