"""What is known of every picture by name and number: for tables, and to search among some of them."""

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.originals import bytes_and_times
from pipeline.errors import ArtifactError
from pipeline.similarity.scale import Scale

if TYPE_CHECKING:
    from pipeline.folder.state import State


@dataclass(frozen=True)
class Catalogue:
    """What is known of the N pictures; row i is picture i in all of them.

    Attributes
    ----------
    paths, contents : tuple of str
        Relative to the dataset with '/', and the sha256 of each file.
    sizes : ndarray of int64, (N, 2)
        Width and height of the originals in pixels.
    bytes, times : ndarray of int64, (N,)
        Of each file: bytes, and seconds of the last change since 1970; 0 of one that has gone.
    labels : tuple of str
        As `dataset.labels` gives them; empty where a picture has none.
    groups : ndarray of int64, (N,)
        The number of the group of each picture; 0 where nobody has made groups.
    stages : frozenset of str
        Which of groups, map, duplicates, uniqueness and tolerance have run; groups of other pictures count as none.
    scale : Scale
        What a similarity means in this folder.
    """

    paths: tuple[str, ...]
    contents: tuple[str, ...]
    sizes: NDArray[np.int64]
    bytes: NDArray[np.int64]
    times: NDArray[np.int64]
    labels: tuple[str, ...]
    groups: NDArray[np.int64]
    stages: frozenset[str]
    scale: Scale

    def among(
        self,
        *,
        folder: str | None = None,
        label: str | None = None,
        group: int | None = None,
        words: str | None = None,
        since: float | None = None,
        until: float | None = None,
        megapixels: float | None = None,
    ) -> NDArray[np.bool_]:
        """Return which pictures fulfil all that is given: bool (N,).

        Parameters
        ----------
        folder
            They lie in this folder of the dataset or below it.
        label, group
            They have this label; they are of the group of this number.
        words
            The path holds this text, whatever its capitals.
        since, until
            The file was last changed in [since, until), in seconds since 1970.
        megapixels
            The original has so many or more.
        """
        chosen = np.ones(len(self.paths), bool)
        if folder:
            inside = folder.rstrip("/") + "/"
            chosen &= np.fromiter((path.startswith(inside) for path in self.paths), bool, len(self.paths))
        if label is not None:
            chosen &= np.fromiter((one == label for one in self.labels), bool, len(self.paths))
        if group is not None:
            chosen &= self.groups == group
        if words and words.strip():
            wanted = _plain(words.strip())
            chosen &= np.fromiter((wanted in _plain(path) for path in self.paths), bool, len(self.paths))
        if since is not None:
            chosen &= self.times >= since
        if until is not None:
            chosen &= self.times < until
        if megapixels is not None:
            chosen &= self.sizes.prod(axis=1) >= megapixels * 1e6
        return chosen


def catalogue_of(state: "State", labels: dict[str, str]) -> Catalogue:
    """Return what is known of the pictures of a state, whose files are looked at once each."""
    files = bytes_and_times(state.index)
    stages = frozenset(state.stages)
    groups = np.zeros(len(state.paths), np.int64)
    try:
        for group in state.groups if "groups" in stages else ():
            groups[group.rows] = group.number
    except ArtifactError:  # not made anew yet of the pictures of now, as while the line runs
        stages -= {"groups"}
    return Catalogue(
        state.paths,
        tuple(state.index.contents()),
        np.array(state.sizes, np.int64).reshape(-1, 2),
        files[:, 0],
        files[:, 1],
        tuple(labels.get(path, "") for path in state.paths),
        groups,
        stages,
        state.scale,
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()  # names of macOS are decomposed
