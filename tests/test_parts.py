"""What stands on whole embeddings, and what on their own parts alone."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import COPIES, Line, embed_again
from PIL import Image
from typer.testing import CliRunner

from pipeline.artifacts import (
    Artifacts,
    load_embeddings,
    load_json,
    load_neighbours,
    load_own_embeddings,
    load_own_neighbours,
    load_scale,
    open_index,
)
from pipeline.cli import app
from pipeline.encoder.seeing import pictures
from pipeline.graph import Graph
from pipeline.stages.duplicates import duplicates
from pipeline.stages.evaluate import evaluate
from pipeline.stages.groups import groups
from pipeline.stages.neighbours import neighbours
from pipeline.stages.tolerance import tolerance
from pipeline.stages.uniqueness import uniqueness
from pipeline.vectors import Parts, parts_of

PARTS = Parts(own=192, length=0.6)


def write_encoder_of_two_parts(path: Path) -> None:
    """Write an encoder whose own part is what lies where, and whose rest, the larger part, is the mean colour."""
    graph = Graph()
    levels = pictures(graph)
    own = (levels.averaged(32, 32).flat() - np.linspace(100, 150, 192, dtype=np.float32)[None]).unit()
    rest = (levels.mean(2, 3) - 90.0).unit()
    graph.output("embedding", graph.joined([own * 0.6, rest * 0.8]))
    path.write_bytes(graph.written(PARTS.as_facts()))


@pytest.fixture(scope="module")
def parted(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A line of two parts up to its lists, copies and uniqueness; for reading only."""
    root = tmp_path_factory.mktemp("parted") / "line"
    shutil.copytree(line.root, root)
    own_line = Line(root)
    write_encoder_of_two_parts(own_line.artifacts.encoder)
    embed_again(own_line.artifacts)
    for stage in (neighbours, duplicates, uniqueness, tolerance):
        stage(own_line.params, own_line.artifacts)
    return own_line


