"""What is measured of the model and of what it is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    load_json,
)
from pipeline.encoder.running import encode, open_encoder
from pipeline.params import Params
from pipeline.pixels import Pictures
from pipeline.similarity.lists import some_lists, sorted_lists
from pipeline.trust import measures, two_views
from pipeline.trust.baselines import BASELINES, Baseline

OWN = "own part"  # of the model: what a place among neighbours adds, or takes, stands beside it
_BLOCK = 512
_VIEWED = 500  # pictures that two views are made of, at most


def without_labels(params: Params, artifacts: Artifacts, pictures: Pictures) -> dict[str, Any]:
    """Return what can be said without labels."""
    views = _views(pictures, artifacts)
    by_views = {name: (share,) for name, share in views.items()}
    verdict = _verdict(by_views, ["finding a second view of a picture"], params, artifacts)
    return {"pictures": len(pictures), "views": views, "verdict": [verdict]}


def with_labels(
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
        "model": measure(whole, labels),
        **({OWN: measure(own, labels)} if own.shape != whole.shape else {}),
        **{
            name: measure(baseline(pictures), labels)
            for name, baseline in _beside(artifacts, own=False, progress=True).items()
        },
        "chance": _of_chance(labels),
    }
    rivals = {name: one for name, one in measured.items() if name != OWN}
    by_labels = {name: (one["top4"], one["top4_macro"]) for name, one in rivals.items()}
    verdict = _verdict(by_labels, ["top-4 agreement", "its mean over classes"], params, artifacts)
    verdicts = [verdict, *table["verdict"]]
    return table | {"pictures": len(labels), "classes": len(classes), "embeddings": measured, "verdict": verdicts}


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


def measure(embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return every measure of an embedding by its name."""
    lists = np.concatenate(list(sorted_lists(embeddings, depth=measures.DEPTH, block=_BLOCK, progress=False)))["row"]

    def ask(rows: NDArray[np.int64], depth: int) -> NDArray[np.int32]:
        found: NDArray[np.int32] = some_lists(embeddings, rows, depth=depth, block=_BLOCK)["row"]
        return found

    at_r = measures.agreement_at_r(ask, labels)
    return asdict(measures.agreement(lists, labels)) | asdict(at_r) | asdict(measures.hubness(lists))


def _of_chance(labels: NDArray[np.int64]) -> dict[str, float]:
    """Return what `measure` would of lists that are drawn at random."""
    measured = measures.chance(labels), measures.chance_at_r(labels), measures.chance_of_hubs(len(labels))
    return {name: value for each in measured for name, value in asdict(each).items()}


def measure_groups(groups: NDArray[np.int64], labels: NDArray[np.int64], *, k: int) -> dict[str, Any]:
    """Return how many groups there are, and how far they are the classes: purity, and the adjusted Rand index."""
    return {
        "k": k,
        "purity": measures.purity(groups, labels),
        "adjusted_rand": measures.adjusted_rand(groups, labels),
    }
