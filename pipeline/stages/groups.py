"""Splits the folder into K groups and lays them out as folders."""

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from pipeline import medoids
from pipeline.artifacts import (
    Artifacts,
    check_own,
    keep_last,
    load_embeddings,
    load_own_embeddings,
    load_pictures,
    open_index,
    replaced,
    rewritten_folder,
    save_json,
    save_origin,
    save_table,
)
from pipeline.errors import ParamsError
from pipeline.folders import GroupFolder, lay_out, link
from pipeline.medoids import Grouping, Sweep
from pipeline.params import GroupsParams, Params
from pipeline.plots import plot_choice_of_k
from pipeline.sheets import Tile, contact_sheet, in_rows
from pipeline.wording import counted

_SHOWN = 100  # pictures on a group's contact sheet, at most
_SHEET, _OVERVIEW = "_contact_sheet.jpg", "overview.png"
_SHEET_NAME = re.compile(rf"[^/]+/0+{re.escape(_SHEET)}")  # a picture's name begins with another number


def groups(params: Params, artifacts: Artifacts) -> str:
    """Write groups.csv, elbow.csv, plots, metrics and the K-group folders.

    The sweep over K is of the embeddings' own parts, the groups are of whole embeddings.
    """
    check_own(artifacts.groups)
    with open_index(artifacts.index) as index:
        paths, sizes, dataset, contents = index.paths(), index.sizes(), index.dataset, index.contents()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        own = np.asarray(load_own_embeddings(artifacts, index))
        pictures = load_pictures(artifacts, index)
    generator = np.random.default_rng(params.groups.seed)
    with threadpool_limits(1, user_api="blas"):  # many small products: threads cost more than they give
        sweep = _sweep(own, params.groups, generator)  # by places small groups look well apart: docs/experiments.md
        by_elbow = medoids.k_by_elbow(sweep.ks, sweep.losses)
        by_silhouette = medoids.k_by_silhouette(sweep.ks, sweep.silhouettes)
        if (params.groups.engine, params.groups.k) == ("pyclustering", "elbow"):
            by_elbow = _elbow_by_pyclustering(own, sweep, params.groups)
        by_both = medoids.k_by_both(sweep.ks, sweep.losses, sweep.silhouettes, num_pictures=len(paths))
        by_name = {"auto": by_both, "elbow": by_elbow, "silhouette": by_silhouette}
        k = by_name.get(str(params.groups.k), params.groups.k)
        grouping = _group(embeddings, int(k), sweep, params.groups, generator)
    _save_tables(paths, grouping, sweep, artifacts)
    _plot(sweep, by_elbow, by_silhouette, artifacts)
    folders = lay_out(paths, groups=grouping.groups, medoids=grouping.medoids, similarities=grouping.similarities)
    tiles = [Tile(pixels, size=size) for pixels, size in zip(pictures, sizes, strict=True)]
    linked = _linked(folders, contents) if params.groups.links == "hard" else {}
    with rewritten_folder(artifacts.groups, contents=linked, leaving=partial(_keep_lost, artifacts.kept)) as root:
        _fill(root, folders, paths, dataset, tiles, grouping, params.groups)
    with replaced(artifacts.plot("groups")) as path:
        path.write_bytes((artifacts.groups / _OVERVIEW).read_bytes())
    found = len(grouping.medoids)
    metrics = {"k": found, "loss": grouping.loss, "silhouette": grouping.silhouette}
    said = {f"k_{name}": value for name, value in by_name.items()}
    save_json(artifacts.metrics("groups"), metrics | said)
    save_origin(artifacts, "groups", index.digest)
    return _summary(params.groups, found, by_elbow, by_silhouette, sweep.ks, artifacts)


def _sweep(embeddings: NDArray[np.float32], settings: GroupsParams, generator: np.random.Generator) -> Sweep:
    columns = max(settings.sweep_columns, settings.k_maximum)
    return medoids.sweep(
        embeddings,
        k_minimum=settings.k_minimum,
        k_maximum=settings.k_maximum,
        sweep_columns=columns,
        generator=generator,
        progress=True,
    )


