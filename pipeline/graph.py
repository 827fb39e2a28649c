"""Owns writing ONNX graphs: values that are calculated with as in numpy, nodes in the order in which they are made.

Names are numbers in that order, so one program writes the same bytes always, and DVC runs nothing again that follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, compose, helper, numpy_helper

OPSET = 18  # the first whose Resize can average over what it shrinks
_IR_VERSION = 8  # the first that has this opset
_TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}


@dataclass(frozen=True, eq=False)
class Value:
    """A value of a graph, by its name; arithmetic with it adds nodes, as numpy would calculate, all in float32."""

    graph: Graph
    name: str

    def __add__(self, other: Value | ArrayLike) -> Value:
        """Return the sum."""
        return self.graph.node("Add", self, other)

    def __sub__(self, other: Value | ArrayLike) -> Value:
        """Return the difference."""
        return self.graph.node("Sub", self, other)

    def __rsub__(self, other: ArrayLike) -> Value:
        """Return a constant less this value."""
        return self.graph.node("Sub", other, self)

    def __mul__(self, other: Value | ArrayLike) -> Value:
        """Return the product, number by number."""
        return self.graph.node("Mul", self, other)

    def __truediv__(self, other: Value | ArrayLike) -> Value:
        """Return the quotient, number by number."""
        return self.graph.node("Div", self, other)

    def __pow__(self, power: float) -> Value:
        """Return the power; a square is a product, which is the faster."""
        return self * self if power == 2 else self.graph.node("Pow", self, power)

    def __matmul__(self, other: Value | ArrayLike) -> Value:
        """Return the matrix product."""
        return self.graph.node("MatMul", self, other)

    def relu(self) -> Value:
        """Return what is above 0, else 0."""
        return self.graph.node("Relu", self)

    def sqrt(self) -> Value:
        """Return the square roots."""
        return self.graph.node("Sqrt", self)

    def magnitude(self) -> Value:
        """Return the absolute values."""
        return self.graph.node("Abs", self)

    def log(self) -> Value:
        """Return the natural logarithms."""
        return self.graph.node("Log", self)

    def between(self, least: float, most: float) -> Value:
        """Return the value, or the bound that it is beyond."""
        return self.graph.node("Clip", self, np.float32(least), np.float32(most))

    def at_most(self, bound: float) -> Value:
        """Return the value, or the bound where it is above."""
        return self.graph.node("Min", self, bound)

    def mean(self, *axes: int, keep: bool = False) -> Value:
        """Return the means over axes."""
        return self.graph.node("ReduceMean", self, np.array(axes, np.int64), keepdims=int(keep))

    def sum(self, *axes: int, keep: bool = False) -> Value:
        """Return the sums over axes."""
        return self.graph.node("ReduceSum", self, np.array(axes, np.int64), keepdims=int(keep))

    def largest(self, *axes: int) -> Value:
        """Return the largest over axes."""
        return self.graph.node("ReduceMax", self, np.array(axes, np.int64), keepdims=0)

    def cut(self, axis: int, start: int, end: int) -> Value:
        """Return what lies on an axis from a start up to an end."""
        return self.graph.node("Slice", self, *(np.array([number], np.int64) for number in (start, end, axis)))

    def padded(self, before: tuple[int, ...], after: tuple[int, ...], value: float = 0.0) -> Value:
        """Return the value with so many constants on each axis before and after it."""
        return self.graph.node("Pad", self, np.array([*before, *after], np.int64), np.float32(value))

    def ordered(self, *axes: int) -> Value:
        """Return the value with its axes in another order."""
        return self.graph.node("Transpose", self, perm=list(axes))

    def shaped(self, *sizes: int) -> Value:
        """Return (B, ...) as (B, *sizes)."""
        return self.graph.node("Reshape", self, np.array([0, *sizes], np.int64))

    def widened(self, axis: int) -> Value:
        """Return the value with one more axis, of size 1, at a place."""
        return self.graph.node("Unsqueeze", self, np.array([axis], np.int64))

    def flat(self) -> Value:
        """Return (B, ...) as (B, P)."""
        return self.graph.node("Flatten", self, axis=1)

    def averaged(self, size: int, step: int) -> Value:
        """Return the means of squares of planes (B, C, H, W), `size` on a side, one each `step`."""
        return self.graph.node("AveragePool", self, kernel_shape=[size, size], strides=[step, step])

    def maxima(self, size: int, step: int) -> Value:
        """Return the largest of squares of planes (B, C, H, W), `size` on a side, one each `step`."""
        return self.graph.node("MaxPool", self, kernel_shape=[size, size], strides=[step, step])

    def resized(self, scales: NDArray[np.float32]) -> Value:
        """Return planes (B, C, H, W) with each value repeated, by whole scales of its four axes."""
        size = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
        return self.graph.node("Resize", self, None, scales, **size)

    def filtered(self, kernel: NDArray[np.float32]) -> Value:
        """Return planes (B, C, H, W) convolved with a kernel (F, C, h, w), nothing added at the edges."""
        return self.graph.node("Conv", self, kernel)

    def highest(self, count: int) -> tuple[Value, Value]:
        """Return the largest numbers of (B, P), falling, and where they stand: (B, count) both."""
        values, places = self.graph.nodes("TopK", 2, self, np.array([count], np.int64), axis=1)
        return values, places

    def taken(self, rows: Value) -> Value:
        """Return the rows of (P, ...) that integers (B, K) name: (B, K, ...)."""
        return self.graph.node("Gather", self, rows, axis=0)

    def unit(self) -> Value:
        """Return (B, D) at unit length; zeros, of which no direction is known, become equal numbers."""
        something = self + 1e-12
        # LpNormalization and ReduceL2 are off by 2e-5 of 4,096 equal numbers, this by 8e-7 (onnxruntime 1.32)
        return something / (something**2).sum(1, keep=True).sqrt()


class Graph:
    """A graph that is being written."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._takes: list[onnx.ValueInfoProto] = []
        self._gives: list[str] = []
        self._foreign: list[onnx.ModelProto] = []

    def input(self, name: str, dtype: str, *shape: int) -> Value:
        """Add an input (B, *shape) of "uint8" or "float32"."""
        self._takes.append(helper.make_tensor_value_info(name, _TYPES[dtype], ["B", *shape]))
        return Value(self, name)

    def node(self, operation: str, *takes: Value | ArrayLike | None, **attributes: Any) -> Value:
        """Add a node of ONNX by its name; what it takes that is no value becomes a constant."""
        return self.nodes(operation, 1, *takes, **attributes)[0]

    def nodes(self, operation: str, outputs: int, *takes: Value | ArrayLike | None, **attributes: Any) -> list[Value]:
        """Add a node of several outputs."""
        names = [self._value(taken).name for taken in takes]
        number = len(self._nodes)
        made = [f"value_{number}", *(f"value_{number}_{place}" for place in range(1, outputs))]
        named = f"{operation}_{number}"
        self._nodes.append(helper.make_node(operation, names, made, name=named, **dict(sorted(attributes.items()))))
        return [Value(self, name) for name in made]

    def constant(self, array: NDArray[Any]) -> Value:
        """Return an array as a value; one of int64 stays so, for sizes and axes, all else becomes float32."""
        return self._value(array)

    def joined(self, values: list[Value], axis: int = 1) -> Value:
        """Return values beside each other on an axis."""
        return values[0] if len(values) == 1 else self.node("Concat", *values, axis=axis)

    def network(self, model: onnx.ModelProto, taken: Value, name: str, output: str) -> Value:
        """Add a whole model of this opset, whose one input is given, under a name; return one of its outputs."""
        inner = compose.add_prefix(model, f"{name}/")
        tensors = {tensor.name for tensor in inner.graph.initializer}
        (entry,) = [value.name for value in inner.graph.input if value.name not in tensors]
        self._nodes.append(helper.make_node("Identity", [taken.name], [entry], name=f"Identity_{len(self._nodes)}"))
        self._nodes.extend(inner.graph.node)
        self._foreign.append(inner)
        return Value(self, f"{name}/{output}")

    def output(self, name: str, value: Value) -> None:
        """Name a value as one that the graph gives."""
        self._nodes.append(helper.make_node("Identity", [value.name], [name], name=f"Identity_{len(self._nodes)}"))
        self._gives.append(name)

    def model(self, facts: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """Return the model, with facts that it says of itself.

        Raises
        ------
        ValueError
            If the size of an output can't be told from the shapes of the inputs.
        """
        gives = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self._gives]
        tensors = [*self._constants.values(), *(t for inner in self._foreign for t in inner.graph.initializer)]
        graph = helper.make_graph(self._nodes, "graph", self._takes, gives, tensors)
        opsets = {o.domain: o.version for inner in self._foreign for o in inner.opset_import} | {"": OPSET}
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, opsets[domain]) for domain in sorted(opsets)],
            functions=[function for inner in self._foreign for function in inner.functions],
            ir_version=max([_IR_VERSION, *(inner.ir_version for inner in self._foreign)]),
        )
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        for output, known in zip(model.graph.output, inferred.graph.output, strict=True):
            sizes = [dim.dim_value for dim in known.type.tensor_type.shape.dim][1:]
            if not sizes or 0 in sizes:
                raise ValueError(f"expected an output {output.name!r} of fixed size, got (B, {sizes})")
            output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, ["B", *sizes]))
        helper.set_model_props(model, dict(facts or {}))
        return model

    def written(self, facts: Mapping[str, str] | None = None) -> bytes:
        """Return the bytes of the model's file."""
        data: bytes = self.model(facts).SerializeToString(deterministic=True)
        return data

    def _value(self, taken: Value | ArrayLike | None) -> Value:
        if isinstance(taken, Value):
            return taken
        if taken is None:  # an input that a node can do without
            return Value(self, "")
        array = np.asarray(taken)
        if array.dtype != np.int64 or array.ndim == 0:
            array = array.astype(np.float32)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, f"constant_{len(self._constants)}")
        return Value(self, self._constants[key].name)
