"""Owns wrapping a network of other origin into the contract of an encoder file.

In: uint8 (B, 256, 256, 3). Then the network's own input size, scaling and layout, the network, its output
flattened. Out: float32 (B, D) at unit length; of pictures with nothing to see the one embedding that all of these have.
All in one ONNX graph, so that what follows can't tell.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter

from pipeline.encoder.blankness import direction
from pipeline.encoder.seeing import pictures, with_blank
from pipeline.encoder.whitening import Whitening
from pipeline.errors import EncoderError
from pipeline.graph import OPSET, Graph, Value


@dataclass(frozen=True)
class Foreign:
    """A network as its own project describes it.

    path         the ONNX file
    size         height and width of its input
    layout       "nchw" or "nhwc"
    mean, scale  of its input: (rgb - mean) / scale, with rgb from 0 to 255; one number each, or one a channel
    output       the name of its output; "first" for the first
    """

    path: Path
    size: int
    layout: str
    mean: float | tuple[float, float, float]
    scale: float | tuple[float, float, float]
    output: str


def wrapped(foreign: Foreign, *, whitening: Whitening | None = None, blank: NDArray[np.float32] | None = None) -> bytes:
    """Return the encoder file around a network, whose unit-length features may be whitened.

    `blank` is the embedding (D,) of blank pictures; without it, it is made up (see `pipeline.encoder.blankness`).

    Raises
    ------
    EncoderError
        If the file is missing or no ONNX model, has another number of inputs than one, or no such output.
    """
    if blank is None:
        blank = direction(_dimensions(foreign, whitening))
    graph = Graph()
    levels = pictures(graph)
    features = _own(foreign, levels, whitening)
    graph.output("embedding", with_blank(features, levels, blank))
    return _written(graph, foreign)


def network_features(foreign: Foreign, levels: Value) -> Value:
    """Add a network to the graph of pictures as planes (B, 3, 256, 256), [0, 255]; return its output, flat: (B, P).

    Raises
    ------
    EncoderError
        If the file is missing or no ONNX model, has another number of inputs than one, or no such output.
    """
    network = _load(foreign)
    tensors = {tensor.name for tensor in network.graph.initializer}
    inner = [value.name for value in network.graph.input if value.name not in tensors]
    if len(inner) != 1:
        raise EncoderError(f"{foreign.path}: expected one input, got {inner}; export the picture's branch alone")
    _check_shape(network, inner[0], foreign)
    outputs = [value.name for value in network.graph.output]
    output = outputs[0] if foreign.output == "first" else foreign.output
    if output not in outputs:
        raise EncoderError(f"{foreign.path}: no output {output!r}; encoder.output can be {', '.join(outputs)}")
    return levels.graph.network(network, _scaled(foreign, levels), "network", output).flat()


def _scaled(foreign: Foreign, levels: Value) -> Value:
    """Return planes of the network's size, scaled and laid out as it wants them."""
    graph = levels.graph
    batch = graph.node("Shape", levels, start=0, end=1)
    sizes = graph.joined([batch, graph.constant(np.array([3, foreign.size, foreign.size], np.int64))], 0)
    resized = graph.node("Resize", levels, None, None, sizes, mode="linear", antialias=1)
    mean, scale = (np.array(numbers, np.float32).reshape(-1, 1, 1) for numbers in (foreign.mean, foreign.scale))
    planes = (resized - mean) / scale
    return planes if foreign.layout == "nchw" else planes.ordered(0, 2, 3, 1)


def _own(foreign: Foreign, levels: Value, whitening: Whitening | None) -> Value:
    features = network_features(foreign, levels)
    return features if whitening is None else whitening.of(features.unit())


def _dimensions(foreign: Foreign, whitening: Whitening | None) -> int:
    """Return how many numbers an embedding has, as ONNX infers it from the shapes."""
    if whitening is not None:
        return int(whitening.components.shape[1]) + bool(whitening.anchor)
    graph = Graph()
    graph.output("features", network_features(foreign, pictures(graph)))
    model = onnx.load_from_string(_written(graph, foreign))
    return int(model.graph.output[0].type.tensor_type.shape.dim[1].dim_value)


def _written(graph: Graph, foreign: Foreign) -> bytes:
    try:
        model = graph.written()
        onnx.checker.check_model(model)
    except (ValueError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise EncoderError(
            f"{foreign.path} can't be wrapped ({error}); check encoder.size and encoder.layout, or export it with a "
            f"fixed input of {foreign.size}x{foreign.size}"
        ) from error
    return model


def _load(foreign: Foreign) -> onnx.ModelProto:
    try:
        network = onnx.shape_inference.infer_shapes(onnx.load(foreign.path), data_prop=True)
        opset = next(o.version for o in network.opset_import if o.domain in ("", "ai.onnx"))
    except FileNotFoundError:
        raise EncoderError(f"{foreign.path} is missing: give the network's file in encoder.path") from None
    except Exception as error:  # protobuf, checker and converter have errors of their own without a common base
        raise EncoderError(
            f"{foreign.path} is no ONNX model that can be read ({error}); give one in encoder.path"
        ) from error
    try:
        return network if opset == OPSET else version_converter.convert_version(network, OPSET)
    except Exception as error:  # the same
        raise EncoderError(
            f"{foreign.path} is written in opset {opset} of ONNX and can't be brought to {OPSET} ({error}); export it "
            f"with opset_version={OPSET}"
        ) from error


def _check_shape(network: onnx.ModelProto, name: str, foreign: Foreign) -> None:
    takes = next(i for i in network.graph.input if i.name == name).type.tensor_type.shape.dim
    given = [3, foreign.size, foreign.size] if foreign.layout == "nchw" else [foreign.size, foreign.size, 3]
    wanted = [dim.dim_value for dim in takes][1:]  # 0 where it is free
    if len(wanted) != 3 or any(want not in (0, have) for want, have in zip(wanted, given, strict=True)):
        raise EncoderError(
            f"{foreign.path}: takes {wanted} (0: any), would get {given}; check encoder.size and encoder.layout"
        )
