"""The commands that compare and label pictures, and the stage that says what a comparison means."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import Force, opened, say, say_skipped, show, show_json, writing


def tolerance(context: typer.Context) -> None:
    """Measure how much lighting and a small shift alone change a picture, so that `compare` tells real differences."""
    from pipeline.stages.tolerance import tolerance as stage

    say("tolerance", stage(*writing(context)))


def compare(
    context: typer.Context,
    reference_given: Annotated[str, typer.Argument(metavar="REFERENCE", help="The picture to compare with.")],
    other_given: Annotated[
        str, typer.Argument(metavar="OTHER", help="Another picture, or a folder of photos of the same thing.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each photo.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write both, coloured where they differ, as one picture to this file.")
    ] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="Write the ranking to this CSV file.")] = None,
    force: Force = False,
) -> None:
    """Say whether two pictures show the same, where they differ, and whether they are of one kind.

    Of a folder of photos each is compared with the reference, and those that differ most come first.
    """
    from pipeline.cli.answers import compare as command
    from pipeline.cli.answers.outputs import SHEETS, open_door
    from pipeline.cli.answers.verdicts import doubt
    from pipeline.errors import QueryError
    from pipeline.wording import one_line, shown

    params, artifacts, folder = opened(context)
    reference_file, other = command.places(reference_given, other_given, folder)
    sheet_file = table_file = None
    if sheet or table:
        door = open_door(params, artifacts, force=force)
        sheet_file = door.file(sheet, "--sheet", SHEETS) if sheet else None
        table_file = door.file(table, "--csv", (".csv",)) if table else None
    reference = folder.reference(reference_file)
    if reference.by_pixels:
        say(
            "compare",
            "the encoder is a network of other origin, which doesn't show where something is: pixels are compared",
        )
    if doubt(reference):
        say("compare", doubt(reference))
    if other.is_dir():
        found, failures = command.compare_all(reference, command.photos_in(other, artifacts), folder)
    else:
        found, failures = [reference.compare(folder.given(other))], []
    say_skipped([str(failure) for failure in failures])
    if not found:
        raise QueryError(f"{one_line(other)}: no readable picture to compare with; give a folder of photos")
    if table_file:
        command.save_ranking(found, table_file)
    if sheet_file:
        command.save_sheet(reference, found, folder, sheet_file)
    if as_json:
        for one in found:
            path = {"path": shown(one.photo or "")} if other.is_dir() else {}
            show_json(json.dumps(path | one.as_json(), ensure_ascii=False))
    elif other.is_dir():
        show(command.format_ranking(reference, found))
    else:
        show(command.format_comparison(reference, found[0]))


def label(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="EXAMPLES",
            help="A CSV file with the columns path,label, or a folder with a folder of pictures for each label.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; by default labels, in the artefacts.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each picture instead of a table.")
    ] = False,
) -> None:
    """Label every picture from a few examples, with a confidence and the examples that explain it."""
    from tqdm import tqdm

    from pipeline.cli.answers import label as command

    own = context.obj[1].labels
    target = out or own
    if target == own:  # any other place among the artefacts is refused
        writing(context)
    params, artifacts, folder = opened(context)
    command.check_folder(target, params, artifacts)
    labels = folder.label(source, progress=lambda examples: tqdm(examples, "examples", unit=" examples"))
    if labels.skipped:
        say("label", f"warning: examples that can't be used, and are left out: {len(labels.skipped):,}")
    say_skipped(labels.skipped)
    command.save(labels, folder.pictures, target)
    if as_json:
        for row in range(len(labels.paths)):
            show_json(json.dumps(command.as_json(labels, row), ensure_ascii=False))
    else:
        show(command.format_labels(labels))
    say("label", f"labels.csv, to_label.csv and a sheet for each label are in {target}")
