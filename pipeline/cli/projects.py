"""The commands that make a project beside a folder of pictures, and run the whole line in it."""

import shlex
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import say
from pipeline.errors import ProjectError
from pipeline.wording import duration, one_line

if TYPE_CHECKING:
    from pipeline.projects.running import Progress

_At = Annotated[
    Path | None,
    typer.Option(help="The folder to make the project in; by default NAME-similar, here, NAME being that of FOLDER."),
]
_Labels = Annotated[
    str | None,
    typer.Option(
        help="The labels of the pictures: folders, each of which is a label; a CSV file with the columns path,label; "
        "or none, which is the default."
    ),
]
_Set = Annotated[
    list[str] | None, typer.Option("--set", help="Another value for params.yaml, as train.epochs=5; can be repeated.")
]


def init(
    pictures: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of pictures.")],
    at: _At = None,
    labels: _Labels = None,
    changes: _Set = None,
) -> None:
    """Make a project for a folder of pictures, and run nothing yet: params.yaml, dvc.yaml, and what git and DVC need.

    Nothing is ever written among the pictures.
    """
    from pipeline.projects.making import default_place, make, parsed_changes

    pictures = pictures.expanduser()
    place = at.expanduser() if at else default_place(pictures)
    make(pictures, place, labels=labels, changes=parsed_changes(changes or []))
    name = shlex.quote(str(place))
    say("init", f"{one_line(place)} is ready; `cd {name} && dvc repro` does everything, as does `pipeline run`")


def run(
    pictures: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of pictures.")],
    at: _At = None,
    labels: _Labels = None,
    changes: _Set = None,
) -> None:
    """Do everything for a folder of pictures: make a project if there is none yet, and run all stages in it.

    What is done already isn't done again. The stages are run by DVC, a tool that keeps what they make and
    runs those for which something has changed. Nothing is ever written among the pictures.
    """
    from pipeline.artifacts import Artifacts
    from pipeline.projects import running
    from pipeline.projects.making import change, default_place, is_project, make, parsed_changes
    from pipeline.stages.scan import list_dataset

    pictures = pictures.expanduser()
    place = at.expanduser() if at else default_place(pictures)
    wanted = parsed_changes(changes or [])
    if not is_project(place):
        params = make(pictures, place, labels=labels, changes=wanted)
        say("run", f"made the project {one_line(place)}")
    else:
        params = change(place, labels=labels, changes=wanted)
        if Path(params.dataset.path).resolve() != pictures.resolve():
            raise ProjectError(
                f"{one_line(place)} is a project of {one_line(params.dataset.path)}, not of {one_line(pictures)}; name "
                "another place with --at"
            )
    count = len(list_dataset(params.dataset, Artifacts(place / "artifacts")).files)
    foreseen = running.foreseen_seconds(params, count)
    took = f"all stages take {duration(sum(foreseen.values()))} on two cores"
    say("run", f"{count:,} files; {took}; what is done already is not done again")
    seconds = _through_the_line("run", place, foreseen)
    say("run", f"done in {duration(seconds)}; the report is {_page(place)}")


def update(
    at: Annotated[Path, typer.Option(help="The folder of the project.")] = Path("."),
) -> None:
    """Bring everything up to date with a folder in which pictures came, went, moved or were edited.

    Only what changed is done. The network is trained again only if the folder has become another one (train.refresh).
    """
    from pipeline.artifacts import Artifacts
    from pipeline.params import load_params
    from pipeline.projects import running
    from pipeline.projects.changes import changes, pictures_of, read_decision
    from pipeline.projects.making import is_project
    from pipeline.stages.scan import list_dataset

    place = at.expanduser()
    if not is_project(place):
        raise ProjectError(
            f"{one_line(place)} is no project: params.yaml and dvc.yaml are not there; name one with --at, or make one "
            "with `pipeline run FOLDER`"
        )
    artifacts, params = Artifacts(place / "artifacts"), load_params(place / "params.yaml")
    count = len(list_dataset(params.dataset, artifacts).files)  # a folder that is missing is said at once
    then, decided = pictures_of(artifacts.index), read_decision(artifacts.refresh)
    seconds = _through_the_line("update", place, running.foreseen_seconds(params, 0 if then else count))
    came = changes(then, pictures_of(artifacts.index)).words() if then else "everything is new"
    trained = "" if read_decision(artifacts.refresh) == decided else "; the network was trained anew"
    say("update", f"{came}{trained}; done in {duration(seconds)}; the report is {_page(place)}")


def _through_the_line(command: str, place: Path, foreseen: dict[str, float]) -> float:
    """Run the line of a project, and return the seconds that it took."""
    from pipeline.projects import running

    started = time.monotonic()
    # All as Ctrl-C, which a shell takes from what it runs beside itself: the stage that runs must not outlive this.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with closing(_Line(command)) as line:
            running.run(place, foreseen, tell=line.tell)
    except KeyboardInterrupt:
        say(command, "interrupted; the same command goes on from here, a training after its last whole epoch")
        raise typer.Exit(130) from None
    return time.monotonic() - started


def _page(place: Path) -> str:
    return one_line(place / "artifacts" / "report" / "index.html")


class _Line:
    """The one line that says how far it is: rewritten in place on a terminal, else written for each stage."""

    def __init__(self, command: str) -> None:
        from tqdm import tqdm

        self._command = command

        self._bar = tqdm(bar_format="{desc}", leave=False, disable=not sys.stderr.isatty())
        self._stage = ""

    def tell(self, progress: "Progress") -> None:
        """Show which stage runs, and how long the rest will take."""
        if not progress.stage:
            return
        words = f"stage {progress.number} of {len(progress.stages)}, {progress.stage}"
        if not self._bar.disable:
            self._bar.set_description_str(f"{words}; {duration(progress.seconds_left)} left")
        elif progress.stage != self._stage:
            say(self._command, f"{words}; {duration(progress.seconds_left)} left")
        self._stage = progress.stage

    def close(self) -> None:
        """Remove the line from the terminal."""
        self._bar.close()
