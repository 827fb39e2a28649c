"""Measures how well the similarity agrees with labels, beside simple baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import closure
from pipeline.artifacts import (
    Artifacts,
    Index,
    check_origin,
    digest_of,
    earlier,
    encoder_of,
    find_labels,
    load_embeddings,
    load_groups,
    load_json,
    load_own_embeddings,
    load_pictures,
    open_index,
    remember,
    save_json,
    save_origin,
)
from pipeline.encoder.running import Encoder, encode, encode_rows, open_encoder
from pipeline.errors import ArtifactError, EncoderError, QueryError
from pipeline.params import Params
from pipeline.pixels import Pictures
from pipeline.similarity.lists import some_lists, sorted_lists
from pipeline.trust import measures, two_views
from pipeline.trust.baselines import BASELINES, Baseline
from pipeline.wording import counted, one_line

OWN = "own part"  # of the model: what a place among neighbours adds, or takes, stands beside it
_BLOCK = 512
_COLUMNS = ("top-4", "macro", "top-1", "macro", "mAP@10", "macro", "mAP@R", "macro", "skew", "never")
_STANDS = 0.1  # of the folder that may have changed while what was measured of the model stands
_VIEWED = 500  # pictures that two views are made of, at most


def evaluate(params: Params, artifacts: Artifacts, *, others: Sequence[Path] = ()) -> dict[str, Any]:
    """Write and return what can be said of the model: by labels where there are any, and without.

    Parameters
    ----------
    others
        Encoder files to measure beside the model. They stand in what is returned, under their paths, and not in
        what is written, which depends on the artefacts alone.

    Returns
    -------
    table
        {"pictures": N, "views": {name: share found again}, "verdict": [words]}, "doubts": [words] about the table of
        labels, and about what has changed since the model was measured, and with labels "classes": C,
        "embeddings": {name: measures} and "groups": {"k", "purity", "adjusted_rand"}; N then counts the
        pictures that have a label, and only they are compared by it. "measured_of" is how many pictures there were when
        the model was measured: that stands while it is the same and at most a tenth of the folder has changed, and then
        only the groups are measured again.
    """
    encoders = {str(path): _given_encoder(path) for path in others}
    with open_index(artifacts.index) as index:
        paths = index.paths()
        embeddings = np.asarray(load_embeddings(artifacts, index))
        own = load_own_embeddings(artifacts, index)
        pictures = load_pictures(artifacts, index)
        known = find_labels(params.dataset.labels, paths)
        names = known.labels
        stands = _standing(params, artifacts, index, names)
    rows = np.array([row for row, path in enumerate(paths) if path in names], np.int64)
    classes, labels = np.unique([names[paths[row]] for row in rows], return_inverse=True)
    is_measurable = len(classes) > 1 and np.bincount(labels).max() > 1  # a picture alone in its class can't be right
    if is_measurable:
        check_origin(artifacts, "groups", index.digest)  # before the long work
    table = stands if stands and ("classes" in stands) == is_measurable else None
    if table is None:
        table = _measured(params, artifacts, pictures) | {"measured_of": len(paths), "by": _by(params, artifacts)}
        if is_measurable:
            some = pictures if len(rows) == len(paths) else pictures[rows]
            table = _with_labels(table, params, artifacts, some, (embeddings[rows], own[rows]), classes, labels)
    is_measured_anew, table = table is not stands, table | {"folder": len(paths)}
    table["doubts"] = [*_grown(table), *filter(None, [known.doubt])]
    if is_measurable:
        groups, _, medoids = load_groups(artifacts, index, paths)
        table["groups"] = _measure_groups(groups[rows], labels, k=len(medoids))
    save_json(artifacts.metrics("evaluate"), table)
    save_origin(artifacts, "evaluate", index.digest, labels=names)
    if is_measured_anew:
        remember(artifacts, "measured", [artifacts.metrics("evaluate")])
    if not is_measurable:
        return table
    given = {
        name: _measure(encode_rows(encoder, pictures, rows, progress=True), labels)
        for name, encoder in encoders.items()
    }
    return table | {"embeddings": table["embeddings"] | given}


def _measured(params: Params, artifacts: Artifacts, pictures: Pictures) -> dict[str, Any]:
    """Return what can be said without labels."""
    views = _views(pictures, artifacts)
    by_views = {name: (share,) for name, share in views.items()}
    verdict = _verdict(by_views, ["finding a second view of a picture"], params, artifacts)
    return {"pictures": len(pictures), "views": views, "verdict": [verdict]}


def _with_labels(
    table: dict[str, Any],
    params: Params,
    artifacts: Artifacts,
    pictures: Pictures,
    embedded: tuple[NDArray[np.float32], NDArray[np.float32]],
    classes: NDArray[np.str_],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    """Return the table with what labels say of the embeddings of the labelled pictures, whole and their own parts."""
    whole, own = embedded
    measured = {
        "model": _measure(whole, labels),
        **({OWN: _measure(own, labels)} if own.shape != whole.shape else {}),
        **{
            name: _measure(baseline(pictures), labels)
            for name, baseline in _beside(artifacts, own=False, progress=True).items()
        },
        "chance": _of_chance(labels),
    }
    rivals = {name: one for name, one in measured.items() if name != OWN}
    by_labels = {name: (one["top4"], one["top4_macro"]) for name, one in rivals.items()}
    verdict = _verdict(by_labels, ["top-4 agreement", "its mean over classes"], params, artifacts)
    verdicts = [verdict, *table["verdict"]]
    return table | {"pictures": len(labels), "classes": len(classes), "embeddings": measured, "verdict": verdicts}


def _standing(params: Params, artifacts: Artifacts, index: Index, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the last table, if the model is the same and nearly all pictures are those that it was measured on.

    What it says of the model then stands; only the groups are measured again.
    """
    then = earlier(artifacts, "measured", index)
    if then is None:
        return None
    try:
        table: dict[str, Any] = load_json(then.folder / artifacts.metrics("evaluate").name, stage="evaluate")
    except ArtifactError:
        return None
    if table.get("by") != _by(params, artifacts):
        return None
    labels_then = names if params.dataset.labels != "folders" else find_labels("folders", then.paths).labels
    others = [
        then.before[row] < 0 or labels_then.get(then.paths[then.before[row]]) != names.get(path)
        for row, path in enumerate(index.paths())
    ]
    return table if np.mean(others) <= _STANDS else None


