"""A network of other origin joined with what is learnt of the folder: one more block in the same one file."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Line
from test_foreign_file import network

from pipeline.artifacts import load_embeddings, load_json, load_pictures, open_index
from pipeline.autoencoder.graph import last_stage, load_float32
from pipeline.encoder.joining import TRUST, blocks_of, foreign_block, learn, weighed
from pipeline.encoder.running import encode, encode_one, open_cells, open_encoder
from pipeline.errors import ArtifactError, EncoderError
from pipeline.stages.embed import embed
from pipeline.stages.encoder import encoder as make_encoder
from pipeline.stages.encoder.files import files_of, nodes_of
from pipeline.stages.evaluate import evaluate
from pipeline.stages.evaluate.table import format_table
from pipeline.stages.groups import groups
from pipeline.stages.neighbours import neighbours
from pipeline.stages.train import train

DIMENSIONS = 8


@pytest.fixture(scope="module")
def joined(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A folder whose embedding joins an autoencoder, before its first step, with a small network; for reading only."""
    root = tmp_path_factory.mktemp("joined") / "line"
    shutil.copytree(line.root, root)
    made = Line(root)
    encoder = {"kind": "onnx", "path": str(network(root / "other.onnx").path), "size": 64, "mean": 100, "scale": 50}
    made.set(encoder=encoder, embed={"dimensions": DIMENSIONS})
    train(made.params, made.artifacts)  # leaves the autoencoder as it is
    made.set(encoder={"kind": "joined"})
    make_encoder(made.params, made.artifacts)
    embed(made.params, made.artifacts)
    for stage in (neighbours, groups):
        stage(made.params, made.artifacts)
    return made


def pictures_of(line: Line) -> np.ndarray:
    with open_index(line.artifacts.index) as index:
        return np.asarray(load_pictures(line.artifacts, index))


def embeddings_of(line: Line) -> np.ndarray:
    with open_index(line.artifacts.index) as index:
        return np.asarray(load_embeddings(line.artifacts, index))


def beside(line: Line, name: str) -> Path:
    return line.artifacts.beside / f"{name}.onnx"


def test_a_joined_encoder_is_one_file_and_gives_a_fresh_picture_its_cached_row(joined: Line, tmp_path: Path) -> None:
    shutil.copyfile(joined.artifacts.encoder, tmp_path / "alone.onnx")
    encoder = open_encoder(tmp_path / "alone.onnx")
    rows = embeddings_of(joined)
    assert rows.shape[1] == DIMENSIONS
    for row in (0, 7, 40):
        np.testing.assert_array_equal(encode_one(encoder, pictures_of(joined)[row].copy()), rows[row])
    assert {name.removeprefix(TRUST) for name in encoder.facts} == {
        "network",
        "outlines",
        "patches",
        "colours",
        "other network",
    }


def test_the_same_folder_gives_the_same_bytes(joined: Line, tmp_path: Path) -> None:
    shutil.copytree(joined.root, tmp_path / "again")
    again = Line(tmp_path / "again")
    make_encoder(again.params, again.artifacts)
    embed(again.params, again.artifacts)
    for path in (joined.artifacts.encoder, *sorted(joined.artifacts.beside.iterdir())):
        assert (again.artifacts.root / path.relative_to(joined.artifacts.root)).read_bytes() == path.read_bytes()


def test_beside_it_lie_what_is_of_the_folder_alone_and_the_network_alone(joined: Line, tmp_path: Path) -> None:
    assert sorted(path.stem for path in joined.artifacts.beside.iterdir()) == [
        "folder_alone",
        "network_alone",
        "untrained",
    ]
    shutil.copytree(joined.root, tmp_path / "other")
    other = Line(tmp_path / "other")
    other.set(encoder={"kind": "autoencoder"})
    make_encoder(other.params, other.artifacts)
    embed(other.params, other.artifacts)
    assert beside(joined, "folder_alone").read_bytes() == other.artifacts.encoder.read_bytes()
    other.set(encoder={"kind": "onnx"})
    make_encoder(other.params, other.artifacts)
    embed(other.params, other.artifacts)
    alone = encode(open_encoder(beside(joined, "network_alone")), pictures_of(joined), progress=False)
    expected = embeddings_of(other)
    np.testing.assert_allclose(alone @ alone.T, expected @ expected.T, atol=1e-4)
    assert sorted(path.stem for path in other.artifacts.beside.iterdir()) == ["untrained"]


