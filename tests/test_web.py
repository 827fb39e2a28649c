"""The server's answers, asked of the real application over a small real folder."""

import calendar
import csv
import io
import json
import os
import zipfile
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from conftest import COPIES, Line, structured_picture
from PIL import Image
from serving import served

from pipeline import open_folder
from pipeline.folder.opened import Folder
from pipeline.stages.duplicates import duplicates
from pipeline.stages.resize import resize
from pipeline.stages.uniqueness import uniqueness


@pytest.fixture(scope="module")
def folder(whole: Line) -> Folder:
    return open_folder(whole.root)


@pytest.fixture(scope="module")
def client(whole: Line) -> Iterator[httpx.Client]:
    with served(whole) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def new_picture(seed: int = 5) -> bytes:
    """Return the file of a picture that the folder doesn't hold."""
    buffer = io.BytesIO()
    structured_picture("discs", np.random.default_rng(seed)).save(buffer, "PNG")
    return buffer.getvalue()


def is_problem(answer: httpx.Response, status: int) -> str:
    """Assert that an answer is a problem of RFC 9457, and return its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    return str(body["detail"])


def test_neighbours_are_those_of_the_folder(client: httpx.Client, folder: Folder) -> None:
    body = client.get("/api/pictures/4/neighbours", params={"n": 7}).json()
    expected = folder.neighbours(folder.paths[4], 7)
    assert [(one["row"], one["path"], one["rank"]) for one in body["results"]] == [
        (one.row, one.path, one.rank) for one in expected
    ]
    assert [one["similarity"] for one in body["results"]] == pytest.approx(
        [one.similarity for one in expected], abs=1e-6
    )
    assert (body["mode"], body["version"]) == ("cached", folder.version)


def test_a_sent_picture_is_found_as_the_folder_finds_it(client: httpx.Client, folder: Folder) -> None:
    sent = client.post("/api/uploads", content=new_picture())
    assert sent.status_code == 201
    assert sent.json()["same_as"] == []
    body = client.post("/api/search", json={"like": [sent.json()["id"]], "n": 5}).json()
    expected = folder.query(new_picture(), 5)
    assert body["mode"] == "fresh"
    assert [(one["row"], one["similarity"]) for one in body["results"]] == [
        (one.row, pytest.approx(one.similarity, abs=1e-6)) for one in expected.results
    ]


def test_a_copy_that_is_sent_is_named_as_one(client: httpx.Client, folder: Folder) -> None:
    sent = client.post("/api/uploads", content=(folder.dataset / COPIES[0]).read_bytes()).json()
    assert [one["path"] for one in sent["same_as"]] == list(COPIES)
    assert client.post("/api/search", json={"like": [sent["id"]]}).json()["mode"] == "cached"
    again = Image.open(folder.dataset / "discs/disc 03.png")
    buffer = io.BytesIO()
    again.save(buffer, "WEBP", lossless=True)
    other = client.post("/api/uploads", content=buffer.getvalue()).json()
    found = client.get(f"/api/uploads/{other['id']}/unusual").json()
    assert "discs/disc 03.png" in [one["path"] for one in found["copies"]]


def test_more_and_less_are_the_folders_own_arithmetic(client: httpx.Client, folder: Folder) -> None:
    sent = client.post("/api/uploads", content=new_picture(9)).json()["id"]
    body = client.post("/api/search", json={"like": ["3", sent], "unlike": ["40"], "n": 9}).json()
    (vector,) = folder.encode([new_picture(9)])
    expected = folder.search([3, vector], [40], 9)
    assert [one["row"] for one in body["results"]] == [one.row for one in expected.results]
    assert body["nothing_alike"] is None


def test_filters_and_the_least_similarity_hold(client: httpx.Client) -> None:
    body = client.post("/api/search", json={"like": ["0"], "n": 100, "filters": {"folder": "stripes"}}).json()
    assert {one["path"].split("/")[0] for one in body["results"]} == {"stripes"}
    assert body["among"] == len(body["results"])
    least = body["results"][5]["similarity"] - 1e-5
    fewer = client.post("/api/search", json={"like": ["0"], "n": 100, "least": least, "filters": {"folder": "stripes"}})
    assert len(fewer.json()["results"]) == 6


def test_groups_unusual_copies_and_map_are_the_folders(client: httpx.Client, folder: Folder) -> None:
    groups = client.get("/api/groups").json()
    assert [(one["number"], one["size"], one["pictures"][0]["path"]) for one in groups["groups"]] == [
        (one.number, len(one.paths), one.medoid) for one in folder.groups()
    ]
    second = client.get("/api/groups/2", params={"start": 1, "n": 3}).json()
    assert [one["path"] for one in second["pictures"]] == list(folder.groups()[1].paths[1:4])
    odd = client.get("/api/unique", params={"n": 4}).json()
    assert [(one["rank"], one["picture"]["path"], one["nearest"]["path"]) for one in odd["pictures"]] == [
        (one.rank, one.path, one.nearest) for one in folder.unique(4)
    ]
    assert sum(odd["counts"]) == odd["total"]
    copies = client.get("/api/duplicates").json()
    assert [tuple(m["path"] for m in one["members"]) for one in copies["groups"]] == [
        one.paths for one in folder.duplicates()
    ]
    assert copies["spare"] == sum(len(one.spare) for one in folder.duplicates())
    places = client.get("/api/map").json()
    assert len(places["x"]) == len(places["tags"]) == len(folder.paths)
    assert min(places["x"] + places["y"]) >= 0
    assert max(places["x"] + places["y"]) <= 1


def test_two_pictures_are_compared_as_the_folder_compares_them(client: httpx.Client, folder: Folder) -> None:
    body = client.get("/api/compare", params={"reference": "2", "photo": "30"}).json()
    expected = folder.compare(folder.pictures[2], folder.pictures[30])
    assert body["same"] is expected.same is False
    assert body["difference"] == pytest.approx(expected.difference, abs=1e-3)
    assert np.array(body["heat"]).max() == pytest.approx(expected.difference, rel=0.2)
    assert client.get("/api/compare", params={"reference": "2", "photo": "2"}).json()["same"] is True


def test_labels_come_from_a_few_examples_and_nothing_is_written(client: httpx.Client, whole: Line) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.root.rglob("*")}
    known = open_folder(whole.root).catalogue()
    examples = {row: label for row, label in enumerate(known.labels) if label and row % 9 == 0}
    body = client.post("/api/labels", json={"examples": examples}).json()
    expected = open_folder(whole.root).label({known.paths[row]: label for row, label in examples.items()})
    assert [body["names"][number] for number in body["labels"]] == [
        expected.name(row) for row in range(len(known.paths))
    ]
    assert len(body["confidence"]) == len(known.paths)
    assert set(body["helpful"]).isdisjoint(examples)
    assert {path: path.stat().st_mtime_ns for path in whole.root.rglob("*")} == before


def test_a_thumbnail_has_the_shape_of_its_original_and_is_kept_by_its_content(
    client: httpx.Client, folder: Folder
) -> None:
    row = next(row for row, (width, height) in enumerate(folder.sizes) if width > height)
    tag = folder.catalogue().contents[row][:16]
    answer = client.get(f"/api/pictures/{row}/thumbnail", params={"side": 192, "tag": tag})
    with Image.open(io.BytesIO(answer.content)) as image:
        width, height = folder.sizes[row]
        assert image.size == (192, round(height * 192 / width))
    assert "immutable" in answer.headers["cache-control"]
    known = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/api/pictures/{row}/thumbnail", params={"side": 192}, headers=known).status_code == 304
    assert "another picture now" in is_problem(
        client.get(f"/api/pictures/{row}/thumbnail", params={"tag": "0" * 16}), 404
    )


def test_the_original_is_the_file_itself(client: httpx.Client, folder: Folder) -> None:
    row = folder.paths.index("ramps/naïve/日本語 (1).png")
    answer = client.get(f"/api/pictures/{row}/original")
    assert answer.content == (folder.dataset / folder.paths[row]).read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert "sandbox" in answer.headers["content-security-policy"]
    known = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/api/pictures/{row}/original", headers=known).status_code == 304


def test_a_selection_is_a_table_an_archive_and_an_archive_of_links(client: httpx.Client, folder: Folder) -> None:
    made = client.post("/api/selections", json={"rows": [3, 1, 3]}).json()
    assert made["count"] == 2
    table = list(csv.DictReader(io.StringIO(client.get(f"/api/selections/{made['id']}.csv").text)))
    assert [row["path"] for row in table] == [folder.paths[3], folder.paths[1]]
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/selections/{made['id']}.zip").content))
    assert archive.testzip() is None
    assert archive.read(folder.paths[3]) == (folder.dataset / folder.paths[3]).read_bytes()
    links = zipfile.ZipFile(io.BytesIO(client.get(f"/api/selections/{made['id']}.zip?hold=links").content))
    assert links.read(folder.paths[1]).decode() == str((folder.dataset / folder.paths[1]).absolute())
    assert "choose the pictures again" in is_problem(client.get("/api/selections/none.csv"), 404)


def test_several_models_answer_side_by_side(whole: Line, line: Line) -> None:
    with served(whole, line) as address, httpx.Client(base_url=address, timeout=60) as client:
        body = client.post("/api/models", json={"like": ["4"], "n": 6}).json()
    first, second = body["answers"]
    assert body["label"] == "discs"
    assert first["agreement"] == sum(one["label"] == "discs" for one in first["results"]) / 6
    assert (first["shared"], second["shared"]) == (None, 1.0)  # both are the same model
    assert [one["row"] for one in first["results"]] == [one["row"] for one in second["results"]]


@pytest.mark.parametrize(
    ("method", "place", "body", "status", "said"),
    [
        ("GET", "/api/pictures/5800", None, 404, "no picture in row 5800"),
        ("GET", "/api/pictures/x", None, 422, "/api/docs"),
        ("GET", "/api/groups/99", None, 404, "no group 99"),
        ("GET", "/api/nothing", None, 404, "Not Found"),
        ("GET", "/static/..%2f..%2fapp.py", None, 404, ""),
        ("POST", "/api/search", {"like": []}, 422, "give a picture"),
        ("POST", "/api/search", {"like": ["u0123456789abcdef"]}, 404, "send it again"),
        ("POST", "/api/search", {"like": ["../../etc/passwd"]}, 422, "like"),
        ("POST", "/api/search", {"like": ["1"], "n": 0}, 422, "n"),
        ("POST", "/api/labels", {"examples": {"1": "one"}}, 422, "two labels"),
        ("POST", "/api/labels", {"examples": {"1": "one", "999": "two"}}, 422, "row 999"),
        ("POST", "/api/selections", {"rows": [1, -1]}, 422, "load the page again"),
        ("DELETE", "/api/pictures/1", None, 405, ""),
    ],
)
def test_what_can_not_be_answered_is_a_problem(
    client: httpx.Client, method: str, place: str, body: object, status: int, said: str
) -> None:
    assert said in is_problem(client.request(method, place, json=body), status)


def test_new_artefacts_are_served_without_a_restart(own_line: Line) -> None:
    with served(own_line) as address, httpx.Client(base_url=address) as client:
        before = client.get("/api/status").json()
        assert before["panels"]["unusual"] == "run `pipeline uniqueness` first"
        assert "uniqueness" in is_problem(client.get("/api/unique"), 503)
        duplicates(own_line.params, own_line.artifacts)
        uniqueness(own_line.params, own_line.artifacts)
        after = client.get("/api/status").json()
        assert after["version"] != before["version"]
        assert after["panels"]["unusual"] == ""
        assert client.get("/api/unique").json()["version"] == after["version"]


def test_rows_of_artefacts_that_were_replaced_name_nothing(own_line: Line) -> None:
    with served(own_line) as address, httpx.Client(base_url=address) as client:
        version = client.get("/api/status").json()["version"]
        question = {"version": version, "rows": [3, 4]}
        name = client.post("/api/selections", json=question).json()["id"]
        assert client.get(f"/api/selections/{name}.csv").status_code == 200
        duplicates(own_line.params, own_line.artifacts)
        for place, body in {
            "/api/selections": question,
            "/api/search": {"version": version, "like": ["3"]},
            "/api/labels": {"version": version, "examples": {"3": "one", "4": "two"}},
        }.items():
            assert "load the page again" in is_problem(client.post(place, json=body), 409)
        for kind in ("csv", "zip"):
            assert "load the page again" in is_problem(client.get(f"/api/selections/{name}.{kind}"), 409)


def test_the_original_of_another_picture_is_not_given(client: httpx.Client) -> None:
    tag = client.get("/api/pictures/3").json()["tag"]
    assert client.get("/api/pictures/3/original", params={"tag": tag}).status_code == 200
    assert "another picture" in is_problem(client.get("/api/pictures/4/original", params={"tag": tag}), 404)


def test_while_the_line_runs_what_is_made_already_is_served(own_line: Line) -> None:
    own_line.artifacts.origin("groups").write_text('{"index": "another"}')
    (own_line.artifacts.metrics("evaluate")).write_text("{bad")
    with served(own_line) as address, httpx.Client(base_url=address) as client:
        status = client.get("/api/status").json()
        assert status["panels"]["groups"] == "run `pipeline groups` first"
        assert client.get("/api/pictures/3/neighbours").status_code == 200
        is_problem(client.get("/api/groups"), 503)
        is_problem(client.get("/api/trust"), 503)


@pytest.mark.parametrize("year", [1970, 2110])
def test_a_file_of_any_date_is_archived_and_a_pipe_is_not_waited_for(own_line: Line, year: int) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    resize(own_line.params, own_line.artifacts)  # so that the index names the test's own pictures
    with served(own_line) as address, httpx.Client(base_url=address, timeout=20) as client:
        paths = open_folder(own_line.root).paths
        pipe, dated = (own_line.dataset / path for path in paths[:2])
        pipe.unlink()
        os.mkfifo(pipe)
        os.utime(dated, (0, calendar.timegm((year, 6, 1, 0, 0, 0))))
        name = client.post("/api/selections", json={"rows": [0, 1]}).json()["id"]
        with zipfile.ZipFile(io.BytesIO(client.get(f"/api/selections/{name}.zip").content)) as archive:
            assert archive.namelist() == [paths[1], "missing.txt"]
            assert archive.read(paths[1]) == dated.read_bytes()
        is_problem(client.get("/api/pictures/0/original"), 404)


def test_every_answer_has_a_type_on_the_openapi_page(client: httpx.Client) -> None:
    pages = client.get("/api/openapi.json").json()["paths"]
    assert len(pages) > 15
    for place, methods in pages.items():
        for asked in methods.values():
            good = next(answer for status, answer in asked["responses"].items() if status.startswith("2"))
            if not place.endswith(("thumbnail", "original", ".csv", ".zip")):
                assert "$ref" in json.dumps(good["content"]["application/json"]["schema"]), place
