"""The door to encoder files: what keeps the contract is run, what doesn't is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import write_cells, write_encoder, write_graph
from numpy.typing import NDArray
from onnx import TensorProto, helper

from pipeline.encoder.running import cells_of, encode, encode_one, open_cells, open_encoder
from pipeline.errors import EncoderError


def random_pictures(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 256, 256, 3), np.uint8)


def test_an_embedding_is_what_the_graph_says(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", patch=64)
    pictures = random_pictures(2)
    means = pictures.reshape(2, 4, 64, 4, 64, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(2, 48)
    centred = means - np.linspace(100, 150, 48)
    expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    encoder = open_encoder(tmp_path / "encoder.onnx")
    np.testing.assert_allclose(encode(encoder, pictures, progress=False), expected, atol=1e-5)


def test_encoding_many_equals_encoding_each_bit_for_bit(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", patch=8)
    encoder, pictures = open_encoder(tmp_path / "encoder.onnx"), random_pictures(9)
    together = encode(encoder, pictures, progress=False)
    assert together.dtype == np.float32
    for picture, embedding in zip(pictures, together, strict=True):
        np.testing.assert_array_equal(encode_one(encoder, picture), embedding)


def test_no_pictures_give_no_embeddings(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", patch=64)
    assert encode(open_encoder(tmp_path / "encoder.onnx"), random_pictures(0), progress=False).shape == (0, 48)


def test_another_file_has_another_digest(tmp_path: Path) -> None:
    write_encoder(tmp_path / "a.onnx", patch=64)
    write_encoder(tmp_path / "b.onnx", patch=64, scale=1.00001)
    assert open_encoder(tmp_path / "a.onnx").digest != open_encoder(tmp_path / "b.onnx").digest


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"encoder\.onnx is missing: run `pipeline embed`"):
        open_encoder(tmp_path / "encoder.onnx")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x00" * 100])
def test_a_file_that_is_no_onnx_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "encoder.onnx").write_bytes(content)
    with pytest.raises(EncoderError, match="run `pipeline embed` again"):
        open_encoder(tmp_path / "encoder.onnx")


def test_an_encoder_of_another_size_is_refused(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", side=128)
    with pytest.raises(EncoderError, match=r"expected one input uint8 \(B, 256, 256, 3\), got .*128"):
        open_encoder(tmp_path / "encoder.onnx")


def test_an_encoder_of_floats_is_refused(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", takes=TensorProto.FLOAT)
    with pytest.raises(EncoderError, match=r"expected one input uint8 .*tensor\(float\)"):
        open_encoder(tmp_path / "encoder.onnx")


def test_an_output_that_is_no_table_is_refused(tmp_path: Path) -> None:
    write_graph(
        tmp_path / "encoder.onnx",
        [helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT)],
        takes=helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["B", 256, 256, 3]),
        gives=helper.make_tensor_value_info("floats", TensorProto.FLOAT, ["B", 256, 256, 3]),
    )
    with pytest.raises(EncoderError, match=r"expected the output float32 \(B, D\), got .*256"):
        open_encoder(tmp_path / "encoder.onnx")


@pytest.mark.parametrize(("scale", "length"), [(2.0, "2"), (0.99, "0.99"), (0.0, "0"), (float("nan"), "nan")])
def test_an_embedding_that_is_not_of_unit_length_is_refused(tmp_path: Path, scale: float, length: str) -> None:
    write_encoder(tmp_path / "encoder.onnx", scale=scale)
    encoder = open_encoder(tmp_path / "encoder.onnx")
    with pytest.raises(EncoderError, match=f"length {length}, expected 1"):
        encode(encoder, random_pictures(2), progress=False)


def test_cells_are_what_the_graph_says_and_know_what_they_were_made_from(tmp_path: Path) -> None:
    write_cells(tmp_path / "cells.onnx", encoder="abc")
    cells = open_cells(tmp_path / "cells.onnx", beside="abc")
    first, second = random_pictures(2)
    found = ((cells_of(cells, first) - cells_of(cells, second)) ** 2).sum(-1) / 2
    difference = (first.astype(float) - second) / 255
    expected = (difference.reshape(32, 8, 32, 8, 3) ** 2).mean((1, 3, 4))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert cells.facts == {"encoder": "abc", "made_from": "autoencoder"}


def test_a_file_of_embeddings_is_no_file_of_cells_and_the_other_way_round(tmp_path: Path) -> None:
    write_encoder(tmp_path / "encoder.onnx", patch=64)
    write_cells(tmp_path / "cells.onnx", encoder="abc")
    with pytest.raises(EncoderError, match=r"expected the output float32 \(B, 32, 32, D\), got .*48"):
        open_cells(tmp_path / "encoder.onnx", beside="abc")
    with pytest.raises(EncoderError, match=r"expected the output float32 \(B, D\), got .*192"):
        open_encoder(tmp_path / "cells.onnx")


def test_cells_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    write_cells(tmp_path / "cells.onnx", encoder="abc", weight=float("inf"))
    with pytest.raises(EncoderError, match="not finite"):
        cells_of(open_cells(tmp_path / "cells.onnx", beside="abc"), random_pictures(1)[0])
