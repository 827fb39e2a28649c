"""The file of cells: what is in it, and that it is the same through Keras and through the exported graph."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
import tensorflow as tf

from pipeline.autoencoder.backend import keras
from pipeline.autoencoder.cells import export_cells, network_cells, pixel_cells
from pipeline.autoencoder.export import run
from pipeline.autoencoder.networks import build
from pipeline.encoder import cells_of, open_cells


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


def test_the_exported_graph_gives_what_keras_gives(saved: Path, tmp_path: Path) -> None:
    some = pictures(3)
    function = network_cells(saved, some, fit_rows=np.arange(3))
    export_cells(function, tmp_path / "cells.onnx", made_from="autoencoder", encoder="abc")
    cells = open_cells(tmp_path / "cells.onnx", beside="abc")
    assert cells.facts == {"made_from": "autoencoder", "encoder": "abc"}
    for picture, expected in zip(some, run(function, some), strict=True):
        np.testing.assert_allclose(cells_of(cells, picture), expected, atol=2e-4)


def test_stages_have_unit_length_beside_the_pixels(saved: Path) -> None:
    some = pictures(2)
    cells = run(network_cells(saved, some, fit_rows=np.arange(2)), some)
    seen, pixels = cells[..., :-192], cells[..., -192:]
    np.testing.assert_allclose((seen**2).sum(-1), 1, atol=1e-3)
    np.testing.assert_allclose(pixels, 10**0.5 * run(pixel_cells(), some), rtol=1e-4, atol=1e-6)


def test_a_change_shows_in_the_cell_that_it_is_in(saved: Path) -> None:
    first, second = pictures(1)[0], pictures(1)[0]
    second[128:136, 64:72] = 255 - second[128:136, 64:72]
    function = network_cells(saved, pictures(2), fit_rows=np.arange(2))
    apart = ((run(function, first[None]) - run(function, second[None]))[0] ** 2).sum(-1)
    assert np.unravel_index(apart.argmax(), apart.shape) == (16, 8)


def test_half_the_squared_distance_of_pixels_is_their_mean_square_difference() -> None:
    black, grey = np.zeros((1, 256, 256, 3), np.uint8), np.full((1, 256, 256, 3), 51, np.uint8)
    apart = run(pixel_cells(), black) - run(pixel_cells(), grey)
    np.testing.assert_allclose((apart**2).sum(-1) / 2, 0.04, rtol=1e-4)


def test_blank_pictures_give_finite_cells(saved: Path) -> None:
    blank = np.zeros((2, 256, 256, 3), np.uint8)
    assert np.isfinite(run(network_cells(saved, blank, fit_rows=np.arange(2)), blank)).all()
