"""The library: an opened folder, asked by a program. Values are those of other roads; nothing is opened twice."""

from __future__ import annotations

import csv
import doctest
import json
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import COPIES, ROOT, Line, embed_again, make_line, structured_picture
from PIL import Image
from typer.testing import CliRunner

import pipeline
from pipeline import Folder, open_folder
from pipeline.artifacts import load_embeddings, load_neighbours, open_index, replaced
from pipeline.cli import app
from pipeline.errors import ArtifactError, QueryError
from pipeline.folder import state as state_module
from pipeline.similarity.lists import most_similar
from pipeline.stages.duplicates import duplicates
from pipeline.stages.groups import groups
from pipeline.stages.map import draw_map
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.tolerance import tolerance
from pipeline.stages.uniqueness import uniqueness


def opened(line: Line) -> Folder:
    return open_folder(params=line.params_file, artifacts=line.artifacts.root)


@pytest.fixture(scope="module")
def whole(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The line with every stage that can be asked for."""
    root = tmp_path_factory.mktemp("whole") / "line"
    shutil.copytree(line.root, root)
    made = Line(root)
    for stage in (duplicates, uniqueness, draw_map):
        stage(made.params, made.artifacts)
    return made


@pytest.fixture
def new(tmp_path: Path) -> Path:
    structured_picture("stripes", np.random.default_rng(99)).save(tmp_path / "new.png")
    return tmp_path / "new.png"


# --- the door -------------------------------------------------------------------------------------------------


def test_all_that_the_package_offers_is_there_and_documented() -> None:
    for name in pipeline.__all__:
        assert getattr(pipeline, name).__doc__
        assert name in dir(pipeline)
    assert sorted(pipeline.__all__) == pipeline.__all__
    with pytest.raises(AttributeError, match="has no attribute 'close_folder'"):
        pipeline.close_folder  # noqa: B018


def test_to_import_the_package_is_quick() -> None:
    code = "import sys, pipeline; print([m for m in ('numpy', 'PIL', 'onnxruntime', 'tensorflow') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"


def test_a_project_is_opened_by_its_folder(own_line: Line) -> None:
    project = own_line.params_file.parent
    assert open_folder(project).paths == opened(own_line).paths


def test_a_folder_without_artefacts_is_not_opened(tmp_path: Path, line: Line) -> None:
    shutil.copy(line.params_file, tmp_path / "params.yaml")
    with pytest.raises(ArtifactError, match=r"index\.sqlite is missing: run `pipeline resize`"):
        open_folder(tmp_path)


# --- queries --------------------------------------------------------------------------------------------------


def test_paths_and_embeddings_are_in_row_order(line: Line) -> None:
    folder = opened(line)
    with open_index(line.artifacts.index) as index:
        assert list(folder.paths) == index.paths()
        np.testing.assert_array_equal(folder.embeddings, load_embeddings(line.artifacts, index))
    assert isinstance(folder.embeddings, np.memmap)
    with Image.open(line.dataset / folder.paths[0]) as original:
        assert folder.sizes[0] == original.size
    assert folder.pictures.shape == (len(folder.paths), 256, 256, 3)


def test_a_picture_of_the_folder_is_answered_by_its_sorted_list(line: Line) -> None:
    folder = opened(line)
    with open_index(line.artifacts.index) as index:
        listed = load_neighbours(line.artifacts, index)
    for row in (0, 7, 30):
        answer = folder.query(folder.paths[row], n=5)
        assert answer.mode == "cached"
        assert answer.row == row  # of copies too, of which each lies in a place of its own
        assert [result.row for result in answer.results] == listed[row]["row"][:5].tolist()
        assert folder.neighbours(folder.paths[row], 5) == folder.query(folder.paths[row], 5).results


def test_more_than_the_lists_hold_is_found_as_well(line: Line) -> None:
    folder = opened(line)
    found = folder.neighbours(folder.paths[3], n=1000)
    assert sorted(result.row for result in found) == [row for row in range(len(folder.paths)) if row != 3]


@pytest.mark.parametrize("form", [str, Path, lambda path: path.read_bytes()])
def test_a_file_and_its_bytes_are_looked_up(line: Line, form: object) -> None:
    answer = opened(line).query(form(line.dataset / "ramps" / "ramp 03.png"), n=3)  # type: ignore[operator]
    assert answer.mode == "cached"


def test_a_new_picture_has_one_answer_in_whatever_form_it_comes(line: Line, new: Path) -> None:
    folder = opened(line)
    with Image.open(new) as file:
        image = file.convert("RGB")
    forms = [new, str(new), new.read_bytes(), image, np.asarray(image)]
    answers = [folder.query(form, n=4) for form in forms]
    assert {answer.mode for answer in answers} == {"fresh"}
    assert all(answer.results == answers[0].results for answer in answers)
    (embedding,) = folder.encode([new])
    expected = most_similar(folder.embeddings, embedding, count=4)
    assert [result.row for result in answers[0].results] == expected["row"].tolist()


def test_to_encode_a_picture_of_the_folder_gives_its_row_bit_for_bit(line: Line) -> None:
    folder = opened(line)
    rows = [2, 11, 40]
    encoded = folder.encode(line.dataset / folder.paths[row] for row in rows)
    np.testing.assert_array_equal(encoded, folder.embeddings[rows])
    np.testing.assert_array_equal(folder.encode([folder.pictures[5]]), folder.embeddings[5:6])
    assert folder.encode([]).shape == (0, folder.embeddings.shape[1])


def test_an_answer_is_what_the_command_prints(whole: Line, new: Path) -> None:
    answer = opened(whole).query(new, n=3, unusual=True)
    options = ["--params", str(whole.params_file), "--artifacts", str(whole.artifacts.root)]
    printed = CliRunner().invoke(app, [*options, "query", str(new), "--n", "3", "--json"])
    assert json.loads(printed.stdout) == answer.as_json()
    assert answer.unusual == opened(whole).how_unusual(new)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (b"no picture", r"the picture: not a picture \(text\); ask for another picture"),
        (b"", "the picture: not a picture"),
        ("missing.png", "there is no such picture here, nor in"),
        (Path("/"), "/ is no file; give a picture"),
    ],
)
def test_what_is_no_picture_is_a_query_error(line: Line, picture: str | bytes, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        opened(line).query(picture)


def test_wrong_arguments_are_value_errors(line: Line) -> None:
    folder = opened(line)
    with pytest.raises(ValueError, match=r"expected pixels uint8 \(height, width, 3\), got float64 \(4, 4\)"):
        folder.query(np.zeros((4, 4)))
    with pytest.raises(ValueError, match=r"expected a path, the bytes of a file, an image or an array, got "):
        folder.query(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected n >= 1 and one of auto, cached, fresh, got 0 and 'auto'"):
        folder.query(folder.paths[0], n=0)
    with pytest.raises(QueryError, match="nowhere is no picture of the folder"):
        folder.neighbours("nowhere")


# --- what the stages found --------------------------------------------------------------------------------------


def test_groups_hold_every_picture_once_and_begin_with_their_medoid(line: Line) -> None:
    folder = opened(line)
    groups = folder.groups()
    assert sorted(row for group in groups for row in group.rows.tolist()) == list(range(len(folder.paths)))
    for number, group in enumerate(groups, 1):
        assert group.number == number
        assert group.paths[0] == group.medoid
        assert group.paths == tuple(folder.paths[row] for row in group.rows)
        expected = folder.embeddings[group.rows] @ folder.embeddings[group.rows[0]]
        np.testing.assert_allclose(group.similarities, expected, atol=1e-4)
        assert (np.diff(group.similarities[1:]) <= 0).all()
    sizes = [len(group.rows) for group in groups]
    assert sizes == sorted(sizes, reverse=True)


def test_copies_and_ranks_are_those_of_the_tables(whole: Line) -> None:
    folder = opened(whole)
    with (whole.artifacts.duplicates).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(m.path, m.keep, m.reason) for g in folder.duplicates() for m in g.members] == [
        (row["path"], row["keep"], row["reason"]) for row in rows
    ]
    exact = next(group for group in folder.duplicates() if set(COPIES) <= set(group.paths))
    assert {one.kind for one in exact.members if one.path in COPIES} == {"exact"}
    assert exact.is_exact == (set(exact.paths) == set(COPIES))
    assert {exact.keep, *exact.spare, *exact.unsure} == set(exact.paths)
    ranked = folder.unique(3)
    assert [one.rank for one in ranked] == [1, 2, 3]
    assert all(one.distance >= other.distance for one, other in pairwise(ranked))
    assert sum(1 + len(one.copies) for one in folder.unique(1000)) == len(folder.paths)


def test_the_map_gives_each_picture_a_cell_of_its_own(whole: Line) -> None:
    found = opened(whole).map()
    assert found.points.shape == found.cells.shape == (len(opened(whole).paths), 2)
    assert len({tuple(cell) for cell in found.cells.tolist()}) == len(found.cells)


def test_two_pictures_are_compared_by_path_and_by_pixels(line: Line) -> None:
    folder = opened(line)
    first, second = folder.paths[0], folder.paths[30]
    same, other = folder.compare(first, first), folder.compare(first, second)
    assert same.same
    assert same.similarity == pytest.approx(1)
    assert other.similarity < same.similarity
    by_pixels = folder.compare(folder.pictures[0], folder.pictures[30])
    assert by_pixels.as_json() == other.as_json()


def test_examples_may_be_a_mapping(line: Line, tmp_path: Path) -> None:
    folder = opened(line)
    examples = {path: path.split("/")[0] for path in folder.paths[::6]}
    table = tmp_path / "examples.csv"
    table.write_text("path,label\n" + "".join(f'"{path}",{label}\n' for path, label in examples.items()), "utf-8")
    given, read = folder.label(examples), folder.label(table)
    assert given.names == read.names
    np.testing.assert_array_equal(given.shares, read.shares)
    watched: list[int] = []
    folder.label(examples, progress=lambda all_of_them: (watched.append(1) or one for one in all_of_them))
    assert len(watched) == len(examples)
    with pytest.raises(QueryError, match="the examples: expected examples of two labels or more, got none"):
        folder.label({})


# --- opened once, and anew ----------------------------------------------------------------------------------------


def test_what_is_open_is_opened_once(whole: Line, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, int] = {}
    for name in (
        "load_embeddings",
        "load_neighbours",
        "load_scale",
        "load_distances",
        "check_encoder",
        "open_index",
        "load_groups",
        "load_duplicates",
        "load_uniqueness",
        "load_map",
    ):

        def counted(*arguments: object, name: str = name, real: object = getattr(state_module, name), **more: object):
            counts[name] = counts.get(name, 0) + 1
            return real(*arguments, **more)  # type: ignore[operator]

        monkeypatch.setattr(state_module, name, counted)
    folder = opened(whole)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: folder.query(new, unusual=True), range(8)))
        list(pool.map(lambda row: folder.neighbours(folder.paths[row]), range(20)))
        list(pool.map(lambda _: (folder.groups(), folder.duplicates(), folder.unique(), folder.map()), range(8)))
    assert counts == dict.fromkeys(counts, 1)
    assert len(counts) == 10


def test_several_threads_get_the_answers_of_one(line: Line, new: Path) -> None:
    folder = opened(line)
    questions = [*(line.dataset / path for path in folder.paths), new, new]
    expected = [opened(line).query(question, 7) for question in questions]
    barrier = threading.Barrier(4)

    def ask(start: int) -> list[object]:
        barrier.wait()
        return [folder.query(question, 7) for question in questions[start:] + questions[:start]]

    with ThreadPoolExecutor(4) as pool:
        for start, found in enumerate(pool.map(ask, range(4))):
            assert found == expected[start:] + expected[:start]


def test_artefacts_that_were_replaced_are_opened_anew(own_line: Line) -> None:
    pictures = own_line.dataset
    own_line.set(dataset={"path": str(pictures)})
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    neighbours(own_line.params, own_line.artifacts)
    folder = opened(own_line)
    assert folder.neighbours("ramps/ramp 03.png", 3)
    structured_picture("stripes", np.random.default_rng(7)).save(pictures / "added.png")
    resize(own_line.params, own_line.artifacts)
    with pytest.raises(ArtifactError, match=r"was made from another index: run `pipeline neighbours` again"):
        folder.neighbours("ramps/ramp 03.png", 3)
    embed_again(own_line.artifacts)
    neighbours(own_line.params, own_line.artifacts)
    assert "added.png" in folder.paths
    assert len(folder.neighbours("added.png", 100)) == len(folder.paths) - 1


def test_a_file_that_is_written_again_with_the_same_content_changes_no_answer(own_line: Line) -> None:
    folder = opened(own_line)
    before = folder.query(folder.paths[0], 3)
    content = own_line.artifacts.encoder.read_bytes()
    with replaced(own_line.artifacts.encoder) as path:
        path.write_bytes(content)
    assert folder.query(folder.paths[0], 3) == before


def test_the_snippet_of_the_readme_prints_what_the_folder_answers(
    line: Line, new: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    place = line.params_file.parent
    assert (place / "artifacts").samefile(line.artifacts.root)
    shutil.copy(new, new.with_name("new.jpg"))  # what a file is, its content says
    monkeypatch.chdir(place)
    exec(snippet.replace('"new.jpg"', repr(str(new.with_name("new.jpg")))), {})
    expected = opened(line).query(new, n=5).results
    assert capsys.readouterr().out == "".join(f"{one.path} {one.similarity}\n" for one in expected)


def test_the_page_about_the_library_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(3)
    kinds = {"fern": "stripes", "hexagonal_plate": "discs", "stellar": "ramps"}
    made = make_line(
        tmp_path,
        {f"{name}/{n:04d}.jpg": structured_picture(kind, generator) for name, kind in kinds.items() for n in range(9)},
    )
    for stage in (neighbours, groups, draw_map, duplicates, uniqueness, tolerance):
        stage(made.params, made.artifacts)
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(ROOT / "docs" / "library.md"), module_relative=False)
    assert found.attempted > 20
    assert not found.failed
