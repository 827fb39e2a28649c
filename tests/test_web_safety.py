"""Who may talk to the server, and what it does with what it is sent."""

import io
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from conftest import ROOT, Line, make_line, structured_picture
from PIL import Image
from serving import served
from test_web import is_problem, new_picture

from pipeline.stages.groups import groups
from pipeline.stages.neighbours import neighbours
from pipeline.web.guard import Guards

HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def address(line: Line) -> Iterator[str]:
    with served(line) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "192.168.1.7", "localhost.evil.example", ""])
def test_a_name_that_is_not_this_machines_own_is_refused(client: httpx.Client, host: str) -> None:
    is_problem(client.get("/api/status", headers={"host": host}), 421)


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:80", "127.9.9.9"])
def test_names_of_this_machine_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_a_page_of_another_site_gets_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    for method, place in (("GET", "/api/status"), ("POST", "/api/uploads"), ("GET", "/api/pictures/1/original")):
        is_problem(client.request(method, place, headers=headers), 403)


def test_a_link_from_another_site_opens_the_page(client: httpx.Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/map", headers=headers).status_code == 200


def test_the_servers_own_page_is_answered(client: httpx.Client, address: str) -> None:
    headers = {"origin": address, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert client.get("/api/status", headers=headers).status_code == 200


@pytest.mark.parametrize("place", ["/", "/api/status", "/static/app.js", "/api/pictures/1/thumbnail", "/nothing"])
def test_every_answer_says_what_the_page_may_load(client: httpx.Client, place: str) -> None:
    headers = client.get(place).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_other_machines_need_the_token(line: Line) -> None:
    guards = Guards(is_local=False, token="secret-words")
    with served(line, guards=guards) as address, httpx.Client(base_url=address) as client:
        assert "token" in is_problem(client.get("/api/status"), 401)
        is_problem(client.get("/", params={"token": "secret-word"}), 401)
        is_problem(client.get("/api/status", headers={"authorization": "Bearer wrong"}), 401)
        is_problem(client.get("/api/status", headers={"host": "rebound.example"}), 421)
        assert client.get("/api/status", headers={"authorization": "Bearer secret-words"}).status_code == 200
        assert (
            client.get("/api/status", headers={"authorization": "Bearer secret-words", "host": "10.1.2.3"}).status_code
            == 200
        )
        entered = client.get("/map", params={"token": "secret-words", "near": "3"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/map?near=3")
        assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
        assert client.get("/api/status").status_code == 200  # by the cookie
        led_on = client.get("//evil.example/x", params={"token": "secret-words"})
        assert not led_on.headers.get("location", "/").startswith("//")


def test_the_name_that_it_listens_at_is_its_own_and_any_of_two_cookies_will_do(line: Line) -> None:
    guards = Guards(is_local=False, token="secret-words", name="Pictures.example")
    with served(line, guards=guards) as address, httpx.Client(base_url=address) as client:
        cookies = "pipeline_token=of-another-port; pipeline_token=secret-words"
        assert client.get("/api/status", headers={"host": "pictures.example:80", "cookie": cookies}).status_code == 200


def bomb(side: int) -> bytes:
    """Return a PNG that says it has side x side pixels, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"words", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "export it"),
        (bomb(60_000), "megapixels"),
        (new_picture()[:200], "choose another picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 500, "choose another picture"),
        (b"GIF89a" + b"\xff" * 40, "choose another picture"),
    ],
)
def test_a_bad_upload_is_refused_in_words_and_the_next_good_one_is_answered(
    client: httpx.Client, body: bytes, said: str
) -> None:
    detail = is_problem(client.post("/api/uploads", content=body), 422)
    assert said in detail
    assert "resize." not in detail
    assert client.post("/api/uploads", content=new_picture(3)).status_code == 201


def test_an_upload_of_too_many_bytes_is_refused_before_it_is_read(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        connection.sendall(b"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 53477376\r\n\r\n")
        assert b" 413 " in connection.recv(200)

    def pieces() -> Iterator[bytes]:
        for _ in range(51):
            yield b"\0" * (1 << 20)

    assert "50 MB" in is_problem(client.post("/api/uploads", content=pieces()), 413)  # of no length that is said


def test_a_picture_that_takes_too_long_ends_its_process_alone(line: Line) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (3000, 3000, 3), np.uint8)).save(buffer, "PNG")
    with served(line, max_seconds=0.02) as address, httpx.Client(base_url=address, timeout=60) as client:
        assert "too slow" in is_problem(client.post("/api/uploads", content=buffer.getvalue()), 422)
        assert client.get("/api/pictures/1/neighbours").status_code == 200


def test_names_of_files_are_data_everywhere(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    pictures: dict[str, bytes | Image.Image] = {
        f"discs/{number}.png": structured_picture("discs", generator) for number in range(12)
    }
    pictures[f"discs/{HOSTILE}"] = structured_picture("ramps", generator)
    pictures["=cmd|' /C calc'!A0.png"] = structured_picture("stripes", generator)
    line = make_line(tmp_path / "line", pictures)
    neighbours(line.params, line.artifacts)
    groups(line.params, line.artifacts)
    with served(line) as address, httpx.Client(base_url=address) as client:
        found = client.get("/api/pictures/0/neighbours", params={"n": 20})
        assert found.headers["content-type"] == "application/json"
        assert f"discs/{HOSTILE}" in [one["path"] for one in found.json()["results"]]
        row = next(one["row"] for one in found.json()["results"] if HOSTILE in one["path"])
        named = client.get(f"/api/pictures/{row}/original").headers["content-disposition"]
        assert named == "inline; filename*=UTF-8''%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E.png"


def run_serve(line: Line, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "--params",
        str(line.params_file),
        "--artifacts",
        str(line.artifacts.root),
    ]
    return subprocess.run([*command, "serve", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_port_that_is_taken_is_said_with_the_remedy(line: Line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_serve(line, "--port", port)
    assert done.returncode == 1
    remedy = "give another with --port, or 0 for any that is free"
    assert done.stderr == f"error: port {port} is taken by another program; {remedy}\n"


def test_a_folder_without_artefacts_is_said_before_anything_listens(own_line: Line) -> None:
    own_line.artifacts.index.unlink()
    done = run_serve(own_line, "--port", "0")
    assert done.returncode == 1
    assert "dvc repro" in done.stderr


def test_without_the_extra_it_says_what_to_install(line: Line) -> None:
    words = ["pipeline", "--params", str(line.params_file), "--artifacts", str(line.artifacts.root), "serve"]
    program = (
        "import sys; sys.modules['fastapi'] = None; sys.modules['uvicorn'] = None\n"
        "from pipeline.__main__ import main\n"
        f"sys.argv = {words!r}\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pip install -e '.[web]'" in done.stderr


def test_serving_loads_no_tensorflow_and_opens_no_encoder_before_it_is_asked() -> None:
    heavy = ("tensorflow", "keras", "onnxruntime", "scipy", "sklearn")
    program = f"import sys, pipeline.web.serving\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
