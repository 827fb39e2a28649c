"""What all commands share: the params and artefacts that they were given, and how they speak."""

from collections.abc import Sequence
from typing import Annotated

import typer

from pipeline.artifacts.layout import Artifacts
from pipeline.params import Params, load_params
from pipeline.wording import one_line

Force = Annotated[bool, typer.Option("--force", help="Replace files of these names that are there already.")]

_SKIPPED = 10  # files that can't be used and are named, at most


def given(context: typer.Context) -> tuple[Params, Artifacts]:
    """Return the params and the artefacts that the options before the command name."""
    path, artifacts = context.obj
    return load_params(path), artifacts


def say(stage: str, summary: str) -> None:
    """Write one line about a stage or command to stderr."""
    typer.echo(f"{stage}: {summary}", err=True)


def say_skipped(reasons: Sequence[str]) -> None:
    """Write to stderr which files can't be used and why, a line each; of many the first few, and how many more."""
    for reason in reasons[:_SKIPPED]:
        say("skipped", one_line(reason))
    if len(reasons) > _SKIPPED:
        say("skipped", f"and {len(reasons) - _SKIPPED:,} more")
