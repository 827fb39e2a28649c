"""Trains the autoencoder on the resized pictures."""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import closure
from pipeline.artifacts import (
    Artifacts,
    check_names,
    load_json,
    load_pictures,
    open_index,
    replaced,
    replaced_folder,
    save_history,
    save_json,
    save_origin,
)
from pipeline.autoencoder import training
from pipeline.autoencoder.backend import sees_gpu
from pipeline.autoencoder.forecast import forecast
from pipeline.autoencoder.judgement import Judgement, judge, reconstruct
from pipeline.autoencoder.training import Epoch, Progress, Recipe
from pipeline.errors import ArtifactError, ParamsError
from pipeline.params import Params, schedule
from pipeline.pictures.upright import FEWEST, turning_shows
from pipeline.pixels import Pictures
from pipeline.show.plots import plot_losses
from pipeline.show.sheets import Tile, contact_sheet
from pipeline.wording import counted

_STATE = {"state.npz", "best.keras", "progress.json"}  # what a checkpoint holds
_SHOWN = 8  # pictures on the sheet of reconstructions
_RATE = 0.00025  # of a batch of one picture; a larger batch's gradient is surer by the root of its size
_CALLED = {
    "index": "pictures",
    "turn": "dataset.orientation",
    "policy": "train.precision",
}  # the rest as in params.yaml
_TRACE = 0.56  # area under the curve above which turning a picture leaves a trace; 0.5 +- 0.02 where it leaves none


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
    orientation = _orientation(params, pictures)
    recipe = _recipe(params, len(pictures), upright=orientation["upright"], on_gpu=sees_gpu())
    if not params.encoder.is_trained:
        _leave_untrained(recipe, artifacts)
        _report(pictures, recipe, [], orientation, artifacts)
        save_origin(artifacts, "train", digest)
        return f"encoder.kind is {params.encoder.kind}: the autoencoder stays untrained"
    origin = {"index": digest, "code": closure.digest("train")}
    origin |= {name: str(value) for name, value in asdict(recipe).items()}
    progress = training.start(recipe)
    with replaced(artifacts.untrained) as path:
        training.save_model(progress, path)
    if resume or _was_interrupted(origin, recipe, artifacts):
        _resume(progress, origin, artifacts)
        tqdm.write(f"train: goes on after epoch {len(progress.history)} of {recipe.epochs}", file=sys.stderr)
    else:
        check_names(artifacts.checkpoint, _STATE)
        shutil.rmtree(artifacts.checkpoint, ignore_errors=True)  # of an earlier training
    try:
        training.train(
            pictures,
            recipe,
            progress,
            after_epoch=lambda p: _save(p, origin, artifacts),
            when_timed=_teller(progress, recipe, len(pictures)),
            show=True,
        )
    except FloatingPointError as error:
        raise ParamsError(f"train: {error}; lower train.learning_rate, now {recipe.learning_rate:g}") from error
    summary = _report(pictures, recipe, progress.history, orientation, artifacts)
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


def _orientation(params: Params, pictures: Pictures) -> dict[str, Any]:
    """Return whether the pictures have an up and a down, and what tells so if it had to be found out."""
    wanted = params.dataset.orientation
    if wanted != "auto" or len(pictures) < FEWEST:
        return {"upright": wanted != "any"}
    shows = turning_shows(pictures, seed=params.train.seed)
    return {"upright": shows > _TRACE, "turning_shows": shows}


def _recipe(params: Params, num_pictures: int, *, upright: bool, on_gpu: bool) -> Recipe:
    """Return the recipe, with a value in place of every `auto` of train."""
    settings = asdict(params.train)
    del settings["views"], settings["refresh"]
    policy, classic = settings.pop("precision"), params.train.network == "classic"
    if classic:
        settings |= {"objective": "reconstruction", "start": "scratch"}
    settings["epochs"] = schedule.epochs(params.train, num_pictures, on_gpu=on_gpu)
    settings["batch_size"] = schedule.batch_size(params.train, num_pictures)
    if settings["learning_rate"] == "auto":
        settings["learning_rate"] = 0.001 if classic else _RATE * settings["batch_size"] ** 0.5
    settings["turn"] = 0.0 if upright else 180.0
    return Recipe(**settings, policy=training.processor_policy() if policy == "auto" else policy)