def both(artifacts: Artifacts) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities of all pictures by whole embeddings and by own parts; they must not agree."""
    with open_index(artifacts.index) as index:
        whole, own = np.asarray(load_embeddings(artifacts, index)), load_own_embeddings(artifacts, index)
    assert (whole.shape[1], own.shape[1]) == (195, 192)
    return whole @ whole.T, own @ own.T


def run(line: Line, *words: str) -> dict[str, object]:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    result = CliRunner().invoke(app, [*options, *words], catch_exceptions=False)
    found = json.loads(result.stdout.splitlines()[0])
    return found[0] if isinstance(found, list) else found


def test_lists_and_their_scale_are_there_by_both(parted: Line) -> None:
    whole, own = both(parted.artifacts)
    assert np.abs(whole - own).max() > 0.2
    with open_index(parted.artifacts.index) as index:
        for similarities, lists in (
            (whole, load_neighbours(parted.artifacts, index)),
            (own, load_own_neighbours(parted.artifacts, index)),
        ):
            rows = np.arange(len(lists))[:, None]
            np.testing.assert_allclose(lists["similarity"], similarities[rows, lists["row"]], atol=1e-5)
            hidden = similarities - 4 * np.eye(len(similarities))
            np.testing.assert_allclose(lists["similarity"][:, 0], hidden.max(axis=1), atol=1e-5)
        scales = [load_scale(parted.artifacts, index, part=part)["random"][50] for part in ("whole", "own")]
    everyone = ~np.eye(len(whole), dtype=bool)
    assert scales == pytest.approx([np.median(whole[everyone]), np.median(own[everyone])], abs=0.02)


def test_what_is_unusual_and_what_is_a_copy_stand_on_own_parts(parted: Line) -> None:
    whole, own = both(parted.artifacts)
    with open_index(parted.artifacts.index) as index:
        rows = {path: row for row, path in enumerate(index.paths())}
    with parted.artifacts.uniqueness.open(encoding="utf-8") as file:
        ranked = list(csv.DictReader(file))
    for row in ranked[:10]:
        found = own[rows[row["path"]], rows[row["nearest"]]]
        assert float(row["distance"]) == pytest.approx(1 - found, abs=1e-4)
    with parted.artifacts.duplicates.open(encoding="utf-8") as file:
        groups = list(csv.DictReader(file))
    first = {row["group"]: row["path"] for row in reversed(groups)}
    assert {row["path"] for row in groups} >= set(COPIES)
    pairs = [(rows[row["path"]], rows[first[row["group"]]]) for row in groups]
    said = np.array([float(row["similarity"]) for row in groups])
    by_own, by_whole = (np.array([similarities[pair] for pair in pairs]) for similarities in (own, whole))
    assert (said > by_own - 1e-4).all()  # after the turn that makes them most alike
    assert np.isclose(said, by_own, atol=1e-4).sum() > np.isclose(said, by_whole, atol=1e-4).sum()


def test_two_pictures_are_compared_by_own_parts_beside_the_scale_of_own_parts(parted: Line) -> None:
    whole, own = both(parted.artifacts)
    one, other = "ramps/ramp 03.png", "stripes/stripe 02.png"
    with open_index(parted.artifacts.index) as index:
        a, b = (index.rows_of_path(path)[0] for path in (one, other))
    found = run(parted, "compare", str(parted.dataset / one), str(parted.dataset / other), "--json")
    assert found["similarity"] == pytest.approx(own[a, b], abs=1e-5)
    everyone = own[~np.eye(len(own), dtype=bool)]
    assert found["percentile_random"] == pytest.approx(100 * (everyone < own[a, b]).mean(), abs=2)
    assert whole[a, b] != pytest.approx(own[a, b], abs=0.05)


def test_a_query_is_answered_by_the_whole_and_is_unusual_by_its_own_part(parted: Line, tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    picture = tmp_path / "new.png"
    Image.fromarray(generator.integers(0, 255, (8, 8, 3), np.uint8)).resize((256, 256), 0).save(picture)
    found = run(parted, "query", str(picture), "--n", "5", "--json")
    from pipeline.encoder.running import encode_one, open_encoder

    encoder = open_encoder(parted.artifacts.encoder)
    whole = encode_one(encoder, np.asarray(Image.open(picture).convert("RGB")))
    with open_index(parted.artifacts.index) as index:
        all_whole, all_own = load_embeddings(parted.artifacts, index), load_own_embeddings(parted.artifacts, index)
    best = [result["similarity"] for result in found["results"]]
    assert best == pytest.approx(np.sort(all_whole @ whole)[::-1][:5].tolist(), abs=2e-3)
    unusual = found["unusual"]["distance"]
    assert unusual == pytest.approx(1 - float((all_own @ encoder.parts.own_of(whole)).max()), abs=2e-3)
    assert 1 - best[0] != pytest.approx(unusual, abs=0.05)


def test_where_all_is_the_own_part_both_lists_are_the_same(own_line: Line) -> None:
    neighbours(own_line.params, own_line.artifacts)
    with open_index(own_line.artifacts.index) as index:
        assert (load_neighbours(own_line.artifacts, index) == load_own_neighbours(own_line.artifacts, index)).all()
    scale = load_json(own_line.artifacts.scale, stage="neighbours")
    assert scale["whole"] == scale["own"]


def test_an_encoder_says_where_its_own_part_ends() -> None:
    assert parts_of(PARTS.as_facts()) == PARTS
    assert parts_of({"trust in colours": "0.5"}) == Parts()
    assert Parts().as_facts() == {}
    embeddings = np.eye(3, dtype=np.float32)
    assert Parts().own_of(embeddings) is embeddings


def test_groups_are_made_of_the_whole_and_counted_by_own_parts(parted: Line) -> None:
    groups(parted.params, parted.artifacts)
    whole, own = both(parted.artifacts)
    with open_index(parted.artifacts.index) as index:
        rows = {path: row for row, path in enumerate(index.paths())}
    with parted.artifacts.groups_table.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    medoids = {row["group"]: rows[row["path"]] for row in table if row["medoid"] == "yes"}
    for row in table:
        similarities = whole[rows[row["path"]]]
        assert float(row["similarity"]) == pytest.approx(similarities[medoids[row["group"]]], abs=1e-4)
        assert similarities[medoids[row["group"]]] == pytest.approx(
            similarities[list(medoids.values())].max(), abs=1e-5
        )
    with parted.artifacts.elbow_table.open(encoding="utf-8") as file:
        losses = {int(row["k"]): float(row["loss"]) for row in csv.DictReader(file)}
    pairs = np.stack(np.triu_indices(len(own), 1), axis=1)
    best_own, best_whole = (min((1 - found[:, pair].max(axis=1)).mean() for pair in pairs) for found in (own, whole))
    assert losses[2] == pytest.approx(best_own, rel=0.05)
    assert best_whole != pytest.approx(best_own, rel=0.1)


def test_evaluate_shows_what_the_place_adds_and_the_verdict_is_of_the_whole(parted: Line) -> None:
    groups(parted.params, parted.artifacts)
    table = evaluate(parted.params, parted.artifacts)
    assert list(table["embeddings"])[:2] == ["model", "own part"]
    whole, own = (table["embeddings"][name]["top4"] for name in ("model", "own part"))
    similarities = both(parted.artifacts)
    with open_index(parted.artifacts.index) as index:
        labels = np.unique([Path(path).parent.as_posix() for path in index.paths()], return_inverse=True)[1]
    for found, values in zip((whole, own), similarities, strict=True):
        nearest = np.argsort(-(values - 4 * np.eye(len(values))), axis=1, kind="stable")[:, :4]
        assert found == pytest.approx((labels[nearest] == labels[:, None]).mean(), abs=0.02)
    assert whole != own
    assert "own part" not in " ".join(table["verdict"])
