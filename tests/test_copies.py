"""The stages `duplicates` and `uniqueness` and their commands, on planted copies."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import COPIES, Line, embed_again, make_line, sign
from PIL import Image, ImageOps
from typer.testing import CliRunner, Result

from pipeline.artifacts import (
    DUPLICATES_COLUMNS,
    UNIQUENESS_COLUMNS,
    Duplicate,
    load_distances,
    load_duplicates,
    load_json,
    load_table,
    load_uniqueness,
    open_index,
    save_json,
    save_table,
)
from pipeline.cli import app
from pipeline.errors import ArtifactError, QueryError
from pipeline.sample import grow_sample
from pipeline.stages.duplicates import duplicates
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.uniqueness import groups_of_copies, uniqueness


def run(line: Line, *arguments: str) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, *arguments])


def go_on(line: Line) -> None:
    """Run what follows `embed`."""
    for stage in (neighbours, duplicates, uniqueness):
        stage(line.params, line.artifacts)


def groups_of(line: Line) -> list[set[str]]:
    groups: dict[str, set[str]] = {}
    for group, path, *_ in load_table(line.artifacts.duplicates, DUPLICATES_COLUMNS, stage="duplicates"):
        groups.setdefault(group, set()).add(path)
    return list(groups.values())


def shapes(seed: int) -> Image.Image:
    """Return a picture of 40 rectangles, 240x180."""
    generator = np.random.default_rng(seed)
    pixels = np.full((180, 240, 3), generator.integers(0, 256, 3), np.uint8)
    for _ in range(40):
        top, left, height, width = generator.integers(0, 200, 4)
        pixels[top : top + height // 3 + 5, left : left + width // 3 + 5] = generator.integers(0, 256, 3)
    return Image.fromarray(pixels)


def jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def copied_line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A folder of 30 pictures with planted copies, after both stages; for reading only."""
    pictures: dict[str, bytes | Image.Image] = {f"own/{seed:02d}.png": shapes(seed) for seed in range(30)}
    pictures["copies/smaller.jpg"] = jpeg(shapes(0).resize((120, 90)), 70)
    pictures["copies/mirrored.jpg"] = jpeg(ImageOps.mirror(shapes(1)), 80)
    pictures["copies/cropped.jpg"] = jpeg(shapes(2).crop((6, 4, 236, 176)), 90)
    pictures["copies/larger.png"] = shapes(3).resize((480, 360))
    line = make_line(tmp_path_factory.mktemp("copied"), pictures)
    shutil.copy(line.dataset / "own/04.png", line.dataset / "copies/the same.png")
    os.utime(line.dataset / "own/04.png", (0, 0))
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    go_on(line)
    return line


def test_every_planted_copy_is_found_and_nothing_else(copied_line: Line) -> None:
    assert sorted(map(sorted, groups_of(copied_line))) == [
        ["copies/cropped.jpg", "own/02.png"],
        ["copies/larger.png", "own/03.png"],
        ["copies/mirrored.jpg", "own/01.png"],
        ["copies/smaller.jpg", "own/00.png"],
        ["copies/the same.png", "own/04.png"],
    ]


def test_the_one_to_keep_stands_first_with_its_reason(copied_line: Line) -> None:
    rows = load_table(copied_line.artifacts.duplicates, DUPLICATES_COLUMNS, stage="duplicates")
    by_path = {row[1]: row for row in rows}
    assert by_path["own/00.png"][2:] == ["1.000000", "near", "yes", "most real detail, in 240x180"]
    assert by_path["copies/smaller.jpg"][4:] == ["no", "less detail, in 120x90"]
    assert by_path["own/02.png"][4:] == ["yes", "the others are cropped"]
    assert by_path["own/03.png"][4] == "yes"  # not the one that was blown up
    assert by_path["copies/larger.png"][4] == "unsure"
    pair = [by_path[path][3:5] for path in ("copies/mirrored.jpg", "own/01.png")]
    assert sorted(pair) == [["near", "yes"], ["near, mirrored", "unsure"]]
    assert sorted(row[4:] for row in rows if row[3] == "exact")[0] == ["no", "the same bytes"]
    assert [row[4] == "yes" for row in rows] == [True, False] * 5


