"""What each section of the page says: plain values for the templates, from what the line found."""

import math
from bisect import bisect_left
from collections import Counter
from posixpath import splitext
from typing import Any

import numpy as np

from pipeline.show.report.charts import count_chart, line_chart
from pipeline.show.report.findings import Copy, Findings

BESIDE = 8  # neighbours that stand beside a query
_OF_A_GROUP = 5  # pictures that stand for a group
_GROUPS, _COPIES, _UNUSUAL = 60, 24, 12  # that are shown as pictures, at most
_ROWS = 1000  # of a table, at most
_NAMES = {
    "model": "this model",
    "own part": "this model, without its place among neighbours",
    "folder alone": "what was learnt of the folder, alone",
    "network alone": "the network of other origin, alone",
    "pixels": "32x32 pixels",
    "histogram": "RGB histogram",
    "untrained": "this model without its training",
    "chance": "chance",
}


def summary(found: Findings) -> dict[str, Any]:
    """Return the opening: what a reader who reads no further should know."""
    evaluation = found.metrics["evaluate"]
    measured = {name: values["top4"] for name, values in evaluation.get("embeddings", {}).items()}
    others = {name: value for name, value in measured.items() if name not in ("model", "own part", "chance")}
    best = max(others, key=lambda name: others[name], default=None)
    return {
        "dataset": found.dataset,
        "pictures": len(found.paths),
        "rejected": len(found.rejected),
        "groups": len(found.medoids),
        "classes": evaluation.get("classes"),
        "top4": measured.get("model"),
        "best": {"name": _NAMES.get(best, best), "top4": others[best]} if best else None,
        "warned": any(words.startswith("warning:") for words in evaluation["verdict"]),
        "views": evaluation["views"]["model"],
        "strip": list(found.medoids[:12]),
    }


