"""`pipeline benchmark`: what is measured, on a folder small enough to know the answer."""

import itertools
import json

import numpy as np
import pytest
from conftest import Line
from typer.testing import CliRunner, Result

from pipeline.artifacts import load_json
from pipeline.cli import app
from pipeline.cli.answers.dimensions import principal_scores
from pipeline.errors import ParamsError


def run(line: Line, *arguments: str) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, "benchmark", *arguments])


def test_principal_scores_keep_all_distances_and_are_uncorrelated() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) * np.arange(1, 7, dtype=np.float32)
    scores, shares, components = principal_scores(vectors)
    np.testing.assert_allclose(scores @ components.T, vectors - vectors.mean(axis=0), atol=1e-4)
    spread = np.cov(scores.T)
    np.testing.assert_allclose(spread - np.diag(np.diag(spread)), 0, atol=1e-3)
    np.testing.assert_allclose(shares, np.diag(spread) / np.trace(spread), rtol=1e-3)
    assert (np.diff(shares) <= 0).all()


def test_dimensions_end_with_the_embedding_as_evaluate_measures_it(line: Line) -> None:
    result = run(line, "dimensions", "--json")
    table = json.loads(result.stdout)
    model = load_json(line.artifacts.metrics("evaluate"), stage="evaluate")["embeddings"]["model"]
    assert [table[-1][name] for name in ("top4", "top4_macro")] == [model["top4"], model["top4_macro"]]
    assert [row["dimensions"] for row in table[:3]] == [1, 2, 3]
    assert all(earlier["variance"] <= later["variance"] + 1e-6 for earlier, later in itertools.pairwise(table))
    assert line.artifacts.plot("dimensions").is_file()


def test_dimensions_without_labels_say_what_is_missing(own_line: Line) -> None:
    own_line.set(dataset={"labels": "none"})
    result = run(own_line, "dimensions")
    assert isinstance(result.exception, ParamsError)
    assert "set folders or a CSV file" in str(result.exception)


def test_every_index_is_full_and_exact_search_finds_everything(line: Line) -> None:
    result = run(line, "search", "--json")
    table = json.loads(result.stdout)
    assert table[0] | {"build_seconds": 0, "milliseconds": 0} == {
        "method": "exact, this project",
        "pictures": 58,
        "build_seconds": 0,
        "milliseconds": 0,
        "recall_at_10": 1.0,
    }
    for row in table:
        assert row["pictures"] in (58, None)  # None: its library isn't installed
        assert row["pictures"] is None or row["recall_at_10"] > 0.5
    assert line.artifacts.plot("search").is_file()


@pytest.mark.parametrize("command", ["dimensions", "search"])
def test_the_tables_have_a_line_for_each_row(line: Line, command: str) -> None:
    rows = json.loads(run(line, command, "--json").stdout)
    assert len(run(line, command).stdout.splitlines()) == len(rows) + (2 if command == "dimensions" else 1)