def _elbow_by_pyclustering(embeddings: NDArray[np.float32], sweep: Sweep, settings: GroupsParams) -> int:
    """System A's choice of K, over the same range of K."""
    first, last, seed = int(sweep.ks[0]), int(sweep.ks[-1]), settings.seed % (2**31 - 1)
    try:
        return medoids.elbow_by_pyclustering(embeddings, k_minimum=first, k_maximum=last, seed=seed)[0]
    except ValueError as error:
        raise ParamsError(f"groups.engine: {error}; use fasterpam") from error


def _group(
    embeddings: NDArray[np.float32], k: int, sweep: Sweep, settings: GroupsParams, generator: np.random.Generator
) -> Grouping:
    """Group around K medoids, from where the sweep ended or a greedy start, with the engine asked for."""
    if k > len(embeddings):
        raise ParamsError(f"groups.k: expected at most the number of pictures, {len(embeddings)}, got {k}; lower it")
    columns = max(settings.columns, k)
    if k in sweep.ks:
        start = sweep.medoids[int(k - sweep.ks[0])]
    else:
        start = medoids.start_greedily(embeddings, k=k, columns=columns, generator=generator)
    if settings.engine == "fasterpam":
        return medoids.group(
            embeddings,
            medoids_start=start,
            restarts=settings.restarts,
            columns=columns,
            generator=generator,
            progress=True,
        )
    try:
        return medoids.group_by_pyclustering(embeddings, medoids_start=start)
    except ValueError as error:
        raise ParamsError(f"groups.engine: {error}") from error


def _save_tables(paths: list[str], grouping: Grouping, sweep: Sweep, artifacts: Artifacts) -> None:
    chosen = set(grouping.medoids.tolist())
    rows = [
        (path, group + 1, f"{similarity:.6f}", "yes" if row in chosen else "no")
        for row, (path, group, similarity) in enumerate(
            zip(paths, grouping.groups.tolist(), grouping.similarities.tolist(), strict=True)
        )
    ]
    save_table(artifacts.groups_table, ("path", "group", "similarity", "medoid"), rows)
    measured = zip(sweep.ks.tolist(), sweep.losses.tolist(), sweep.silhouettes.tolist(), strict=True)
    rows_of_k = [(k, f"{loss:.8f}", f"{silhouette:.8f}") for k, loss, silhouette in measured]
    save_table(artifacts.elbow_table, ("k", "loss", "silhouette"), rows_of_k)


def _plot(sweep: Sweep, by_elbow: int, by_silhouette: int, artifacts: Artifacts) -> None:
    ks = sweep.ks.tolist()
    with replaced(artifacts.plot("elbow")) as path:
        title, ylabel = "Elbow: where more groups stop paying", "mean distance to the own medoid"
        plot_choice_of_k(path, title=title, ylabel=ylabel, ks=ks, values=sweep.losses.tolist(), chosen=by_elbow)
    with replaced(artifacts.plot("silhouette")) as path:
        title, ylabel = "Silhouette: where groups are best apart", "mean medoid silhouette"
        values = sweep.silhouettes.tolist()
        plot_choice_of_k(path, title=title, ylabel=ylabel, ks=ks, values=values, chosen=by_silhouette)


def _linked(folders: list[GroupFolder], contents: list[str]) -> dict[str, str]:
    """Return the sha256 of every picture's file by its name in the folders."""
    pairs = (
        (f"{folder.name}/{name}", row)
        for folder in folders
        for row, name in zip(folder.rows, folder.files, strict=True)
    )
    return {name: contents[row] for name, row in pairs}


def _keep_lost(kept: Path, old: Path, new: Path) -> None:
    """Keep the pictures whose originals have gone: what lies in the old folders may be all that is left of them."""
    keep_last(old, new, kept, counts=lambda name: name != _OVERVIEW and not _SHEET_NAME.fullmatch(name))


