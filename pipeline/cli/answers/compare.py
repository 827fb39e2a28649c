"""Holds photos beside a reference: in words, as a table, and on a sheet."""

import os
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from pipeline import differences
from pipeline.artifacts import MARK, Artifacts, save_table
from pipeline.cli.answers.outputs import Output, save_picture
from pipeline.cli.answers.verdicts import explained, kind, verdict, where
from pipeline.errors import QueryError
from pipeline.folder.comparing import Comparison, Reference
from pipeline.folder.given import Given, located
from pipeline.folder.opened import Folder
from pipeline.pictures import FoundFile, find_files
from pipeline.show.sheets import Tile, contact_sheet
from pipeline.wording import counted, one_line, shown
from pipeline.workers import in_order

_SHOWN = 8  # photos on a sheet of a folder, at most


def places(reference: str, other: str, folder: Folder) -> tuple[Path, Path]:
    """Return where the reference and what is beside it lie; QueryError if nowhere, or the reference is a folder."""
    first, second = located(reference, folder.dataset), located(other, folder.dataset)
    if os.path.isdir(first):
        raise QueryError(
            f"{one_line(first)} is a folder: the reference, a picture, comes first, and then a picture or a folder"
        )
    return first, second


def photos_in(place: Path, artifacts: Artifacts) -> list[FoundFile]:
    """Return all files below a folder, in order, with what is wrong with them; their paths open from here."""
    files = find_files(place, own=artifacts.root, mark=MARK)
    return [replace(file, path=str(place / file.path)) for file in files]


def compare_all(
    reference: Reference, photos: list[FoundFile], folder: Folder
) -> tuple[list[Comparison], list[QueryError]]:
    """Hold many photos beside the reference: the comparisons, most different first, and what can't be read."""

    def work(photo: FoundFile) -> Comparison | QueryError:
        if photo.problem:
            return QueryError(f"{one_line(photo.path)}: {photo.problem}")
        try:
            return reference.compare(folder.given(photo.path))
        except QueryError as error:
            return error

    found = list(tqdm(in_order(work, photos), "compare", len(photos), unit=" pictures"))
    comparisons = [one for one in found if isinstance(one, Comparison)]
    failures = [one for one in found if isinstance(one, QueryError)]
    return sorted(comparisons, key=lambda one: (-one.difference, one.photo or Path())), failures


def format_comparison(reference: Reference, comparison: Comparison) -> str:
    """Return one comparison in words: where the pictures differ, how similar they are, and what that means."""
    ranks = [
        f"more similar than {value:.1f} % of {what}"
        for value, what in (
            (comparison.percentile_random, "random pairs of the folder"),
            (comparison.percentile_nearest, "nearest neighbours of the folder"),
        )
        if value is not None
    ]
    lines = [
        f"{where(comparison)} (difference {comparison.difference:.2f})",
        f"{kind(comparison)}: {'; '.join([f'similarity {comparison.similarity:.4f}', *ranks])}",
        explained(reference),
    ]
    return "\n".join(lines)


def format_ranking(reference: Reference, comparisons: list[Comparison]) -> str:
    """Return many comparisons as a table, most different first."""
    rows = []
    for rank, one in enumerate(comparisons, 1):
        numbers = f"{rank:4}  {one.difference:10.2f}  {one.share:6.1%}  {one.similarity:10.4f}"
        rows.append(f"{numbers}  {verdict(one):13}  {kind(one):12}  {one_line(one.photo or '')}")
    head = f"{one_line(reference.path or '')} beside {counted(len(comparisons), 'photo')}"
    names = "rank  difference   share  similarity  verdict        kind          path"
    return "\n".join([head, names, *rows, explained(reference)])


def save_ranking(comparisons: list[Comparison], target: Output) -> None:
    """Write many comparisons as CSV, most different first."""
    header = ("rank", "path", "same", "difference", "x", "y", "share", "same_kind", "similarity")
    rows = []
    for rank, one in enumerate(comparisons, 1):
        numbers = (f"{one.difference:.4f}", *one.place, f"{one.share:.4f}")
        same_kind = "" if one.same_kind is None else str(one.same_kind).lower()
        similarity = f"{one.similarity:.6f}"
        rows.append((rank, shown(one.photo or ""), str(one.same).lower(), *numbers, same_kind, similarity))
    with target.written() as path:
        save_table(path, header, rows)


def save_sheet(reference: Reference, comparisons: list[Comparison], folder: Folder, target: Output) -> None:
    """Write a sheet: reference and photo above both under their heat, or of many photos those that differ most."""
    pairs = [_tiles(reference, one, folder.given(one.photo or "")) for one in comparisons[:_SHOWN]]
    rows, tile = [*pairs[0]], 256
    subtitle = "in grey, and coloured where they differ by more than lighting and a small shift make"
    if comparisons[0].everywhere:
        subtitle = "nearly everywhere, for they could not be aligned; coloured where they differ most"
    if len(comparisons) > 1:
        photos, heats = [above[1] for above, _ in pairs], [below[1] for _, below in pairs]
        rows, tile = [[pairs[0][0][0]], photos, heats], 160
        subtitle = "the reference, and below it the photos that differ most, coloured where they do"
    sheet = contact_sheet(rows, title="Where they differ", subtitle=subtitle, tile=tile)
    save_picture(sheet, target)


def _tiles(reference: Reference, comparison: Comparison, photo: Given) -> tuple[list[Tile], list[Tile]]:
    """Return reference and photo, and below them both under their heat."""
    heat, (down, right), size = comparison.heat, comparison.shift, reference.size
    between = differences.colours(heat, level=reference.level)
    words = (f"{verdict(comparison)}, {comparison.difference:.2f}", f"in {comparison.share:.1%} of the picture")
    alike = f"{kind(comparison)}, {comparison.similarity:.3f}"
    place = "where they differ most" if comparison.everywhere else "where they differ"
    names = [path.name if path else "" for path in (reference.path, photo.path)]
    return (
        [Tile(reference.pixels, ("reference", names[0]), framed=True, size=size),
         Tile(photo.pixels, (names[1], alike), size=photo.size)],
        [Tile(differences.painted(reference.pixels, heat, between=between), (place,), size=size),
         Tile(differences.painted(photo.pixels, heat, between=between, shift=(-down, -right)), words, size=photo.size)],
    )  # fmt: skip
