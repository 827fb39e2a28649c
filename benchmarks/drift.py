"""What a new training would find more when a folder has changed: the bounds of `pipeline.trust.drift`.

    python benchmarks/drift.py ~/caltech101 --other ~/flowers

A network is trained on pictures of half the classes. Then pictures are added: more of the same classes, of the other
half, of another set; a fifth of the folder, or half of it. For each case it prints how far the new pictures lie from
the old ones, as the stage `refresh` measures it, and the agreement of the four nearest with the class, of new pictures
and of all: with the encoder as it was, with what is learnt without training learnt anew, and trained anew.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from machine import print_machine
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, load_embeddings, open_index
from pipeline.encoder.running import open_encoder
from pipeline.params import Params, load_params
from pipeline.pictures import find_files
from pipeline.similarity.lists import sorted_lists
from pipeline.stages.embed import embed
from pipeline.stages.encoder import encoder
from pipeline.stages.resize import resize
from pipeline.stages.scan import scan
from pipeline.stages.train import train
from pipeline.trust.drift import farther

ROOT = Path(__file__).parents[1]
Paths = list[Path]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder with a folder for each class")
    parser.add_argument("--other", type=Path, required=True, help="another such folder, of other things")
    parser.add_argument("--base", type=int, default=1000, help="pictures that are trained on")
    parser.add_argument("--views", type=int, default=20_000, help="of each training")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print_machine()
    generator = np.random.default_rng(options.seed)
    classes = generator.permutation(sorted(path.name for path in options.pictures.iterdir() if path.is_dir()))
    half = set(classes[: len(classes) // 2].tolist())
    same = drawn(options.pictures, half, generator)
    base, same = same[: options.base], same[options.base :]
    strange, other = (drawn(options.pictures, set(classes) - half, generator), drawn(options.other, None, generator))
    fifth = options.base // 4
    cases = {
        "more of the same classes, a fifth": same[:fifth],
        "more of the same classes, half": same[: options.base],
        "other classes, a fifth": strange[:fifth],
        "other classes, half": strange[: options.base],
        "another set, a fifth": other[:fifth],
        "another set, half": other[: options.base],
    }
    params = load_params(ROOT / "params.yaml")
    params = replace(params, train=replace(params.train, views=options.views, seed=options.seed))
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stderr(io.StringIO()):
        compare(cases, base, params, Path(place))


def drawn(folder: Path, classes: set[str] | None, generator: np.random.Generator) -> Paths:
    """Return the pictures of some classes, or of all, in random order."""
    files = [folder / file.path for file in find_files(folder) if not file.problem]
    some = [file for file in files if classes is None or file.relative_to(folder).parts[0] in classes]
    return [some[row] for row in generator.permutation(len(some))]


def compare(cases: dict[str, Paths], base: Paths, params: Params, place: Path) -> None:
    """Print a line for each case."""
    trained = Artifacts(place / "base")
    begin(params, trained, base, [], place / "base_pictures")
    for stage in (train, encoder, embed):
        stage(at(params, place / "base_pictures"), trained)
    titles = "".join(f"{title:>14}" for title in ("as it was", "learnt anew", "trained anew"))
    print(f"{'top-4 agreement, %: new pictures and all':42}{'farther':>8}{titles}")
    for number, (name, added) in enumerate(cases.items()):
        folder, found = place / f"pictures{number}", []
        artifacts = Artifacts(place / f"case{number}")
        begin(params, artifacts, base, added, folder)
        for file in ("autoencoder.keras", "untrained.keras", "metrics/train.json", "encoder.onnx"):
            (artifacts.root / file).parent.mkdir(exist_ok=True)
            os.link(trained.root / file, artifacts.root / file)
        embed(at(params, folder), artifacts)
        apart = distance(artifacts)
        found.append(agreement(artifacts))
        artifacts.encoder.unlink()
        for stages in ((encoder, embed), (train, encoder, embed)):
            if train in stages:
                for file in ("autoencoder.keras", "untrained.keras", "metrics/train.json"):  # linked
                    (artifacts.root / file).unlink()
            for stage in stages:
                stage(at(params, folder), artifacts)
            found.append(agreement(artifacts))
        numbers = "".join(f"{100 * new:8.1f} {100 * every:5.1f}" for new, every in found)
        print(f"{name:42}{apart:8.2f}{numbers}", flush=True)


def at(params: Params, folder: Path) -> Params:
    """Return the params of a folder."""
    return replace(params, dataset=replace(params.dataset, path=str(folder)))


def begin(params: Params, artifacts: Artifacts, old: Paths, new: Paths, folder: Path) -> None:
    """Make a folder of old and new pictures, and read it."""
    for number, picture in enumerate([*old, *new]):
        kind = "0_old" if number < len(old) else "1_new"
        target = folder / kind / picture.parent.name / f"{number}_{picture.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.read_bytes())
    scan(at(params, folder), artifacts)
    resize(at(params, folder), artifacts)


def distance(artifacts: Artifacts) -> float:
    """Return how far the new pictures lie from the old ones."""
    with open_index(artifacts.index) as index:
        is_new = np.array([path.startswith("1_new") for path in index.paths()])
        embeddings = np.asarray(load_embeddings(artifacts, index))
    own = open_encoder(artifacts.encoder).parts.own_of(embeddings)
    return farther(own[~is_new], own[is_new]) or 0.0


def agreement(artifacts: Artifacts) -> tuple[float, float]:
    """Return the agreement of the four nearest with the class, of new pictures and of all."""
    with open_index(artifacts.index) as index:
        paths = index.paths()
        embeddings = np.asarray(load_embeddings(artifacts, index))
    labels = np.unique([path.split("/")[1] for path in paths], return_inverse=True)[1]
    rows: NDArray[np.int32] = np.concatenate(list(sorted_lists(embeddings, depth=4, block=512, progress=False)))["row"]
    hits = (labels[rows] == labels[:, None]).mean(axis=1)
    return float(hits[[path.startswith("1_new") for path in paths]].mean()), float(hits.mean())


if __name__ == "__main__":
    main()
