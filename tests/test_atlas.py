"""`pipeline atlas`: a table that embedding-atlas opens, with the columns that its options name."""

from __future__ import annotations

import builtins
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Line
from PIL import Image
from pyarrow import parquet
from typer.testing import CliRunner, Result

from pipeline.artifacts import load_groups, load_map, load_neighbours, load_pictures, open_index
from pipeline.cli import app
from pipeline.errors import QueryError
from pipeline.show.atlas import save_atlas
from pipeline.stages.map import draw_map
from pipeline.vectors import NEIGHBOUR


@pytest.fixture(scope="module")
def mapped(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the line with its map."""
    own = Line(tmp_path_factory.mktemp("mapped") / "line")
    shutil.copytree(line.root, own.root)
    draw_map(own.params, own.artifacts)
    return own


def run(line: Line, out: Path) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, "atlas", "--out", str(out)])


def test_every_row_of_the_table_is_that_picture_of_the_index(mapped: Line, tmp_path: Path) -> None:
    result = run(mapped, tmp_path / "atlas.parquet")
    assert "--x x --y y --neighbors neighbors --image thumbnail" in result.output
    table = parquet.read_table(tmp_path / "atlas.parquet")
    assert table.column_names == ["path", "x", "y", "group", "label", "neighbors", "thumbnail"]
    with open_index(mapped.artifacts.index) as index:
        paths, pictures = index.paths(), load_pictures(mapped.artifacts, index)
        lists = load_neighbours(mapped.artifacts, index)
    assert table["path"].to_pylist() == paths
    groups, _, _ = load_groups(mapped.artifacts, index, paths)
    assert table["group"].to_pylist() == [str(group) for group in groups]  # 3 of them, so one digit each
    points, _ = load_map(mapped.artifacts, index, paths)
    found = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
    np.testing.assert_allclose(found, points, rtol=1e-6)
    for own, listed in zip(table["neighbors"].to_pylist(), lists, strict=True):
        assert own["ids"] == listed["row"].tolist()  # the lists here are 12 deep, the viewer gets up to 16
        np.testing.assert_allclose(own["distances"], 1 - listed["similarity"], atol=1e-6)
    for jpeg, picture in zip(table["thumbnail"].to_pylist(), pictures, strict=True):
        assert jpeg[:3] == b"\xff\xd8\xff"  # by which the viewer knows a JPEG
        shown = np.asarray(Image.open(io.BytesIO(jpeg))).mean(axis=(0, 1))
        np.testing.assert_allclose(shown, picture.mean(axis=(0, 1)), atol=4)


def test_the_line_to_open_it_with_can_be_pasted(mapped: Line, tmp_path: Path) -> None:
    assert f"embedding-atlas '{tmp_path}/my atlas.parquet' --x" in run(mapped, tmp_path / "my atlas.parquet").output


def test_a_folder_is_no_file_to_write(mapped: Line, tmp_path: Path) -> None:
    result = run(mapped, tmp_path)
    assert isinstance(result.exception, QueryError)
    assert "name the file to write" in str(result.exception)


def test_groups_are_called_as_their_folders(tmp_path: Path) -> None:
    save_atlas(
        tmp_path / "atlas.parquet",
        paths=["a", "b"],
        positions=np.zeros((2, 2)),
        groups=np.array([7, 12]),
        labels=[None, None],
        neighbours=np.zeros((2, 1), NEIGHBOUR),
        pictures=np.zeros((2, 8, 8, 3), np.uint8),
        progress=False,
    )
    assert parquet.read_table(tmp_path / "atlas.parquet")["group"].to_pylist() == ["07", "12"]


def test_pictures_without_a_label_have_none(mapped: Line, tmp_path: Path) -> None:
    own = Line(tmp_path / "line")
    shutil.copytree(mapped.root, own.root)
    own.set(dataset={"labels": "none"})
    run(own, tmp_path / "atlas.parquet")
    assert set(parquet.read_table(tmp_path / "atlas.parquet")["label"].to_pylist()) == {None}


def test_without_pyarrow_the_error_says_what_to_install(
    mapped: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = builtins.__import__

    def without(name: str, *arguments: object, **options: object) -> object:
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError("No module named 'pyarrow'")
        return whole(name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    result = run(mapped, tmp_path / "atlas.parquet")
    assert isinstance(result.exception, QueryError)
    assert "pip install -e '.[atlas]' brings it" in str(result.exception)
    assert not (tmp_path / "atlas.parquet").exists()
