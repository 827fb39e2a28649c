"""The page: whole without the network, honest about what is missing, readable by keyboard and by screen readers."""

from __future__ import annotations

import base64
import csv
import hashlib
import html as html_text
import io
import itertools
import json
import re
import shutil
import subprocess
from bisect import bisect_left
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from conftest import CLASSES, Line, make_line, sign, structured_picture
from PIL import Image
from typer.testing import CliRunner

from pipeline.artifacts import (
    REJECTED_COLUMNS,
    UNIQUENESS_COLUMNS,
    load_groups,
    load_json,
    load_map,
    load_neighbours,
    load_pictures,
    load_scale,
    open_index,
    save_json,
    save_table,
)
from pipeline.artifacts.answers import Answers
from pipeline.cli import app
from pipeline.errors import ArtifactError
from pipeline.show.report.charts import count_chart, line_chart
from pipeline.show.report.thumbnails import SIDES, Gallery, draw_sheets, largest_side
from pipeline.show.shapes import middle
from pipeline.similarity.scale import Scale
from pipeline.stages.evaluate import evaluate
from pipeline.stages.groups import groups
from pipeline.stages.map import draw_map
from pipeline.stages.neighbours import neighbours
from pipeline.stages.report import report

VOID = {"meta", "link", "img", "br", "input", "wbr", "line", "polyline", "circle", "rect"}
TRAINED = {"upright": True, "epochs": 2, "validation_loss": 0.02, "mean_picture_loss": 0.05, "beats_mean_picture": True}


class Page(HTMLParser):
    """Every element of a page: its name, attributes, and the text inside it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[list[str]] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {[self.elements[i][0] for i in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append([])
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append([])

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open[-1]][0] == tag, f"</{tag}> closes {self.elements[self._open[-1]]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for place in self._open:
            self.texts[place].append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of some names."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def text(self, tag: str, **wanted: str) -> list[str]:
        """Return the text of each element of a name, with white space as a reader sees it."""
        found = zip(self.elements, self.texts, strict=True)
        return [
            " ".join("".join(parts).split())
            for (name, attributes), parts in found
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]


def complete(line: Line, *, mapped: bool = True) -> Line:
    """Run what the report needs beyond the shared line; training's artefacts are written by hand."""
    save_table(line.artifacts.history, ("epoch", "loss", "validation_loss", "seconds"), [(1, 5, 6, 2), (2, 4, 4.5, 3)])
    save_json(line.artifacts.metrics("train"), TRAINED)
    sign(line, "train")
    if mapped:
        draw_map(line.params, line.artifacts)
    return line