def test_cells_are_of_the_network_that_was_trained(joined: Line) -> None:
    cells = open_cells(joined.artifacts.cells, beside=open_encoder(joined.artifacts.encoder).digest)
    assert cells.facts["made_from"] == "autoencoder"


@pytest.mark.parametrize("upright", [True, False])
def test_the_network_counts_as_its_trust_and_its_treatment_say(joined: Line, upright: bool) -> None:
    pictures, added = pictures_of(joined), nodes_of(last_stage(load_float32(joined.artifacts.autoencoder)))
    rows = np.arange(len(pictures))
    other = foreign_block(network(joined.root / "again.onnx"))
    blocks = (*blocks_of(pictures, rows, upright=upright, seed=0), other)
    fitted = weighed(learn(added, blocks, pictures, rows, dimensions=DIMENSIONS))
    assert fitted.blocks[-1] is other
    assert fitted.weights[-1] == pytest.approx(other.treatment.weight * fitted.trusted["other network"])
    assert other.treatment.weight > 1
    lengths = np.linalg.norm(fitted.whitened[-1], axis=1)
    np.testing.assert_allclose(lengths, fitted.weights[-1], rtol=1e-4)


def test_pictures_of_any_orientation_can_be_joined_too(joined: Line, tmp_path: Path) -> None:
    pictures, model = pictures_of(joined), load_float32(joined.artifacts.autoencoder)
    foreign, settings = network(tmp_path / "other.onnx"), {"dimensions": DIMENSIONS, "upright": False, "seed": 0}
    rows = np.arange(len(pictures))
    files = files_of(model, foreign, pictures, rows, **settings)
    assert files["folder_alone"] == files_of(model, None, pictures, rows, **settings)["encoder"]
    (tmp_path / "encoder.onnx").write_bytes(files["encoder"])
    encoder = open_encoder(tmp_path / "encoder.onnx")
    assert {name.removeprefix(TRUST) for name in encoder.facts} == {"network", "other network"}
    assert encode(encoder, pictures[:2], progress=False).shape == (2, DIMENSIONS)


def test_what_cannot_be_wrapped_is_said_as_for_a_network_alone(joined: Line, tmp_path: Path) -> None:
    shutil.copytree(joined.root, tmp_path / "wrong")
    wrong = Line(tmp_path / "wrong")
    wrong.set(encoder={"size": 32})
    with pytest.raises(EncoderError, match=r"check encoder\.size and encoder\.layout"):
        make_encoder(wrong.params, wrong.artifacts)


def test_evaluate_measures_the_model_and_both_that_it_joins(joined: Line) -> None:
    table = evaluate(joined.params, joined.artifacts)
    names = ["model", "folder alone", "network alone", "pixels", "whitened pixels", "histogram", "HOG", "untrained"]
    assert list(table["views"]) == names
    assert list(table["embeddings"]) == [*names, "chance"]
    assert (
        len({str(table["embeddings"][name]) for name in ("model", "folder alone", "network alone", "untrained")}) == 4
    )
    lines = format_table(table).splitlines()
    assert [text[:16].rstrip() for text in lines[2:5]] == names[:3]


def test_a_joined_model_no_better_than_its_network_says_so(joined: Line, tmp_path: Path) -> None:
    shutil.copytree(joined.root, tmp_path / "worse")
    worse = Line(tmp_path / "worse")
    shutil.copyfile(worse.artifacts.encoder, beside(worse, "network_alone"))
    worse.set(dataset={"labels": "none"})
    verdict = evaluate(worse.params, worse.artifacts)["verdict"][0]
    assert "is no better than" in verdict
    assert "network alone" in verdict


def test_an_encoder_of_the_users_among_those_beside_is_not_removed(joined: Line, tmp_path: Path) -> None:
    shutil.copytree(joined.root, tmp_path / "own")
    own = Line(tmp_path / "own")
    shutil.copyfile(own.artifacts.encoder, beside(own, "mine"))
    with pytest.raises(ArtifactError, match=r"holds mine\.onnx, and nothing of yours is ever removed"):
        make_encoder(own.params, own.artifacts)
    assert beside(own, "mine").is_file()


def test_a_joined_encoder_is_trained(joined: Line, tmp_path: Path) -> None:
    shutil.copytree(joined.root, tmp_path / "trained")
    own = Line(tmp_path / "trained")
    own.set(train={"epochs": 1, "crop": 32, "precision": "float32"})
    train(own.params, own.artifacts)
    assert load_json(own.artifacts.metrics("train"), stage="train")["epochs"] == 1
