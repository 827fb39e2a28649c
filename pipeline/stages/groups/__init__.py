"""Splits the folder into K groups and lays them out as folders."""

import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline import groups as room
from pipeline.artifacts import (
    Artifacts,
    Grouped,
    check_own,
    digest_of,
    earlier,
    keep_last,
    kept,
    load_embeddings,
    load_own_embeddings,
    load_pictures,
    open_index,
    replaced,
    rewritten_folder,
    save_elbow,
    save_groups,
    save_json,
    save_origin,
)
from pipeline.artifacts.answers import Answers
from pipeline.closure import module_digest
from pipeline.drawings import load_drawn, save_drawn
from pipeline.groups import Grouping, Sweep
from pipeline.groups.advice import elbow_end, silhouette_end
from pipeline.params import GroupsParams, Params
from pipeline.show.folders import GroupFolder, lay_out, link, linked_contents, said_of_kept
from pipeline.show.plots import plot_choice_of_k
from pipeline.show.sheets import Tile
from pipeline.stages.groups.choosing import elbow_by_pyclustering, grouped, known_of, made_by, polished, swept
from pipeline.stages.groups.sheets import OVERVIEW, SHEET, draw_sheets
from pipeline.wording import counted

_SHEET_NAME = re.compile(rf"[^/]+/0+{re.escape(SHEET)}")  # a picture's name begins with another number


def groups(params: Params, artifacts: Artifacts) -> str:
    """Write groups.csv, elbow.csv, plots, metrics and the K-group folders.

    The sweep over K is of the embeddings' own parts, the groups are of whole embeddings. By the same encoder and
    settings as in the last run the groups go on from their medoids, with the K that was chosen then; a group that was
    there already keeps its number in any case.
    """
    check_own(artifacts.groups)
    with open_index(artifacts.index) as index:
        paths, sizes, dataset, contents = index.paths(), index.sizes(), index.dataset, index.contents()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        own = np.asarray(load_own_embeddings(artifacts, index))
        pictures = load_pictures(artifacts, index)
        by = made_by(params.groups, artifacts)
        then = earlier(artifacts, "groups", index)
        known, drawn = known_of(then, artifacts, by), load_drawn(then, module=draw_sheets.__module__)
    start, pictures_then = (known.start, known.pictures) if known else (None, len(paths))
    goes_on = known is not None and start is not None and params.groups.engine == "fasterpam"
    generator = np.random.default_rng(params.groups.seed)
    with threadpool_limits(1, user_api="blas"):  # many small products: threads cost more than they give
        # by places small groups look well apart: docs/experiments.md
        sweep = known.sweep if known and goes_on else swept(own, params.groups, generator)
        chosen_of = pictures_then if goes_on else len(paths)
        by_elbow = room.k_by_elbow(sweep.ks, sweep.losses)
        by_silhouette = room.k_by_silhouette(sweep.ks, sweep.silhouettes)
        if (params.groups.engine, params.groups.k) == ("pyclustering", "elbow"):
            by_elbow = elbow_by_pyclustering(own, sweep, params.groups)
        by_both = room.k_by_both(sweep.ks, sweep.losses, sweep.silhouettes, num_pictures=chosen_of)
        by_name = {"auto": by_both, "elbow": by_elbow, "silhouette": by_silhouette}
        if goes_on and start is not None:
            has_changed = then is None or (then.now < 0).any() or (then.before < 0).any()
            if has_changed:
                grouping = polished(embeddings, start, params.groups, generator, restarts=0)
            else:  # as when pictures are renamed: swaps ended at these medoids
                grouping = room.assign(embeddings, start)
        else:
            k = by_name.get(str(params.groups.k), params.groups.k)
            grouping = grouped(embeddings, int(k), sweep, params.groups, generator)
    if known:
        grouping = room.renumbered(grouping, known.numbers)
    _save_tables(paths, grouping, sweep, artifacts)
    _plot(sweep, by_elbow, by_silhouette, drawn, artifacts)
    folders = lay_out(paths, groups=grouping.groups, medoids=grouping.medoids, similarities=grouping.similarities)
    tiles = [Tile(pixels, size=size) for pixels, size in zip(pictures, sizes, strict=True)]
    linked = linked_contents(folders, contents) if params.groups.links == "hard" else {}
    with rewritten_folder(artifacts.groups, contents=linked, leaving=partial(_keep_lost, artifacts.kept)) as root:
        _fill(root, folders, paths, dataset, hard=params.groups.links == "hard")
        draw_sheets(root, folders, paths, contents, tiles, grouping.similarities, drawn)
    with replaced(artifacts.plot("groups")) as path:
        path.write_bytes((artifacts.groups / OVERVIEW).read_bytes())
    found = len(grouping.medoids)
    metrics = {"k": found, "loss": grouping.loss, "silhouette": grouping.silhouette}
    said = {f"k_{name}": value for name, value in by_name.items()}
    save_json(artifacts.metrics("groups"), metrics | said | {"chosen_of": chosen_of, "by": by})
    save_origin(artifacts, "groups", index.digest)
    with kept(artifacts, "groups") as folder:
        for path in (artifacts.groups_table, artifacts.elbow_table, artifacts.metrics("groups")):
            shutil.copyfile(path, folder / path.name)
        save_drawn(folder, drawn, module=draw_sheets.__module__)
    if goes_on:
        chosen = f"as many as were chosen for {counted(chosen_of, 'picture')}"
        return f"{counted(found, 'group')} in {artifacts.groups}, {chosen}{said_of_kept(artifacts.kept)}"
    return _summary(params.groups, found, by_elbow, by_silhouette, sweep.ks, artifacts)


