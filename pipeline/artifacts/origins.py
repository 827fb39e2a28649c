"""What each stage's tables were made from: one small JSON file a stage, by which every reader knows an old answer.

Tables stay plain CSV for people, so what they were made from stands beside them. It is written last: where a stage was
killed before, its tables aren't those that the file lists, and readers say so.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.artifacts.files import load_json, save_json
from pipeline.artifacts.layout import Artifacts
from pipeline.artifacts.rows import encoder_of
from pipeline.artifacts.written import sha256_of
from pipeline.errors import ArtifactError
from pipeline.wording import one_line

_FILES = {  # what readers read of each stage
    "resize": ("rejected.csv", "metrics/resize.json"),
    "train": ("autoencoder.keras", "history.csv", "metrics/train.json"),
    "encoder": ("encoder.onnx", "metrics/encoder.json"),
    "embed": ("metrics/embed.json",),
    "groups": ("groups.csv", "elbow.csv", "metrics/groups.json"),
    "map": ("map.csv", "metrics/map.json"),
    "duplicates": ("duplicates.csv", "metrics/duplicates.json"),
    "uniqueness": ("uniqueness.csv", "metrics/uniqueness.json"),
    "tolerance": ("metrics/tolerance.json",),
    "evaluate": ("metrics/evaluate.json",),
}
_SOURCES = {  # what it was made from: the pictures, the encoder of the embeddings, the labels, files of other stages
    "resize": ("index",),
    "train": (),  # the folder may have changed a little since, as the stage refresh decides
    "encoder": ("autoencoder.keras",),
    "embed": ("index", "encoder", "encoder.onnx"),
    "groups": ("index", "encoder"),
    "map": ("index", "encoder"),
    "duplicates": ("index", "encoder"),
    "uniqueness": ("index", "encoder", "duplicates.csv"),
    "tolerance": ("index", "encoder"),
    "evaluate": ("index", "encoder", "groups.csv", "labels"),
}

Labels = Mapping[str, str]


def save_origin(artifacts: Artifacts, stage: str, index: str, *, labels: Labels | None = None) -> None:
    """Write what a stage has made, and from what; the last thing that the stage does.

    Parameters
    ----------
    index
        The digest of the index that it was made from.
    labels
        The label of each picture that has one, where the stage measures by them.
    """
    files = {name: _content(artifacts.root / name) for name in _FILES[stage]}
    save_json(artifacts.origin(stage), {"files": files, "made_from": _sources(artifacts, stage, index, labels)})


def check_origin(artifacts: Artifacts, stage: str, index: str, *, labels: Labels | None = None) -> None:
    """Raise ArtifactError unless a stage's tables are whole, and made from what is there now; see `save_origin`."""
    made_from, files = _load_origin(artifacts.origin(stage), stage)
    table, remedy = one_line(artifacts.root / _FILES[stage][0]), f"run `pipeline {stage}` again (or `dvc repro`)"
    for source, digest in _sources(artifacts, stage, index, labels).items():
        if made_from.get(source) != digest:
            raise ArtifactError(f"{table} was made from {_OTHERS.get(source, f'another {source}')}: {remedy}")
    for name, digest in files.items():
        file = artifacts.root / name
        if digest and not file.is_file():
            raise ArtifactError(f"{one_line(file)} is missing: run `pipeline {stage}` (or `dvc repro`) first")
        if _content(file) != digest:
            raise ArtifactError(f"{one_line(file)} isn't as the stage left it, which was interrupted, or somebody "
                                f"changed it: {remedy}")  # fmt: skip


def _load_origin(path: Path, stage: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a stage's tables were made from, and what they are."""
    origin = load_json(path, stage=stage)
    parts = [origin.get(name) for name in ("made_from", "files")] if isinstance(origin, dict) else []
    made_from, files = (part if _is_texts(part) else None for part in parts or (None, None))
    if made_from is None or files is None:
        raise ArtifactError(f"{one_line(path)} is damaged (it holds something else): run `pipeline {stage}` again")
    return made_from, files


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_OTHERS = {
    "index": "other pictures (another index)",
    "encoder": "the embeddings of another encoder",
    "labels": "other labels",
    "autoencoder.keras": "another training (autoencoder.keras)",
    "encoder.onnx": "another encoder (encoder.onnx)",
}


def _sources(artifacts: Artifacts, stage: str, index: str, labels: Labels | None) -> dict[str, str]:
    known: dict[str, Callable[[], str]] = {
        "index": lambda: index,
        "encoder": lambda: encoder_of(artifacts),
        "labels": lambda: _digest(labels or {}),
    }
    return {name: known.get(name, lambda name=name: _content(artifacts.root / name))() for name in _SOURCES[stage]}


def _content(path: Path) -> str:
    """Return the sha256 of a file; empty if there is none."""
    return sha256_of(path) if path.is_file() else ""


def _digest(labels: Labels) -> str:
    return hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()
