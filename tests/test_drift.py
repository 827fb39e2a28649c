"""How much of a folder is new and how unlike it is, and when a training is due."""

import shutil

import numpy as np
import pytest
from conftest import Line
from numpy.typing import NDArray
from PIL import Image

from pipeline.artifacts import load_json, rewritten_folder
from pipeline.stages.embed import embed
from pipeline.stages.refresh import refresh
from pipeline.stages.resize import resize
from pipeline.trust.drift import Drift, farther


def around(centre: int, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    vectors = generator.normal(0, 0.05, (count, 32)).astype(np.float32)
    vectors[:, centre] += 1
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_pictures_of_the_same_kind_are_no_farther_and_those_of_another_are() -> None:
    generator = np.random.default_rng(0)
    old = around(0, 300, generator)
    same, other = farther(old, around(0, 100, generator)), farther(old, around(1, 100, generator))
    assert same == pytest.approx(0.5, abs=0.1)
    assert other == 1.0


def test_farther_is_the_share_of_pairs_counted_by_hand() -> None:
    old = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)  # nearest at distances 0.2, 0.2, 0.4
    new = np.array([[1, 0], [-1, 0]], np.float32)  # at 0 and 1
    assert farther(old, new) == pytest.approx(0.5)  # the first beats none of three, the second all
    assert farther(old[:1], new) is None
    assert farther(old, new[:0]) is None


@pytest.mark.parametrize(
    ("new", "unlike", "training", "fitting"),
    [(10, 0.99, False, False), (20, 0.6, False, True), (20, 0.99, False, True), (50, 0.5, True, True)],
)
def test_a_training_is_due_once_half_of_the_folder_is_new_whatever_it_shows(
    new: int, unlike: float, training: bool, fitting: bool
) -> None:
    drift = Drift(new, 0, 100, unlike)
    assert (drift.needs_training, drift.needs_fitting) == (training, fitting)


def decided(line: Line, wanted: str = "drift") -> tuple[str, dict[str, bool], dict[str, dict[str, str]]]:
    """Run the stage; return what it says, what it finds due, and the decision."""
    line.set(train={"refresh": wanted})
    said = refresh(line.params, line.artifacts)
    due = load_json(line.artifacts.metrics("refresh"), stage="refresh")["due"]
    return said, due, load_json(line.artifacts.refresh, stage="refresh")


def add(line: Line, count: int, name: str = "new") -> None:
    """Add pictures of noise, and go on to the index."""
    generator = np.random.default_rng(len(name))
    for number in range(count):
        pixels = generator.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        (line.dataset / name).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(line.dataset / name / f"{number}.png")
    resize(line.params, line.artifacts)


@pytest.fixture
def trained(line: Line, own_line: Line) -> Line:
    """Return a line whose decision stands, with embeddings of all pictures."""
    shutil.copytree(line.dataset, own_line.dataset, dirs_exist_ok=True)
    own_line.set(dataset={"path": str(own_line.dataset)})
    own_line.artifacts.foreign.write_text("{}")
    resize(own_line.params, own_line.artifacts)
    _, due, _ = decided(own_line)
    assert due == {"train": True, "encoder": True}
    embed(own_line.params, own_line.artifacts)
    return own_line


def test_one_picture_more_leaves_the_decision_as_it_is(trained: Line) -> None:
    before = trained.artifacts.refresh.read_bytes()
    add(trained, 1)
    said, due, _ = decided(trained)
    assert trained.artifacts.refresh.read_bytes() == before
    assert due == {"train": False, "encoder": False}
    assert said.startswith("1 of 59 pictures is new since the training; it is unlike the others: the training stays")


def test_a_folder_that_has_doubled_is_trained_on_again(trained: Line) -> None:
    add(trained, 60)
    said, due, decision = decided(trained)
    assert due == {"train": True, "encoder": True}
    assert "the network is trained anew" in said
    assert decided(trained)[1] == {"train": False, "encoder": False}  # once
    assert decided(trained)[2] == decision


def test_other_settings_of_the_training_are_of_the_pictures_of_now(trained: Line) -> None:
    _, _, before = decided(trained)
    add(trained, 1)
    trained.set(train={"epochs": 7})
    said, due, after = decided(trained, "never")
    assert said == "settings or code of the training have changed: the network is trained anew"
    assert due == {"train": True, "encoder": True}
    assert after["train"]["pictures"] != before["train"]["pictures"]


def test_never_and_always_mean_what_they_say(trained: Line) -> None:
    assert decided(trained, "always")[1] == {"train": False, "encoder": False}  # nothing has changed
    add(trained, 60)
    assert decided(trained, "never")[1] == {"train": False, "encoder": False}
    assert decided(trained, "drift")[1] == {"train": True, "encoder": True}
    add(trained, 1, "more")
    assert decided(trained, "always")[1] == {"train": True, "encoder": True}


@pytest.mark.parametrize("holds_mine", [False, True])
def test_nothing_of_another_folder_survives_but_what_is_the_users(trained: Line, holds_mine: bool) -> None:
    with rewritten_folder(trained.artifacts.labels) as folder:
        (folder / "labels.csv").write_text("path,label\n")
    if holds_mine:
        (trained.artifacts.labels / "mine.txt").write_text("mine")
    trained.artifacts.plot("search").write_bytes(b"plot")
    add(trained, 1)
    assert "move it" not in decided(trained)[0]
    assert trained.artifacts.labels.is_dir()  # it is still that folder
    other = trained.root / "other"
    other.mkdir()
    Image.new("RGB", (70, 70), (3, 2, 1)).save(other / "one.png")
    trained.set(dataset={"path": str(other)})
    resize(trained.params, trained.artifacts)
    said, _, _ = decided(trained)
    assert trained.artifacts.labels.is_dir() == holds_mine
    assert ("holds something of yours: move it" in said) == holds_mine
    assert not trained.artifacts.plot("search").exists()


def test_pictures_that_are_known_are_not_encoded_again(trained: Line) -> None:
    add(trained, 3)
    renamed = next(iter(sorted(trained.dataset.rglob("*.jpg"))), None) or next(iter(sorted(trained.dataset.rglob("*"))))
    renamed.rename(renamed.with_name("zz_renamed" + renamed.suffix))
    resize(trained.params, trained.artifacts)
    said = embed(trained.params, trained.artifacts)
    assert "of them known from the last run" in said
    patched = trained.artifacts.embeddings.read_bytes()
    shutil.rmtree(trained.artifacts.earlier("embed"))
    assert "known" not in embed(trained.params, trained.artifacts)
    assert trained.artifacts.embeddings.read_bytes() == patched


def test_a_decision_whose_pictures_are_forgotten_is_made_anew_and_says_so(trained: Line) -> None:
    shutil.rmtree(trained.artifacts.root / "earlier")
    said, due, _ = decided(trained)
    assert due == {"train": True, "encoder": True}
    assert said == "it isn't known any more of which pictures the training was: the network is trained anew"
