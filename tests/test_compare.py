"""`pipeline compare` from end to end on a small folder: numbers, verdict, places, rankings, messages."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import COPIES, Line, embed_again, make_line, structured_picture, write_cells, write_encoder
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.artifacts import encoder_of, load_embeddings, load_json, load_neighbours, open_index, save_json
from pipeline.cli import app
from pipeline.errors import EncoderError, QueryError
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.tolerance import tolerance


def run(line: Line, *arguments: str | Path) -> Result:
    options = ["--params", str(line.params_file), "--artifacts", str(line.artifacts.root)]
    return CliRunner().invoke(app, [*options, "compare", *map(str, arguments)])


def compared(line: Line, *arguments: str | Path) -> list[dict]:
    result = run(line, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(text) for text in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def photos(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder: a reference, the same in other light and shifted, and also with a stain in its upper right."""
    folder = tmp_path_factory.mktemp("photos")
    picture = np.asarray(Image.open(line.dataset / COPIES[0]).convert("RGB").resize((288, 288)))
    Image.fromarray(picture[16:272, 16:272]).save(folder / "reference.png")
    (folder / "line").mkdir()
    good = (picture[20:276, 13:269] * 0.9).astype(np.uint8)
    Image.fromarray(good).save(folder / "line" / "good.png")
    stained = good.copy()
    stained[48:64, 195:211] = (20, 20, 250)  # x from 192 to 208 and y from 52 to 68 of the reference
    Image.fromarray(stained).save(folder / "line" / "stained.png")
    (folder / "line" / "notes.txt").write_text("no picture")
    return folder


def test_a_picture_and_itself_are_the_same_and_of_one_kind(line: Line) -> None:
    picture = line.dataset / "ramps" / "ramp 03.png"
    (found,) = compared(line, picture, picture)
    assert found["similarity"] == pytest.approx(1)
    assert found["percentile_random"] > 99
    assert (found["same"], found["same_kind"]) == (True, True)
    assert found["difference"] == 0


def test_the_similarity_is_the_cosine_of_the_embeddings_and_the_percentiles_are_shares(line: Line) -> None:
    one, other = "ramps/ramp 03.png", "stripes/stripe 02.png"
    (found,) = compared(line, line.dataset / one, line.dataset / other)
    with open_index(line.artifacts.index) as index:
        embeddings = np.asarray(load_embeddings(line.artifacts, index))
        lists, contents = load_neighbours(line.artifacts, index), np.array(index.contents())
        rows = [index.rows_of_path(path)[0] for path in (one, other)]
    similarity = float(embeddings[rows[0]] @ embeddings[rows[1]])
    assert found["similarity"] == pytest.approx(similarity, abs=1e-5)
    everyone = (embeddings @ embeddings.T)[~np.eye(len(embeddings), dtype=bool)]
    assert found["percentile_random"] == pytest.approx(100 * (everyone < similarity).mean(), abs=2)
    others = contents[lists["row"]] != contents[:, None]  # copies say nothing of what else is there
    nearest = lists["similarity"][np.arange(len(lists)), others.argmax(axis=1)]
    assert found["percentile_nearest"] == pytest.approx(100 * (nearest < similarity).mean(), abs=2)
    middles = np.median(nearest), np.median(everyone)
    assert found["same_kind"] is bool(similarity >= np.mean(middles))
    assert found["same"] is False


def test_it_is_the_same_both_ways_but_for_the_frame(line: Line) -> None:
    pair = [line.dataset / "ramps" / "ramp 03.png", line.dataset / "ramps" / "ramp 04.png"]
    (there,), (back,) = compared(line, *pair), compared(line, *pair[::-1])
    same = ("similarity", "percentile_random", "percentile_nearest", "same_kind")
    assert [there[name] for name in same] == [back[name] for name in same]


