"""Exports of one network are the same bytes, whatever names and order tf2onnx gives it, and however hashes fall."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from test_autoencoder import pictures, recipe  # noqa: F401

from pipeline.autoencoder import training
from pipeline.autoencoder.conversion import canonical
from pipeline.encoder import encode, open_encoder

EXPORT = """
import sys
from pathlib import Path
junk = [bytearray(997 * number) for number in range(int(sys.argv[2]))]  # so that objects lie elsewhere
import numpy as np
from pipeline.autoencoder.cells import export_cells, network_cells
from pipeline.autoencoder.export import embedding, export
folder, target = Path(sys.argv[1]), Path(sys.argv[3])
pictures, rows = np.load(folder / "pictures.npy"), np.arange(8)
target.mkdir()
model = folder / "residual.keras"
for upright in (False, True):
    function = embedding(model, pictures, dimensions=5, fit_rows=rows, upright=upright, seed=0)
    export(function, target / f"residual_{upright}.onnx")
function = embedding(folder / "classic.keras", pictures, dimensions=5, fit_rows=rows, upright=True, seed=0)
export(function, target / "classic.onnx")
cells = network_cells(model, pictures, fit_rows=rows)
export_cells(cells, target / "cells.onnx", made_from="autoencoder", encoder="0")
"""


def test_two_processes_export_the_same_bytes(pictures: np.ndarray, tmp_path: Path) -> None:  # noqa: F811
    np.save(tmp_path / "pictures.npy", pictures)
    for name in ("classic", "residual"):
        training.save_model(training.start(recipe(name)), tmp_path / f"{name}.keras")
    digests = []
    for junk in ("0", "2000", "3000"):
        arguments = [sys.executable, "-c", EXPORT, str(tmp_path), junk, str(tmp_path / junk)]
        environment = {**os.environ, "PYTHONHASHSEED": junk}
        subprocess.run(arguments, check=True, capture_output=True, env=environment)
        digests.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / junk).iterdir()})
    assert len(digests[0]) == 4
    assert digests[0] == digests[1] == digests[2]


def written(order: list[int], names: dict[str, str], path: Path) -> onnx.ModelProto:
    """Write means less a constant at unit length, with nodes in some order and other names."""

    def named(*values: str) -> list[str]:
        return [names.get(value, value) for value in values]

    nodes = [
        helper.make_node("Cast", ["pictures"], named("floats"), to=TensorProto.FLOAT, name=names.get("floats", "")),
        helper.make_node("ReduceMean", named("floats"), named("means"), axes=[1, 2], keepdims=0),
        helper.make_node("Sub", named("means", "centre"), named("centred")),
        helper.make_node("Cast", named("centre"), named("floats of nobody"), to=TensorProto.FLOAT),
        helper.make_node("LpNormalization", named("centred"), ["embedding"], p=2, axis=1),
    ]
    constants = [("centre", np.float32([100, 110, 120])), ("of nobody", np.float32([1]))]
    graph = helper.make_graph(
        [nodes[number] for number in order],
        names.get("graph", "graph"),
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["B", 256, 256, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", 3])],
        [numpy_helper.from_array(value, *named(name)) for name, value in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return model


def test_names_and_order_do_not_count_and_the_result_stays(pictures: np.ndarray, tmp_path: Path) -> None:  # noqa: F811
    first = written([0, 1, 2, 3, 4], {}, tmp_path / "first.onnx")
    second = written([0, 3, 1, 2, 4], {"floats": "x_7", "centre": "a", "centred": "z"}, tmp_path / "second.onnx")
    assert first.SerializeToString() != second.SerializeToString()
    for name, model in (("first", first), ("second", second)):
        canonical_bytes = canonical(model).SerializeToString(deterministic=True)
        (tmp_path / f"{name}_canonical.onnx").write_bytes(canonical_bytes)
    one, other = ((tmp_path / f"{name}_canonical.onnx").read_bytes() for name in ("first", "second"))
    assert one == other
    expected = encode(open_encoder(tmp_path / "first.onnx"), pictures, progress=False)
    np.testing.assert_array_equal(
        encode(open_encoder(tmp_path / "first_canonical.onnx"), pictures, progress=False), expected
    )
    assert len(canonical(first).graph.node) == 4  # what leads to no output is left out
    assert len(canonical(first).graph.initializer) == 1


def test_another_constant_is_another_graph(tmp_path: Path) -> None:
    model = written([0, 1, 2, 3, 4], {}, tmp_path / "first.onnx")
    before = canonical(model).SerializeToString(deterministic=True)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.float32([100, 110, 121]), "centre"))
    assert canonical(model).SerializeToString(deterministic=True) != before


def test_a_graph_within_a_node_is_refused() -> None:
    inner = helper.make_graph([], "inner", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    takes = [helper.make_tensor_value_info("x", TensorProto.BOOL, [1])]
    graph = helper.make_graph([node], "outer", takes, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    with pytest.raises(ValueError, match="expected no graphs within nodes, got one in If"):
        canonical(helper.make_model(graph))
