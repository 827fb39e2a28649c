"""What `train` says before it trains: how long it will take, and what was measured of longer and shorter trainings."""

import re

import pytest
from conftest import ROOT, Line

from pipeline.autoencoder.forecast import COMPARED, forecast
from pipeline.params import load_params
from pipeline.stages.train import train


def said(**changed: object) -> str:
    """Return the forecast for Caltech-101 where an epoch takes 55 seconds, with some values changed."""
    values = {"pictures": 8677, "epochs": 23, "left": 23, "epoch_seconds": 55.0, "is_compared": True}
    return forecast(**(values | changed))  # type: ignore[arg-type]


def test_the_time_of_the_training_and_of_a_shorter_one_are_said_with_what_both_reached() -> None:
    assert said() == (
        "23 epochs of 8,677 pictures will take about 21 minutes on this machine, with train.epochs: 8 about 7 minutes. "
        "On the 8,677 pictures of Caltech-101, 8 epochs reached 76.8 % top-4 agreement and 23 epochs 77.6 %; "
        "what more would bring was not measured (docs/experiments.md)"
    )


@pytest.mark.parametrize(
    ("pictures", "name"),
    [(1, "sample"), (800, "sample"), (850, "Flowers"), (3400, "Flowers"), (3500, "Caltech"), (10**6, "Caltech")],
)
def test_the_set_of_the_nearest_size_is_told_of(pictures: int, name: str) -> None:
    assert f"{name}, " in said(pictures=pictures).replace("Caltech-101", "Caltech").replace("Flowers-17", "Flowers")


def test_of_a_resumed_training_only_what_is_left_is_counted() -> None:
    assert said(left=1) == "1 epoch more, 23 in all, will take about 60 seconds on this machine"


def test_where_nothing_was_compared_no_figure_is_told() -> None:
    assert said(is_compared=False).endswith("on this machine; what more of them would bring was not measured")
    assert "%" not in said(is_compared=False)


def test_one_epoch_has_no_shorter_training_beside_it() -> None:
    assert "1 epoch of 8,677 pictures will take about 60 seconds on this machine. On the" in said(epochs=1, left=1)


def test_a_training_that_is_hardly_shorter_is_not_named() -> None:
    assert "train.epochs" not in said(pictures=499, epochs=3, left=3, epoch_seconds=1.0)


def test_every_figure_stands_in_the_section_that_the_sentence_names() -> None:
    text = (ROOT / "docs/experiments.md").read_text(encoding="utf-8").split("## How long?")[1].split("\n## ")[0]
    for found in COMPARED:
        assert f"{found.name}: {found.fewer} epochs | {found.fewer_reached} |" in text
        assert f"| {found.more} epochs | {found.more_reached} |" in text


def test_train_says_it_on_stderr_and_after_resume_of_what_is_left(
    own_line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {"objective": "reconstruction", "crop": 32, "batch_size": 64}  # one step an epoch
    own_line.set(train=small | {"epochs": 6})
    train(load_params(own_line.params_file), own_line.artifacts)
    assert re.search(r"train: 6 epochs of \d+ pictures will take .* on this machine; what", capsys.readouterr().err)
    own_line.set(train={"epochs": 12})
    train(load_params(own_line.params_file), own_line.artifacts, resume=True)
    assert re.search(r"train: 6 epochs more, 12 in all, will take .* on this machine\n", capsys.readouterr().err)
