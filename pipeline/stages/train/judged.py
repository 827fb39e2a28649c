"""What a training has come to: measures, a plot, a sheet, and a summary in words."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    replaced,
    save_json,
)
from pipeline.autoencoder import training
from pipeline.autoencoder.judgement import Judgement, judge, reconstruct
from pipeline.autoencoder.training import Epoch, Recipe
from pipeline.pixels import Pictures
from pipeline.show.plots import plot_losses
from pipeline.show.sheets import Tile, contact_sheet
from pipeline.wording import counted

_SHOWN = 8  # pictures on the sheet of reconstructions


def report(
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
