"""What all requests share: the folders that are served, the uploads, and what was drawn."""

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from pipeline.folder.catalogue import Catalogue
from pipeline.folder.mixed import Source
from pipeline.folder.opened import Folder
from pipeline.web.problems import ProblemError
from pipeline.web.thumbnails import Kept
from pipeline.web.uploads import Upload, Uploads

_DRAWN_BYTES = 32 << 20
_ANSWERS_BYTES = 24 << 20
_SELECTIONS = 50


@dataclass(frozen=True)
class Served:
    """A folder that is served: the number and name of its model, from 0."""

    number: int
    name: str
    folder: Folder


class Site:
    """The folders, the first of which the page shows; the uploads; answers, drawings and selections that are kept."""

    def __init__(self, folders: list[Served], name: str, uploads: Uploads) -> None:
        self.folders, self.name, self.uploads = folders, name, uploads
        self.folder = folders[0].folder
        self.drawn, self.answers = Kept(_DRAWN_BYTES), Kept(_ANSWERS_BYTES)
        self._selections: OrderedDict[str, tuple[str, list[int]]] = OrderedDict()
        self._lock = threading.Lock()

    def check_version(self, version: str) -> None:
        """Refuse a question whose rows were taken from artefacts that have been replaced: they may be others now."""
        if version and version != self.folder.version:
            raise ProblemError(409, "the folder has been brought up to date since; load the page again")

    def row(self, row: int) -> Catalogue:
        """Return the catalogue; ProblemError if it has no such row."""
        known = self.folder.catalogue()
        if not 0 <= row < len(known.paths):
            raise ProblemError(404, f"there is no picture in row {row}; rows go from 0 to {len(known.paths) - 1}")
        return known

    def upload(self, name: str) -> Upload:
        """Return an upload; ProblemError if it has gone."""
        found = self.uploads.get(name)
        if found is None:
            raise ProblemError(404, "the server no longer has the picture that was sent; send it again")
        return found

    def source(self, name: str, served: Served) -> Source:
        """Return what a picture of the API is to a folder: its row where the folder has it, else its embedding."""
        folder = served.folder
        if re.fullmatch(r"\d+", name):
            row = int(name)
            content = self.row(row).contents[row]
            if served.number == 0:
                return row
            rows = folder.rows_of_content(content)
            return rows[0] if rows else self._encoded(folder, served.number, content, self.folder.pictures[row])
        upload = self.upload(name)
        rows = folder.rows_of_content(upload.content)
        if rows:
            return rows[0]
        version = folder.version
        kept = upload.vectors.get(served.number)
        if kept is None or kept[0] != version:
            kept = version, folder.encode([upload.pixels])[0]
            upload.vectors[served.number] = kept
        return kept[1]

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """Return the pixels of a picture of the API, uint8 (256, 256, 3)."""
        if not re.fullmatch(r"\d+", name):
            return self.upload(name).pixels
        self.row(int(name))
        return np.asarray(self.folder.pictures[int(name)])

    def keep_selection(self, name: str, rows: list[int]) -> None:
        """Keep the rows that somebody has chosen, for a while."""
        with self._lock:
            self._selections[name] = self.folder.version, rows
            while len(self._selections) > _SELECTIONS:
                self._selections.popitem(last=False)

    def selection(self, name: str) -> list[int]:
        """Return the rows of a selection; ProblemError if it has gone, or its rows are other pictures now."""
        with self._lock:
            if name not in self._selections:
                raise ProblemError(404, "this selection has gone; choose the pictures again")
            version, rows = self._selections[name]
        self.check_version(version)
        return rows

    def _encoded(self, folder: Folder, number: int, content: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        key = f"vector {number} {folder.version} {content}"
        return np.frombuffer(self.answers.of(key, lambda: folder.encode([pixels])[0].tobytes()), np.float32)


def site_of(request: Request) -> Site:
    """Return the site of a request's application."""
    found: Site = request.app.state.site
    return found
