"""Owns the question whether a model is worth using where nothing is labelled: do two views find each other?

Of some pictures two views are made, other crops in other light, the second without colour: else the colours
of a background would tell. An embedding that sees what is in a picture finds the second view from the first
among all others. Simple baselines are asked the same, and the verdict
compares them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_AREA = (0.35, 0.8)  # share of the picture that a view shows
_LIGHT = 0.3  # brightness and contrast change by as much at most
_SIDE = 256
_PARTS = {  # of a model that is joined, and what to do where one alone is as good
    "network alone": "to take the network alone, set encoder.kind to what encoder.network says",
    "folder alone": "to leave the network of other origin out, set encoder.kind to autoencoder",
}
_OF_PLACES = ("pixels", "whitened pixels", "HOG")  # baselines that know where something is in a picture


def draw_views(pictures: NDArray[np.uint8], *, seed: int) -> NDArray[np.uint8]:
    """Return two random views of each picture: uint8 (N, 256, 256, 3) to (2N, 256, 256, 3), first views first.

    A view is a crop of 35 to 80 % of the picture, mirrored or not, in other light; second views are grey.
    """
    generator = np.random.default_rng(seed)
    views = np.stack([_view(picture, generator) for _ in range(2) for picture in pictures])
    seconds = views[len(pictures) :]
    seconds[:] = seconds.mean(axis=-1, keepdims=True).astype(np.uint8)
    return views


def _view(picture: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    side = _SIDE * float(np.sqrt(generator.uniform(*_AREA)))
    left, top = generator.uniform(0, _SIDE - side, 2)
    box = (left, top, left + side, top + side)
    view = np.asarray(Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, box), np.float32)
    if generator.random() < 0.5:
        view = view[:, ::-1]
    brightness, contrast = generator.uniform(1 - _LIGHT, 1 + _LIGHT, 2)
    mean = view.mean()
    relit: NDArray[np.uint8] = np.clip(((view - mean) * contrast + mean) * brightness, 0, 255).astype(np.uint8)
    return relit


def found_again(embeddings: NDArray[np.float32]) -> float:
    """Return the share of first views whose nearest second view shows the same picture; larger is better.

    `embeddings` is float32 (2N, D) of unit length, of the pictures that `draw_views` returned. At chance 1 / N.
    """
    first, second = np.split(embeddings, 2)
    return float((np.argmax(first @ second.T, axis=1) == np.arange(len(first))).mean())


def unbeaten(measures: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the names of all that "model" does not beat by every one of its measures, the best by the first ahead."""
    model = measures["model"]
    names = [
        name
        for name, values in measures.items()
        if name != "model" and any(value >= own for value, own in zip(values, model, strict=True))
    ]
    return sorted(names, key=lambda name: -measures[name][0])


def verdict(measures: Mapping[str, Sequence[float]], *, by: Sequence[str], remedy: str) -> str:
    """Say in words whether "model" is better than every other entry, and if it isn't, the remedy.

    Parameters
    ----------
    measures
        Of each name the values, in [0, 1], larger is better.
    by
        What the values are called, one word for each.
    remedy
        What may help, in words.
    """
    names = unbeaten(measures)
    if not names:
        numbers = ", ".join(f"{name} {_percent(values)}" for name, values in measures.items())
        return f"by {' and '.join(by)} the model beats every baseline ({numbers} %)"
    if all(value == 1 for value in measures["model"]):
        return (
            f"by {' and '.join(by)} the model finds all, and so do {' and '.join(names)}: "
            "this doesn't say which is better"
        )
    model, *others = (f"{name} ({_percent(measures[name])} %)" for name in ("model", *names))
    said = "warning" if set(names) - set(_PARTS) else "note"
    return f"{said}: by {' or '.join(by)} the {model} is no better than {' and '.join(others)}; {remedy}"


def remedy(names: Sequence[str], *, is_trained: bool, upright: bool, longer: str) -> str:
    """Say what may help where the model does not beat the baselines `names`, the best of them first.

    Parameters
    ----------
    names
        What `unbeaten` returned; with none of them nothing is advised, and the answer is empty.
    is_trained
        Whether the encoder, or a part of it, was trained here.
    upright
        Whether the model heeds where something is in a picture, and which way it is turned.
    longer
        How to train longer, in words.
    """
    if not names:
        return ""
    if not is_trained:
        return "another network may suit these pictures better: see encoder.kind"
    if names[0] in _PARTS:
        return _PARTS[names[0]]
    if "untrained" in names:
        return (
            f"training has added nothing to what needs no training: {longer}, or join a pretrained network with it "
            "(joined in encoder.kind), which has found more in every folder that was measured"
        )
    if not upright and names[0] in _OF_PLACES:
        return (
            f"{names[0]} heeds where in a picture something is, and the model doesn't, for the pictures were found "
            "to have no up and down; if they have, set dataset.orientation to upright"
        )
    if names[0] == "histogram":
        return (
            "colours alone tell these pictures apart: more training will hardly change that, another network may: "
            "see encoder.kind"
        )
    return f"{longer}, or take another network: see encoder.kind"


def _percent(values: Sequence[float]) -> str:
    return " and ".join(f"{100 * value:.1f}" for value in values)


def longer(epochs: int | str) -> str:
    """Say which value of `train` makes the training longer: of a small folder, more views than auto takes don't."""
    if epochs != "auto":
        return f"raise train.epochs, now {epochs}"
    return "set train.epochs to more than auto took, which metrics/train.json says"
