"""Answers which pictures of the folder look most like a given one: from the cache, or encoded afresh."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.alikeness import Scale
from pipeline.artifacts import (
    MARK,
    Artifacts,
    Index,
    check_encoder,
    load_embeddings,
    load_neighbours,
    load_own_embeddings,
    load_pictures,
    load_scale,
)
from pipeline.commands.answers import Answer, Result
from pipeline.commands.opening import from_here, located, open_own_index, read_given, read_given_sized
from pipeline.commands.unusual import Nearest, Unusual, how_unusual
from pipeline.errors import ArtifactError, QueryError
from pipeline.folders import check_readable
from pipeline.params import Params
from pipeline.wording import cut_bytes, one_line

if TYPE_CHECKING:  # they bring Pillow, which a cached query does without
    from pipeline.commands.outputs import Output, OutputFolder
    from pipeline.pictures import FoundFile
    from pipeline.sheets import Tile

Mode = Literal["auto", "cached", "fresh"]

_TILE, _ACROSS = 130, 11  # pixels of a picture on a sheet, and pictures in a row
_NAME_BYTES = 180  # of a copy's name; file systems allow 255, and some are taken by numbers
_CAPTION = "rank, cosine similarity, how many % of nearest neighbours are less alike, path"
_ON_A_SHEET = 100  # queries, at most


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


class Searcher:
    """Open artefacts of one folder; made by `open_searcher`. The encoder is opened at the first fresh query."""

    def __init__(self, params: Params, artifacts: Artifacts, index: Index) -> None:
        self._params, self._artifacts, self.index = params, artifacts, index

    @cached_property
    def scale(self) -> Scale:
        """What a similarity means in the folder."""
        return Scale(**load_scale(self._artifacts, self.index, part="whole"))

    @cached_property
    def _own_embeddings(self) -> NDArray[np.float32]:
        """Own parts of all embeddings: a copy, so it is made once, and only if it is asked how unusual something is."""
        return load_own_embeddings(self._artifacts, self.index)

    def ask(self, image: Path, *, count: int, mode: Mode) -> Answer:
        """Find the `count` pictures most like `image`.

        A picture whose content is in the index is answered from the cache, whatever it is called and wherever
        it lies, itself left out; any other is encoded and compared with all. Asked in mode "fresh", a
        picture of the folder finds itself first.

        Raises
        ------
        QueryError
            If the image is missing or no readable picture, or mode is "cached" and it is not in the index.
        ArtifactError
            If an artefact is missing, damaged or stale.
        """
        if not os.path.isfile(image):  # unlike Path's, False for a name that is too long
            raise QueryError(f"{one_line(image)} is no file; give a picture or a folder of pictures")
        row = None if mode == "fresh" else self._row(image)
        if row is None and mode == "cached":
            raise QueryError(
                f"{one_line(image)} is not in the index; ask with --mode fresh, or add it and run `dvc repro`"
            )
        if row is None:
            pixels = read_given(image, self._params)
            nearest, own_nearest = self._nearest(pixels)
            unusual = how_unusual(pixels, own_nearest, self._artifacts, self.index)
            return self._answer(image, "fresh", nearest(count), unusual)
        return self._answer(image, "cached", self._cached(row, count), None)

    def places(self, answer: Answer) -> list[Path]:
        """Return where the pictures of an answer lie, as seen from where one stands."""
        return [from_here(self.index.dataset / result.path) for result in answer.results]

    def _row(self, image: Path) -> int | None:
        """Return the row that holds the image's content; of copies, the one that lies where the image lies."""
        from pipeline.pictures import content_of

        try:
            rows = self.index.rows_of_content(content_of(image))
        except OSError as error:
            raise QueryError(f"{one_line(image)}: {error.strerror}; give a picture that can be read") from error
        places = (os.path.abspath, os.path.realpath)  # as it is called first: it may be a link to its own copy
        inside = [os.path.relpath(place(image), place(self.index.dataset)) for place in places]
        paths = {row: self.index.path(row) for row in rows}
        own = [row for path in inside for row in rows if paths[row] == path]
        return next(iter(own + rows), None)

    def pixels_and_size(self, image: Path) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """Return what was asked for as the pipeline sees it, and its width and height; QueryError if it is none."""
        return read_given_sized(image, self._params)

    def _cached(self, row: int, count: int) -> NDArray[np.void]:
        listed: NDArray[np.void] = load_neighbours(self._artifacts, self.index)[row]
        if count > len(listed) and len(listed) < self.index.count - 1:
            from pipeline.neighbours import most_similar

            embeddings = load_embeddings(self._artifacts, self.index)
            found = most_similar(embeddings, embeddings[row], count=count + 1)
            listed = found[found["row"] != row]
        return listed[:count]

    def _nearest(self, pixels: NDArray[np.uint8]) -> tuple[Nearest, Nearest]:
        """Encode a picture; return what gives as many of its most similar ones as are wanted, and by own parts."""
        from pipeline.encoder.running import encode_one, open_encoder
        from pipeline.neighbours import most_similar

        embeddings = load_embeddings(self._artifacts, self.index)
        encoder = open_encoder(self._artifacts.encoder)
        check_encoder(self._artifacts, encoder.digest)
        whole = encode_one(encoder, pixels)
        own = encoder.parts.own_of(whole)
        return (
            lambda count: most_similar(embeddings, whole, count=min(count, len(embeddings))),
            lambda count: most_similar(self._own_embeddings, own, count=min(count, len(embeddings))),
        )

    def _answer(
        self, image: Path, mode: Literal["cached", "fresh"], found: NDArray[np.void], unusual: Unusual | None
    ) -> Answer:
        if not np.isfinite(found["similarity"]).all():
            raise ArtifactError(f"{self._artifacts.embeddings} holds NaN: run `pipeline embed` again")
        scale = self.scale
        results = [
            Result(
                rank,
                self.index.path(row),
                float(similarity),
                int(row),
                scale.percentile_nearest(similarity),
                scale.percentile_random(similarity),
            )
            for rank, (row, similarity) in enumerate(found.tolist(), 1)
        ]
        nothing = scale.nothing_alike(results[0].similarity if results else None)
        return Answer(image, mode, tuple(results), nothing, unusual)


