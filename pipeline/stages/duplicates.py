"""Finds groups of copies, exact and near, and says which of each to keep. Nothing is ever deleted."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import duplicates as room
from pipeline.artifacts import (
    DUPLICATES_COLUMNS,
    Artifacts,
    Picture,
    check_encoder,
    check_own,
    load_embeddings,
    load_neighbours,
    load_pictures,
    open_index,
    replaced,
    rewritten_folder,
    save_json,
    save_table,
)
from pipeline.duplicates import Copy, Facts, Pairs, Threshold
from pipeline.encoder import Encoder, encode, open_encoder
from pipeline.errors import ArtifactError
from pipeline.neighbours import sorted_lists
from pipeline.params import DuplicatesParams, Params
from pipeline.plots import plot_threshold
from pipeline.sheets import Tile, contact_sheet, in_rows

_BLOCK = 512
_DEPTH, _DEPTH_MIRRORED = 8, 2  # of each list whose pixels are compared
_COPIED = 200  # pictures that copies are made of, at most
_SHEETS, _SHOWN = 200, 24  # groups that get a sheet, and pictures on it, at most

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Folder:
    """All pictures: pixels, thumbnails, embeddings, those of mirror images, the first row with the same content."""

    pictures: NDArray[np.uint8]
    small: NDArray[np.uint8]
    embeddings: Floats
    mirrored: Floats
    same: Rows

    def similarities(self, row: int, others: Rows) -> Floats:
        """Return the cosine similarities of a picture, as it is or mirrored, to others: the larger one, (m,)."""
        both = np.stack([self.embeddings[row], self.mirrored[row]])
        found: Floats = np.clip((self.embeddings[others] @ both.T).max(axis=1), -1, 1)
        return found

    def copies(self, row: int, others: Rows, threshold: Threshold) -> NDArray[np.bool_]:
        """Return which of the others are copies of a picture itself, as it is or mirrored: bool (m,)."""
        direct: NDArray[np.bool_] = self.same[others] == self.same[row]
        unknown = np.flatnonzero(~direct)
        flags = np.repeat([False, True], len(unknown))
        rows, similarities = others[unknown], self.similarities(row, others[unknown])
        pairs = Pairs(np.full(2 * len(rows), row), np.tile(rows, 2), np.tile(similarities, 2), flags)
        near = threshold.is_near(pairs.similarities, room.compare(self.pictures, self.small, pairs, progress=False))
        direct[unknown] = near.reshape(2, -1).any(axis=0)
        return direct


@dataclass(frozen=True)
class Found:
    """The near pairs (M, 2), the threshold, and the similarities of made copies and of what differs behind it."""

    near: Rows
    threshold: Threshold
    copies: Floats
    others: Floats


def duplicates(params: Params, artifacts: Artifacts) -> str:
    """Write duplicates.csv, a sheet for each group, the plot of the threshold, and metrics.

    Raises
    ------
    ArtifactError
        If an artefact is missing or stale, or a picture of a group has gone from the dataset.
    """
    check_own(artifacts.duplicates_sheets)
    with open_index(artifacts.index) as index:
        files, dataset = index.pictures(), index.dataset
        pictures, embeddings = load_pictures(artifacts, index), np.asarray(load_embeddings(artifacts, index))
        neighbours = np.asarray(load_neighbours(artifacts, index))
    encoder = _encoder(artifacts)
    folder = Folder(
        pictures,
        room.thumbnails(pictures),
        embeddings,
        encode(encoder, pictures[:, :, ::-1], progress=True, title="mirrored"),
        room.representatives([file.content for file in files]),
    )
    found = find(folder, neighbours, encoder, params.duplicates)
    twins = np.flatnonzero(folder.same != np.arange(len(files)))
    groups = [
        _judged(rows, folder, found.threshold, files, dataset)
        for rows in room.groups_of(len(files), [(found.near[:, 0], found.near[:, 1]), (folder.same[twins], twins)])
    ]
    _save(groups, files, folder, artifacts)
    return _summarise(groups, found, artifacts)


def find(folder: Folder, neighbours: NDArray[np.void], encoder: Encoder, settings: DuplicatesParams) -> Found:
    """Return the near pairs among what stands high in the lists, by the threshold that the folder itself shows."""
    lists = sorted_lists(folder.embeddings, depth=_DEPTH_MIRRORED, block=_BLOCK, progress=True, queries=folder.mirrored)
    pairs = room.candidates(
        neighbours,
        np.concatenate(list(lists)),
        same=folder.same,
        depth=_DEPTH,
        depth_mirrored=_DEPTH_MIRRORED,
    )
    agreements = room.compare(folder.pictures, folder.small, pairs, progress=True)
    first, second = room.copied(folder.pictures[:: -(-len(folder.pictures) // _COPIED)])
    agreement = settings.agreement
    if agreement == "auto":
        agreement = room.agreement_threshold(room.agreement(first, second))
    copies = (encode(encoder, first, progress=False) * encode(encoder, second, progress=False)).sum(axis=1)
    others = room.nearest_that_differ(pairs, agreements, agreement=agreement)
    threshold = room.find_threshold(copies, others, agreement=agreement)
    if settings.threshold != "auto":
        threshold = replace(threshold, similarity=settings.threshold)
    near = threshold.is_near(pairs.similarities, agreements)
    return Found(np.stack([pairs.first[near], pairs.second[near]], axis=1), threshold, copies, others)


def _encoder(artifacts: Artifacts) -> Encoder:
    encoder = open_encoder(artifacts.encoder)
    check_encoder(artifacts, encoder.digest)
    return encoder


def _judged(rows: Rows, folder: Folder, threshold: Threshold, files: list[Picture], dataset: Path) -> list[Copy]:
    facts = {row: _facts(files[row], dataset) for row in rows.tolist()}
    return room.judge(rows, facts, lambda row, others: folder.copies(row, others, threshold))


def _facts(file: Picture, dataset: Path) -> Facts:
    try:
        size_bytes = (dataset / file.path).stat().st_size
    except OSError as error:
        remedy = "the dataset has changed: run `pipeline resize`"
        raise ArtifactError(f"{dataset / file.path}: {error.strerror}; {remedy}") from error
    return Facts(file.width, file.height, size_bytes, file.content)


def _save(groups: list[list[Copy]], files: list[Picture], folder: Folder, artifacts: Artifacts) -> None:
    """Write the table and the sheets."""
    table = []
    with rewritten_folder(artifacts.duplicates_sheets) as root:
        for number, group in enumerate(groups, 1):
            members = np.array([copy.row for copy in group], np.int64)
            similarities = [1.0, *folder.similarities(group[0].row, members[1:]).tolist()]
            paths = [files[row].path for row in members.tolist()]
            for path, similarity, copy in zip(paths, similarities, group, strict=True):
                keep = "yes" if copy.keep else "no"
                table.append((number, path, f"{similarity:.6f}", copy.kind, keep, copy.reason))
            if number <= _SHEETS:
                _sheet(number, group, [files[copy.row] for copy in group], similarities, folder, root)
    save_table(artifacts.duplicates, DUPLICATES_COLUMNS, table)


def _sheet(
    number: int, group: list[Copy], files: list[Picture], similarities: list[float], folder: Folder, root: Path
) -> None:
    shown = list(zip(group, files, similarities, strict=True))[:_SHOWN]
    tiles = []
    for copy, file, similarity in shown:
        words = (file.path, f"{copy.kind}, {similarity:.3f}", *_broken(copy.reason))
        tiles.append(Tile(folder.pictures[copy.row], words, copy.keep, (file.width, file.height)))
    more = "" if len(group) == len(shown) else f", the first {len(shown)}"
    title, subtitle = f"Group {number}: {len(group):,} pictures{more}", "framed: keep; similarity to the first"
    sheet = contact_sheet(in_rows(tiles, 6), title=title, subtitle=subtitle, tile=200)
    sheet.save(root / f"{number:04d}.jpg", quality=88)


def _broken(reason: str) -> tuple[str, ...]:
    """Break a reason into two lines of a caption, if it is long."""
    middle = reason.find(" ", len(reason) // 2)
    return (reason,) if len(reason) < 30 or middle < 0 else (reason[:middle], reason[middle + 1 :])


def _summarise(groups: list[list[Copy]], found: Found, artifacts: Artifacts) -> str:
    """Write the plot and the metrics, and say in a line what was found."""
    with replaced(artifacts.plot("duplicates")) as path:
        copies, others = found.copies.tolist(), found.others.tolist()
        plot_threshold(path, copies=copies, others=others, threshold=found.threshold.similarity)
    exact = sum(all(copy.kind == "exact" for copy in group) for group in groups)
    extra = sum(not copy.keep for group in groups for copy in group)
    metrics = {"groups": len(groups), "exact_groups": exact, "extra_pictures": extra, **found.threshold.as_metrics()}
    save_json(artifacts.metrics("duplicates"), metrics)
    counts = f"{len(groups):,} groups, {exact:,} of them exact; {extra:,} pictures are copies of others"
    return f"{counts}; {found.threshold.words()}"