def _save(progress: Progress, origin: dict[str, str], artifacts: Artifacts) -> None:
    """Keep what shall outlive a kill: the best model, the last state, the history."""
    if progress.history[-1].validation_loss <= progress.best:
        with replaced(artifacts.autoencoder) as path:
            training.save_model(progress, path)
    with replaced_folder(artifacts.checkpoint) as folder:
        training.save_state(progress, folder / "state.npz")
        shutil.copyfile(artifacts.autoencoder, folder / "best.keras")  # DVC deletes the out before a new run
        save_json(folder / "progress.json", {"origin": origin, "history": progress.history})
    save_history(artifacts.history, progress.history)


def _was_interrupted(origin: dict[str, str], recipe: Recipe, artifacts: Artifacts) -> bool:
    """Return whether there is the state of this very training, by the same code, and it has not come to its end."""
    try:
        state = load_json(artifacts.checkpoint / "progress.json", stage="train")
        return bool(state["origin"] == origin and 0 < len(state["history"]) < recipe.epochs)
    except (ArtifactError, KeyError, TypeError):
        return False


def _resume(progress: Progress, origin: dict[str, str], artifacts: Artifacts) -> None:
    """Bring a fresh start to the last whole epoch of an interrupted training."""
    checkpoint = artifacts.checkpoint
    if not checkpoint.is_dir():
        raise ArtifactError(f"{checkpoint}: there is nothing to resume; train without --resume")
    state = load_json(checkpoint / "progress.json", stage="train")
    changed = [
        _CALLED.get(name, f"train.{name}")
        for name in origin
        if state["origin"].get(name) != origin[name] and name not in ("epochs", "code")
    ]
    if changed:
        raise ArtifactError(f"{checkpoint}: made with other {', '.join(changed)}; train without --resume")
    try:
        training.restore_state(progress, checkpoint / "state.npz")
        with replaced(artifacts.autoencoder) as path:
            shutil.copyfile(checkpoint / "best.keras", path)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{checkpoint} is damaged ({error}); train without --resume") from error
    progress.history.extend(Epoch(*epoch) for epoch in state["history"])


def _report(
    pictures: Pictures,
    recipe: Recipe,
    history: list[Epoch],
    orientation: dict[str, Any],
    artifacts: Artifacts,
) -> str:
    """Judge the best model; write metrics, loss plot and sheet; return the summary."""
    share, seed = recipe.validation_share, recipe.seed
    training_rows, validation_rows = training.split(len(pictures), validation_share=share, seed=seed)
    found = judge(artifacts.autoencoder, recipe.network, pictures, training=training_rows, validation=validation_rows)
    metrics = {"epochs": len(history), **asdict(found), "beats_mean_picture": found.beats_mean_picture, **orientation}
    save_json(artifacts.metrics("train"), metrics)
    # the contrastive loss has another unit than the mean picture's error, which then has no place in the plot
    baseline = found.mean_picture_loss if recipe.objective == "reconstruction" else None
    _plot(history, baseline, artifacts)
    _show(pictures[validation_rows[:: -(-len(validation_rows) // _SHOWN)]], artifacts)
    return _summary(len(history), found, upright=orientation["upright"])


def _plot(history: list[Epoch], baseline: float | None, artifacts: Artifacts) -> None:
    with replaced(artifacts.plot("loss")) as path:
        plot_losses(
            path,
            epochs=[epoch.epoch for epoch in history],
            training=[epoch.loss for epoch in history],
            validation=[epoch.validation_loss for epoch in history],
            baseline=baseline,
        )


def _show(originals: NDArray[np.uint8], artifacts: Artifacts) -> None:
    reconstructions = reconstruct(artifacts.autoencoder, originals)
    rows = [
        [Tile(picture, ("original",)) for picture in originals],
        [Tile(picture, ("reconstruction",)) for picture in reconstructions],
    ]
    with replaced(artifacts.plot("reconstructions")) as path:
        contact_sheet(rows, title="Validation pictures above their reconstructions").save(path)


def _summary(epochs: int, found: Judgement, *, upright: bool) -> str:
    lie = "upright" if upright else "in any orientation, which is overlooked"
    losses = f"validation loss {found.validation_loss:.4f}, mean picture {found.mean_picture_loss:.4f}"
    if found.beats_mean_picture:
        return f"{counted(epochs, 'epoch')}; pictures lie {lie}; {losses}"
    return (
        f"{counted(epochs, 'epoch')}; {losses}\n"
        f"warning: the autoencoder is no better than predicting the mean picture; set train.epochs above {epochs}, "
        "or change train.learning_rate"
    )
