"""The label-free measure and its verdict."""

import numpy as np
import pytest

from pipeline.trust.two_views import draw_views, found_again, longer, remedy, unbeaten, verdict


def pictures(count: int) -> np.ndarray:
    """Return pictures of random blocks, uint8 (count, 256, 256, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(64, axis=1).repeat(64, axis=2)


def test_views_are_pictures_and_repeat_with_their_seed() -> None:
    views = draw_views(pictures(3), seed=1)
    assert views.shape == (6, 256, 256, 3)
    assert views.dtype == np.uint8
    np.testing.assert_array_equal(views, draw_views(pictures(3), seed=1))
    assert (views[:3] != views[3:]).any()
    assert (views != draw_views(pictures(3), seed=2)).any()


def test_what_is_the_same_in_both_views_is_found_again_and_noise_is_not() -> None:
    kinds = np.eye(50, dtype=np.float32)
    assert found_again(np.concatenate([kinds, kinds])) == 1.0
    assert found_again(np.concatenate([kinds, kinds[::-1]])) == 0.0


def test_a_second_view_has_no_colour_but_light_that_tells() -> None:
    views = draw_views(pictures(20), seed=0)
    assert np.ptp(views[20:], axis=-1).max() == 0
    assert np.ptp(views[:20], axis=-1).max() > 0
    light = views.mean(axis=-1).reshape(40, -1).astype(np.float32)
    light -= light.mean(axis=1, keepdims=True)
    assert found_again(light / np.linalg.norm(light, axis=1, keepdims=True)) >= 1 / 20


def test_the_verdict_says_who_is_not_beaten_with_both_figures() -> None:
    assert "beats every baseline" in verdict(
        {"model": (0.9,), "pixels": (0.4,), "untrained": (0.5,)}, by=["views"], remedy="raise it"
    )
    measures = {"model": (0.45, 0.3), "pixels": (0.4, 0.2), "HOG": (0.46, 0.2), "untrained": (0.5, 0.4)}
    assert verdict(measures, by=["top-4", "macro"], remedy="raise it") == (
        "warning: by top-4 or macro the model (45.0 and 30.0 %) is no better than untrained (50.0 and 40.0 %) and HOG "
        "(46.0 and 20.0 %); raise it"
    )


def test_a_part_of_a_joined_model_that_is_as_good_alone_is_noted_and_is_no_warning() -> None:
    measures = {"model": (0.9,), "folder alone": (0.7,), "network alone": (0.9,), "pixels": (0.4,)}
    advice = remedy(unbeaten(measures), is_trained=True, upright=True, longer="LONGER")
    assert verdict(measures, by=["views"], remedy=advice) == (
        "note: by views the model (90.0 %) is no better than network alone (90.0 %); to take the network alone, set "
        "encoder.kind to what encoder.network says"
    )
    measures["pixels"] = (0.95,)
    assert verdict(measures, by=["views"], remedy=advice).startswith("warning: ")


def test_a_baseline_that_is_ahead_by_one_measure_is_not_beaten() -> None:
    assert unbeaten({"model": (0.5, 0.3), "pixels": (0.4, 0.2), "HOG": (0.4, 0.35)}) == ["HOG"]


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_tie_is_no_success(value: float) -> None:
    assert verdict({"model": (value,), "pixels": (value,)}, by=["views"], remedy="raise it").startswith("warning")


@pytest.mark.parametrize(
    ("names", "is_trained", "upright", "words"),
    [
        (["histogram", "untrained"], True, True, "LONGER, or join a pretrained network with it"),
        (["folder alone", "network alone"], True, True, "set encoder.kind to autoencoder"),
        (["HOG"], True, False, "set dataset.orientation to upright"),
        (["HOG"], True, True, "LONGER, or take another network"),
        (["histogram"], True, False, "colours alone tell these pictures apart"),
        (["histogram", "untrained"], False, True, "another network may suit these pictures better: see encoder.kind"),
    ],
)
def test_the_remedy_is_for_what_beats_the_model(names: list[str], is_trained: bool, upright: bool, words: str) -> None:
    assert words in remedy(names, is_trained=is_trained, upright=upright, longer="LONGER")


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        (3, "raise train.epochs, now 3"),
        ("auto", "set train.epochs to more than auto took, which metrics/train.json says"),
    ],
)
def test_how_to_train_longer_names_what_counts(epochs: int | str, words: str) -> None:
    assert longer(epochs) == words


def test_where_all_find_all_nothing_is_advised() -> None:
    text = verdict({"model": (1.0,), "pixels": (1.0,), "HOG": (0.9,)}, by=["views"], remedy="raise it")
    assert text == "by views the model finds all, and so do pixels: this doesn't say which is better"