def _fill(
    root: Path,
    folders: list[GroupFolder],
    paths: list[str],
    dataset: Path,
    tiles: list[Tile],
    grouping: Grouping,
    settings: GroupsParams,
) -> None:
    """Make a folder for each group, with a sheet, and the sheet of all medoids."""
    for folder in tqdm(folders, "folders", unit=" groups"):
        (root / folder.name).mkdir()
        for row, name in zip(folder.rows, folder.files, strict=True):
            link(dataset / paths[row], root / folder.name / name, hard=settings.links == "hard")
        _group_sheet(folder, paths, tiles, grouping, root)
    _overview_sheet(folders, tiles, root)


def _group_sheet(folder: GroupFolder, paths: list[str], tiles: list[Tile], grouping: Grouping, root: Path) -> None:
    rows = folder.rows[:_SHOWN]
    shown_tiles = [
        replace(tiles[row], caption=(paths[row], f"{grouping.similarities[row]:.3f}"), framed=place == 0)
        for place, row in enumerate(rows)
    ]
    shown = "" if len(rows) == len(folder.rows) else f", the first {len(rows)}"
    title = f"Group {folder.name}: {counted(len(folder.rows), 'picture')}{shown}"
    subtitle = "the medoid first, then by similarity to it"
    sheet = contact_sheet(in_rows(shown_tiles, 10), title=title, subtitle=subtitle, tile=120)
    first = "0" * len(folder.files[0].partition("_")[0])  # as many digits as the pictures: it sorts before them
    sheet.save(root / folder.name / f"{first}{_SHEET}", quality=88)


def _overview_sheet(folders: list[GroupFolder], tiles: list[Tile], root: Path) -> None:
    medoids_tiles = [
        replace(tiles[folder.rows[0]], caption=(f"group {folder.name}", counted(len(folder.rows), "picture")))
        for folder in folders
    ]
    title = f"The medoids of {counted(len(folders), 'group')}"
    subtitle = "the picture most like all others of its group"
    contact_sheet(in_rows(medoids_tiles, 8), title=title, subtitle=subtitle, tile=140).save(root / _OVERVIEW)


def _summary(
    settings: GroupsParams, found: int, by_elbow: int, by_silhouette: int, ks: NDArray[np.int64], artifacts: Artifacts
) -> str:
    summary = f"{counted(found, 'group')} in {artifacts.groups}"
    if by_elbow != by_silhouette:
        summary += f"; the elbow says {by_elbow}, the silhouette {by_silhouette}: look at both plots"
    if isinstance(settings.k, int) and found < settings.k:
        summary += f"; there {'is' if found == 1 else 'are'} no more than {counted(found, 'distinct picture')}"
    if not isinstance(settings.k, int) and len(ks) > 1:
        summary += _elbow_end(by_elbow, ks)
        if settings.k != "auto":
            summary += _silhouette_end(by_silhouette, ks, settings)
        elif by_elbow > ks[0]:  # else nothing was there to choose from
            summary += _silhouette_end(found, ks, settings)
    return summary + _kept(artifacts.kept)


def _kept(folder: Path) -> str:
    """Say where pictures lie whose originals have gone; empty if there are none."""
    count = sum(not name.startswith(".") for name in os.listdir(folder)) if folder.is_dir() else 0
    if not count:
        return ""
    return f"; {folder} keeps {counted(count, 'picture')} whose originals have gone: move them, or remove them"


def _elbow_end(k: int, ks: NDArray[np.int64]) -> str:
    """Say that there is no elbow, which shows as an end of the range; empty if there is one."""
    if k not in (ks[0], ks[-1]):
        return ""
    return f"; there is no elbow from K = {ks[0]} to {ks[-1]}: look at its plot, and set groups.k to a number"


def _silhouette_end(k: int, ks: NDArray[np.int64], settings: GroupsParams) -> str:
    """Say that the silhouette is largest at an end of the range, beyond which it may be larger; empty if it isn't."""
    where = "up to the elbow the silhouette points to" if settings.k == "auto" else "the silhouette is largest at"
    if k == ks[-1] == settings.k_maximum:
        return f"; {where} the largest K that was tried, {k}: raise groups.k_maximum"
    if k == ks[0] and k > 2:
        return f"; {where} the smallest K that was tried, {k}: lower groups.k_minimum"
    if k == ks[0]:
        return f"; {where} K = {k}, the smallest there is: the folder holds two kinds, or one"
    return ""