def test_a_mirrored_copy_is_as_similar_as_its_mirror_image(copied_line: Line) -> None:
    rows = load_table(copied_line.artifacts.duplicates, DUPLICATES_COLUMNS, stage="duplicates")
    assert min(float(row[2]) for row in rows if row[1] in ("copies/mirrored.jpg", "own/01.png")) > 0.98


def test_every_group_has_a_sheet_and_the_threshold_a_plot(copied_line: Line) -> None:
    sheets = sorted(path.name for path in copied_line.artifacts.duplicates_sheets.glob("*.jpg"))
    assert sheets == [f"{number:04d}.jpg" for number in range(1, 6)]
    assert copied_line.artifacts.plot("duplicates").is_file()
    metrics = load_json(copied_line.artifacts.metrics("duplicates"), stage="duplicates")
    assert (metrics["groups"], metrics["exact_groups"], metrics["extra_pictures"]) == (5, 1, 5 - metrics["unsure"])
    assert 2 <= metrics["unsure"] <= 3
    assert metrics["margin"] == pytest.approx(metrics["copies_low"] - metrics["others_high"])


def test_duplicates_as_json_and_as_a_table(copied_line: Line) -> None:
    groups = json.loads(run(copied_line, "duplicates", "--json").stdout)
    exact = next(group for group in groups if group["exact"])
    assert exact == {
        "group": exact["group"],
        "exact": True,
        "paths": ["own/04.png", "copies/the same.png"],
        "keep": "own/04.png",
        "no": ["copies/the same.png"],
        "unsure": [],
    }
    lines = run(copied_line, "duplicates").stdout.splitlines()
    assert len(lines) == 1 + sum(len(group["paths"]) for group in groups)


def test_paths_are_those_of_what_could_go_and_open_from_here(
    copied_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied_line.dataset / "copies")
    paths = run(copied_line, "duplicates", "--paths").stdout.splitlines()
    groups = json.loads(run(copied_line, "duplicates", "--json").stdout)
    named = {(copied_line.dataset / path).resolve() for group in groups for path in group["no"]}
    assert {Path(path).resolve() for path in paths} == named
    assert "the same.png" in paths
    assert run(copied_line, "duplicates", "--paths", "-0").stdout.split("\0")[:-1] == paths


def test_what_was_found_is_told_again_without_looking_for_it(copied_line: Line, tmp_path: Path) -> None:
    shutil.copytree(copied_line.root / "artifacts", tmp_path / "artifacts")
    shutil.rmtree(tmp_path / "artifacts" / "pictures")
    options = ["--params", str(copied_line.params_file), "--artifacts", str(tmp_path / "artifacts"), "duplicates"]
    assert len(json.loads(CliRunner().invoke(app, [*options, "--json"]).stdout)) == 5
    (tmp_path / "artifacts" / "duplicates.csv").unlink()
    result = CliRunner().invoke(app, [*options, "--json"])
    assert "run `pipeline duplicates`" in str(result.exception)


def test_no_path_is_printed_once_the_one_to_keep_has_changed(tmp_path: Path) -> None:
    line = make_line(tmp_path, {"a.png": shapes(0), "b.png": shapes(0), "c.png": shapes(1)})
    go_on(line)
    said = duplicates(line.params, line.artifacts)
    assert said.startswith("1 group, 1 of them exact; 1 picture could go, 0 are unsure;")
    assert len(run(line, "duplicates", "--paths").stdout.splitlines()) == 1
    kept = json.loads(run(line, "duplicates", "--json").stdout)[0]["keep"]
    shapes(2).save(line.dataset / kept)
    result = run(line, "duplicates", "--paths")
    assert isinstance(result.exception, ArtifactError)
    assert result.stdout == ""


