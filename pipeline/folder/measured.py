"""What the stages have measured: of the model, of its training, and of the number of groups."""

from dataclasses import dataclass
from typing import Any

from pipeline.artifacts import Artifacts, load_elbow, load_history, load_json


@dataclass(frozen=True)
class Epoch:
    """One epoch of the training: its losses, the smaller the better, and how long it took."""

    epoch: int
    loss: float
    validation_loss: float
    seconds: float


@dataclass(frozen=True)
class Split:
    """The groups for one K: the loss falls with K, and a larger silhouette, in [-1, 1], says they lie further apart."""

    k: int
    loss: float
    silhouette: float


@dataclass(frozen=True)
class Measured:
    """What was measured; None or empty of a stage that has not run.

    Attributes
    ----------
    evaluation, training, grouping : dict or None
        The metrics of the stages `evaluate`, `train` and `groups`, as their files hold them.
    history : tuple of Epoch
        The training, epoch by epoch.
    curve : tuple of Split
        Every K that was tried.
    """

    evaluation: dict[str, Any] | None
    training: dict[str, Any] | None
    grouping: dict[str, Any] | None
    history: tuple[Epoch, ...]
    curve: tuple[Split, ...]


def measured(artifacts: Artifacts) -> Measured:
    """Read what the stages have measured; ArtifactError if one of these files is damaged."""
    history = load_history(artifacts.history).tolist() if artifacts.history.is_file() else []
    curve = load_elbow(artifacts.elbow_table).tolist() if artifacts.elbow_table.is_file() else []
    return Measured(
        _metrics(artifacts, "evaluate"),
        _metrics(artifacts, "train"),
        _metrics(artifacts, "groups"),
        tuple(Epoch(int(epoch), *rest) for epoch, *rest in history),
        tuple(Split(int(k), *rest) for k, *rest in curve),
    )


def _metrics(artifacts: Artifacts, stage: str) -> dict[str, Any] | None:
    path = artifacts.metrics(stage)
    return dict(load_json(path, stage=stage)) if path.is_file() else None
