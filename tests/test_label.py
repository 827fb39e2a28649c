"""`pipeline label` from end to end on a small folder: who is an example, what is written, what is refused."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CLASSES, COPIES, Line
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.artifacts import open_index
from pipeline.cli import app
from pipeline.cli.answers.refilled import rewritten, written_files
from pipeline.errors import ArtifactError, QueryError


def run(line: Line, *arguments: str | Path) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, "label", *map(str, arguments)])


def labelled(line: Line, *arguments: str | Path) -> dict[str, dict]:
    result = run(line, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return {one["path"]: one for one in map(json.loads, result.stdout.splitlines())}


def write_examples(file: Path, rows: list[tuple[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([("path", "label"), *rows])
    return file


def few(count: int) -> list[tuple[str, str]]:
    """Return some examples of each class, by their paths in the dataset; copies are not among them."""
    return [(f"{kind}/{kind[:-1]} {n:02d}.png", kind.upper()) for kind in CLASSES for n in range(1, count + 1)]


@pytest.mark.parametrize("count", [1, 4])
def test_a_few_examples_label_the_folder_and_explain_it(line: Line, tmp_path: Path, count: int) -> None:
    examples = write_examples(tmp_path / "examples.csv", few(count))
    found = labelled(line, examples, "--out", tmp_path / "out")
    with open_index(line.artifacts.index) as index:
        assert list(found) == index.paths()
    own = {path: one for path, one in found.items() if path not in COPIES and path.split("/")[0] in CLASSES}
    right = [one["label"] == path.split("/")[0].upper() for path, one in own.items()]
    assert sum(right) / len(right) > 0.9
    for path, one in found.items():
        assert one["example"] == ((path, one["label"]) in few(count))
        assert 1 / 3 - 1e-4 <= one["confidence"] <= 1
        assert all((neighbour, one["label"]) in few(count) for neighbour in one["neighbours"])
        assert len(one["neighbours"]) == (0 if one["example"] else min(3, count))


def test_what_is_written_says_the_same_as_json(line: Line, tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.csv", few(2))
    found = labelled(line, examples, "--out", tmp_path / "out")
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == list(found)
    for row in rows:
        one = found[row["path"]]
        assert (row["label"], float(row["confidence"])) == (one["label"], one["confidence"])
        assert row["example"] == str(one["example"]).lower()
        assert [row[f"explained_by_{n}"] for n in (1, 2, 3) if row[f"explained_by_{n}"]] == one["neighbours"]
    for number, name in enumerate(sorted(kind.upper() for kind in CLASSES), 1):
        with Image.open(tmp_path / "out" / f"{number}_{name}.jpg") as sheet:
            assert sheet.width > 500


def test_the_pictures_to_label_next_are_no_examples_and_doubtful(line: Line, tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.csv", few(1))
    found = labelled(line, examples, "--out", tmp_path / "out")
    with (tmp_path / "out" / "to_label.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    with Image.open(tmp_path / "out" / "to_label.jpg") as sheet:
        assert sheet.height > 150 * -(-len(rows) // 8)
    for row in rows:
        assert not found[row["path"]]["example"]
        assert float(row["confidence"]) < 1
        assert row["label"] != row["or"]


def test_a_folder_tree_of_examples_is_found_in_the_folder_by_content(line: Line, tmp_path: Path) -> None:
    for path, name in few(2):
        (tmp_path / "tree" / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(line.dataset / path, tmp_path / "tree" / name / f"renamed {Path(path).name}")
    by_tree = labelled(line, tmp_path / "tree", "--out", tmp_path / "out")
    by_table = labelled(line, write_examples(tmp_path / "examples.csv", few(2)), "--out", tmp_path / "out")
    assert by_tree == by_table


def test_examples_from_outside_are_encoded_and_named(line: Line, tmp_path: Path) -> None:
    for path, name in few(2):
        (tmp_path / "tree" / name).mkdir(parents=True, exist_ok=True)
        lighter = Image.open(line.dataset / path).convert("RGB").point(lambda value: min(255, value + 4))
        lighter.save(tmp_path / "tree" / name / Path(path).name)
    found = labelled(line, tmp_path / "tree", "--out", tmp_path / "out")
    assert not any(one["example"] for one in found.values())
    table = run(line, tmp_path / "tree", "--out", tmp_path / "out").stdout.splitlines()
    assert [int(text.split()[1]) for text in table[1:4]] == [2, 2, 2]  # they count as examples all the same
    for path, name in few(2):
        assert found[path]["label"] == name
        assert found[path]["neighbours"][0] == str(tmp_path / "tree" / name / Path(path).name)


def test_the_copies_of_an_example_are_examples(line: Line, tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.csv", [(COPIES[0], "mine"), *few(1)])
    found = labelled(line, examples, "--out", tmp_path / "out")
    assert [(found[path]["label"], found[path]["confidence"], found[path]["example"]) for path in COPIES] == [
        ("mine", 1.0, True)
    ] * 3


def test_a_content_with_two_labels_is_refused(line: Line, tmp_path: Path) -> None:
    examples = write_examples(tmp_path / "examples.csv", [(COPIES[0], "one"), (COPIES[1], "other")])
    result = run(line, examples, "--out", tmp_path / "out")
    assert isinstance(result.exception, QueryError)
    assert "is labelled other and, it or a copy, one; leave one label" in str(result.exception)


def outsider(line: Line, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(line.dataset / few(1)[0][0]).convert("RGB").point(lambda value: min(255, value + 4)).save(file)
    return file


def test_a_content_from_outside_with_two_labels_is_refused(line: Line, tmp_path: Path) -> None:
    one = outsider(line, tmp_path / "one.png")
    copy = shutil.copy(one, tmp_path / "copy.png")
    examples = write_examples(tmp_path / "examples.csv", [(str(one), "one"), (str(copy), "other")])
    result = run(line, examples, "--out", tmp_path / "out")
    assert isinstance(result.exception, QueryError)
    assert "copy.png is labelled other and, it or a copy, one; leave one label" in str(result.exception)


def test_a_content_from_outside_counts_once_however_often_it_is_listed(line: Line, tmp_path: Path) -> None:
    one = outsider(line, tmp_path / "one.png")
    copy = shutil.copy(one, tmp_path / "copy.png")
    rows = [(str(one), few(1)[0][1]), (str(one), few(1)[0][1]), (str(copy), few(1)[0][1]), *few(1)]
    table = run(line, write_examples(tmp_path / "examples.csv", rows), "--out", tmp_path / "out").stdout
    assert [int(text.split()[1]) for text in table.splitlines()[1:4]] == [2, 1, 1]


def test_what_is_no_picture_may_lie_beside_the_examples_of_every_label(line: Line, tmp_path: Path) -> None:
    for path, name in few(1):
        (tmp_path / "tree" / name).mkdir(parents=True)
        shutil.copy(line.dataset / path, tmp_path / "tree" / name)
        (tmp_path / "tree" / name / "Thumbs.db").write_bytes(b"the same bytes")
    result = run(line, tmp_path / "tree", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("skipped: ") == 3


def test_what_cannot_be_read_is_skipped_and_named(line: Line, tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("no picture")
    rows = [*few(1), ("nowhere/gone.jpg", "RAMPS"), (str(tmp_path / "words.jpg"), "DISCS")]
    result = run(line, write_examples(tmp_path / "examples.csv", rows), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "skipped: nowhere/gone.jpg: no such file in the dataset, beside the CSV file, or here" in result.stderr
    assert "words.jpg: " in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,class\na.jpg,one\n", "the columns path,label, got 'file,class'; name them in the first line"),
        ("path|label\na.jpg|one\n", "got 'path|label'; name them in the first line, with a comma, a semicolon or"),
        (
            "path,label\nramps/ramp 01.png,one\nramps\\ramp 01.png,other\n",
            "is labelled 'one' in line 2 and 'other' in line 3; leave one label",
        ),
        ("path,label\na, b.jpg,one\n", "line 2 has 3 columns, the first line 2; put a name that holds ',' in quotes"),
        ("path,label\nramps/ramp 01.png,one\nramps/ramp 02.png,one\n", "two labels or more, got those of 'one' alone"),
        ("path,label\ngone.jpg,one\nalso gone.jpg,other\n", "fewer than two labels have a readable example"),
        ("path,label\nramps/ramp 01.png\nramps/ramp 02.png,\n", "two labels or more"),
        ("path,label\n", "two labels or more, got none"),
        ("", "got an empty file"),
        ("path,label\nna\udcefve.jpg,one\n", "got bytes that are not UTF-8; save it as UTF-8"),
        ("path,label\nx\0y.jpg,one\n" + "z" * 5000 + ".jpg,other\n", r"mend these: x\x00y.jpg: no such file"),
    ],
)
def test_examples_that_say_too_little_are_refused(line: Line, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "examples.csv").write_text(content, errors="surrogateescape")
    result = run(line, tmp_path / "examples.csv", "--out", tmp_path / "out")
    assert isinstance(result.exception, QueryError), result.output
    assert message in str(result.exception)


def test_examples_are_read_however_a_spreadsheet_wrote_them(line: Line, tmp_path: Path) -> None:
    plain = labelled(line, write_examples(tmp_path / "plain.csv", few(2)), "--out", tmp_path / "out")
    rows = [(path.replace("/", "\\"), f"{name} ") for path, name in few(2)]
    rows.append(("ramps/nai\u0308ve/disc 00.png", "RAMPS"))  # taken apart, as macOS writes it
    table = "\r\n".join(["sep=;", "Label ; PATH", *(f"{name};{path}" for path, name in rows)])
    (tmp_path / "excel.csv").write_text(table, encoding="utf-16")
    found = labelled(line, tmp_path / "excel.csv", "--out", tmp_path / "out")
    assert [path for path in found if found[path]["example"]] == sorted(
        [*(path for path in plain if plain[path]["example"]), "ramps/naïve/disc 00.png"]
    )


def test_of_linked_example_folders_one_counts_and_the_other_is_said(line: Line, tmp_path: Path) -> None:
    for path, name in few(1):
        (tmp_path / "tree" / name).mkdir(parents=True)
        shutil.copy(line.dataset / path, tmp_path / "tree" / name)
    (tmp_path / "tree" / "OTHER").symlink_to("RAMPS")
    result = run(line, tmp_path / "tree", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "label: warning: examples that can't be used, and are left out: 1" in result.stderr
    assert "OTHER: the same folder as RAMPS (a link to it)" in result.stderr


def test_a_missing_file_of_examples_is_said(line: Line, tmp_path: Path) -> None:
    result = run(line, tmp_path / "nothing.csv")
    assert isinstance(result.exception, QueryError)
    assert "expected a folder, or a CSV file" in str(result.exception)


def test_a_folder_that_holds_something_else_is_never_replaced(line: Line, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"precious")
    result = run(line, write_examples(tmp_path / "examples.csv", few(1)), "--out", tmp_path / "mine")
    assert isinstance(result.exception, QueryError)
    assert (tmp_path / "mine" / "photo.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["labels.csv", "files.csv"])
def test_a_table_of_the_same_name_is_never_replaced(line: Line, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("path,label\n")
    result = run(line, write_examples(tmp_path / "examples.csv", few(1)), "--out", tmp_path / "mine")
    assert isinstance(result.exception, QueryError)
    assert f"holds something else, {name}" in str(result.exception)
    assert (tmp_path / "mine" / name).read_text() == "path,label\n"


@pytest.mark.parametrize("name", ["0001_mine.jpg", "001_0.987_x.jpg", "labels.csv", "1_DISCS.jpg", "album/mine.jpg"])
def test_what_was_added_to_the_folder_or_changed_in_it_is_never_replaced(line: Line, tmp_path: Path, name: str) -> None:
    examples, out = write_examples(tmp_path / "examples.csv", few(1)), tmp_path / "out"
    assert run(line, examples, "--out", out).exit_code == 0
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(b"precious")
    result = run(line, examples, "--out", out)
    assert isinstance(result.exception, QueryError)
    assert f"holds something else, {name.split('/')[0]}" in str(result.exception)
    assert (out / name).read_bytes() == b"precious"


def fill(folder: Path, name: str, *, meanwhile: Callable[[], object] = lambda: None) -> None:
    with rewritten(folder) as unfinished:
        (unfinished / name).write_bytes(b"new")
        meanwhile()


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", ".git/config"])
def test_what_a_file_browser_leaves_behind_is_no_hindrance_and_stays(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "out", "one.jpg")
    (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "out" / name).write_bytes(b"places of icons")
    fill(tmp_path / "out", "two.jpg")
    assert (tmp_path / "out" / name).read_bytes() == b"places of icons"
    assert sorted(file.name for file in (tmp_path / "out").glob("*.jpg")) == ["two.jpg"]


def test_a_run_that_fails_half_way_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path, "one.jpg")
    with pytest.raises(FileNotFoundError, match="gone"):
        fill(tmp_path, "two.jpg", meanwhile=(tmp_path / "gone").read_bytes)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["files.csv", "one.jpg"]
    assert [name for name, _ in written_files(tmp_path)] == ["one.jpg"]


def test_what_is_put_into_the_folder_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"holds something else, one\.jpg"):
        fill(tmp_path, "one.jpg", meanwhile=lambda: (tmp_path / "one.jpg").write_bytes(b"precious"))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("one.jpg", b"precious")]


def test_a_folder_in_the_dataset_is_refused_whatever_the_params_name(own_line: Line, tmp_path: Path) -> None:
    own_line.set(dataset={"path": str(tmp_path)})
    with open_index(own_line.artifacts.index) as index:
        out = index.dataset / "labels of mine"
    result = run(own_line, write_examples(tmp_path / "examples.csv", few(1)), "--out", out)
    assert isinstance(result.exception, ArtifactError)  # the artefacts are of another folder than the params name
    assert "but dataset.path is" in str(result.exception)
    assert not out.exists()


def test_labels_after_another_dataset_was_named_say_what_to_run(own_line: Line, tmp_path: Path) -> None:
    own_line.set(dataset={"path": "/somewhere/else"})
    result = run(own_line, write_examples(tmp_path / "examples.csv", few(1)), "--out", tmp_path / "out")
    assert isinstance(result.exception, ArtifactError)
    assert "but dataset.path is /somewhere/else: run `dvc repro`" in str(result.exception)


def test_a_file_is_never_replaced_by_the_folder(line: Line, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious")
    result = run(line, write_examples(tmp_path / "examples.csv", few(1)), "--out", tmp_path / "mine.csv")
    assert isinstance(result.exception, QueryError)
    assert (tmp_path / "mine.csv").read_text() == "precious"


def test_spaces_around_labels_and_columns_make_no_further_ones(line: Line, tmp_path: Path) -> None:
    first, second, third = few(1)
    rows = f"path, label\n{first[0]}, one\n{second[0]},one \n{third[0]},other\n"
    (tmp_path / "examples.csv").write_text(rows)
    found = labelled(line, tmp_path / "examples.csv", "--out", tmp_path / "out")
    assert {one["label"] for one in found.values()} == {"one", "other"}


def test_only_some_of_many_wrong_paths_are_named(line: Line, tmp_path: Path) -> None:
    wrong = [(f"gone/{number}.jpg", "one") for number in range(30)]
    result = run(line, write_examples(tmp_path / "examples.csv", [*wrong, *few(1)]), "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stderr.count("gone/") == 10
    assert "skipped: and 20 more" in result.stderr


def test_names_that_are_no_text_or_no_line_are_written_as_escapes(line: Line, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for (path, _), name in zip(few(1), ("two\nlines", "na\udcefve", "plain"), strict=True):
        (tree / name).mkdir(parents=True)
        shutil.copy(line.dataset / path, tree / name)
    result = run(line, tree, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert [text.split("  ")[0] for text in result.stdout.splitlines()[1:4]] == [r"na\xefve", "plain", r"two\nlines"]


def test_labels_of_an_earlier_time_are_replaced(line: Line, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(line, write_examples(tmp_path / "a.csv", few(1)), "--out", out).exit_code == 0
    renamed = [(path, f"new {name}") for path, name in few(1)]
    assert run(line, write_examples(tmp_path / "b.csv", renamed), "--out", out).exit_code == 0
    assert sorted(file.name for file in out.glob("[0-9]*.jpg")) == [
        f"{n}_new {kind.upper()}.jpg" for n, kind in enumerate(sorted(CLASSES), 1)
    ]


def test_the_table_says_which_method_was_chosen_and_by_what(line: Line, tmp_path: Path) -> None:
    one = run(line, write_examples(tmp_path / "a.csv", few(1)), "--out", tmp_path / "out").stdout
    assert "with one example of each label none could be held back" in one
    assert "label these next" in one
    several = run(line, write_examples(tmp_path / "b.csv", few(3)), "--out", tmp_path / "out").stdout
    assert "right on examples that were held back to check it: label spreading" in several