def pictures(found: Findings) -> dict[str, Any]:
    """Return what went in and what was rejected."""
    suffixes = Counter(splitext(path)[1].lower() or "no suffix" for path in found.paths)
    areas = found.sizes.prod(axis=1)
    order = np.argsort(areas, kind="stable")
    sizes = [found.sizes[row].tolist() for row in (order[0], order[len(order) // 2], order[-1])]
    kinds = Counter(one.kind for one in found.rejected)
    return {
        "sizes": dict(zip(("smallest", "median", "largest"), sizes, strict=True)),
        "suffixes": suffixes.most_common(6),
        "labelled": sum(path in found.labels for path in found.paths),
        "labels": len(set(found.labels.values())),
        "kinds": kinds.most_common(),
        "rejected": found.rejected[:_ROWS],
        "rejected_count": len(found.rejected),
    }


def training(found: Findings) -> dict[str, Any]:
    """Return how the training went: its losses, how long it took, and how well it rebuilds pictures."""
    if not found.history:
        return {"history": []}
    epochs, losses, validation, seconds = ([row[column] for row in found.history] for column in range(4))
    best = min(range(len(epochs)), key=lambda epoch: math.inf if math.isnan(validation[epoch]) else validation[epoch])
    lines = {"validation": validation, "training": losses}
    return {
        "history": found.history,
        "epochs": len(epochs),
        "seconds": sum(seconds),
        "first": validation[0],
        "best": {"epoch": int(epochs[best]), "loss": validation[best]},
        "chart": line_chart(epochs, lines, xlabel="epoch", marked=epochs[best]),
        "metrics": found.metrics["train"],
    }


def trust(found: Findings) -> dict[str, Any]:
    """Return the table of `evaluate` and its verdict."""
    evaluation = found.metrics["evaluate"]
    views, embeddings = evaluation["views"], evaluation.get("embeddings", {})
    names = [*embeddings, *(name for name in views if name not in embeddings)]
    rows = [
        {"name": _NAMES.get(name, name), "model": name == "model", "views": views.get(name), **embeddings.get(name, {})}
        for name in names
    ]
    said = [*evaluation["verdict"], *evaluation.get("doubts", [])]
    return {
        "verdict": [words.removeprefix("warning: ") for words in said],
        "warned": [words.startswith("warning:") for words in said],
        "classes": evaluation.get("classes"),
        "pictures": evaluation["pictures"],
        "rows": rows,
        "groups": evaluation.get("groups"),
    }


def wall(found: Findings, *, queries: int, seed: int) -> list[dict[str, Any]]:
    """Return queries drawn at random, each with its neighbours."""
    count = len(found.paths)
    drawn = np.random.default_rng(seed).permutation(count)[:queries]
    return [{"row": int(row), "neighbours": _neighbours(found, int(row))} for row in drawn]


def _neighbours(found: Findings, row: int) -> list[dict[str, Any]]:
    label = found.labels.get(found.paths[row])
    return [
        {
            "rank": rank,
            "row": other,
            "similarity": similarity,
            "percentile": _percentile(found, similarity),
            "same": label is not None and found.labels.get(found.paths[other]) == label,
        }
        for rank, (other, similarity) in enumerate(found.neighbours[row, :BESIDE].tolist(), 1)
    ]


def _percentile(found: Findings, similarity: float) -> int | None:
    """Return how many percent of the folder's nearest neighbours are less similar; None where there are none."""
    steps = found.scale["nearest"]
    return max(bisect_left(steps, similarity) - 1, 0) if steps else None


def typical(found: Findings) -> dict[str, float]:
    """Return the similarities of a typical nearest neighbour and of a typical random pair; none without either."""
    if not all(found.scale.values()):
        return {}
    return {name: steps[len(steps) // 2] for name, steps in found.scale.items()}


def groups(found: Findings) -> dict[str, Any]:
    """Return the groups in the order of their folders, and why there are so many of them."""
    metrics = found.metrics["groups"]
    ks, losses, silhouettes = ([row[column] for row in found.elbow] for column in range(3))
    cards = [_group(found, number, medoid) for number, medoid in enumerate(found.medoids, 1)]
    return {
        "cards": cards,
        "shown": cards[:_GROUPS],
        "metrics": metrics,
        "elbow": line_chart(ks, {"loss": losses}, xlabel="K, number of groups", marked=metrics["k_elbow"]),
        "silhouette": line_chart(
            ks, {"silhouette": silhouettes}, xlabel="K, number of groups", marked=metrics["k_silhouette"]
        ),
    }


def _group(found: Findings, number: int, medoid: int) -> dict[str, Any]:
    rows = np.flatnonzero(found.groups == number)
    order = rows[np.lexsort((rows, -found.similarities[rows], rows != medoid))]
    labels = Counter(found.labels[found.paths[row]] for row in rows.tolist() if found.paths[row] in found.labels)
    label, times = labels.most_common(1)[0] if labels else (None, 0)
    return {
        "number": number,
        "size": len(rows),
        "medoid": medoid,
        "rows": order[1:_OF_A_GROUP].tolist(),
        "similarity": float(found.similarities[rows].mean()),
        "label": label,
        "share": times / len(rows),
        "folder": f"{found.groups_home}{number:0{len(str(len(found.medoids)))}d}/",
    }


def copies(found: Findings) -> dict[str, Any] | None:
    """Return the groups of copies, the picture to keep first; None if nobody looked for them."""
    if found.copies is None:
        return None
    together: dict[int, list[Copy]] = {}
    for copy in found.copies:
        together.setdefault(copy.group, []).append(copy)
    ordered = [sorted(group, key=lambda copy: (not copy.kept, -copy.similarity)) for group in together.values()]
    kinds = Counter("exact" if copy.kind == "exact" else "near" for copy in found.copies if copy.keep == "no")
    return {
        "groups": ordered[:_COPIES],
        "count": len(ordered),
        "kinds": kinds,
        "spare": sum(copy.keep == "no" for copy in found.copies),
        "unsure": sum(copy.keep == "unsure" for copy in found.copies),
        "table": found.copies[:_ROWS],
    }


def unusual(found: Findings) -> dict[str, Any] | None:
    """Return the most unusual pictures beside what is most like them; None if nobody looked."""
    if found.unusual is None:
        return None
    distances = np.array([one.distance for one in found.unusual], np.float64)
    return {
        "pairs": found.unusual[:_UNUSUAL],
        "table": found.unusual[:_ROWS],
        "count": len(found.unusual),
        "stand_out": sum(one.stands_out for one in found.unusual),
        "chart": count_chart(distances[np.isfinite(distances)], xlabel="cosine distance to the nearest picture"),
    }


def distance(value: float) -> str:
    """Return a distance, or a dash of a picture that has nothing but copies beside it."""
    return "\u2013" if math.isnan(value) else f"{value:.3f}"


def shown_as(value: Any) -> str:
    """Return a share in percent with one digit, or a dash where there is none."""
    return "\u2013" if value is None else f"{100 * value:.1f}"
