"""What is trained, with a value in place of every `auto`, and whether the pictures have an up and a down."""

from dataclasses import asdict
from typing import Any

from pipeline.autoencoder import training
from pipeline.autoencoder.training import Recipe
from pipeline.params import Params, schedule
from pipeline.pictures.upright import FEWEST, turning_shows
from pipeline.pixels import Pictures

_RATE = 0.00025  # of a batch of one picture; a larger batch's gradient is surer by the root of its size
_TRACE = 0.56  # area under the curve above which turning a picture leaves a trace; 0.5 +- 0.02 where it leaves none


def find_orientation(params: Params, pictures: Pictures) -> dict[str, Any]:
    """Return whether the pictures have an up and a down, and what tells so if it had to be found out."""
    wanted = params.dataset.orientation
    if wanted != "auto" or len(pictures) < FEWEST:
        return {"upright": wanted != "any"}
    shows = turning_shows(pictures, seed=params.train.seed)
    return {"upright": shows > _TRACE, "turning_shows": shows}


def recipe_of(params: Params, num_pictures: int, *, upright: bool, on_gpu: bool) -> Recipe:
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
