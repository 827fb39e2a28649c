"""Owns the question whether a model is worth using where nothing is labelled: do two views find each other?

Of some pictures two views are made, other crops in other light, the second without colour: else the colours
of a background would tell. An embedding that sees what is in a picture finds the second view from the first
among all others. Simple baselines are asked the same, and the verdict
compares them.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_AREA = (0.35, 0.8)  # share of the picture that a view shows
_LIGHT = 0.3  # brightness and contrast change by as much at most
_SIDE = 256


def two_views(pictures: NDArray[np.uint8], *, seed: int) -> NDArray[np.uint8]:
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

    `embeddings` is float32 (2N, D) of unit length, of the pictures that `two_views` returned. At chance 1 / N.
    """
    first, second = np.split(embeddings, 2)
    return float((np.argmax(first @ second.T, axis=1) == np.arange(len(first))).mean())


def verdict(measures: dict[str, float], *, measure: str, remedy: str) -> str:
    """Say in words whether "model" is better than every other entry, and if it isn't, the remedy."""
    model = measures["model"]
    beaten_by = {name: value for name, value in measures.items() if name != "model" and value >= model}
    numbers = ", ".join(f"{name} {100 * value:.1f}" for name, value in measures.items())
    if not beaten_by:
        return f"by {measure} the model beats every baseline ({numbers} %)"
    if model == 1:
        return f"by {measure} the model finds all, and so do {' and '.join(beaten_by)}: this doesn't tell them apart"
    return f"warning: by {measure} the model is no better than {' and '.join(beaten_by)} ({numbers} %); {remedy}"


def longer(epochs: int | str, *, network: str) -> str:
    """Say which value of `train` makes the training longer: views count only where they decide on the epochs."""
    if epochs != "auto":
        return f"raise train.epochs, now {epochs}"
    more = "set train.epochs to more than auto took (metrics/train.json)"
    return more if network == "classic" else f"raise train.views, or {more}"
