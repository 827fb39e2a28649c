"""The autoencoder room: networks, objectives, views, training, export."""

import dataclasses
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.autoencoder import training
from pipeline.autoencoder.graph import last_stage, load_float32, predicted
from pipeline.autoencoder.judgement import judge, reconstruct
from pipeline.autoencoder.networks import PixelShuffle, StandardisedConv, build, trunk
from pipeline.autoencoder.objectives import find_partners, info_nce
from pipeline.autoencoder.optimiser import MatrixOptimiser
from pipeline.autoencoder.training import Recipe
from pipeline.autoencoder.views import random_views
from pipeline.encoder.dictionary import Dictionary
from pipeline.encoder.gradients import votes
from pipeline.encoder.patches import learn, patch_codes
from pipeline.encoder.running import answers
from pipeline.encoder.whitening import fit_whitening
from pipeline.graph import Graph, Value
from pipeline.stages.encoder.checks import check_nodes
from pipeline.stages.encoder.files import files_of, nodes_of
from pipeline.vectors import principal


def recipe(network: str = "residual", objective: str = "reconstruction", epochs: int = 2) -> Recipe:
    """Return a recipe for a few small pictures."""
    return Recipe(network, "scratch", objective, epochs, 4, 1e-3, 0.25, 32, 0.0, "float32", 7)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Return 8 smooth random pictures, uint8 (8, 256, 256, 3)."""
    coarse = np.random.default_rng(0).random((8, 4, 4, 3)).astype(np.float32)
    return np.rint(tf.image.resize(coarse, (256, 256), "bicubic").numpy().clip(0, 1) * 255).astype(np.uint8)


def calculated(what: Callable[[Value], Value], given: np.ndarray) -> np.ndarray:
    """Return what nodes make of vectors, or of pixels (N, H, W, C), which they take as planes."""
    graph = Graph()
    x = graph.input("x", "float32", *given.shape[1:])
    graph.output("y", what(x.ordered(0, 3, 1, 2) if given.ndim == 4 else x))
    return answers(graph.written(), np.asarray(given, np.float32))


def embeddings_of(model: Path, pictures: np.ndarray, wanted: np.ndarray, *, upright: bool = True) -> np.ndarray:
    rows = np.arange(len(pictures))
    files = files_of(load_float32(model), None, pictures, rows, dimensions=5, upright=upright, seed=0)
    return answers(files["encoder"], wanted)


def layers_of(model: keras.Model, kind: type) -> list[keras.layers.Layer]:
    """Return the layers of one kind, in order."""
    return [layer for layer in model.layers if type(layer) is kind]


def test_classic_is_the_published_network() -> None:
    model = build("classic", policy="float32")
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    convolutions = layers_of(encoder, keras.layers.Conv2D)
    assert [c.filters for c in convolutions] == [16, 8, 4]
    assert [c.filters for c in layers_of(decoder, keras.layers.Conv2D)] == [4, 8, 16, 3]
    assert all(c.kernel_size == (3, 3) for c in convolutions)
    assert all(c.activation.__name__ == "relu" and c.kernel_regularizer for c in convolutions)
    assert [p.pool_size for p in layers_of(encoder, keras.layers.MaxPooling2D)] == [(2, 2)] * 3
    assert [u.interpolation for u in layers_of(decoder, keras.layers.UpSampling2D)] == ["bilinear"] * 3


@pytest.mark.parametrize("network", ["classic", "residual"])
def test_a_network_goes_from_pictures_over_latents_to_pictures(network: str) -> None:
    model = build(network, policy="float32")
    x = np.zeros((1, 256, 256, 3), np.float32)
    assert model.get_layer("encoder")(x).shape == (1, 32, 32, 4)
    assert model(x).shape == (1, 256, 256, 3)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="classic, residual, got 'deep'"):
        build("deep", policy="float32")


def test_the_trunk_gives_latents_and_the_last_stage() -> None:
    latents, stage = trunk(build("residual", policy="float32"))(np.zeros((1, 64, 64, 3), np.float32))
    assert (latents.shape, stage.shape) == ((1, 8, 8, 4), (1, 4, 4, 256))


def test_pixel_shuffle_is_depth_to_space() -> None:
    x = np.random.default_rng(0).random((2, 3, 5, 48)).astype(np.float32)
    np.testing.assert_array_equal(PixelShuffle(4)(x), tf.nn.depth_to_space(x, 4))


def test_a_standardised_kernel_does_not_see_a_constant() -> None:
    layer = StandardisedConv(6, 3)
    inside = layer(np.full((1, 7, 7, 5), 3.0, np.float32))[:, 1:-1, 1:-1]  # away from the padding
    np.testing.assert_allclose(inside, 0.0, atol=1e-5)


def test_views_stay_in_range_and_repeat_with_their_seed(pictures: np.ndarray) -> None:
    scaled = tf.constant(pictures, tf.float32) / 255.0
    first, again, other = (
        random_views(scaled, size=48, area=(0.2, 1.0), turn=0.0, seed=tf.constant(seed)).numpy()
        for seed in ((1, 2), (1, 2), (1, 3))
    )
    assert first.shape == (8, 48, 48, 3)
    assert first.min() >= 0
    assert first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_view_of_a_grey_picture_differs_in_colour_by_its_cast_alone() -> None:
    grey = tf.fill((16, 64, 64, 3), 0.4)
    views = random_views(grey, size=32, area=(0.2, 1.0), turn=0.0, seed=tf.constant((0, 0))).numpy()
    np.testing.assert_allclose(np.ptp(views, axis=(1, 2)), 0.0, atol=1e-5)
    casts = views[:, 0, 0] / views[:, 0, 0].mean(axis=1, keepdims=True)
    assert np.abs(casts - 1).max() < 0.31  # (1 + 0.15) / mean(1 - 0.15, ...) at most


def test_info_nce_is_what_its_formula_gives_by_hand() -> None:
    projections = np.array([[1, 0], [0, 2], [3, 0], [0, 1]], np.float32)  # views 0 and 2, 1 and 3 are partners
    by_hand = -np.log(np.exp(1 / 0.2) / (np.exp(1 / 0.2) + 2 * np.exp(0)))
    assert float(info_nce(projections)) == pytest.approx(by_hand, rel=1e-3)  # float32: 1 - 1e-4


def test_a_view_shows_the_share_of_the_picture_that_is_asked_for() -> None:
    across = tf.tile(tf.linspace(0.0, 1.0, 64)[None, None, :, None], (64, 64, 1, 3))  # brightness tells the place
    for area in ((0.05, 0.3), (0.6, 1.0)):
        views = random_views(across, size=32, area=area, turn=0.0, seed=tf.constant((0, 0))).numpy()
        light = views.mean(axis=(1, 3))  # (64, 32)
        seen = np.abs(light[:, -1] - light[:, 0]) / np.abs(across[0, 0, -1, 0] - across[0, 0, 0, 0])
        assert np.median(seen) == pytest.approx(np.sqrt(np.mean(area)), rel=0.35)


def test_a_small_view_finds_the_views_of_its_picture_as_its_formula_gives_by_hand() -> None:
    views = np.array([[1, 0], [0, 2], [3, 0], [0, 1]], np.float32)  # views 0 and 2, 1 and 3 show the same picture
    right = -np.log(np.exp(1 / 0.2) / (np.exp(1 / 0.2) + 1))
    wrong = -np.log(1 / (np.exp(1 / 0.2) + 1))
    assert float(find_partners(np.array([[5, 0], [0, 1]], np.float32), views)) == pytest.approx(right, rel=1e-3)
    assert float(find_partners(np.array([[0, 5], [1, 0]], np.float32), views)) == pytest.approx(wrong, rel=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101])
def test_the_split_covers_every_picture_and_leaves_no_part_empty(count: int) -> None:
    parts = training.split(count, validation_share=0.2, seed=3)
    assert min(map(len, parts)) >= 1
    assert set(np.concatenate(parts).tolist()) == set(range(count))
    assert count == 1 or not set(parts[0]) & set(parts[1])


def test_gradients_overlook_colour_and_see_direction() -> None:
    upright = np.zeros((1, 128, 128, 3), np.float32)
    upright[:, :, 8::16] = upright[:, :, 9::16] = upright[:, :, 10::16] = 1  # stripes
    lying, red = upright.transpose(0, 2, 1, 3), upright * np.array([1, 0, 0], np.float32)
    found = calculated(votes, np.concatenate([upright, red, 1 - upright, lying]))
    assert found.shape == (4, 9, 128, 128)
    unit = found / np.sqrt((found**2).sum((1, 2, 3), keepdims=True))
    np.testing.assert_allclose(unit[1], unit[0], atol=1e-6)
    np.testing.assert_allclose(unit[2], unit[0], atol=1e-6)
    assert unit[0].mean((1, 2)).argmax() == 0  # what changes from left to right
    assert (unit[0] * unit[3]).sum() < 1e-3


def test_a_blank_picture_has_no_gradients() -> None:
    np.testing.assert_allclose(calculated(votes, np.ones((1, 128, 128, 3))), 0, atol=1e-6)


def test_half_whitening_turns_each_spread_into_its_root() -> None:
    generator = np.random.default_rng(0)
    features = (generator.normal(size=(4000, 3)) * [9.0, 4.0, 1.0] + 5).astype(np.float32)
    whitening = fit_whitening(features, dimensions=3, power=0.5, anchor=0.0)
    spreads = ((features - whitening.mean) @ whitening.components).std(axis=0)
    np.testing.assert_allclose(spreads, [3.0, 2.0, 1.0], rtol=0.05)


def test_an_anchor_keeps_the_length_that_a_direction_loses() -> None:
    generator = np.random.default_rng(0)
    crowd = generator.normal(size=(200, 4)).astype(np.float32)
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    features = np.concatenate([crowd, 6 * crowd[:1]])  # the last: the first one's direction, but far away
    plain, anchored = (fit_whitening(features, dimensions=4, power=0.0, anchor=anchor) for anchor in (0.0, 1.0))
    embeddings = calculated(anchored.of, features)
    assert calculated(plain.of, features).shape == (201, 4)
    assert embeddings.shape == (201, 5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    nearest = (embeddings @ embeddings.T - 2 * np.eye(201)).max(axis=1)
    assert nearest.argmin() == 200
    directions = calculated(plain.of, features)
    assert directions[0] @ directions[200] > 0.99


def test_many_vectors_and_few_have_the_same_principal_directions() -> None:
    few = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32) * np.arange(1, 9, dtype=np.float32)
    many = np.concatenate([few, few, few])  # the same directions, by the other road
    first, second = (principal(vectors, dimensions=3)[1] for vectors in (few, many))
    np.testing.assert_allclose(np.abs((first * second).sum(axis=0)), 1, atol=1e-5)
    spreads = np.linalg.norm(few @ first, axis=0)
    np.testing.assert_allclose(spreads, np.linalg.svd(few, compute_uv=False)[:3], rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.3])
@pytest.mark.parametrize("count", [1, 6])
def test_pictures_that_differ_by_rounding_alone_get_the_same_numbers(count: int, value: float) -> None:
    noise = np.random.default_rng(0).normal(size=(count, 5)) * value * 1e-7
    features = (value + noise).astype(np.float32)
    whitening = fit_whitening(features, dimensions=4, power=0.5, anchor=0.0)
    assert whitening.components.shape == (5, 1)
    np.testing.assert_allclose(calculated(whitening.of, features), 1, atol=1e-6)


def test_rounding_is_no_direction_where_pictures_are_copies_of_two() -> None:
    generator = np.random.default_rng(0)
    features = np.repeat(generator.random((2, 50)), 10, axis=0) + generator.normal(size=(20, 50)) * 1e-7
    whitening = fit_whitening(features.astype(np.float32), dimensions=9, power=0.5, anchor=0.0)
    assert whitening.components.shape == (50, 1)


@pytest.mark.parametrize("objective", ["reconstruction", "contrastive"])
def test_training_lowers_the_loss_and_the_same_seed_gives_the_same_history(
    pictures: np.ndarray, objective: str
) -> None:
    def losses() -> list[float]:
        progress = training.start(recipe(objective=objective, epochs=4))
        training.train(
            pictures, recipe(objective=objective, epochs=4), progress, after_epoch=lambda _: None, show=False
        )
        return [epoch.loss for epoch in progress.history]

    first = losses()
    assert first[-1] < first[0]
    assert losses() == first


def test_an_epochs_time_is_told_once_and_changes_no_result(pictures: np.ndarray) -> None:
    wanted = recipe(epochs=4)  # of two steps
    told: list[float] = []
    progress = training.start(wanted)
    plain = training.start(wanted)
    training.train(pictures, wanted, plain, after_epoch=lambda _: None, show=False)
    training.train(pictures, wanted, progress, after_epoch=lambda _: None, when_timed=told.append, show=False)
    (seconds,) = told
    assert 0 < seconds < progress.history[0].seconds  # which has compiled
    assert [epoch[:3] for epoch in progress.history] == [epoch[:3] for epoch in plain.history]


def test_a_training_that_is_over_at_once_tells_no_time(pictures: np.ndarray) -> None:
    told: list[float] = []
    training.train(
        pictures, recipe(), training.start(recipe()), after_epoch=lambda _: None, when_timed=told.append, show=False
    )
    assert told == []


def test_a_rate_that_is_too_high_is_an_error_and_no_model(pictures: np.ndarray) -> None:
    wanted = dataclasses.replace(recipe(epochs=9), learning_rate=1e30)
    kept: list[training.Progress] = []
    with pytest.raises(FloatingPointError, match="losses of epoch"):
        training.train(pictures, wanted, training.start(wanted), after_epoch=kept.append, show=False)
    assert all(np.isfinite(epoch.validation_loss) for progress in kept for epoch in progress.history)


def test_views_are_turned_by_any_angle_up_to_the_one_asked_for() -> None:
    across = tf.tile(tf.linspace(0.0, 1.0, 64)[None, None, :, None], (400, 64, 1, 3))  # brightness tells the way
    angles = {}
    for turn in (0.0, 30.0, 180.0):
        views = random_views(across, size=32, area=(0.2, 0.2), turn=turn, seed=tf.constant((0, 0))).numpy().mean(-1)
        inner = views[:, 12:20, 12:20]
        right, down = np.diff(inner, axis=2).mean((1, 2)), np.diff(inner, axis=1).mean((1, 2))
        angles[turn] = np.degrees(np.arctan2(down, right * np.sign(right)))  # mirrored or not
    np.testing.assert_allclose(angles[0.0], 0, atol=0.1)
    assert 25 < np.abs(angles[30.0]).max() < 45  # a crop's aspect slants the way that it shows
    assert np.mean(np.abs(angles[180.0]) > 45) == pytest.approx(0.5, abs=0.1)


def test_muon_takes_the_kernels_and_turns_each_step_into_one_of_equal_singular_values() -> None:
    networks = training.start(recipe(objective="contrastive")).networks
    kernel = layers_of(networks.autoencoder.get_layer("encoder"), StandardisedConv)[1].kernel  # (576, 64)
    optimiser = MatrixOptimiser(0.01, policy="float32")
    optimiser.build([kernel])
    before = kernel.numpy()
    gradient = np.random.default_rng(0).normal(size=before.shape).astype(np.float32) * np.logspace(0, 2, 64)
    optimiser.apply([tf.constant(gradient, tf.float32)], [kernel])
    step = np.linalg.svd(before - kernel.numpy(), compute_uv=False) / (0.01 * 0.2 * 576**0.5)
    assert 0.6 < step.min() < step.max() < 1.3  # five iterations bring them near one, which is enough


def test_adam_takes_what_is_no_hidden_kernel() -> None:
    progress = training.start(recipe(objective="contrastive"))
    velocities = zip(progress.networks.weights, progress.optimiser.adam_velocities, strict=True)
    by_muon = {weight.path for weight, velocity in velocities if velocity is None}
    assert by_muon
    assert all(path.startswith("standardised_conv") and path.endswith("kernel") for path in by_muon)


def test_patch_codes_are_what_a_loop_over_patches_gives(pictures: np.ndarray) -> None:
    dictionary = learn(pictures, np.arange(8), seed=0)
    words = dictionary.bias.size
    pixels = tf.nn.avg_pool2d(tf.constant(pictures[:1], tf.float32) / 255.0, 2, 2, "VALID")
    codes = calculated(partial(patch_codes, dictionary), pixels.numpy()).reshape(3, 3, words)
    small = pixels.numpy()[0].reshape(32, 4, 32, 4, 3).mean((1, 3)).astype(np.float64)
    expected = np.zeros((27, 27, words))
    kernel = dictionary.kernel.astype(np.float64).transpose(2, 3, 1, 0)  # (6, 6, 3, W)
    for y in range(27):
        for x in range(27):
            patch = small[y : y + 6, x : x + 6] - small[y : y + 6, x : x + 6].mean()
            patch /= np.sqrt(patch.var() + (10 / 255) ** 2)
            products = np.tensordot(patch, kernel, 3) + dictionary.bias.ravel()
            expected[y, x] = np.maximum(products - 1, 0)
    np.testing.assert_allclose(codes, expected.reshape(3, 9, 3, 9, words).mean((1, 3)), atol=1e-4)


def test_words_overlook_brightness_and_contrast(pictures: np.ndarray) -> None:
    dictionary = learn(pictures, np.arange(8), seed=0)
    noisy = np.random.default_rng(0).random((2, 128, 128, 3)).astype(np.float32)
    noisy = np.repeat(np.repeat(noisy[:, ::16, ::16], 16, 1), 16, 2)  # strong contrast
    codes = [calculated(partial(patch_codes, dictionary), 0.4 * noisy + shift) for shift in (0.0, 0.5)]
    np.testing.assert_allclose(codes[0], codes[1], atol=1e-3)


def test_few_pictures_have_few_words_and_a_blank_one_none() -> None:
    blank = np.full((1, 256, 256, 3), 90, np.uint8)
    dictionary = learn(blank, np.arange(1), seed=0)
    assert isinstance(dictionary, Dictionary)
    assert dictionary.bias.size <= 50
    codes = calculated(partial(patch_codes, dictionary), np.ones((1, 128, 128, 3)))
    np.testing.assert_allclose(codes, 0, atol=1e-6)


def test_an_embedding_of_pictures_in_any_orientation_hardly_changes_when_they_are_turned(
    pictures: np.ndarray, tmp_path: Path
) -> None:
    training.save_model(training.start(recipe()), tmp_path / "model.keras")
    turned = np.ascontiguousarray(np.rot90(pictures, 2, (1, 2)))
    alike = {}
    for upright in (True, False):
        here, there = (
            embeddings_of(tmp_path / "model.keras", pictures, some, upright=upright) for some in (pictures, turned)
        )
        alike[upright] = (here * there).sum(axis=1).mean()
    assert alike[False] > alike[True] + 0.1


@pytest.mark.parametrize("network", ["classic", "residual"])
def test_the_nodes_of_a_network_give_what_keras_gives(pictures: np.ndarray, network: str, tmp_path: Path) -> None:
    training.save_model(training.start(recipe(network)), tmp_path / "model.keras")
    keras_network = last_stage(load_float32(tmp_path / "model.keras"))
    assert check_nodes(keras_network, nodes_of(keras_network), pictures) < 1e-5
    embeddings = embeddings_of(tmp_path / "model.keras", pictures, pictures)
    assert embeddings.shape == (8, {"classic": 4096, "residual": 5}[network])
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-5)


def test_an_embedding_of_classic_is_its_latents_at_unit_length(pictures: np.ndarray, tmp_path: Path) -> None:
    training.save_model(training.start(recipe("classic")), tmp_path / "model.keras")
    latents = predicted(last_stage(load_float32(tmp_path / "model.keras")), (pictures / 255).astype(np.float32))
    expected = latents.reshape(8, -1) / np.linalg.norm(latents.reshape(8, -1), axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings_of(tmp_path / "model.keras", pictures, pictures), expected, atol=1e-5)


@pytest.mark.parametrize("rows", [[0], [0] * 6, [0, 0, 0, 1, 1, 1]])
def test_copies_are_one_in_the_encoder_file(pictures: np.ndarray, rows: list[int], tmp_path: Path) -> None:
    training.save_model(training.start(recipe()), tmp_path / "model.keras")
    embeddings = embeddings_of(tmp_path / "model.keras", pictures[rows], pictures[rows])
    # two pictures are on either side of their mean; in the middle, one of seven blocks, the anchor makes a right angle
    expected = np.where(np.equal.outer(rows, rows), 1, -6 / 7)
    np.testing.assert_allclose(embeddings @ embeddings.T, expected, atol=1e-5)


def test_a_latent_of_zeros_has_a_direction(pictures: np.ndarray, tmp_path: Path) -> None:
    progress = training.start(recipe("classic"))
    last = layers_of(progress.networks.autoencoder.get_layer("encoder"), keras.layers.Conv2D)[-1]
    last.set_weights([np.zeros_like(last.kernel), np.full(4, -1.0, np.float32)])  # ReLU gives zeros alone
    training.save_model(progress, tmp_path / "model.keras")
    embeddings = embeddings_of(tmp_path / "model.keras", pictures, pictures[:1])
    np.testing.assert_allclose(embeddings, 1 / 64, rtol=1e-5)  # 4,096 equal numbers


def test_the_judgement_of_the_mean_picture_is_the_variance_around_it(pictures: np.ndarray, tmp_path: Path) -> None:
    training.save_model(training.start(recipe()), tmp_path / "model.keras")
    rows = np.arange(8)
    found = judge(tmp_path / "model.keras", "residual", pictures, training=rows, validation=rows)
    assert found.mean_picture_loss == pytest.approx((pictures / 255.0).var(axis=0).mean(), rel=1e-4)
    assert found.loss == pytest.approx(found.validation_loss)


def test_reconstructions_are_pictures(pictures: np.ndarray, tmp_path: Path) -> None:
    training.save_model(training.start(recipe()), tmp_path / "model.keras")
    rebuilt = reconstruct(tmp_path / "model.keras", pictures[:2])
    assert (rebuilt.shape, rebuilt.dtype) == ((2, 256, 256, 3), np.uint8)
