"""Reads pictures in processes of their own, so that a hang, a crash or a want of memory costs one picture.

A process that takes too long or dies is replaced by a new one, and the picture that it read is rejected. Pictures that
take much memory are decoded one at a time. The processes are started afresh, not forked, so it is alike on all systems.
"""

import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipeline.errors import PipelineError
from pipeline.pictures import worker
from pipeline.pictures.decoding import DecodedPicture
from pipeline.pictures.limits import Limits
from pipeline.pictures.rejection import RejectedPictureError
from pipeline.pictures.strips import SIZE

_START_SECONDS = 120.0
_PROGRAM = f"from {worker.__name__} import {worker.serve.__name__} as serve; serve()"
Known = Callable[[str], bool]


class Reader(Protocol):
    """A function that reads a picture as `read_picture` does."""

    def __call__(self, path: Path, *, known: Known | None = None) -> DecodedPicture:
        """Read it; `known` is None where nothing is known."""


@contextmanager
def reading_processes(limits: Limits, *, workers: int) -> Iterator[Reader]:
    """Give a function that reads a picture in one of so many processes; it may be called in as many threads.

    Raises
    ------
    PipelineError
        When a process can't be started, or the system's folder for temporary files can't be written.
    """
    turn = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="pictures-", ignore_cleanup_errors=True) as folder:
        try:
            processes = [_Process(limits, Path(folder) / f"{number}", turn) for number in range(workers)]
        except OSError as error:
            raise PipelineError(
                f"{tempfile.gettempdir()} can't be written: {error.strerror or error}; make room there, or name "
                "another folder in the variable TMPDIR"
            ) from error
        idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in processes:
            idle.put(process)

        def read(path: Path, *, known: Known | None = None) -> DecodedPicture:
            process = idle.get()
            try:
                return process.read(path, known)
            finally:
                idle.put(process)

        try:
            yield read
        finally:
            for process in processes:
                process.stop()


class _Process:
    """One process that reads pictures, started when it is first asked, and again after it was lost."""

    def __init__(self, limits: Limits, shared: Path, turn: threading.Lock) -> None:
        self._limits, self._shared, self._turn = limits, shared, turn
        self._pixels = np.memmap(shared, np.uint8, "w+", shape=(SIZE, SIZE, 3))
        self._running: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read(self, path: Path, known: Known | None) -> DecodedPicture:
        """Read a picture; RejectedPictureError if it is none, or was the end of the process."""
        if self._running is None:
            self._start()
        try:
            return self._picture(self._asked(path, known))
        except RejectedPictureError:
            raise
        except BaseException:  # whatever it was, the next answer would not be that to the next question
            self.stop()
            raise

    def _asked(self, path: Path, known: Known | None) -> dict[str, Any]:
        """Return what the process says of a picture, after its questions are answered."""
        self._tell({"path": str(path), "asks": known is not None})
        deadline = time.monotonic() + self._limits.max_seconds
        with ExitStack() as turn:
            is_our_turn = False
            while True:
                answer = self._answer(deadline)
                if known and "content" in answer:
                    self._tell(known(answer["content"]))
                elif "needs" in answer:
                    if not is_our_turn:
                        turn.enter_context(self._turn)
                        is_our_turn, deadline = True, time.monotonic() + self._limits.max_seconds
                    self._tell(True)
                else:
                    return answer

    def _picture(self, answer: dict[str, Any]) -> DecodedPicture:
        if "bug" in answer:
            raise RuntimeError(f"in the process that reads pictures:\n{answer['bug']}")
        if "rejected" in answer:
            raise RejectedPictureError(answer["rejected"])
        pixels = self._pixels.copy() if answer["decoded"] else None
        return DecodedPicture(answer["picture"], answer["width"], answer["height"], pixels)

    def _start(self) -> None:
        arguments = [json.dumps(dataclasses.asdict(self._limits)), str(self._shared)]
        package = str(Path(__file__).parents[2])
        paths = os.pathsep.join([package, *filter(None, sys.path)])
        environment = os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        try:
            self._running = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise PipelineError(_not_started(error.strerror or str(error))) from error
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_collect, args=(self._running, self._answers), daemon=True).start()
        try:
            self._answer(time.monotonic() + _START_SECONDS, f"it did not answer in {_START_SECONDS:g} s")
        except RejectedPictureError as error:
            raise PipelineError(_not_started(str(error))) from error

    def _tell(self, words: Any) -> None:
        assert self._running is not None
        assert self._running.stdin is not None
        with suppress(OSError):  # it has died: the answer says so
            self._running.stdin.write(json.dumps(words).encode() + b"\n")
            self._running.stdin.flush()

    def _answer(self, deadline: float, late: str = "") -> dict[str, Any]:
        """Return the next answer; RejectedPictureError, and no process is left, if there is none in time."""
        try:
            answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.stop()
            raise RejectedPictureError(
                late or f"too slow to read (more than {self._limits.max_seconds:g} s; see resize.max_seconds)"
            ) from None
        if answer is None:
            code = self._lost()
            self.stop()
            raise RejectedPictureError(_end(code))
        return answer

    def _lost(self) -> int | None:
        """Return the exit code of a process that has closed its answers."""
        assert self._running is not None
        with suppress(subprocess.TimeoutExpired):
            return self._running.wait(timeout=5)
        return None

    def stop(self) -> None:
        """End the process, if there is one; where the system doesn't let it end, it is left behind."""
        running, self._running = self._running, None
        if running is None:
            return
        assert running.stdin is not None
        with suppress(OSError):
            running.stdin.close()
        running.kill()
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=5)


def _collect(process: "subprocess.Popen[bytes]", answers: "queue.SimpleQueue[dict[str, Any] | None]") -> None:
    """Hand on what a process answers, line by line, and None at its end."""
    assert process.stdout is not None
    try:
        with process.stdout as lines:
            for line in lines:
                if line.endswith(b"\n"):  # one that was ended amid a line has said nothing
                    answers.put(json.loads(line))
    finally:
        answers.put(None)


def _end(code: int | None) -> str:
    """Return the reason why a picture is rejected whose reading ended its process."""
    name = signal.Signals(-code).name if code is not None and -code in set(signal.Signals) else f"exit code {code}"
    if name == "SIGKILL":
        return (
            "the system ended the process that read it (SIGKILL), as it does when memory is short: close other "
            "programs and run it again"
        )
    return f"damaged (the decoder crashed on it: {name})"


def _not_started(reason: str) -> str:
    return f"a process to read pictures in can't be started ({reason}): close other programs and run it again"
