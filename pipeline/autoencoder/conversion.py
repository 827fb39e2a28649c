"""Owns turning a function of TensorFlow into an ONNX file: the same graph as the same bytes.

tf2onnx names nodes by a counter, and its optimisers walk through sets of names and of addresses, so that two exports of
one network differ in their bytes, and DVC would run all that follows again. Here they are left out: ONNX Runtime does
their work when it opens the file (235 nodes or 309, same speed). Names and order are made anew from the structure.
"""

from pathlib import Path
from typing import Any

import onnx

from pipeline.autoencoder.backend import tf

_SUBGRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def save_onnx(function: Any, signature: list[tf.TensorSpec], path: Path, *, opset: int) -> None:
    """Write a `tf.function` as an ONNX file; its bytes depend on what it computes alone."""
    path.write_bytes(canonical(_converted(function, signature, opset)).SerializeToString(deterministic=True))


def _converted(function: Any, signature: list[tf.TensorSpec], opset: int) -> onnx.ModelProto:
    from tf2onnx import tf_loader, tfonnx  # here, for it imports TensorFlow as loudly as `backend` keeps it from being

    traced = function.get_concrete_function(*signature)
    takes, gives = ([t.name for t in tensors if t.dtype != tf.resource] for tensors in (traced.inputs, traced.outputs))
    frozen = tf_loader.from_function(traced, takes, gives)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        return tfonnx.process_tf_graph(graph, opset=opset, input_names=takes, output_names=gives).make_model("graph")


def canonical(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that computes the same, its nodes ordered and its values named by how they lead to the outputs.

    Inputs and outputs keep their names. What leads to no output is left out, and so is what is only said about values.
    Sizes that are free are numbered.

    Raises
    ------
    ValueError
        If a node holds a graph of its own, as loops do.
    """
    graph = model.graph
    order = _ordered(graph)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}
    constants: list[onnx.TensorProto] = []
    for number, node in enumerate(order):
        for name in node.input:
            if name in tensors and name not in names:
                names[name] = f"constant_{len(constants)}"
                constants.append(_renamed(tensors[name], names[name]))
        for place, name in enumerate(node.output):
            names.setdefault(name, f"value_{number}_{place}")
    nodes = [_node(node, number, names) for number, node in enumerate(order)]
    made = onnx.helper.make_graph(nodes, "graph", graph.input, graph.output, constants)
    sizes = [size for value in (*made.input, *made.output) for size in value.type.tensor_type.shape.dim]
    for number, size in enumerate(size for size in sizes if size.dim_param):
        size.dim_param = f"free_{number}"
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    return onnx.helper.make_model(made, opset_imports=opsets, ir_version=model.ir_version)


def _ordered(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that lead to the outputs, each after what it needs, in the order in which they are needed."""
    maker = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    done: dict[int, None] = {}
    waiting = [(maker[value.name], False) for value in reversed(graph.output) if value.name in maker]
    while waiting:  # no recursion: a deep network is a long chain
        number, ready = waiting.pop()
        if number in done:
            continue
        if ready:
            done[number] = None
            continue
        waiting.append((number, True))
        waiting += [(maker[name], False) for name in reversed(graph.node[number].input) if name in maker]
    return [graph.node[number] for number in done]


def _node(node: onnx.NodeProto, number: int, names: dict[str, str]) -> onnx.NodeProto:
    if any(attribute.type in _SUBGRAPHS for attribute in node.attribute):
        raise ValueError(f"expected no graphs within nodes, got one in {node.op_type}")
    made = onnx.NodeProto(op_type=node.op_type, domain=node.domain, name=f"{node.op_type}_{number}")
    made.input.extend(names[name] for name in node.input)
    made.output.extend(names[name] for name in node.output)
    made.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    return made


def _renamed(tensor: onnx.TensorProto, name: str) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), name)
