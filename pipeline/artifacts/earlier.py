"""What each stage has made last, beside the index whose rows that is of: so a changed folder costs what has changed.

DVC removes what a stage has made before the stage runs again, and the index by then is of the changed folder. So a
stage that can go on from its last run keeps what that takes here. DVC knows nothing of it, and it can be removed at
any time: then the stage begins from nothing.
"""

import hashlib
import json
import os
import shutil
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.files import replaced_folder
from pipeline.artifacts.index import Index, open_index
from pipeline.artifacts.layout import Artifacts
from pipeline.errors import ArtifactError

_LINKED = (".npy", ".sqlite")  # files that nobody edits

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Earlier:
    """What a stage has made last, and how its pictures stand in the index of now.

    folder  holds the files under the names that they have among the artefacts
    digest  of the index that they were made from
    now     int64 (M,), where each picture of that index stands now; -1 if it has gone
    before  int64 (N,), where each picture of now stood then; -1 if it is new
    paths   of the pictures of then, in the order of their rows

    A picture is the same if its file holds the same bytes, and its pixels were made by the same recipe; of copies, one
    under its old path stays itself, and the rest stand in the order of their rows.
    """

    folder: Path
    digest: str
    now: Rows
    before: Rows
    paths: list[str]


def remember(artifacts: Artifacts, stage: str, files: Sequence[Path]) -> None:
    """Keep what a stage has made, with the index.

    Arrays are linked where the file system can do that, and take no place then. Tables are copied: who edits one that
    was made, as a spreadsheet does, changes nothing of what the stage goes on from.
    """
    with replaced_folder(artifacts.earlier(stage)) as folder:
        for path in (artifacts.index, *files):
            if path.is_file():
                _keep(path, folder / path.name)


def earlier(artifacts: Artifacts, stage: str, index: Index) -> Earlier | None:
    """Return what a stage has made last; None if nothing is kept, it is damaged, or pixels are made otherwise now."""
    folder = artifacts.earlier(stage)
    try:
        with open_index(folder / artifacts.index.name) as old:
            if old.origin.get("recipe") != index.origin.get("recipe"):
                return None
            now, before = matched(contents_and_paths(old), contents_and_paths(index))
            return Earlier(folder, old.digest, now, before, old.paths())
    except ArtifactError:
        return None


def contents_and_paths(index: Index) -> list[tuple[str, str]]:
    """Return the sha256 and the path of each picture, in the order of the rows."""
    return list(zip(index.contents(), index.paths(), strict=True))


def matched(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> tuple[Rows, Rows]:
    """Return where each picture (content, path) of the old stands among the new, and the other way round."""
    now, before = np.full(len(old), -1, np.int64), np.full(len(new), -1, np.int64)
    row_of = {picture: row for row, picture in enumerate(old)}
    for row, picture in enumerate(new):
        before[row] = row_of.get(picture, -1)
    now[before[before >= 0]] = np.flatnonzero(before >= 0)
    left: dict[str, deque[int]] = defaultdict(deque)  # rows of old pictures that are not under their path any more
    for row in np.flatnonzero(now < 0).tolist():
        left[old[row][0]].append(row)
    for row in np.flatnonzero(before < 0).tolist():
        if left[new[row][0]]:
            before[row] = left[new[row][0]].popleft()
            now[before[row]] = row
    return now, before


def digest_of(*values: Any) -> str:
    """Return the sha256 of values, as JSON writes them: of what, beside the pictures, decides what a stage makes."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _keep(source: Path, target: Path) -> None:
    if source.suffix in _LINKED:
        try:
            os.link(source, target)
        except OSError:  # a file system without hard links
            pass
        else:
            return
    shutil.copyfile(source, target)