def _by(params: Params, artifacts: Artifacts) -> str:
    """Return a digest of what, beside the pictures, decides what is measured."""
    labels = load_json(artifacts.surroundings, stage="scan").get("labels") if artifacts.surroundings.is_file() else ""
    wanted = [params.dataset.labels, params.encoder.kind, params.train.epochs, labels]
    return digest_of(wanted, encoder_of(artifacts), closure.digest("evaluate"))


def format_table(table: dict[str, Any]) -> str:
    """Return the table as text for a terminal."""
    if "classes" not in table:
        return "\n".join([*table["verdict"], *table["doubts"]])
    counts = f"{counted(table['pictures'], 'picture')} in {counted(table['classes'], 'class')}"
    lines = [
        f"{counts}; agreement of neighbours with labels, %, each beside its mean over classes (macro); "
        "skew of how often a picture is listed among ten, and the share of pictures that never is, %"
    ]
    width = max(15, *(len(name) for name in table["embeddings"])) + 1
    lines.append(" " * width + "".join(f"{title:>8}" for title in _COLUMNS))
    for name, found in table["embeddings"].items():
        numbers = "".join(f"{value if key == 'skew' else 100 * value:8.1f}" for key, value in found.items())
        lines.append(f"{name:{width}}{numbers}")
    groups = table["groups"]
    measures_of_groups = f"purity {groups['purity']:.3f}, adjusted Rand index {groups['adjusted_rand']:.3f}"
    lines.append(f"{counted(groups['k'], 'group')}: {measures_of_groups}")
    return "\n".join([*lines, *table["verdict"], *table["doubts"]])


