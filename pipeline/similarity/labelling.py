"""Owns giving every picture of a folder a label, from a few that have one.

Three ways from the few to the many: by the mean of each class, by the most similar examples, and by letting labels
spread along the sorted lists, from neighbour to neighbour. Which is best is found on the examples themselves.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vectors import unit

_SHARPNESS = 1.7  # what lies between a first and a tenth neighbour counts e to this power
_LEAST_FALL = 1e-4  # of the similarity from a first to a tenth neighbour; less may be rounding
_UNKNOWN_FALL = 0.1  # where lists of one neighbour don't tell
_VOTERS = 10  # examples that vote on a picture
_LINKS = 10  # neighbours that labels spread to
_CLAMPING = 0.95  # how much of its label a picture takes from its neighbours: labels reach far
_STEPS = 40  # of spreading; a hundred give the same to half a percent
_FOLDS = 5
_SHARPENINGS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_DOUBT = 1e-3  # what is surer than this is not proposed for labelling
_LEAST = 1e-6  # of a share, so that its logarithm is finite

Embeddings = NDArray[np.float32]  # (N, D), unit length
Shares = NDArray[np.float32]  # (N, C), of each class, from 0, rows sum to 1


@dataclass(frozen=True)
class Examples:
    """The few pictures whose class is known: their rows (E,), and their classes (E,) from 0 to num_classes - 1."""

    rows: NDArray[np.int64]
    classes: NDArray[np.int64]
    num_classes: int

    def some(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Return the examples of a mask (E,)."""
        return Examples(self.rows[chosen], self.classes[chosen], self.num_classes)


def by_class_means(embeddings: Embeddings, lists: NDArray[np.void], examples: Examples) -> Shares:
    """Return shares by the similarity to the mean of each class's examples."""
    sums = np.zeros((examples.num_classes, embeddings.shape[1]), np.float32)
    np.add.at(sums, examples.classes, embeddings[examples.rows])
    votes = _votes(embeddings @ unit(sums).T, lists)
    votes[:, ~sums.any(axis=1)] = 0  # a class without an example gets nothing
    return _shares(votes)


def by_neighbours(embeddings: Embeddings, lists: NDArray[np.void], examples: Examples) -> Shares:
    """Return shares by the votes of the ten most similar examples; the more similar, the more a vote counts."""
    nearest, similarities = nearest_examples(embeddings, examples.rows, count=_VOTERS)
    votes = np.zeros((len(embeddings), examples.num_classes), np.float32)
    everyone = np.repeat(np.arange(len(embeddings)), nearest.shape[1])
    np.add.at(votes, (everyone, examples.classes[nearest.ravel()]), _votes(similarities, lists).ravel())
    return _shares(votes)


def by_spreading(embeddings: Embeddings, lists: NDArray[np.void], examples: Examples) -> Shares:
    """Return shares by label spreading along the sorted lists; class means where no label arrives.

    References
    ----------
    Zhou, Bousquet, Lal, Weston and Schölkopf, "Learning with local and global consistency", NIPS 2003.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.semi_supervised import LabelSpreading

    known = np.full(len(embeddings), -1)
    known[examples.rows] = examples.classes
    model = LabelSpreading(kernel=lambda *_: _graph(lists), alpha=_CLAMPING, max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it need not: the order of the classes stands long before
        model.fit(np.arange(len(embeddings))[:, None], known)
    spread = np.zeros((len(embeddings), examples.num_classes), np.float32)
    sizes = np.bincount(examples.classes, minlength=examples.num_classes)[model.classes_]
    spread[:, model.classes_] = model.label_distributions_ / sizes  # a class with more examples isn't likelier for that
    lost = ~(spread.sum(axis=1) > 0)
    if lost.any():
        spread[lost] = by_class_means(embeddings, lists, examples)[lost]
    return _shares(spread)


Method = Callable[[Embeddings, NDArray[np.void], Examples], Shares]
METHODS: dict[str, Method] = {  # of equals the first is chosen
    "label spreading": by_spreading,
    "class means": by_class_means,
    "nearest neighbours": by_neighbours,
}


@dataclass(frozen=True)
class Choice:
    """The method that labels its held-out examples best.

    method       a name of METHODS
    accuracies   share of held-out examples that each method labels rightly; empty where none could be held out
    sharpening   power that shares are raised to, so that they fit how often the method is right
    """

    method: str
    accuracies: dict[str, float]
    sharpening: float


def choose_method(embeddings: Embeddings, lists: NDArray[np.void], examples: Examples, *, seed: int) -> Choice:
    """Choose the method, and how sure to be, by cross-validation on the examples.

    Each fold holds out an example of every class that has another; a class's only example is never held out. If no
    class has two, nothing can be measured, and the first method is taken.
    """
    folds = _folds(examples, seed=seed)
    held = folds >= 0
    if not held.any():
        return Choice(next(iter(METHODS)), {}, 1.0)
    truth, shares = examples.classes[held], {}
    for name, method in METHODS.items():
        given = np.zeros((len(examples.rows), examples.num_classes), np.float32)
        for fold in range(folds.max() + 1):
            out = folds == fold
            given[out] = method(embeddings, lists, examples.some(~out))[examples.rows[out]]
        shares[name] = given[held]
    accuracies = {name: float((given.argmax(axis=1) == truth).mean()) for name, given in shares.items()}
    best = max(accuracies, key=accuracies.__getitem__)
    return Choice(best, accuracies, _sharpening(shares[best], truth))


def label(embeddings: Embeddings, lists: NDArray[np.void], examples: Examples, choice: Choice) -> Shares:
    """Return each picture's shares of the classes by the chosen method; an example has its own class for certain.

    Parameters
    ----------
    embeddings
        float32 (N, D), unit length.
    lists
        (N, k) of NEIGHBOUR: each row's most similar others, for labels to spread along.
    examples
        The rows whose class is known.
    choice
        What `choose_method` returned.

    Returns
    -------
    shares
        float32 (N, C); the largest names the class, and how large it is says how sure that is.
    """
    shares = sharpened(METHODS[choice.method](embeddings, lists, examples), choice.sharpening)
    shares[examples.rows] = np.eye(examples.num_classes, dtype=np.float32)[examples.classes]
    return shares


def nearest_examples(
    embeddings: Embeddings, rows: NDArray[np.int64], *, count: int, block: int = 4096
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the places in `rows` of each picture's most similar examples, and the similarities: (N, min(count, E))."""
    count = min(count, len(rows))
    places, similarities = np.empty((len(embeddings), count), np.int64), np.empty((len(embeddings), count), np.float32)
    for start in range(0, len(embeddings), block):
        found = embeddings[start : start + block] @ embeddings[rows].T  # (B, E)
        order = np.argsort(-found, axis=1, kind="stable")[:, :count]
        places[start : start + block] = order
        similarities[start : start + block] = np.take_along_axis(found, order, axis=1)
    return places, similarities


