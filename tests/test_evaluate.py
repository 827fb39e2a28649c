"""Agreement with labels: values derived by hand, chance by drawing, and the stage that puts them together."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASSES, Line
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner, Result

from pipeline.artifacts import load_json, open_index
from pipeline.cli import app
from pipeline.errors import ArtifactError
from pipeline.similarity.lists import some_lists
from pipeline.trust.baselines import (
    histogram_embeddings,
    hog_embeddings,
    pixel_embeddings,
    whitened_pixel_embeddings,
)
from pipeline.trust.measures import (
    Ask,
    adjusted_rand,
    agreement,
    agreement_at_r,
    chance,
    chance_at_r,
    chance_of_hubs,
    hubness,
    purity,
)

VIEWS = ["model", "pixels", "whitened pixels", "histogram", "HOG", "untrained"]
EMBEDDINGS = [*VIEWS, "chance"]
AGREEMENT = ["top4", "top4_macro", "top1", "top1_macro", "map_at_10", "map_at_10_macro"]
MEASURES = [*AGREEMENT, "map_at_r", "map_at_r_macro", "skew", "never_listed"]


def run(line: Line, *arguments: str) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *arguments])


# --- agreement ----------------------------------------------------------------------------------------------


def test_agreement_is_what_a_hand_finds() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    neighbours = np.array(
        [
            [1, 2, 3, 4],  # right right wrong wrong: AP = (1/1 + 2/2) / 2 = 1
            [3, 0, 4, 2],  # wrong right wrong right: AP = (1/2 + 2/4) / 2 = 1/2
            [3, 4, 0, 1],  # wrong wrong right right: AP = (1/3 + 2/4) / 2 = 5/12
            [4, 0, 1, 2],  # right: AP = 1
            [0, 1, 2, 3],  # right at last: AP = 1/4
        ]
    )
    found = agreement(neighbours, labels)
    assert found.top4 == pytest.approx((2 + 2 + 2 + 1 + 1) / 20)
    assert found.top4_macro == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert found.top1 == pytest.approx(2 / 5)
    assert found.map_at_10 == pytest.approx((1 + 1 / 2 + 5 / 12 + 1 + 1 / 4) / 5)
    assert found.top1_macro == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert found.map_at_10_macro == pytest.approx(((1 + 1 / 2 + 5 / 12) / 3 + (1 + 1 / 4) / 2) / 2)


def test_lists_that_show_the_own_class_first_are_perfect_but_for_small_classes() -> None:
    labels = np.repeat([0, 1], 6)
    neighbours = np.array([[j for j in range(12) if j != i and labels[i] == labels[j]] for i in range(12)])
    assert astuple(agreement(neighbours, labels)) == (1.0,) * 6


def test_a_picture_alone_in_its_class_counts_as_wrong() -> None:
    labels = np.array([0, 0, 1])
    found = agreement(np.array([[1, 2], [0, 2], [0, 1]]), labels)
    assert found.top1 == pytest.approx(2 / 3)
    assert found.top4_macro == pytest.approx((1 / 2 + 0) / 2)
    assert found.map_at_10 == pytest.approx(2 / 3)


def test_a_class_larger_than_the_list_can_reach_a_full_precision() -> None:
    labels = np.zeros(30, np.int64)
    neighbours = np.array([[j for j in range(30) if j != i][:10] for i in range(30)])
    assert agreement(neighbours, labels).map_at_10 == pytest.approx(1)


@given(st.integers(0, 10**6))
def test_the_names_of_the_classes_do_not_matter(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(4, size=20)
    neighbours = np.array([generator.permutation(np.delete(np.arange(20), row))[:10] for row in range(20)])
    renamed = np.array([7, 2, 0, 5])[labels]  # leaves numbers without pictures between
    np.testing.assert_allclose(astuple(agreement(neighbours, labels)), astuple(agreement(neighbours, renamed)))
    np.testing.assert_allclose(astuple(chance(labels)), astuple(chance(renamed)))


@pytest.mark.parametrize("sizes", [[5, 5], [2, 1, 7, 20], [1, 1, 1], [1, 2], [30], [2], [12, 1, 2, 3]])
def test_chance_is_the_mean_over_random_neighbours(sizes: list[int]) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    generator, others = np.random.default_rng(0), len(labels) - 1
    drawn = []
    for _ in range(3000):
        shuffled = np.argsort(generator.random((len(labels), others)), axis=1)[:, :10]
        drawn.append(astuple(agreement(shuffled + (shuffled >= np.arange(len(labels))[:, None]), labels)))
    error = np.std(drawn, axis=0) / len(drawn) ** 0.5
    assert (np.abs(np.mean(drawn, axis=0) - astuple(chance(labels))) <= 4.5 * error + 1e-12).all()


def test_chance_of_two_equal_classes_is_known() -> None:
    found = chance(np.repeat([0, 1], 3))
    assert found.top1 == found.top4 == found.top4_macro == pytest.approx(2 / 5)


# --- at R ---------------------------------------------------------------------------------------------------


def asking(lists: np.ndarray) -> Ask:
    """Return the asking of full lists (N, N - 1)."""
    return lambda rows, depth: lists[rows, :depth]


def random_lists(count: int, generator: np.random.Generator) -> np.ndarray:
    shuffled = np.argsort(generator.random((count, count - 1)), axis=1)
    return shuffled + (shuffled >= np.arange(count)[:, None])


def test_agreement_at_r_is_what_a_hand_finds() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    lists = np.array(
        [
            [1, 2, 3, 4, 5],  # R = 2: right right: 1
            [3, 0, 2, 4, 5],  # wrong right: (1/2) / 2
            [0, 3, 1, 4, 5],  # right wrong: 1 / 2; the right one behind them counts no more
            [4, 0, 1, 2, 5],  # R = 1: right
            [0, 3, 1, 2, 5],  # R = 1: wrong
            [0, 1, 2, 3, 4],  # alone in its class: 0
        ]
    )
    found = agreement_at_r(asking(lists), labels)
    assert found.map_at_r == pytest.approx((1 + 1 / 4 + 1 / 2 + 1) / 6)
    assert found.map_at_r_macro == pytest.approx((7 / 12 + 1 / 2 + 0) / 3)


@given(st.integers(0, 10**6))
def test_agreement_at_r_is_that_of_a_full_sort_counted_one_by_one(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(4, size=25)
    embeddings = generator.normal(size=(25, 3)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    found = agreement_at_r(lambda rows, depth: some_lists(embeddings, rows, depth=depth, block=7)["row"], labels)
    expected = []
    for row, vector in enumerate(embeddings.astype(np.float64)):
        order = np.argsort(-(embeddings.astype(np.float64) @ vector), kind="stable")
        right = [labels[other] == labels[row] for other in order if other != row]
        others = sum(right)
        hits = [place for place in range(others) if right[place]]
        expected.append(sum((number + 1) / (place + 1) for number, place in enumerate(hits)) / max(others, 1))
    by_class = [np.mean(np.array(expected)[labels == number]) for number in np.unique(labels)]
    assert (found.map_at_r, found.map_at_r_macro) == pytest.approx((np.mean(expected), np.mean(by_class)))


def test_chance_at_r_is_the_mean_over_random_lists() -> None:
    labels = np.repeat(np.arange(5), [12, 1, 2, 3, 7])
    generator = np.random.default_rng(0)
    drawn = [astuple(agreement_at_r(asking(random_lists(25, generator)), labels)) for _ in range(2000)]
    error = np.std(drawn, axis=0) / len(drawn) ** 0.5
    assert (np.abs(np.mean(drawn, axis=0) - astuple(chance_at_r(labels))) <= 4 * error).all()


def test_of_a_large_class_a_thousand_pictures_are_asked_and_stand_for_it() -> None:
    labels = np.append(np.zeros(3000, np.int64), [1, 1])
    asked = []

    def ask(rows: np.ndarray, depth: int) -> np.ndarray:
        asked.append(len(rows))
        return np.full((len(rows), depth), 0)  # all of class 0

    found = agreement_at_r(ask, labels)
    assert asked == [1000, 2]
    assert (found.map_at_r, found.map_at_r_macro) == pytest.approx((3000 / 3002, 1 / 2))


# --- hubs ---------------------------------------------------------------------------------------------------


def test_hubness_is_the_skewness_of_how_often_pictures_are_listed() -> None:
    lists = random_lists(40, np.random.default_rng(0))[:, :3]
    lists[5:] = np.where(lists[5:] < 20, 0, lists[5:])  # the first picture crowds the lists
    counts = [int((lists == row).sum()) for row in range(40)]
    found = hubness(lists)
    assert found.skew == pytest.approx(stats.skew(counts))
    assert found.never_listed == counts.count(0) / 40 > 0


def test_where_all_are_listed_alike_there_is_no_hub() -> None:
    ring = (np.arange(12)[:, None] + np.arange(1, 4)) % 12
    assert astuple(hubness(ring)) == (0.0, 0.0)


def test_random_lists_are_as_uneven_as_chance_says() -> None:
    found, expected = hubness(random_lists(3000, np.random.default_rng(0))[:, :10]), chance_of_hubs(3000)
    assert found.skew == pytest.approx(expected.skew, abs=0.15)
    assert found.never_listed == pytest.approx(expected.never_listed, abs=1e-3)
    assert chance_of_hubs(3000).skew == pytest.approx(stats.binom(2999, 10 / 2999).stats("s"))


def test_of_few_pictures_each_is_in_every_list() -> None:
    assert astuple(chance_of_hubs(8)) == (0.0, 0.0)


# --- pixels -------------------------------------------------------------------------------------------------


def test_pixel_embeddings_are_centred_block_means_of_unit_length() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 256, 256, 3), np.uint8)
    embeddings = pixel_embeddings(pictures)
    assert (embeddings.shape, embeddings.dtype) == ((5, 3072), np.float32)
    means = pictures.astype(np.float64).reshape(5, 32, 8, 32, 8, 3).mean(axis=(2, 4)).reshape(5, -1)
    centred = means - means.mean(axis=0)
    expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)


def test_a_picture_and_its_negative_are_opposites() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    one, other = pixel_embeddings(np.stack([picture, 255 - picture]))
    assert one @ other == pytest.approx(-1, abs=1e-5)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_pictures_that_are_all_the_same_have_one_embedding_of_unit_length(value: int) -> None:
    embeddings = pixel_embeddings(np.full((3, 256, 256, 3), value, np.uint8))
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(embeddings, embeddings[[0, 0, 0]])


# --- groups -------------------------------------------------------------------------------------------------


def test_purity_is_the_share_of_the_commonest_class() -> None:
    groups, labels = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    assert purity(groups, labels) == pytest.approx(5 / 6)


def test_one_group_is_as_pure_as_the_largest_class() -> None:
    assert purity(np.zeros(5, np.int64), np.array([0, 1, 1, 1, 2])) == pytest.approx(3 / 5)


def test_adjusted_rand_is_what_a_hand_finds() -> None:
    # Table [[2, 1], [0, 2]]: pairs 1 + 0 + 0 + 1 = 2; rows 3 + 1 = 4, columns 1 + 3 = 4, of 10:
    # (2 - 4 * 4 / 10) / ((4 + 4) / 2 - 4 * 4 / 10) = 0.4 / 2.4
    assert adjusted_rand(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1])) == pytest.approx(1 / 6)


def test_adjusted_rand_of_the_same_split_under_other_names_is_one() -> None:
    assert adjusted_rand(np.array([2, 2, 0, 1]), np.array([0, 0, 1, 2])) == pytest.approx(1)


def test_the_histogram_sees_colour_and_not_place() -> None:
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (4, 256, 256, 3), dtype=np.uint8)
    pictures[1] = pictures[0][::-1, ::-1]
    pictures[2:] //= 2
    embeddings = histogram_embeddings(pictures)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(embeddings[0], embeddings[1])
    assert embeddings[0] @ embeddings[2] < 0.5 < embeddings[2] @ embeddings[3]


def test_hog_sees_outlines_and_not_colour() -> None:
    upright = np.zeros((256, 256, 3), np.uint8)
    upright[:, ::32] = upright[:, 1::32] = upright[:, 2::32] = upright[:, 3::32] = 255
    lying = upright.transpose(1, 0, 2)
    red, noise = upright * np.array([1, 0, 0], np.uint8), np.random.default_rng(0).integers(0, 9, (256, 256, 3))
    pictures = np.stack([upright, red, lying, lying // 2, noise.astype(np.uint8)])
    similarity = hog_embeddings(pictures) @ hog_embeddings(pictures).T
    assert similarity[0, 1] > 0.99
    assert similarity[2, 3] > 0.99
    assert similarity[0, 2] < 0.5


@pytest.mark.parametrize("count", [2, 200])
def test_whitened_pixels_have_unit_length_also_where_all_are_alike(count: int) -> None:
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    for pictures in (coarse.repeat(32, axis=1).repeat(32, axis=2), np.full((count, 256, 256, 3), 9, np.uint8)):
        embeddings = whitened_pixel_embeddings(pictures)
        assert embeddings.shape[1] <= 128
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)


# --- the stage ----------------------------------------------------------------------------------------------


def test_the_json_has_exactly_the_documented_form(line: Line) -> None:
    result = run(line, "evaluate", "--json")
    table = json.loads(result.stdout)
    always = {"pictures", "views", "verdict", "measured_of", "folder", "by", "doubts"}
    assert set(table) == always | {"classes", "embeddings", "groups"}
    assert list(table["views"]) == VIEWS
    assert len(table["verdict"]) == 2
    assert list(table["embeddings"]) == [
        "model",
        "pixels",
        "whitened pixels",
        "histogram",
        "HOG",
        "untrained",
        "chance",
    ]
    assert all(list(measures) == MEASURES for measures in table["embeddings"].values())
    assert list(table["groups"]) == ["k", "purity", "adjusted_rand"]
    assert table == load_json(line.artifacts.metrics("evaluate"), stage="evaluate")


def test_every_picture_counts_and_every_folder_is_a_class(line: Line) -> None:
    table = load_json(line.artifacts.metrics("evaluate"), stage="evaluate")
    assert (table["pictures"], table["classes"]) == (58, 5)  # 3 kinds, ramps/naïve, zz
    assert table["groups"]["k"] == 3
    with open_index(line.artifacts.index) as index:
        folders = [path.rpartition("/")[0] for path in index.paths()]
    labels = np.unique(folders, return_inverse=True)[1]
    expected = asdict(chance(labels)) | asdict(chance_at_r(labels)) | asdict(chance_of_hubs(58))
    assert table["embeddings"]["chance"] == pytest.approx(expected)


def test_pictures_of_three_kinds_are_told_apart(line: Line) -> None:
    measured = load_json(line.artifacts.metrics("evaluate"), stage="evaluate")["embeddings"]
    assert measured["model"]["top4"] > 2 * measured["chance"]["top4"]


def test_the_table_names_every_embedding(line: Line) -> None:
    lines = run(line, "evaluate").stdout.splitlines()
    assert [text[:16].rstrip() for text in lines[2:9]] == EMBEDDINGS
    assert lines[9].startswith("3 groups: purity 0.")


@pytest.mark.parametrize("as_json", [True, False])
def test_without_labels_it_says_so_and_is_no_failure(own_line: Line, as_json: bool) -> None:
    own_line.set(dataset={"labels": "none"})
    result = run(own_line, "evaluate", *(["--json"] if as_json else []))
    assert result.exit_code == 0
    assert "there are no labels to measure by" in result.stderr
    table = load_json(own_line.artifacts.metrics("evaluate"), stage="evaluate")
    assert set(table) == {"pictures", "views", "verdict", "measured_of", "folder", "by", "doubts"}
    assert table["pictures"] == 58
    assert result.stdout == (json.dumps(table) if as_json else table["verdict"][0]) + "\n"


def test_a_model_no_better_than_untrained_is_not_handed_over_in_silence(own_line: Line) -> None:
    shutil.copyfile(own_line.artifacts.untrained_encoder, own_line.artifacts.encoder)
    own_line.set(dataset={"labels": "none"})
    lines = run(own_line, "evaluate").stdout.splitlines()
    assert lines[0].startswith("warning: ")
    assert "untrained" in lines[0]


def test_given_encoders_are_measured_beside_the_model_and_not_kept(line: Line) -> None:
    kept = line.artifacts.metrics("evaluate").read_bytes()
    other = str(line.artifacts.untrained_encoder)
    table = json.loads(run(line, "evaluate", "--json", "--encoder", other).stdout)
    assert table["embeddings"][other] == table["embeddings"]["untrained"]
    assert line.artifacts.metrics("evaluate").read_bytes() == kept
    assert any(text.startswith(other) for text in run(line, "evaluate", "--encoder", other).stdout.splitlines())


def test_only_labelled_pictures_are_compared(own_line: Line, tmp_path: Path) -> None:
    rows = [f"{kind}/{kind[:-1]} {n:02d}.png,{kind}" for kind in CLASSES[:2] for n in range(1, 9)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    own_line.set(dataset={"labels": str(tmp_path / "labels.csv")})
    table = json.loads(run(own_line, "evaluate", "--json").stdout)
    assert (table["pictures"], table["classes"]) == (16, 2)
    assert table["embeddings"]["chance"]["top1"] == pytest.approx(7 / 15)


def test_classes_of_one_picture_each_measure_nothing(own_line: Line, tmp_path: Path) -> None:
    rows = [f"{kind}/{kind[:-1]} 01.png,{kind}" for kind in CLASSES]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    own_line.set(dataset={"labels": str(tmp_path / "labels.csv")})
    result = run(own_line, "evaluate")
    assert "there are no labels to measure by" in result.stderr
    assert "chance" not in result.stdout


def test_groups_of_other_pictures_are_stale(own_line: Line) -> None:
    lines = own_line.artifacts.groups_table.read_text().splitlines()
    own_line.artifacts.groups_table.write_text("\n".join(lines[:-1]) + "\n")
    result = run(own_line, "evaluate")
    assert isinstance(result.exception, ArtifactError)
    assert "groups.csv isn't as the stage left it" in str(result.exception)
    assert "run `pipeline groups` again" in str(result.exception)
