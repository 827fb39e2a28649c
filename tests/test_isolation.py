"""Reading in processes of their own: the same answers, and what hangs, crashes or wants memory costs one picture."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from test_pictures import encoded, limits, noise

from pipeline.errors import PipelineError
from pipeline.pictures import RejectedPictureError, content_of, isolation, read_picture, reading_processes
from pipeline.workers import in_order

LIMITS = limits(10)
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def scans_of(path: Path, count: int) -> Path:
    """Write a progressive JPEG whose last scan is there so many times: small, and slow to decode."""
    data = encoded(noise(300, 400), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:-2] + data[last:-2] * count + b"\xff\xd9")
    return path


def workers_of(parent: int) -> list[int]:
    """Return the processes that this one has started."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_processes_give_what_reading_here_gives_in_order(tmp_path: Path) -> None:
    files = []
    for number, kind in enumerate(["PNG", "JPEG", "GIF", "TIFF", "WEBP"] * 4):
        files.append(tmp_path / f"{number}")
        files[-1].write_bytes(encoded(noise(20 + number, 30, seed=number), kind))
    with reading_processes(LIMITS, workers=3) as read:
        found = list(in_order(read, files, workers=3))
    for file, picture in zip(files, found, strict=True):
        expected = read_picture(file, LIMITS)
        assert (picture.content, picture.width, picture.height) == (expected.content, expected.width, expected.height)
        np.testing.assert_array_equal(picture.pixels, expected.pixels)


def test_a_reason_comes_out_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"words")
    with reading_processes(LIMITS, workers=1) as read:
        with pytest.raises(RejectedPictureError, match=r"^not a picture \(text\)$"):
            read(tmp_path / "a")
        with pytest.raises(RejectedPictureError, match="No such file"):
            read(tmp_path / "none")


def test_known_content_is_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    with reading_processes(LIMITS, workers=1) as read:
        assert read(tmp_path / "a", known=lambda content: content == content_of(tmp_path / "a")).pixels is None
        assert read(tmp_path / "a", known=lambda _: False).pixels is not None


def test_what_takes_too_long_is_given_up_and_the_next_picture_is_read(tmp_path: Path) -> None:
    slow = scans_of(tmp_path / "slow.jpg", 1500)
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    with reading_processes(limits(10, max_seconds=0.3, max_scans=10_000), workers=1) as read:
        with pytest.raises(
            RejectedPictureError, match=r"^too slow to read \(more than 0\.3 s; see resize\.max_seconds"
        ):
            read(slow)
        assert read(tmp_path / "a").width == 9


@linux
@pytest.mark.parametrize(
    ("ending", "reason"),
    [(signal.SIGSEGV, r"damaged \(the decoder crashed on it: SIGSEGV\)"), (signal.SIGKILL, "when memory is short")],
)
def test_a_crash_costs_one_picture(tmp_path: Path, ending: signal.Signals, reason: str) -> None:
    slow = scans_of(tmp_path / "slow.jpg", 3000)
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    before = set(workers_of(os.getpid()))
    with reading_processes(limits(10, max_scans=10_000), workers=1) as read:
        assert read(tmp_path / "a").width == 9
        (pid,) = set(workers_of(os.getpid())) - before
        threading.Timer(0.2, os.kill, (pid, ending)).start()
        with pytest.raises(RejectedPictureError, match=reason):
            read(slow)
        assert read(tmp_path / "a").width == 9


@linux
def test_a_process_that_stands_still_is_ended(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    before = set(workers_of(os.getpid()))
    with reading_processes(limits(10, max_seconds=0.5), workers=1) as read:
        assert read(tmp_path / "a").width == 9
        (pid,) = set(workers_of(os.getpid())) - before
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(RejectedPictureError, match="too slow to read"):
            read(tmp_path / "a")
        assert read(tmp_path / "a").width == 9
    assert set(workers_of(os.getpid())) == before


@linux
def test_processes_end_with_the_one_that_asks(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    script = """
import sys, time
from pathlib import Path
from tests.test_isolation import LIMITS, reading_processes
with reading_processes(LIMITS, workers=1) as read:
    read(Path(sys.argv[1]))
    print("read", flush=True)
    time.sleep(60)
"""
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", script, str(tmp_path / "a")]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"read\n"
        (pid,) = workers_of(asking.pid)
        asking.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            return
        time.sleep(0.05)
    raise AssertionError("the process that reads is still there")


def test_an_error_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    wrong = limits(10, max_file_megabytes=None)  # type: ignore[arg-type]
    with reading_processes(wrong, workers=1) as read, pytest.raises(RuntimeError, match="TypeError"):
        read(tmp_path / "a")


def test_an_error_of_the_one_that_asks_does_not_mix_up_the_next_answers(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(encoded(noise(9, 9), "PNG"))
    with reading_processes(LIMITS, workers=1) as read:
        with pytest.raises(KeyError):
            read(tmp_path / "a", known={}.__getitem__)
        assert read(tmp_path / "a").width == 9


def test_a_process_that_cannot_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.sys, "executable", str(tmp_path / "none"))
    with (
        reading_processes(LIMITS, workers=1) as read,
        pytest.raises(PipelineError, match="a process to read pictures in can't be started"),
    ):
        read(tmp_path / "a")


def test_large_pictures_wait_for_their_turn_and_small_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(encoded(np.zeros((4200, 4200, 3), np.uint8), "WEBP", method=0))
    (tmp_path / "small").write_bytes(encoded(noise(9, 9), "PNG"))
    turn = threading.Lock()
    process = isolation._Process(limits(20), tmp_path / "shared", turn)
    try:
        with turn:  # as if another large picture were being decoded
            assert process.read(tmp_path / "small", None).width == 9
            reading = threading.Thread(target=process.read, args=(tmp_path / "large", None))
            reading.start()
            reading.join(1)
            assert reading.is_alive()
        reading.join(30)
        assert not reading.is_alive()
    finally:
        process.stop()


def test_half_an_answer_is_none() -> None:
    answers: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()
    program = 'print(\'{"ready": true}\'); print(\'{"pict\', end="")'
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        isolation._collect(process, answers)
    assert answers.get(timeout=5) == {"ready": True}
    assert answers.get(timeout=5) is None


def test_a_process_that_does_not_start_is_said_to_be_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_START_SECONDS", 0.0)
    with (
        reading_processes(LIMITS, workers=1) as read,
        pytest.raises(PipelineError, match=r"can't be started \(it did not answer in 0 s\)"),
    ):
        read(tmp_path / "a")
