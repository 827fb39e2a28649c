"""The weights that a training starts from."""

import dataclasses
import fnmatch
import os
import tomllib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from conftest import ROOT
from scenes import photograph

from pipeline.autoencoder import training
from pipeline.autoencoder.graph import last_stage, predicted
from pipeline.autoencoder.networks import build
from pipeline.autoencoder.starting import GROWN, grown_weights, save_weights
from pipeline.autoencoder.training import Recipe
from pipeline.params import load_params
from pipeline.stages.train.recipe import recipe_of
from pipeline.trust.two_views import draw_views, found_again


def started(start: str, *, seed: int) -> list[np.ndarray]:
    recipe = Recipe("residual", start, "contrastive", 2, 4, 1e-3, 0.25, 32, 0.0, "float32", seed)
    return training.start(recipe).networks.autoencoder.get_weights()


def test_the_shipped_start_is_the_same_for_every_seed_and_random_weights_are_not() -> None:
    for first, second, shipped in zip(*(started("grown", seed=seed) for seed in (1, 2)), grown_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, shipped)
    assert any((a != b).any() for a, b in zip(*(started("scratch", seed=seed) for seed in (1, 2)), strict=True))


def test_the_shipped_start_tells_pictures_apart_that_it_has_never_seen() -> None:
    pictures = np.stack([np.asarray(photograph(seed, (256, 256))) for seed in range(40)])
    views = (draw_views(pictures, seed=0)[:, ::2, ::2] / 255).astype(np.float32)
    found = {}
    for start in ("grown", "scratch"):
        network = build("residual", policy="float32")
        network.set_weights(started(start, seed=0))
        pooled = np.maximum(predicted(last_stage(network), views), 0).mean(axis=(1, 2))
        pooled -= pooled.mean(axis=0)
        found[start] = found_again(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))
    assert found["grown"] > found["scratch"] + 0.1


def test_the_shipped_start_is_small_and_part_of_the_package() -> None:
    assert GROWN.stat().st_size < 6_000_000
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["pipeline"]
    inside = str(GROWN.relative_to(ROOT / "pipeline"))
    assert any(fnmatch.fnmatch(inside, pattern) for pattern in patterns)


def test_a_start_that_is_written_is_read_again_as_it_was_trained_but_for_rounding(tmp_path: Path) -> None:
    trained = build("residual", policy="float32")
    trained.save(tmp_path / "trained.keras")
    save_weights(tmp_path / "trained.keras", tmp_path / "start.npz")
    with np.load(tmp_path / "start.npz") as arrays:
        for name, weights in zip(arrays.files, trained.get_weights(), strict=True):
            np.testing.assert_allclose(arrays[name].astype(np.float32), weights, rtol=1e-3, atol=1e-6)


def test_what_can_be_no_start_is_refused(tmp_path: Path) -> None:
    build("classic", policy="float32").save(tmp_path / "classic.keras")
    with pytest.raises(ValueError, match="is no residual autoencoder"):
        save_weights(tmp_path / "classic.keras", tmp_path / "start.npz")
    large = build("residual", policy="float32")
    large.set_weights([np.full_like(weights, 1e6) for weights in large.get_weights()])
    large.save(tmp_path / "large.keras")
    with pytest.raises(ValueError, match="half precision can't hold"):
        save_weights(tmp_path / "large.keras", tmp_path / "start.npz")
    assert not (tmp_path / "start.npz").exists()


@pytest.mark.parametrize(("network", "start"), [("residual", "grown"), ("classic", "scratch")])
def test_only_the_residual_network_starts_from_grown_pictures(network: str, start: str) -> None:
    params = load_params(ROOT / "params.yaml")
    params = dataclasses.replace(params, train=dataclasses.replace(params.train, network=network, start="grown"))
    assert recipe_of(params, 100, upright=True, on_gpu=False).start == start
