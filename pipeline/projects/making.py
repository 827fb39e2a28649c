"""Makes a project: a new folder that holds params.yaml, dvc.yaml and what git and DVC need."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.artifacts import replaced, unwritable
from pipeline.closure import PACKAGE
from pipeline.errors import DatasetError, ParamsError, ProjectError
from pipeline.params import Params, load_params
from pipeline.wording import one_line

PARAMS, LINE = "params.yaml", "dvc.yaml"
_LINE_HERE = PACKAGE / "projects" / "line.yaml"
_IGNORED = "# DVC keeps what lies in artifacts; run.log is what the last run has said.\n/artifacts/\n/run.log\n"


def default_place(pictures: Path) -> Path:
    """Return where a project is made if nobody says where: here, under the name of the pictures' folder."""
    return Path(f"{pictures.absolute().name or 'pictures'}-similar")


def is_project(place: Path) -> bool:
    """Return whether a folder is a project: whether it holds params.yaml and dvc.yaml."""
    return (place / PARAMS).is_file() and (place / LINE).is_file()


def make(pictures: Path, place: Path, *, labels: str | None, changes: Mapping[str, str]) -> Params:
    """Make a project in a new or empty folder.

    Parameters
    ----------
    pictures
        The folder of pictures; nothing is ever written there.
    place
        The folder to make.
    labels
        What is known of the pictures: "folders", "none" or a CSV file; None is "none".
    changes
        Dotted names of params and their values, as they would be written in the file.

    Raises
    ------
    DatasetError
        If there is no such folder of pictures.
    ParamsError
        If a value is wrong.
    ProjectError
        If the place holds something, lies among the pictures, or can't be written.
    """
    _check(pictures, place)
    own = {"dataset.path": _quoted(os.path.abspath(pictures)), **_labels(labels or "none")}
    text = changed_text(_template(), {**own, **changes})
    try:
        place.mkdir(parents=True, exist_ok=True)
        params = _written(place / PARAMS, text)
        shutil.copyfile(_LINE_HERE, place / LINE)
        (place / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{unwritable(place, error)}; name another place with --at") from error
    _begin(place)
    return params


def change(place: Path, *, labels: str | None, changes: Mapping[str, str]) -> Params:
    """Change values of a project's params.yaml, whose comments stay; return them all.

    Parameters
    ----------
    place
        The folder of the project.
    labels, changes
        As `make` takes them; None and none leave what is there.

    Raises
    ------
    ParamsError
        If a value is wrong; then nothing is changed.
    """
    file = place / PARAMS
    wanted = {**(_labels(labels) if labels else {}), **changes}
    return _written(file, changed_text(file.read_text(encoding="utf-8"), wanted)) if wanted else load_params(file)


def changed_text(text: str, changes: Mapping[str, str]) -> str:
    """Return the text of a params.yaml with other values at dotted names; ParamsError for a name that it lacks."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    try:
        values = yaml.load(text)
        for name, value in changes.items():
            section, _, key = name.partition(".")
            if section not in values or not isinstance(values[section], dict) or key not in values[section]:
                raise ParamsError(f"{name}: there is no such param; write it as in params.yaml, as train.epochs=5")
            values[section][key] = YAML(typ="safe").load(value)
    except YAMLError as error:
        raise ParamsError(f"params.yaml, or a value for it, can't be read as YAML: {error}; mend it") from error
    changed = io.StringIO()
    yaml.dump(values, changed)
    return changed.getvalue()


def parsed_changes(given: Sequence[str]) -> dict[str, str]:
    """Return names and values of what is written as `train.epochs=5`; ParamsError if it isn't."""
    pairs = [one.partition("=") for one in given]
    wrong = [one for one, (name, equals, value) in zip(given, pairs, strict=True) if not (name and equals and value)]
    if wrong:
        raise ParamsError(f"--set {wrong[0]}: expected a name and a value, as train.epochs=5")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _check(pictures: Path, place: Path) -> None:
    if not pictures.is_dir():
        raise DatasetError(f"{one_line(pictures)}: there is no such folder; give the folder of your pictures")
    real, target = Path(os.path.realpath(pictures)), Path(os.path.realpath(place))
    if target.is_relative_to(real):
        raise ProjectError(
            f"{one_line(place)} lies among the pictures, where nothing is ever written; name a place elsewhere "
            "with --at"
        )
    if is_project(place):
        raise ProjectError(f"{one_line(place)} is a project already: `pipeline run` goes on with it")
    if place.is_dir() and any(place.iterdir()):
        raise ProjectError(f"{one_line(place)} is there and not empty; name a new folder with --at")


def _labels(labels: str) -> dict[str, str]:
    """Return the param of what is known of the pictures; a table is found from where one stands."""
    known = labels if labels in ("folders", "none") else os.path.abspath(os.path.expanduser(labels))
    return {"dataset.labels": _quoted(known)}


def _quoted(text: str) -> str:
    """Return a text as YAML reads it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


def _template() -> str:
    return (PACKAGE / "projects" / PARAMS).read_text(encoding="utf-8")


def _written(file: Path, text: str) -> Params:
    """Write params.yaml, unless a value is wrong."""
    with replaced(file) as path:
        path.write_text(text, encoding="utf-8")
        return load_params(path)


def _begin(place: Path) -> None:
    """Let git, where it is there, and DVC begin in a project."""
    git = shutil.which("git")
    top = _run([git, "rev-parse", "--show-toplevel"], place) if git else None
    if git and not top and _run([git, "init", "-q"], place) is not None:
        top = str(place)
    options = ["--no-scm"] if not top else [] if os.path.samefile(top, place) else ["--subdir"]
    for command in (["init", "-q", *options], ["config", "core.analytics", "false"]):
        if _run([sys.executable, "-m", "dvc", *command], place) is None:
            raise ProjectError(f"{one_line(place)}: `dvc init` failed; run it there yourself to see why")


def _run(command: list[str], place: Path) -> str | None:
    """Return what a command prints in a folder; None if it fails."""
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}  # `dvc init` reports its use before it can be told not to
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
