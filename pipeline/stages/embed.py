"""Makes encoder.onnx from the trained network, and the embeddings of all pictures with it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Artifacts, load_json, load_pictures, open_index, replaced, save_array, save_json
from pipeline.autoencoder.applications import application, export_application
from pipeline.autoencoder.cells import export_cells, network_cells, pixel_cells
from pipeline.autoencoder.export import embedding, export, fit_whitening, run
from pipeline.encoder import encode, open_encoder
from pipeline.errors import ArtifactError, EncoderError
from pipeline.params import EncoderParams, Params
from pipeline.wrapping import Foreign, wrap

_TOLERANCE = 1e-4  # largest difference between Keras and the exported graph, of numbers at most 1: the outlines of
# flat pictures, half-whitened, differ by up to 3e-5
_CHECKED = 16
_FITTED = 200  # pictures that the cells' means and spreads are taken of: 200,000 cells


def embed(params: Params, artifacts: Artifacts) -> str:
    """Write encoder.onnx, the same of the untrained network, embeddings.npy, and cells.onnx.

    Raises
    ------
    EncoderError
        If the exported graph and Keras differ by more than 1e-4, or the network of `encoder.path` can't be
        wrapped.
    """
    with open_index(artifacts.index) as index:
        digest = index.digest
        pictures = load_pictures(artifacts, index)
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    _export(artifacts.untrained, artifacts.untrained_encoder, pictures, params, upright=upright)
    if params.encoder.kind == "autoencoder":
        difference = _export(artifacts.autoencoder, artifacts.encoder, pictures, params, upright=upright)
    else:
        difference = 0.0  # nothing was exported that Keras could check
        with replaced(artifacts.encoder) as path:
            _wrap(pictures, params, path)
    encoder = open_encoder(artifacts.encoder)
    _export_cells(pictures, params, artifacts, encoder.digest)
    embeddings = encode(encoder, pictures, progress=True, title="embed")
    save_array(artifacts.embeddings, embeddings, origin={"index": digest, "encoder": encoder.digest})
    metrics = {"pictures": len(embeddings), "dimensions": encoder.dimensions, "onnx_difference": difference}
    save_json(artifacts.metrics("embed"), metrics)
    return f"{len(embeddings):,} embeddings of {encoder.dimensions:,} numbers"


def _wrap(pictures: NDArray[np.uint8], params: Params, path: Path) -> None:
    """Write the encoder file of a network of other origin."""
    with TemporaryDirectory(dir=path.parent) as folder:
        foreign = _foreign(params.encoder, Path(folder))
        wrap(foreign, path)
        if params.encoder.whitening == "half":
            features = encode(open_encoder(path), pictures[_fit_rows(pictures, params)], progress=True, title="fit")
            wrap(
                foreign,
                path,
                whitening=fit_whitening(features, dimensions=params.embed.dimensions, power=0.5, anchor=0.0),
            )


def _export_cells(pictures: NDArray[np.uint8], params: Params, artifacts: Artifacts, encoder: str) -> None:
    """Write what is seen at each place; of a network of other origin that is unknown, so there it is the pixels."""
    if params.encoder.kind == "autoencoder":
        rows = _fit_rows(pictures, params)
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


def _fit_rows(pictures: NDArray[np.uint8], params: Params) -> NDArray[np.int64]:
    order = np.random.default_rng(params.embed.seed).permutation(len(pictures))
    return np.sort(order[: params.embed.fit_pictures])


def _export(model: Path, path: Path, pictures: NDArray[np.uint8], params: Params, *, upright: bool) -> float:
    """Export one network; return its largest difference from Keras on a few pictures."""
    if not model.is_file():
        raise ArtifactError(f"{model} is missing: run `pipeline train` (or `dvc repro`) first")
    rows = _fit_rows(pictures, params)
    settings = params.embed
    function = embedding(
        model, pictures, dimensions=settings.dimensions, fit_rows=rows, upright=upright, seed=settings.seed
    )
    some = pictures[:: -(-len(pictures) // _CHECKED)]
    with replaced(path) as temporary:
        export(function, temporary)
        exported = encode(open_encoder(temporary), some, progress=False)
        difference = float(np.abs(exported - run(function, some)).max())
        if difference > _TOLERANCE:
            raise EncoderError(
                f"{path}: Keras and the exported graph differ by {difference:g}, expected {_TOLERANCE} at most; "
                "report it with the versions of tensorflow and tf2onnx"
            )
    return difference
