"""Whether what was measured of the model still stands, after pictures have come or gone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline import closure
from pipeline.artifacts import (
    Artifacts,
    Index,
    digest_of,
    earlier,
    encoder_of,
    find_labels,
    load_json,
)
from pipeline.errors import ArtifactError
from pipeline.params import Params

_STANDS = 0.1  # of the folder that may have changed while what was measured of the model stands


def still_standing(
    params: Params, artifacts: Artifacts, index: Index, names: Mapping[str, str]
) -> dict[str, Any] | None:
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
    if table.get("by") != measured_by(params, artifacts):
        return None
    labels_then = names if params.dataset.labels != "folders" else find_labels("folders", then.paths).labels
    others = [
        then.before[row] < 0 or labels_then.get(then.paths[then.before[row]]) != names.get(path)
        for row, path in enumerate(index.paths())
    ]
    return table if np.mean(others) <= _STANDS else None


def measured_by(params: Params, artifacts: Artifacts) -> str:
    """Return a digest of what, beside the pictures, decides what is measured."""
    labels = load_json(artifacts.surroundings, stage="scan").get("labels") if artifacts.surroundings.is_file() else ""
    wanted = [params.dataset.labels, params.encoder.kind, params.train.epochs, labels]
    return digest_of(wanted, encoder_of(artifacts), closure.digest("evaluate"))


def said_of_change(table: dict[str, Any]) -> list[str]:
    """Say of which pictures the model was measured, if the folder has grown or shrunk since."""
    then, now = table["measured_of"], table["folder"]
    if then == now:
        return []
    return [
        f"the model was measured when the folder held {then:,} pictures, {now:,} now: it is the same one, and so are "
        f"nearly all pictures{'; only the groups were measured again' if 'groups' in table else ''}"
    ]