def read(line: Line) -> str:
    return (line.artifacts.report / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reported(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the line with its report, made by the command; nobody looked for copies."""
    own = Line(tmp_path_factory.mktemp("reported") / "line")
    shutil.copytree(line.root, own.root)
    complete(own)
    result = CliRunner().invoke(
        app, ["--params", str(own.params_file), "--artifacts", str(own.artifacts.root), "report"]
    )
    assert result.exit_code == 0, result.output
    assert "thumbnails of 96 pixels inside" in result.output
    return own


@pytest.fixture(scope="module")
def html(reported: Line) -> str:
    return read(reported)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture
def own(reported: Line, tmp_path: Path) -> Line:
    """A copy of the reported line that a test may change."""
    shutil.copytree(reported.root, tmp_path / "line")
    return Line(tmp_path / "line")


def known(html: str) -> dict[str, object]:
    """Return what the page's script knows."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1])


def unpacked(text: object, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(str(text)), dtype)


# --- it stands alone ----------------------------------------------------------------------------------------


def test_the_page_asks_nothing_of_any_other_place(html: str, page: Page) -> None:
    without_data = re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "data:", html)
    assert not re.search(r"https?://|src=\"//|@import|fetch\(|XMLHttpRequest", without_data)
    for attributes in page.all("img", "script", "link", "iframe", "source"):
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_its_links_lead_to_the_folders_of_the_groups(reported: Line, page: Page) -> None:
    links = [a["href"] for a in page.all("a") if (a["href"] or "").startswith("../groups/")]
    assert len(links) == 2 * load_json(reported.artifacts.metrics("groups"), stage="groups")["k"]
    for link in links:
        assert (reported.artifacts.report / str(link)).is_dir()


def test_the_same_run_writes_the_same_page_with_what_the_last_has_drawn_and_without(own: Line) -> None:
    before = read(own)
    report(own.params, own.artifacts)
    assert read(own) == before
    assert own.artifacts.earlier("report").is_dir()
    shutil.rmtree(own.artifacts.earlier("report"))
    report(own.params, own.artifacts)
    assert read(own) == before


# --- whoever reads it ---------------------------------------------------------------------------------------


def test_headings_stand_in_order(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_picture_has_a_text_and_every_control_a_name(page: Page) -> None:
    assert all(attributes.get("alt") for attributes in page.all("img"))
    for (tag, attributes), text in zip(page.elements, page.texts, strict=True):
        if tag == "button" and attributes.get("class") != "open":  # those hold a picture with a text
            assert attributes.get("aria-label") or "".join(text).strip()
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")


def test_inputs_stand_in_labels(html: str) -> None:
    for found in re.finditer(r"<input", html):
        assert html.rfind("<label", 0, found.start()) > html.rfind("</label>", 0, found.start())


def test_every_id_is_there_once_and_whatever_names_one_finds_it(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "data-filters"):
            assert attributes.get(name, ids[0]) in ids
        if (attributes.get("href") or "").startswith("#"):
            assert attributes["href"] == "#" or str(attributes["href"])[1:] in ids


def test_the_script_finds_every_element_that_it_names(html: str, page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert set(re.findall(r'element\("([\w-]+)"\)', html)) <= ids


def test_names_of_files_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    evil = "<b onclick='x'>&\"<script>alert(1)<"
    pictures = {f"{kind}/{evil} {n}.png": structured_picture(kind, generator) for kind in CLASSES for n in range(3)}
    own = finished(tmp_path, {**pictures, f"discs/{evil}.txt": b"words"})
    shown = Page(read(own))
    assert not shown.all("b") or all("onclick" not in attributes for attributes in shown.all("b"))
    assert len(shown.all("script")) == 4
    assert any(attributes["alt"] == f"discs/{evil} 0.png" for attributes in shown.all("img"))
    assert known(read(own))["paths"][0] == f"discs/{evil} 0.png"


# --- what it says -------------------------------------------------------------------------------------------


def test_what_was_rejected_stands_there_with_its_reason(reported: Line, page: Page) -> None:
    with reported.artifacts.rejected.open(encoding="utf-8", newline="") as file:
        rejected = list(csv.reader(file))[1:]
    rows = page.text("tr")
    assert rejected
    for path, reason, _ in rejected:
        assert f"{path}{reason}" in [row.replace(path + " ", path) for row in rows]


def test_the_table_of_evaluate_is_all_there(reported: Line, page: Page) -> None:
    table = load_json(reported.artifacts.metrics("evaluate"), stage="evaluate")
    body = " ".join(page.text("section", id="trust"))
    for measures in table["embeddings"].values():
        for name, value in measures.items():
            assert f"{value if name == 'skew' else 100 * value:.1f}" in body
    for words in table["verdict"]:
        assert words.removeprefix("warning: ")[1:] in body.replace("\u00a0", " ")


def shown_percentile(scale: Scale, similarity: float) -> int:
    """Return a percentile as the page shows it, whole and rounded down; of ties the lowest."""
    return max(bisect_left(scale.nearest, similarity) - 1, 0)


def test_the_page_says_what_similarity_neighbours_and_random_pairs_have(reported: Line, page: Page) -> None:
    with open_index(reported.artifacts.index) as index:
        scale = load_scale(reported.artifacts, index, part="whole")
    words = (
        f"a typical nearest neighbour has a similarity of {scale['nearest'][50]:.3f}, copies left out, and a random "
    )
    assert f"{words}pair {scale['random'][50]:.3f}." in " ".join(page.text("p", **{"class": "lead"}))


def test_queries_stand_beside_their_cached_neighbours(reported: Line, page: Page) -> None:
    with open_index(reported.artifacts.index) as index:
        paths, lists = index.paths(), load_neighbours(reported.artifacts, index)
        scale = Scale(**load_scale(reported.artifacts, index, part="whole"))
    queries = [
        str(a["aria-label"]).removeprefix("Most similar to ") for a in page.all("article") if a["class"] == "query"
    ]
    assert len(queries) == reported.params.report.queries
    tables = page.text("table")
    for query in queries:
        expected = [
            f"{n} {s:.3f} {shown_percentile(scale, s)} {paths[row]}"
            for n, (row, s) in enumerate(lists[paths.index(query)][:8].tolist(), 1)
        ]
        found = next(table for table in tables if table.startswith(f"Most similar to {query} "))
        assert re.sub(r"\s+", "", "".join(expected)) in re.sub(r"\s+", "", found)


def test_every_group_is_shown_with_its_size(reported: Line, page: Page) -> None:
    with open_index(reported.artifacts.index) as index:
        groups_of, _, medoids = load_groups(reported.artifacts, index, index.paths())
        cards = [text for text in page.text("article", **{"class": "card"}) if text.startswith("Group")]
        assert len(cards) == len(medoids)
        for number, card in enumerate(cards, 1):
            assert f"Group {number} {int((groups_of == number).sum())} pictures" in card


def test_the_training_is_told(page: Page) -> None:
    words = page.text("section", id="training")[0]
    assert "2 epochs in 5 seconds" in words
    assert "went from 6 to 4.5 at epoch 2" in words


def test_the_script_knows_what_the_line_found(reported: Line, html: str) -> None:
    with open_index(reported.artifacts.index) as index:
        paths, lists = index.paths(), load_neighbours(reported.artifacts, index)[:, :12]
    data = known(html)
    assert data["paths"] == paths
    np.testing.assert_array_equal(unpacked(data["neighbours"], "<u4").reshape(lists.shape), lists["row"])
    similarities = unpacked(data["similarities"], "<i2").reshape(lists.shape) / 10_000
    np.testing.assert_allclose(similarities, lists["similarity"], atol=6e-5)
    np.testing.assert_array_equal(unpacked(data["groups"], "<u4"), load_groups(reported.artifacts, index, paths)[0])
    points, cells = load_map(reported.artifacts, index, paths)
    np.testing.assert_array_equal(unpacked(data["cells"], "<u4").reshape(-1, 2), cells)
    places = unpacked(data["positions"], "<f4").reshape(-1, 2)
    assert places.min() >= 0
    assert places.max() <= 1
    assert np.corrcoef(places[:, 0], points[:, 0])[0, 1] > 0.999
    assert np.corrcoef(places[:, 1], points[:, 1])[0, 1] < -0.999  # screens count down
    names = [data["labelNames"][number - 1] if number else None for number in unpacked(data["labels"], "<u4")]
    assert names == [str(Path(path).parent) if Path(path).parent != Path() else None for path in paths]


# --- what may be missing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "command"), [("copies", "pipeline duplicates"), ("unusual", "pipeline uniqueness")]
)
def test_what_nobody_looked_for_is_left_out_with_the_command_that_makes_it(
    page: Page, section: str, command: str
) -> None:
    assert f"{command}, then pipeline report" in page.text("section", id=section)[0]


def test_copies_are_shown_with_the_one_to_keep_first(own: Line) -> None:
    header = ("group", "path", "similarity", "kind", "keep", "reason")
    pair = [
        (1, "discs/disc 01.png", "0.987", "near", "no", ""),
        (1, "discs/disc 02.png", "1.0", "near", "yes", "larger"),
    ]
    save_table(own.artifacts.duplicates, header, pair)
    sign(own, "duplicates")
    report(own.params, own.artifacts)
    words = Page(read(own)).text("section", id="copies")[0]
    assert "1 picture is there more than once; 1 could go (1 near)" in words
    assert "keep could go · near · 0.987" in words
    assert "unsure" not in words
    assert "kept: larger" in words


def test_unusual_pictures_are_shown_beside_what_is_most_like_them(own: Line) -> None:
    row = (1, 3, "discs/disc 03.png", "0.75", "1.2", "0.8", "1.5", 4, "discs/disc 04.png", "yes")
    copy = (1, 6, "discs/disc 06.png", "0.74", "1.2", "0.8", "1.5", 4, "discs/disc 04.png", "yes")
    alone = (2, 5, "discs/disc 05.png", "", "", "", "", "", "", "no")  # nothing but copies of it
    save_table(own.artifacts.uniqueness, UNIQUENESS_COLUMNS, [row, copy, alone])
    sign(own, "uniqueness")
    report(own.params, own.artifacts)
    words = Page(read(own)).text("section", id="unusual")[0]
    assert "1 distance 0.750 discs/disc 03.png, and 1 copy discs/disc 04.png" in words
    assert "2 distance \u2013 discs/disc 05.png" in words
    assert "1 picture stands out" in words


def test_where_nothing_stands_out_the_page_says_so(own: Line) -> None:
    row = (1, 3, "discs/disc 03.png", "0.75", "1.2", "0.8", "1.5", 4, "discs/disc 04.png", "no")
    save_table(own.artifacts.uniqueness, UNIQUENESS_COLUMNS, [row])
    sign(own, "uniqueness")
    report(own.params, own.artifacts)
    assert "Nothing stands out" in Page(read(own)).text("section", id="unusual")[0]


@pytest.mark.parametrize("name", ["duplicates", "uniqueness"])
def test_a_table_that_names_other_pictures_is_refused(own: Line, name: str) -> None:
    save_table(own.artifacts.duplicates, ("group", "path", "similarity", "kind", "keep", "reason"), [])
    save_table(own.artifacts.uniqueness, UNIQUENESS_COLUMNS, [])
    path = getattr(own.artifacts, name)
    columns = path.read_text().strip().split(",")
    path.write_text(
        ",".join(columns) + "\n" + ",".join("gone.png" if c in ("path", "nearest") else "1" for c in columns) + "\n"
    )
    sign(own, "duplicates", "uniqueness")
    with pytest.raises(ArtifactError, match=f"which is not in the index: run `pipeline {name}`"):
        report(own.params, own.artifacts)


def test_a_map_of_other_pictures_is_refused(own: Line) -> None:
    lines = own.artifacts.map_table.read_text(encoding="utf-8").splitlines()
    own.artifacts.map_table.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match="run `pipeline map`"):
        report(own.params, own.artifacts)


def test_an_encoder_of_another_origin_has_no_training_to_show(own: Line) -> None:
    save_table(own.artifacts.history, ("epoch", "loss", "validation_loss", "seconds"), [])
    sign(own, "train")
    report(own.params, own.artifacts)
    assert "Nothing was trained" in Page(read(own)).text("section", id="training")[0]


def test_without_labels_the_page_says_so(own: Line) -> None:
    own.set(dataset={"labels": "none"})
    evaluate(own.params, own.artifacts)
    report(own.params, own.artifacts)
    shown = Page(read(own))
    assert "There are no labels to compare with" in shown.text("section", id="trust")[0]
    assert "Top 1" not in shown.text("section", id="trust")[0]


def finished(root: Path, pictures: dict[str, bytes | Image.Image]) -> Line:
    """Run the whole line on a folder of its own."""
    own = make_line(root, pictures)
    own.set(groups={"k": min(3, sum(not isinstance(p, bytes) for p in pictures.values()))})
    neighbours(own.params, own.artifacts)
    groups(own.params, own.artifacts)
    evaluate(own.params, own.artifacts)
    report(complete(own).params, own.artifacts)
    return own


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_folder_of_hardly_any_pictures_has_a_page(tmp_path: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    own = finished(tmp_path, {f"{n}.png": structured_picture("discs", generator) for n in range(count)})
    shown = Page(read(own))
    assert shown.text("dd")[0] == str(count)
    assert known(read(own))["depth"] == count - 1


# --- thumbnails ---------------------------------------------------------------------------------------------


def sheets_of(html: str) -> dict[str, object]:
    return json.loads(re.search(r'<script type="application/json" id="thumbnails">(.*?)</script>', html)[1])


def test_every_picture_is_in_its_place_on_the_sheets(reported: Line, html: str) -> None:
    found = sheets_of(html)
    with open_index(reported.artifacts.index) as index:
        pictures, listed = np.asarray(load_pictures(reported.artifacts, index)), index.pictures()
    files = [base64.b64decode(str(source).partition(",")[2]) for source in list(found["sources"])]
    sheets = [np.asarray(Image.open(io.BytesIO(file))) for file in files]
    assert 1 < len(sheets) <= 56 // 8  # 58 pictures, of which three are one content
    side, columns = found["side"], found["columns"]
    places = zip(unpacked(found["sheets"], "<u2"), unpacked(found["places"], "<u4"), strict=True)
    for picture, one, (sheet, place) in zip(pictures, listed, places, strict=True):
        x, y, right, bottom = map(round, middle((256, 256), (one.width, one.height)))
        top, left = place // columns * side, place % columns * side
        drawn = sheets[sheet][top : top + side, left : left + side].mean(axis=(0, 1))
        np.testing.assert_allclose(drawn, picture[y:bottom, x:right].mean(axis=(0, 1)), atol=4)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((300, 300), (0, 0, 256, 256)),
        ((400, 300), (32, 0, 224, 256)),  # three quarters of the width, as wide as it is high
        ((300, 400), (0, 32, 256, 224)),
        ((900, 100), (128 / 3, 0, 640 / 3, 256)),  # two thirds, squeezed
    ],
)
def test_a_thumbnail_shows_the_middle_as_the_original_had_it(
    size: tuple[int, int], box: tuple[float, float, float, float]
) -> None:
    assert middle((256, 256), size) == pytest.approx(box)


