"""What all commands share: the params and artefacts that they were given, and how they speak.

Nothing else writes to the terminal. What it can't print, as an ESC in the name of a file, is written as an escape.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.artifacts import Artifacts, claimed
from pipeline.params import Params, load_params
from pipeline.wording import one_line, printable

if TYPE_CHECKING:
    from pipeline.folder.opened import Folder

Force = Annotated[bool, typer.Option("--force", help="Replace files of these names that are there already.")]
Null = Annotated[
    bool, typer.Option("--null", "-0", help="With --paths: end each with a null character, for `xargs -0`.")
]

_SKIPPED = 10  # files that can't be used and are named, at most


def given(context: typer.Context, *, begins: bool = False) -> tuple[Params, Artifacts]:
    """Return the params and the artefacts that the options before the command name.

    Unless the command begins the line, and so reads no artefacts, they must be of the folder that the params name:
    else an answer would be about another folder, without a word.
    """
    from pipeline.folder.state import open_own_index

    path, artifacts = context.obj
    params = load_params(path)
    if not begins and artifacts.index.is_file():
        with open_own_index(params, artifacts):
            pass
    return params, artifacts


def opened(context: typer.Context) -> tuple[Params, Artifacts, "Folder"]:
    """Return the same, and the folder that can be asked."""
    from pipeline.folder.opened import Folder

    path, artifacts = context.obj
    params = load_params(path)
    return params, artifacts, Folder(params, artifacts)


def writing(context: typer.Context, *, begins: bool = False) -> tuple[Params, Artifacts]:
    """Return the same for a command that writes artefacts: their folder is its own until it ends."""
    params, artifacts = given(context, begins=begins)
    context.with_resource(claimed(artifacts))
    return params, artifacts


def check_form(*, as_json: bool, paths: bool, null: bool) -> None:
    """Refuse options about what is printed that contradict each other."""
    if as_json and paths:
        raise typer.BadParameter("--json and --paths each say what is printed; give one of them")
    if null and not paths:
        raise typer.BadParameter("--null ends each of the --paths; give both")


def show(text: str) -> None:
    """Write an answer to stdout, of one line or more."""
    print(printable(text), flush=True)


def show_json(text: str) -> None:
    """Write a line of JSON to stdout, with JSON's own escapes for what can't be printed or encoded."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(letter if _is_written(letter) else _escaped(letter) for letter in text)
    print(text, flush=True)


def show_paths(paths: Iterable[Path], *, null: bool) -> None:
    """Write paths to stdout byte for byte, for other programs; to a terminal in letters that can be printed.

    One that begins with a dash gets its folder in front, so that no program takes it for an option.
    """
    names = [f"./{path}" if str(path).startswith("-") else str(path) for path in paths]
    if sys.stdout.isatty() and not null:
        for name in names:
            show(one_line(name))
        return
    end = b"\0" if null else b"\n"
    sys.stdout.buffer.write(b"".join(os.fsencode(name) + end for name in names))
    sys.stdout.flush()


def say(stage: str, summary: str) -> None:
    """Write one line about a stage or command to stderr."""
    print(printable(f"{stage}: {summary}"), file=sys.stderr, flush=True)


def say_skipped(reasons: Sequence[str]) -> None:
    """Write to stderr which files can't be used and why, a line each; of many the first few, and how many more."""
    for reason in reasons[:_SKIPPED]:
        say("skipped", one_line(reason))
    if len(reasons) > _SKIPPED:
        say("skipped", f"and {len(reasons) - _SKIPPED:,} more")


def _is_written(letter: str) -> bool:
    try:
        letter.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return letter.isprintable()


def _escaped(letter: str) -> str:
    return "".join(f"\\u{unit}" for unit in letter.encode("utf-16-be", "surrogatepass").hex(" ", 2).split())
