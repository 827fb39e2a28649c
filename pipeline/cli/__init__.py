"""The command line: arguments, help, messages. Each command imports what it needs inside itself, so that
`--help` and cached queries load neither TensorFlow nor anything else that is slow."""

import enum
import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.artifacts.layout import Artifacts
from pipeline.cli import comparing, copies, projects, serving, stages
from pipeline.cli.common import Force, Null, check_form, show, show_json, show_paths
from pipeline.cli.common import given as _given
from pipeline.cli.common import opened as _opened
from pipeline.cli.common import say as _say
from pipeline.cli.common import writing as _writing

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # so that a PipelineError reaches main()
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Finds what looks alike in a folder of pictures, with an autoencoder trained on those pictures.",
    epilog="Example: pipeline run ~/photos, then in the project: pipeline query img.jpg --n 10",
)


_BEGIN, _STAGES, _ASK = (
    "Begin here",
    "Stages, which `pipeline run` and DVC run",
    "Questions, once they have run",
)


class Mode(enum.StrEnum):
    """How a query is answered: from the sorted lists, by the encoder, or from the lists where they know it."""

    auto = "auto"
    cached = "cached"
    fresh = "fresh"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _global(
    context: typer.Context,
    params: Annotated[Path, typer.Option(help="The file that holds all settings.")] = Path("params.yaml"),
    artifacts: Annotated[Path, typer.Option(help="The folder of artefacts: what the stages make.")] = Path("artifacts"),
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    context.obj = (params, Artifacts(artifacts))


app.command(epilog="Example: pipeline run ~/photos --at photos-similar", rich_help_panel=_BEGIN)(projects.run)
app.command(epilog="Example: pipeline update --at photos-similar", rich_help_panel=_BEGIN)(projects.update)
app.command(epilog="Example: pipeline init ~/photos --set train.epochs=30", rich_help_panel=_BEGIN)(projects.init)


_stage = partial(app.command, rich_help_panel=_STAGES)
_stage(epilog="Example: pipeline code")(stages.code)
_stage(epilog="Example: pipeline sample")(stages.sample)
_stage(epilog="Example: pipeline scan")(stages.scan)
_stage(epilog="Example: pipeline resize")(stages.resize)
_stage(epilog="Example: pipeline refresh")(stages.refresh)
_stage(epilog="Example: pipeline train --resume")(stages.train)
_stage(epilog="Example: pipeline encoder")(stages.encoder)
_stage(epilog="Example: pipeline embed")(stages.embed)
_stage(epilog="Example: pipeline neighbours")(stages.neighbours)
_stage(epilog="Example: pipeline groups")(stages.groups)
_stage("map", epilog="Example: pipeline map")(stages.draw_map)
_stage(epilog="Example: pipeline duplicates --links copies")(copies.duplicates)
_stage(epilog="Example: pipeline uniqueness")(copies.uniqueness)
_stage(epilog="Example: pipeline tolerance")(comparing.tolerance)
_stage(epilog="Example: pipeline evaluate --json")(stages.evaluate)
_stage(epilog="Example: pipeline report")(stages.report)
app.command(epilog="Example: pipeline serve --open", rich_help_panel=_ASK)(serving.serve)
app.command(epilog="Example: pipeline unique --n 20", rich_help_panel=_ASK)(copies.unique)


@app.command(epilog="Example: pipeline query img.jpg --n 10 --sheet found.png", rich_help_panel=_ASK)
def query(
    context: typer.Context,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE", help="Pictures or folders of pictures.")],
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many pictures to find.")] = 10,
    mode: Annotated[
        Mode,
        typer.Option(
            help="cached: answer from the sorted lists; fresh: encode the picture; auto: cached if the folder has it."
        ),
    ] = Mode.auto,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each query.")] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Print nothing but paths, which open from here.")] = False,
    null: Null = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write what was found as one picture, a contact sheet, to this file.")
    ] = None,
    copy_to: Annotated[Path | None, typer.Option(help="Copy the pictures that were found into this folder.")] = None,
    force: Force = False,
) -> None:
    """Find the pictures of the folder that look most like the given ones, which need not be in the folder."""
    from pipeline.cli.answers import query as command
    from pipeline.errors import QueryError
    from pipeline.folder.answers import Answer
    from pipeline.wording import one_line

    check_form(as_json=as_json, paths=paths, null=null)
    params, artifacts, folder = _opened(context)
    answers, answered = [], False
    sheet_file = copies = None
    if sheet or copy_to:
        from pipeline.cli.answers.outputs import SHEETS, open_door

        door = open_door(params, artifacts, force=force)
        sheet_file = door.file(sheet, "--sheet", SHEETS) if sheet else None
        copies = door.folder(copy_to, "--copy-to") if copy_to else None

    def print_out(answer: Answer) -> None:
        if as_json:
            show_json(json.dumps(answer.as_json(), ensure_ascii=False))
        elif paths:
            show_paths(command.places(answer, folder), null=null)
        else:
            show(command.format_answer(answer))

    for question in command.expand(images, folder.dataset, artifacts):
        try:
            picture = folder.given(question.checked())
            answer = folder.query(picture, n, mode.value, unusual=True)
        except QueryError as error:
            if question.named and len(images) == 1:
                raise
            _say("skipped", one_line(str(error)))
            continue
        if sheet_file or copies:
            answers.append((answer, picture))
        else:
            print_out(answer)
        answered = True
    if not answered:
        raise QueryError(f"nothing to ask for in {one_line(', '.join(images))}; give pictures that can be read")
    if sheet_file:
        note = command.save_sheet(answers, sheet_file, folder)
        if note:
            _say("query", f"the sheet shows {note}")
    if copies:
        command.copy_results(answers, copies, folder.dataset)
    for answer, _ in answers:  # what can't be written is said before any answer
        print_out(answer)


