"""The value that a report is made from: everything that the line found, as plain arrays and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.pixels import Pictures


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A picture of a group of copies: similarity to the kept one, the kind of copy, and whether to keep it, and why."""

    group: int
    row: int
    similarity: float
    kind: str
    keep: str  # yes, no, or unsure
    reason: str

    @property
    def kept(self) -> bool:
        """Whether it is the picture of its group that is to be kept."""
        return self.keep == "yes"


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """A picture, its cosine distance to the nearest one that is no copy of it, and the row of that one, or -1.

    Of copies there is one, with the rows of the others; `rank` counts from 1. `stands_out` is whether the distance lies
    beyond the upper whisker of a box plot of all.
    """

    row: int
    distance: float
    nearest: int
    rank: int
    copies: Sequence[int]
    stands_out: bool


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A file that is no picture, and why; `is_other_name` is whether it is only another name of what was read."""

    path: str
    reason: str
    is_other_name: bool

    @property
    def kind(self) -> str:
        """The reason without what is true of this file alone: sizes, shares, names."""
        return "another name of what was read" if self.is_other_name else self.reason.partition(" (")[0]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the line found of N pictures in K groups; row i is the same picture everywhere.

    dataset       the folder, as the user wrote it
    home          URL of that folder, and
    groups_home   URL of the K-group folders, both as seen from the page and ending in '/'
    paths         N paths relative to the folder, with '/'
    contents      the sha256 of each file
    sizes         (N, 2) width and height of the originals
    bytes, times  (N,) of their files: bytes, and seconds of the last change since 1970; 0 where it is unknown
    pictures      uint8 (N, 256, 256, 3)
    neighbours    (N, k) of (row, similarity), most similar first
    scale         "nearest" and "random": 101 rising quantiles of such similarities, none where there are no pairs
    groups        (N,) from 1; similarities (N,) to the own medoid; medoids: K rows
    labels        path -> label, of the pictures that have one
    positions     (N, 2) on the map; cells: (N, 2) column and row of the grid
    rejected      what became no picture
    history       epoch, loss, validation loss, seconds
    elbow         k, loss, silhouette
    metrics       stage -> its metrics
    copies        None if nobody looked for them; unusual: the most unusual first, None as well
    """

    dataset: str
    home: str
    groups_home: str
    paths: Sequence[str]
    contents: Sequence[str]
    sizes: NDArray[np.int64]
    bytes: NDArray[np.int64]
    times: NDArray[np.int64]
    pictures: Pictures
    neighbours: NDArray[np.void]
    scale: Mapping[str, Sequence[float]]
    groups: NDArray[np.int64]
    similarities: NDArray[np.float64]
    medoids: Sequence[int]
    labels: Mapping[str, str]
    positions: NDArray[np.floating]
    cells: NDArray[np.int64]
    rejected: Sequence[Rejected]
    history: Sequence[Sequence[float]]
    elbow: Sequence[Sequence[float]]
    metrics: Mapping[str, Mapping[str, Any]]
    copies: Sequence[Copy] | None
    unusual: Sequence[Unusual] | None
