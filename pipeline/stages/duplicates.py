"""Finds groups of copies, exact and near, and says which of each to keep. Nothing is ever deleted.

Candidates are found and compared at 256x256, as everywhere. The few that may be copies are opened once more in the
dataset, which no other stage does: text and small things are gone at 256x256, and so is what tells an original from
one that was made small and blown up. Who deletes what is marked here must not lose a picture by that.
"""

import os
import textwrap
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline import duplicates as room
from pipeline.artifacts import (
    DUPLICATES_COLUMNS,
    Artifacts,
    Picture,
    check_encoder,
    check_own,
    load_own_embeddings,
    load_own_neighbours,
    load_pictures,
    load_rejected,
    open_index,
    replaced,
    rewritten_folder,
    save_json,
    save_origin,
    save_table,
)
from pipeline.duplicates import Copy, Originals, Pairs, Threshold
from pipeline.duplicates.originals import Open
from pipeline.encoder.running import Encoder, encode, open_encoder
from pipeline.neighbours import sorted_lists
from pipeline.originals import Files
from pipeline.params import DuplicatesParams, Params
from pipeline.pictures import Limits
from pipeline.pixels import Pictures
from pipeline.plots import plot_threshold
from pipeline.sheets import Tile, contact_sheet, in_rows
from pipeline.wording import counted

_BLOCK = 512
_DEPTH, _DEPTH_TURNED = 8, 4  # of each list whose pixels are compared
_COPIED = 200  # pictures that copies are made of, at most
_LOOKED_AT = 0.5  # pairs whose pixels agree less than this are not opened
_LETTERS, _LINES = 30, 4  # of a reason below a picture
_SHEETS, _SHOWN = 200, 24  # groups that get a sheet, and pictures on it, at most

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Folder:
    """All pictures: pixels, thumbnails, own embeddings, first row of the same content, width and height, originals."""

    pictures: Pictures
    small: NDArray[np.uint8]
    embeddings: Floats
    same: Rows
    sizes: NDArray[np.int64]
    originals: Originals


@dataclass(frozen=True)
class Found:
    """The pairs that are copies (S, 2) and perhaps copies (P, 2), and what was found on the way.

    `layouts` is how many pictures are perhaps copies of so many that they only share a layout; `copies` and `others`
    are the similarities of made copies and of what differs, behind the threshold.
    """

    sure: Rows
    perhaps: Rows
    layouts: int
    threshold: Threshold
    copies: Floats
    others: Floats


def duplicates(params: Params, artifacts: Artifacts) -> str:
    """Write duplicates.csv, a sheet for each group, the plot of the threshold, and metrics.

    Raises
    ------
    ArtifactError
        If an artefact is missing or stale, or a picture of a group has gone from the dataset or was changed.
    """
    check_own(artifacts.duplicates_sheets)
    with open_index(artifacts.index) as index:
        files, dataset = index.pictures(), index.dataset
        has_others = {one.same_as for one in load_rejected(artifacts, index)}
        pictures, embeddings = load_pictures(artifacts, index), np.asarray(load_own_embeddings(artifacts, index))
        neighbours = np.asarray(load_own_neighbours(artifacts, index))
    encoder = _encoder(artifacts)
    originals = Files(files, dataset, Limits(**vars(params.resize)))
    folder = folder_of(pictures, embeddings, files, originals.open)
    found = find(folder, neighbours, encoder, params.duplicates)
    twins = np.flatnonzero(folder.same != np.arange(len(files)))
    near = np.concatenate([found.sure, found.perhaps])
    groups = []
    for rows in room.groups_of(len(files), [(near[:, 0], near[:, 1]), (folder.same[twins], twins)]):
        facts = originals.facts(rows, has_others)
        answers, questions = folder.originals, params.duplicates.keep
        groups.append(room.judge(sorted(facts), facts, answers.detail, answers.relation, questions=questions))
    similarities = [_similarities([copy.row for copy in group], folder, encoder) for group in groups]
    _save(groups, similarities, files, pictures, artifacts)
    summary = _summarise(groups, found, artifacts)
    save_origin(artifacts, "duplicates", index.digest)
    return summary


def folder_of(pictures: Pictures, embeddings: Floats, files: list[Picture], original: Open) -> Folder:
    """Return all pictures; `original` opens the one of a row."""
    sizes = np.array([(file.width, file.height) for file in files], np.int64).reshape(-1, 2)
    small = room.thumbnails(pictures)
    same = room.representatives([file.content for file in files])
    return Folder(pictures, small, embeddings, same, sizes, Originals(pictures, small, sizes, original))


