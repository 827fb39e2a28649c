"""The map: like things lie together, cells hold one picture each, and trustworthiness against scikit-learn's."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Line, embed_again
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment
from sklearn.manifold import trustworthiness as reference
from typer.testing import CliRunner

from pipeline.artifacts import load_json, load_table, open_index
from pipeline.cli import app
from pipeline.errors import ArtifactError
from pipeline.map import grid_cells, placed_beside, principal_positions, project, trustworthiness
from pipeline.show.plots import plot_map
from pipeline.show.sheets import middles, mosaic
from pipeline.stages.groups import groups
from pipeline.stages.map import draw_map
from pipeline.stages.resize import resize

HEADER = ("path", "x", "y", "column", "row")


def clusters(*, count: int, each: int, dimensions: int = 8) -> NDArray[np.float32]:
    """Return unit vectors in well separated clusters, one after another."""
    generator = np.random.default_rng(0)
    centres = np.repeat(np.eye(count, dimensions), each, axis=0)
    vectors = centres + generator.normal(0, 0.05, centres.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def placed(embeddings: NDArray[np.float32], **changes: float) -> NDArray[np.float32]:
    settings = {"perplexity": 10, "fit_pictures": 1000, "seed": 0} | changes
    return project(embeddings, **settings, progress=False)  # type: ignore[arg-type]


def own_cluster_nearest(positions: NDArray[np.float32], each: int) -> float:
    """Return the share of points whose nearest other point is of their cluster."""
    apart = ((positions[:, None] - positions[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float((apart.argmin(axis=1) // each == np.arange(len(positions)) // each).mean())


# --- the plane ----------------------------------------------------------------------------------------------


def test_clusters_stay_together_and_apart() -> None:
    assert own_cluster_nearest(placed(clusters(count=4, each=25)), 25) == 1.0


def test_the_same_seed_makes_the_same_map() -> None:
    embeddings = clusters(count=3, each=15)
    np.testing.assert_array_equal(placed(embeddings), placed(embeddings))


def test_pictures_beyond_the_sample_lie_among_their_own_cluster() -> None:
    embeddings = clusters(count=4, each=50)
    positions = placed(embeddings, fit_pictures=80)
    assert positions.shape == (200, 2)
    assert own_cluster_nearest(positions, 50) == 1.0


def test_pictures_placed_by_one_of_the_sample_do_not_hide_it() -> None:
    embeddings = np.repeat(clusters(count=4, each=10), 3, axis=0)  # each picture three times
    positions = placed(embeddings, fit_pictures=40)
    assert len(np.unique(positions, axis=0)) > 80  # copies in the sample may lie on each other, but none of the rest
    assert own_cluster_nearest(positions, 30) == 1.0


def test_the_map_is_centred() -> None:
    np.testing.assert_allclose(placed(clusters(count=3, each=15)).mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_pictures_lie_at_their_principal_components(count: int) -> None:
    embeddings = clusters(count=3, each=1)[:count]
    np.testing.assert_allclose(placed(embeddings), principal_positions(embeddings), atol=1e-6)


@pytest.mark.parametrize("count", [4, 5, 8])
def test_a_handful_of_pictures_has_a_map(count: int) -> None:
    positions = placed(clusters(count=2, each=4)[:count])
    assert positions.shape == (count, 2)
    assert np.isfinite(positions).all()


def test_pictures_that_are_all_copies_lie_at_one_point() -> None:
    embeddings = np.repeat(clusters(count=1, each=1), 30, axis=0)
    np.testing.assert_array_equal(placed(embeddings), np.zeros((30, 2)))


def test_copies_among_others_lie_together() -> None:
    embeddings = np.concatenate([clusters(count=3, each=20), np.repeat(clusters(count=4, each=1)[3:], 5, axis=0)])
    positions = placed(embeddings)
    assert np.isfinite(positions).all()
    spread = np.linalg.norm(positions[60:] - positions[60:].mean(axis=0), axis=1).max()
    assert spread < np.linalg.norm(positions[:60] - positions[60:].mean(axis=0), axis=1).min()


def test_embeddings_of_one_number_have_a_map() -> None:
    embeddings = np.where(np.arange(20) % 2, 1, -1).astype(np.float32)[:, None]
    positions = placed(embeddings)
    assert np.isfinite(positions).all()


def test_principal_positions_are_those_of_a_full_decomposition() -> None:
    embeddings = np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32)
    centred = embeddings - embeddings.mean(axis=0)
    directions = np.linalg.svd(centred.astype(np.float64))[2][:2]
    np.testing.assert_allclose(np.abs(principal_positions(embeddings)), np.abs(centred @ directions.T), atol=1e-3)


# --- how far it can be trusted ------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "neighbours"), [(30, 5), (100, 12), (25, 12)])
def test_trustworthiness_is_scikit_learns(count: int, neighbours: int) -> None:
    generator = np.random.default_rng(count)
    embeddings = generator.normal(size=(count, 6))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float64)
    places = generator.normal(size=(count, 2)) + embeddings[:, :2]
    expected = reference(embeddings, places, n_neighbors=neighbours)
    mirrored = places[:, ::-1]
    found, same = trustworthiness(embeddings.astype(np.float32), [places, mirrored], neighbours=neighbours) or []
    assert same == found
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_map_that_is_the_truth_is_wholly_trustworthy() -> None:
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert trustworthiness(circle, [circle], neighbours=12) == [1.0]


@pytest.mark.parametrize("count", [1, 2, 24])
def test_too_few_pictures_have_no_trustworthiness(count: int) -> None:
    embeddings = clusters(count=1, each=count)
    assert trustworthiness(embeddings, [embeddings[:, :2]], neighbours=12) is None


# --- the grid -----------------------------------------------------------------------------------------------


@given(st.integers(1, 150), st.booleans())
def test_every_picture_has_a_cell_of_its_own_and_only_the_end_is_free(count: int, copies: bool) -> None:
    generator = np.random.default_rng(count)
    points = np.zeros((count, 2)) if copies else generator.normal(size=(count, 2))
    cells = grid_cells(points.astype(np.float32))
    columns = int(np.ceil(np.sqrt(count)))
    assert sorted((cells[:, 1] * columns + cells[:, 0]).tolist()) == list(range(count))


def test_points_that_are_a_grid_keep_their_places() -> None:
    columns, rows = np.meshgrid(np.arange(6), np.arange(6))
    cells = np.stack([columns.ravel(), rows.ravel()], axis=1)
    order = np.random.default_rng(0).permutation(36)
    points = (cells * [1.0, -1.0]).astype(np.float32)[order]  # the first row is the highest
    np.testing.assert_array_equal(grid_cells(points), cells[order])


def test_the_grid_is_nearly_as_near_as_an_optimal_assignment() -> None:
    points = np.random.default_rng(0).uniform(0, 1, (400, 2)).astype(np.float32)
    spots = (np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2) + 0.5) / 20
    upright = points * [1, -1] + [0, 1]
    costs = ((upright[:, None] - spots[None]) ** 2).sum(axis=-1)
    best = costs[linear_sum_assignment(costs)].mean()
    found = ((upright - (grid_cells(points) + 0.5) / 20) ** 2).sum(axis=-1).mean()
    assert best <= found < 2 * best


def test_a_mosaic_shows_each_picture_in_its_cell() -> None:
    colours = np.array([[250, 0, 0], [0, 250, 0], [0, 0, 250]], np.uint8)
    pictures = np.broadcast_to(colours[:, None, None], (3, 256, 256, 3))
    cells = np.array([[1, 0], [0, 1], [0, 0]])
    sheet = np.asarray(mosaic(middles(pictures, [(10, 10)] * 3, tile=10), cells))
    assert sheet.shape == (20, 20, 3)
    for colour, (column, row) in zip(colours, cells, strict=True):
        assert (sheet[10 * row : 10 * row + 10, 10 * column : 10 * column + 10] == colour).all()


# --- the stage ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mapped(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the line with its map, made by the command."""
    own = Line(tmp_path_factory.mktemp("mapped") / "line")
    shutil.copytree(line.root, own.root)
    options = ["--params", str(own.params_file), "--artifacts", str(own.artifacts.root)]
    result = CliRunner().invoke(app, [*options, "map"])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""  # what scikit-learn prints is a bar on stderr
    return own


