"""The blocks of an embedding beside the network's: colours and words of gradients; how each is treated."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from pipeline.autoencoder.networks import build
from pipeline.encoder import colours, words
from pipeline.encoder.gradients import votes
from pipeline.encoder.joining import Treatment, blocks_of
from pipeline.encoder.running import answers, encode, encode_one, open_encoder, over_pictures
from pipeline.encoder.seeing import seen
from pipeline.graph import Graph, Value
from pipeline.stages.encoder.files import files_of
from pipeline.trust.baselines import histogram_embeddings


def calculated(function: Callable[[Value], Value], pixels: np.ndarray) -> np.ndarray:
    """Return what a block gives for pixels (B, 128, 128, 3), [0, 1]."""
    graph = Graph()
    given = graph.input("pixels", "float32", 128, 128, 3)
    graph.output("features", function(given.ordered(0, 3, 1, 2)))
    return answers(graph.written(), pixels.astype(np.float32))


def smooth(count: int, seed: int) -> np.ndarray:
    """Return pictures of coloured tiles, (B, 128, 128, 3), [0.1, 0.9]."""
    tiles = np.random.default_rng(seed).uniform(0.1, 0.9, (count, 8, 8, 3))
    return tiles.repeat(16, axis=1).repeat(16, axis=2)


def members(values: np.ndarray, count: int, least: float, most: float) -> np.ndarray:
    places = (np.clip(values, least, most) - least) / (most - least) * (count - 1)
    return np.maximum(0, 1 - np.abs(places - np.arange(count)[:, None]))


def test_the_histogram_of_the_whole_is_what_numpy_counts() -> None:
    picture = np.random.default_rng(0).uniform(0, 1, (128, 128, 3))
    red, green, blue = picture.reshape(64, 2, 64, 2, 3).mean((1, 3)).reshape(-1, 3).T + 0.04
    light = (red + green + blue) / 3 - 0.04
    bins = (
        members(light, 4, 0, 1),
        members(np.log(red / green), 11, -1.2, 1.2),
        members(np.log(np.sqrt(red * green) / blue), 11, -1.5, 1.5),
    )
    expected = np.sqrt(np.einsum("ip,jp,kp->ijk", *bins).ravel() / 64**2)
    np.testing.assert_allclose(calculated(colours.whole, picture[None])[0], expected, atol=2e-4)


def test_the_histograms_of_cells_are_what_numpy_counts() -> None:
    picture = np.random.default_rng(1).uniform(0, 1, (128, 128, 3))
    small = picture.reshape(64, 2, 64, 2, 3).mean((1, 3))[2:62, 2:62]
    cell = small[20:40, 40:60].reshape(-1, 3)  # the sixth of nine
    red, green, blue = cell.T
    root = lambda d: np.sign(d) * np.sqrt(np.abs(d))  # noqa: E731
    bins = (
        members(cell.mean(1), 4, 0, 1),
        members(root(red - green), 6, -0.8, 0.8),
        members(root((red + green) / 2 - blue), 6, -0.8, 0.8),
    )
    expected = np.sqrt(np.einsum("ip,jp,kp->ijk", *bins).ravel() / 20**2 / 9)
    found = calculated(colours.cells, picture[None])[0].reshape(9, -1)
    np.testing.assert_allclose(found[5], expected, atol=2e-3)


def test_cells_say_where_a_colour_is_and_the_whole_does_not() -> None:
    picture = smooth(1, seed=2)
    mirrored = picture[:, :, ::-1]
    assert np.vdot(*calculated(colours.whole, np.concatenate([picture, mirrored]))) == pytest.approx(1, abs=1e-3)
    assert np.vdot(*calculated(colours.cells, np.concatenate([picture, mirrored]))) < 0.7


def test_dimmer_light_changes_colours_less_than_an_rgb_histogram() -> None:
    pictures = smooth(20, seed=3)
    both = np.concatenate([pictures, 0.75 * pictures])
    whole = calculated(colours.whole, both)
    levels = (255 * both).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    plain = histogram_embeddings(levels)
    assert (whole[:20] * whole[20:]).sum(1).mean() > (plain[:20] * plain[20:]).sum(1).mean() + 0.1


@pytest.fixture(scope="module", params=[words.NARROW, words.WIDE])
def vocabulary(request: pytest.FixtureRequest) -> words.Vocabulary:
    return words.learn(levels_of(smooth(12, seed=4)), np.arange(12), cells=request.param, seed=0)


def levels_of(pixels: np.ndarray) -> np.ndarray:
    return (255 * pixels).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)


def test_words_overlook_light_and_colour_and_see_shapes(vocabulary: words.Vocabulary) -> None:
    picture = smooth(1, seed=5)
    dimmer, grey = 0.6 * picture, picture[..., ::-1]
    others = smooth(8, seed=6)
    counts = lambda pixels: words.rooted_counts(vocabulary, votes(pixels))  # noqa: E731
    found = calculated(counts, np.concatenate([picture, dimmer, grey, others]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
    alike = found[0] @ found[1:].T
    assert alike[:2].min() > 0.95
    assert alike[2:].max() < alike[:2].min() - 0.1


def test_a_picture_without_shapes_has_no_words(vocabulary: words.Vocabulary) -> None:
    counts = lambda pixels: words.rooted_counts(vocabulary, votes(pixels))  # noqa: E731
    flat = calculated(counts, np.full((1, 128, 128, 3), 0.3))
    assert np.linalg.norm(flat) < 1e-3


def test_the_same_seed_learns_the_same_words(vocabulary: words.Vocabulary) -> None:
    again = words.learn(levels_of(smooth(12, seed=4)), np.arange(12), cells=vocabulary.cells, seed=0)
    for learnt in ("whitening", "words"):
        np.testing.assert_array_equal(getattr(again, learnt).kernel, getattr(vocabulary, learnt).kernel)
        np.testing.assert_array_equal(getattr(again, learnt).bias, getattr(vocabulary, learnt).bias)


def test_words_are_compared_with_whitened_shapes(vocabulary: words.Vocabulary) -> None:
    """The spread of a direction, common to many shapes, must not drown the others."""
    graph = Graph()
    graph.output("shapes", words._shapes(seen(graph).votes, vocabulary.cells))
    (shapes,) = over_pictures(graph.written(), levels_of(smooth(12, seed=4)), np.arange(12), title="words")
    shapes = shapes.reshape(12, shapes.shape[1], -1).transpose(0, 2, 1).reshape(-1, shapes.shape[1])
    white = shapes @ vocabulary.whitening.kernel[:, :, 0, 0].T
    plain, even = np.linalg.svd(shapes - shapes.mean(0))[1][:20], np.std(white, axis=0)[:20]
    assert plain[0] / plain[-1] > 1.5 * even.max() / even.min()
    np.testing.assert_allclose(np.linalg.norm(vocabulary.words.kernel[:, :, 0, 0], axis=1), 1, atol=1e-5)


def test_blocks_are_treated_as_was_measured() -> None:
    """Each was chosen by measurement, docs/experiments.md; what is changed here must be measured again."""
    half, long = Treatment(0.5, 0.0, 1.0, 1.0), Treatment(0.25, 1.0, 1.0, 1.0)
    pictures = levels_of(smooth(3, seed=7))
    upright = blocks_of(pictures, np.arange(3), upright=True, seed=0)
    assert [(block.name, block.evidence, block.treatment) for block in upright] == [
        ("middle", "network", long),
        ("grid", "network", half),
        ("words", "outlines", half),
        ("wide words", "outlines", half),
        ("patches", "patches", half),
        ("colours", "colours", half),
        ("colours of cells", "colours", half),
    ]
    of_any = blocks_of(pictures, np.arange(3), upright=False, seed=0)
    assert [(block.name, block.treatment) for block in of_any] == [
        ("middle", Treatment(0.25, 2.5, 1.0, 0.75)),
        ("largest", Treatment(0.0, 2.0, 0.6, 0.25)),
    ]


def test_untrained_is_the_model_without_its_network_at_the_weights_it_has_there() -> None:
    pictures = (255 * smooth(24, 0)).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    network = build("residual", policy="float32")
    files = files_of(network, None, pictures, np.arange(24), dimensions=16, upright=True, seed=0)
    said = [
        {entry.key: entry.value for entry in onnx.load_from_string(files[name]).metadata_props}
        for name in ("encoder", "untrained")
    ]
    assert "trust in network" in said[0]
    assert said[1] == {name: value for name, value in said[0].items() if name != "trust in network"}
    assert not any("network" in name for name in said[1])
    # where nothing but the network is of use, nothing is left without it
    assert set(files_of(network, None, pictures, np.arange(24), dimensions=16, upright=False, seed=0)) == {"encoder"}


@pytest.mark.parametrize("count", [99, 100])
def test_from_a_hundred_pictures_on_an_encoder_file_gives_places_as_well(count: int, tmp_path: Path) -> None:
    pictures = (255 * smooth(count, 0)).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    pictures[-1] = 90  # nothing to see
    network, rows = build("residual", policy="float32"), np.arange(count)
    first, second = (files_of(network, None, pictures, rows, dimensions=16, upright=True, seed=0) for _ in range(2))
    assert first == second
    for name, data in first.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        encoder = open_encoder(path)
        embeddings = encode(encoder, pictures, progress=False)
        assert encoder.parts.own == (None if count < 100 else 16)
        assert embeddings.shape == (count, 16 if count < 100 else 16 + 25 + 1)
        assert (encode_one(encoder, pictures[3]) == embeddings[3]).all()
        own = encoder.parts.own_of(embeddings)
        whole_nearest, own_nearest = ((found[:-1] @ found[-1]).max() for found in (embeddings, own))
        assert whole_nearest < own_nearest + 1e-6  # what is blank is drawn nowhere
