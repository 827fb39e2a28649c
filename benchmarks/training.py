"""Times a training step against plain float32 Keras `fit` of the same network and loss, side by side.

    python benchmarks/training.py

Both see batches of 128 pictures: two views of 64 pixels and one of 32. `fit` gets its views ready made and rebuilds
nothing, and has AdamW; the step also makes the views, rebuilds crops and has Muon, as shipped. The ratio is of pictures
a second; larger is better.
"""

import time

import numpy as np
from machine import print_machine

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.networks import build
from pipeline.autoencoder.objectives import find_partners, info_nce, networks_for
from pipeline.autoencoder.training import Recipe, _step, processor_policy, start

BATCH, STEPS, ROUNDS, CROP = 128, 8, 3, 64


class Plain(keras.Model):  # type: ignore[misc]
    """The same trunk, head and contrastive loss, as one would write them for `fit`."""

    def __init__(self) -> None:
        super().__init__()
        networks = networks_for(build("residual", policy="float32"), "contrastive")
        assert networks.trunk is not None
        assert networks.head is not None
        self.project = keras.Model(networks.trunk.input, networks.head(networks.trunk.output[1]))

    def call(self, inputs: list[tf.Tensor], training: bool = False) -> tf.Tensor:
        """Return the projections of both views and of the small view: (3B, 128)."""
        views, small = inputs
        both = tf.concat([views[:, 0], views[:, 1]], 0)
        return tf.concat([self.project(both, training=training), self.project(small, training=training)], 0)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return what the step minimises, but for the reconstruction."""
        del x, y, sample_weight, training
        first, second, small = tf.split(y_pred, 3)
        views = tf.concat([first, second], 0)
        return info_nce(views) + find_partners(small, views)


def fit_seconds() -> float:
    """Return the seconds of one step of Keras fit, the best of some rounds."""
    model = Plain()
    model.compile(keras.optimizers.AdamW(0.002, weight_decay=0.01))
    generator = np.random.default_rng(0)
    views = generator.random((STEPS * BATCH, 2, CROP, CROP, 3), np.float32)
    small = generator.random((STEPS * BATCH, CROP // 2, CROP // 2, 3), np.float32)

    def fit() -> None:
        model.fit([views, small], np.zeros(len(views)), batch_size=BATCH, shuffle=False, verbose=0)

    fit()
    return min(_seconds(fit))


def step_seconds(policy: str) -> float:
    """Return the seconds of one step of ours, the best of some rounds."""
    recipe = Recipe("residual", "scratch", "contrastive", 1, BATCH, 0.002, 0.1, CROP, 0.0, policy, 0)
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