@pytest.mark.parametrize("place", [os.link, os.symlink])
def test_what_other_names_lead_to_is_never_said_to_be_spare(
    place: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    line = make_line(tmp_path, {"photo.png": shapes(0), "photo (1).png": shapes(0), "other.png": shapes(1)})
    (line.dataset / "album").mkdir()
    place(line.dataset / "photo (1).png", line.dataset / "album/best.png")
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    go_on(line)
    (group,) = json.loads(run(line, "duplicates", "--json").stdout)
    assert (group["keep"], group["no"], group["unsure"]) == ("photo.png", [], ["photo (1).png"])
    assert "other names in the folder lead to this file" in run(line, "duplicates").stdout


def test_what_the_one_to_keep_has_become_a_link_to_is_not_printed(tmp_path: Path) -> None:
    line = make_line(tmp_path, {"a.png": shapes(0), "b.png": shapes(0), "c.png": shapes(1)})
    go_on(line)
    ((kept, spare),) = [group["paths"] for group in json.loads(run(line, "duplicates", "--json").stdout)]
    (line.dataset / kept).unlink()
    (line.dataset / kept).symlink_to(spare)
    result = run(line, "duplicates", "--paths")
    assert isinstance(result.exception, ArtifactError)
    assert result.stdout == ""


def test_links_make_a_folder_for_each_group_and_leave_the_pictures_alone(copied_line: Line, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in copied_line.dataset.rglob("*.*")}
    result = run(copied_line, "duplicates", "--links", str(tmp_path / "links"))
    assert result.exit_code == 0
    made = sorted(str(path.relative_to(tmp_path / "links")) for path in (tmp_path / "links").rglob("*.*"))
    assert [name.partition("_")[0] for name in made] == [f"{n:04d}/{k:03d}" for n in range(1, 6) for k in (1, 2)]
    assert "0002/001_own_03.png" in made
    assert {path: path.read_bytes() for path in copied_line.dataset.rglob("*.*")} == before


def test_links_into_a_folder_that_holds_something_are_refused(copied_line: Line, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("words")
    result = run(copied_line, "duplicates", "--links", str(tmp_path))
    assert isinstance(result.exception, QueryError)
    assert "name a new folder" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_links_in_the_dataset_are_refused(copied_line: Line) -> None:
    result = run(copied_line, "duplicates", "--links", str(copied_line.dataset / "copies of mine"))
    assert isinstance(result.exception, QueryError)
    assert "name a place elsewhere" in str(result.exception)


def test_links_in_the_dataset_of_the_index_are_refused_whatever_the_params_name(
    copied_line: Line, tmp_path: Path
) -> None:
    shutil.copytree(copied_line.root, tmp_path / "line")
    own = Line(tmp_path / "line")
    own.set(dataset={"path": "/somewhere/else"})
    before = own.artifacts.duplicates.stat().st_mtime_ns
    result = run(own, "duplicates", "--links", str(copied_line.dataset / "copies of mine"))
    assert isinstance(result.exception, ArtifactError)  # the artefacts are of another folder than the params name
    assert "but dataset.path is /somewhere/else" in str(result.exception)
    assert own.artifacts.duplicates.stat().st_mtime_ns == before
    assert not (copied_line.dataset / "copies of mine").exists()


def test_links_where_nobody_can_write_are_refused(copied_line: Line, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("words")
    result = run(copied_line, "duplicates", "--links", str(tmp_path / "file" / "links"))
    assert isinstance(result.exception, QueryError)
    assert "name a folder that you can write to" in str(result.exception)


def test_a_name_of_two_lines_is_one_line_of_every_table(tmp_path: Path) -> None:
    names = ['two\nlines, "quoted".png', "naïve 日本語.png"]
    line = make_line(tmp_path, {name: shapes(0) for name in names} | {"thi\nrd.png": shapes(1)})
    go_on(line)
    tables = [run(line, *command).stdout.splitlines() for command in (["duplicates"], ["unique"])]
    assert [len(table) for table in tables] == [3, 4]  # of the two copies one is ranked; and nothing stands out
    assert r'two\nlines, "quoted".png' in "".join(tables[0])
    assert r"thi\nrd.png" in "".join(tables[1])


def test_uniqueness_ranks_every_picture_and_never_calls_a_copy_the_nearest(copied_line: Line) -> None:
    table = load_table(copied_line.artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")
    pairs = groups_of(copied_line)
    assert len(table) == 35
    first_ones = {int(row[0]): float(row[3]) for row in reversed(table)}  # of each rank the first row
    assert list(first_ones) == list(range(35 - sum(len(pair) - 1 for pair in pairs), 0, -1))
    assert list(first_ones.values()) == sorted(first_ones.values())
    shared = [{row[2] for row in table if row[0] == rank} for rank in {row[0] for row in table}]
    assert sorted(map(sorted, [paths for paths in shared if len(paths) > 1])) == sorted(map(sorted, pairs))
    assert all({row[2], row[8]} not in pairs for row in table)
    assert copied_line.artifacts.plot("uniqueness").is_file()
    assert copied_line.artifacts.plot("unique").is_file()


def test_unique_prints_the_first_rows(copied_line: Line) -> None:
    rows = json.loads(run(copied_line, "unique", "--n", "3", "--json").stdout)
    table = load_table(copied_line.artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")
    first_ones = [next(row for row in table if row[0] == str(rank)) for rank in (1, 2, 3)]
    copies = [[row[2] for row in table if row[0] == one[0]][1:] for one in first_ones]
    expected = [
        [int(one[0]), one[2], float(one[3]), one[8], others, one[9] == "yes"]
        for one, others in zip(first_ones, copies, strict=True)
    ]
    assert [list(row.values()) for row in rows] == expected
    assert len(run(copied_line, "unique", "--n", "3").stdout.splitlines()) in (4, 5)  # and who stands out


def test_a_new_picture_is_told_how_unusual_it_is(copied_line: Line, tmp_path: Path) -> None:
    Image.new("RGB", (60, 60), (255, 0, 255)).save(tmp_path / "odd.png")
    answer = json.loads(run(copied_line, "query", str(tmp_path / "odd.png"), "--n", "1", "--json").stdout)
    assert 0 <= answer["unusual"]["less_unusual"] <= 1
    assert answer["unusual"]["distance"] == pytest.approx(1 - answer["results"][0]["similarity"], abs=1e-5)
    assert "more unusual than" in run(copied_line, "query", str(tmp_path / "odd.png")).stdout


def test_a_picture_of_the_folder_is_not_told_so(copied_line: Line) -> None:
    answer = json.loads(run(copied_line, "query", str(copied_line.dataset / "own/00.png"), "--json").stdout)
    assert "unusual" not in answer


def test_a_table_of_another_folder_is_refused(copied_line: Line, tmp_path: Path) -> None:
    shutil.copytree(copied_line.root, tmp_path / "line")
    own = Line(tmp_path / "line")
    rows = own.artifacts.uniqueness.read_text().splitlines()
    own.artifacts.uniqueness.write_text("\n".join(rows[:-1]) + "\n")
    Image.new("RGB", (60, 60)).save(tmp_path / "new.png")
    result = run(own, "query", str(tmp_path / "new.png"))
    assert isinstance(result.exception, ArtifactError)
    assert "run `pipeline uniqueness`" in str(result.exception)
    own.artifacts.duplicates.write_text(own.artifacts.duplicates.read_text().replace("own/00.png", "gone.png"))
    with pytest.raises(ArtifactError, match="run `pipeline duplicates` again"):
        uniqueness(own.params, own.artifacts)


def test_the_three_names_of_one_content_are_in_one_group(own_line: Line) -> None:
    duplicates(own_line.params, own_line.artifacts)
    assert [set(COPIES) <= group for group in groups_of(own_line)].count(True) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_of_one_or_two_pictures_has_no_copies(count: int, tmp_path: Path) -> None:
    line = make_line(tmp_path, {f"{number}.png": shapes(number) for number in range(count)})
    go_on(line)
    assert groups_of(line) == []
    assert run(line, "duplicates").stdout == "there are no copies\n"
    table = load_table(line.artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")
    assert [bool(row[3]) for row in table] == [count > 1] * count


def test_a_folder_of_nothing_but_copies_is_one_group_without_distances(tmp_path: Path) -> None:
    line = make_line(tmp_path, {f"{number}.png": shapes(0) for number in range(3)})
    go_on(line)
    assert groups_of(line) == [{"0.png", "1.png", "2.png"}]
    (row,) = json.loads(run(line, "unique", "--json").stdout)
    assert (row["distance"], row["copies"]) == (None, ["1.png", "2.png"])
    assert json.loads(line.artifacts.metrics("uniqueness").read_text())["most_unique"] is None


def test_what_is_only_perhaps_a_copy_is_none_to_uniqueness() -> None:
    copies = [
        Duplicate(1, 4, "a.png", 1.0, "exact", "yes", ""),
        Duplicate(1, 1, "b.png", 1.0, "exact", "no", ""),
        Duplicate(1, 2, "c.png", 0.99, "perhaps", "unsure", ""),
    ]
    assert groups_of_copies(copies, count=5).tolist() == [0, 4, 2, 3, 4]


def test_the_readers_of_both_tables_give_rows_of_the_index_and_none_for_what_is_empty(own_line: Line) -> None:
    artifacts = own_line.artifacts
    table = [(7, COPIES[1], "1.0", "exact", "yes", "first"), (7, COPIES[0], "0.5", "perhaps", "unsure", "why")]
    save_table(artifacts.duplicates, DUPLICATES_COLUMNS, table)
    ranks = [
        (1, 9, COPIES[0], 0.25, *(0,) * 3, 8, COPIES[1], "yes"),
        (2, 8, COPIES[1], *("",) * 6, "no"),
    ]
    save_table(artifacts.uniqueness, UNIQUENESS_COLUMNS, ranks)
    sign(own_line, "duplicates", "uniqueness")
    with open_index(artifacts.index) as index:
        (first, second), paths = load_duplicates(artifacts, index), index.paths()
        ranked = load_uniqueness(artifacts, index)
        assert load_distances(artifacts, index) == [0.25]
    zero, one = (paths.index(path) for path in COPIES[:2])
    assert first == (7, one, COPIES[1], 1.0, "exact", "yes", "first")
    assert second == (7, zero, COPIES[0], 0.5, "perhaps", "unsure", "why")
    assert ranked == [(1, zero, COPIES[0], 0.25, one, COPIES[1], True), (2, one, COPIES[1], None, -1, None, False)]


def test_of_odd_twins_one_is_shown_and_the_other_is_named(tmp_path: Path) -> None:
    twins, others = {name: shapes(9) for name in ("x.png", "y.png")}, {f"{n}.png": shapes(n) for n in range(3)}
    line = make_line(tmp_path, others | twins)
    go_on(line)
    rows = json.loads(run(line, "unique", "--json").stdout)
    assert {row["path"] for row in rows} == {"x.png", *others}
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert next(row["copies"] for row in rows if row["path"] == "x.png") == ["y.png"]
    assert "and 1 copy" in run(line, "unique").stdout
    assert [row[2] for row in load_table(line.artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")].count(
        "y.png"
    ) == 1
    with Image.open(line.artifacts.plot("unique")) as sheet, Image.open(line.artifacts.plot("uniqueness")):
        assert sheet.height < 200 * 5 + 300  # four rows of two tiles, not five


def test_a_threshold_that_is_set_is_used(own_line: Line) -> None:
    own_line.set(duplicates={"threshold": 0.5, "agreement": 0.999})
    duplicates(own_line.params, own_line.artifacts)
    metrics = load_json(own_line.artifacts.metrics("duplicates"), stage="duplicates")
    assert (metrics["similarity"], metrics["agreement"]) == (0.5, 0.999)


def test_the_planted_copies_of_a_small_sample_are_found_and_nothing_else(tmp_path: Path) -> None:
    grown = grow_sample(pictures=96, size=96, seed=0, workers=1, progress=False)
    line = make_line(tmp_path, dict(grown.files))
    neighbours(line.params, line.artifacts)
    duplicates(line.params, line.artifacts)
    planted = [{pair["original"], pair["copy"]} for kind in ("exact", "near") for pair in grown.truth[kind]]
    assert sorted(map(sorted, groups_of(line))) == sorted(map(sorted, planted))


def _unusual(line: Line, picture: Path) -> dict[str, object]:
    answer = json.loads(run(line, "query", str(picture), "--mode", "fresh", "--json").stdout)
    return dict(answer["unusual"])


def test_a_new_picture_is_told_what_it_is_a_copy_of(copied_line: Line, tmp_path: Path) -> None:
    own = copied_line.dataset / "own/00.png"
    with Image.open(own) as picture:
        picture.convert("RGB").save(tmp_path / "again.jpg", quality=90)
    found = _unusual(copied_line, tmp_path / "again.jpg")
    assert "own/00.png" in [*found["copies"], *found["perhaps_copies"]], found  # type: ignore[misc]
    table = load_table(copied_line.artifacts.uniqueness, UNIQUENESS_COLUMNS, stage="uniqueness")
    distance = next(float(row[3]) for row in table if row[2] == "own/00.png")
    assert found["distance"] == pytest.approx(distance, abs=0.02)
    assert "a copy of" in run(copied_line, "query", str(tmp_path / "again.jpg")).stdout


def test_what_is_only_similar_is_no_copy_of_a_new_picture(copied_line: Line, tmp_path: Path) -> None:
    """The nearest counts, however similar it is, where pixels differ: similarity alone can't tell."""
    shutil.copytree(copied_line.root, tmp_path / "line")
    own = Line(tmp_path / "line")
    metrics = load_json(own.artifacts.metrics("duplicates"), stage="duplicates")
    save_json(own.artifacts.metrics("duplicates"), metrics | {"similarity": -1.0})
    sign(own, "duplicates")
    Image.new("RGB", (60, 60), (255, 0, 255)).save(tmp_path / "odd.png")
    answer = json.loads(run(own, "query", str(tmp_path / "odd.png"), "--n", "1", "--json").stdout)
    assert answer["unusual"]["copies"] == []
    assert answer["unusual"]["distance"] == pytest.approx(1 - answer["results"][0]["similarity"], abs=1e-5)


def test_however_many_copies_there_are_none_counts_as_the_nearest(tmp_path: Path) -> None:
    line = make_line(tmp_path, {f"{number:02}.png": shapes(0) for number in range(60)} | {"other.png": shapes(1)})
    go_on(line)
    with Image.open(line.dataset / "00.png") as picture:
        picture.save(tmp_path / "again.bmp")
    found = _unusual(line, tmp_path / "again.bmp")
    assert len(found["copies"]) == 60  # type: ignore[arg-type]
    other = json.loads(run(line, "query", str(tmp_path / "again.bmp"), "--n", "61", "--json").stdout)["results"][-1]
    assert other["path"] == "other.png"
    assert found["distance"] == pytest.approx(1 - other["similarity"], abs=1e-5)


def test_a_folder_of_nothing_but_copies_of_a_new_picture_says_so(tmp_path: Path) -> None:
    line = make_line(tmp_path, {f"{number}.png": shapes(0) for number in range(3)})
    go_on(line)
    found = _unusual(line, line.dataset / "0.png")
    assert found == {
        "distance": None,
        "less_unusual": None,
        "copies": ["0.png", "1.png", "2.png"],
        "perhaps_copies": [],
    }
    assert "nothing but copies" in run(line, "query", str(line.dataset / "0.png"), "--mode", "fresh").stdout


def test_a_new_picture_that_differs_in_a_place_is_no_sure_copy(copied_line: Line, tmp_path: Path) -> None:
    with Image.open(copied_line.dataset / "own/00.png") as picture:
        changed = picture.convert("RGB")
    changed.paste((0, 0, 0), (100, 80, 130, 110))
    changed.save(tmp_path / "changed.png")
    assert "own/00.png" not in _unusual(copied_line, tmp_path / "changed.png")["copies"]  # type: ignore[operator]
