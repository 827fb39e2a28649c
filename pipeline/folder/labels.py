"""Labels for every picture of the folder from a few examples, how sure that is, and what to label next."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import QueryError
from pipeline.folder.examples import Example, Outsider, find
from pipeline.folder.state import State
from pipeline.pictures import Limits
from pipeline.similarity import labelling
from pipeline.similarity.lists import most_similar

EXPLAINED = 3  # examples that are named beside a label
_HELPFUL = 20  # pictures that are proposed for labelling


@dataclass(frozen=True)
class Labels:
    """What was found; row i is picture i of the folder.

    Attributes
    ----------
    paths : list of str
        Of the folder's pictures, relative to the dataset.
    sizes : tuple of tuple of int
        Width and height of their originals.
    names : list of str
        Of the C classes, sorted.
    shares : ndarray of float32, (N, C)
        How sure each class is for each picture, in [0, 1]; the rows sum to 1.
    choice : Choice
        The method, and how well each did on held-out examples.
    examples : dict of int to int
        Row to class, of the examples that are pictures of the folder.
    counts : list of int
        Of all examples of each class, from outside as well.
    explained : list of list of str
        Of each picture, the most similar examples of the class that it got; none for an example.
    helpful : ndarray of int64
        Rows whose labelling would help most, the best first.
    skipped : list of str
        Examples that can't be used, each with the reason.
    """

    paths: list[str]
    sizes: tuple[tuple[int, int], ...]
    names: list[str]
    shares: NDArray[np.float32]
    choice: labelling.Choice
    examples: dict[int, int]
    counts: list[int]
    explained: list[list[str]]
    helpful: NDArray[np.int64]
    skipped: list[str]

    def name(self, row: int) -> str:
        """Return the label that the picture of this row got."""
        return self.names[int(self.shares[row].argmax())]

    def confidence(self, row: int) -> float:
        """Return how sure the label of this row is, in [0, 1]; larger is surer."""
        return float(self.shares[row].max())


def label(examples: Iterable[Example], names: list[str], limits: Limits, state: State) -> Labels:
    """Label every picture of the folder from examples, whose labels are `names`.

    An example whose content is in the folder is that picture, whatever it is called and wherever it lies, and so are
    its copies; any other is encoded.

    Raises
    ------
    QueryError
        If one content has two labels, or no two labels have an example that can be read.
    """
    inside, others, skipped = find(examples, names, limits, state)
    embeddings, lists, paths = np.asarray(state.embeddings), state.neighbours, list(state.paths)
    rows = np.array([*inside, *range(len(paths), len(paths) + len(others))], np.int64)
    classes = np.array([*inside.values(), *(other.number for other in others)], np.int64)
    if len(set(classes.tolist())) < 2:
        raise QueryError(
            f"fewer than two labels have a readable example; give more of them, or mend these: {'; '.join(skipped[:3])}"
        )
    known = labelling.Examples(rows, classes, len(names))
    all_embeddings, all_lists = _extended(embeddings, lists, others)
    choice = labelling.choose_method(all_embeddings, all_lists, known, seed=0)
    shares = labelling.label(all_embeddings, all_lists, known, choice)[: len(paths)]
    called = [*(paths[row] for row in inside), *(other.path for other in others)]
    explained = _explained(embeddings, shares, all_embeddings[rows], classes, called, inside)
    helpful = labelling.most_helpful(shares, lists, count=_HELPFUL)
    counts = np.bincount(classes, minlength=len(names)).tolist()
    return Labels(paths, state.sizes, names, shares, choice, inside, counts, explained, helpful, skipped)


def _extended(
    embeddings: NDArray[np.float32], lists: NDArray[np.void], others: list[Outsider]
) -> tuple[NDArray[np.float32], NDArray[np.void]]:
    """Return embeddings and lists with the examples from outside as further rows."""
    if not others:
        return embeddings, lists
    found = [most_similar(embeddings, other.embedding, count=lists.shape[1]) for other in others]
    return np.concatenate([embeddings, [other.embedding for other in others]]), np.concatenate([lists, found])


def _explained(
    embeddings: NDArray[np.float32],
    shares: NDArray[np.float32],
    vectors: NDArray[np.float32],
    classes: NDArray[np.int64],
    called: list[str],
    inside: dict[int, int],
) -> list[list[str]]:
    """Return for each picture the names of the most similar examples (vectors, classes, called) of its own class."""
    explained: list[list[str]] = [[] for _ in embeddings]
    given = shares.argmax(axis=1)
    for number in np.unique(given):
        own, rows = np.flatnonzero(classes == number), np.flatnonzero(given == number)
        order = np.argsort(-(embeddings[rows] @ vectors[own].T), axis=1, kind="stable")[:, :EXPLAINED]
        for row, places in zip(rows.tolist(), order.tolist(), strict=True):
            explained[row] = [] if row in inside else [called[own[place]] for place in places]
    return explained
