"""Tables of labels as people and their spreadsheets write them, and labels by folders."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from pathlib import Path

import pytest
from conftest import Line
from typer.testing import CliRunner

from pipeline.artifacts import Artifacts, find_labels, read_labels
from pipeline.artifacts.label_tables import PathFinder, read_label_rows
from pipeline.cli import app
from pipeline.errors import EncoderError, ParamsError, QueryError
from pipeline.params import Params
from pipeline.stages.evaluate import evaluate
from pipeline.stages.scan import scan

PATHS = [f"{kind}/{number:02d}.png" for kind in ("rings", "stripes", "ramps") for number in range(14)]
RIGHT = {path: path.split("/")[0] for path in PATHS}


def table(folder: Path, lines: list[str], *, header: str = "path,label") -> str:
    (folder / "labels.csv").write_text("".join(f"{line}\n" for line in [header, *lines]), encoding="utf-8")
    return str(folder / "labels.csv")


def test_labels_are_folders_and_pictures_outside_have_none() -> None:
    found = read_labels("folders", ["a/1.png", "a/b/2.png", "3.png"])
    assert found == {"a/1.png": "a", "a/b/2.png": "a/b"}


def test_without_labels_nobody_has_one() -> None:
    assert read_labels("none", ["a/1.png"]) == {}


def test_labels_come_from_a_csv_file(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text('path,label,note\na/1.png,cat,x\n"b, c/é.png",dog,\nelsewhere.png,cat,\na/2.png,,\n', "utf-8-sig")
    found = read_labels(str(table), ["a/1.png", "a/2.png", "b, c/é.png"])
    assert found == {"a/1.png": "cat", "b, c/é.png": "dog"}


@pytest.mark.parametrize("content", [b"name,label\na.png,x\n", b"path,class\na.png,x\n", b"\xff\xfe\x00"])
def test_a_csv_file_without_the_columns_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(ParamsError, match=r"dataset\.labels: expected .* columns path,label"):
        read_labels(str(tmp_path / "labels.csv"), ["a.png"])


def test_a_missing_csv_file_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"dataset\.labels: expected .*; got 'folder' \(No such file"):
        read_labels("folder", ["a.png"])


def test_a_csv_file_of_other_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\n/full/path/a.png,cat\n")
    with pytest.raises(ParamsError, match="names no picture of the dataset"):
        read_labels(str(tmp_path / "labels.csv"), ["a.png"])


# --- as spreadsheets write them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(lambda path, label: f"{path},{label} ", id="space behind"),
        pytest.param(lambda path, label: f" {path} ,\t{label}", id="space around"),
        pytest.param(lambda path, label: f"{path.replace('/', chr(92))},{label}", id="backslashes"),
        pytest.param(lambda path, label: f"./{path},{label}", id="dot"),
        pytest.param(lambda path, label: f'"{path}","{label}"', id="quotes"),
        pytest.param(lambda path, label: f"{path},{label},,", id="empty columns"),
        pytest.param(lambda path, label: f"{path},{label}\n{path},{label}", id="twice"),
        pytest.param(lambda path, label: f"{path},{label}\n,\n", id="empty lines"),
    ],
)
def test_what_changes_no_meaning_changes_no_label(tmp_path: Path, line) -> None:  # type: ignore[no-untyped-def]
    found = find_labels(table(tmp_path, [line(path, label) for path, label in RIGHT.items()]), PATHS)
    assert (found.labels, found.doubt) == (RIGHT, "")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("hint", ["", "sep={}\r\n"])
def test_separators_and_encodings_of_spreadsheets_are_read(
    tmp_path: Path, separator: str, encoding: str, hint: str
) -> None:
    rows = [("Label", " PATH", "note"), *((label, path, "é") for path, label in RIGHT.items())]
    text = hint.format(separator) + "".join(separator.join(row) + "\r\n" for row in rows)
    (tmp_path / "labels.csv").write_bytes(text.encode(encoding))
    assert read_labels(str(tmp_path / "labels.csv"), PATHS) == RIGHT


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_compared_in_one_normal_form(tmp_path: Path, form: str) -> None:
    on_disk = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "dégradés/über.png")
    source = table(tmp_path, [unicodedata.normalize(form, "dégradés/über.png,dégradé")])
    assert read_labels(source, [on_disk]) == {on_disk: unicodedata.normalize("NFC", "dégradé")}
    assert read_labels("folders", [on_disk]) == {on_disk: unicodedata.normalize("NFC", "dégradés")}


def test_a_path_as_it_is_spelled_comes_first() -> None:
    composed, apart = (unicodedata.normalize(form, "ü.jpg") for form in ("NFC", "NFD"))
    finder = PathFinder([composed, apart, "a/b.jpg", "a\\b.jpg", " x.jpg", "x.jpg"])
    for path in (composed, apart, "a/b.jpg", "a\\b.jpg", " x.jpg", "x.jpg"):
        assert finder.find(path) == path
    assert finder.find("y.jpg") is None


def test_two_names_that_look_the_same_are_not_guessed_at() -> None:
    names = ["é\u0323.jpg", "e\u0323\u0301.jpg"]  # one letter, its two marks in either order
    assert PathFinder(names).find("\u1eb9\u0301.jpg") is None


# --- what is doubtful or wrong ------------------------------------------------------------------------------


def test_rows_that_name_no_picture_are_counted_and_named(tmp_path: Path) -> None:
    lines = [f"{path},{label}" for path, label in RIGHT.items()] + [f"old/{number}.png,x" for number in range(300)]
    found = find_labels(table(tmp_path, lines), PATHS)
    assert found.labels == RIGHT
    assert f"300 of the 342 rows of {tmp_path / 'labels.csv'} name no picture of the dataset" in found.doubt
    assert "old/0.png (line 44), old/1.png (line 45), old/2.png (line 46), ...;" in found.doubt


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["rings/00.png,rings", "", "rings\\00.png,other"],
            r"'rings' in line 2 and 'other' in line 4; leave one label",
        ),
        (["a, b.png,rings"], r"line 2 has 3 columns, the first line 2; put a name that holds ',' in quotes"),
        (["rings/00.png,", "rings/01.png,"], r"no row of .* has a label; fill in its column label"),
        (['"rings/00.png,rings', "rings/01.png,rings"], r"line 3 can't be read \(unexpected end of data\); mend"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        read_labels(table(tmp_path, lines), PATHS)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text('sep=,\npath,label\n"two\nlines.png",x\n\na.png,y\n')
    assert [(row.line, row.path) for row in read_label_rows(tmp_path / "labels.csv")] == [
        (4, "two\nlines.png"),
        (6, "a.png"),
    ]


# --- where it is said ---------------------------------------------------------------------------------------


def with_labels(params: Params, labels: str) -> Params:
    return dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, labels=labels))


def test_a_mistyped_table_of_labels_ends_the_scan_and_not_the_map(line: Line, tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "artifacts")
    with pytest.raises(ParamsError, match=r"expected folders, none or a CSV file .*; got '.*lables\.csv'"):
        scan(with_labels(line.params, str(tmp_path / "lables.csv")), artifacts)
    summary = scan(with_labels(line.params, table(tmp_path, ["gone.png,x", "ramps/ramp 00.png,y"])), artifacts)
    assert "warning: 1 of the 2 rows" in summary


@pytest.mark.parametrize(("kind", "field"), [("onnx", "path"), ("keras", "weights")])
def test_a_missing_encoder_ends_the_scan_and_not_the_embedding(
    line: Line, tmp_path: Path, kind: str, field: str
) -> None:
    params = line.params
    encoder = dataclasses.replace(params.encoder, kind=kind, **{field: str(tmp_path / "gone.onnx")})
    with pytest.raises(EncoderError, match=rf"^encoder\.{field}: there is no file '.*gone\.onnx'; give"):
        scan(dataclasses.replace(params, encoder=encoder), Artifacts(tmp_path / "artifacts"))


def test_evaluate_says_that_rows_name_no_picture(own_line: Line, tmp_path: Path) -> None:
    rows = [f"{kind}/{kind[:-1]} {n:02d}.png,{kind}" for kind in ("discs", "ramps") for n in range(1, 9)]
    own_line.set(dataset={"labels": table(tmp_path, [*rows, "old.png,discs"])}, train={"epochs": 3})
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root)]
    said = CliRunner().invoke(app, [*options, "evaluate"]).stdout
    assert "16 pictures in 2 classes" in said
    assert "warning: 1 of the 17 rows of" in said
    assert "no better than" in said
    assert "raise train.epochs, now 3" in said
    assert "train.views" not in said
    as_json = json.loads(CliRunner().invoke(app, [*options, "evaluate", "--json"]).stdout)
    assert len(as_json["doubts"]) == 1


def test_an_encoder_to_measure_beside_is_looked_at_before_the_long_work(line: Line, tmp_path: Path) -> None:
    (tmp_path / "words.onnx").write_text("words")
    for name, said in (("gone.onnx", "there is no file .*gone"), ("words.onnx", "is no encoder file as `pipeline emb")):
        with pytest.raises(QueryError, match=rf"^--encoder: .*{said}"):
            evaluate(line.params, line.artifacts, others=[tmp_path / name])
