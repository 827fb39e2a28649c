"""Owns the map: every picture as a point of a plane, near to what it is like, and as a cell of a grid.

t-SNE places up to so many pictures, begun at their principal components; beyond that it places a sample, and
every other picture goes where its most similar ones of the sample lie. The grid gives each picture a cell of
its own, so that thumbnails don't overlap.
"""

import contextlib
import io
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline.vectors import principal

_STEPS = 1000  # of t-SNE, as scikit-learn does by itself
_FEWEST = 4  # t-SNE of fewer pictures says no more than their principal components
_ALIKE = 1e-6  # copies differ by less, by rounding
_BESIDE = 0.1  # of the mean distance of points, so that pictures that are placed by one don't hide it and each other
_BLOCK = 128
_JUDGED = 2000  # pictures that the trustworthiness is measured on, at most, each among all
_AT_ONCE = 16  # rows whose distances to all stay in a core's cache

Positions = NDArray[np.float32]  # (N, 2): right, up


def project(
    embeddings: NDArray[np.float32], *, perplexity: float, fit_pictures: int, seed: int, progress: bool
) -> Positions:
    """Place every picture in a plane by t-SNE.

    Parameters
    ----------
    embeddings
        (N, D) float32, unit length.
    perplexity
        How many neighbours of a picture count, about; a third of the pictures at most.
    fit_pictures
        If there are more, t-SNE places a random sample of so many, and every other picture lies beside its most
        similar one in the sample. (At the median of 5 such, 8,677 photographs, half of them fitted, have a
        trustworthiness of 0.935; beside the first 0.958; all fitted 0.965.)
    seed
        Of the sample, and of the places beside it.
    progress
        Whether to show a progress bar on stderr.

    Returns
    -------
    positions
        (N, 2) float32, centred; nearer is more alike, the axes mean nothing. Fewer than 4 pictures lie at their
        principal components; copies of one picture, and nothing else, all at 0.

    References
    ----------
    van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 9 (2008). Kobak and Berens, "The art of using
    t-SNE for single-cell transcriptomics", Nature Communications 10 (2019), doi:10.1038/s41467-019-13056-x, for
    the start and for placing what was not fitted.
    """
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.permutation(len(embeddings))[:fit_pictures])
    fitted = _tsne(np.asarray(embeddings[rows]), perplexity=perplexity, seed=seed, progress=progress)
    positions = np.empty((len(embeddings), 2), np.float32)
    positions[rows] = fitted
    others = np.setdiff1d(np.arange(len(embeddings)), rows, assume_unique=True)
    _place_beside(embeddings, positions, rows, others, generator)
    positions -= positions.mean(axis=0)
    return positions


def placed_beside(embeddings: NDArray[np.float32], known: Positions, *, seed: int) -> Positions:
    """Place pictures that came to a map beside those that they are most like; all others stay where they are.

    Parameters
    ----------
    embeddings
        (N, D) float32, unit length.
    known
        (N, 2) float32; not a number for those that came. At least one is known.
    seed
        Draws the places beside.
    """
    new = np.isnan(known[:, 0])
    positions, generator = known.copy(), np.random.default_rng(seed)
    _place_beside(embeddings, positions, np.flatnonzero(~new), np.flatnonzero(new), generator)
    return positions


def _place_beside(
    embeddings: NDArray[np.float32],
    positions: Positions,
    placed: NDArray[np.int64],
    others: NDArray[np.int64],
    generator: np.random.Generator,
) -> None:
    """Write into positions where the others lie: each beside what it is most like of what is placed."""
    fitted = positions[placed]
    apart = _BESIDE * float(np.ptp(fitted, axis=0).max()) / len(fitted) ** 0.5
    for start in range(0, len(others), _BLOCK):
        some = others[start : start + _BLOCK]
        similarities = embeddings[some] @ embeddings[placed].T  # (B, placed)
        positions[some] = fitted[similarities.argmax(axis=1)] + generator.normal(0, apart, (len(some), 2))


def principal_positions(embeddings: NDArray[np.float32]) -> Positions:
    """Return the scores on the first two principal components: (N, 2) float32, centred; missing ones are 0."""
    centred = embeddings - embeddings.mean(axis=0)
    directions = principal(centred, dimensions=min(2, *centred.shape))[1]
    directions *= np.where(directions.max(axis=0) < -directions.min(axis=0), -1, 1)  # else chance chooses
    positions = np.zeros((len(embeddings), 2), np.float32)
    positions[:, : directions.shape[1]] = centred @ directions
    return positions


