"""How many groups there are, and which: from nothing, or on from those of the last run."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline import closure
from pipeline import groups as room
from pipeline.artifacts import (
    Artifacts,
    Earlier,
    digest_of,
    encoder_of,
    load_elbow,
    load_json,
    read_groups,
)
from pipeline.errors import ArtifactError, ParamsError
from pipeline.groups import Grouping, Sweep
from pipeline.params import GroupsParams

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """The last grouping, as it bears on the pictures of now.

    numbers   (N,) int64, the group that each picture was in, from 0; -1 if it is new
    start     (K,) rows of now that the groups go on from; None if they were made by another encoder or other settings
    sweep     losses and silhouettes of every K that was tried
    pictures  how many there were when K was chosen
    """

    numbers: Rows
    start: Rows | None
    sweep: Sweep
    pictures: int


def made_by(settings: GroupsParams, artifacts: Artifacts) -> str:
    """Return a digest of what, beside the pictures, decides which groups there are."""
    return digest_of(asdict(settings) | {"links": ""}, encoder_of(artifacts), closure.digest("groups"))


def known_of(then: Earlier | None, artifacts: Artifacts, by: str) -> Known | None:
    """Return the last grouping; None if there is none that can be read."""
    if then is None:
        return None
    try:
        last = read_groups(then.folder / artifacts.groups_table.name)
        ks, losses, silhouettes = load_elbow(then.folder / artifacts.elbow_table.name).T
        said = load_json(then.folder / artifacts.metrics("groups").name, stage="groups")
    except ArtifactError:  # somebody has changed it
        return None
    if len(last.paths) != len(then.now):
        return None
    old, rows = last.groups - 1, np.array(last.medoids, np.int64)
    numbers = np.where(then.before >= 0, old[then.before], -1)
    start = room.moved_medoids(rows, old, last.similarities, then.now) if said.get("by") == by else None
    sweep = Sweep(ks.astype(np.int64), losses, silhouettes, ())
    return Known(numbers, start if start is not None and len(start) else None, sweep, said.get("chosen_of", len(old)))


def swept(embeddings: NDArray[np.float32], settings: GroupsParams, generator: np.random.Generator) -> Sweep:
    """Return losses, silhouettes and medoids of every K that the settings ask for, by own parts (N, D)."""
    columns = max(settings.sweep_columns, settings.k_maximum)
    return room.sweep(
        embeddings,
        k_minimum=settings.k_minimum,
        k_maximum=settings.k_maximum,
        sweep_columns=columns,
        generator=generator,
        progress=True,
    )


def elbow_by_pyclustering(embeddings: NDArray[np.float32], sweep: Sweep, settings: GroupsParams) -> int:
    """Return the K that pyclustering's elbow chooses, over the same range of K; ParamsError if it can't."""
    first, last, seed = int(sweep.ks[0]), int(sweep.ks[-1]), settings.seed % (2**31 - 1)
    try:
        return room.elbow_by_pyclustering(embeddings, k_minimum=first, k_maximum=last, seed=seed)[0]
    except ValueError as error:
        raise ParamsError(f"groups.engine: {error}; use fasterpam") from error


def grouped(
    embeddings: NDArray[np.float32], k: int, sweep: Sweep, settings: GroupsParams, generator: np.random.Generator
) -> Grouping:
    """Group around K medoids, from where the sweep ended or a greedy start, with the engine asked for."""
    if k > len(embeddings):
        raise ParamsError(f"groups.k: expected at most the number of pictures, {len(embeddings)}, got {k}; lower it")
    columns = max(settings.columns, k)
    if k in sweep.ks:
        start = sweep.medoids[int(k - sweep.ks[0])]
    else:
        start = room.start_greedily(embeddings, k=k, columns=columns, generator=generator)
    if settings.engine == "fasterpam":
        return polished(embeddings, start, settings, generator, restarts=settings.restarts)
    try:
        return room.group_by_pyclustering(embeddings, medoids_start=start)
    except ValueError as error:
        raise ParamsError(f"groups.engine: {error}") from error


def polished(
    embeddings: NDArray[np.float32],
    start: Rows,
    settings: GroupsParams,
    generator: np.random.Generator,
    *,
    restarts: int,
) -> Grouping:
    """Return the groups that are reached from medoids (K,) by swaps, beside so many random starts; the best of all."""
    columns = max(settings.columns, len(start))
    return room.group(
        embeddings, medoids_start=start, restarts=restarts, columns=columns, generator=generator, progress=True
    )
