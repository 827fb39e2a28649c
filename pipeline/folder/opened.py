"""The opened folder: everything that can be asked of a folder of pictures and what was found of it."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, Pixels
from pipeline.errors import QueryError
from pipeline.folder.answers import Answer, Mode, Result
from pipeline.folder.catalogue import Catalogue
from pipeline.folder.measured import Measured, measured
from pipeline.folder.mixed import Source, search
from pipeline.folder.searching import encoded, judged_unusual, listed, most_similar, results_of, row_of
from pipeline.folder.state import State, stamp_of
from pipeline.folder.tables import Copies, Group, Map, Unique
from pipeline.params import Params, load_params
from pipeline.wording import one_line

if TYPE_CHECKING:  # what answers from the cache does without them
    from pipeline.folder.comparing import Comparison, Reference
    from pipeline.folder.examples import Example
    from pipeline.folder.given import Given, Picture
    from pipeline.folder.labels import Labels
    from pipeline.folder.unusual import Unusual
    from pipeline.pictures import Limits


class Folder:
    """A folder of pictures and what the stages found of it; made by `open_folder`.

    Encoder, index and tables are opened when they are first needed, and then kept. When a stage replaces one of them,
    the next question opens all of them anew. Several threads may ask.

    Every picture that is asked for may be the path of a file, as it is seen from here or from the dataset; the bytes of
    a file; an open `PIL.Image`; or its pixels, uint8 (height, width, 3). It is made upright, RGB and 256x256 as the
    folder's own are.

    All methods raise ArtifactError if what they read is missing, damaged, or was made from other pictures or by another
    encoder than the rest; its message names the stage to run.
    """

    def __init__(self, params: Params, artifacts: Artifacts) -> None:
        self._params, self._artifacts, self._lock = params, artifacts, threading.Lock()
        self._stamp, self._state = stamp_of(artifacts), State(params, artifacts)

    @property
    def dataset(self) -> Path:
        """The folder that the pictures lie in; all paths are relative to it."""
        return self._now().index.dataset

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all pictures, relative to the dataset, with '/'; picture i has row i in all arrays."""
        return self._now().paths

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every original in pixels, in row order."""
        return self._now().sizes

    @property
    def pictures(self) -> Pixels:
        """The resized pictures, memory-mapped: uint8 (N, 256, 256, 3), RGB; `np.asarray` makes an array of them."""
        return self._now().pictures

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """The embeddings, memory-mapped: float32 (N, D) of unit length, so that a product is a cosine similarity."""
        return self._now().embeddings

    @property
    def version(self) -> str:
        """Sixteen letters that change whenever a stage replaces what this folder answers from."""
        return hashlib.sha256(repr(stamp_of(self._artifacts)).encode()).hexdigest()[:16]

    def query(self, picture: "Picture | Given", n: int = 10, mode: Mode = "auto", *, unusual: bool = False) -> Answer:
        """Find the `n` pictures that look most like one.

        A picture whose content is in the folder is answered from the sorted lists, whatever it is called and wherever
        it lies, itself left out; any other is encoded and compared with all. Asked in mode "fresh", a picture of the
        folder finds itself first.

        Parameters
        ----------
        picture
            See the class.
        n
            How many to find, 1 or more; fewer are found in a folder that holds fewer.
        mode
            "cached" asks the lists alone, "fresh" the encoder, and "auto" the lists where they know the picture.
        unusual
            Whether to say as well how unusual a picture is that was encoded: it is compared with its neighbours by
            their pixels, which takes longer than to find them. Nothing is said where nobody has run `uniqueness`.

        Raises
        ------
        QueryError
            If it is missing or no readable picture, or mode is "cached" and it is not in the folder.
        """
        if n < 1 or mode not in get_args(Mode):
            raise ValueError(f"expected n >= 1 and one of {', '.join(get_args(Mode))}, got {n!r} and {mode!r}")
        state = self._now()
        given = self.given(picture)
        row = None if mode == "fresh" else row_of(given, state)
        if row is not None:
            return Answer(given.path, "cached", *results_of(listed(row, n, state), state), row)
        if mode == "cached":
            raise QueryError(
                f'{given.name} is no picture of the folder; ask in mode "fresh", or add it there and run `dvc repro`'
            )
        embedding = encoded(given, state)
        results = results_of(most_similar(state.embeddings, embedding, n), state)
        judged = judged_unusual(given, embedding, state) if unusual and state.knows_unusual else None
        return Answer(given.path, "fresh", *results, None, judged)

    def neighbours(self, path: str, n: int = 10) -> tuple[Result, ...]:
        """Return the `n` pictures most like one of the folder, most similar first, itself left out.

        Raises
        ------
        QueryError
            If the folder has no picture of this path, as `paths` writes it.
        """
        state = self._now()
        rows = state.index.rows_of_path(path)
        if not rows:
            raise QueryError(
                f"{one_line(path)} is no picture of the folder; give one of its paths, as Folder.paths writes them"
            )
        return results_of(listed(rows[0], n, state), state)[0]

    def search(
        self,
        like: Sequence[Source],
        unlike: Sequence[Source] = (),
        n: int = 10,
        *,
        among: NDArray[np.bool_] | None = None,
        least: float = -1.0,
    ) -> Answer:
        """Find the `n` pictures most like some and unlike others, those themselves left out.

        Each is a row of the folder or an embedding, as `encode` gives it. What is found is most similar to the mean of
        the wanted less half the mean of the unwanted; of one row alone, its sorted list. Only pictures that `among`,
        bool (N,), says are found, as `catalogue().among(...)` gives it, and none whose similarity is below `least`.
        QueryError if nothing is asked for, a row isn't there, or the pictures cancel each other out.
        """
        if n < 1:
            raise ValueError(f"expected n >= 1, got {n!r}")
        return search(like, unlike, n, among, least, self._now())

    def rows_of_content(self, content: str) -> list[int]:
        """Return the rows that hold a file of this sha256, ascending; more than one where there are copies."""
        return self._now().index.rows_of_content(content)

    def catalogue(self) -> Catalogue:
        """Return what is known of every picture by name and number."""
        return self._now().catalogue

    def measured(self) -> Measured:
        """Return what the stages have measured of the model, its training and its groups."""
        return measured(self._artifacts)

    def how_unusual(self, picture: "Picture | Given") -> "Unusual":
        """Say how unusual a picture is that is not in the folder, and what it is a copy of.

        Raises
        ------
        QueryError
            If it is missing or no readable picture.
        """
        state = self._now()
        given = self.given(picture)
        return judged_unusual(given, encoded(given, state), state)

    def encode(self, pictures: "Iterable[Picture]") -> NDArray[np.float32]:
        """Return the embeddings of pictures, float32 (B, D) of unit length; of one of the folder, its own row."""
        from pipeline.encoder.running import encode

        pixels = [self.given(picture).pixels for picture in pictures]
        encoder = self._now().encoder
        return encode(encoder, np.stack(pixels) if pixels else np.empty((0, 256, 256, 3), np.uint8), progress=False)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of similar pictures, by their numbers: the largest first when they were chosen."""
        return self._now().groups

    def unique(self, n: int = 20) -> tuple[Unique, ...]:
        """Return the `n` most unusual pictures, the most unusual first; of copies one."""
        return self._now().ranked[:n]

    def duplicates(self) -> tuple[Copies, ...]:
        """Return the groups of copies that `duplicates` found, in each the picture to keep first."""
        return self._now().copies

    def map(self) -> Map:
        """Return where each picture lies on the map, as a point and as a cell of the grid."""
        return self._now().map

    def reference(self, picture: "Picture | Given") -> "Reference":
        """Look at a picture once, so that many photos can be held beside it; QueryError if it is none."""
        from pipeline.folder.comparing import Reference

        return Reference(self.given(picture), self._now())

    def compare(self, reference: "Picture | Given", photo: "Picture | Given") -> "Comparison":
        """Say whether a photo shows the same as a reference, and where not, and whether both are of one kind.

        Raises
        ------
        QueryError
            If one of them is missing or no readable picture.
        """
        return self.reference(reference).compare(self.given(photo))

    def label(
        self,
        examples: "str | os.PathLike[str] | Mapping[str, str]",
        *,
        progress: "Callable[[list[Example]], Iterable[Example]]" = iter,
    ) -> "Labels":
        """Label every picture of the folder from a few examples.

        Parameters
        ----------
        examples
            A mapping of paths to labels; or a CSV file with the columns path,label; or a folder with a folder of
            pictures for each label. A path is relative to the dataset, to the CSV file, or to where one stands.
        progress
            Gives the examples one by one as they are read, so that a caller may show how far it has come.

        Raises
        ------
        QueryError
            If there are no examples, or they can't be understood; one content has two labels; or no two labels have an
            example that can be read.
        """
        from pipeline.folder.examples import examples_of
        from pipeline.folder.labels import label

        state = self._now()
        found = examples_of(examples, self._artifacts, state)
        names = sorted({example.label for example in found})
        return label(progress(found), names, self._limits(), state)

    def given(self, picture: "Picture | Given") -> "Given":
        """Return a picture that all methods take, whose file is then read once however often it is asked for."""
        from pipeline.folder.given import Given

        if isinstance(picture, Given):
            return picture
        return Given(picture, self._now().index.dataset, self._limits())

    def _limits(self) -> "Limits":
        from pipeline.pictures import Limits

        return Limits(**vars(self._params.resize))

    def _now(self) -> State:
        """Return the artefacts as they are now: those that are open, unless one of them has been replaced."""
        stamp = stamp_of(self._artifacts)
        with self._lock:
            if stamp != self._stamp:
                self._state, self._stamp = State(self._params, self._artifacts), stamp
            return self._state


def open_folder(
    project: str | os.PathLike[str] = ".",
    *,
    params: str | os.PathLike[str] | None = None,
    artifacts: str | os.PathLike[str] | None = None,
) -> Folder:
    """Open a project: a folder that holds `params.yaml` and, once the line has run there, `artifacts`.

    Parameters
    ----------
    project
        The folder of both.
    params, artifacts
        Where they lie, if elsewhere.

    Raises
    ------
    ParamsError
        If params.yaml is missing or holds a wrong value.
    ArtifactError
        If there is no index yet, or it is damaged or of another folder of pictures than params.yaml names.
    """
    params_file = Path(project) / "params.yaml" if params is None else Path(params)
    root = Path(project) / "artifacts" if artifacts is None else Path(artifacts)
    return Folder(load_params(params_file), Artifacts(root))