def _save_tables(paths: list[str], grouping: Grouping, sweep: Sweep, artifacts: Artifacts) -> None:
    table = Grouped(paths, grouping.groups + 1, grouping.similarities.astype(np.float64), grouping.medoids.tolist())
    save_groups(artifacts.groups_table, table)
    save_elbow(artifacts.elbow_table, sweep.ks, sweep.losses, sweep.silhouettes)


def _plot(sweep: Sweep, by_elbow: int, by_silhouette: int, drawn: Answers[bytes], artifacts: Artifacts) -> None:
    """Draw both criteria over K; what the last run has drawn is not drawn again."""
    ks = sweep.ks.tolist()

    def plot(name: str, title: str, ylabel: str, values: list[float], chosen: int) -> None:
        def drawing() -> bytes:
            plot_choice_of_k(path, title=title, ylabel=ylabel, ks=ks, values=values, chosen=chosen)
            return path.read_bytes()

        key = digest_of(module_digest(plot_choice_of_k.__module__), title, ylabel, ks, values, chosen)
        with replaced(artifacts.plot(name)) as path:
            path.write_bytes(drawn.of(key, drawing))

    title, ylabel = "Elbow: where more groups stop paying", "mean distance to the own medoid"
    plot("elbow", title, ylabel, sweep.losses.tolist(), by_elbow)
    title, ylabel = "Silhouette: where groups are best apart", "mean medoid silhouette"
    plot("silhouette", title, ylabel, sweep.silhouettes.tolist(), by_silhouette)


def _keep_lost(kept: Path, old: Path, new: Path) -> None:
    """Keep the pictures whose originals have gone: what lies in the old folders may be all that is left of them."""
    keep_last(old, new, kept, counts=lambda name: name != OVERVIEW and not _SHEET_NAME.fullmatch(name))


def _fill(root: Path, folders: list[GroupFolder], paths: list[str], dataset: Path, *, hard: bool) -> None:
    """Make a folder for each group."""
    for folder in tqdm(folders, "folders", unit=" groups"):
        (root / folder.name).mkdir()
        for row, name in zip(folder.rows, folder.files, strict=True):
            link(dataset / paths[row], root / folder.name / name, hard=hard)


def _summary(
    settings: GroupsParams, found: int, by_elbow: int, by_silhouette: int, ks: NDArray[np.int64], artifacts: Artifacts
) -> str:
    summary = f"{counted(found, 'group')} in {artifacts.groups}"
    if by_elbow != by_silhouette:
        summary += f"; the elbow says {by_elbow}, the silhouette {by_silhouette}: look at both plots"
    if isinstance(settings.k, int) and found < settings.k:
        summary += f"; there {'is' if found == 1 else 'are'} no more than {counted(found, 'distinct picture')}"
    if not isinstance(settings.k, int) and len(ks) > 1:
        summary += elbow_end(by_elbow, ks)
        if settings.k != "auto":
            summary += silhouette_end(by_silhouette, ks, k_maximum=settings.k_maximum, up_to_elbow=False)
        elif by_elbow > ks[0]:  # else nothing was there to choose from
            summary += silhouette_end(found, ks, k_maximum=settings.k_maximum, up_to_elbow=True)
    return summary + said_of_kept(artifacts.kept)
