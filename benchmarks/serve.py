"""What `pipeline serve` bears: its start, answers from the lists, fresh searches, bad uploads, memory.

    python benchmarks/serve.py [PROJECT] [--seconds 8] [--pictures 120]

Cached answers are asked by `wrk` (`apt-get install wrk`), rows at random, first when nothing was asked before, then
once more; beside them a bare ASGI reply of the same size, by the same server and load. What one takes of a processor
hardly depends on what else the machine does. Fresh searches send pictures of the folder that were cut and compressed
anew, each once, beside the rate of the encoder alone on all cores. Clients run on the same cores as the server, which
is one process, its decoders aside. Memory is what that holds after 10,000 requests of all kinds, 20,000 and 30,000.
"""

import argparse
import concurrent.futures
import http.client
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that it runs from a checkout

from machine import print_machine  # noqa: E402
from served import served  # noqa: E402

from pipeline import open_folder  # noqa: E402

START_BAR, RATE_BAR, P99_BAR, FRESH_BAR = 1.5, 1500, 20, 0.7
CLIENTS = 4
BARE = """
import sys, uvicorn
body = b"x" * int(sys.argv[1])
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
"""
ROWS = """
math.randomseed(%d)
request = function() return wrk.format("GET", "/api/pictures/" .. math.random(0, %d) .. "/neighbours?n=10") end
"""


def main() -> None:
    """Print what was measured, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=120)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("error: wrk is missing; install it with `apt-get install wrk`")
    folder = open_folder(options.project)
    count = len(folder.paths)
    print_machine()
    print(f"{count:,} pictures\n")
    began = time.perf_counter()
    with served(options.project) as (port, process):
        ask(port, "GET", "/api/pictures/0/neighbours?n=10")
        print(f"it answers after {time.perf_counter() - began:.2f} s, bar {START_BAR:g}")
        time.sleep(3)  # it opens the rest beside its first answers
        cached(port, process.pid, count, options.seconds)
        fresh(port, folder, options.pictures)
        bad_uploads(port, folder)
        memory(port, count, process.pid)


def cached(port: int, pid: int, count: int, seconds: int) -> None:
    """Answers from the sorted lists, beside a bare reply."""
    size = len(ask(port, "GET", "/api/pictures/1/neighbours?n=10")[1])
    found = []
    for seed in (7, 8):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(ROWS % (seed, count - 1))
            script.flush()
            before = processor_seconds(pid)
            rate, p99 = load(port, seconds, "-s", script.name)
            found.append((rate, p99, 1000 * (processor_seconds(pid) - before) / (rate * seconds)))
    bare_port = port + 1 if port < 65_000 else port - 1
    with subprocess.Popen([sys.executable, "-c", BARE, str(size), str(bare_port)]) as bare:
        time.sleep(2)
        bare_rate, bare_p99 = load(bare_port, seconds)
        bare.terminate()
    for words, (rate, p99, each) in zip(("cached", "and once more"), found, strict=True):
        took = f"99 % within {p99:.1f} ms, bar {P99_BAR}; {each:.2f} ms of a processor each"
        print(f"{words:14}{rate:7,.0f} requests a second, bar {RATE_BAR:,}; {took}")
    print(f"{'a bare reply':14}{bare_rate:7,.0f} requests a second; 99 % within {bare_p99:.1f} ms")


def load(port: int, seconds: int, *more: str) -> tuple[float, float]:
    """Return requests a second, and the milliseconds that 99 % of them stay below."""
    words = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", *more, f"http://127.0.0.1:{port}/"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    assert rate is not None
    assert p99 is not None
    return float(rate[1]), float(p99[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99[2]]


def fresh(port: int, folder: object, number: int) -> None:
    """New pictures, sent and searched for, beside the encoder alone."""
    files = [new_file(folder, row) for row in picked(folder, number)]
    pixels = [folder.given(file).pixels for file in files]  # type: ignore[attr-defined]
    folder.encode(pixels[:2])  # type: ignore[attr-defined]
    began = time.perf_counter()
    folder.encode(pixels)  # type: ignore[attr-defined]
    alone = number / (time.perf_counter() - began)
    for file in (new_file(folder, 0), new_file(folder, 1)):
        search(port, file)  # opens what it needs
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda file: search(port, file), files))
    rate = number / (time.perf_counter() - began)
    words = f"{rate / alone:.2f} of the encoder's {alone:.1f}, bar {FRESH_BAR:g}"
    print(f"{'fresh':14}{rate:7.1f} searches a second, {words}")


def bad_uploads(port: int, folder: object) -> None:
    """Fifty bad uploads among good ones: what the good ones find stays the same."""
    files = [new_file(folder, row) for row in picked(folder, 10, seed=2)]
    before = [search(port, file) for file in files]
    generator = random.Random(3)
    bad = [generator.randbytes(20_000), b"words", files[0][:400], files[1][:-2000], b"\xff\xd8\xff" + bytes(9000)]
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        refusals = [pool.submit(ask, port, "POST", "/api/uploads", bad[i % 5] + bytes([i])) for i in range(50)]
        after = list(pool.map(lambda file: search(port, file), files))
        statuses = sorted({refusal.result()[0] for refusal in refusals})
    same = "the same" if after == before else "NOT the same"
    print(f"50 bad uploads are answered by {statuses}; what good ones beside them find is {same}")


def memory(port: int, count: int, pid: int) -> None:
    """The resident set, before and after 10,000 requests."""
    generator = random.Random(5)
    kinds = [
        "/api/pictures/{}/neighbours?n=40",
        "/api/pictures/{}/thumbnail?side=192",
        "/api/pictures/{}",
        "/api/pictures/{}/original",
    ]

    def some(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for i in range(number):
            connection.request("GET", kinds[i % len(kinds)].format(generator.randrange(count)))
            connection.getresponse().read()

    sizes = []
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(some, [2500] * CLIENTS))
        sizes.append(resident(pid))
    words = ", ".join(f"{size:.0f} MB after {10 * i},000" for i, size in enumerate(sizes, 1))
    print(f"memory: {words} requests")


def resident(pid: int) -> float:
    """Return the memory that a process holds, in MB, the files that it maps left out."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1000


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def picked(folder: object, number: int, seed: int = 1) -> list[int]:
    """Return rows drawn at random."""
    count = len(folder.paths)  # type: ignore[attr-defined]
    return [int(row) for row in np.random.default_rng(seed).integers(0, count, number)]


def new_file(folder: object, row: int) -> bytes:
    """Return a picture of the folder, cut and compressed anew, as a JPEG of 640 pixels a side at most."""
    path = folder.dataset / folder.paths[row]  # type: ignore[attr-defined]
    with Image.open(path) as image:
        cut = image.convert("RGB").crop((3, 3, image.width - 3, image.height - 3))
        cut.thumbnail((640, 640))
        buffer = io.BytesIO()
        cut.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()


def search(port: int, file: bytes) -> list[int]:
    """Send a picture, and return the rows that look most like it."""
    sent = json.loads(ask(port, "POST", "/api/uploads", file)[1])
    found = ask(port, "POST", "/api/search", json.dumps({"like": [sent["id"]], "n": 10}).encode(), "application/json")
    return [one["row"] for one in json.loads(found[1])["results"]]


def ask(port: int, method: str, place: str, body: bytes | None = None, kind: str = "image/jpeg") -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, place, body, {"content-type": kind} if body is not None else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


if __name__ == "__main__":
    main()
