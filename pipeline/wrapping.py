"""Owns wrapping a network of other origin into the contract of an encoder file.

In: uint8 (B, 256, 256, 3). Then the network's own input size, scaling and layout, the network, its output
flattened. Out: float32 (B, D) at unit length; of pictures with nothing to see the one embedding that all of these have.
All in one ONNX graph, so that what follows can't tell.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper, version_converter

from pipeline.blankness import CELL, GRAIN, POWER, SHAPE, direction
from pipeline.errors import EncoderError

_SIDE = 256
_OPSET = 18  # the first whose Resize can average over what it shrinks
_NOTHING = 1e-12


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


class Whitening(Protocol):
    """Centring and whitening: mean (P,) and components (P, D), float32."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """What is taken away."""

    @property
    def components(self) -> NDArray[np.float32]:
        """What the rest is multiplied with."""


def wrap(
    foreign: Foreign, path: Path, *, whitening: Whitening | None = None, blank: NDArray[np.float32] | None = None
) -> None:
    """Write an encoder file around a network, whose unit-length features may be whitened.

    `blank` is the embedding (D,) of blank pictures; without it, it is made up (see `pipeline.blankness`).

    Raises
    ------
    EncoderError
        If the file is missing or no ONNX model, has another number of inputs than one, or no such output.
    """
    network = _load(foreign)
    inner = [i.name for i in network.graph.input if i.name not in {t.name for t in network.graph.initializer}]
    if len(inner) != 1:
        raise EncoderError(f"{foreign.path}: expected one input, got {inner}; export the picture's branch alone")
    _check_shape(network, inner[0], foreign)
    outputs = [o.name for o in network.graph.output]
    output = outputs[0] if foreign.output == "first" else foreign.output
    if output not in outputs:
        raise EncoderError(f"{foreign.path}: no output {output!r}; encoder.output can be {', '.join(outputs)}")
    network = compose.add_prefix(network, "network/")
    features = next(o for o in network.graph.output if o.name == f"network/{output}")
    before, after = _before(foreign, network.ir_version), _after(features, whitening, network.ir_version)
    try:
        whole = compose.merge_models(before, network, [("scaled", f"network/{inner[0]}")])
        joints = [(f"network/{output}", "features"), ("share", "visibility")]
        whole = compose.merge_models(whole, after, joints, outputs=["embedding"])
        dimensions = _dimensions(whole, foreign)
        _set_constant(whole, "blank", direction(dimensions) if blank is None else blank)
        whole.graph.output[0].CopyFrom(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", dimensions]))
        onnx.checker.check_model(whole)
        onnx.save(whole, path)
    except (ValueError, onnx.checker.ValidationError) as error:
        raise EncoderError(
            f"{foreign.path} can't be wrapped ({error}); check encoder.size and encoder.layout"
        ) from error


def _load(foreign: Foreign) -> onnx.ModelProto:
    try:
        network = onnx.shape_inference.infer_shapes(onnx.load(foreign.path), data_prop=True)
        opset = next(o.version for o in network.opset_import if o.domain in ("", "ai.onnx"))
        return network if opset == _OPSET else version_converter.convert_version(network, _OPSET)
    except FileNotFoundError:
        raise EncoderError(f"{foreign.path} is missing: give the network's file in encoder.path") from None
    except Exception as error:  # protobuf, checker and converter have errors of their own without a common base
        raise EncoderError(
            f"{foreign.path} is no ONNX model that can be read ({error}); give one in encoder.path"
        ) from error


def _check_shape(network: onnx.ModelProto, name: str, foreign: Foreign) -> None:
    takes = next(i for i in network.graph.input if i.name == name).type.tensor_type.shape.dim
    given = [3, foreign.size, foreign.size] if foreign.layout == "nchw" else [foreign.size, foreign.size, 3]
    wanted = [dim.dim_value for dim in takes][1:]  # 0 where it is free
    if len(wanted) != 3 or any(want not in (0, have) for want, have in zip(wanted, given, strict=True)):
        raise EncoderError(
            f"{foreign.path}: takes {wanted} (0: any), would get {given}; check encoder.size and encoder.layout"
        )


def _before(foreign: Foreign, ir_version: int) -> onnx.ModelProto:
    """Return the graph from uint8 pictures to the network's input."""
    size = foreign.size
    channels_first = foreign.layout == "nchw"
    nodes = [
        helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Shape", ["planes"], ["batch"], start=0, end=1),
        helper.make_node("Concat", ["batch", "shape"], ["sizes"], axis=0),
        helper.make_node("Resize", ["planes", "", "", "sizes"], ["resized"], mode="linear", antialias=1),
        helper.make_node("Sub", ["resized", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["scaled" if channels_first else "divided"]),
    ]
    shape: list[str | int] = ["B", 3, size, size]
    if not channels_first:
        nodes.append(helper.make_node("Transpose", ["divided"], ["scaled"], perm=[0, 2, 3, 1]))
        shape = ["B", size, size, 3]
    return _model(
        nodes + _visibility(),
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["B", _SIDE, _SIDE, 3])],
        [
            helper.make_tensor_value_info("scaled", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("share", TensorProto.FLOAT, ["B", 1]),
        ],
        {
            "plane": np.array([2, 3], np.int64),
            "channels": np.array([1], np.int64),
            "shape_spread": np.array(SHAPE**2, np.float32),
            "grain_spread": np.array(GRAIN**2, np.float32),
            "power": np.array(POWER, np.float32),
            "one": np.array(1, np.float32),
            "shape": np.array([3, size, size], np.int64),
            "mean": np.array(foreign.mean, np.float32).reshape(-1, 1, 1),  # of planes
            "scale": np.array(foreign.scale, np.float32).reshape(-1, 1, 1),
        },
        ir_version,
    )


