"""Runs the whole line of a project by DVC, and says how far it has come and how long it will still take."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.errors import ProjectError
from pipeline.params import Params, schedule
from pipeline.projects.making import LINE
from pipeline.wording import one_line

LOG = "run.log"
_STARTED = re.compile(r"^Running stage '(\w+)'")
_SPARED = re.compile(r"^Stage '(\w+)' (?:didn't change|is cached)")
_TOLD = 12  # last lines of the log that are told of a failure, at most
_SURE = 30.0  # seconds of foreseen work after which this machine's own pace counts as much as the foreseen one
_TURN = 0.5  # seconds between two looks at the clock

Tell = Callable[["Progress"], None]

# Seconds that a stage takes on two cores: to begin, and for each picture; measured on 499 and 8,677 pictures.
_SECONDS = {
    "code": (1, 0), "sample": (1, 0), "scan": (2, 0.0001), "resize": (3, 0.003), "refresh": (1, 0),
    "train": (25, 0.002), "encoder": (20, 0.02), "embed": (1, 0.005), "neighbours": (2, 0.0005),
    "groups": (4, 0.004), "map": (4, 0.006), "duplicates": (7, 0.025), "uniqueness": (5, 0.001),
    "tolerance": (18, 0), "evaluate": (15, 0.05), "report": (4, 0.001),
}  # fmt: skip
_STEP, _PICTURE_OF_A_STEP = 0.12, 0.006  # seconds of a training step, and of each picture in it


@dataclass
class Progress:
    """How far a run has come.

    Attributes
    ----------
    stages : list of str
        All of them, in their order.
    foreseen : dict of str to float
        The seconds that each will take on a machine of two cores.
    stage : str
        The one that runs, or ran last.
    number : int
        Its place, from 1.
    """

    stages: list[str]
    foreseen: dict[str, float]
    stage: str = ""
    number: int = 0
    _done: dict[str, float] = field(default_factory=dict)
    _since: float = 0.0

    @property
    def seconds_left(self) -> float:
        """How long the rest will take, by what was foreseen, and by the pace of this machine so far."""
        done = sum(self.foreseen[name] for name in self._done)
        pace = (sum(self._done.values()) + _SURE) / (done + _SURE)
        ahead = sum(self.foreseen[name] for name in self.stages[self.number :])
        running = self.foreseen[self.stage] if self.stage and self.stage not in self._done else 0.0
        spent = time.monotonic() - self._since if running else 0.0
        return max(pace * running - spent, 0.0) + pace * ahead

    def begin(self, stage: str) -> None:
        """Note that a stage begins, and so the one before has ended."""
        self.end()
        self.stage, self.number, self._since = stage, self.stages.index(stage) + 1, time.monotonic()

    def spare(self, stage: str) -> None:
        """Note that nothing of a stage has changed."""
        self.end()
        self.stage, self.number, self.foreseen[stage] = stage, self.stages.index(stage) + 1, 0.0
        self._done[stage] = 0.0

    def end(self) -> None:
        """Note that the stage that runs has ended, and how long it took."""
        if self.stage and self.stage not in self._done:
            self._done[self.stage] = time.monotonic() - self._since


def foreseen_seconds(params: Params, num_pictures: int) -> dict[str, float]:
    """Return the seconds that each stage will take on two cores, to begin with."""
    seconds = {stage: start + each * num_pictures for stage, (start, each) in _SECONDS.items()}
    if params.encoder.is_trained and num_pictures:
        batch = schedule.batch_size(params.train, num_pictures)
        steps = schedule.epochs(params.train, num_pictures, on_gpu=False) * -(-num_pictures // batch)
        seconds["train"] += steps * (_STEP + _PICTURE_OF_A_STEP * min(batch, num_pictures))
    return seconds


def run(place: Path, foreseen: dict[str, float], *, tell: Tell) -> None:
    """Run `dvc repro` in a project; what it says goes into a log, and `tell` is told of progress twice a second.

    `foreseen` are the seconds that stages will take.

    Raises
    ------
    ProjectError
        If a stage fails, with the last that it said.
    """
    stages = list(YAML(typ="safe").load(place / LINE)["stages"])
    progress = Progress(stages, {stage: foreseen.get(stage, 10.0) for stage in stages})
    log = place / LOG
    with log.open("wb") as file:
        running = subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=place, env=_environment(), stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            _watch(running, log, progress, tell)
        except BaseException:
            os.killpg(running.pid, signal.SIGINT)  # DVC and the stage that it runs, as Ctrl-C does
            running.wait()
            raise
    if running.returncode:
        raise ProjectError(_failure(log))


def _environment() -> dict[str, str]:
    """Return the environment in which `python` is the one that runs this."""
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(filter(None, paths))}


def _watch(running: "subprocess.Popen[bytes]", log: Path, progress: Progress, tell: Tell) -> None:
    """Follow the log until the process ends."""
    ended = False
    with whole_lines(log) as read:
        while not ended:
            ended = running.poll() is not None
            for line in read():
                if found := _STARTED.match(line):
                    progress.begin(found[1])
                elif found := _SPARED.match(line):
                    progress.spare(found[1])
            tell(progress)
            if not ended:
                time.sleep(_TURN)
    progress.end()


@contextmanager
def whole_lines(log: Path) -> Iterator[Callable[[], list[str]]]:
    """Give what returns the lines that a growing file has had since it was last asked, once they are whole."""
    with log.open("rb") as file:
        rest = b""

        def read() -> list[str]:
            nonlocal rest
            *lines, rest = (rest + file.read()).split(b"\n")
            return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

        yield read


def _failure(log: Path) -> str:
    """Return what went wrong: the last error that a stage has told, or the end of the log."""
    last: deque[str] = deque(maxlen=_TOLD)
    error = ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in (part for whole in lines for part in whole.split("\r")):
            if line.strip():
                last.append(line.rstrip())
            if line.startswith("error: "):
                error = line.removeprefix("error: ").strip()
    what = error or "; ".join(last) or "DVC said nothing"
    return f"{what}\nThe whole log is {one_line(log)}; once that is mended, the same command goes on"
