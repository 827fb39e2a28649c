"""Whether a network's nodes in a file answer as Keras does."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.graph import predicted
from pipeline.encoder.running import answers
from pipeline.errors import EncoderError
from pipeline.graph import Graph, Value

_TOLERANCE = 1e-4  # largest difference between Keras and the file, as a share of the largest output; usual is 1e-6
_PATTERNS = 4  # pictures that have something to see even where the folder's have not


def check_nodes(network: Any, added: Callable[[Value], Value], pictures: NDArray[np.uint8]) -> float:
    """Return the largest difference between a network in Keras and its nodes, on pictures and patterns, as a share.

    Raises
    ------
    EncoderError
        If they differ by more than rounding.
    """
    patterns = _patterns(np.random.default_rng(0))
    pixels = (np.concatenate([pictures, patterns]) / 255).astype(np.float32)
    graph = Graph()
    given = graph.input("pixels", "float32", *pixels.shape[1:])
    graph.output("stage", added(given.ordered(0, 3, 1, 2)).ordered(0, 2, 3, 1))
    return _difference(network, graph.written(), pixels)


def check_application(network: Any, data: bytes, pictures: NDArray[np.uint8]) -> float:
    """Return the largest difference between a network of keras.applications and its file, on pictures and patterns.

    Raises
    ------
    EncoderError
        If they differ by more than rounding.
    """
    places = np.linspace(0, pictures.shape[1] - 1, network.input_shape[1]).astype(int)  # the nearest pixels will do
    both = np.concatenate([pictures, _patterns(np.random.default_rng(0))])
    return _difference(network, data, both[:, places][:, :, places].astype(np.float32))


def _difference(network: Any, data: bytes, taken: NDArray[np.float32]) -> float:
    """Return how far a file's answers are from Keras', as a share of the largest; EncoderError if it isn't rounding."""
    by_keras = predicted(network, taken)
    difference = float(np.abs(answers(data, taken) - by_keras).max() / np.abs(by_keras).max())
    if not difference <= _TOLERANCE:
        raise EncoderError(
            f"the network in Keras and as ONNX differ by {difference:g} of the largest output, which is more than "
            "rounding; report it with the versions of tensorflow, keras, onnx and onnxruntime"
        )
    return difference


def _patterns(generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw pictures of coloured patches that lie on no grid of a network, uint8 (4, 256, 256, 3)."""
    patches = generator.integers(0, 256, (_PATTERNS, 24, 24, 3), dtype=np.uint8)
    return patches.repeat(11, axis=1).repeat(11, axis=2)[:, :256, :256]
