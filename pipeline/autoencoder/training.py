"""The training loop: batches, steps, validation, best weights, resuming."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.networks import SIZE, build
from pipeline.autoencoder.objectives import Networks, Objective, contrastive, networks_for, reconstruction
from pipeline.autoencoder.optimiser import MatrixOptimiser
from pipeline.autoencoder.starting import grown_weights
from pipeline.pixels import Pictures

Rows = NDArray[np.int64]
_WARM_UP = 0.07  # share of the training
VALIDATION_PICTURES = 1024  # at most so many pictures are looked at after each epoch
_TIMED = 6  # steps after which the pace is known: the first compiles, the median of five overlooks a hiccup
_FORWARD = 1 / 3  # of a step's time is what validation takes: going back costs twice as much as going forward


class Epoch(NamedTuple):
    """One row of the history; losses are means over the epoch, larger is worse."""

    epoch: int
    loss: float
    validation_loss: float
    seconds: float


@dataclass(frozen=True)
class Recipe:
    """All that decides the result of a training, beside the pictures."""

    network: str
    start: str
    objective: str
    epochs: int
    batch_size: int
    learning_rate: float
    validation_share: float
    crop: int
    turn: float
    policy: str
    seed: int


@dataclass
class Progress:
    """What a training has reached: enough to go on from."""

    networks: Networks
    optimiser: keras.optimizers.Optimizer
    history: list[Epoch] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The smallest validation loss so far."""
        return min((epoch.validation_loss for epoch in self.history), default=float("inf"))

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything that a step may change, in an order that building it again gives again."""
        head = self.networks.head.variables if self.networks.head else []
        return [*self.networks.autoencoder.variables, *head, *self.optimiser.variables]


def processor_policy() -> str:
    """Return "mixed_bfloat16" where the processor multiplies bfloat16 in hardware, else "float32".

    With AMX or AVX-512 BF16 a step takes a half to three quarters of the time; without, bfloat16 is emulated
    and slower.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "amx_bf16" in flags or "avx512_bf16" in flags else "float32"


def split(num_pictures: int, *, validation_share: float, seed: int) -> tuple[Rows, Rows]:
    """Split the rows at random into training and validation rows, each ascending, neither empty.

    A single picture is both.
    """
    if num_pictures == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    order = np.random.default_rng(seed).permutation(num_pictures)
    count = min(max(1, round(num_pictures * validation_share)), num_pictures - 1)
    return np.sort(order[count:]), np.sort(order[:count])


def start(recipe: Recipe) -> Progress:
    """Return networks that have seen no picture of the folder, and their optimiser, from the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    networks = networks_for(build(recipe.network, policy=recipe.policy), recipe.objective)
    if recipe.start == "grown":
        networks.autoencoder.set_weights(grown_weights())
    if recipe.network == "classic":
        optimiser = keras.optimizers.Adam(recipe.learning_rate)
    else:
        optimiser = MatrixOptimiser(recipe.learning_rate, policy=recipe.policy)
    optimiser.build(networks.weights)
    return Progress(networks, optimiser)


def save_model(progress: Progress, path: Path) -> None:
    """Write the autoencoder as a .keras file."""
    progress.networks.autoencoder.save(path)


def save_state(progress: Progress, path: Path) -> None:
    """Write every number that a resumed training needs as an .npz file."""
    np.savez(path, *[np.asarray(variable) for variable in progress.variables])


def restore_state(progress: Progress, path: Path) -> None:
    """Read what `save_state` wrote into freshly started networks; OSError or ValueError if it doesn't fit."""
    with np.load(path, allow_pickle=False) as state:
        values = [state[name] for name in state.files]
    for variable, value in zip(progress.variables, values, strict=True):
        variable.assign(value)


