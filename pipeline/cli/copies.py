"""The commands about copies and about what is unlike all others."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import say, show, show_json, writing


def duplicates(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    links: Annotated[
        Path | None, typer.Option(help="Make a folder of links for each group in this new folder.")
    ] = None,
) -> None:
    """Find groups of copies, exact and near, and say which to keep. Nothing is ever deleted."""
    from pipeline.commands import copies as command
    from pipeline.stages.duplicates import duplicates as stage

    params, artifacts = writing(context)
    if links:
        command.check_folder(links, params, artifacts)
    say("duplicates", stage(params, artifacts))
    groups = command.read_groups(artifacts)
    show_json(command.as_json(groups)) if as_json else show(command.format_groups(groups))
    if links:
        say("links", command.save_links(groups, links, artifacts))


def uniqueness(context: typer.Context) -> None:
    """Rank all pictures by their distance to the most similar one that is no copy of theirs."""
    from pipeline.stages.uniqueness import uniqueness as stage

    say("uniqueness", stage(*writing(context)))


def unique(
    context: typer.Context,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show the pictures that are most unlike all others, by what `uniqueness` wrote."""
    from pipeline.commands import unique as command

    rows = command.most_unique(context.obj[1], count=n)
    show_json(command.as_json(rows)) if as_json else show(command.format_rows(rows))
