"""Groups of pictures: K-medoids on cosine distance, and the choice of K.

Two engines. `fasterpam` is ours: swaps in blocks of candidates, on all pictures or on one random batch of
them, so that no N x N matrix is needed. `pyclustering` is system A's, behind an adapter, for up to 6,000
pictures. In the order of use:

    swept = sweep(embeddings, k_minimum=2, k_maximum=100, sweep_columns=1000, generator=generator)
    k = k_by_elbow(swept.ks, swept.losses)                       # or k_by_silhouette, or a number
    start = swept.medoids[list(swept.ks).index(k)]               # or start_greedily
    grouping = group(embeddings, medoids_start=start, restarts=4, columns=10_000, generator=generator)

Arrays in, arrays out; imports numpy and tqdm, and pyclustering when that engine is first called.
"""

from pipeline.groups.assignment import Grouping, assign, score
from pipeline.groups.choice import k_by_both, k_by_elbow, k_by_silhouette
from pipeline.groups.distances import cosine_distances
from pipeline.groups.fasterpam_engine import Sweep, group, start_greedily, sweep
from pipeline.groups.numbering import moved_medoids, renumbered
from pipeline.groups.pyclustering_engine import (
    elbow_by_pyclustering,
    group_by_pyclustering,
    kmedoids_by_pyclustering,
)
from pipeline.groups.swaps import fasterpam

__all__ = [
    "Grouping",
    "Sweep",
    "assign",
    "cosine_distances",
    "elbow_by_pyclustering",
    "fasterpam",
    "group",
    "group_by_pyclustering",
    "k_by_both",
    "k_by_elbow",
    "k_by_silhouette",
    "kmedoids_by_pyclustering",
    "moved_medoids",
    "renumbered",
    "score",
    "start_greedily",
    "sweep",
]
