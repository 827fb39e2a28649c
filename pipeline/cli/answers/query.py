"""Takes questions apart, and writes what was found: as a table, on a sheet, as copies in a folder."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import MARK, Artifacts
from pipeline.errors import QueryError
from pipeline.folder.answers import Answer
from pipeline.folder.given import from_here, located
from pipeline.folder.opened import Folder
from pipeline.folder.unusual import Unusual
from pipeline.show.folders import check_readable
from pipeline.wording import cut_bytes, one_line

if TYPE_CHECKING:  # they bring Pillow and matplotlib, which a query that is only printed does without
    from pipeline.cli.answers.outputs import Output, OutputFolder
    from pipeline.folder.given import Given
    from pipeline.pictures import FoundFile
    from pipeline.show.sheets import Tile

_TILE, _ACROSS = 130, 11  # pixels of a picture on a sheet, and pictures in a row
_NAME_BYTES = 180  # of a copy's name; file systems allow 255, and some are taken by numbers
_CAPTION = "rank, cosine similarity, how many % of nearest neighbours are less similar, path"
_ON_A_SHEET = 100  # queries, at most
_NAMED = 3  # copies that are named in a line, at most


@dataclass(frozen=True)
class Question:
    """A file to be asked for; what is wrong with it, if anything; and whether it was named, or found in a folder."""

    picture: Path
    problem: str
    named: bool

    def checked(self) -> Path:
        """Return the picture; QueryError if something is wrong with it."""
        if self.problem:
            raise QueryError(self.problem)
        return self.picture


def places(answer: Answer, folder: Folder) -> list[Path]:
    """Return where the pictures of an answer lie, as seen from where one stands."""
    return [from_here(folder.dataset / result.path) for result in answer.results]


def expand(given: list[str], dataset: Path, artifacts: Artifacts) -> list[Question]:
    """Return all files to ask for, in order, those of folders one by one."""
    from pipeline.pictures import find_files

    questions = []
    for name in given:
        try:
            place = located(name, dataset)
        except QueryError as error:
            questions.append(Question(Path(name), str(error), named=True))
            continue
        if os.path.isdir(place):
            files = find_files(place, own=artifacts.root, mark=MARK)
            questions += [Question(place / file.path, _wrong(place, file), named=False) for file in files]
        else:
            questions.append(Question(place, "", named=True))
    return questions


def _wrong(folder: Path, file: "FoundFile") -> str:
    return f"{one_line(folder / file.path)}: {one_line(file.problem)}" if file.problem else ""


def format_answer(answer: Answer) -> str:
    """Return an answer as a table for a terminal."""
    lines = [f"{one_line(answer.query or '')} ({answer.mode})", "rank  similarity  percentile  path"]
    for r in answer.results:
        percentile = "-" if r.percentile_nearest is None else f"{r.percentile_nearest:.1f}"
        lines.append(f"{r.rank:4d}  {r.similarity:10.4f}  {percentile:>10}  {one_line(r.path)}")
    lines += _meaning(answer)
    if answer.unusual:
        lines += _words(answer.unusual)
    return "\n".join(lines)


def _meaning(answer: Answer) -> list[str]:
    """Say what the best similarity means in this folder, in a line; none where that isn't known."""
    best = answer.results[0] if answer.results else None
    if best is None or best.percentile_nearest is None or best.percentile_random is None:
        return []
    random = f"more similar than {best.percentile_random:.0f} % of random pairs"
    if answer.nothing_alike:
        return [
            "nothing here looks like it: the best is less similar than the nearest neighbour of 99 % of the pictures "
            f"here, and {random}"
        ]
    return [
        f"the best is {random}, and than the nearest neighbour of {best.percentile_nearest:.0f} % of the pictures here "
        "(its percentile)"
    ]


def _words(unusual: Unusual) -> list[str]:
    """Say how unusual a picture is, a line for each thing."""
    lines = [
        f"{words} {', '.join(map(one_line, paths[:_NAMED]))}{_more(len(paths) - _NAMED)}"
        for words, paths in (("it is a copy of", unusual.copies), ("perhaps it is a copy of", unusual.perhaps))
        if paths
    ]
    if unusual.distance is None or unusual.share is None:
        return [*lines, "the folder holds nothing but copies of it"]
    nearest = "the nearest that is no copy" if lines else "the nearest"
    share = f"{100 * unusual.share:.0f} % of the folder's pictures"
    return [*lines, f"it is more unusual than {share}: its distance to {nearest} is {unusual.distance:.4f}"]


def _more(number: int) -> str:
    return f" and {number:,} more" if number > 0 else ""


def save_sheet(answers: "list[tuple[Answer, Given]]", target: "Output", folder: Folder) -> str:
    """Write a contact sheet: each query framed, then what it found; of many queries the first ones, in columns.

    Returns
    -------
    note
        What is not on the sheet, in words; empty if all is.
    """
    from pipeline.cli.answers.outputs import save_picture
    from pipeline.show.sheets import contact_sheet, in_columns

    blocks = [_block(answer, given, folder) for answer, given in answers[:_ON_A_SHEET]]
    note = f"the first {_ON_A_SHEET} of {len(answers):,} queries" if len(answers) > _ON_A_SHEET else ""
    subtitle = "; ".join(part for part in (_CAPTION, note) if part)
    sheet = contact_sheet(in_columns(blocks), title="Most similar pictures", subtitle=subtitle, tile=_TILE)
    save_picture(sheet, target)
    return note


def _block(answer: Answer, query: "Given", folder: Folder) -> "list[Sequence[Tile]]":
    """Return a query and what it found as rows of tiles."""
    from pipeline.show.sheets import Tile, in_rows

    pictures, sizes = folder.pictures, folder.sizes
    own = (pictures[answer.row], sizes[answer.row]) if answer.row is not None else (query.pixels, query.size)
    found = "nothing like it" if answer.nothing_alike else "query"
    tiles = [Tile(own[0], (found, *_parts(query.path or Path())), framed=True, size=own[1])]
    for one in answer.results:
        percentile = "" if one.percentile_nearest is None else f"   {one.percentile_nearest:.0f} %"
        words = (f"{one.rank}   {one.similarity:.3f}{percentile}", *_parts(Path(one.path)))
        tiles.append(Tile(pictures[one.row], words, size=sizes[one.row]))
    return in_rows(tiles, _ACROSS)


def _parts(path: Path) -> tuple[str, ...]:
    """Return the folder that a picture lies in, if any, and its name: each has its own line under a narrow tile."""
    return (path.parent.name, path.name) if path.parent.name else (path.name,)


def copy_results(answers: "list[tuple[Answer, Given]]", target: "OutputFolder", dataset: Path) -> None:
    """Copy what was found into a folder, named by rank, similarity and path; one folder a query if several."""
    for number, (answer, given) in enumerate(answers, 1):
        inside = "" if len(answers) == 1 else f"{number:03d}_{cut_bytes((given.path or Path()).stem, _NAME_BYTES)}/"
        for r in answer.results:
            name = f"{inside}{r.rank:03d}_{r.similarity:.3f}_{cut_bytes(r.path.replace('/', '_'), _NAME_BYTES)}"
            check_readable(dataset / r.path)
            with target.file(name).written() as path:
                shutil.copy2(dataset / r.path, path)