@contextmanager
def open_searcher(params: Params, artifacts: Artifacts) -> Iterator[Searcher]:
    """Open the artefacts to be searched."""
    with open_own_index(params, artifacts) as index:
        yield Searcher(params, artifacts, index)


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


def save_sheet(answers: list[Answer], target: "Output", searcher: Searcher, artifacts: Artifacts) -> str:
    """Write a contact sheet: each query framed, then what it found; of many queries the first ones, in columns.

    Returns
    -------
    note
        What is not on the sheet, in words; empty if all is.
    """
    from pipeline.commands.outputs import save_picture
    from pipeline.sheets import contact_sheet, in_columns

    pictures, sizes = load_pictures(artifacts, searcher.index), searcher.index.sizes()
    blocks = [
        _block(answer, searcher.pixels_and_size(answer.query), pictures, sizes) for answer in answers[:_ON_A_SHEET]
    ]
    note = f"the first {_ON_A_SHEET} of {len(answers):,} queries" if len(answers) > _ON_A_SHEET else ""
    subtitle = "; ".join(part for part in (_CAPTION, note) if part)
    sheet = contact_sheet(in_columns(blocks), title="Most similar pictures", subtitle=subtitle, tile=_TILE)
    save_picture(sheet, target)
    return note


def _block(
    answer: Answer,
    query: tuple[NDArray[np.uint8], tuple[int, int]],
    pictures: NDArray[np.uint8],
    sizes: list[tuple[int, int]],
) -> "list[Sequence[Tile]]":
    """Return a query and what it found as rows of tiles."""
    from pipeline.sheets import Tile, in_rows

    pixels, size = query
    found = "nothing like it" if answer.nothing_alike else "query"
    tiles = [Tile(pixels, (found, *_parts(answer.query)), framed=True, size=size)]
    for one in answer.results:
        percentile = "" if one.percentile_nearest is None else f"   {one.percentile_nearest:.0f} %"
        words = (f"{one.rank}   {one.similarity:.3f}{percentile}", *_parts(Path(one.path)))
        tiles.append(Tile(pictures[one.row], words, size=sizes[one.row]))
    return in_rows(tiles, _ACROSS)


def _parts(path: Path) -> tuple[str, ...]:
    """Return the folder that a picture lies in, if any, and its name: each has its own line under a narrow tile."""
    return (path.parent.name, path.name) if path.parent.name else (path.name,)


def copy_results(answers: list[Answer], folder: "OutputFolder", dataset: Path) -> None:
    """Copy what was found into a folder, named by rank, similarity and path; one folder a query if several."""
    for number, answer in enumerate(answers, 1):
        inside = "" if len(answers) == 1 else f"{number:03d}_{cut_bytes(answer.query.stem, _NAME_BYTES)}/"
        for r in answer.results:
            name = f"{inside}{r.rank:03d}_{r.similarity:.3f}_{cut_bytes(r.path.replace('/', '_'), _NAME_BYTES)}"
            check_readable(dataset / r.path)
            with folder.file(name).written() as path:
                shutil.copy2(dataset / r.path, path)
