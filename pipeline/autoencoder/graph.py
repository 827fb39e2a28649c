"""A Keras network's layers as nodes of an ONNX graph; planes (B, C, H, W) inside.

A table says how each kind of layer is written. Only kinds that stand in it can be: those of the project's own networks
and of the common convolutional ones that Keras brings along.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.networks import SIZE, StandardisedConv, build, trunk
from pipeline.errors import EncoderError
from pipeline.graph import Value

Nodes = Callable[[Any, Value], Value]  # of a layer and what it takes


def load_float32(path: Path) -> keras.Model:
    """Load an autoencoder and rebuild it in float32, whatever precision it was trained in."""
    trained = keras.saving.load_model(path, compile=False)
    autoencoder = build(trained.name, policy="float32")
    autoencoder.set_weights(trained.get_weights())
    return autoencoder


def last_stage(autoencoder: keras.Model) -> keras.Model:
    """Return the network from pixels to what embeddings are pooled from: of classic its latents."""
    if autoencoder.name == "classic":
        return autoencoder.get_layer("encoder")
    both = trunk(autoencoder)
    return keras.Model(both.input, both.outputs[1])


def all_stages(autoencoder: keras.Model) -> tuple[keras.Model, list[int]]:
    """Return the network from pixels to its stages, and the side of each, of pictures of 256x256 pixels.

    Of classic the stages are those after pooling, of residual those before the ReLU.
    """
    encoder = autoencoder.get_layer("encoder")
    pooled = [layer.output for layer in encoder.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    stages = pooled or [encoder.get_layer(f"stage_{number}").output for number in (1, 2, 3)]
    network = keras.Model(encoder.input, stages)
    shapes = network.compute_output_shape((None, SIZE, SIZE, 3))
    return network, [shape[1] for shape in shapes]


def predicted(network: keras.Model, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what Keras gives for pixels (N, H, W, C), one batch: (N, ...)."""
    return np.asarray(network(pixels, training=False))


def nodes(network: keras.Model, pixels: Value) -> list[Value]:
    """Add a functional network's layers to the graph of what it takes, (B, C, H, W); return its outputs.

    Raises
    ------
    EncoderError
        If it has a kind of layer that can't be written.
    """
    if isinstance(network, keras.Sequential):
        network = network._functional
    values = {id(network.inputs[0]): pixels}
    for depth in sorted(network._nodes_by_depth, reverse=True):
        for node in network._nodes_by_depth[depth]:
            if isinstance(node.operation, keras.layers.InputLayer):
                continue
            takes = [values.get(id(taken), taken) for taken in _taken(node)]
            for output, value in zip(node.outputs, _written(node.operation, takes), strict=True):
                values[id(output)] = value
    return [values[id(output)] for output in network.outputs]


def _taken(node: Any) -> list[Any]:
    """Return what a layer was called with, lists laid out; numbers stay numbers."""
    taken = [part for given in node.arguments.args for part in (given if isinstance(given, list | tuple) else [given])]
    return taken or list(node.input_tensors)


def _written(layer: Any, takes: Sequence[Any]) -> list[Value]:
    if isinstance(layer, keras.Model):
        return nodes(layer, takes[0])
    kind = type(layer).__name__
    if kind in _JOINING:
        first, *others = takes
        for other in others if kind != "Concatenate" else ():
            first = first.graph.node(_JOINING[kind], first, other)
        return [first if kind != "Concatenate" else first.graph.joined(list(takes))]
    if kind not in _LAYERS:
        raise EncoderError(
            f"{layer.name} is a layer of the kind {kind}, which can't be written as ONNX here; export the network with "
            "a tool of its own and give the file in encoder.path, with encoder.kind onnx"
        )
    return [_LAYERS[kind](layer, takes[0])]


def _convolution(
    layer: Any, x: Value, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None, *, groups: int
) -> Value:
    """Add a convolution with a kernel (h, w, C / groups, F)."""
    shape, strides = kernel.shape[:2], _pair(layer.strides)
    dilations = _pair(getattr(layer, "dilation_rate", 1))
    window = {"strides": strides, "dilations": dilations, "group": groups, "kernel_shape": list(shape)}
    takes = [np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), *([] if bias is None else [bias])]
    padding = _padding(getattr(layer, "padding", "same"), shape, strides, dilations)
    return x.graph.node("Conv", x, *takes, **window, **padding)