def test_the_map_lists_every_picture_in_the_order_of_the_index(mapped: Line) -> None:
    with open_index(mapped.artifacts.index) as index:
        paths = index.paths()
    table = load_table(mapped.artifacts.map_table, HEADER, stage="map")
    assert [row[0] for row in table] == paths


def test_the_thumbnails_show_every_picture(mapped: Line) -> None:
    table = load_table(mapped.artifacts.map_table, HEADER, stage="map")
    with Image.open(mapped.artifacts.map_thumbnails) as sheet:
        assert sheet.size == (8 * 128, 8 * 128)  # 58 pictures: 8 columns
        for _, _, _, column, row in table:
            box = sheet.crop((int(column) * 128 + 40, int(row) * 128 + 40, int(column) * 128 + 88, int(row) * 128 + 88))
            assert np.asarray(box).std() > 1  # a picture, and no paper


def test_the_map_is_more_trustworthy_than_chance(mapped: Line) -> None:
    metrics = load_json(mapped.artifacts.metrics("map"), stage="map")
    found = [value for name, value in metrics.items() if name.startswith("trustworthiness_")]
    assert len(found) == 3
    assert all(0.6 < value <= 1 for value in found)


def test_what_is_new_is_placed_beside_what_it_is_like_and_the_rest_stays() -> None:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(40, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    known = generator.normal(size=(40, 2)).astype(np.float32) * 10
    known[[3, 17]] = np.nan
    embeddings[[3, 17]] = embeddings[[4, 20]]
    found = placed_beside(embeddings, known, seed=0)
    stays = np.setdiff1d(np.arange(40), [3, 17])
    assert (found[stays] == known[stays]).all()
    apart = np.linalg.norm(found[[3, 17]] - found[[4, 20]], axis=1)
    assert (apart > 0).all()
    assert (apart < 3).all()


def test_a_map_goes_on_with_a_picture_more_and_begins_anew_with_another_perplexity(line: Line, tmp_path: Path) -> None:
    own = Line(tmp_path / "line")
    shutil.copytree(line.root, own.root)
    shutil.copytree(line.dataset, own.dataset, dirs_exist_ok=True)
    own.set(dataset={"path": str(own.dataset)})

    def places() -> dict[str, list[str]]:
        resize(own.params, own.artifacts)
        embed_again(own.artifacts)
        groups(own.params, own.artifacts)
        draw_map(own.params, own.artifacts)
        return {row[0]: row[1:3] for row in load_table(own.artifacts.map_table, HEADER, stage="map")}

    before = places()
    Image.new("RGB", (80, 80), (9, 90, 160)).save(own.dataset / "aaa.png")
    after = places()
    assert {path: place for path, place in after.items() if path in before} == before
    assert set(after) - set(before) == {"aaa.png"}
    own.set(map={"perplexity": 5})
    assert {path: place for path, place in places().items() if path in before} != before


def test_the_points_are_drawn_by_group_and_by_label(mapped: Line) -> None:
    with Image.open(mapped.artifacts.plot("map")) as both:
        assert round(both.size[0] / 858) == 2  # panels of 6.6 inches


def test_without_labels_there_is_one_panel(own_line: Line) -> None:
    own_line.set(dataset={"labels": "none"}, map={"perplexity": 5})
    draw_map(own_line.params, own_line.artifacts)
    with Image.open(own_line.artifacts.plot("map")) as one:
        assert round(one.size[0] / 858) == 1


def test_groups_of_other_pictures_are_refused(own_line: Line) -> None:
    with own_line.artifacts.groups_table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with own_line.artifacts.groups_table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows[:-1])
    with pytest.raises(ArtifactError, match="run `pipeline groups`"):
        draw_map(own_line.params, own_line.artifacts)