def gallery(pictures: np.ndarray, *, sizes: np.ndarray | None = None) -> Gallery:
    contents = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures]
    sizes = np.full((len(pictures), 2), pictures.shape[1]) if sizes is None else sizes
    return Gallery(pictures, sizes, contents, Answers({}))


def coloured(count: int) -> np.ndarray:
    colours = np.random.default_rng(0).integers(0, 256, (count, 1, 1, 3), dtype=np.uint8)
    return np.broadcast_to(colours, (count, 8, 8, 3))


def test_many_pictures_take_many_sheets_and_the_largest_is_of_several_lines() -> None:
    pictures = coloured(40_000)
    sheets = draw_sheets(gallery(pictures), side=1, progress=False)
    assert len(sheets.files) == 1024
    numbers = np.bincount(sheets.sheets)
    assert numbers.sum() == 40_000
    last = int(numbers.argmax())
    assert numbers[last] > 32
    assert np.asarray(Image.open(io.BytesIO(sheets.files[last]))).shape == (-(-numbers[last] // 32), 32, 3)


def test_few_pictures_more_draw_few_sheets_anew() -> None:
    pictures = coloured(1100)
    first, second = gallery(pictures[:1090]), gallery(pictures[::-1])  # and all in another order
    draw_sheets(first, side=8, progress=False)
    second.drawn.known = first.drawn.asked
    sheets = draw_sheets(second, side=8, progress=False)
    assert len(sheets.files) == 128
    assert 1 <= second.drawn.num_new <= 10
    again = draw_sheets(gallery(pictures[::-1]), side=8, progress=False)
    assert sheets.files == again.files
    np.testing.assert_array_equal(sheets.places, again.places)


def test_the_largest_thumbnails_that_fit_are_chosen() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    files = {s: draw_sheets(gallery(pictures), side=s, progress=False).files for s in SIDES}
    needed = {side: sum(len(file) * 4 / 3 + 30 for file in of_side) for side, of_side in files.items()}
    for side in SIDES:
        assert largest_side(gallery(pictures), limit_bytes=1.11 * needed[side]) == side
    assert largest_side(gallery(pictures), limit_bytes=0.5 * needed[SIDES[-1]]) is None


def test_the_page_stays_below_its_limit(own: Line) -> None:
    own.set(report={"megabytes": len(read(own)) * 0.93e-6})
    report(own.params, own.artifacts)
    assert not (own.artifacts.report / "thumbnails").exists()
    assert sheets_of(read(own))["side"] < 96
    assert len(read(own).encode()) <= own.params.report.megabytes * 1e6


def test_thumbnails_that_do_not_fit_lie_beside_the_page(own: Line) -> None:
    own.set(report={"megabytes": 0.1})
    summary = report(own.params, own.artifacts)
    assert "beside it" in summary
    sources = sheets_of(read(own))["sources"]
    assert sources == [f"thumbnails/{number:04d}.webp" for number in range(1, len(sources) + 1)]
    widths = []
    for source in sources:
        with Image.open(own.artifacts.report / source) as sheet:
            assert sheet.height == 64
            widths.append(sheet.width // 64)
    assert sum(widths) == 56  # of 58 pictures three are one content
    own.set(report={"megabytes": 20})
    report(own.params, own.artifacts)
    assert not (own.artifacts.report / "thumbnails").exists()  # nothing of the last run is left


# --- charts -------------------------------------------------------------------------------------------------


def test_a_line_starts_and_ends_where_its_axis_says() -> None:
    chart = line_chart([0, 5, 10], {"loss": [4, 2, 0]}, xlabel="epoch", marked=5)
    xs, ys = {label: x for x, label in chart["xticks"]}, {label: y for y, label in chart["yticks"]}
    points = [tuple(map(float, point.split(","))) for point in chart["lines"][0]["points"].split()]
    assert points == [(xs["0"], ys["4"]), (pytest.approx((xs["0"] + xs["10"]) / 2), ys["2"]), (xs["10"], ys["0"])]
    assert (chart["mark"]["x"], chart["mark"]["y"]) == points[1]


@pytest.mark.parametrize("values", [[1.0], [3.0, 3.0], [0.0, 0.0], [1e-9, 2e-9], [-5.0, 1e6]])
def test_ticks_are_few_and_hold_the_values_between_them(values: list[float]) -> None:
    chart = line_chart(list(range(len(values))), {"loss": values}, xlabel="x")
    assert 2 <= len(chart["yticks"]) <= 7
    heights = [float(point.split(",")[1]) for point in chart["lines"][0]["points"].split()]
    assert all(chart["yticks"][-1][0] - 0.2 <= y <= chart["yticks"][0][0] + 0.2 for y in heights)


def test_numbers_that_are_none_are_left_out() -> None:
    chart = line_chart([1, 2, 3], {"loss": [1.0, float("nan"), 3.0]}, xlabel="x")
    assert len(chart["lines"][0]["points"].split()) == 2
    assert line_chart([1], {"loss": [float("nan")]}, xlabel="x") == {}


def test_bars_are_as_high_as_their_counts() -> None:
    chart = count_chart(np.array([0.0, 0.0, 0.0, 1.0]), xlabel="x", bins=4)
    assert next(bar["height"] for bar in chart["bars"]) == pytest.approx(3 * chart["bars"][1]["height"], abs=0.3)
    assert count_chart(np.array([]), xlabel="x") == {}
    assert len(count_chart(np.array([2.0, 2.0]), xlabel="x")["bars"]) == 1


# --- in a browser -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_the_script_runs_in_a_browser(reported: Line, tmp_path: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    flags += [
        "--no-first-run",
        "--disable-component-update",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=4000",
    ]
    url = (reported.artifacts.report / "index.html").as_uri()
    done = subprocess.run(
        ["chromium", *flags, "--enable-logging=stderr", "--dump-dom", url], capture_output=True, text=True
    )
    assert "Uncaught" not in done.stderr
    assert '<html lang="en" data-theme="auto" class="scripted">' in done.stdout
    assert re.search(r'<th scope="col"[^>]*><button type="button">', done.stdout)  # tables can be sorted
    assert re.search(r'<canvas id="map-canvas"[^>]* width="\d{3,}"', done.stdout)  # the map was drawn


DRIVER = """
<script>
const said = {};
const key = (key) => viewer.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const title = () => element("viewer-title").textContent;
const type = (words) => {
  element("find-words").value = words;
  element("find-words").dispatchEvent(new Event("input"));
};
async function drive() {
said.fromLink = [viewer.open, title()];
viewer.close();
await new Promise((go) => setTimeout(go, 100));
said.closed = location.hash;
type("disc 0");
said.hits = element("find-status").textContent;
element("find").requestSubmit();
said.enter = [viewer.open, title(), decodeURIComponent(location.hash)];
key("ArrowRight");
said.right = title();
key("ArrowLeft");
key("ArrowLeft");
said.left = title();
said.facts = element("viewer-facts").textContent;
element("viewer-neighbours").querySelector("button").click();
said.neighbour = title();
element("viewer-back").click();
said.back = title();
viewer.close();
type("nothing is called so");
said.none = [element("find-status").textContent, element("find-hits").children.length];
document.body.dataset.said = JSON.stringify(said);
}
drive();
</script>
</body>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_search_arrows_and_links_lead_to_pictures(own: Line, tmp_path: Path) -> None:
    page = own.artifacts.report / "driven.html"
    page.write_text(read(own).replace("</body>", DRIVER), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    flags += ["--no-first-run", "--disable-component-update", f"--user-data-dir={tmp_path}/profile"]
    command = ["chromium", *flags, "--virtual-time-budget=4000", "--dump-dom"]
    done = subprocess.run([*command, f"{page.as_uri()}#picture/discs%2Fdisc%2003.png"], capture_output=True, text=True)
    found = re.search(r'data-said="([^"]*)"', done.stdout)
    assert found, done.stderr
    said = json.loads(html_text.unescape(found[1]))
    assert said["fromLink"] == [True, "discs/disc 03.png"]
    assert said["closed"] == ""
    paths = [path for path in known(read(own))["paths"] if "disc 0" in path]  # type: ignore[attr-defined]
    assert said["hits"].startswith(f"{len(paths)} pictures")
    assert said["enter"] == [True, paths[0], f"#picture/{paths[0]}"]
    assert (said["right"], said["left"]) == (paths[1], paths[-1])  # through the hits, and around
    assert "Size" in said["facts"]
    assert "Changed" in said["facts"]
    assert said["neighbour"] != said["back"] == paths[-1]
    assert said["none"] == ["0 pictures", 0]


# --- what it says first -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (["by top-4 agreement the model beats every baseline (...)"], "This can be trusted: "),
        (["by a the model beats every baseline", "warning: by b the model is no better than pixels"], "in part: "),
        (["warning: by a the model is no better", "warning: by b the model is no better"], "can\u2019t be trusted yet"),
    ],
)
def test_the_first_sentence_says_whether_it_is_good(own: Line, verdict: list[str], words: str) -> None:
    evaluated = load_json(own.artifacts.metrics("evaluate"), stage="evaluate")
    save_json(own.artifacts.metrics("evaluate"), evaluated | {"verdict": verdict})
    sign(own, "evaluate")
    report(own.params, own.artifacts)
    shown = Page(read(own))
    first = next(
        text
        for (tag, a), text in zip(shown.elements, shown.texts, strict=True)
        if "judgement" in (a.get("class") or "")
    )
    assert words in "".join(first)


def test_the_second_sentence_says_what_was_found(own: Line) -> None:
    rows = [(1, "discs/disc 01.png", "1.0", "exact", "yes", ""), (1, "discs/disc 02.png", "1.0", "exact", "no", "")]
    save_table(own.artifacts.duplicates, ("group", "path", "similarity", "kind", "keep", "reason"), rows)
    save_table(own.artifacts.uniqueness, UNIQUENESS_COLUMNS, [])
    sign(own, "duplicates", "uniqueness")
    report(own.params, own.artifacts)
    words = Page(read(own)).text("header")[0]
    assert "1 picture is a copy of others and nothing stands out as unusual." in words
    rows = [rows[0], (*rows[1][:4], "unsure", "look at it")]
    save_table(own.artifacts.duplicates, ("group", "path", "similarity", "kind", "keep", "reason"), rows)
    sign(own, "duplicates", "uniqueness")
    report(own.params, own.artifacts)
    assert "1 picture may be a copy of others" in Page(read(own)).text("header")[0]


def test_reasons_are_counted_by_their_kind_and_other_names_apart(tmp_path: Path) -> None:
    pictures = {f"{n}.png": structured_picture("discs", np.random.default_rng(n)) for n in range(3)}
    own = finished(tmp_path, pictures)
    rejected = [("a.png", f"damaged (about {n} % of it is missing)", "") for n in (10, 20)]
    rejected += [(f"link {n}", f"the same file as {n}.png (a link to it)", f"{n}.png") for n in range(3)]
    save_table(own.artifacts.rejected, REJECTED_COLUMNS, rejected)
    sign(own, "resize")
    report(own.params, own.artifacts)
    page = Page(read(own))
    assert "2 files could not be read" in page.text("header")[0]
    shown = [words for words in page.text("li") if "damaged" in words or "another name" in words]
    assert shown == ["3 another name of what was read", "2 damaged"]


def test_one_thing_is_never_called_by_its_plural(tmp_path: Path) -> None:
    own = finished(tmp_path, {"a.png": structured_picture("discs", np.random.default_rng(0)), "b.txt": b"words"})
    shown = Page(read(own))
    words = " ".join(text for tag in ("p", "caption", "header", "h2") for text in shown.text(tag))
    assert not re.findall(r"\b1 (?:pictures|files|groups|labels|classes|copies|epochs|seconds)\b", words)
    assert "1 file was rejected" in words


def test_the_script_knows_files_copies_and_ranks(own: Line) -> None:
    rows = [(1, "discs/disc 01.png", "1.0", "exact", "yes", ""), (1, "discs/disc 02.png", "1.0", "exact", "no", "")]
    save_table(own.artifacts.duplicates, ("group", "path", "similarity", "kind", "keep", "reason"), rows)
    ranked = (1, 3, "discs/disc 03.png", "0.75", "1.2", "0.8", "1.5", 4, "discs/disc 04.png", "yes")
    save_table(own.artifacts.uniqueness, UNIQUENESS_COLUMNS, [ranked])
    sign(own, "duplicates", "uniqueness")
    report(own.params, own.artifacts)
    data = known(read(own))
    paths = list(data["paths"])  # type: ignore[call-overload]
    first, second, third = (paths.index(f"discs/disc 0{n}.png") for n in (1, 2, 3))
    assert data["copies"] == [{"rows": [first, second], "kept": [first], "unsure": []}]
    assert unpacked(data["ranks"], "<u4")[[first, third]].tolist() == [0, 1]
    np.testing.assert_allclose(unpacked(data["distances"], "<f4")[[first, third]], [-1, 0.75])
    file = (own.dataset / paths[first]).stat()
    assert unpacked(data["bytes"], "<f8")[first] == file.st_size
    assert unpacked(data["times"], "<f8")[first] == int(file.st_mtime)


# --- numbers ------------------------------------------------------------------------------------------------


def test_the_summary_has_few_numbers_each_with_its_own_name(reported: Line) -> None:
    summary = load_json(reported.artifacts.metrics("summary"), stage="report")
    evaluated = load_json(reported.artifacts.metrics("evaluate"), stage="evaluate")
    assert len(summary) <= 12
    assert all(isinstance(value, int | float) for value in summary.values())
    assert summary["top4"] == pytest.approx(evaluated["embeddings"]["model"]["top4"], abs=1e-4)
    assert summary["pictures"] == 58
    assert "copies" not in summary  # nobody has looked for them
