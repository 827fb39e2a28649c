"""Encoders of other origin through the stages: train trains nothing, embed wraps, scan watches the file."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Line
from test_foreign_file import network

from pipeline.artifacts import load_embeddings, load_json, load_pictures, load_table, open_index
from pipeline.autoencoder.applications import application, application_file
from pipeline.autoencoder.backend import keras
from pipeline.encoder.foreign import Foreign, wrapped
from pipeline.encoder.running import answers, encode, encode_one, open_encoder
from pipeline.errors import EncoderError
from pipeline.params import load_params
from pipeline.stages.embed import embed
from pipeline.stages.encoder import encoder as make_encoder
from pipeline.stages.encoder.checks import check_application
from pipeline.stages.scan import scan
from pipeline.stages.train import train

SIZE = 64


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save the weights of a small network of keras.applications, as a user would."""
    keras.utils.set_random_seed(3)
    path = tmp_path_factory.mktemp("weights") / "mobile.weights.h5"
    mobile = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    mobile.set_weights([4 * w if w.ndim == 4 else w for w in mobile.get_weights()])  # or nothing comes through
    mobile.save_weights(path)
    return path


def test_an_application_is_the_one_that_keras_builds_with_its_scaling_inside(weights: Path, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    plain = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(256, 256, 3), pooling="avg")
    plain.load_weights(weights)
    expected = plain(pictures / np.float32(127.5) - 1).numpy()
    network = application("MobileNetV2", weights=str(weights), size=256)
    np.testing.assert_allclose(network(pictures.astype(np.float32)).numpy(), expected, rtol=1e-3, atol=1e-4)
    (tmp_path / "mobile.onnx").write_bytes(application_file(network))
    foreign = Foreign(tmp_path / "mobile.onnx", 256, "nhwc", 0.0, 1.0, "first")
    (tmp_path / "encoder.onnx").write_bytes(wrapped(foreign))
    embeddings = encode(open_encoder(tmp_path / "encoder.onnx"), pictures, progress=False)
    np.testing.assert_allclose(embeddings, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-4)


def test_an_application_that_scales_its_pictures_itself_gives_what_keras_gives() -> None:
    network = application("MobileNetV3Small", weights="none", size=64)
    pictures = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3)).astype(np.float32)
    expected = network(pictures).numpy()
    np.testing.assert_allclose(answers(application_file(network), pictures), expected, atol=1e-4 * expected.max())


def test_what_keras_has_not_or_cannot_read_is_said(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"encoder\.name: .*did you mean ResNet50"):
        application("resnet50", weights="none", size=SIZE)
    with pytest.raises(EncoderError, match=r"encoder\.weights: there is no file"):
        application("MobileNetV2", weights=str(tmp_path / "none.weights.h5"), size=SIZE)
    with pytest.raises(EncoderError, match="does not fit resnet50"):
        application("ResNet50", weights=str(weights), size=SIZE)
    with pytest.raises(EncoderError, match=r"check encoder\.size"):
        application("MobileNetV2", weights="none", size=8)


@pytest.mark.parametrize("kind", ["onnx", "keras"])
@pytest.mark.parametrize("whitening", ["none", "half"])
def test_the_stages_take_an_encoder_of_other_origin(
    own_line: Line, weights: Path, tmp_path: Path, kind: str, whitening: str
) -> None:
    network(tmp_path / "own.onnx")
    encoder = {"kind": kind, "name": "MobileNetV2", "weights": str(weights), "path": str(tmp_path / "own.onnx")}
    own_line.set(encoder=encoder | {"size": SIZE, "whitening": whitening}, embed={"dimensions": 3})
    params, artifacts = load_params(own_line.params_file), own_line.artifacts
    assert f"encoder.kind is {kind}: the autoencoder stays untrained" in train(params, artifacts, resume=False)
    assert load_table(artifacts.history, ("epoch", "loss", "validation_loss", "seconds"), stage="train") == []
    make_encoder(params, artifacts)
    embed(params, artifacts)
    with open_index(artifacts.index) as index:
        embeddings, pictures = load_embeddings(artifacts, index), load_pictures(artifacts, index)
    assert embeddings.shape[1] == (1280 if kind == "keras" and whitening == "none" else 3)
    again = encode_one(open_encoder(artifacts.encoder), np.ascontiguousarray(pictures[7]))
    np.testing.assert_array_equal(again, embeddings[7])
    assert [path.name for path in artifacts.encoder.parent.glob("tmp*")] == []
    difference = load_json(artifacts.metrics("encoder"), stage="encoder")["onnx_difference"]
    assert 0 < difference < 1e-4


def test_a_network_of_keras_that_was_written_wrongly_is_refused(weights: Path) -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    mobile = application("MobileNetV2", weights=str(weights), size=SIZE)
    assert check_application(mobile, application_file(mobile), pictures) < 1e-4
    other = application("MobileNetV2", weights="none", size=SIZE)
    with pytest.raises(EncoderError, match="which is more than rounding"):
        check_application(mobile, application_file(other), pictures)


def test_a_network_of_keras_can_be_joined(own_line: Line, weights: Path) -> None:
    own_line.set(encoder={"kind": "keras", "name": "MobileNetV2", "weights": str(weights), "size": SIZE})
    train(own_line.params, own_line.artifacts)
    own_line.set(encoder={"kind": "joined", "network": "keras"}, embed={"dimensions": 16})
    make_encoder(own_line.params, own_line.artifacts)
    embed(own_line.params, own_line.artifacts)
    assert "trust in other network" in open_encoder(own_line.artifacts.encoder).facts


def test_scan_watches_the_file_that_is_used_and_no_other(own_line: Line, tmp_path: Path) -> None:
    artifacts = own_line.artifacts

    def seen() -> object:
        scan(load_params(own_line.params_file), artifacts)
        return load_json(artifacts.foreign, stage="scan")["file"]

    own = network(tmp_path / "own.onnx").path
    own_line.set(encoder={"path": str(own)})
    assert seen() is None
    own_line.set(encoder={"kind": "onnx", "path": str(own)})
    first = seen()
    own_line.set(encoder={"kind": "joined", "network": "onnx"})
    assert seen() == first
    own_line.set(encoder={"kind": "joined", "network": "keras", "weights": "none"})
    assert seen() is None
    own_line.set(encoder={"kind": "onnx"})
    shutil.copyfile(artifacts.untrained_encoder, own)
    assert first is not None
    assert seen() not in (None, first)
