"""Decides whether the folder has changed so much that the encoder is to be made anew, for DVC to watch.

Training and the making of the encoder depend on this decision in place of the pixels: so a picture that is added costs
that picture, and not a training.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np

from pipeline import closure
from pipeline.artifacts import (
    Artifacts,
    Index,
    check_own,
    digest_of,
    earlier,
    load_array,
    load_json,
    load_pictures,
    open_index,
    remember,
    save_json,
)
from pipeline.encoder.running import encode_rows, open_encoder
from pipeline.errors import ArtifactError, EncoderError
from pipeline.params import Params
from pipeline.trust.drift import LOOKED_AT, Drift, farther, when_due
from pipeline.wording import one_line

_MADE = ("train", "encoder")  # what is decided on
_PLOTS = ("dimensions", "search")  # of `benchmark`, which no stage makes again


def refresh(params: Params, artifacts: Artifacts) -> str:
    """Write refresh.json: of which pictures, and by which settings, the network is trained and the encoder made."""
    with open_index(artifacts.index) as index:
        last, settings = _last(artifacts), _settings(params, artifacts)
        far = cache(lambda rows: _farther(np.array(rows), index, artifacts))  # mostly the same rows for both
        drift = {made: _drift(made, last, index, artifacts, far) for made in _MADE}
        due = {made: _is_due(made, last, settings, drift[made], params.train.refresh) for made in _MADE}
        due["encoder"] |= due["train"]
    now = {made: {"pictures": index.digest, "by": settings[made]} for made in _MADE}
    save_json(artifacts.refresh, {made: now[made] if due[made] else last[made] for made in _MADE})
    for made in (made for made in _MADE if due[made]):
        remember(artifacts, f"of_{made}", [])
    left = _leave(artifacts) if drift["train"] and drift["train"].new == index.count else ""
    found = {made: asdict(one) | {"share": one.share} if one else None for made, one in drift.items()}
    save_json(artifacts.metrics("refresh"), {"due": due, "drift": found})
    if last and last["train"]["by"] != settings["train"]:
        return f"settings or code of the training have changed: the network is trained anew{left}"
    unknown = "it isn't known any more of which pictures the training was" if last else "there is no training yet"
    changes = drift["train"].words() if drift["train"] else unknown
    return f"{changes}: {_summary(due, params.train.refresh)}{left}"


def _leave(artifacts: Artifacts) -> str:
    """Remove what commands have made of another folder, of which no picture is left; say what isn't ours to remove."""
    for plot in _PLOTS:
        artifacts.plot(plot).unlink(missing_ok=True)
    if not artifacts.labels.is_dir():
        return ""
    try:
        check_own(artifacts.labels)
    except ArtifactError:
        return f"; {one_line(artifacts.labels)} is of another folder of pictures, and holds something of yours: move it"
    shutil.rmtree(artifacts.labels)
    return ""


def _last(artifacts: Artifacts) -> dict[str, dict[str, str]]:
    """Return the last decision; empty if there is none."""
    try:
        last = load_json(artifacts.refresh, stage="refresh")
        return last if set(last) == set(_MADE) and all("pictures" in one for one in last.values()) else {}
    except (ArtifactError, TypeError):
        return {}


def _settings(params: Params, artifacts: Artifacts) -> dict[str, str]:
    """Return a digest of what, beside the pictures, decides how the network is trained and the encoder made."""
    trained = {key: value for key, value in asdict(params.train).items() if key != "refresh"}
    of_train = [trained, params.dataset.orientation, params.encoder.is_trained, closure.digest("train")]
    foreign = load_json(artifacts.foreign, stage="scan")
    of_encoder = [of_train, asdict(params.embed), asdict(params.encoder), foreign, closure.digest("encoder")]
    return {"train": digest_of(of_train), "encoder": digest_of(of_encoder)}


def _drift(
    made: str, last: dict[str, dict[str, str]], index: Index, artifacts: Artifacts, far: Callable[..., float | None]
) -> Drift | None:
    """Return how the folder has changed since that was made; None if it isn't known of which pictures it was.

    `far` tells how far rows that are new lie from the others.
    """
    then = earlier(artifacts, f"of_{made}", index)
    if not last or then is None or then.digest != last[made]["pictures"]:
        return None
    new = np.flatnonzero(then.before < 0)
    drift = Drift(len(new), int((then.now < 0).sum()), index.count)
    return (
        drift
        if drift.needs_training or not len(new)
        else Drift(**asdict(drift) | {"farther": far(tuple(new.tolist()))})
    )


def _farther(new: np.ndarray[Any, np.dtype[np.int64]], index: Index, artifacts: Artifacts) -> float | None:
    """Return how far new pictures lie from those that were there, by the encoder of now; None if there is none."""
    known = earlier(artifacts, "embed", index)
    try:
        encoder = open_encoder(artifacts.encoder)
        if known is None:
            return None
        path, origin = known.folder / artifacts.embeddings.name, {"index": known.digest, "encoder": encoder.digest}
        embedded = load_array(path, dtype=np.float32, row_shape=(encoder.dimensions,), origin=origin, stage="embed")
        pictures = load_pictures(artifacts, index)
    except (ArtifactError, EncoderError):
        return None
    old = known.now >= 0
    old[known.before[new[known.before[new] >= 0]]] = False  # new since then, and embedded already
    some = new[:: -(-len(new) // LOOKED_AT)]
    before, own = known.before[some], encoder.parts.own_of
    vectors = embedded[before]  # of those that are not embedded yet anything
    unknown = some[before < 0]
    vectors[before < 0] = encode_rows(encoder, pictures, unknown, progress=True, title="refresh")
    return farther(own(embedded[old]), own(vectors))


def _is_due(
    made: str, last: dict[str, dict[str, str]], settings: dict[str, str], drift: Drift | None, wanted: str
) -> bool:
    if not last or last[made]["by"] != settings[made]:
        return True  # it is made anew in any case, and of the pictures of now
    if wanted == "never":
        return False
    if drift is None:
        return True
    if wanted == "always":
        return bool(drift.new or drift.gone)
    return drift.needs_training if made == "train" else drift.needs_fitting


def _summary(due: dict[str, bool], wanted: str) -> str:
    if due["train"]:
        return "the network is trained anew"
    encoder = "; what the encoder learns without training is learnt anew" if due["encoder"] else ""
    why = f"a training is due {when_due()}" if wanted == "drift" else f"train.refresh is {wanted}"
    return f"the training stays{encoder} ({why})"
