"""The command line: arguments, help, messages. Each command imports what it needs inside itself, so that
`--help` and cached queries load neither TensorFlow nor anything else that is slow."""

import enum
import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.artifacts.layout import Artifacts
from pipeline.cli import copies, projects, questions
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


@app.command(epilog="Example: pipeline code", rich_help_panel=_STAGES)
def code(context: typer.Context) -> None:
    """Write down which code each stage runs, so that DVC runs again the stages whose code has changed."""
    from pipeline.stages.code import code as stage

    _say("code", stage(_writing(context, begins=True)[1]))


@app.command(epilog="Example: pipeline sample", rich_help_panel=_STAGES)
def sample(context: typer.Context) -> None:
    """Grow the sample: pictures of snow crystals, with copies and a stranger planted among them."""
    from pipeline.stages.sample import sample as stage

    _say("sample", stage(*_writing(context, begins=True)))


@app.command(epilog="Example: pipeline scan", rich_help_panel=_STAGES)
def scan(context: typer.Context) -> None:
    """List the files of the folder of pictures, so that DVC sees whether some were added, removed or changed."""
    from pipeline.stages.scan import scan as stage

    _say("scan", stage(*_writing(context, begins=True)))


@app.command(epilog="Example: pipeline resize", rich_help_panel=_STAGES)
def resize(context: typer.Context) -> None:
    """Read every picture, make it 256x256 pixels in RGB, and list which files were rejected and why."""
    from pipeline.stages.resize import resize as stage

    _say("resize", stage(*_writing(context, begins=True)))


@app.command(epilog="Example: pipeline refresh", rich_help_panel=_STAGES)
def refresh(context: typer.Context) -> None:
    """Decide whether the folder has changed so much that the network is to be trained anew."""
    from pipeline.stages.refresh import refresh as stage

    _say("refresh", stage(*_writing(context)))


@app.command(epilog="Example: pipeline train --resume", rich_help_panel=_STAGES)
def train(
    context: typer.Context,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on after the last whole epoch, a look at every picture, of the last training."
        ),
    ] = False,
) -> None:
    """Train the autoencoder, the network that learns what your pictures show, on the resized pictures."""
    from pipeline.stages.train import train as stage

    try:
        summary = stage(*_writing(context), resume=resume)
    except KeyboardInterrupt:
        _say("train", "interrupted; the best model so far is kept; go on with `pipeline train --resume`")
        raise typer.Exit(130) from None
    _say("train", summary)


@app.command(epilog="Example: pipeline encoder", rich_help_panel=_STAGES)
def encoder(context: typer.Context) -> None:
    """Make the encoder file of the trained network, and of what is learnt without training."""
    from pipeline.stages.encoder import encoder as stage

    _say("encoder", stage(*_writing(context)))


@app.command(epilog="Example: pipeline embed", rich_help_panel=_STAGES)
def embed(context: typer.Context) -> None:
    """Compute each picture's embedding with the encoder file: numbers to compare it by."""
    from pipeline.stages.embed import embed as stage

    _say("embed", stage(*_writing(context)))


@app.command(epilog="Example: pipeline neighbours", rich_help_panel=_STAGES)
def neighbours(context: typer.Context) -> None:
    """Find the most similar others of each picture, and keep them as sorted lists."""
    from pipeline.stages.neighbours import neighbours as stage

    _say("neighbours", stage(*_writing(context)))


@app.command(epilog="Example: pipeline groups", rich_help_panel=_STAGES)
def groups(context: typer.Context) -> None:
    """Split the pictures into groups of similar ones, by K-medoids, and make a folder for each group."""
    from pipeline.stages.groups import groups as stage

    _say("groups", stage(*_writing(context)))


@app.command("map", epilog="Example: pipeline map", rich_help_panel=_STAGES)
def draw_map(context: typer.Context) -> None:
    """Place every picture on a map, near to those that it is like: as points, and as thumbnails without overlap."""
    from pipeline.stages.map import draw_map as stage

    _say("map", stage(*_writing(context)))


app.command(epilog="Example: pipeline duplicates --links copies", rich_help_panel=_STAGES)(copies.duplicates)
app.command(epilog="Example: pipeline uniqueness", rich_help_panel=_STAGES)(copies.uniqueness)
app.command(epilog="Example: pipeline unique --n 20", rich_help_panel=_ASK)(copies.unique)


@app.command(epilog="Example: pipeline evaluate --json", rich_help_panel=_STAGES)
def evaluate(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    encoder: Annotated[
        list[Path] | None, typer.Option(help="An encoder.onnx to measure beside the model; can be repeated.")
    ] = None,
) -> None:
    """Say whether the model can be trusted: whether it beats simple methods.

    It is asked how well its neighbours agree with the labels, if there are any, and how often it finds a picture again
    from another view of it.
    """
    from pipeline.stages.evaluate import evaluate as stage
    from pipeline.stages.evaluate import format_table

    table = stage(*_writing(context), others=encoder or [])
    if "classes" not in table:
        _say(
            "evaluate",
            "there are no labels to measure by: dataset.labels gives fewer than two, or none that two pictures have",
        )
    show_json(json.dumps(table)) if as_json else show(format_table(table))


@app.command(epilog="Example: pipeline report", rich_help_panel=_STAGES)
def report(context: typer.Context) -> None:
    """Put everything that was found on one page that opens from the disk: report/index.html."""
    from pipeline.stages.report import report as stage

    _say("report", stage(*_writing(context)))


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
    from pipeline.commands import query as command
    from pipeline.errors import QueryError
    from pipeline.folder.answers import Answer
    from pipeline.wording import one_line

    check_form(as_json=as_json, paths=paths, null=null)
    params, artifacts, folder = _opened(context)
    answers, answered = [], False
    sheet_file = copies = None
    if sheet or copy_to:
        from pipeline.commands.outputs import SHEETS, open_door

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
    from pipeline.commands.atlas import atlas as command
    from pipeline.commands.outputs import open_door

    params, artifacts = _given(context)
    file = open_door(params, artifacts, force=force).file(out, "--out", (".parquet",))
    _say("atlas", command(params, artifacts, file))


app.command(epilog="Example: pipeline tolerance", rich_help_panel=_STAGES)(questions.tolerance)
app.command(epilog="Example: pipeline compare one.jpg other.jpg --sheet differences.png", rich_help_panel=_ASK)(
    questions.compare
)
app.command(epilog="Example: pipeline label examples.csv", rich_help_panel=_ASK)(questions.label)


@app.command(epilog="Example: pipeline matrix --out similarity.npy", rich_help_panel=_ASK)
def matrix(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The .npy file to write; of N pictures it has 4 N^2 bytes.")],
    force: Force = False,
) -> None:
    """Write the similarity of every picture with every other: a matrix of N x N numbers, float32."""
    from pipeline.commands.matrix import matrix as command
    from pipeline.commands.outputs import open_door

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
    from pipeline.commands import dimensions as command

    table = command.dimensions(*_writing(context))
    show_json(command.as_json(table)) if as_json else show(command.format_table(table))
    _say("benchmark dimensions", f"plot in {command.save_plot(table, context.obj[1])}")


@benchmark.command(epilog="Example: pipeline benchmark search")
def search(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure how fast exact search, search after PCA, FAISS and Annoy are, and how much they find; with a plot."""
    from pipeline.commands import search as command

    table = command.search(_writing(context)[1])
    show_json(command.as_json(table)) if as_json else show(command.format_table(table))
    _say("benchmark search", f"plot in {command.save_plot(table, context.obj[1])}")
