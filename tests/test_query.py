"""Queries from end to end on a small folder: both roads, one order, messages, and what is not imported."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import COPIES, ROOT, Line, embed_again, structured_picture, write_encoder
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.artifacts import load_embeddings, load_scale, open_index, save_array
from pipeline.cli import app
from pipeline.errors import ArtifactError, QueryError
from pipeline.folder.opened import Folder
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize

DEPTH = 12  # of the line's cached lists
HEAVY = {"tensorflow", "keras", "faiss", "sklearn", "matplotlib", "onnx"}


def run(line: Line, *arguments: str | Path) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *map(str, arguments)], catch_exceptions=True)


def answers(line: Line, *arguments: str | Path) -> list[dict]:
    result = run(line, "query", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(text) for text in result.stdout.splitlines()]


def found(answer: dict) -> list[str]:
    return [result["path"] for result in answer["results"]]


def process(line: Line, *arguments: str | Path, imports: bool = False) -> subprocess.CompletedProcess[str]:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    python = [sys.executable, *(["-X", "importtime"] if imports else []), "-m", "pipeline"]
    return subprocess.run([*python, *options, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)


def imported(finished: subprocess.CompletedProcess[str]) -> set[str]:
    """Return the top-level packages that a process imported, as `python -X importtime` lists them."""
    lines = [text for text in finished.stderr.splitlines() if text.startswith("import time:")]
    return {text.rpartition("|")[2].strip().partition(".")[0] for text in lines}


def any_picture(line: Line) -> Path:
    return line.dataset / "ramps" / "ramp 03.png"


# --- both roads ---------------------------------------------------------------------------------------------


def test_cached_and_fresh_give_the_same_order_for_every_picture(line: Line) -> None:
    pictures = sorted(path for path in line.dataset.rglob("*") if path.is_file() and path.suffix != ".txt")
    cached = answers(line, *pictures, "--n", "100", "--mode", "cached")
    fresh = answers(line, *pictures, "--n", "100", "--mode", "fresh")
    for picture, one, other in zip(pictures, cached, fresh, strict=True):
        own = picture.relative_to(line.dataset).as_posix()
        assert found(one) == [path for path in found(other) if path != own], own


def test_a_picture_asked_afresh_finds_itself_first(line: Line) -> None:
    for answer in answers(line, line.dataset / "discs", "--mode", "fresh", "--n", "1"):
        own = Path(answer["query"]).relative_to(line.dataset).as_posix()
        (first,) = answer["results"]
        assert first["path"] == own
        assert first["similarity"] >= 0.9999


def test_the_order_is_that_of_float64(line: Line) -> None:
    with open_index(line.artifacts.index) as index:
        paths, embeddings = index.paths(), np.asarray(load_embeddings(line.artifacts, index), np.float64)
    (answer,) = answers(line, any_picture(line), "--n", "100")
    row = paths.index("ramps/ramp 03.png")
    similarities = embeddings @ embeddings[row]
    order = [paths[other] for other in np.argsort(-similarities, kind="stable") if other != row]
    assert found(answer) == order
    expected = [similarities[paths.index(path)] for path in order]
    np.testing.assert_allclose([r["similarity"] for r in answer["results"]], expected, atol=2e-6)


def test_a_picture_is_known_by_content_wherever_it_lies_and_whatever_it_is_called(line: Line, tmp_path: Path) -> None:
    (there,) = answers(line, any_picture(line))
    shutil.copy(any_picture(line), tmp_path / "holiday.jpeg")
    (here,) = answers(line, tmp_path / "holiday.jpeg")
    assert here["mode"] == "cached"
    assert here["results"] == there["results"]


def test_a_picture_with_a_name_that_is_not_utf8_is_answered(line: Line, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/od\xffd.png"))
    try:
        shutil.copy(any_picture(line), odd)
    except OSError:
        pytest.skip("this file system has no such names")
    (answer,) = answers(line, odd)
    assert answer["query"].endswith("od\\xffd.png")


def test_changed_pixels_are_asked_afresh(line: Line, tmp_path: Path) -> None:
    Image.open(any_picture(line)).point(lambda value: min(255, value + 3)).save(tmp_path / "ramp 03.png")
    (answer,) = answers(line, tmp_path / "ramp 03.png")
    assert answer["mode"] == "fresh"
    assert found(answer)[0] == "ramps/ramp 03.png"


@pytest.mark.parametrize("path", COPIES)
def test_a_picture_is_left_out_by_row_and_its_copies_stay(line: Line, path: str) -> None:
    (answer,) = answers(line, line.dataset / path, "--n", "2")
    assert found(answer) == [copy for copy in COPIES if copy != path]
    assert [result["similarity"] for result in answer["results"]] == [1.0, 1.0]


def test_a_copy_from_elsewhere_stands_for_the_first_of_its_rows(line: Line, tmp_path: Path) -> None:
    shutil.copy(line.dataset / COPIES[2], tmp_path / "copy.png")
    (answer,) = answers(line, tmp_path / "copy.png", "--n", "2")
    assert found(answer) == list(COPIES[1:])


def test_a_link_in_the_dataset_is_no_other_picture(own_line: Line) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    (own_line.dataset / "aaa.png").symlink_to(any_picture(own_line))
    resize(own_line.params, own_line.artifacts)
    (by_link,) = answers(own_line, own_line.dataset / "aaa.png", "--n", "9")
    (itself,) = answers(own_line, any_picture(own_line), "--n", "9")
    assert by_link["results"] == itself["results"]
    assert "aaa.png" not in found(itself)


def test_a_list_longer_than_the_cached_one_begins_with_it_and_ends_with_everything(line: Line) -> None:
    (short,) = answers(line, any_picture(line), "--n", str(DEPTH))
    (long,) = answers(line, any_picture(line), "--n", "1000")
    with open_index(line.artifacts.index) as index:
        others = set(index.paths()) - {"ramps/ramp 03.png"}
    assert found(long)[:DEPTH] == found(short)
    assert len(found(long)) == len(others)
    assert set(found(long)) == others
    similarities = [result["similarity"] for result in long["results"]]
    assert similarities == sorted(similarities, reverse=True)


@pytest.mark.parametrize("count", [1, DEPTH, DEPTH + 1, 30, 57])
def test_as_many_are_found_as_were_asked_for(line: Line, count: int) -> None:
    for picture in (any_picture(line), line.dataset / COPIES[1]):
        (answer,) = answers(line, picture, "--n", str(count))
        assert len(answer["results"]) == count


# --- what is printed and written ----------------------------------------------------------------------------


def test_the_json_has_exactly_the_documented_form(line: Line) -> None:
    (answer,) = answers(line, any_picture(line), "--n", "3")
    assert list(answer) == ["query", "mode", "nothing_alike", "results"]
    assert answer["nothing_alike"] is False
    assert (answer["query"], answer["mode"]) == (str(any_picture(line)), "cached")
    assert [list(result) for result in answer["results"]] == [
        ["rank", "path", "similarity", "percentile_nearest", "percentile_random"]
    ] * 3
    assert [result["rank"] for result in answer["results"]] == [1, 2, 3]
    assert all(-1 <= result["similarity"] <= 1 for result in answer["results"])


def test_unicode_paths_are_printed_as_they_are(line: Line) -> None:
    result = run(line, "query", any_picture(line), "--n", "100", "--paths")
    assert str(line.dataset / "ramps/naïve/日本語 (1).png") in result.stdout.splitlines()


def test_paths_are_printed_alone(line: Line) -> None:
    (answer,) = answers(line, any_picture(line), "--n", "4")
    result = run(line, "query", any_picture(line), "--n", "4", "--paths")
    assert result.stdout.splitlines() == [str(line.dataset / path) for path in found(answer)]
    assert not result.stderr


def test_a_picture_that_is_like_nothing_is_said_to_be_so(line: Line, tmp_path: Path) -> None:
    y, x = np.mgrid[:256, :256] // 37 % 2
    Image.fromarray(np.stack([255 * x, 255 * y, 255 * (x ^ y)], -1).astype(np.uint8)).save(tmp_path / "strange.png")
    (answer,) = answers(line, tmp_path / "strange.png")
    assert answer["nothing_alike"] is True
    assert answer["results"][0]["percentile_nearest"] < 1
    words = run(line, "query", tmp_path / "strange.png").stdout
    assert "nothing here looks like it: the best is less similar than the nearest neighbour of 99 %" in words


def test_the_table_shows_rank_similarity_and_path(line: Line) -> None:
    lines = run(line, "query", line.dataset / COPIES[0], "--n", "2").stdout.splitlines()
    assert lines[0] == f"{line.dataset / COPIES[0]} (cached)"
    assert lines[1].split() == ["rank", "similarity", "percentile", "path"]
    assert lines[-1].startswith("the best is more similar than ")
    assert lines[2].split(maxsplit=3) == ["1", "1.0000", "100.0", COPIES[1]]


@pytest.mark.parametrize("mode", ["cached", "fresh"])
def test_the_sheet_is_a_picture(line: Line, tmp_path: Path, mode: str) -> None:
    run(line, "query", any_picture(line), line.dataset / COPIES[0], "--mode", mode, "--sheet", tmp_path / "s.png")
    with Image.open(tmp_path / "s.png") as sheet:
        sheet.load()
        assert sheet.width > 11 * 130
        assert sheet.height > 2 * 130


def test_a_sheet_of_an_unknown_kind_is_refused(line: Line, tmp_path: Path) -> None:
    result = run(line, "query", any_picture(line), "--sheet", tmp_path / "s.xyz")
    assert isinstance(result.exception, QueryError)
    assert "name it .png or .jpg" in str(result.exception)
    assert not list(tmp_path.glob("*s.*"))


def test_what_was_found_is_copied(line: Line, tmp_path: Path) -> None:
    (answer,) = answers(line, any_picture(line), "--n", "3", "--copy-to", tmp_path / "found")
    copies = sorted((tmp_path / "found").iterdir())
    assert [copy.name[:3] for copy in copies] == ["001", "002", "003"]
    for copy, path in zip(copies, found(answer), strict=True):
        assert copy.read_bytes() == (line.dataset / path).read_bytes()
        assert copy.stat().st_ino != (line.dataset / path).stat().st_ino


def test_copies_of_several_queries_get_a_folder_each_however_long_their_names(line: Line, tmp_path: Path) -> None:
    long = tmp_path / ("é" * 120 + ".png")
    shutil.copy(any_picture(line), long)
    answers(line, long, line.dataset / COPIES[0], "--n", "2", "--copy-to", tmp_path / "found")
    folders = sorted((tmp_path / "found").iterdir())
    assert [folder.name[:4] for folder in folders] == ["001_", "002_"]
    assert [len(list(folder.iterdir())) for folder in folders] == [2, 2]


def test_a_long_unicode_path_is_copied_under_a_shortened_name(own_line: Line, tmp_path: Path) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    deep = own_line.dataset / ("日" * 60) / ("本" * 60)
    deep.mkdir(parents=True)
    shutil.copy(any_picture(own_line), deep / "語.png")
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    neighbours(own_line.params, own_line.artifacts)
    answers(own_line, any_picture(own_line), "--n", "1", "--copy-to", tmp_path / "found")
    (copy,) = (tmp_path / "found").iterdir()
    assert copy.name.endswith("本_語.png")


def test_pictures_and_folders_are_answered_in_order(line: Line) -> None:
    several = answers(line, any_picture(line), line.dataset / "ramps" / "naïve", "--n", "1")
    names = [Path(answer["query"]).name for answer in several]
    assert names == ["ramp 03.png", "disc 00.png", "日本語 (1).png"]


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_a_bad_picture_among_several_is_skipped_with_its_reason(line: Line, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"words")
    result = run(line, "query", tmp_path / "bad.png", tmp_path / "gone.png", any_picture(line), "--json", "--n", "1")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert "bad.png: not a picture" in result.stderr
    assert "gone.png: there is no such picture" in result.stderr


def test_a_bad_picture_in_a_folder_is_skipped(line: Line) -> None:
    result = run(line, "query", line.dataset / "stripes", "--json", "--n", "1")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 19
    assert "no picture.txt: not a picture" in result.stderr


@pytest.mark.parametrize("name", ["gone.png", "x" * 300])
def test_a_missing_picture_is_said_in_one_line_with_exit_code_1(line: Line, name: str) -> None:
    finished = process(line, "query", name)
    assert finished.returncode == 1
    assert finished.stdout == ""
    said = f"error: {name}: there is no such picture here, nor in {line.dataset}; check the path\n"
    assert finished.stderr == said


def test_an_empty_folder_is_an_error(line: Line, tmp_path: Path) -> None:
    result = run(line, "query", tmp_path)
    assert isinstance(result.exception, QueryError)
    assert "nothing to ask for" in str(result.exception)


def test_a_strange_picture_cannot_be_asked_from_the_cache(line: Line, tmp_path: Path) -> None:
    structured_picture("discs", np.random.default_rng(99)).save(tmp_path / "new.png")
    result = run(line, "query", tmp_path / "new.png", "--mode", "cached")
    assert isinstance(result.exception, QueryError)
    assert 'is no picture of the folder; ask in mode "fresh"' in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ["query"],
        ["query", "a.png", "--n", "0"],
        ["query", "a.png", "--mode", "quick"],
        ["query", "a.png", "--json", "--paths"],
        ["query", "a.png", "--null"],
        ["ask"],
        [],
    ],
)
def test_wrong_usage_has_exit_code_2(line: Line, arguments: list[str]) -> None:
    assert run(line, *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("name", "stage", "mode"),
    [
        ("index.sqlite", "resize", "cached"),
        ("embeddings.npy", "embed", "cached"),
        ("neighbours.npy", "neighbours", "cached"),
        ("embeddings.npy", "embed", "fresh"),
        ("encoder.onnx", "embed", "fresh"),
    ],
)
def test_a_missing_artefact_is_named_with_the_stage_to_run(own_line: Line, name: str, stage: str, mode: str) -> None:
    (own_line.artifacts.root / name).unlink()
    finished = process(own_line, "query", any_picture(own_line), "--mode", mode)
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: ")
    assert finished.stderr.count("\n") == 1
    assert f"{name} is missing" in finished.stderr
    assert f"run `pipeline {stage}`" in finished.stderr


def test_a_fresh_query_needs_no_lists_and_a_cached_one_no_encoder(own_line: Line) -> None:
    own_line.artifacts.neighbours.unlink()
    assert answers(own_line, any_picture(own_line), "--mode", "fresh")
    neighbours(own_line.params, own_line.artifacts)
    own_line.artifacts.encoder.unlink()
    assert answers(own_line, any_picture(own_line))


def test_lists_of_another_encoder_are_stale(own_line: Line) -> None:
    write_encoder(own_line.artifacts.encoder, patch=128)
    embed_again(own_line.artifacts)
    result = run(own_line, "query", any_picture(own_line))
    assert isinstance(result.exception, ArtifactError)
    assert "neighbours.npy was made from another encoder: run `pipeline neighbours`" in str(result.exception)


def test_an_encoder_that_did_not_make_the_embeddings_is_refused(own_line: Line) -> None:
    write_encoder(own_line.artifacts.encoder, patch=128)
    result = run(own_line, "query", any_picture(own_line), "--mode", "fresh")
    assert isinstance(result.exception, ArtifactError)
    assert "was made with another encoder: run `pipeline embed` again" in str(result.exception)


def test_embeddings_of_other_pictures_are_stale(own_line: Line) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    any_picture(own_line).unlink()
    resize(own_line.params, own_line.artifacts)
    for mode, name in (("fresh", "embeddings"), ("cached", "neighbours")):
        result = run(own_line, "query", own_line.dataset / COPIES[0], "--mode", mode)
        assert isinstance(result.exception, ArtifactError)
        assert f"{name}.npy was made from another index" in str(result.exception)


def test_damaged_embeddings_are_said_to_be_so(own_line: Line) -> None:
    with open_index(own_line.artifacts.index) as index:
        embeddings = np.full((index.count, 192), np.nan, np.float32)
        save_array(own_line.artifacts.embeddings, embeddings, origin={"index": index.digest, "encoder": "0"})
    own_line.artifacts.embeddings.write_bytes(own_line.artifacts.embeddings.read_bytes()[:-5])
    result = run(own_line, "query", any_picture(own_line), "--mode", "fresh")
    assert isinstance(result.exception, ArtifactError)
    assert "is damaged" in str(result.exception)


# --- matrix -------------------------------------------------------------------------------------------------


def test_the_matrix_holds_the_cosine_of_all_pairs(line: Line, tmp_path: Path) -> None:
    assert run(line, "matrix", "--out", tmp_path / "similarity.npy").exit_code == 0
    matrix = np.load(tmp_path / "similarity.npy")
    with open_index(line.artifacts.index) as index:
        embeddings = np.asarray(load_embeddings(line.artifacts, index), np.float64)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, embeddings @ embeddings.T, atol=2e-6)
    assert matrix.max() <= 1


# --- what is not imported -----------------------------------------------------------------------------------


def test_a_cached_query_imports_nothing_heavy(line: Line) -> None:
    finished = process(line, "query", any_picture(line), imports=True)
    assert finished.returncode == 0
    assert "numpy" in imported(finished)  # so the list is really read
    assert not imported(finished) & (HEAVY | {"onnxruntime"})


def test_a_fresh_query_imports_onnxruntime_alone(line: Line) -> None:
    finished = process(line, "query", any_picture(line), "--mode", "fresh", imports=True)
    assert finished.returncode == 0
    assert "onnxruntime" in imported(finished)
    assert not imported(finished) & HEAVY


def test_help_imports_nothing_heavy(line: Line) -> None:
    finished = process(line, "query", "--help", imports=True)
    assert finished.returncode == 0
    assert "typer" in imported(finished)
    assert not imported(finished) & (HEAVY | {"onnxruntime", "PIL"})


def test_a_query_after_another_dataset_was_named_says_what_to_run(own_line: Line) -> None:
    own_line.set(dataset={"path": "/somewhere/else"})
    with pytest.raises(ArtifactError, match=r"but dataset\.path is /somewhere/else: run `dvc repro`"):
        Folder(own_line.params, own_line.artifacts)


def test_the_scale_leaves_copies_out_and_is_never_that_of_another_folder(own_line: Line) -> None:
    with open_index(own_line.artifacts.index) as index:
        contents = np.array(index.contents())
        embeddings = np.asarray(load_embeddings(own_line.artifacts, index))
        scale = load_scale(own_line.artifacts, index, part="whole")
    similarities = embeddings @ embeddings.T
    similarities[contents[:, None] == contents] = -2  # each picture itself, and its copies
    expected = np.quantile(similarities.max(axis=1), np.linspace(0, 1, 101))
    np.testing.assert_allclose(scale["nearest"], expected, atol=1e-5)
    found = json.loads(own_line.artifacts.scale.read_text())
    own_line.artifacts.scale.write_text(json.dumps({name: found[name] for name in ("index", "encoder")}))
    result = run(own_line, "query", any_picture(own_line))
    assert "of an earlier version: run `pipeline neighbours` again" in str(result.exception)
    own_line.artifacts.scale.write_text(json.dumps(found | {"encoder": "another"}))
    result = run(own_line, "query", any_picture(own_line))
    assert isinstance(result.exception, ArtifactError)
    assert "made from other pictures or by another encoder: run `pipeline neighbours` again" in str(result.exception)
