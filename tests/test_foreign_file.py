"""A network of other origin in the contract of an encoder file."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pipeline.encoder.foreign import Foreign, wrapped
from pipeline.encoder.running import encode, open_encoder
from pipeline.encoder.whitening import fit_whitening
from pipeline.errors import EncoderError


def network(path: Path, *, layout: str = "nchw") -> Foreign:
    """Write a network whose outputs are the mean and the maximum of each channel of a 64x64 picture."""
    axes, shape = ([2, 3], ["n", 3, 64, 64]) if layout == "nchw" else ([1, 2], ["n", 64, 64, 3])
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("ReduceMax", ["x"], ["maximum"], axes=axes, keepdims=0),
    ]
    takes = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    gives = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("mean", "maximum")]
    graph = helper.make_graph(nodes, "network", takes, gives)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return Foreign(path, 64, layout, 100.0, 50.0, "first")


@pytest.fixture
def pictures() -> np.ndarray:
    """Return 3 pictures of blocks of 4x4 pixels, uint8 (3, 256, 256, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_the_wrapped_network_sees_what_its_project_describes(layout: str, pictures: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "encoder.onnx").write_bytes(wrapped(network(tmp_path / "network.onnx", layout=layout)))
    embeddings = encode(open_encoder(tmp_path / "encoder.onnx"), pictures, progress=False)
    expected = (pictures.astype(np.float64).mean(axis=(1, 2)) - 100) / 50
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings, expected, atol=2e-3)  # resizing keeps a mean but for the borders


def test_each_channel_can_have_its_own_scaling(pictures: np.ndarray, tmp_path: Path) -> None:
    given = network(tmp_path / "network.onnx")
    means, scales = (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)
    (tmp_path / "encoder.onnx").write_bytes(wrapped(Foreign(given.path, 64, "nchw", means, scales, "first")))
    embeddings = encode(open_encoder(tmp_path / "encoder.onnx"), pictures, progress=False)
    expected = (pictures.astype(np.float64).mean(axis=(1, 2)) - means) / scales
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings, expected, atol=2e-3)


def test_features_are_whitened_inside_the_file(pictures: np.ndarray, tmp_path: Path) -> None:
    given = network(tmp_path / "network.onnx")
    (tmp_path / "plain.onnx").write_bytes(wrapped(given))
    plain = encode(open_encoder(tmp_path / "plain.onnx"), pictures, progress=False)
    whitening = fit_whitening(plain, dimensions=2, power=0.5, anchor=0.0)
    (tmp_path / "encoder.onnx").write_bytes(wrapped(given, whitening=whitening))
    embeddings = encode(open_encoder(tmp_path / "encoder.onnx"), pictures, progress=False)
    expected = (plain - whitening.mean) @ whitening.components
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings, expected, atol=1e-4)


def test_another_output_can_be_named(pictures: np.ndarray, tmp_path: Path) -> None:
    given = network(tmp_path / "network.onnx")
    (tmp_path / "encoder.onnx").write_bytes(wrapped(Foreign(given.path, 64, "nchw", 100.0, 50.0, "maximum")))
    embeddings = encode(open_encoder(tmp_path / "encoder.onnx"), pictures, progress=False)
    assert (embeddings > 0.5).all()  # every channel's maximum is near 255


def test_what_cannot_be_wrapped_says_why(tmp_path: Path) -> None:
    given = network(tmp_path / "network.onnx")
    with pytest.raises(EncoderError, match=r"encoder\.output can be mean, maximum"):
        wrapped(Foreign(given.path, 64, "nchw", 0.0, 1.0, "logits"))
    with pytest.raises(EncoderError, match=r"is missing: give the network's file in encoder\.path"):
        wrapped(Foreign(tmp_path / "no.onnx", 64, "nchw", 0.0, 1.0, "first"))
    (tmp_path / "words.onnx").write_bytes(b"words")
    with pytest.raises(EncoderError, match="no ONNX model"):
        wrapped(Foreign(tmp_path / "words.onnx", 64, "nchw", 0.0, 1.0, "first"))
    newer = onnx.load(given.path)
    newer.graph.node[0].CopyFrom(helper.make_node("Gelu", ["x"], ["mean"]))  # which opset 18 has not
    newer.opset_import[0].version = 20
    onnx.save(newer, tmp_path / "newer.onnx")
    with pytest.raises(EncoderError, match=r"opset 20 .* export it with opset_version=18$"):
        wrapped(Foreign(tmp_path / "newer.onnx", 64, "nchw", 0.0, 1.0, "first"))
    with pytest.raises(EncoderError, match=r"check encoder\.size"):
        wrapped(Foreign(given.path, 32, "nchw", 0.0, 1.0, "first"))
    assert not (tmp_path / "encoder.onnx").exists()
