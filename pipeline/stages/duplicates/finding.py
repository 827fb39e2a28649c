"""Finds the copies in a folder: its candidates are compared by their pixels, and the few that agree by their originals.

What the last run has found of a pair is taken over; what depends on the whole folder, as thresholds do, never is.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline import duplicates as room
from pipeline.artifacts import Picture
from pipeline.duplicates import Distinct, Known, Originals, Pairs, Places, Threshold
from pipeline.duplicates.originals import Open
from pipeline.encoder.running import Encoder, encode
from pipeline.params import DuplicatesParams
from pipeline.pixels import Pictures
from pipeline.workers import in_order

_BLOCK = 512
_DEPTH = 8  # of each list whose pixels are compared
_COPIED = 200  # pictures that copies are made of, at most
_LOOKED_AT = 0.5  # pairs whose pixels agree less than this are not opened

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
OpenEncoder = Callable[[], Encoder]


@dataclass(frozen=True)
class Folder:
    """All pictures: pixels, thumbnails, own embeddings, contents, width and height, originals, and what is known."""

    pictures: Pictures
    small: NDArray[np.uint8]
    embeddings: Floats
    contents: Distinct
    sizes: NDArray[np.int64]
    originals: Originals
    known: Known


@dataclass(frozen=True)
class Found:
    """The pairs that are copies (S, 2) and perhaps copies (P, 2), the smaller row first, and what was found on the way.

    `layouts` is how many pictures are perhaps copies of so many that they only share a layout; `copies` and `others`
    are the similarities of made copies and of what differs, behind the threshold. `compared` says how many pairs there
    were, and how many of them the last run had not compared. `known` is what the next run needs not find.
    """

    sure: Rows
    perhaps: Rows
    layouts: int
    threshold: Threshold
    copies: Floats
    others: Floats
    compared: tuple[int, int]
    known: Known


def folder_of(pictures: Pictures, embeddings: Floats, files: list[Picture], original: Open, *, known: Known) -> Folder:
    """Return all pictures; `original` opens the one of a row."""
    sizes = np.array([(file.width, file.height) for file in files], np.int64).reshape(-1, 2)
    contents = room.distinct([file.content for file in files])
    carried = room.carried(known.tables, contents.contents)
    small = carried.tables.thumbnails
    _draw(pictures, contents.rows, small, np.flatnonzero(carried.is_new))
    lists = room.turned_lists(small, carried.tables.lists, is_new=carried.is_new, lost=carried.lost)
    known = replace(known, tables=replace(carried.tables, lists=lists))
    small = small[contents.ranks]
    answers = Originals(pictures, small, sizes, original, contents=contents, known=known)
    return Folder(pictures, small, embeddings, contents, sizes, answers, known)


def _draw(pictures: Pictures, rows: Rows, small: NDArray[np.uint8], which: Rows) -> None:
    """Put the thumbnails of some contents where they belong, in place, on all cores."""

    def work(start: int) -> None:
        some = which[start : start + _BLOCK]
        small[some] = room.thumbnails(pictures[rows[some]])

    for _ in in_order(work, range(0, len(which), _BLOCK)):
        pass


def find(folder: Folder, neighbours: NDArray[np.void], encoder: OpenEncoder, settings: DuplicatesParams) -> Found:
    """Return the pairs that are copies, by the thresholds that the folder itself shows and by their originals."""
    contents = folder.contents
    lists = dict(zip(room.LOOKED_FOR, folder.known.tables.lists["rank"], strict=True))
    pairs = room.candidates(neighbours, lists, rows=contents.rows, ranks=contents.ranks, depth=_DEPTH)
    agreed, count = _agreed(folder, pairs)
    agreements = agreed["agreement"].copy()
    made = _made(folder, encoder)
    agreement = room.agreement_threshold(made[:, 0]) if settings.agreement == "auto" else settings.agreement
    threshold = room.find_threshold(np.ones(1, np.float32), np.empty(0, np.float32), agreement=agreement)
    looked = np.flatnonzero(agreements >= min(_LOOKED_AT, threshold.agreement_if_similar))
    places = _compared(folder.originals, pairs[looked])
    unlike = looked[[room.kind_of(one, is_near=True) == "none" for one in places]]
    agreements[unlike] = 0  # as their originals show
    others = room.nearest_that_differ(pairs, agreements, agreement=agreement)
    threshold = room.find_threshold(made[:, 1], others, agreement=agreement)
    if settings.threshold != "auto":
        threshold = replace(threshold, similarity=settings.threshold)
    near = threshold.is_near(pairs.similarities, agreements)[looked]
    is_open = settings.agreement == "auto"  # to copies that only the originals show
    kinds = [
        room.kind_of(one, is_near=bool(yes)) if yes or is_open else "none"
        for one, yes in zip(places, near, strict=True)
    ]
    rows = np.sort(np.stack([pairs.first, pairs.second], axis=1)[looked], axis=1)
    sure, perhaps = (np.array([kind == name for kind in kinds], bool) for name in ("copy", "perhaps"))
    shares = np.array([one.share for one in places], np.float32)[perhaps]
    remain = room.without_layouts(len(folder.pictures), rows[sure], rows[perhaps], shares)
    layouts = len(np.unique(rows[perhaps][~remain]))
    known = replace(folder.known, tables=replace(folder.known.tables, agreed=agreed))
    found = (rows[sure], rows[perhaps][remain], layouts, threshold, made[:, 1], others)
    return Found(*found, compared=(len(pairs.first), count), known=known)


def _agreed(folder: Folder, pairs: Pairs) -> tuple[NDArray[np.void], int]:
    """Return how well the pixels of all pairs agree, (M,) of AGREED, and of how many that wasn't known."""
    ranks = folder.contents.ranks
    ends = np.stack([ranks[pairs.first], ranks[pairs.second], pairs.turns], axis=1)
    agreements = room.known_agreements(folder.known.tables.agreed, ends)
    new = np.flatnonzero(np.isnan(agreements))
    agreements[new] = room.compare(folder.pictures, folder.small, pairs[new], progress=True)
    agreed = np.empty(len(ends), room.AGREED)
    for name, values in zip(("first", "second", "turn", "agreement"), (*ends.T, agreements), strict=True):
        agreed[name] = values
    return agreed, len(new)


