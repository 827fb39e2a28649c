"""Makes encoder.onnx from the trained network, and the embeddings of all pictures with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
from pipeline.autoencoder.applications import application, application_file
from pipeline.autoencoder.graph import all_stages, last_stage, load_float32, nodes, predicted
from pipeline.blankness import free_direction, visibility
from pipeline.encoder.cells import network_cells, pixel_cells
from pipeline.encoder.joining import TRUST, blocks_of, encoder_file, fit, latent_file
from pipeline.encoder.running import answers, encode, open_encoder
from pipeline.encoder.whitening import fit_whitening
from pipeline.encoder.wrapping import Foreign, wrapped
from pipeline.errors import ArtifactError, EncoderError
from pipeline.graph import Graph, Value
from pipeline.params import EncoderParams, Params
from pipeline.wording import counted

_TOLERANCE = 1e-4  # largest difference between Keras and the file, as a share of the largest output; usual is 1e-6
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
        If the network's nodes and Keras differ by more than rounding, or the network of `encoder.path` can't be
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
    trusted = {name.removeprefix(TRUST): float(said) for name, said in encoder.facts.items() if name.startswith(TRUST)}
    metrics = {"pictures": len(embeddings), "dimensions": encoder.dimensions, "onnx_difference": difference}
    save_json(artifacts.metrics("embed"), metrics | {"trusted": trusted})
    save_origin(artifacts, "embed", digest)
    summary = f"{counted(len(embeddings), 'embedding')} of {encoder.dimensions:,} numbers"
    if len(trusted) < 2:
        return summary
    falling = sorted(trusted.items(), key=lambda item: -item[1])
    return f"{summary}; weights found from this folder: {', '.join(f'{kind} {value:.2f}' for kind, value in falling)}"


def _wrap(pictures: Pictures, rows: Rows, params: Params, path: Path) -> None:
    """Write the encoder file of a network of other origin."""
    with TemporaryDirectory(dir=path.parent) as folder:
        foreign = _foreign(params.encoder, Path(folder))
        path.write_bytes(wrapped(foreign))
        if params.encoder.whitening == "half":
            dimensions = params.embed.dimensions
            features = encode(open_encoder(path), pictures[rows], progress=True, title="fit")
            whitening = fit_whitening(features, dimensions=dimensions, power=0.5, anchor=0.0)
            components, blank = free_direction(whitening.components, dimensions=dimensions)
            path.write_bytes(wrapped(foreign, whitening=replace(whitening, components=components), blank=blank))


def _export_cells(pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts, encoder: str) -> None:
    """Write what is seen at each place; of a network of other origin that is unknown, so there it is the pixels."""
    if params.encoder.kind == "autoencoder":
        some = rows[:: -(-len(rows) // _FITTED)]
        network, sides = all_stages(load_float32(artifacts.autoencoder))
        facts = {"made_from": "autoencoder", "encoder": encoder}
        data = network_cells(lambda pixels: nodes(network, pixels), sides, pictures, some, facts=facts)
    else:
        data = pixel_cells(facts={"made_from": "pixels", "encoder": encoder})
    with replaced(artifacts.cells) as path:
        path.write_bytes(data)


def _foreign(encoder: EncoderParams, folder: Path) -> Foreign:
    """Describe the network; one of Keras is first written into the folder."""
    if encoder.kind == "onnx":
        return Foreign(
            Path(encoder.path), encoder.size, encoder.layout, encoder.mean, encoder.scale, output=encoder.output
        )
    path = folder / f"{encoder.name}.onnx"
    path.write_bytes(application_file(application(encoder.name, weights=encoder.weights, size=encoder.size)))
    return Foreign(path, encoder.size, "nhwc", mean=0.0, scale=1.0, output="first")


def _fit_rows(pictures: Pictures, params: Params) -> Rows:
    """Draw the rows to fit on; pictures with nothing to see say nothing, so they are left out if there are others."""
    order = np.random.default_rng(params.embed.seed).permutation(len(pictures))
    rows = np.sort(order[: params.embed.fit_pictures])
    seen = [row for row in rows.tolist() if visibility(pictures[row]) > 0.5]
    return np.array(seen, np.int64) if seen else rows


def _export(model: Path, path: Path, pictures: Pictures, rows: Rows, params: Params, artifacts: Artifacts) -> float:
    """Write the encoder file of one network; return its largest difference from Keras."""
    if not model.is_file():
        raise ArtifactError(f"{model} is missing: run `pipeline train` (or `dvc repro`) first")
    autoencoder, settings = load_float32(model), params.embed
    upright = load_json(artifacts.metrics("train"), stage="train")["upright"]
    data = file_of(autoencoder, pictures, rows, dimensions=settings.dimensions, upright=upright, seed=settings.seed)
    network = last_stage(autoencoder)
    difference = check_nodes(network, nodes_of(network), pictures[:: -(-len(pictures) // _CHECKED)])
    with replaced(path) as temporary:
        temporary.write_bytes(data)
    return difference


def file_of(autoencoder: Any, pictures: Pictures, rows: Rows, *, dimensions: int, upright: bool, seed: int) -> bytes:
    """Return the encoder file of an autoencoder, with what is learnt of some rows of pictures.

    Parameters
    ----------
    autoencoder
        In float32.
    pictures
        uint8 (N, 256, 256, 3).
    rows
        Of the pictures that patches, centring and whitening are fitted on.
    dimensions
        Numbers of an embedding of the residual network; classic's are always its 4,096 latents.
    upright
        Whether it counts where something is in a picture, and which way it is turned.
    seed
        Draws the patches and the first words of their dictionary.
    """
    added = nodes_of(last_stage(autoencoder))
    if autoencoder.name == "classic":
        return latent_file(added)
    blocks = blocks_of(pictures, rows, upright=upright, seed=seed)
    return encoder_file(added, fit(added, blocks, pictures, rows, dimensions=dimensions), dimensions=dimensions)


def nodes_of(network: Any) -> Callable[[Value], Value]:
    """Return the function that adds a network of one output to a graph."""
    return lambda pixels: nodes(network, pixels)[0]


def check_nodes(network: Any, added: Callable[[Value], Value], pictures: Pictures) -> float:
    """Return the largest difference between a network in Keras and its nodes, on pictures and patterns, as a share.

    Raises
    ------
    EncoderError
        If they differ by more than rounding.
    """
    patterns = _patterns(np.random.default_rng(0))
    pixels = (np.concatenate([pictures, patterns]) / 255).astype(np.float32)
    graph = Graph()
    given = graph.input("pixels", "float32", *pixels.shape[1:])
    graph.output("stage", added(given.ordered(0, 3, 1, 2)).ordered(0, 2, 3, 1))
    by_keras = predicted(network, pixels)
    difference = float(np.abs(answers(graph.written(), pixels) - by_keras).max() / np.abs(by_keras).max())
    if not difference <= _TOLERANCE:
        raise EncoderError(
            f"the network in Keras and as ONNX differ by {difference:g} of the largest output, which is more than "
            "rounding; report it with the versions of tensorflow, keras, onnx and onnxruntime"
        )
    return difference


def _patterns(generator: np.random.Generator) -> Pictures:
    """Draw pictures of coloured patches that lie on no grid of a network, uint8 (4, 256, 256, 3)."""
    patches = generator.integers(0, 256, (_PATTERNS, 24, 24, 3), dtype=np.uint8)
    return patches.repeat(11, axis=1).repeat(11, axis=2)[:, :256, :256]
