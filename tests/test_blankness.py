"""Pictures with nothing to see: one embedding on every road, and a check that still tells a wrong graph."""

import io
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from conftest import Line, make_line, structured_picture
from PIL import Image
from test_autoencoder import recipe
from test_foreign_file import network

from pipeline.artifacts import load_embeddings, load_json, open_index, save_json
from pipeline.autoencoder import training
from pipeline.autoencoder.graph import last_stage, load_float32
from pipeline.encoder.blankness import direction, free_direction, visibility
from pipeline.encoder.foreign import wrapped
from pipeline.encoder.running import answers, encode, open_encoder
from pipeline.encoder.seeing import visibility as visibility_of_graph
from pipeline.encoder.whitening import Whitening
from pipeline.errors import EncoderError
from pipeline.graph import Graph
from pipeline.stages.embed import embed
from pipeline.stages.encoder import encoder as make_encoder
from pipeline.stages.encoder.checks import check_nodes
from pipeline.stages.encoder.files import files_of, nodes_of


def one_colour(*colour: int) -> np.ndarray:
    return np.broadcast_to(np.uint8(colour), (256, 256, 3)).copy()


def blank_pictures() -> np.ndarray:
    """Return pictures of one colour, three of them with grain of a level or as JPEG, uint8 (9, 256, 256, 3)."""
    grain = np.random.default_rng(0).integers(-1, 2, (2, 256, 256, 3))
    file = io.BytesIO()
    Image.new("RGB", (300, 200), (201, 33, 77)).save(file, "JPEG", quality=40)
    jpeg = np.asarray(Image.open(file).resize((256, 256)))
    plain = [one_colour(*[level] * 3) for level in (0, 37, 128, 255)]
    return np.stack(
        [*plain, one_colour(200, 30, 40), one_colour(0, 0, 255), *(np.array([[[[128]]], [[[201]]]]) + grain), jpeg]
    ).astype(np.uint8)


@pytest.fixture(scope="module")
def things() -> np.ndarray:
    """Return 6 pictures with something to see, uint8 (6, 256, 256, 3)."""
    generator = np.random.default_rng(1)
    drawn = [structured_picture(kind, generator) for kind in ("discs", "stripes", "ramps") * 2]
    return np.stack([np.asarray(picture.resize((256, 256))) for picture in drawn])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Save both networks before their first step, when a flat picture gives rounding noise."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("classic", "residual"):
        training.save_model(training.start(recipe(name)), folder / f"{name}.keras")
    return {name: folder / f"{name}.keras" for name in ("classic", "residual")}


def written(model: Path, pictures: np.ndarray, path: Path, *, upright: bool = True) -> Path:
    rows = np.arange(len(pictures))
    files = files_of(load_float32(model), None, pictures, rows, dimensions=256, upright=upright, seed=0)
    path.write_bytes(files["encoder"])
    return path


@pytest.mark.parametrize(("name", "upright"), [("classic", True), ("residual", True), ("residual", False)])
def test_blank_pictures_have_one_embedding(
    models: dict[str, Path], things: np.ndarray, name: str, upright: bool, tmp_path: Path
) -> None:
    fitted = np.concatenate([things, blank_pictures()])
    encoder = open_encoder(written(models[name], fitted, tmp_path / "encoder.onnx", upright=upright))
    found = encode(encoder, blank_pictures(), progress=False)
    np.testing.assert_allclose(found @ found.T, 1, atol=1e-6)
    assert np.abs(found @ encode(encoder, things, progress=False).T).max() < 0.2


