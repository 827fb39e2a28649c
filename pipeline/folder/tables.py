"""What the stages have found of the whole folder, as values: groups, copies, what is unusual, the map."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Duplicate, Ranked


@dataclass(frozen=True)
class Group:
    """One of the K groups.

    Attributes
    ----------
    number : int
        From 1, the largest group first; the name of its folder.
    medoid : str
        Path of the picture that is most like all others of the group.
    paths : tuple of str
        Of all its pictures, the medoid first, then by similarity.
    rows : ndarray of int64, (M,)
        Their rows, in the same order.
    similarities : ndarray of float64, (M,)
        Cosine similarity of each to the medoid, in [-1, 1]; larger is more alike.
    """

    number: int
    medoid: str
    paths: tuple[str, ...]
    rows: NDArray[np.int64]
    similarities: NDArray[np.float64]


@dataclass(frozen=True)
class Unique:
    """A picture, and how unusual it is.

    Attributes
    ----------
    rank : int
        The place among all pictures, from 1, the most unusual first; copies share one rank.
    path : str
        Relative to the dataset.
    distance : float or None
        Cosine distance to the nearest that is no copy of it, in [0, 2]; None if all others are copies of it.
    nearest : str or None
        Path of that nearest picture; None as well.
    copies : tuple of str
        Paths of its copies.
    stands_out : bool
        Whether the distance lies beyond the upper whisker of a box plot of all distances.
    """

    rank: int
    path: str
    distance: float | None
    nearest: str | None
    copies: tuple[str, ...]
    stands_out: bool


@dataclass(frozen=True)
class Copy:
    """One picture of a group of copies.

    Attributes
    ----------
    path : str
        Relative to the dataset.
    row : int
        Of the picture, in all arrays of the folder.
    similarity : float
        Cosine similarity to the one to keep, in [-1, 1].
    kind : {"exact", "near", "perhaps"}
        The same byte for byte as the one to keep; by its pixels; or it differs in places.
    keep : {"yes", "no", "unsure"}
        Whether it is the one to keep, could go without a loss, or is to be looked at.
    reason : str
        Why, in words.
    """

    path: str
    row: int
    similarity: float
    kind: str
    keep: str
    reason: str


@dataclass(frozen=True)
class Copies:
    """A group of pictures that are copies of each other.

    Attributes
    ----------
    number : int
        From 1.
    members : tuple of Copy
        The one to keep first.
    """

    number: int
    members: tuple[Copy, ...]

    @property
    def keep(self) -> str:
        """Path of the picture to keep, relative to the dataset."""
        return self.members[0].path

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all its pictures, the one to keep first."""
        return tuple(one.path for one in self.members)

    @property
    def spare(self) -> tuple[str, ...]:
        """Paths of the pictures that could go: nothing that they show would be lost."""
        return tuple(one.path for one in self.members if one.keep == "no")

    @property
    def unsure(self) -> tuple[str, ...]:
        """Paths of the pictures that somebody should look at first: they may show something that would be lost."""
        return tuple(one.path for one in self.members if one.keep == "unsure")

    @property
    def is_exact(self) -> bool:
        """Whether the files of all its pictures are the same byte for byte."""
        return all(one.kind == "exact" for one in self.members)


@dataclass(frozen=True)
class Map:
    """Where each picture lies on the map, near to what it is like.

    Attributes
    ----------
    points : ndarray of float64, (N, 2)
        x and y of each picture, in row order.
    cells : ndarray of int64, (N, 2)
        Column and row of each picture's own cell in a grid without overlap.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]


def group_of(
    medoid: int, numbers: NDArray[np.int64], similarities: NDArray[np.float64], paths: tuple[str, ...]
) -> Group:
    """Return the group of a medoid's row, of the group of each picture and its similarity to the medoid, (N,) each."""
    rows = np.flatnonzero(numbers == numbers[medoid])
    rows = rows[np.lexsort((rows, -similarities[rows], rows != medoid))]
    ordered = tuple(paths[row] for row in rows.tolist())
    return Group(int(numbers[medoid]), ordered[0], ordered, rows, similarities[rows])


def copies_of(members: Iterable[Duplicate]) -> tuple[Copies, ...]:
    """Return the groups of copies of their members, which come group by group."""
    return tuple(
        Copies(number, tuple(Copy(m.path, m.row, m.similarity, m.kind, m.keep, m.reason) for m in group))
        for number, group in groupby(members, key=lambda member: member.group)
    )


def ranked(pictures: Iterable[Ranked]) -> tuple[Unique, ...]:
    """Return pictures by how unusual they are, in their order; copies, which have one rank, as one."""
    together = ([*group] for _, group in groupby(pictures, key=lambda one: one.rank))
    return tuple(
        Unique(one.rank, one.path, one.distance, one.nearest, tuple(copy.path for copy in copies), one.stands_out)
        for one, *copies in together
    )
