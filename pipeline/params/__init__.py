"""Owns params.yaml: every value that changes a result, as one frozen, typed object.

A section belongs to the stage of the same name (`dataset` to all of them). Ranges are data: they stand in
the field's metadata, the builder checks them, and no code further down has a default that changes a result.
"""

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from pipeline.errors import ParamsError
from pipeline.params.building import build


def _number(minimum: float, maximum: float) -> Any:
    return field(metadata={"minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, kw_only=True)
class DatasetParams:
    """Which pictures are read, and what is known of them."""

    path: str
    exclude: tuple[str, ...]  # patterns of files and folders that are left out
    labels: str  # "folders", "none", or a CSV file with the columns path,label
    orientation: Literal["auto", "upright", "any"]


@dataclass(frozen=True, kw_only=True)
class SampleParams:
    """How many snow crystals are grown as a sample, and how large they are."""

    pictures: int = _number(96, 100_000)
    size: int = _number(32, 4096)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class ResizeParams:
    """What one picture may take in bytes, pixels, memory and time; one that takes more is rejected."""

    max_megapixels: float = _number(0.001, 10_000)
    max_file_megabytes: float = _number(0.001, 1_000_000)
    max_decoded_megabytes: float = _number(16, 1_000_000)
    max_scans: int = _number(1, 100_000)
    max_seconds: float = _number(0.1, 86_400)


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """Which autoencoder is trained, from which weights, for how long, and when a changed folder is trained on again."""

    refresh: Literal["never", "drift", "always"]
    network: Literal["classic", "residual"]
    start: Literal["grown", "scratch"]  # of the residual network, as the next
    objective: Literal["contrastive", "reconstruction"]
    epochs: int | Literal["auto"] = _number(1, 100_000)
    views: int | Literal["auto"] = _number(1, 1_000_000_000)
    batch_size: int | Literal["auto"] = _number(2, 4096)
    learning_rate: float | Literal["auto"] = _number(1e-8, 1)
    validation_share: float = _number(0.01, 0.5)
    crop: int = _number(32, 128)
    precision: Literal["auto", "float32", "mixed_bfloat16"]
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class EncoderParams:
    """Whose encoder is used: the autoencoder that is trained here, a network of other origin, or both joined."""

    kind: Literal["autoencoder", "joined", "keras", "onnx"]
    network: Literal["keras", "onnx"]  # joined: what the network of other origin is
    name: str  # keras: a network of keras.applications
    weights: str  # keras: "imagenet", "none" or a file
    path: str  # onnx: the file
    layout: Literal["nchw", "nhwc"]  # onnx, as the next three
    mean: float | tuple[float, float, float] = _number(-1000, 1000)
    scale: float | tuple[float, float, float] = _number(0.001, 1000)
    output: str
    size: int = _number(8, 1024)
    whitening: Literal["none", "half"]  # joined is always whitened

    @property
    def is_trained(self) -> bool:
        """Whether the autoencoder is trained, and is the encoder or a part of it."""
        return self.kind in ("autoencoder", "joined")

    @property
    def foreign(self) -> str | None:
        """What the network of other origin is, "keras" or "onnx"; None if there is none."""
        return {"autoencoder": None, "joined": self.network}.get(self.kind, self.kind)


@dataclass(frozen=True, kw_only=True)
class EmbedParams:
    """How many numbers an embedding has, and how many pictures it is fitted on."""

    dimensions: int = _number(1, 4096)
    fit_pictures: int = _number(2, 1_000_000)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class NeighboursParams:
    """How long the sorted lists are, and the seed that draws the random pairs of the scale."""

    depth: int | Literal["all"] = _number(1, 1_000_000)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class GroupsParams:
    """How the folder is split into K groups, and how these are laid out."""

    engine: Literal["fasterpam", "pyclustering"]
    k: int | Literal["auto", "elbow", "silhouette"] = _number(1, 100_000)
    k_minimum: int = _number(1, 100_000)
    k_maximum: int = _number(2, 100_000)
    sweep_columns: int = _number(2, 1_000_000)
    columns: int = _number(2, 1_000_000)
    restarts: int = _number(0, 1000)
    links: Literal["hard", "copy"]
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class MapParams:
    """How the pictures are placed on the map."""

    perplexity: float = _number(2, 200)
    fit_pictures: int = _number(10, 100_000)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class ReportParams:
    """How large the page may be, and what is drawn at random for it."""

    megabytes: float = _number(0.1, 1000)
    queries: int = _number(0, 1000)
    seed: int = _number(0, 2**32 - 1)


Keep = Literal["detail", "whole", "camera", "name", "format", "size", "older", "bytes"]


@dataclass(frozen=True, kw_only=True)
class DuplicatesParams:
    """From where on two pictures are near copies, and by what the one to keep is chosen, the first first."""

    threshold: float | Literal["auto"] = _number(-1, 1)
    agreement: float | Literal["auto"] = _number(0, 1)
    keep: tuple[Keep, ...]


@dataclass(frozen=True, kw_only=True)
class UniquenessParams:
    """How many neighbours the mean distance and the outlier factor are taken over."""

    neighbours: int = _number(1, 100)


@dataclass(frozen=True, kw_only=True)
class ToleranceParams:
    """Of how many pictures two views are compared, at most, and the seed that draws the views."""

    pictures: int = _number(1, 1_000_000)
    seed: int = _number(0, 2**32 - 1)


@dataclass(frozen=True, kw_only=True)
class Params:
    """The whole of params.yaml, one section a stage."""

    dataset: DatasetParams
    sample: SampleParams
    resize: ResizeParams
    train: TrainParams
    encoder: EncoderParams
    embed: EmbedParams
    neighbours: NeighboursParams
    groups: GroupsParams
    map: MapParams
    report: ReportParams
    duplicates: DuplicatesParams
    uniqueness: UniquenessParams
    tolerance: ToleranceParams


def load_params(path: Path) -> Params:
    """Read and check params.yaml. A relative path in it starts from its own folder; `~` is the user's home.

    Raises
    ------
    ParamsError
        If the file is missing or is no YAML mapping, or a value is unknown, missing, of the wrong type,
        not a number, or out of its range; the message names the value with its dotted name.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"{path} is missing: run the command in the folder of a project, which holds it, or name it with --params; "
            "`pipeline run FOLDER` makes a project"
        ) from None
    except OSError as error:
        raise ParamsError(f"{path} can't be read ({error.strerror}); name a file with --params") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ParamsError(f"{path} cannot be read as YAML: {error}; mend it") from error
    params = cast(Params, build(Params, raw, ""))
    _check_across(params)
    return _placed(params, path.parent)


def _check_across(params: Params) -> None:
    groups = params.groups
    if groups.k_minimum >= groups.k_maximum:
        raise ParamsError(
            f"groups.k_minimum: expected less than groups.k_maximum ({groups.k_maximum}), got {groups.k_minimum}"
        )
    if params.train.crop % 32:
        raise ParamsError(f"train.crop: expected a multiple of 32, got {params.train.crop}")
    if params.encoder.kind == "joined" and params.train.network == "classic":
        raise ParamsError(
            "encoder.kind: 'joined' can't be had where train.network is 'classic', whose embedding has no parts; "
            "set train.network to residual, or encoder.kind to autoencoder, keras or onnx"
        )


def _placed(params: Params, folder: Path) -> Params:
    """Return params whose paths lead there from where one stands."""

    def place(value: str, *words: str) -> str:
        return value if value in words else str(folder / os.path.expanduser(value))

    dataset, encoder = params.dataset, params.encoder
    return dataclasses.replace(
        params,
        dataset=dataclasses.replace(dataset, path=place(dataset.path), labels=place(dataset.labels, "folders", "none")),
        encoder=dataclasses.replace(
            encoder, path=place(encoder.path), weights=place(encoder.weights, "imagenet", "none")
        ),
    )