def most_helpful(shares: Shares, lists: NDArray[np.void], *, count: int) -> NDArray[np.int64]:
    """Return the rows whose labelling would help most, the best first.

    What is gained by a label is the doubt that it ends: the picture's own, and that of its neighbours, each by how
    similar they are. So one of many doubtful pictures that look alike comes first, and then none that looks like it.
    """
    near, weights = lists["row"][:, :_LINKS], np.clip(lists["similarity"][:, :_LINKS], 0, 1)
    doubts = 1 - shares.max(axis=1)
    chosen: list[int] = []
    while len(chosen) < count:
        gains = doubts + (weights * doubts[near]).sum(axis=1)
        gains[doubts < _DOUBT] = 0
        row = int(gains.argmax())
        if gains[row] <= 0:
            break
        chosen.append(row)
        doubts[near[row]] *= 1 - weights[row]
        doubts[row] = 0
    return np.array(chosen, np.int64)


def sharpened(shares: Shares, power: float) -> Shares:
    """Return shares raised to a power: above 1 it makes them surer, below 1 less sure."""
    return _shares(np.maximum(shares, _LEAST) ** np.float32(power))


def _sharpening(shares: Shares, truth: NDArray[np.int64]) -> float:
    """Return the power under which the held-out classes are the most likely."""
    likelihoods = {p: np.log(sharpened(shares, p)[np.arange(len(truth)), truth] + _LEAST).mean() for p in _SHARPENINGS}
    return max(likelihoods, key=lambda power: float(likelihoods[power]))


def _sharpness(lists: NDArray[np.void]) -> float:
    """Return by how much the logarithm of a vote falls where a cosine falls by 1.

    Cosines of one encoder lie between 0 and 1, of another between 0.9 and 1. So it is measured by how much they fall
    from a first to a tenth neighbour: by the logarithm of the rank, should the lists be shorter.
    """
    last = min(_LINKS, lists.shape[1]) - 1
    if last < 1 or not len(lists):
        return _SHARPNESS / _UNKNOWN_FALL
    fall = np.median(lists["similarity"][:, 0] - lists["similarity"][:, last]) * np.log(_LINKS) / np.log(last + 1)
    return _SHARPNESS / max(float(fall), _LEAST_FALL)


def _votes(similarities: NDArray[np.float32], lists: NDArray[np.void]) -> NDArray[np.float32]:
    """Return how much similarities (N, M) count beside the largest of their row, in [0, 1]."""
    largest = similarities.max(axis=1, keepdims=True, initial=-1)
    votes: NDArray[np.float32] = np.exp((similarities - largest) * np.float32(_sharpness(lists)))
    return votes


def _shares(votes: NDArray[np.float32]) -> Shares:
    shares: Shares = votes / votes.sum(axis=1, keepdims=True)
    return shares


def _folds(examples: Examples, *, seed: int) -> NDArray[np.int64]:
    """Return in which fold each example is held out (E,); -1 for the only one of its class."""
    folds = np.full(len(examples.rows), -1)
    generator = np.random.default_rng(seed)
    for number in range(examples.num_classes):
        own = np.flatnonzero(examples.classes == number)
        if len(own) > 1:
            folds[generator.permutation(own)] = np.arange(len(own)) % min(_FOLDS, len(own))
    return folds


def _graph(lists: NDArray[np.void]):  # type: ignore[no-untyped-def]  # a sparse matrix, which has no types
    """Return the symmetric graph of neighbours, weighted by how similar they are, as a sparse (N, N)."""
    from scipy.sparse import coo_array

    near = lists["row"][:, :_LINKS]
    weights = np.exp((lists["similarity"][:, :_LINKS].astype(np.float64) - 1) * _sharpness(lists))
    rows = np.repeat(np.arange(len(lists)), near.shape[1])
    directed = coo_array((weights.ravel(), (rows, near.ravel())), shape=(len(lists), len(lists))).tocsr()
    return directed.maximum(directed.T)
