"""The commands that each run one stage of the line, as `pipeline run` and DVC do."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import say, show, show_json, writing


def code(context: typer.Context) -> None:
    """Write down which code each stage runs, so that DVC runs again the stages whose code has changed."""
    from pipeline.stages.code import code as stage

    say("code", stage(writing(context, begins=True)[1]))


def sample(context: typer.Context) -> None:
    """Grow the sample: pictures of snow crystals, with copies and a stranger planted among them."""
    from pipeline.stages.sample import sample as stage

    say("sample", stage(*writing(context, begins=True)))


def scan(context: typer.Context) -> None:
    """List the files of the folder of pictures, so that DVC sees whether some were added, removed or changed."""
    from pipeline.stages.scan import scan as stage

    say("scan", stage(*writing(context, begins=True)))


def resize(context: typer.Context) -> None:
    """Read every picture, make it 256x256 pixels in RGB, and list which files were rejected and why."""
    from pipeline.stages.resize import resize as stage

    say("resize", stage(*writing(context, begins=True)))


def refresh(context: typer.Context) -> None:
    """Decide whether the folder has changed so much that the network is to be trained anew."""
    from pipeline.stages.refresh import refresh as stage

    say("refresh", stage(*writing(context)))


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
        summary = stage(*writing(context), resume=resume)
    except KeyboardInterrupt:
        say("train", "interrupted; the best model so far is kept; go on with `pipeline train --resume`")
        raise typer.Exit(130) from None
    say("train", summary)


def encoder(context: typer.Context) -> None:
    """Make the encoder file of the trained network, and of what is learnt without training."""
    from pipeline.stages.encoder import encoder as stage

    say("encoder", stage(*writing(context)))


def embed(context: typer.Context) -> None:
    """Compute each picture's embedding with the encoder file: numbers to compare it by."""
    from pipeline.stages.embed import embed as stage

    say("embed", stage(*writing(context)))


def neighbours(context: typer.Context) -> None:
    """Find the most similar others of each picture, and keep them as sorted lists."""
    from pipeline.stages.neighbours import neighbours as stage

    say("neighbours", stage(*writing(context)))


def groups(context: typer.Context) -> None:
    """Split the pictures into groups of similar ones, by K-medoids, and make a folder for each group."""
    from pipeline.stages.groups import groups as stage

    say("groups", stage(*writing(context)))


def draw_map(context: typer.Context) -> None:
    """Place every picture on a map, near to those that it is like: as points, and as thumbnails without overlap."""
    from pipeline.stages.map import draw_map as stage

    say("map", stage(*writing(context)))


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
    from pipeline.stages.evaluate.table import format_table

    table = stage(*writing(context), others=encoder or [])
    if "classes" not in table:
        say(
            "evaluate",
            "there are no labels to measure by: dataset.labels gives fewer than two, or none that two pictures have",
        )
    show_json(json.dumps(table)) if as_json else show(format_table(table))


def report(context: typer.Context) -> None:
    """Put everything that was found on one page that opens from the disk: report/index.html."""
    from pipeline.stages.report import report as stage

    say("report", stage(*writing(context)))
