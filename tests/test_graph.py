"""Graphs: the same bytes always, and what numpy would calculate."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_autoencoder import pictures, recipe  # noqa: F401

from pipeline.autoencoder import training
from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.graph import nodes, predicted
from pipeline.encoder.running import answers
from pipeline.errors import EncoderError
from pipeline.graph import Graph

EXPORT = """
import sys
from pathlib import Path
junk = [bytearray(997 * number) for number in range(int(sys.argv[2]))]  # so that objects lie elsewhere
import numpy as np
from pipeline.autoencoder.graph import all_stages, load_float32, nodes
from pipeline.encoder.cells import network_cells
from pipeline.stages.encoder.files import files_of
folder, target = Path(sys.argv[1]), Path(sys.argv[3])
pictures, rows = np.load(folder / "pictures.npy"), np.arange(8)
target.mkdir()
model = folder / "residual.keras"
for upright in (False, True):
    data = files_of(load_float32(model), None, pictures, rows, dimensions=5, upright=upright, seed=0)["encoder"]
    (target / f"residual_{upright}.onnx").write_bytes(data)
classic = load_float32(folder / "classic.keras")
data = files_of(classic, None, pictures, rows, dimensions=5, upright=True, seed=0)["encoder"]
(target / "classic.onnx").write_bytes(data)
network, sides = all_stages(load_float32(model))
data = network_cells(lambda pixels: nodes(network, pixels), sides, pictures, rows, facts={"made_from": "autoencoder"})
(target / "cells.onnx").write_bytes(data)
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


def test_values_are_calculated_with_as_numpy_does() -> None:
    graph = Graph()
    x = graph.input("x", "float32", 3, 4, 4)
    inner = (1 - x.cut(2, 1, 3)).padded((0, 0, 1, 0), (0, 0, 1, 0), 2.0)
    graph.output("y", ((inner**2 + x / 2.0).sqrt() * 3 - x.mean(2, 3, keep=True)).relu().at_most(2.5))
    given = np.random.default_rng(0).random((2, 3, 4, 4)).astype(np.float32)
    inner = np.pad(1 - given[:, :, 1:3], ((0, 0), (0, 0), (1, 1), (0, 0)), constant_values=2)
    expected = np.clip(np.sqrt(inner**2 + given / 2) * 3 - given.mean((2, 3), keepdims=True), 0, 2.5)
    np.testing.assert_allclose(answers(graph.written(), given), expected, rtol=1e-5, atol=1e-6)


def test_a_constant_is_kept_once() -> None:
    graph = Graph()
    graph.output("y", graph.input("x", "float32", 3) * 2 + 2)
    assert len(graph.model().graph.initializer) == 1


def test_an_output_of_no_fixed_size_is_refused() -> None:
    graph = Graph()
    x = graph.input("x", "float32", 3)
    graph.output("y", graph.node("Transpose", x, perm=[1, 0]))
    with pytest.raises(ValueError, match="expected an output 'y' of fixed size"):
        graph.model()


def test_a_sequence_of_layers_inside_a_network_gives_what_keras_gives() -> None:
    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.ReLU()]
    )
    pixels = keras.Input((8, 8, 3))
    network = keras.Model(pixels, keras.layers.MaxPooling2D(2)(inner(pixels)))
    wanted = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    graph = Graph()
    given = graph.input("pixels", "float32", 8, 8, 3)
    graph.output("planes", nodes(network, given.ordered(0, 3, 1, 2))[0].ordered(0, 2, 3, 1))
    np.testing.assert_allclose(answers(graph.written(), wanted), predicted(network, wanted), atol=1e-6)


def test_a_layer_that_cannot_be_written_is_named_wherever_it_is() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.UnitNormalization(name="odd_one")])
    pixels = keras.Input((8, 8, 3))
    network = keras.Model(pixels, inner(pixels))
    with pytest.raises(EncoderError, match="odd_one is a layer of the kind UnitNormalization, which can't be written"):
        nodes(network, Graph().input("pixels", "float32", 8, 8, 3))