def _grown(table: dict[str, Any]) -> list[str]:
    """Say of which pictures the model was measured, if the folder has grown or shrunk since."""
    then, now = table["measured_of"], table["folder"]
    if then == now:
        return []
    return [
        f"the model was measured when the folder held {then:,} pictures, {now:,} now: it is the same one, and so are "
        f"nearly all pictures{'; only the groups were measured again' if 'groups' in table else ''}"
    ]


def _given_encoder(path: Path) -> Encoder:
    if not path.is_file():
        raise QueryError(f"--encoder: there is no file {one_line(path)}; check the path")
    try:
        return open_encoder(path)
    except EncoderError as error:
        raise QueryError(
            f"--encoder: {one_line(path)} is no encoder file as `pipeline embed` writes it (uint8 256x256 RGB in, unit "
            "length out); give an encoder.onnx"
        ) from error


def _verdict(reached: Mapping[str, Sequence[float]], by: Sequence[str], params: Params, artifacts: Artifacts) -> str:
    remedy = two_views.remedy(
        two_views.unbeaten(reached),
        is_trained=params.encoder.is_trained,
        upright=load_json(artifacts.metrics("train"), stage="train")["upright"],
        longer=two_views.longer(params.train.epochs),
    )
    return two_views.verdict(reached, by=by, remedy=remedy)


def _beside(artifacts: Artifacts, *, own: bool, progress: bool) -> dict[str, Baseline]:
    """Return what the model is compared with by name, in the table's order: its parts, the simple, the untrained.

    Of encoder files whole embeddings, or their own parts alone.
    """

    def baseline(path: Path) -> Baseline:
        encoder = open_encoder(path)

        def embedded(pictures: Pictures) -> NDArray[np.float32]:
            found = encode(encoder, pictures, progress=progress)
            return encoder.parts.own_of(found) if own else found

        return embedded

    untrained = artifacts.untrained_encoder
    parts = sorted(path for path in artifacts.beside.glob("*.onnx") if path != untrained)
    return {
        **{path.stem.replace("_", " "): baseline(path) for path in parts},
        **BASELINES,
        untrained.stem: baseline(untrained),
    }


def _views(pictures: Pictures, artifacts: Artifacts) -> dict[str, float]:
    """Return for the model and each baseline which share of second views it finds, by own parts.

    A place among neighbours would know the pictures that the views are of.
    """
    views = two_views.draw_views(pictures[:: -(-len(pictures) // _VIEWED)], seed=0)
    encoder = open_encoder(artifacts.encoder)
    embedded = {
        "model": encoder.parts.own_of(encode(encoder, views, progress=False)),
        **{name: baseline(views) for name, baseline in _beside(artifacts, own=True, progress=False).items()},
    }
    return {name: two_views.found_again(embeddings) for name, embeddings in embedded.items()}


def _measure(embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return every measure of an embedding by its name."""
    lists = np.concatenate(list(sorted_lists(embeddings, depth=measures.DEPTH, block=_BLOCK, progress=False)))["row"]

    def ask(rows: NDArray[np.int64], depth: int) -> NDArray[np.int32]:
        found: NDArray[np.int32] = some_lists(embeddings, rows, depth=depth, block=_BLOCK)["row"]
        return found

    at_r = measures.agreement_at_r(ask, labels)
    return asdict(measures.agreement(lists, labels)) | asdict(at_r) | asdict(measures.hubness(lists))


def _of_chance(labels: NDArray[np.int64]) -> dict[str, float]:
    """Return what `_measure` would of lists that are drawn at random."""
    measured = measures.chance(labels), measures.chance_at_r(labels), measures.chance_of_hubs(len(labels))
    return {name: value for each in measured for name, value in asdict(each).items()}


def _measure_groups(groups: NDArray[np.int64], labels: NDArray[np.int64], *, k: int) -> dict[str, Any]:
    return {
        "k": k,
        "purity": measures.purity(groups, labels),
        "adjusted_rand": measures.adjusted_rand(groups, labels),
    }