def grid_cells(positions: Positions) -> NDArray[np.int64]:
    """Give each picture a cell of a square grid, near those that it is near to in the plane.

    The grid is halved across its longer side, and so are the pictures along the same direction, again and again
    until a cell is left: N log^2 N steps, where an optimal assignment takes N^3.

    Returns
    -------
    cells
        (N, 2) of (column, row), row 0 at the top; every cell is taken but for the end of the last row.
    """
    columns = int(np.ceil(np.sqrt(len(positions))))
    cells = np.empty((len(positions), 2), np.int64)
    waiting = [(np.arange(len(positions)), (0, columns), (0, -(-len(positions) // columns)))]
    while waiting:
        rows, across, down = waiting.pop()
        if len(rows) < 2:
            cells[rows] = across[0], down[0]
            continue
        width, height = across[1] - across[0], down[1] - down[0]
        axis = 0 if width >= height else 1
        middle = across[0] + width // 2 if axis == 0 else down[0] + height // 2
        first = ((across[0], middle), down) if axis == 0 else (across, (down[0], middle))
        second = ((middle, across[1]), down) if axis == 0 else (across, (middle, down[1]))
        keys = positions[rows, 0] if axis == 0 else -positions[rows, 1]  # the top row is the highest
        order = rows[np.argsort(keys, kind="stable")]
        count = _room(*first, columns=columns, total=len(positions))
        waiting += [(order[:count], *first), (order[count:], *second)]
    return cells


def trustworthiness(
    embeddings: NDArray[np.float32], maps: Sequence[NDArray[np.floating | np.integer]], *, neighbours: int
) -> list[float] | None:
    """Return how far neighbours on maps can be trusted to be alike; at most 1, larger is better, chance about 0.5.

    A neighbour on a map that is not among the picture's most similar ones costs as many points as its rank is
    too large.

    Parameters
    ----------
    embeddings
        (N, D), unit length.
    maps
        Each (N, 2) points or cells; ties in distance by row.
    neighbours
        How many neighbours of a picture are looked at; less than half of the pictures.

    Returns
    -------
    shares
        One for each map, of up to 2,000 pictures, evenly spread, each among all; None if there are too few pictures.

    References
    ----------
    Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001,
    doi:10.1007/3-540-44668-0_68.
    """
    count = len(embeddings)
    if 2 * neighbours >= count:
        return None
    judged = np.unique(np.linspace(0, count - 1, min(count, _JUDGED)).astype(np.int64))
    excess = [0] * len(maps)
    for start in range(0, len(judged), _BLOCK):
        rows = judged[start : start + _BLOCK]
        own = (np.arange(len(rows)), rows)
        similarities = embeddings[rows] @ embeddings.T  # (B, N)
        similarities[own] = -np.inf
        nearest = [_nearest(places, rows, neighbours) for places in maps]
        found = np.stack([np.take_along_axis(similarities, near, axis=1) for near in nearest])  # (maps, B, neighbours)
        similarities.sort(axis=1)
        for place, values in enumerate(similarities):
            ranks = 1 + count - np.searchsorted(values, found[:, place], side="right")  # one more than are more similar
            for number, beyond in enumerate(np.maximum(ranks - neighbours, 0).sum(axis=1).tolist()):
                excess[number] += beyond
    most = len(judged) * neighbours * (2 * count - 3 * neighbours - 1)
    return [1 - 2 * one / most for one in excess]


def _nearest(places: NDArray[np.floating | np.integer], rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the rows that lie nearest to some rows (B,) on a map (N, 2), each itself left out: (B, count)."""
    xs, ys = places.astype(np.float64).T.copy()
    found = np.empty((len(rows), count), np.int64)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        apart, up = xs[some, None] - xs, ys[some, None] - ys  # (B, N)
        apart *= apart
        up *= up
        apart += up
        apart[np.arange(len(some)), some] = np.inf
        found[start : start + _AT_ONCE] = _smallest(apart, count)
    return found


def _smallest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the places of the smallest values of each row, ties by place, the smallest first: (B, count)."""
    most = np.partition(values, count - 1, axis=1)[:, count - 1]
    ones, places = np.nonzero(values <= most[:, None])
    order = np.lexsort((places, values[ones, places], ones))
    starts = np.searchsorted(ones, np.arange(len(values)))
    found: NDArray[np.int64] = places[order[starts[:, None] + np.arange(count)]]
    return found


def _tsne(embeddings: NDArray[np.float32], *, perplexity: float, seed: int, progress: bool) -> Positions:
    start = principal_positions(embeddings)
    spread = float(start[:, 0].std())
    if spread < _ALIKE:  # whatever moved them apart would be made up
        return np.zeros_like(start)
    if len(embeddings) < _FEWEST:
        return start
    from sklearn.manifold import TSNE

    count = len(embeddings)
    tsne = TSNE(
        perplexity=min(perplexity, (count - 1) / 3),
        init=start / spread * 1e-4,  # small, as the gradient needs it (Kobak and Berens)
        max_iter=_STEPS,
        random_state=seed,
        verbose=2 if progress else 0,
    )
    # One thread: on a machine that is busy two take 10 times the processor's time of one (499 pictures: 25.8 s
    # against 2.5 s), and the map is the same however many cores there are.
    with _shown_progress(wanted=progress), threadpool_limits(1):
        positions: Positions = tsne.fit_transform(embeddings)
    return positions


@contextlib.contextmanager
def _shown_progress(*, wanted: bool) -> Iterator[None]:
    """Turn the lines that scikit-learn prints every 50 steps into a bar on stderr."""
    with tqdm(total=_STEPS, desc="map", unit=" steps", disable=not wanted) as bar:

        class Listener(io.TextIOBase):
            def write(self, text: str) -> int:
                step = re.match(r"\[t-SNE\] Iteration (\d+)", text)
                bar.update(int(step[1]) - bar.n if step else 0)
                return len(text)

        with contextlib.redirect_stdout(Listener()) if wanted else contextlib.nullcontext():
            yield


def _room(across: tuple[int, int], down: tuple[int, int], *, columns: int, total: int) -> int:
    """Return how many of the first `total` cells, counted row by row, lie in a rectangle of the grid."""
    full = min(down[1], total // columns) - down[0]  # whole rows of the rectangle
    last = total // columns
    partial = max(0, min(across[1], total % columns) - across[0]) if down[0] <= last < down[1] else 0
    return max(full, 0) * (across[1] - across[0]) + partial