def test_how_much_there_is_to_see_is_the_same_sum_in_numpy_and_in_the_graph(things: np.ndarray) -> None:
    pictures = np.concatenate([blank_pictures(), things, (120 + things // 32).astype(np.uint8)])
    expected = [visibility(picture) for picture in pictures]
    graph = Graph()
    planes = graph.input("planes", "float32", 256, 256, 3).ordered(0, 3, 1, 2)
    graph.output("share", visibility_of_graph(planes))
    found = answers(graph.written(), pictures.astype(np.float32))
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-3)  # float32 sums, to the fourth power
    assert max(expected[:9]) < 1e-6
    assert min(expected[9:15]) > 1 - 1e-7


def test_a_small_mark_on_a_blank_page_is_something_to_see() -> None:
    page = one_colour(255, 255, 255)
    page[100:106, 60:66] = 0
    assert visibility(page) > 0.98


def test_the_embedding_of_blank_pictures_is_of_unit_length_and_where_there_is_room_orthogonal_to_all() -> None:
    assert np.linalg.norm(direction(1000)) == pytest.approx(1)
    components = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    wider, blank = free_direction(components, dimensions=6)
    assert wider.shape == (50, 5)
    np.testing.assert_array_equal(wider @ blank, 0)
    same, last = free_direction(components, dimensions=4)
    assert same is components
    np.testing.assert_array_equal(last, [0, 0, 0, 1])


@pytest.mark.parametrize("whitened", [False, True])
def test_a_network_of_other_origin_gives_blank_pictures_one_embedding(
    things: np.ndarray, whitened: bool, tmp_path: Path
) -> None:
    given, blank = network(tmp_path / "network.onnx"), np.float32([0, 0, 1])
    whitening = Whitening(np.zeros(3, np.float32), np.eye(3, dtype=np.float32), 0.0) if whitened else None
    data = wrapped(given, whitening=whitening, blank=blank if whitened else None)
    (tmp_path / "encoder.onnx").write_bytes(data)
    encoder = open_encoder(tmp_path / "encoder.onnx")
    found = encode(encoder, blank_pictures(), progress=False)
    np.testing.assert_allclose(found, np.tile(blank if whitened else direction(3), (9, 1)), atol=1e-5)
    own = (things.astype(np.float64).mean(axis=(1, 2)) - 100) / 50
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    np.testing.assert_allclose(encode(encoder, things, progress=False), own, atol=2e-2)


@pytest.mark.parametrize("folder", ["things", "blank"])
def test_a_wrong_node_is_told_from_rounding(models: dict[str, Path], things: np.ndarray, folder: str) -> None:
    network = last_stage(load_float32(models["residual"]))
    pictures = things if folder == "things" else blank_pictures()
    assert check_nodes(network, nodes_of(network), pictures) < 1e-5
    other = last_stage(load_float32(models["residual"]))
    kernel = other.get_layer("stem").kernel
    changed = kernel.numpy()
    changed[5, 7] += 0.05  # one of 3,072 weights, by a third of their spread
    kernel.assign(changed)
    with pytest.raises(EncoderError, match="which is more than rounding"):
        check_nodes(network, nodes_of(other), pictures)


def pages(count: int) -> dict[str, bytes | Image.Image]:
    colours = ("white", "black", "grey", "#c81e28")
    return {f"{number}.png": Image.new("RGB", (62, 87), colours[number % 4]) for number in range(count)}


@pytest.mark.parametrize("kind", ["one blank among others", "only blank pages", "one blank page"])
def test_blank_pages_go_through_embed(kind: str, models: dict[str, Path], tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    pictures: dict[str, bytes | Image.Image] = pages(1 if kind != "only blank pages" else 5)
    if kind == "one blank among others":
        pictures |= {f"z{number}.png": structured_picture("discs", generator) for number in range(5)}
    line: Line = make_line(tmp_path, pictures)
    for path in (line.artifacts.autoencoder, line.artifacts.untrained):
        path.write_bytes(models["residual"].read_bytes())
    save_json(line.artifacts.metrics("train"), {"upright": True})
    make_encoder(line.params, line.artifacts)
    embed(line.params, line.artifacts)
    with open_index(line.artifacts.index) as index:
        embeddings = np.asarray(load_embeddings(line.artifacts, index))
    assert load_json(line.artifacts.metrics("encoder"), stage="encoder")["onnx_difference"] < 1e-4
    alike = embeddings @ embeddings.T
    if kind == "one blank among others":
        np.testing.assert_allclose(alike[0, 1:], 0, atol=1e-5)
    else:
        np.testing.assert_allclose(alike, 1, atol=1e-5)