def _made(folder: Folder, encoder: OpenEncoder) -> Floats:
    """Return agreement and similarity, (V, 2), of two copies each that are made of some pictures.

    Those with the smallest digests: as random as any, and nearly all of them stay the same when pictures come and go.
    """
    rows = folder.contents.rows[:_COPIED].tolist()
    keys = [folder.contents.contents[place].decode() for place in range(len(rows))]
    new = [row for key, row in zip(keys, rows, strict=True) if key not in folder.known.made.known]
    found = dict(zip(new, _alike_once_copied(folder.pictures[new], encoder), strict=True)) if new else {}
    pairs = [
        folder.known.made.of(key, functools.partial(found.__getitem__, row))
        for key, row in zip(keys, rows, strict=True)
    ]
    return np.array(pairs, np.float32).reshape(-1, 2)


def _alike_once_copied(pictures: NDArray[np.uint8], encoder: OpenEncoder) -> list[tuple[float, float]]:
    """Return agreement and similarity of two copies of each picture."""
    first, second = room.copied(pictures)
    both, count = np.concatenate([first, second]), np.arange(len(first))
    pairs = Pairs(count, count + len(first), np.ones(len(first), np.float32), np.zeros_like(count))
    agreements = room.compare(both, room.thumbnails(both), pairs, progress=False)
    similarities = (_own(encoder(), first) * _own(encoder(), second)).sum(axis=1)
    return list(zip(agreements.tolist(), similarities.tolist(), strict=True))


def _compared(originals: Originals, pairs: Pairs) -> list[Places]:
    """Compare the originals of pairs, on all cores; a pair that looks alike after several turns once."""
    ends = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    once = list(dict.fromkeys(ends))
    with threadpool_limits(1, user_api="blas"):
        answers = in_order(lambda pair: originals.places(*pair)[0], once)
        found = dict(zip(once, tqdm(answers, "originals", len(once), unit=" pairs"), strict=True))
    return [found[pair] for pair in ends]


def _own(encoder: Encoder, pictures: NDArray[np.uint8]) -> Floats:
    return encoder.parts.own_of(encode(encoder, pictures, progress=False))


def similarities_to_first(rows: list[int], folder: Folder, encoder: OpenEncoder) -> list[float]:
    """Return the similarity of a group's pictures to the first one, each after the turn that makes it most like it."""
    similarities = [_similarity(rows[0], row, folder, encoder) for row in rows]
    return [min(max(one, -1.0), 1.0) for one in similarities]


def _similarity(first: int, row: int, folder: Folder, encoder: OpenEncoder) -> float:
    wanted, turn = folder.embeddings[first], folder.originals.turn(first, row)
    if not turn:
        return float((folder.embeddings[row] * wanted).sum())

    def find() -> float:
        picture = room.turned(folder.pictures[row], turn)[None]
        return float((_own(encoder(), picture)[0] * wanted).sum())

    contents, ranks = folder.contents.contents, folder.contents.ranks
    key = room.key_of(contents[ranks[first]].decode(), contents[ranks[row]].decode(), turn)
    return folder.known.turned.of(key, find)
