"""The artefacts as they are at one moment: each is opened when it is first needed, checked, and then kept open."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    Index,
    Pixels,
    check_encoder,
    check_origin,
    load_distances,
    load_duplicates,
    load_embeddings,
    load_groups,
    load_json,
    load_map,
    load_neighbours,
    load_own_embeddings,
    load_pictures,
    load_scale,
    load_uniqueness,
    open_index,
    read_labels,
)
from pipeline.errors import ArtifactError
from pipeline.folder.catalogue import Catalogue, catalogue_of
from pipeline.folder.tables import Copies, Group, Map, Unique, copies_of, group_of, ranked
from pipeline.params import Params
from pipeline.similarity.scale import Scale

if TYPE_CHECKING:  # what answers from the cache does without them
    from pipeline.duplicates import Threshold
    from pipeline.encoder.running import Encoder

Stamp = tuple[tuple[int, int, int] | None, ...]

_T = TypeVar("_T")


class once(cached_property[_T]):  # noqa: N801  # a decorator, as its parent
    """A property that is made once, also where several threads ask for it at the same time."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> _T: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        """Return the value; the lock is that of the instance."""
        if instance is None:
            return self
        with instance.lock:
            return super().__get__(instance, owner)


class State:
    """Open artefacts; every property is checked to be of the same index and the same encoder, else ArtifactError."""

    def __init__(self, params: Params, artifacts: Artifacts) -> None:
        self.lock = threading.RLock()
        self._params, self._artifacts = params, artifacts
        with ExitStack() as opening:
            self.index = opening.enter_context(open_own_index(params, artifacts))
            weakref.finalize(self, opening.pop_all().close)

    @once
    def paths(self) -> tuple[str, ...]:
        """The paths of all pictures, relative to the dataset, in row order."""
        return tuple(self.index.paths())

    @once
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every original, in row order."""
        return tuple(self.index.sizes())

    @once
    def pictures(self) -> Pixels:
        """The resized pictures, uint8 (N, 256, 256, 3), memory-mapped."""
        return load_pictures(self._artifacts, self.index)

    @once
    def embeddings(self) -> NDArray[np.float32]:
        """The embeddings, float32 (N, D) of unit length, memory-mapped."""
        return load_embeddings(self._artifacts, self.index)

    @once
    def own_embeddings(self) -> NDArray[np.float32]:
        """Their own parts (see `pipeline.vectors`), float32 (N, D), of unit length: a copy in memory."""
        return load_own_embeddings(self._artifacts, self.index)

    @once
    def neighbours(self) -> NDArray[np.void]:
        """Each picture's most similar others, sorted: NEIGHBOUR (N, k), memory-mapped."""
        return load_neighbours(self._artifacts, self.index)

    @once
    def scale(self) -> Scale:
        """What a similarity of whole embeddings means here."""
        return Scale(**load_scale(self._artifacts, self.index, part="whole"))

    @once
    def own_scale(self) -> Scale:
        """What a similarity of own parts means here."""
        return Scale(**load_scale(self._artifacts, self.index, part="own"))

    @once
    def encoder(self) -> "Encoder":
        """The encoder that made the embeddings, opened and checked."""
        from pipeline.encoder.running import open_encoder

        _ = self.embeddings  # first of all they must be whole
        encoder = open_encoder(self._artifacts.encoder)
        check_encoder(self._artifacts, encoder.digest)
        return encoder

    @once
    def cells(self) -> "Encoder":
        """The file that describes places of a picture, made beside the encoder."""
        from pipeline.encoder.running import open_cells

        return open_cells(self._artifacts.cells, beside=self.encoder.digest)

    @once
    def tolerance(self) -> float:
        """The difference that lighting and a small shift alone make, as the stage `tolerance` measured it."""
        check_origin(self._artifacts, "tolerance", self.index.digest)
        return float(load_json(self._artifacts.metrics("tolerance"), stage="tolerance")["difference"])

    @once
    def threshold(self) -> "Threshold":
        """From where on the stage `duplicates` took two pictures for copies."""
        from dataclasses import fields

        from pipeline.duplicates import Threshold

        check_origin(self._artifacts, "duplicates", self.index.digest)
        judged = load_json(self._artifacts.metrics("duplicates"), stage="duplicates")
        return Threshold(**{one.name: judged[one.name] for one in fields(Threshold)})

    @once
    def groups(self) -> tuple[Group, ...]:
        """The groups of similar pictures, by their numbers."""
        numbers, similarities, medoids = load_groups(self._artifacts, self.index, list(self.paths))
        return tuple(group_of(medoid, numbers, similarities, self.paths) for medoid in medoids)

    @once
    def copies(self) -> tuple[Copies, ...]:
        """The groups of copies, in each the picture to keep first."""
        return copies_of(load_duplicates(self._artifacts, self.index))

    @once
    def ranked(self) -> tuple[Unique, ...]:
        """All pictures by how unusual they are, the most unusual first, of copies one."""
        return ranked(load_uniqueness(self._artifacts, self.index))

    @once
    def map(self) -> Map:
        """Where each picture lies on the map, as a point and as a cell of the grid."""
        return Map(*load_map(self._artifacts, self.index, list(self.paths)))

    @once
    def catalogue(self) -> Catalogue:
        """What is known of every picture by name and number."""
        return catalogue_of(self, read_labels(self._params.dataset.labels, list(self.paths)))

    @once
    def distances(self) -> NDArray[np.float64]:
        """Of all pictures that have one, the distance to the nearest that is no copy, rising."""
        return np.sort(load_distances(self._artifacts, self.index))

    @property
    def stages(self) -> list[str]:
        """Which of the stages have run whose tables are shown each by itself."""
        tables = {
            "groups": self._artifacts.groups_table,
            "map": self._artifacts.map_table,
            "duplicates": self._artifacts.duplicates,
            "uniqueness": self._artifacts.uniqueness,
            "tolerance": self._artifacts.metrics("tolerance"),
        }
        return [stage for stage, table in tables.items() if table.is_file()]

    @property
    def knows_unusual(self) -> bool:
        """Whether the stage `uniqueness` has run, so that it can be said how unusual a picture is."""
        return self._artifacts.uniqueness.is_file()


@contextmanager
def open_own_index(params: Params, artifacts: Artifacts) -> Iterator[Index]:
    """Open the index; ArtifactError if it is missing, damaged, or of another folder than dataset.path."""
    with open_index(artifacts.index) as index:
        wanted = Path(params.dataset.path).absolute()
        if os.path.realpath(wanted) != os.path.realpath(index.dataset):
            raise ArtifactError(
                f"{artifacts.index} lists {index.dataset}, but dataset.path is {wanted}: run `dvc repro`"
            )
        yield index


def stamp_of(artifacts: Artifacts) -> Stamp:
    """Return time, size and inode of every file that a state may have opened; None of one that isn't there."""
    return tuple(map(_facts, _watched(artifacts)))


@lru_cache(maxsize=16)
def _watched(artifacts: Artifacts) -> tuple[str, ...]:
    """Return the files that a state may open; kept, for making paths takes longer than looking at them."""
    files = (
        artifacts.index, artifacts.pictures, artifacts.embeddings, artifacts.neighbours, artifacts.scale,
        artifacts.encoder, artifacts.cells, artifacts.groups_table, artifacts.map_table, artifacts.duplicates,
        artifacts.uniqueness, artifacts.metrics("tolerance"), artifacts.metrics("duplicates"),
    )  # fmt: skip
    return tuple(map(str, files))


def _facts(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