def _padding(padding: str, size: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> dict[str, Any]:
    """Return how edges are padded: the same as TensorFlow's "same" adds the odd one at the end."""
    if padding == "valid":
        return {}
    around = [(n - 1) * dilation for n, dilation in zip(size, dilations, strict=True)]
    if max(strides) == 1 and all(n % 2 == 0 for n in around):
        return {"pads": [n // 2 for n in (*around, *around)]}
    return {"auto_pad": "SAME_UPPER"}


def _pair(number: Any) -> list[int]:
    return [number, number] if isinstance(number, int) else list(number)


def _standardised(layer: Any, x: Value) -> Value:
    """Add the convolution with the kernel that `StandardisedConv` makes, calculated once, in float64."""
    kernel = np.asarray(layer.kernel, np.float64)
    fan_in, filters = kernel.shape
    scale = np.asarray(layer.gain) * layer.scale / np.sqrt(kernel.var(axis=0) * fan_in + 1e-4)
    kernel = (kernel - kernel.mean(axis=0)) * scale
    kernel = kernel.reshape(layer.size, layer.size, -1, filters).astype(np.float32)
    return _convolution(layer, x, kernel, np.asarray(layer.bias, np.float32), groups=1)


def _plain(layer: Any, x: Value) -> Value:
    bias = np.asarray(layer.bias) if layer.use_bias else None
    made = _convolution(layer, x, np.asarray(layer.kernel), bias, groups=layer.groups)
    return _activated(layer.activation, made, layer)


def _depthwise(layer: Any, x: Value) -> Value:
    kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias) if layer.use_bias else None
    height, width, channels, multiple = kernel.shape
    made = _convolution(layer, x, kernel.reshape(height, width, 1, channels * multiple), bias, groups=channels)
    return _activated(layer.activation, made, layer)


def _normalised(layer: Any, x: Value) -> Value:
    variance = np.asarray(layer.moving_variance)
    gamma = np.asarray(layer.gamma) if layer.scale else np.ones_like(variance)
    beta = np.asarray(layer.beta) if layer.center else np.zeros_like(variance)
    return x.graph.node(
        "BatchNormalization", x, gamma, beta, np.asarray(layer.moving_mean), variance, epsilon=float(layer.epsilon)
    )


def _pooled(layer: Any, x: Value) -> Value:
    operation = "MaxPool" if type(layer).__name__.startswith("Max") else "AveragePool"
    size, strides = _pair(layer.pool_size), _pair(layer.strides)
    padding = _padding(layer.padding, size, strides, [1, 1])
    return x.graph.node(operation, x, kernel_shape=size, strides=strides, **padding)


def _padded(layer: Any, x: Value) -> Value:
    (top, bottom), (left, right) = layer.padding
    return x.padded((0, 0, top, left), (0, 0, bottom, right))


def _dense(layer: Any, x: Value) -> Value:
    made = x @ np.asarray(layer.kernel)
    made = made + np.asarray(layer.bias) if layer.use_bias else made
    return _activated(layer.activation, made, layer)


def _reshaped(layer: Any, x: Value) -> Value:
    """Add what squeeze and excite need: (B, C) as planes of one pixel."""
    if tuple(layer.target_shape)[:2] != (1, 1) or len(layer.target_shape) != 3:
        raise EncoderError(
            f"{layer.name} reshapes to {layer.target_shape}, which can't be written as ONNX here; export the network "
            "with a tool of its own and give the file in encoder.path, with encoder.kind onnx"
        )
    return x.graph.node("Reshape", x, np.array([0, -1, 1, 1], np.int64))


def _channels(numbers: Any) -> NDArray[np.float32]:
    """Return a number, or one for each channel, as they meet planes."""
    array = np.asarray(numbers, np.float32).reshape(-1)
    return array.reshape(-1, 1, 1) if array.size > 1 else array[0]


def _scaled(layer: Any, x: Value) -> Value:
    return x * _channels(layer.scale) + _channels(layer.offset)


def _standard(layer: Any, x: Value) -> Value:
    return (x - _channels(layer.mean)) / _channels(np.maximum(np.sqrt(layer.variance), 1e-7))


def _mean_over_places(layer: Any, x: Value) -> Value:
    return x.mean(2, 3, keep=bool(layer.keepdims))


def _rectified(layer: Any, x: Value) -> Value:
    if layer.threshold:
        return _refused(layer)
    if layer.negative_slope:
        return x.graph.node("LeakyRelu", x, alpha=float(layer.negative_slope))
    return x.relu() if layer.max_value is None else x.graph.node("Clip", x, 0.0, float(layer.max_value))


def _activated(function: Any, x: Value, layer: Any) -> Value:
    name = getattr(function, "__name__", str(function))
    if name not in _ACTIVATIONS:
        return _refused(layer)
    return _ACTIVATIONS[name](x)


def _refused(layer: Any) -> Value:
    raise EncoderError(
        f"{layer.name} has settings that can't be written as ONNX here; export the network with a tool of its own and "
        "give the file in encoder.path, with encoder.kind onnx"
    )


_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda x: x,
    "relu": lambda x: x.relu(),
    "relu6": lambda x: x.graph.node("Clip", x, 0.0, 6.0),
    "sigmoid": lambda x: x.graph.node("Sigmoid", x),
    "silu": lambda x: x * x.graph.node("Sigmoid", x),
    "hard_sigmoid": lambda x: x.graph.node("HardSigmoid", x, alpha=1 / 6, beta=0.5),
    "hard_silu": lambda x: x.graph.node("HardSwish", x),
}
_JOINING = {"Add": "Add", "Subtract": "Sub", "Multiply": "Mul", "Concatenate": "Concat"}
_LAYERS: dict[str, Nodes] = {
    StandardisedConv.__name__: _standardised,
    "Conv2D": _plain,
    "DepthwiseConv2D": _depthwise,
    "BatchNormalization": _normalised,
    "MaxPooling2D": _pooled,
    "AveragePooling2D": _pooled,
    "GlobalAveragePooling2D": _mean_over_places,
    "ZeroPadding2D": _padded,
    "Dense": _dense,
    "Reshape": _reshaped,
    "Rescaling": _scaled,
    "Normalization": _standard,
    "ReLU": _rectified,
    "Activation": lambda layer, x: _activated(layer.activation, x, layer),
    "Dropout": lambda _, x: x,
    "SpatialDropout2D": lambda _, x: x,
}