def test_a_wide_map_is_a_wide_picture(tmp_path: Path) -> None:
    positions = np.random.default_rng(0).random((30, 2))
    sizes = []
    for height in (1.0, 0.4):
        plot_map(tmp_path / "map.png", positions=positions * (1, height), colourings={"By group": ["1"] * 30})
        with Image.open(tmp_path / "map.png") as drawn:
            sizes.append(drawn.size)
    (width, square), (same_width, flat) = sizes
    assert width == same_width
    assert 0.9 < square / width < 1.15
    assert flat < 0.6 * square


@pytest.mark.parametrize(
    "positions",
    [
        [[0, 0], [1, 0]],
        [[0, 0], [1, 1e-17]],
        [[0, 0], [1e-18, 5]],
        [[0, 0]],
        [[3, 3], [3, 3]],
        [[0, 0], [1, 1], [2, 2]],
    ],
)
def test_points_on_a_line_are_a_map(tmp_path: Path, positions: list[list[float]]) -> None:
    colourings = {"By group": [str(n) for n in range(len(positions))]}
    plot_map(tmp_path / "map.png", positions=np.array(positions, np.float32), colourings=colourings)
    with Image.open(tmp_path / "map.png") as drawn:
        assert (np.asarray(drawn.convert("L")) < 200).any()


@pytest.mark.parametrize(
    "name", ["$\\frac{$", "under $10", "$10-$20", "Ba$$in", "%d", "\\n", "_x^{", "日本語", "\udcff", "a" * 300]
)
def test_the_name_of_a_category_is_never_markup(tmp_path: Path, name: str) -> None:
    positions = np.random.default_rng(0).random((30, 2))
    for path, called in (("map.png", name), ("bare.png", "")):
        plot_map(tmp_path / path, positions=positions, colourings={"By label": [called] * 30})
    assert (tmp_path / "map.png").read_bytes() != (tmp_path / "bare.png").read_bytes()


def test_names_on_a_map_are_those_that_were_given(tmp_path: Path) -> None:
    """No box and no formula: letters of other scripts, and the same letters in a formula, look different."""
    positions, seen = np.random.default_rng(0).random((9, 2)), set()
    for name in ("日", "語", "$x$", "x", "é", "e"):
        plot_map(tmp_path / "map.png", positions=positions, colourings={"By label": [name] * 9})
        seen.add((tmp_path / "map.png").read_bytes())
    assert len(seen) == 6