def test_a_stain_is_seen_where_it_is_in_spite_of_light_and_shift(line: Line, photos: Path) -> None:
    (good,) = compared(line, photos / "reference.png", photos / "line" / "good.png")
    (stained,) = compared(line, photos / "reference.png", photos / "line" / "stained.png")
    assert stained["difference"] > 4 * good["difference"]
    x, y = stained["place"]
    assert 188 <= x <= 212
    assert 48 <= y <= 72


def test_photos_of_a_folder_are_ranked_by_difference(line: Line, photos: Path, tmp_path: Path) -> None:
    result = run(line, photos / "reference.png", photos / "line", "--csv", tmp_path / "ranking.csv")
    assert result.exit_code == 0, result.output
    assert "skipped: " in result.stderr
    assert "notes.txt" in result.stderr
    with (tmp_path / "ranking.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["path"]).name for row in rows] == ["stained.png", "good.png"]
    assert list(rows[0]) == ["rank", "path", "same", "difference", "x", "y", "share", "same_kind", "similarity"]
    assert [(row["same"], row["same_kind"]) for row in rows] == [("false", "true"), ("true", "true")]
    listed = compared(line, photos / "reference.png", photos / "line")
    assert [Path(one["path"]).name for one in listed] == ["stained.png", "good.png"]
    written = [float(row["difference"]) for row in rows]  # to other decimals
    assert [one["difference"] for one in listed] == pytest.approx(written, abs=0.001)


def test_names_of_two_lines_are_one_line_of_heading_ranking_and_messages(
    line: Line, photos: Path, tmp_path: Path
) -> None:
    reference = shutil.copy(photos / "reference.png", tmp_path / "the\nreference.png")
    (tmp_path / "photos").mkdir()
    shutil.copy(photos / "line" / "good.png", tmp_path / "photos" / "a\nphoto.png")
    (tmp_path / "photos" / "some\nna\udcefve notes.txt").write_text("no picture")
    result = run(line, reference, tmp_path / "photos")
    assert result.exit_code == 0, result.output
    assert r"the\nreference.png beside 1 photo" in result.stdout.splitlines()[0]
    assert r"a\nphoto.png" in result.stdout.splitlines()[2]
    (message,) = (text for text in result.stderr.splitlines() if text.startswith("skipped: "))
    assert r"some\nna\xefve notes.txt: " in message


def test_only_some_of_many_other_files_are_named(line: Line, photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "line" / "good.png", tmp_path / "good.png")
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("no picture")
    result = run(line, photos / "reference.png", tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stderr.count(".txt") == 10
    assert "skipped: and 20 more" in result.stderr


def test_the_answer_says_how_the_threshold_was_chosen(line: Line) -> None:
    picture = line.dataset / "ramps" / "ramp 03.png"
    words = run(line, picture, picture).stdout
    assert "the same: no difference was found beyond lighting and a small shift" in words
    assert "a difference of up to 1 can be lighting or a small shift; from 1.5 on it is a real one" in words
    assert "halfway between a typical random pair and a typical nearest neighbour of this folder" in words


def test_a_defect_and_another_thing_have_other_verdicts(line: Line, photos: Path) -> None:
    stained = run(line, photos / "reference.png", photos / "line" / "stained.png").stdout
    assert stained.startswith("they differ in ")
    assert "same kind: similarity" in stained
    table = run(line, photos / "reference.png", photos / "line").stdout.splitlines()
    assert table[1].split() == ["rank", "difference", "share", "similarity", "verdict", "kind", "path"]
    assert [" ".join(row.split()[4:6]) for row in table[2:4]] == ["differs same", "no difference"]


@pytest.mark.parametrize("several", [False, True])
def test_a_sheet_shows_the_pictures_above_their_heat(line: Line, photos: Path, tmp_path: Path, several: bool) -> None:
    other = photos / "line" if several else photos / "line" / "stained.png"
    assert run(line, photos / "reference.png", other, "--sheet", tmp_path / "sheet.png").exit_code == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    hot = (pixels[..., 0] > 180) & (pixels[..., 2] < 100) & (pixels[..., 1] < 180)
    assert hot.sum() > 50


def test_pictures_of_different_things_differ_nearly_everywhere_and_it_is_said(
    line: Line, photos: Path, tmp_path: Path
) -> None:
    unlike = line.dataset / "stripes" / "stripe 02.png"
    result = run(line, photos / "reference.png", unlike, "--sheet", tmp_path / "sheet.png")
    assert "not the same picture: the two could not be aligned, and differ nearly everywhere" in result.stdout
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)[-330:]  # both under their heat
    red = (pixels[..., 0] > 180) & (pixels[..., 1] < 120) & (pixels[..., 2] < 120)
    assert 0 < red.mean() < 0.3
    assert "everywhere" not in run(line, photos / "reference.png", photos / "line" / "stained.png").stdout


def test_a_sheet_of_an_unknown_kind_is_refused(line: Line, photos: Path, tmp_path: Path) -> None:
    result = run(line, photos / "reference.png", photos / "reference.png", "--sheet", tmp_path / "sheet.words")
    assert isinstance(result.exception, QueryError)
    assert "name it .png or .jpg" in str(result.exception)


def test_pixels_stand_in_for_an_encoder_of_other_origin_and_it_is_said(own_line: Line, photos: Path) -> None:
    write_cells(own_line.artifacts.cells, encoder=encoder_of(own_line.artifacts), made_from="pixels")
    result = run(own_line, photos / "reference.png", photos / "line" / "stained.png")
    assert result.exit_code == 0, result.output
    assert "pixels are compared" in result.stderr


def test_cells_of_another_encoder_are_refused(own_line: Line, photos: Path) -> None:
    write_cells(own_line.artifacts.cells, encoder="another")
    result = run(own_line, photos / "reference.png", photos / "reference.png")
    assert isinstance(result.exception, EncoderError)
    assert "made beside another encoder: run `pipeline embed` again" in str(result.exception)


def test_cells_of_another_encoder_have_no_tolerance(own_line: Line) -> None:
    write_cells(own_line.artifacts.cells, encoder="another")
    with pytest.raises(EncoderError, match="made beside another encoder: run `pipeline embed` again"):
        tolerance(own_line.params, own_line.artifacts)


def test_the_tolerance_of_a_changed_folder_is_that_of_a_new_one(own_line: Line) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)}, tolerance={"pictures": 20})
    tolerance(own_line.params, own_line.artifacts)
    for number, path in enumerate(sorted(own_line.dataset.rglob("* 0*.png"))[:30]):
        path.unlink() if number % 3 == 0 else path.rename(path.with_name(f"renamed {path.name}"))
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    said = tolerance(own_line.params, own_line.artifacts)
    again = int(re.findall("measured anew on ([0-9]+) of 20 pictures", said)[0])
    assert 0 < again < 10
    after = load_json(own_line.artifacts.metrics("tolerance"), stage="tolerance")
    shutil.rmtree(own_line.artifacts.earlier("tolerance"))
    assert "anew" not in tolerance(own_line.params, own_line.artifacts)
    assert load_json(own_line.artifacts.metrics("tolerance"), stage="tolerance") == after


