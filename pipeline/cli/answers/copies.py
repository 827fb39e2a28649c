"""Prints the groups of copies that the stage `duplicates` wrote, and makes a folder of links for each."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.artifacts import Artifacts, open_index, unwritable
from pipeline.cli.answers.outputs import open_door
from pipeline.errors import ArtifactError, QueryError
from pipeline.folder.given import from_here
from pipeline.folder.tables import Copies
from pipeline.params import Params
from pipeline.pictures import content_of
from pipeline.show.folders import lay_out, link
from pipeline.wording import counted, one_line


def as_json(groups: Sequence[Copies]) -> str:
    """Return the groups as a JSON list: which to keep, which could go, and which are to be looked at (`unsure`)."""
    values = [
        {
            "group": group.number,
            "exact": group.is_exact,
            "paths": group.paths,
            "keep": group.keep,
            "no": group.spare,
            "unsure": group.unsure,
        }
        for group in groups
    ]
    return json.dumps(values, ensure_ascii=False)


def spare(groups: Sequence[Copies], artifacts: Artifacts) -> list[Path]:
    """Return where the pictures lie that could go, as seen from where one stands.

    Raises
    ------
    ArtifactError
        If one of them, or the one that is kept for it, has gone or holds something else by now, or if the one that is
        kept is only a link to it by now.
    """
    with open_index(artifacts.index) as index:
        dataset = index.dataset
        contents = {picture.path: picture.content for picture in index.pictures()}
    paths = []
    for group in groups:
        for path in (group.keep, *group.spare) if group.spare else ():
            _check_unchanged(dataset / path, contents.get(path, ""))
        _check_no_link(dataset / group.keep, [dataset / path for path in group.spare])
        paths += [from_here(dataset / path) for path in group.spare]
    return paths


def _check_unchanged(path: Path, content: str) -> None:
    try:
        is_same = content_of(path) == content
    except OSError as error:
        remedy = "the dataset has changed: run" if isinstance(error, FileNotFoundError) else "make it readable, and run"
        raise ArtifactError(f"{one_line(path)}: {error.strerror}; {remedy} `dvc repro`") from error
    if not is_same:
        raise ArtifactError(f"{path} holds something else than when copies were looked for: run `dvc repro`")


def _check_no_link(kept: Path, spare_ones: list[Path]) -> None:
    if kept.resolve() in {path.resolve() for path in spare_ones}:
        raise ArtifactError(f"{kept} has become a link to a copy of it; the dataset has changed: run `dvc repro`")


def format_groups(groups: Sequence[Copies]) -> str:
    """Return the groups as a table for a terminal."""
    widest = max((len(member.kind) for group in groups for member in group.members), default=0)
    lines = [f"group  keep    {'kind':{widest}}  similarity  path (reason)"]
    for group in groups:
        for m in group.members:
            kind = f"{m.kind:{widest}}"
            lines.append(
                f"{group.number:5d}  {m.keep:6}  {kind}  {m.similarity:10.4f}  {one_line(m.path)} ({m.reason})"
            )
    return "\n".join(lines) if groups else "there are no copies"


def check_folder(folder: Path, params: Params, artifacts: Artifacts) -> None:
    """Raise QueryError if the folder for links holds something already, can't be written, or lies in the dataset."""
    open_door(params, artifacts, force=False).new_folder(folder, "--links")


def save_links(groups: Sequence[Copies], folder: Path, dataset: Path) -> str:
    """Make a folder for each group, with links to its pictures, the one to keep first.

    Raises
    ------
    ArtifactError
        If a picture has gone or can't be read.
    QueryError
        If the folder can't be written.
    """
    for group in groups:
        plan = lay_out(
            list(group.paths),
            groups=np.zeros(len(group.members), np.int64),
            medoids=np.zeros(1, np.int64),
            similarities=np.array([member.similarity for member in group.members], np.float32),
        )[0]
        target = folder / f"{group.number:04d}"
        try:
            target.mkdir(parents=True)
            for row, name in zip(plan.rows, plan.files, strict=True):
                link(dataset / group.paths[row], target / name, hard=True)
        except OSError as error:
            raise QueryError(f"--links: {unwritable(target, error)}") from error
    return f"{counted(len(groups), 'folder')} in {folder}"
