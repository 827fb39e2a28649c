"""Networks that Keras brings along, as ONNX files that `wrapping` can take: ResNet50, EfficientNetB0 and so on."""

import difflib
import sys
import types
from pathlib import Path

import numpy as np

from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.graph import nodes
from pipeline.errors import EncoderError
from pipeline.graph import Graph


def names() -> list[str]:
    """Return the networks of keras.applications."""
    return sorted(name for name, value in vars(keras.applications).items() if callable(value))


def application(name: str, *, weights: str, size: int) -> keras.Model:
    """Build a network of keras.applications without its classifier, its last stage averaged.

    Parameters
    ----------
    name
        As Keras spells it, for example "ResNet50".
    weights
        "imagenet", which Keras fetches once; "none"; or a file that Keras saved such a network's weights to.
    size
        Height and width of its input.

    Returns
    -------
    network
        float32 (B, size, size, 3) from 0 to 255 to float32 (B, D); its own scaling is inside.

    Raises
    ------
    EncoderError
        If there is no such network, or its weights can't be had or don't fit, or it can't be built at this size.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names())}"
        raise EncoderError(f"encoder.name: Keras has no application {name!r}; {hint}")
    try:
        network = getattr(keras.applications, name)(
            include_top=False,
            weights="imagenet" if weights == "imagenet" else None,
            input_shape=(size, size, 3),
            pooling="avg",
        )
    except Exception as error:  # of the network, of the download, of the weights' file: no common base
        remedy = "check encoder.size"
        if weights == "imagenet":
            remedy += ", or fetch the weights on a machine with internet and give their file in encoder.weights"
        raise EncoderError(f"{name} can't be built ({error}); {remedy}") from error
    if weights not in ("imagenet", "none"):
        _load(network, Path(weights))
    pictures = keras.Input((size, size, 3))
    return keras.Model(pictures, network(_scaling(name)(pictures)), name=name)


def application_file(network: keras.Model) -> bytes:
    """Return a network of `application` as an ONNX file: float32 (B, size, size, 3) to float32 (B, D).

    Raises
    ------
    EncoderError
        If it has a kind of layer that can't be written.
    """
    graph = Graph()
    pictures = graph.input("pictures", "float32", *network.input_shape[1:])
    graph.output("features", nodes(network, pictures.ordered(0, 3, 1, 2))[0])
    return graph.written()


def _load(network: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise EncoderError(f"encoder.weights: there is no file {str(path)!r}; give imagenet, none or a file")
    try:
        if path.suffix == ".keras":
            network.set_weights(keras.saving.load_model(path, compile=False).get_weights())
        else:
            network.load_weights(path)
    except Exception as error:  # Keras and h5py raise whatever they meet
        raise EncoderError(
            f"encoder.weights: {path} does not fit {network.name} without its classifier ({error}); "
            "save them with `network.save_weights('NAME.weights.h5')` from keras.applications, include_top=False"
        ) from error


def _home(name: str) -> types.ModuleType:
    """Return the module that a network of keras.applications is written in, and its scaling with it."""
    return sys.modules[getattr(keras.applications, name).__module__]


def _scaling(name: str) -> keras.layers.Layer:
    """Return a network's own scaling as a layer: each channel is a sum of shares of red, green and blue."""
    colours = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype(np.float32)
    black, *pure = _home(name).preprocess_input(colours.reshape(1, 4, 1, 3).copy()).reshape(4, 3)
    scaling = keras.layers.Conv2D(3, 1, name="scaling")
    scaling.build((None, None, None, 3))
    scaling.set_weights([((np.stack(pure) - black) / 255)[None, None], black])
    return scaling
