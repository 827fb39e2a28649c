"""Whether pictures have an up and a down: pictures made so that the answer is known."""

import dataclasses

import numpy as np
import pytest
from conftest import ROOT

from pipeline.params import Params, load_params
from pipeline.pictures.upright import FEWEST, turning_shows
from pipeline.stages.train.recipe import find_orientation, recipe_of


def discs(count: int, *, upright: bool) -> np.ndarray:
    """Draw a bright half of a disc on noise, upper half or any side: uint8 (count, 256, 256, 3)."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64] - 31.5
    pictures = np.empty((count, 256, 256, 3), np.uint8)
    for number in range(count):
        angle = 0.0 if upright else generator.uniform(0, 2 * np.pi)
        half = (x * np.sin(angle) + y * np.cos(angle) < 0) & (x**2 + y**2 < generator.uniform(10, 25) ** 2)
        small = np.clip(60 + 120 * half[..., None] + generator.normal(0, 20, (64, 64, 3)), 0, 255).astype(np.uint8)
        pictures[number] = small.repeat(4, 0).repeat(4, 1)
    return pictures


def test_turning_shows_where_pictures_are_upright() -> None:
    assert turning_shows(discs(FEWEST, upright=True), seed=0) > 0.95


def test_turning_leaves_no_trace_where_pictures_lie_as_they_fell() -> None:
    assert turning_shows(discs(FEWEST, upright=False), seed=0) < 0.56


def test_the_same_seed_gives_the_same_answer() -> None:
    pictures = discs(FEWEST, upright=False)
    assert turning_shows(pictures, seed=3) == turning_shows(pictures, seed=3)


def test_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 300 pictures, got 299"):
        turning_shows(discs(FEWEST - 1, upright=True), seed=0)


def with_orientation(wanted: str) -> Params:
    """Return the project's params with another orientation."""
    params = load_params(ROOT / "params.yaml")
    return dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, orientation=wanted))


@pytest.mark.parametrize(("wanted", "upright"), [("upright", True), ("any", False)])
def test_what_the_params_say_of_the_orientation_is_not_asked_of_the_pictures(wanted: str, upright: bool) -> None:
    assert find_orientation(with_orientation(wanted), discs(FEWEST, upright=not upright)) == {"upright": upright}


def test_pictures_that_lie_as_they_fell_are_found_out_and_their_views_turned() -> None:
    params = with_orientation("auto")
    found = find_orientation(params, discs(FEWEST, upright=False))
    assert not found["upright"]
    assert found["turning_shows"] < 0.56
    assert recipe_of(params, FEWEST, upright=found["upright"], on_gpu=False).turn == 180
    assert recipe_of(params, FEWEST, upright=True, on_gpu=False).turn == 0


def test_few_pictures_are_taken_for_upright() -> None:
    assert find_orientation(with_orientation("auto"), discs(3, upright=False)) == {"upright": True}


@pytest.mark.parametrize(
    ("pictures", "on_gpu", "epochs", "batch"),
    [
        (200, False, 120, 64),
        (200, True, 120, 64),
        (8677, False, 23, 128),
        (8677, True, 115, 128),
        (10**6, False, 5, 128),
        (10**6, True, 5, 128),
    ],
)
def test_a_folder_of_any_size_gets_sensible_epochs_by_itself(
    pictures: int, on_gpu: bool, epochs: int, batch: int
) -> None:
    recipe = recipe_of(load_params(ROOT / "params.yaml"), pictures, upright=True, on_gpu=on_gpu)
    assert (recipe.epochs, recipe.batch_size) == (epochs, batch)
    assert recipe.learning_rate == pytest.approx(0.00025 * batch**0.5)


@pytest.mark.parametrize("on_gpu", [False, True])
def test_a_number_of_views_counts_on_a_graphics_card_as_well(on_gpu: bool) -> None:
    params = load_params(ROOT / "params.yaml")
    params = dataclasses.replace(params, train=dataclasses.replace(params.train, views=60_000))
    assert recipe_of(params, 2000, upright=True, on_gpu=on_gpu).epochs == 30