def test_without_the_tolerance_it_says_what_to_run(own_line: Line, photos: Path) -> None:
    own_line.artifacts.metrics("tolerance").unlink()
    result = run(own_line, photos / "reference.png", photos / "reference.png")
    assert "run `pipeline tolerance` (or `dvc repro`) first" in str(result.exception)


def test_missing_cells_are_named_with_the_remedy(own_line: Line, photos: Path) -> None:
    own_line.artifacts.cells.unlink()
    result = run(own_line, photos / "reference.png", photos / "reference.png")
    assert isinstance(result.exception, EncoderError)
    assert "cells.onnx is missing: run `pipeline embed`" in str(result.exception)


@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_picture_is_said(line: Line, tmp_path: Path, place: int) -> None:
    picture = line.dataset / "ramps" / "ramp 03.png"
    words = tmp_path / "words.jpg"
    words.write_text("no picture")
    for wrong, message in (
        (tmp_path / "nowhere.jpg", "there is no such picture"),
        (words, "not a picture"),
    ):
        arguments = [picture, picture]
        arguments[place] = wrong
        result = run(line, *arguments)
        assert isinstance(result.exception, QueryError)
        assert message in str(result.exception)


def test_a_folder_without_a_picture_is_said(line: Line, tmp_path: Path) -> None:
    result = run(line, line.dataset / "ramps" / "ramp 03.png", tmp_path)
    assert isinstance(result.exception, QueryError)
    assert "no readable picture to compare with" in str(result.exception)


