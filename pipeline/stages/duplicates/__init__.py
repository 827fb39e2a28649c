"""Finds groups of copies, exact and near, and says which of each to keep. Nothing is ever deleted.

Candidates are found and compared at 256x256, as everywhere. The few that may be copies are opened once more in the
dataset, which no other stage does: text and small things are gone at 256x256, and so is what tells an original from
one that was made small and blown up. Who deletes what is marked here must not lose a picture by that.
"""

import io
import json
import textwrap
from collections import Counter
from functools import cache, partial
from hashlib import sha256

import numpy as np

from pipeline import duplicates as room
from pipeline.artifacts import (
    Artifacts,
    Duplicate,
    Picture,
    check_encoder,
    check_own,
    earlier,
    encoder_of,
    kept,
    load_own_embeddings,
    load_own_neighbours,
    load_pictures,
    load_rejected,
    open_index,
    replaced,
    rewritten_folder,
    save_duplicates,
    save_json,
    save_origin,
)
from pipeline.artifacts.answers import Answers
from pipeline.drawings import load_drawn, save_drawn
from pipeline.duplicates import Copy
from pipeline.encoder.running import Encoder, open_encoder
from pipeline.params import Params
from pipeline.pictures import Limits
from pipeline.pixels import Pictures
from pipeline.show.plots import plot_threshold
from pipeline.show.sheets import Tile, contact_sheet, in_rows
from pipeline.stages.duplicates.finding import Found, find, folder_of, similarities_to_first
from pipeline.stages.duplicates.originals import Files
from pipeline.stages.duplicates.remembered import load_known, save_known
from pipeline.wording import counted

_LETTERS, _LINES = 30, 4  # of a reason below a picture
_SHEETS, _SHOWN = 200, 24  # groups that get a sheet, and pictures on it, at most


def duplicates(params: Params, artifacts: Artifacts) -> str:
    """Write duplicates.csv, a sheet for each group, the plot of the threshold, and metrics.

    Raises
    ------
    ArtifactError
        If an artefact is missing or stale, or a picture of a group has gone from the dataset or was changed.
    """
    check_own(artifacts.duplicates_sheets)
    limits = vars(params.resize)
    with open_index(artifacts.index) as index:
        files, dataset = index.pictures(), index.dataset
        has_others = {one.same_as for one in load_rejected(artifacts, index)}
        pictures, embeddings = load_pictures(artifacts, index), np.asarray(load_own_embeddings(artifacts, index))
        neighbours = np.asarray(load_own_neighbours(artifacts, index))
        made_by = encoder_of(artifacts)
        last = earlier(artifacts, "duplicates", index)
    known, sheets = load_known(last, limits=limits, encoder=made_by), load_drawn(last, module=__name__)
    encoder = cache(lambda: _encoder(artifacts))
    originals = Files(files, dataset, Limits(**limits))
    folder = folder_of(pictures, embeddings, files, originals.open, known=known)
    found = find(folder, neighbours, encoder, params.duplicates)
    own, ranks = folder.contents.rows, folder.contents.ranks
    twins = np.flatnonzero(own[ranks] != np.arange(len(files)))
    near = np.concatenate([found.sure, found.perhaps])
    groups = []
    for rows in room.groups_of(len(files), [(near[:, 0], near[:, 1]), (own[ranks][twins], twins)]):
        facts = originals.facts(rows, has_others)
        answers, questions = folder.originals, params.duplicates.keep
        groups.append(room.judge(sorted(facts), facts, answers.detail, answers.relation, questions=questions))
    similarities = [similarities_to_first([copy.row for copy in group], folder, encoder) for group in groups]
    _save(groups, similarities, files, pictures, sheets, artifacts)
    summary = _summarise(groups, found, artifacts)
    save_origin(artifacts, "duplicates", index.digest)
    with kept(artifacts, "duplicates") as folder_of_now:
        save_known(folder_of_now, found.known, limits=limits, encoder=made_by)
        save_drawn(folder_of_now, sheets, module=__name__)
    return summary


