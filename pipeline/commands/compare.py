"""Compares two pictures, or many with one reference: do they show the same, and where not; are they of one kind."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline import alikeness, differences
from pipeline.artifacts import (
    MARK,
    Artifacts,
    Index,
    check_encoder,
    check_origin,
    load_json,
    load_scale,
    open_index,
    save_table,
)
from pipeline.commands.opening import located, read_given_sized
from pipeline.commands.outputs import Output, save_picture
from pipeline.commands.verdicts import Comparison, Scale, where
from pipeline.encoder.running import Encoder, cells_of, encode_one, open_cells, open_encoder
from pipeline.errors import QueryError
from pipeline.params import Params
from pipeline.pictures import FoundFile, find_files
from pipeline.sheets import Tile, contact_sheet
from pipeline.wording import counted, one_line, shown

_SHOWN = 8  # photos on a sheet of a folder, at most


class Comparer:
    """A reference beside which photos are held; made by `open_comparer`."""

    def __init__(self, reference: Path, params: Params, encoder: Encoder, cells: Encoder, scale: Scale) -> None:
        self._params, self._encoder, self._cells, self.scale = params, encoder, cells, scale
        self.reference, self.by_pixels = reference, cells.facts.get("made_from") == "pixels"
        self._pixels, self._size = _read(reference, params)
        self._embedding, self._bank = self._own(self._pixels), differences.seen(self._pixels, self._see)

    def _own(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._encoder.parts.own_of(encode_one(self._encoder, picture))

    def _see(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return cells_of(self._cells, picture)

    def compare(self, photo: Path) -> Comparison:
        """Hold one photo beside the reference.

        Raises
        ------
        QueryError
            If the photo is missing or no readable picture.
        """
        pixels, _ = _read(photo, self._params)
        similarity = float(np.clip(self._own(pixels) @ self._embedding, -1, 1))
        heat, shift = differences.located(pixels, self._pixels, self._bank, self._see)
        difference, x, y = differences.peak(heat)
        return Comparison(
            photo,
            similarity,
            self.scale.similarity.percentile_random(similarity),
            self.scale.similarity.percentile_nearest(similarity),
            self.scale.similarity.same_kind(similarity),
            difference / self.scale.level,
            (x, y),
            differences.share(heat, level=self.scale.level),
            heat,
            shift,
        )

    def compare_all(self, photos: list[FoundFile]) -> tuple[list[Comparison], list[QueryError]]:
        """Hold many photos beside the reference: the comparisons, most different first, and what can't be read."""

        def work(photo: FoundFile) -> Comparison | QueryError:
            if photo.problem:
                return QueryError(f"{one_line(photo.path)}: {photo.problem}")
            try:
                return self.compare(Path(photo.path))
            except QueryError as error:
                return error

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(tqdm(pool.map(work, photos), "compare", len(photos), unit=" pictures"))
        comparisons = [one for one in found if isinstance(one, Comparison)]
        failures = [one for one in found if isinstance(one, QueryError)]
        return sorted(comparisons, key=lambda one: (-one.difference, one.photo)), failures

    def tiles(self, comparison: Comparison) -> tuple[list[Tile], list[Tile]]:
        """Return reference and photo, and below them both under their heat."""
        photo, size = _read(comparison.photo, self._params)
        heat, (down, right) = comparison.heat, comparison.shift
        between = differences.colours(heat, level=self.scale.level)
        words = (f"{comparison.verdict()}, {comparison.difference:.2f}", f"in {comparison.share:.1%} of the picture")
        alike = f"{comparison.kind()}, {comparison.similarity:.3f}"
        where = "where they differ most" if comparison.everywhere else "where they differ"
        return (
            [Tile(self._pixels, ("reference", self.reference.name), framed=True, size=self._size),
             Tile(photo, (comparison.photo.name, alike), size=size)],
            [Tile(differences.painted(self._pixels, heat, between=between), (where,), size=self._size),
             Tile(differences.painted(photo, heat, between=between, shift=(-down, -right)), words, size=size)],
        )  # fmt: skip


@contextmanager
def open_comparer(reference: Path, params: Params, artifacts: Artifacts) -> Iterator[Comparer]:
    """Open the artefacts that a reference and its photos are judged by."""
    with open_index(artifacts.index) as index:
        encoder = open_encoder(artifacts.encoder)
        check_encoder(artifacts, encoder.digest)
        cells = open_cells(artifacts.cells, beside=encoder.digest)
        yield Comparer(reference, params, encoder, cells, _scale(artifacts, index))


