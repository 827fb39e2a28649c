"""The commands about copies and about what is unusual."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import Null, check_form, opened, say, show, show_json, show_paths, writing


def duplicates(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    paths: Annotated[
        bool, typer.Option("--paths", help="Print the paths of the pictures that could go, which open from here.")
    ] = False,
    null: Null = False,
    links: Annotated[
        Path | None,
        typer.Option(help="Make this new folder, and in it for each group a folder of links to its pictures."),
    ] = None,
) -> None:
    """Find groups of copies, exact and near, and say which to keep. Nothing is ever deleted.

    With --json, --paths or --links it does not look for copies anew: these tell what was found the last time.
    """
    from pipeline.cli.answers import copies as command

    check_form(as_json=as_json, paths=paths, null=null)
    if not (as_json or paths or links):
        from pipeline.stages.duplicates import duplicates as stage

        say("duplicates", stage(*writing(context)))
        show(command.format_groups(opened(context)[2].duplicates()))
        return
    params, artifacts, folder = opened(context)
    if links:
        command.check_folder(links, params, artifacts)
    groups = folder.duplicates()
    if links:
        say("links", command.save_links(groups, links, folder.dataset))
    if as_json:
        show_json(command.as_json(groups))
    elif paths:
        show_paths(command.spare(groups, artifacts), null=null)


def uniqueness(context: typer.Context) -> None:
    """Rank all pictures by how unusual they are: by their distance to the most similar one that is no copy."""
    from pipeline.stages.uniqueness import uniqueness as stage

    say("uniqueness", stage(*writing(context)))


def unique(
    context: typer.Context,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many pictures to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show the most unusual pictures, as `uniqueness` has ranked them."""
    from pipeline.cli.answers import unique as command

    rows = opened(context)[2].unique(n)
    show_json(command.as_json(rows)) if as_json else show(command.format_rows(rows))
