"""Makes encoder.onnx from the trained network, and the embeddings of all pictures with it."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import (
    Artifacts,
    load_json,
    load_pictures,
    open_index,
    replaced,
    save_array,
    save_json,
    save_origin,
)
from pipeline.autoencoder.applications import application, export_application
from pipeline.autoencoder.cells import export_cells, network_cells, pixel_cells
from pipeline.autoencoder.export import Function, embedding, export, fit_whitening, run
from pipeline.blankness import free_direction, visibility
from pipeline.encoder import encode, open_encoder
from pipeline.errors import ArtifactError, EncoderError
from pipeline.params import EncoderParams, Params
from pipeline.wording import counted
from pipeline.wrapping import Foreign, wrap

_TOLERANCE = (
    1e-4  # largest difference between Keras and the exported graph, of numbers at most 1; of ordinary pictures 1e-6
)
_OF_NOISE = 0.01  # of what noise of one grey level changes: so much may be rounding where a picture is so sensitive
_CHECKED = 16
_PATTERNS = 4  # pictures that have something to see even where the folder's have not
_FITTED = 200  # pictures that the cells' means and spreads are taken of: 200,000 cells

Pictures = NDArray[np.uint8]  # (N, 256, 256, 3)
Rows = NDArray[np.int64]


def embed(params: Params, artifacts: Artifacts) -> str:
    """Write encoder.onnx, the same of the untrained network, embeddings.npy, and cells.onnx.

    Raises
    ------
    EncoderError
        If the exported graph and Keras differ by more than rounding, or the network of `encoder.path` can't be
        wrapped.
    """
    with open_index(artifacts.index) as index:
        digest = index.digest
        pictures = load_pictures(artifacts, index)
    rows = _fit_rows(pictures, params)
    _export(artifacts.untrained, artifacts.untrained_encoder, pictures, rows, params, artifacts)
    if params.encoder.kind == "autoencoder":
        difference = _export(artifacts.autoencoder, artifacts.encoder, pictures, rows, params, artifacts)
    else:
        difference = 0.0  # nothing was exported that Keras could check
        with replaced(artifacts.encoder) as path:
            _wrap(pictures, rows, params, path)
    encoder = open_encoder(artifacts.encoder)
    _export_cells(pictures, rows, params, artifacts, encoder.digest)
    embeddings = encode(encoder, pictures, progress=True, title="embed")
    save_array(artifacts.embeddings, embeddings, origin={"index": digest, "encoder": encoder.digest})
    metrics = {"pictures": len(embeddings), "dimensions": encoder.dimensions, "onnx_difference": difference}
    save_json(artifacts.metrics("embed"), metrics)
    save_origin(artifacts, "embed", digest)
    return f"{counted(len(embeddings), 'embedding')} of {encoder.dimensions:,} numbers"


def _wrap(pictures: Pictures, rows: Rows, params: Params, path: Path) -> None:
    """Write the encoder file of a network of other origin."""
    with TemporaryDirectory(dir=path.parent) as folder:
        foreign = _foreign(params.encoder, Path(folder))
        wrap(foreign, path)
        if params.encoder.whitening == "half":
            features, dimensions = (
                encode(open_encoder(path), pictures[rows], progress=True, title="fit"),
                params.embed.dimensions,
            )
            whitening = fit_whitening(features, dimensions=dimensions, power=0.5, anchor=0.0)
            components, blank = free_direction(whitening.components, dimensions=dimensions)
            wrap(foreign, path, whitening=replace(whitening, components=components), blank=blank)


def _export_cells(pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts, encoder: str) -> None:
    """Write what is seen at each place; of a network of other origin that is unknown, so there it is the pixels."""
    if params.encoder.kind == "autoencoder":
        some = rows[:: -(-len(rows) // _FITTED)]
        made_from, function = "autoencoder", network_cells(artifacts.autoencoder, pictures, fit_rows=some)
    else:
        made_from, function = "pixels", pixel_cells()
    with replaced(artifacts.cells) as path:
        export_cells(function, path, made_from=made_from, encoder=encoder)


def _foreign(encoder: EncoderParams, folder: Path) -> Foreign:
    """Describe the network; one of Keras is first written into the folder."""
    if encoder.kind == "onnx":
        return Foreign(
            Path(encoder.path), encoder.size, encoder.layout, encoder.mean, encoder.scale, output=encoder.output
        )
    path = folder / f"{encoder.name}.onnx"
    export_application(application(encoder.name, weights=encoder.weights, size=encoder.size), path)
    return Foreign(path, encoder.size, "nhwc", mean=0.0, scale=1.0, output="first")


def _fit_rows(pictures: Pictures, params: Params) -> Rows:
    """Draw the rows to fit on; pictures with nothing to see say nothing, so they are left out if there are others."""
    order = np.random.default_rng(params.embed.seed).permutation(len(pictures))
    rows = np.sort(order[: params.embed.fit_pictures])
    seen = [row for row in rows.tolist() if visibility(pictures[row]) > 0.5]
    return np.array(seen, np.int64) if seen else rows


def _export(model: Path, path: Path, pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts) -> float:
    """Export one network; return its largest difference from Keras on a few pictures."""
    if not model.is_file():
        raise ArtifactError(f"{model} is missing: run `pipeline train` (or `dvc repro`) first")
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    settings = params.embed
    function = embedding(
        model, pictures, dimensions=settings.dimensions, fit_rows=rows, upright=upright, seed=settings.seed
    )
    with replaced(path) as temporary:
        export(function, temporary)
        return check_exported(function, temporary, pictures[:: -(-len(pictures) // _CHECKED)])


def check_exported(function: Function, path: Path, pictures: Pictures) -> float:
    """Return the largest difference between a function and the encoder file made of it, on pictures and patterns.

    Of a picture that has hardly anything to see, what there is may be rounding noise, which a right graph may round
    otherwise. So more is allowed of those that change much by noise of one grey level, and of no others.

    Raises
    ------
    EncoderError
        If they differ by more than rounding.
    """
    generator = np.random.default_rng(0)
    pictures = np.concatenate([pictures, _patterns(generator)])
    by_keras = run(function, pictures)
    noise = generator.integers(-1, 2, pictures.shape)
    sensitive = np.abs(run(function, np.clip(pictures + noise, 0, 255).astype(np.uint8)) - by_keras).max(axis=1)
    differences = np.abs(encode(open_encoder(path), pictures, progress=False) - by_keras).max(axis=1)
    if not (differences <= np.maximum(_TOLERANCE, _OF_NOISE * sensitive)).all():
        raise EncoderError(
            f"{path}: Keras and the exported graph differ by {differences.max():g}, which is more than rounding; "
            "report it with the versions of tensorflow and tf2onnx"
        )
    return float(differences.max())


def _patterns(generator: np.random.Generator) -> Pictures:
    """Draw pictures of coloured patches that lie on no grid of a network, uint8 (4, 256, 256, 3)."""
    patches = generator.integers(0, 256, (_PATTERNS, 24, 24, 3), dtype=np.uint8)
    return patches.repeat(11, axis=1).repeat(11, axis=2)[:, :256, :256]