def places(reference: str, other: str, artifacts: Artifacts) -> tuple[Path, Path]:
    """Return where the reference and what is beside it lie; QueryError if nowhere, or the reference is a folder."""
    with open_index(artifacts.index) as index:
        first, second = located(reference, index.dataset), located(other, index.dataset)
    if os.path.isdir(first):
        raise QueryError(
            f"{one_line(first)} is a folder: the reference, a picture, comes first, and then a picture or a folder"
        )
    return first, second


def photos_in(folder: Path, artifacts: Artifacts) -> list[FoundFile]:
    """Return all files below a folder, in order, with what is wrong with them; their paths open from here."""
    files = find_files(folder, own=artifacts.root, mark=MARK)
    return [replace(file, path=str(folder / file.path)) for file in files]


def format_comparison(comparer: Comparer, comparison: Comparison) -> str:
    """Return one comparison in words."""
    ranks = [
        f"more alike than {value:.1f} % of {what}"
        for value, what in (
            (comparison.percentile_random, "random pairs of the folder"),
            (comparison.percentile_nearest, "nearest neighbours of the folder"),
        )
        if value is not None
    ]
    lines = [
        f"{where(comparison)} (difference {comparison.difference:.2f})",
        f"{comparison.kind()}: {'; '.join([f'similarity {comparison.similarity:.4f}', *ranks])}",
        comparer.scale.explained(),
    ]
    return "\n".join(lines)


def format_ranking(comparer: Comparer, comparisons: list[Comparison]) -> str:
    """Return many comparisons as a table, most different first."""
    rows = []
    for rank, one in enumerate(comparisons, 1):
        numbers = f"{rank:4}  {one.difference:10.2f}  {one.share:6.1%}  {one.similarity:10.4f}"
        rows.append(f"{numbers}  {one.verdict():13}  {one.kind():12}  {one_line(one.photo)}")
    head = f"{one_line(comparer.reference)} beside {counted(len(comparisons), 'photo')}"
    names = "rank  difference   share  similarity  verdict        kind          path"
    return "\n".join([head, names, *rows, comparer.scale.explained()])


def save_ranking(comparisons: list[Comparison], target: Output) -> None:
    """Write many comparisons as CSV, most different first."""
    header = ("rank", "path", "same", "difference", "x", "y", "share", "same_kind", "similarity")
    rows = []
    for rank, one in enumerate(comparisons, 1):
        numbers = (f"{one.difference:.4f}", *one.place, f"{one.share:.4f}")
        kind = "" if one.same_kind is None else str(one.same_kind).lower()
        similarity = f"{one.similarity:.6f}"
        rows.append((rank, shown(one.photo), str(one.same).lower(), *numbers, kind, similarity))
    with target.written() as path:
        save_table(path, header, rows)


def save_sheet(comparer: Comparer, comparisons: list[Comparison], target: Output) -> None:
    """Write a sheet: reference and photo above both under their heat, or of many photos those that differ most."""
    pairs = [comparer.tiles(one) for one in comparisons[:_SHOWN]]
    rows, tile = [*pairs[0]], 256
    subtitle = "in grey, and coloured where they differ by more than light and a small shift make"
    if comparisons[0].everywhere:
        subtitle = "nearly everywhere: they could not be aligned; coloured where most"
    if len(comparisons) > 1:
        photos, heats = [above[1] for above, _ in pairs], [below[1] for _, below in pairs]
        rows, tile = [[pairs[0][0][0]], photos, heats], 160
        subtitle = "the reference, and below it the photos that differ most, coloured where they do"
    sheet = contact_sheet(rows, title="Where they differ", subtitle=subtitle, tile=tile)
    save_picture(sheet, target)


def _scale(artifacts: Artifacts, index: Index) -> Scale:
    """Read what the folder's own pictures say; ArtifactError if that was of others, or another encoder."""
    check_origin(artifacts, "tolerance", index.digest)
    found = load_json(artifacts.metrics("tolerance"), stage="tolerance")
    return Scale(alikeness.Scale(**load_scale(artifacts, index, part="own")), found["difference"])


def _read(picture: Path, params: Params) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if not os.path.isfile(picture):  # unlike Path's, False for a name that is too long
        raise QueryError(f"{one_line(picture)} is no file; give a picture")
    return read_given_sized(picture, params)
