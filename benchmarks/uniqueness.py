"""Measures whether the ranking by uniqueness puts first what does not belong, beside other embeddings.

    cd PROJECT && python .../benchmarks/uniqueness.py [--strangers FOLDER] [--count 30]

Run it where the line has run. Strangers are put among the folder's pictures one at a time, encoded as a new picture
is: those of --strangers, or grains of pollen, each in other light. They were not trained on. Ranked by the distance to
the nearest picture: how often a stranger is before all pictures, or among the first ten, and how often it is before a
picture drawn at random (50 is chance). With labels also: each picture as if it were the last of its class, all others
of it taken away, beside the pictures of other classes. Copies never count as each other's neighbours.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402

from pipeline.artifacts import (  # noqa: E402
    Artifacts,
    load_duplicates,
    load_json,
    load_own_embeddings,
    load_pictures,
    open_index,
    read_labels,
)
from pipeline.encoder.running import encode, open_encoder  # noqa: E402
from pipeline.params import load_params  # noqa: E402
from pipeline.pictures import Limits, RejectedPictureError, find_files, read_picture  # noqa: E402
from pipeline.sample.planting import QUALITY, stranger  # noqa: E402
from pipeline.sample.planting import encode as as_jpeg  # noqa: E402
from pipeline.stages.uniqueness import groups_of_copies  # noqa: E402
from pipeline.trust.baselines import pixel_embeddings  # noqa: E402

_BLOCK = 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strangers", type=Path, help="a folder of pictures; else pollen")
    parser.add_argument("--count", type=int, default=30)
    options = parser.parse_args()
    params, artifacts = load_params(Path("params.yaml")), Artifacts(Path("artifacts"))
    with open_index(artifacts.index) as index:
        paths, embeddings = index.paths(), np.asarray(load_own_embeddings(artifacts, index))
        pictures = load_pictures(artifacts, index)
        groups, hidden = groups_of_copies(load_duplicates(artifacts, index), count=len(paths)), []
    names = read_labels(params.dataset.labels, paths) if params.dataset.labels != "none" else {}
    labels = np.unique([names.get(path, "") for path in paths], return_inverse=True)[1]
    labels[[path not in names for path in paths]] = -1  # unknown
    if options.strangers:
        strange, what = (
            read(options.strangers, options.count, Limits(**vars(params.resize))),
            f"pictures of {options.strangers.name}",
        )
    else:
        strange, what = pollen(options.count), "grains of pollen"
        hidden = [row for row, path in enumerate(paths) if path == planted(artifacts)]
        if hidden:  # or each grain had its like in the folder
            print(f"{paths[hidden[0]]}, the planted one, is left out")
    both = np.concatenate([pictures, strange])
    untrained = own_parts(artifacts.untrained_encoder, both, title="untrained")
    own = np.concatenate([embeddings, own_parts(artifacts.encoder, strange, title="strangers")])
    labels = np.delete(labels, hidden)
    print_machine()
    print(f"{len(paths):,} pictures, {len(strange)} {what}; in percent\n")
    print(f"{'':22}{'first':>7}{'first ten':>11}{'before others':>15}{'last of its class':>19}")
    for title, vectors in {"this model": own, "untrained": untrained, "pixels": pixel_embeddings(both)}.items():
        known, new = np.delete(vectors[: len(paths)], hidden, 0), vectors[len(paths) :]
        usual, alone = distances(known, np.delete(groups, hidden), labels)
        new_distances = 1 - (new @ known.T).max(axis=1)
        ranks = [int((usual >= distance).sum()) for distance in new_distances]
        before = np.mean([before_others(usual, distance) for distance in new_distances])
        classes = np.unique(labels[labels >= 0])
        areas = [np.mean([before_others(usual[labels != c], d) for d in alone[labels == c]]) for c in classes]
        last = f"{100 * np.mean(areas):19.1f}" if len(classes) > 1 else ""
        tops = [100 * np.mean([rank < top for rank in ranks]) for top in (1, 10)]
        print(f"{title:22}{tops[0]:7.0f}{tops[1]:11.0f}{100 * before:15.1f}{last}")


def own_parts(path: Path, pictures: np.ndarray, *, title: str) -> np.ndarray:
    """Return what is unusual by an encoder file: the own parts of its embeddings."""
    encoder = open_encoder(path)
    return encoder.parts.own_of(encode(encoder, pictures, progress=True, title=title))


def distances(embeddings: np.ndarray, groups: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each picture's distance to its nearest that is no copy, and to its nearest of another class: (N,) each."""
    usual, alone = np.empty(len(groups)), np.empty(len(groups))
    for start in range(0, len(groups), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found = embeddings[rows] @ embeddings.T
        copy = groups[rows, None] == groups
        usual[rows] = 1 - np.where(copy, -1, found).max(axis=1)
        alone[rows] = 1 - np.where(copy | (labels[rows, None] == labels), -1, found).max(axis=1)
    return usual, alone


def before_others(usual: np.ndarray, distance: float) -> float:
    """Return the share of pictures that are less unusual; ties count half."""
    return float((usual < distance).mean() + (usual == distance).mean() / 2)


def planted(artifacts: Artifacts) -> str:
    """Return the path of the sample's own stranger; of another folder, none."""
    truth = artifacts.sample / "truth.json"
    return load_json(truth, stage="sample")["stranger"] or "" if truth.is_file() else ""


def pollen(count: int) -> np.ndarray:
    """Photograph grains as the sample's own is: uint8 (count, 256, 256, 3)."""
    files = [as_jpeg(stranger(size=512, rng=np.random.default_rng(seed)), quality=QUALITY) for seed in range(count)]
    found = [Image.open(io.BytesIO(file)).resize((256, 256), Image.Resampling.BILINEAR) for file in files]
    return np.stack([np.asarray(picture) for picture in found])


def read(folder: Path, count: int, limits: Limits) -> np.ndarray:
    """Read pictures of a folder, spread over it: uint8 (at most count, 256, 256, 3)."""
    files, found = find_files(folder), []
    for file in files[:: max(1, len(files) // count)][:count]:
        try:
            found.append(read_picture(folder / file.path, limits).pixels)
        except RejectedPictureError as reason:
            print(f"{file.path}: {reason}", file=sys.stderr)
    return np.stack(found)


if __name__ == "__main__":
    main()
