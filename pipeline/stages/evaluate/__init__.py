"""Measures how well the similarity agrees with labels, beside simple baselines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts import (
    Artifacts,
    check_origin,
    find_labels,
    load_embeddings,
    load_groups,
    load_own_embeddings,
    load_pictures,
    open_index,
    remember,
    save_json,
    save_origin,
)
from pipeline.encoder.running import Encoder, encode_rows, open_encoder
from pipeline.errors import EncoderError, QueryError
from pipeline.params import Params
from pipeline.stages.evaluate.measuring import measure, measure_groups, with_labels, without_labels
from pipeline.stages.evaluate.standing import measured_by, said_of_change, still_standing
from pipeline.wording import one_line


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
        stands = still_standing(params, artifacts, index, names)
    rows = np.array([row for row, path in enumerate(paths) if path in names], np.int64)
    classes, labels = np.unique([names[paths[row]] for row in rows], return_inverse=True)
    is_measurable = len(classes) > 1 and np.bincount(labels).max() > 1  # a picture alone in its class can't be right
    if is_measurable:
        check_origin(artifacts, "groups", index.digest)  # before the long work
    table = stands if stands and ("classes" in stands) == is_measurable else None
    if table is None:
        table = without_labels(params, artifacts, pictures) | {
            "measured_of": len(paths),
            "by": measured_by(params, artifacts),
        }
        if is_measurable:
            some = pictures if len(rows) == len(paths) else pictures[rows]
            table = with_labels(table, params, artifacts, some, (embeddings[rows], own[rows]), classes, labels)
    is_measured_anew, table = table is not stands, table | {"folder": len(paths)}
    table["doubts"] = [*said_of_change(table), *filter(None, [known.doubt])]
    if is_measurable:
        groups, _, medoids = load_groups(artifacts, index, paths)
        table["groups"] = measure_groups(groups[rows], labels, k=len(medoids))
    save_json(artifacts.metrics("evaluate"), table)
    save_origin(artifacts, "evaluate", index.digest, labels=names)
    if is_measured_anew:
        remember(artifacts, "measured", [artifacts.metrics("evaluate")])
    if not is_measurable:
        return table
    given = {
        name: measure(encode_rows(encoder, pictures, rows, progress=True), labels) for name, encoder in encoders.items()
    }
    return table | {"embeddings": table["embeddings"] | given}


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
