"""Makes the encoder file from the trained network, one of other origin or both, and what it learns of the pictures."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    check_names,
    load_json,
    load_pictures,
    open_index,
    remember,
    replaced,
    replaced_folder,
    save_json,
    save_origin,
)
from pipeline.autoencoder.applications import application, application_file
from pipeline.autoencoder.graph import all_stages, last_stage, load_float32, nodes
from pipeline.encoder.blankness import visibility
from pipeline.encoder.cells import network_cells, pixel_cells
from pipeline.encoder.foreign import Foreign
from pipeline.encoder.joining import (
    TRUST,
)
from pipeline.encoder.running import open_encoder
from pipeline.errors import ArtifactError
from pipeline.params import EncoderParams, Params
from pipeline.pixels import Pictures
from pipeline.stages.encoder.checks import check_application, check_nodes
from pipeline.stages.encoder.files import Rows, files_of, network_alone, nodes_of

_CHECKED = 16
_BESIDE = {"untrained.onnx", "folder_alone.onnx", "network_alone.onnx"}  # what the folder of that name can hold
_CHECKED_OF_OTHERS = 4  # for they may be large: 8 pictures of 600x600 with the patterns
_FITTED = 200  # pictures that the cells' means and spreads are taken of: 200,000 cells


def encoder(params: Params, artifacts: Artifacts) -> str:
    """Write encoder.onnx, those that are measured beside it, and cells.onnx.

    Raises
    ------
    EncoderError
        If a network's nodes and Keras differ by more than rounding, or the network of `encoder.path` can't be wrapped.
    ArtifactError
        If the folder of the encoders beside it holds a file of the user's.
    """
    check_names(artifacts.beside, _BESIDE)
    with open_index(artifacts.index) as index:
        digest = index.digest
        pictures = load_pictures(artifacts, index)
    rows = _fit_rows(pictures, params)
    with TemporaryDirectory(dir=artifacts.root) as scratch:
        files, difference = _encoders(pictures, rows, params, artifacts, Path(scratch))
    with replaced(artifacts.encoder) as path:
        path.write_bytes(files.pop("encoder"))
    with replaced_folder(artifacts.beside) as folder:
        for name, data in files.items():
            (folder / f"{name}.onnx").write_bytes(data)
    made = open_encoder(artifacts.encoder)
    _export_cells(pictures, rows, params, artifacts, made.digest)
    trusted = {name.removeprefix(TRUST): float(said) for name, said in made.facts.items() if name.startswith(TRUST)}
    metrics = {"pictures": len(pictures), "dimensions": made.dimensions, "onnx_difference": difference}
    save_json(artifacts.metrics("encoder"), metrics | {"trusted": trusted})
    save_origin(artifacts, "encoder", digest)
    remember(artifacts, "encoder", [])
    return _summary(made.dimensions, trusted)


def _summary(dimensions: int, trusted: dict[str, float]) -> str:
    summary = f"the encoder gives {dimensions:,} numbers for a picture"
    if len(trusted) < 3:  # of fewer nothing can be told
        return summary
    falling = sorted(trusted.items(), key=lambda item: -item[1])
    (first, _), *others = falling
    rest = ", ".join(f"{kind} {value:.2f}" for kind, value in others)
    return f"{summary}; of the kinds of evidence in this folder {first} counts most (1.00), then {rest}"


def _encoders(
    pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts, scratch: Path
) -> tuple[dict[str, bytes], float]:
    """Return the files by name, "encoder" that of the model, and how far any network's nodes are from Keras."""
    encoder, settings = params.encoder, _settings(params, artifacts)
    foreign, difference = _foreign(encoder, pictures, scratch) if encoder.foreign else (None, 0.0)
    trained, far = _loaded(artifacts.autoencoder, pictures) if encoder.is_trained else (None, 0.0)
    if trained:
        files = files_of(trained, foreign, pictures, rows, **settings)
    else:
        assert foreign is not None  # what else would there be to embed with
        files = {"encoder": network_alone(foreign, pictures, rows, params)}
    if "untrained" not in files:
        untrained, further = _loaded(artifacts.untrained, pictures)
        far = max(far, further)
        others = files_of(untrained, None, pictures, rows, **settings)
        files["untrained"] = others.get("untrained", others["encoder"])
    return files, max(difference, far)


def _settings(params: Params, artifacts: Artifacts) -> dict[str, Any]:
    """Return what `files_of` is to be told by name."""
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    return {"dimensions": params.embed.dimensions, "upright": upright, "seed": params.embed.seed}


def _export_cells(pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts, encoder: str) -> None:
    """Write what is seen at each place: by the network that was trained; if none was, the pixels."""
    if params.encoder.is_trained:
        some = rows[:: -(-len(rows) // _FITTED)]
        network, sides = all_stages(load_float32(artifacts.autoencoder))
        facts = {"made_from": "autoencoder", "encoder": encoder}
        data = network_cells(lambda pixels: nodes(network, pixels), sides, pictures, some, facts=facts)
    else:
        data = pixel_cells(facts={"made_from": "pixels", "encoder": encoder})
    with replaced(artifacts.cells) as path:
        path.write_bytes(data)


def _foreign(encoder: EncoderParams, pictures: Pictures, folder: Path) -> tuple[Foreign, float]:
    """Describe the network; one of Keras is first written into the folder. Return how far it then is from Keras."""
    if encoder.foreign == "onnx":
        path = Path(encoder.path)
        return Foreign(path, encoder.size, encoder.layout, encoder.mean, encoder.scale, output=encoder.output), 0.0
    path = folder / f"{encoder.name}.onnx"
    network = application(encoder.name, weights=encoder.weights, size=encoder.size)
    path.write_bytes(application_file(network))
    difference = check_application(network, path.read_bytes(), _some(pictures, _CHECKED_OF_OTHERS))
    return Foreign(path, encoder.size, "nhwc", mean=0.0, scale=1.0, output="first"), difference


def _fit_rows(pictures: Pictures, params: Params) -> Rows:
    """Draw the rows to fit on; pictures with nothing to see say nothing, so they are left out if there are others."""
    order = np.random.default_rng(params.embed.seed).permutation(len(pictures))
    rows = np.sort(order[: params.embed.fit_pictures])
    seen = [row for row in rows.tolist() if visibility(pictures[row]) > 0.5]
    return np.array(seen, np.int64) if seen else rows


def _loaded(model: Path, pictures: Pictures) -> tuple[Any, float]:
    """Return an autoencoder in float32, and how far its nodes are from Keras."""
    if not model.is_file():
        raise ArtifactError(f"{model} is missing: run `pipeline train` (or `dvc repro`) first")
    autoencoder = load_float32(model)
    network = last_stage(autoencoder)
    return autoencoder, check_nodes(network, nodes_of(network), _some(pictures, _CHECKED))


def _some(pictures: Pictures, count: int) -> NDArray[np.uint8]:
    """Return at most so many pictures of the whole folder."""
    return pictures[:: -(-len(pictures) // count)]
