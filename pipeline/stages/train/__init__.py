"""Trains the autoencoder on the resized pictures."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from pipeline import closure
from pipeline.artifacts import (
    Artifacts,
    check_names,
    load_pictures,
    open_index,
    replaced,
    save_history,
    save_origin,
)
from pipeline.autoencoder import training
from pipeline.autoencoder.backend import sees_gpu
from pipeline.autoencoder.forecast import forecast
from pipeline.autoencoder.training import Progress, Recipe
from pipeline.errors import ParamsError
from pipeline.params import Params
from pipeline.stages.train.checkpoints import STATE, go_on, save, was_interrupted
from pipeline.stages.train.judged import report
from pipeline.stages.train.recipe import find_orientation, recipe_of


def train(params: Params, artifacts: Artifacts, *, resume: bool = False) -> str:
    """Write autoencoder.keras with the best weights, its history, metrics, loss plot and reconstructions.

    The best model is saved after each epoch that improves on it, and the last state beside it: a kill loses
    at most one epoch. The same training goes on from there by itself, and with `resume` one of more epochs or of
    other code. How long it will take is said on stderr after a few steps.

    Raises
    ------
    ArtifactError
        If there is nothing to resume, or it was made from other pictures or params.
    """
    with open_index(artifacts.index) as index:
        digest = index.digest
        pictures = load_pictures(artifacts, index)
    orientation = find_orientation(params, pictures)
    recipe = recipe_of(params, len(pictures), upright=orientation["upright"], on_gpu=sees_gpu())
    if not params.encoder.is_trained:
        _leave_untrained(recipe, artifacts)
        report(pictures, recipe, [], orientation, artifacts)
        save_origin(artifacts, "train", digest)
        return f"encoder.kind is {params.encoder.kind}: the autoencoder stays untrained"
    origin = {"index": digest, "code": closure.digest("train")}
    origin |= {name: str(value) for name, value in asdict(recipe).items()}
    progress = training.start(recipe)
    with replaced(artifacts.untrained) as path:
        training.save_model(progress, path)
    if resume or was_interrupted(origin, recipe, artifacts):
        go_on(progress, origin, artifacts)
        tqdm.write(f"train: goes on after epoch {len(progress.history)} of {recipe.epochs}", file=sys.stderr)
    else:
        check_names(artifacts.checkpoint, STATE)
        shutil.rmtree(artifacts.checkpoint, ignore_errors=True)  # of an earlier training
    try:
        training.train(
            pictures,
            recipe,
            progress,
            after_epoch=lambda p: save(p, origin, artifacts),
            when_timed=_teller(progress, recipe, len(pictures)),
            show=True,
        )
    except FloatingPointError as error:
        raise ParamsError(f"train: {error}; lower train.learning_rate, now {recipe.learning_rate:g}") from error
    summary = report(pictures, recipe, progress.history, orientation, artifacts)
    save_origin(artifacts, "train", digest)
    return summary


def _teller(progress: Progress, recipe: Recipe, num_pictures: int) -> Callable[[float], None]:
    """Return what says on stderr how long the training will take, once it is told the seconds of an epoch."""
    saving, left = _seconds_of_saving(progress), recipe.epochs - len(progress.history)

    def tell(seconds: float) -> None:
        said = forecast(
            pictures=num_pictures,
            epochs=recipe.epochs,
            left=left,
            epoch_seconds=seconds + saving,
            is_compared=(recipe.objective, recipe.start) == ("contrastive", "grown"),
        )
        tqdm.write(f"train: {said}", file=sys.stderr)

    return tell


def _seconds_of_saving(progress: Progress) -> float:
    """Return the seconds that saving takes, done once; of a small folder's epoch they are a good part."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        training.save_model(progress, Path(folder) / "autoencoder.keras")
        training.save_state(progress, Path(folder) / "state.npz")
    return time.perf_counter() - started


def _leave_untrained(recipe: Recipe, artifacts: Artifacts) -> None:
    """Write the outs of a training of no epochs: the encoder is of other origin."""
    progress = training.start(recipe)
    for out in (artifacts.untrained, artifacts.autoencoder):
        with replaced(out) as path:
            training.save_model(progress, path)
    save_history(artifacts.history, [])
