"""The command that serves a page to search with."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import opened, say
from pipeline.errors import PipelineError
from pipeline.wording import one_line


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but this machine's own needs a token to be asked.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any that is free.")
    ] = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another project, or folder of artefacts, to compare with; can be repeated."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Let other machines ask without a token.")] = False,
) -> None:
    """Serve a page to search with: by pictures of your own, groups, copies, what is unusual, the map, labels."""
    from pipeline.artifacts import Artifacts
    from pipeline.folder.opened import Folder, open_folder
    from pipeline.pictures import Limits

    params, artifacts, folder = opened(context)
    folders = [(_name(artifacts.root), folder)]
    for place in beside or []:
        is_project = (place / "params.yaml").is_file()
        name = _name(place)
        alike = sum(other.partition(" (")[0] == name for other, _ in folders)
        name = f"{name} ({alike + 1})" if alike else name
        folders.append((name, open_folder(place) if is_project else Folder(params, Artifacts(place))))
    try:
        from pipeline.web.serving import serve as command
    except ModuleNotFoundError as error:
        raise PipelineError(
            f"the page needs {error.name}, which isn't installed; install it with `pip install "
            "'image-similarity-pipeline[web]'`, in a clone with `pip install -e '.[web]'`"
        ) from error
    command(
        folders,
        Limits(**vars(params.resize)),
        name=one_line(Path(params.dataset.path).name or params.dataset.path),
        host=host,
        port=port,
        is_insecure=insecure,
        tell=lambda words: say("serve", words),
        show=_open if open_browser else None,
    )


def _open(address: str) -> None:
    typer.launch(address)


def _name(place: Path) -> str:
    """Return how a model is called: as its project's folder, or its folder of artefacts where that is called else."""
    whole = place.absolute()
    return one_line(whole.parent.name if whole.name == "artifacts" else whole.name)
