"""The file of cells: what is in it, and that it is the same through Keras and through the exported graph."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
import tensorflow as tf

from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.graph import all_stages, load_float32, nodes
from pipeline.autoencoder.networks import build
from pipeline.encoder.cells import network_cells, pixel_cells
from pipeline.encoder.running import answers, cells_of, open_cells


def pictures(count: int) -> np.ndarray:
    """Return smooth random pictures, uint8 (count, 256, 256, 3)."""
    coarse = np.random.default_rng(0).random((count, 8, 8, 3)).astype(np.float32)
    return np.rint(tf.image.resize(coarse, (256, 256), "bicubic").numpy().clip(0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module", params=["residual", "classic"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained autoencoder as a file."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("network") / "autoencoder.keras"
    build(request.param, policy="float32").save(path)
    return path


FACTS = {"made_from": "autoencoder", "encoder": "abc"}


def file_of(saved: Path, fitted: np.ndarray) -> bytes:
    network, sides = all_stages(load_float32(saved))
    return network_cells(lambda pixels: nodes(network, pixels), sides, fitted, np.arange(len(fitted)), facts=FACTS)


def test_cells_are_what_the_stages_of_keras_give(saved: Path, tmp_path: Path) -> None:
    some = pictures(3)
    (tmp_path / "cells.onnx").write_bytes(file_of(saved, some))
    cells = open_cells(tmp_path / "cells.onnx", beside="abc")
    assert cells.facts == FACTS
    found = np.stack([cells_of(cells, picture) for picture in some])
    start = 0
    network, _ = all_stages(load_float32(saved))
    stages = network((some / 255).astype(np.float32))
    for stage in stages:
        side = stage.shape[1]
        if side > 32:
            pools = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)
            level = np.concatenate([pool(side // 32)(stage) for pool in pools], axis=-1)
        else:
            level = np.asarray(stage).repeat(32 // side, axis=1).repeat(32 // side, axis=2)
        apart = (level - level.mean((0, 1, 2))) / np.maximum(level.std((0, 1, 2)), 1e-3)
        apart /= np.sqrt((apart**2).sum(-1, keepdims=True) + 1e-6) * len(stages) ** 0.5
        end = start + level.shape[-1]
        np.testing.assert_allclose(found[..., start:end], apart, atol=2e-4)
        start = end
    assert start == found.shape[-1] - 192


def test_stages_have_unit_length_beside_the_pixels(saved: Path) -> None:
    some = pictures(2)
    cells = answers(file_of(saved, some), some)
    seen, pixels = cells[..., :-192], cells[..., -192:]
    np.testing.assert_allclose((seen**2).sum(-1), 1, atol=1e-3)
    np.testing.assert_allclose(pixels, 10**0.5 * answers(pixel_cells(facts={}), some), rtol=1e-4, atol=1e-6)


def test_a_change_shows_in_the_cell_that_it_is_in(saved: Path) -> None:
    first, second = pictures(1)[0], pictures(1)[0]
    second[128:136, 64:72] = 255 - second[128:136, 64:72]
    one, other = answers(file_of(saved, pictures(2)), np.stack([first, second]))
    apart = ((one - other) ** 2).sum(-1)
    assert np.unravel_index(apart.argmax(), apart.shape) == (16, 8)


def test_half_the_squared_distance_of_pixels_is_their_mean_square_difference() -> None:
    black, grey = np.zeros((1, 256, 256, 3), np.uint8), np.full((1, 256, 256, 3), 51, np.uint8)
    apart = answers(pixel_cells(facts={}), black) - answers(pixel_cells(facts={}), grey)
    np.testing.assert_allclose((apart**2).sum(-1) / 2, 0.04, rtol=1e-4)


def test_blank_pictures_give_finite_cells(saved: Path) -> None:
    blank = np.zeros((2, 256, 256, 3), np.uint8)
    assert np.isfinite(answers(file_of(saved, blank), blank)).all()
