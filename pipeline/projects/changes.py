"""What has come into a folder, gone, moved and been edited between two runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.artifacts import contents_and_paths, load_json, matched, open_index
from pipeline.errors import ArtifactError
from pipeline.wording import counted

Pictures = Sequence[tuple[str, str]]  # sha256 of the file and path of each


@dataclass(frozen=True)
class Changes:
    """How many pictures came, went, moved (under another path, the same bytes) and were edited (the same path)."""

    came: int
    went: int
    moved: int
    edited: int

    def words(self) -> str:
        """Say it in a line."""
        if self == Changes(0, 0, 0, 0):
            return "no picture has changed"
        edited = f", {self.edited:,} {'was' if self.edited == 1 else 'were'} edited" if self.edited else ""
        return f"{counted(self.came, 'picture')} came, {self.went:,} went, {self.moved:,} moved{edited}"


def pictures_of(index: Path) -> list[tuple[str, str]]:
    """Return the pictures of an index; none if there is no index yet."""
    try:
        with open_index(index) as opened:
            return contents_and_paths(opened)
    except ArtifactError:
        return []


def read_decision(file: Path) -> object:
    """Return of which pictures, and by which settings, the network is trained; None if nothing is decided yet."""
    try:
        return load_json(file, stage="refresh")["train"]
    except (ArtifactError, KeyError):
        return None


def changes(then: Pictures, now: Pictures) -> Changes:
    """Return what happened between then and now."""
    rows_now, rows_then = matched(list(then), list(now))
    gone = {then[row][1] for row in np.flatnonzero(rows_now < 0).tolist()}
    new = {now[row][1] for row in np.flatnonzero(rows_then < 0).tolist()}
    pairs = ((row, before) for row, before in enumerate(rows_then.tolist()) if before >= 0)
    moved = sum(now[row][1] != then[before][1] for row, before in pairs)
    edited = len(gone & new)
    return Changes(len(new) - edited, len(gone) - edited, moved, edited)