def find(folder: Folder, neighbours: NDArray[np.void], encoder: Encoder, settings: DuplicatesParams) -> Found:
    """Return the pairs that are copies, by the thresholds that the folder itself shows and by their originals."""
    pairs = room.candidates(
        neighbours, _turned_lists(folder.small), same=folder.same, depth=_DEPTH, depth_turned=_DEPTH_TURNED
    )
    agreements = room.compare(folder.pictures, folder.small, pairs, progress=True)
    first, second = room.copied(folder.pictures[:: -(-len(folder.pictures) // _COPIED)])
    agreement = settings.agreement
    if agreement == "auto":
        agreement = room.agreement_threshold(room.agreement(first, second))
    threshold = room.find_threshold(np.ones(1, np.float32), np.empty(0, np.float32), agreement=agreement)
    looked = np.flatnonzero(agreements >= min(_LOOKED_AT, threshold.agreement_if_similar))
    places = _compared(folder.originals, pairs, looked)
    unlike = looked[[room.kind_of(one, is_near=True) == "none" for one in places]]
    agreements[unlike] = 0  # as their originals show
    copies = (_own(encoder, first) * _own(encoder, second)).sum(axis=1)
    others = room.nearest_that_differ(pairs, agreements, agreement=agreement)
    threshold = room.find_threshold(copies, others, agreement=agreement)
    if settings.threshold != "auto":
        threshold = replace(threshold, similarity=settings.threshold)
    near = threshold.is_near(pairs.similarities, agreements)[looked]
    is_open = settings.agreement == "auto"  # to copies that only the originals show
    kinds = [
        room.kind_of(one, is_near=bool(yes)) if yes or is_open else "none"
        for one, yes in zip(places, near, strict=True)
    ]
    rows = np.stack([pairs.first, pairs.second], axis=1)[looked]
    sure, perhaps = (np.array([kind == name for kind in kinds], bool) for name in ("copy", "perhaps"))
    shares = np.array([one.share for one in places], np.float32)[perhaps]
    remain = room.without_layouts(len(folder.pictures), rows[sure], rows[perhaps], shares)
    layouts = len(np.unique(rows[perhaps][~remain]))
    return Found(rows[sure], rows[perhaps][remain], layouts, threshold, copies, others)


def _turned_lists(small: NDArray[np.uint8]) -> dict[int, NDArray[np.void]]:
    """Return which pictures look like each one after each turn, coarsely."""
    own = room.signatures(small)
    return {
        turn: np.concatenate(
            list(
                sorted_lists(
                    own,
                    depth=_DEPTH_TURNED,
                    block=_BLOCK,
                    progress=False,
                    queries=room.signatures(room.turned(small, turn)),
                )
            )
        )
        for turn in room.LOOKED_FOR
    }


def _compared(originals: Originals, pairs: Pairs, looked: Rows) -> list[room.Places]:
    """Compare the originals of some pairs, on all cores."""

    def work(which: int) -> room.Places:
        return originals.places(int(pairs.first[which]), int(pairs.second[which]))[0]

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(work, looked), "originals", len(looked), unit=" pairs"))


def _encoder(artifacts: Artifacts) -> Encoder:
    encoder = open_encoder(artifacts.encoder)
    check_encoder(artifacts, encoder.digest)
    return encoder


def _own(encoder: Encoder, pictures: NDArray[np.uint8]) -> Floats:
    return encoder.parts.own_of(encode(encoder, pictures, progress=False))


def _similarities(rows: list[int], folder: Folder, encoder: Encoder) -> Floats:
    """Return the similarity of a group's pictures to the first one, each after the turn that makes it most like it."""
    found = []
    for row in rows:
        turn = folder.originals.turn(rows[0], row)
        turned = room.turned(folder.pictures[row], turn)[None]
        found.append(_own(encoder, turned)[0] if turn else folder.embeddings[row])
    similarities: Floats = np.clip(np.stack(found) @ folder.embeddings[rows[0]], -1, 1)
    return similarities


def _save(
    groups: list[list[Copy]],
    similarities: list[Floats],
    files: list[Picture],
    pictures: Pictures,
    artifacts: Artifacts,
) -> None:
    """Write the table and the sheets."""
    table = []
    with rewritten_folder(artifacts.duplicates_sheets) as root:
        for number, (group, alike) in enumerate(zip(groups, similarities, strict=True), 1):
            tiles: list[Tile] = []
            for copy, similarity in zip(group, alike.tolist(), strict=True):
                file = files[copy.row]
                table.append((number, file.path, f"{similarity:.6f}", copy.kind, copy.keep, copy.reason))
                words = (file.path, f"{copy.keep}: {copy.kind}, {similarity:.3f}", *_broken(copy.reason))
                if number <= _SHEETS and len(tiles) < _SHOWN:
                    tiles.append(Tile(pictures[copy.row], words, copy.keep == "yes", (file.width, file.height)))
            if tiles:
                _sheet(number, len(group), tiles).save(root / f"{number:04d}.jpg", quality=88)
    save_table(artifacts.duplicates, DUPLICATES_COLUMNS, table)


def _sheet(number: int, count: int, tiles: list[Tile]) -> Image.Image:
    more = "" if count == len(tiles) else f", the first {len(tiles)}"
    subtitle = "framed: the one to keep; no: could go; unsure: look at it; and the similarity to the first"
    title = f"Group {number}: {counted(count, 'picture')}{more}"
    return contact_sheet(in_rows(tiles, 6), title=title, subtitle=subtitle, tile=200)


def _broken(reason: str) -> tuple[str, ...]:
    """Break a reason into lines of a caption."""
    return tuple(textwrap.wrap(reason, _LETTERS, max_lines=_LINES, placeholder=" ..."))


def _summarise(groups: list[list[Copy]], found: Found, artifacts: Artifacts) -> str:
    """Write the plot and the metrics, and say in a line what was found."""
    with replaced(artifacts.plot("duplicates")) as path:
        copies, others = found.copies.tolist(), found.others.tolist()
        plot_threshold(path, copies=copies, others=others, threshold=found.threshold.similarity)
    exact = sum(all(copy.kind == "exact" for copy in group) for group in groups)
    marks = Counter(copy.keep for group in groups for copy in group)
    metrics = {"groups": len(groups), "exact_groups": exact, "extra_pictures": marks["no"], "unsure": marks["unsure"]}
    save_json(artifacts.metrics("duplicates"), {**metrics, "layouts": found.layouts, **found.threshold.as_metrics()})
    are = "is" if marks["unsure"] == 1 else "are"
    marked = f"{counted(marks['no'], 'picture')} could go, {marks['unsure']:,} {are} unsure"
    counts = f"{counted(len(groups), 'group')}, {exact:,} of them exact; {marked}"
    layouts = (
        f"; {found.layouts:,} pictures share a layout and differ in places: they are no copies" if found.layouts else ""
    )
    return f"{counts}{layouts}; {found.threshold.words()}"