def _encoder(artifacts: Artifacts) -> Encoder:
    encoder = open_encoder(artifacts.encoder)
    check_encoder(artifacts, encoder.digest)
    return encoder


def _save(
    groups: list[list[Copy]],
    similarities: list[list[float]],
    files: list[Picture],
    pictures: Pictures,
    sheets: Answers[bytes],
    artifacts: Artifacts,
) -> None:
    """Write the table and the sheets; one that the last run has drawn is not drawn again."""
    table = []
    with rewritten_folder(artifacts.duplicates_sheets) as root:
        for number, (group, alike) in enumerate(zip(groups, similarities, strict=True), 1):
            captions = []
            for copy, similarity in zip(group, alike, strict=True):
                path = files[copy.row].path
                table.append(Duplicate(number, copy.row, path, similarity, copy.kind, copy.keep, copy.reason))
                captions.append((path, f"{copy.keep}: {copy.kind}, {similarity:.3f}", *_broken(copy.reason)))
            if number <= _SHEETS:
                shown = [(files[copy.row].content, copy.keep) for copy in group[:_SHOWN]]
                key = sha256(json.dumps([len(group), shown, captions[:_SHOWN]]).encode()).hexdigest()
                sheet = sheets.of(key, partial(_sheet, group, captions, files, pictures))
                (root / f"{number:04d}.jpg").write_bytes(sheet)
    save_duplicates(artifacts.duplicates, table)


def _sheet(group: list[Copy], captions: list[tuple[str, ...]], files: list[Picture], pictures: Pictures) -> bytes:
    """Draw a group's first pictures. The sheet doesn't say its number: that changes with what lies before it."""
    tiles = [
        Tile(pictures[copy.row], words, copy.keep == "yes", (files[copy.row].width, files[copy.row].height))
        for copy, words in zip(group[:_SHOWN], captions, strict=False)
    ]
    more = "" if len(group) == len(tiles) else f", the first {len(tiles)}"
    title = f"A group of {counted(len(group), 'picture')}{more}"
    subtitle = "framed: the one to keep; no: could go; unsure: look at it; and the similarity to the first"
    buffer = io.BytesIO()
    contact_sheet(in_rows(tiles, 6), title=title, subtitle=subtitle, tile=200).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _broken(reason: str) -> tuple[str, ...]:
    """Break a reason into lines of a caption."""
    return tuple(textwrap.wrap(reason, _LETTERS, max_lines=_LINES, placeholder=" ..."))


def _summarise(groups: list[list[Copy]], found: Found, artifacts: Artifacts) -> str:
    """Write the plot and the metrics, and say in a line what was found."""
    with replaced(artifacts.plot("duplicates")) as path:
        copies, others = found.copies.tolist(), found.others.tolist()
        plot_threshold(path, copies=copies, others=others, threshold=found.threshold.similarity)
    exact = sum(all(copy.kind == "exact" for copy in group) for group in groups)
    marks = Counter(copy.keep for group in groups for copy in group)
    metrics = {"groups": len(groups), "exact_groups": exact, "extra_pictures": marks["no"], "unsure": marks["unsure"]}
    save_json(artifacts.metrics("duplicates"), {**metrics, "layouts": found.layouts, **found.threshold.as_metrics()})
    are = "is" if marks["unsure"] == 1 else "are"
    marked = f"{counted(marks['no'], 'picture')} could go, {marks['unsure']:,} {are} unsure"
    counts = f"{counted(len(groups), 'group')}, {exact:,} of them exact; {marked}"
    layouts = (
        f"; {found.layouts:,} pictures share a layout and differ in places: they are no copies" if found.layouts else ""
    )
    return f"{counts}{layouts}; {found.threshold.words()}{_words_of_work(found)}"


def _words_of_work(found: Found) -> str:
    """Say how much had to be compared, where the last run left something to go on from."""
    pairs, new = found.compared
    if new == pairs:
        return ""
    opened = f"the originals of {found.known.places.num_new:,}"
    return f"; {new:,} of {counted(pairs, 'pair')} had to be compared anew, and {opened}"
