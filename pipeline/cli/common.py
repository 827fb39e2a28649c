"""What all commands share: the params and artefacts that they were given, and how they speak."""

import typer

from pipeline.artifacts.layout import Artifacts
from pipeline.params import Params, load_params


def given(context: typer.Context) -> tuple[Params, Artifacts]:
    """Return the params and the artefacts that the options before the command name."""
    path, artifacts = context.obj
    return load_params(path), artifacts


def say(stage: str, summary: str) -> None:
    """Write one line about a stage or command to stderr."""
    typer.echo(f"{stage}: {summary}", err=True)