@app.command(epilog="Example: pipeline atlas --out atlas.parquet", rich_help_panel=_ASK)
def atlas(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    force: Force = False,
) -> None:
    """Write the map, neighbours and thumbnails as a table that the program `embedding-atlas` opens."""
    from pipeline.cli.answers.atlas import atlas as command
    from pipeline.cli.answers.outputs import open_door

    params, artifacts = _given(context)
    file = open_door(params, artifacts, force=force).file(out, "--out", (".parquet",))
    _say("atlas", command(params, artifacts, file))


app.command(epilog="Example: pipeline compare one.jpg other.jpg --sheet differences.png", rich_help_panel=_ASK)(
    comparing.compare
)
app.command(epilog="Example: pipeline label examples.csv", rich_help_panel=_ASK)(comparing.label)


@app.command(epilog="Example: pipeline matrix --out similarity.npy", rich_help_panel=_ASK)
def matrix(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The .npy file to write; of N pictures it has 4 N^2 bytes.")],
    force: Force = False,
) -> None:
    """Write the similarity of every picture with every other: a matrix of N x N numbers, float32."""
    from pipeline.cli.answers.matrix import matrix as command
    from pipeline.cli.answers.outputs import open_door

    params, artifacts = _given(context)
    file = open_door(params, artifacts, force=force).file(out, "--out", (".npy",))
    _say("matrix", command(artifacts, file))


benchmark = typer.Typer(
    no_args_is_help=True, help="Measure how many numbers the similarity needs, and how fast it is searched."
)
app.add_typer(benchmark, name="benchmark", epilog="Example: pipeline benchmark dimensions", rich_help_panel=_ASK)


@benchmark.command(epilog="Example: pipeline benchmark dimensions")
def dimensions(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure agreement with labels, and time, with embeddings cut to 1, 2, 3, ... 200 numbers by PCA; with a plot."""
    from pipeline.cli.answers import dimensions as command

    table = command.dimensions(*_writing(context))
    show_json(command.as_json(table)) if as_json else show(command.format_table(table))
    _say("benchmark dimensions", f"plot in {command.save_plot(table, context.obj[1])}")


@benchmark.command(epilog="Example: pipeline benchmark search")
def search(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure how fast exact search, search after PCA, FAISS and Annoy are, and how much they find; with a plot."""
    from pipeline.cli.answers import search as command

    table = command.search(_writing(context)[1])
    show_json(command.as_json(table)) if as_json else show(command.format_table(table))
    _say("benchmark search", f"plot in {command.save_plot(table, context.obj[1])}")
