"""The part of an embedding that a picture owes to its neighbours: where it lies in the graph of the folder's pictures.

Two pictures of one thing may look little alike and still be linked by others between them. The graph's main directions
tell so: a picture lies on them where its nearest do. That makes lists and groups better, but it draws a picture that
is like no other towards the few that are least unlike it. So it is a part of its own, behind the picture's own part,
and what is unusual, what is a copy and what two pictures share is asked of the own part alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, dia_array, eye_array
from sklearn.utils.extmath import randomized_svd

from pipeline.encoder.weighing import nearest
from pipeline.graph import Value
from pipeline.vectors import Parts

_WEIGHT = 0.7  # of the place beside the own part, which has 1
_NEAREST = 20  # pictures that a picture is linked with
_POWER = 3  # of a similarity, as the weight of a link: near ones count most
_DIRECTIONS, _MOST = 64, 128  # of the graph, in a small folder and in a large one
_TO_EACH = 64  # pictures to a direction, in between
_FEWEST = 100  # pictures, below which there is no graph to speak of
_ROUNDS = 5  # of the search for the directions
_ITSELF = 0.005  # of a similarity below 1, over which a link fades: a copy would say nothing but the picture itself
_MOST_PICTURES = 10_000  # that new ones are placed by: the file keeps their embeddings, and each new one meets them all
_NOWHERE = 0.03  # of a usual length: what lies beside all directions, and is nearly all of a picture that is near none

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Neighbourhood:
    """Pictures of the folder that new ones are placed by.

    own     float32 (M, D), their own embeddings, of unit length
    places  float32 (M, Q), what each adds to the place of a picture that is near it; 0 in the last number
    """

    own: Array
    places: Array


def fit_neighbourhood(own: Array, *, seed: int) -> Neighbourhood | None:
    """Return what places pictures in the graph of some; None of fewer than a hundred, which are no graph.

    Parameters
    ----------
    own
        float32 (M, D) of unit length: embeddings of the pictures alone; of more than 10,000 some are taken.
    seed
        Draws the start of the search for the graph's directions.

    Notes
    -----
    Each picture is linked with its twenty nearest, by their similarity cubed. The directions are eigenvectors of the
    normalised graph, and a picture lies on them where its nearest do, by the same weights. For a picture of the folder
    that is close to its eigenvectors times eigenvalues, where links of others to it count as well.

    References
    ----------
    Ng, Jordan and Weiss, "On spectral clustering: analysis and an algorithm", NIPS 2001; new pictures: Bengio et al.,
    "Out-of-sample extensions for LLE, Isomap, MDS, eigenmaps, and spectral clustering", NIPS 2003.
    """
    if len(own) < _FEWEST:
        return None
    own = own[:: -(-len(own) // _MOST_PICTURES)]
    count = len(own)
    rows = nearest(own, _NEAREST)
    weights = np.maximum(np.einsum("nd,nkd->nk", own, own[rows]), 0) ** _POWER
    links = csr_array((weights.ravel(), rows.ravel(), np.arange(0, rows.size + 1, _NEAREST)), (count, count))
    links = links.maximum(links.T)
    roots = 1 / np.sqrt(np.maximum(links.sum(axis=1), 1e-12))
    scaled = dia_array((roots[None], [0]), (count, count))
    lazy = (scaled @ links @ scaled + eye_array(count)) / 2  # no eigenvalue below 0, so the largest are those wanted
    directions = min(max(count // _TO_EACH, _DIRECTIONS), _MOST, count // 4)
    vectors = randomized_svd(lazy, directions, n_iter=_ROUNDS, power_iteration_normalizer="QR", random_state=seed)[0]
    places = np.pad(vectors * roots[:, None], ((0, 0), (0, 1)))
    lengths = np.linalg.norm(np.einsum("nk,nkq->nq", weights, places[rows]), axis=1)
    return Neighbourhood(own, (places / max(float(np.median(lengths)), 1e-12)).astype(np.float32))


def with_neighbourhood(own: Value, there: Value, neighbourhood: Neighbourhood) -> tuple[Value, Parts]:
    """Return own embeddings (B, D), at unit length, with their places behind, (B, D + Q); and where these begin.

    `there` is how much there is to see in each picture, (B, 1), from 0 to 1: a blank one is near none.
    A picture is not its own neighbour, nor is a copy of it: so a picture of the folder has the same place from the
    cache and asked afresh, and so has, nearly, one that was saved once more. The link fades, without a step.
    """
    graph = own.graph
    similarities = own @ np.ascontiguousarray(neighbourhood.own.T)
    weights = similarities.relu() ** _POWER * ((1 - similarities) / _ITSELF).between(0, 1)
    weights, rows = weights.highest(_NEAREST)
    found = graph.constant(neighbourhood.places).taken(rows)  # (B, K, Q)
    nowhere = np.eye(neighbourhood.places.shape[1], dtype=np.float32)[-1] * _NOWHERE
    place = ((weights.widened(2) * found).sum(1) * there + nowhere).unit()
    length = 1 / (1 + _WEIGHT**2) ** 0.5
    parts = Parts(neighbourhood.own.shape[1], length)
    return graph.joined([own * length, place * (_WEIGHT * length)]), parts