def test_blank_pictures_do_not_differ(line: Line, tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        Image.new("RGB", (50, 50), (level,) * 3).save(tmp_path / f"{name}.png")
    (found,) = compared(line, tmp_path / "black.png", tmp_path / "white.png")
    assert found["difference"] == 0  # all that differs is the light


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_of_one_or_two_pictures_is_enough(tmp_path: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    small = make_line(tmp_path, {f"a/{n}.png": structured_picture("discs", generator) for n in range(count)})
    neighbours(small.params, small.artifacts)
    tolerance(small.params, small.artifacts)
    picture = small.dataset / "a" / "0.png"
    (found,) = compared(small, picture, picture)
    assert found["same"] is True
    assert found["same_kind"] is None
    why = {1: "the folder has no two different pictures", 2: "nearest neighbours are hardly more similar"}
    assert f"can't be told: {why[count]}" in run(small, picture, picture).stderr
    assert [found[name] is None for name in ("percentile_random", "percentile_nearest")] == [count == 1] * 2


def test_a_copy_under_another_name_does_not_differ(line: Line, tmp_path: Path) -> None:
    shutil.copy(line.dataset / COPIES[0], tmp_path / "copy.jpeg")
    (found,) = compared(line, line.dataset / COPIES[0], tmp_path / "copy.jpeg")
    assert (round(found["similarity"], 5), found["difference"]) == (1.0, 0.0)


def test_a_folder_that_cannot_tell_kinds_is_said_to_be_so(own_line: Line, line: Line) -> None:
    write_encoder(own_line.artifacts.encoder, patch=256)  # three mean colours, less a constant
    embed_again(own_line.artifacts)
    neighbours(own_line.params, own_line.artifacts)
    result = run(own_line, line.dataset / COPIES[0], line.dataset / COPIES[0])
    assert "of another encoder: run `pipeline tolerance` again" in str(result.exception)
    tolerance(own_line.params, own_line.artifacts)
    picture = line.dataset / "ramps" / "ramp 03.png"
    alike = load_json(own_line.artifacts.scale, stage="neighbours")
    save_json(own_line.artifacts.scale, alike | {"own": alike["own"] | {"random": alike["own"]["nearest"]}})
    assert "of the same kind can't be told: nearest neighbours are hardly" in run(own_line, picture, picture).stderr
    (found,) = compared(own_line, picture, picture)
    assert found["same_kind"] is None


def test_a_sheet_shows_pictures_in_their_shape(line: Line, tmp_path: Path) -> None:
    for name in ("one.png", "other.png"):
        Image.new("RGB", (400, 200), (250, 0, 0)).save(tmp_path / name)
    result = run(line, str(tmp_path / "one.png"), tmp_path / "other.png", "--sheet", str(tmp_path / "sheet.png"))
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "sheet.png") as sheet:
        red = (np.asarray(sheet.convert("RGB")) == (250, 0, 0)).all(axis=2)
    rows, columns = red.sum(axis=0).max(), red.sum(axis=1).max()
    assert (rows, columns) == (128, 512)  # two of 256 by 128 beside each other, and below them their heat