def train(
    pictures: Pictures,
    recipe: Recipe,
    progress: Progress,
    *,
    after_epoch: Callable[[Progress], None],
    when_timed: Callable[[float], None] | None = None,
    show: bool,
) -> None:
    """Train until the recipe's number of epochs, from wherever `progress` stands.

    Parameters
    ----------
    pictures
        uint8 (N, 256, 256, 3), may be memory-mapped.
    recipe
        What to do; the batches of epoch i depend on the seed and i alone, so that a resumed training sees
        the batches that it would have seen.
    progress
        Changed in place: its weights, its optimiser's state, its history.
    after_epoch
        Called after each epoch: saves what shall outlive a kill.
    when_timed
        Called once, after the first few steps, with the seconds that an epoch will take by their pace, without
        what `after_epoch` does; never if the training has fewer steps than these.
    show
        Whether to show a progress bar with the time left on stderr.

    Raises
    ------
    FloatingPointError
        If a loss is no finite number: the rate is too high for these pictures.
    """
    training, validation = split(len(pictures), validation_share=recipe.validation_share, seed=recipe.seed)
    step, validate = _step(recipe, progress), _validation(recipe, progress.networks)
    first = len(progress.history)
    steps = _steps(len(training), recipe)
    validating = _steps(len(_looked_at(validation)), recipe) * _FORWARD
    paces: list[float] = []
    with tqdm(total=(recipe.epochs - first) * steps, desc="train", unit=" steps", disable=not show) as bar:
        for epoch in range(first, recipe.epochs):
            started, losses = time.perf_counter(), []
            generator = np.random.default_rng([recipe.seed, epoch])
            before = started
            for number, batch in enumerate(_batches(pictures, training, recipe, generator)):
                progress.optimiser.learning_rate = _learning_rate(recipe, (epoch * steps + number) / steps)
                losses.append(step(batch, generator.integers(0, 2**31, 2)))
                bar.update()
                before, pace = time.perf_counter(), time.perf_counter() - before
                paces.append(pace)
                if len(paces) == _TIMED and when_timed:
                    when_timed(float(np.median(paces[1:])) * (steps + validating))
            loss, validation_loss = float(np.mean(losses)), validate(pictures, validation)
            seconds = time.perf_counter() - started
            if not math.isfinite(loss + validation_loss):
                raise FloatingPointError(f"the losses of epoch {epoch + 1} are {loss:g} and {validation_loss:g}")
            progress.history.append(Epoch(epoch + 1, loss, validation_loss, seconds))
            bar.set_postfix(epoch=epoch + 1, loss=f"{loss:.4f}", validation=f"{validation_loss:.4f}")
            after_epoch(progress)


def _learning_rate(recipe: Recipe, epoch: float) -> float:
    """Warm-up and cosine decay for the residual network; constant for the classic one, as it was published."""
    if recipe.network == "classic":
        return recipe.learning_rate
    warm_up = _WARM_UP * recipe.epochs
    if epoch < warm_up:
        return recipe.learning_rate * (0.1 + 0.9 * epoch / warm_up)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (epoch - warm_up) / (recipe.epochs - warm_up)))


def _batches(
    pictures: Pictures, rows: Rows, recipe: Recipe, generator: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """Yield each row once, in random order, in batches of as equal a size as can be.

    The residual network's reconstruction objective gets random crops, mirrored or not; every other gets
    whole pictures.
    """
    order = generator.permutation(rows)
    for batch in np.array_split(order, _steps(len(rows), recipe)):
        if recipe.network == "classic" or recipe.objective == "contrastive":
            yield pictures[np.sort(batch)]
            continue
        corners = generator.integers(0, SIZE - recipe.crop + 1, (len(batch), 2))
        mirrored = generator.random(len(batch)) < 0.5
        crops = [
            pictures[row][top : top + recipe.crop, left : left + recipe.crop][:, :: -1 if mirror else 1]
            for row, (top, left), mirror in zip(batch, corners, mirrored, strict=True)
        ]
        yield np.stack(crops)


def _steps(num_pictures: int, recipe: Recipe) -> int:
    return -(-num_pictures // recipe.batch_size)


def _looked_at(validation: Rows) -> Rows:
    return validation[:: -(-len(validation) // VALIDATION_PICTURES)]


def _objective(recipe: Recipe) -> Objective:
    if recipe.objective == "contrastive":
        return contrastive(recipe.network, crop=recipe.crop, turn=recipe.turn)
    return reconstruction(recipe.network)


def _step(recipe: Recipe, progress: Progress) -> Callable[[NDArray[np.uint8], NDArray[np.int64]], float]:
    objective, networks, optimiser = _objective(recipe), progress.networks, progress.optimiser

    @tf.function(reduce_retracing=True)
    def step(batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = objective(networks, tf.cast(batch, tf.float32) / 255.0, seed, training=True)
        optimiser.apply(tape.gradient(loss, networks.weights), networks.weights)
        return loss

    return lambda batch, seed: float(step(batch, seed.astype(np.int32)))


def _validation(recipe: Recipe, networks: Networks) -> Callable[[Pictures, Rows], float]:
    """Return the mean objective over validation pictures, with the same crops and views after each epoch."""
    objective = _objective(recipe)
    size = SIZE if recipe.network == "classic" or recipe.objective == "contrastive" else recipe.crop
    middle = slice((SIZE - size) // 2, (SIZE + size) // 2)

    @tf.function(reduce_retracing=True)
    def batch_loss(batch: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return objective(networks, tf.cast(batch, tf.float32) / 255.0, seed, training=False)

    def validate(pictures: Pictures, rows: Rows) -> float:
        rows = _looked_at(rows)
        parts = np.array_split(rows, _steps(len(rows), recipe))
        losses = [
            float(batch_loss(pictures[part][:, middle, middle], np.array([recipe.seed, i], np.int32)))
            for i, part in enumerate(parts)
        ]
        return float(np.average(losses, weights=[len(part) for part in parts]))

    return validate
