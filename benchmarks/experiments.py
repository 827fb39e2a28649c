"""Trains with one thing changed and prints the agreement that each block of features and the embedding reach.

    cd PROJECT && pipeline scan && pipeline resize && python .../benchmarks/experiments.py NAME --epochs 8

Run it in a folder whose params.yaml names a labelled dataset. `shipped` changes nothing. What came out is kept
in docs/experiments.md.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from joined import show
from machine import print_machine

from pipeline.artifacts import Artifacts, load_pictures, open_index, read_labels
from pipeline.autoencoder import objectives, training, views
from pipeline.autoencoder.backend import sees_gpu
from pipeline.autoencoder.graph import last_stage, load_float32, nodes
from pipeline.encoder import patches
from pipeline.encoder.joining import blocks_of, learn, weighed
from pipeline.encoder.weighing import evened
from pipeline.params import load_params
from pipeline.stages.train.recipe import find_orientation, recipe_of
from pipeline.vectors import principal

# each experiment: what it sets, as (module, constant) or a name of the recipe
EXPERIMENTS: dict[str, dict[Any, Any]] = {
    "shipped": {},
    "temperature-0.1": {(objectives, "_TEMPERATURE"): 0.1},
    "grey-0.2": {(views, "_GREY"): 0.2},
    "float32": {"policy": "float32"},
    "batch-128": {"batch_size": 128},
    "batch-256": {"batch_size": 256},
    "rate-0.001": {"learning_rate": 0.001},
    "crop-96": {"crop": 96},
    "rebuild-1": {(objectives, "_WEIGHT"): 1.0},
    "rebuild-40": {(objectives, "_WEIGHT"): 40.0},
    "area-0.08": {(objectives, "_AREA"): (0.08, 1.0)},
    "turn-15": {"turn": 15.0},
    "turn-180": {"turn": 180.0},
    "threshold-0.5": {(patches, "_THRESHOLD"): 0.5},
    "words-512": {(patches, "_WORDS"): 512},
    "reconstruction": {"objective": "reconstruction"},
}


def main() -> None:
    """Run one experiment and print its row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=EXPERIMENTS)
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    artifacts, params = Artifacts(Path("artifacts")), load_params(Path("params.yaml"))
    with open_index(artifacts.index) as index:
        paths, pictures = index.paths(), load_pictures(artifacts, index)
    names = read_labels(params.dataset.labels, paths)
    labels = np.unique([names[path] for path in paths], return_inverse=True)[1]
    upright = find_orientation(params, pictures)["upright"]
    recipe = recipe_of(params, len(pictures), upright=upright, on_gpu=sees_gpu()).__dict__ | {
        "epochs": arguments.epochs
    }
    for what, value in EXPERIMENTS[arguments.name].items():
        if isinstance(what, str):
            recipe[what] = value
        else:
            assert hasattr(*what)
            setattr(*what, value)
    recipe = training.Recipe(**recipe)
    progress = training.start(recipe)
    started = time.perf_counter()
    training.train(pictures, recipe, progress, after_epoch=lambda _: None, show=True)
    seconds = time.perf_counter() - started
    print_machine()
    print(f"{arguments.name}: {arguments.epochs} epochs, {len(pictures):,} pictures, {seconds:.0f} s; top-4 / macro, %")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "autoencoder.keras"
        training.save_model(progress, path)
        network = last_stage(load_float32(path))
    rows = np.arange(len(pictures))
    blocks = blocks_of(pictures, rows, upright=recipe.turn == 0, seed=params.embed.seed)
    dimensions = params.embed.dimensions
    fitted = weighed(learn(lambda pixels: nodes(network, pixels)[0], blocks, pictures, rows, dimensions=dimensions))
    joined = np.concatenate(fitted.whitened, axis=1)
    even = joined @ evened(joined)
    turned = even @ principal(even, dimensions=dimensions)[1].astype(np.float32)
    vectors_of = {block.name: found for block, found in zip(fitted.blocks, fitted.whitened, strict=True)}
    for title, vectors in ({"joined": joined, "evened": even, "turned": turned} | vectors_of).items():
        show(title, vectors, labels)


if __name__ == "__main__":
    main()
