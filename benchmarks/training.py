"""Times a training step against plain float32 Keras `fit` of the same network and loss, side by side.

    python benchmarks/training.py

Both see batches of 64 pictures, two views of 64 pixels each. `fit` gets its views ready made and rebuilds nothing;
the step also makes the views and rebuilds crops. The ratio is of pictures a second; larger is better.
"""

import time

import numpy as np
from machine import print_machine

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.networks import build
from pipeline.autoencoder.objectives import info_nce, networks_for
from pipeline.autoencoder.training import Recipe, _step, processor_policy, start

BATCH, STEPS, ROUNDS, CROP = 64, 10, 3, 64


def fit_seconds() -> float:
    """Return the seconds of one step of Keras fit, the best of some rounds."""
    networks = networks_for(build("residual", policy="float32"), "contrastive")
    assert networks.trunk is not None
    assert networks.head is not None
    model = keras.Model(networks.trunk.input, networks.head(networks.trunk.output[1]))
    model.compile(keras.optimizers.AdamW(0.002, weight_decay=0.01), loss=lambda _, z: info_nce(z))
    views = np.random.default_rng(0).random((STEPS * 2 * BATCH, CROP, CROP, 3), np.float32)
    nothing = np.zeros((len(views), 1), np.float32)
    model.fit(views, nothing, batch_size=2 * BATCH, shuffle=False, verbose=0)
    return min(_seconds(lambda: model.fit(views, nothing, batch_size=2 * BATCH, shuffle=False, verbose=0)))


def step_seconds(policy: str) -> float:
    """Return the seconds of one step of ours, the best of some rounds."""
    recipe = Recipe("residual", "contrastive", 1, BATCH, 0.002, 0.1, CROP, policy, 0)
    step, seed = _step(recipe, start(recipe)), np.array([1, 2])
    batch = np.random.default_rng(0).integers(0, 256, (BATCH, 256, 256, 3), dtype=np.uint8)
    step(batch, seed)
    return min(_seconds(lambda: [step(batch, seed) for _ in range(STEPS)]))


def _seconds(work: object) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()  # type: ignore[operator]
        found.append((time.perf_counter() - started) / STEPS)
    return found


def main() -> None:
    """Print both, and the ratio."""
    print_machine()
    print(f"tensorflow {tf.__version__}, keras {keras.__version__}")
    plain = fit_seconds()
    print(f"Keras fit, float32, views ready made: {1000 * plain:.0f} ms, {BATCH / plain:.0f} pictures/s")
    for policy in dict.fromkeys(["float32", processor_policy()]):
        ours = step_seconds(policy)
        print(f"step, {policy}: {1000 * ours:.0f} ms, {BATCH / ours:.0f} pictures/s, {plain / ours:.2f} times fit")


if __name__ == "__main__":
    main()