def _visibility() -> list[onnx.NodeProto]:
    """Return the nodes from planes (B, 3, H, W) to how much there is to see in each, "share", (B, 1)."""
    nodes = [helper.make_node("AveragePool", ["planes"], ["means"], kernel_shape=[CELL, CELL], strides=[CELL, CELL])]
    for given, divisor, wanted in (("means", "shape_spread", "shapes"), ("planes", "grain_spread", "grain")):
        nodes += [
            helper.make_node("ReduceMean", [given, "plane"], [f"{given}_level"]),
            helper.make_node("Sub", [given, f"{given}_level"], [f"{given}_apart"]),
            helper.make_node("Mul", [f"{given}_apart", f"{given}_apart"], [f"{given}_squares"]),
            helper.make_node("ReduceMean", [f"{given}_squares", "plane"], [f"{given}_variance"], keepdims=0),
            helper.make_node("Div", [f"{given}_variance", divisor], [wanted]),
        ]
    return [
        *nodes,
        helper.make_node("Add", ["shapes", "grain"], ["in_channels"]),
        helper.make_node("ReduceMean", ["in_channels", "channels"], ["in_all"]),
        helper.make_node("Pow", ["in_all", "power"], ["seen"]),
        helper.make_node("Add", ["seen", "one"], ["seen_and_one"]),
        helper.make_node("Div", ["seen", "seen_and_one"], ["share"]),
    ]


def _after(features: onnx.ValueInfoProto, whitening: Whitening | None, ir_version: int) -> onnx.ModelProto:
    """Return the graph from the network's output to vectors of unit length; zeros become equal numbers."""
    nodes = [helper.make_node("Flatten", ["features"], ["flat"], axis=1)]
    constants = {
        "nothing": np.array(_NOTHING, np.float32),
        "whole": np.array(1, np.float32),
        "blank": np.zeros(1, np.float32),  # its length is known once the graph is whole
    }

    def unit(given: str, wanted: str) -> None:
        nodes.append(helper.make_node("Add", [given, "nothing"], [f"{given}_not_zero"]))
        nodes.append(helper.make_node("LpNormalization", [f"{given}_not_zero"], [wanted], axis=1, p=2))

    if whitening is None:
        unit("flat", "own")
    else:
        unit("flat", "direction")
        nodes.append(helper.make_node("Sub", ["direction", "middle"], ["away"]))
        nodes.append(helper.make_node("MatMul", ["away", "components"], ["whitened"]))
        unit("whitened", "own")
        constants |= {"middle": whitening.mean, "components": whitening.components}
    nodes += [
        helper.make_node("Mul", ["own", "visibility"], ["own_part"]),
        helper.make_node("Sub", ["whole", "visibility"], ["blankness"]),
        helper.make_node("Mul", ["blankness", "blank"], ["blank_part"]),
        helper.make_node("Add", ["own_part", "blank_part"], ["joined"]),
    ]
    unit("joined", "embedding")
    return _model(
        nodes,
        [
            helper.make_value_info("features", features.type),
            helper.make_tensor_value_info("visibility", TensorProto.FLOAT, ["B", 1]),
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", "D"])],
        constants,
        ir_version,
    )


def _model(
    nodes: list[onnx.NodeProto],
    takes: list[onnx.ValueInfoProto],
    gives: list[onnx.ValueInfoProto],
    constants: dict[str, np.ndarray],
    ir_version: int,
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "wrapping", takes, gives, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=ir_version)


def _set_constant(model: onnx.ModelProto, name: str, value: NDArray[np.float32]) -> None:
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(value, name))


def _dimensions(whole: onnx.ModelProto, foreign: Foreign) -> int:
    """Return how many numbers an embedding has, as ONNX infers it from the shapes."""
    graph = onnx.shape_inference.infer_shapes(whole, data_prop=True).graph
    shape = graph.output[0].type.tensor_type.shape.dim
    if len(shape) != 2 or not shape[1].dim_value:
        raise EncoderError(
            f"{foreign.path}: the number of its outputs is not fixed; export it with a fixed input of "
            f"{foreign.size}x{foreign.size}"
        )
    return int(shape[1].dim_value)
