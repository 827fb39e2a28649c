"""Makes the encoder file from the trained network, one of other origin or both, and what it learns of the pictures."""

from collections.abc import Callable
from dataclasses import replace
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
from pipeline.autoencoder.graph import all_stages, last_stage, load_float32, nodes, predicted
from pipeline.encoder.blankness import free_direction, visibility
from pipeline.encoder.cells import network_cells, pixel_cells
from pipeline.encoder.foreign import Foreign, wrapped
from pipeline.encoder.joining import (
    TRUST,
    Fitted,
    blocks_of,
    encoder_file,
    foreign_block,
    latent_file,
    learn,
    no_network,
    plain,
    weighed,
    without_network,
)
from pipeline.encoder.running import answers, open_encoder, over_pictures
from pipeline.encoder.whitening import fit_whitening
from pipeline.errors import ArtifactError, EncoderError
from pipeline.graph import Graph, Value
from pipeline.params import EncoderParams, Params
from pipeline.pixels import Pictures

_TOLERANCE = 1e-4  # largest difference between Keras and the file, as a share of the largest output; usual is 1e-6
_CHECKED = 16
_BESIDE = {"untrained.onnx", "folder_alone.onnx", "network_alone.onnx"}  # what the folder of that name can hold
_CHECKED_OF_OTHERS = 4  # for they may be large: 8 pictures of 600x600 with the patterns
_PATTERNS = 4  # pictures that have something to see even where the folder's have not
_FITTED = 200  # pictures that the cells' means and spreads are taken of: 200,000 cells

Rows = NDArray[np.int64]


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
    return f"{summary}; trust found from this folder: {', '.join(f'{kind} {value:.2f}' for kind, value in falling)}"


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
        files = {"encoder": _alone(foreign, pictures, rows, params)}
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


def _alone(foreign: Foreign, pictures: Pictures, rows: Rows, params: Params) -> bytes:
    """Return the encoder file of a network of other origin, whitened if that is wanted."""
    as_it_is = wrapped(foreign)
    if params.encoder.whitening == "none":
        return as_it_is
    (features,) = over_pictures(as_it_is, pictures, rows, title="fit")
    return _half_whitened(foreign, features, dimensions=params.embed.dimensions)


def _half_whitened(foreign: Foreign, features: NDArray[np.float32], *, dimensions: int) -> bytes:
    """Return the encoder file of a network whose features, at unit length, are known of pictures of the folder."""
    whitening = fit_whitening(features, dimensions=dimensions, power=0.5, anchor=0.0)
    components, blank = free_direction(whitening.components, dimensions=dimensions)
    return wrapped(foreign, whitening=replace(whitening, components=components), blank=blank)


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


def files_of(
    autoencoder: Any,
    foreign: Foreign | None,
    pictures: Pictures,
    rows: Rows,
    *,
    dimensions: int,
    upright: bool,
    seed: int,
) -> dict[str, bytes]:
    """Return the encoder files of an autoencoder and of what is learnt of some rows of pictures, all in one pass.

    Parameters
    ----------
    autoencoder
        In float32.
    foreign
        A network of other origin that the residual autoencoder is joined with, as one more block.
    pictures
        uint8 (N, 256, 256, 3).
    rows
        Of the pictures that patches, centring and whitening are fitted on.
    dimensions
        Numbers of the own part of the residual network's embedding; classic's are always its 4,096 latents.
    upright
        Whether it counts where something is in a picture, and which way it is turned.
    seed
        Draws the patches and the first words of their dictionary.

    Returns
    -------
    files
        "encoder"; "untrained", the same without the autoencoder, if anything is left; and with a network of other
        origin "folder_alone" and "network_alone", either without the other.

    Raises
    ------
    EncoderError
        If the network of other origin can't be wrapped.
    """
    added = nodes_of(last_stage(autoencoder))
    if autoencoder.name == "classic":
        return {"encoder": latent_file(added)}
    blocks = blocks_of(pictures, rows, upright=upright, seed=seed)
    if foreign:
        wrapped(foreign)  # what can't be is refused here, with its reason, before the long work
        blocks = (*blocks, foreign_block(foreign))
    learnt = learn(added, blocks, pictures, rows, dimensions=dimensions)

    def written(network: Callable[[Value], Value], fitted: Fitted) -> bytes:
        return encoder_file(network, fitted, dimensions=dimensions, seed=seed)

    own = weighed(learnt[: -1 if foreign else None])
    files = {"encoder": written(added, own)}
    if rest := without_network(own):
        files["untrained"] = written(no_network, rest)
    if foreign:
        files["folder_alone"], files["encoder"] = files["encoder"], written(added, weighed(learnt))
        files["network_alone"] = _half_whitened(foreign, plain(learnt[-1].features), dimensions=dimensions)
    return files


def nodes_of(network: Any) -> Callable[[Value], Value]:
    """Return the function that adds a network of one output to a graph."""
    return lambda pixels: nodes(network, pixels)[0]


def check_nodes(network: Any, added: Callable[[Value], Value], pictures: NDArray[np.uint8]) -> float:
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
    return _difference(network, graph.written(), pixels)


def check_application(network: Any, data: bytes, pictures: NDArray[np.uint8]) -> float:
    """Return the largest difference between a network of keras.applications and its file, on pictures and patterns.

    Raises
    ------
    EncoderError
        If they differ by more than rounding.
    """
    places = np.linspace(0, pictures.shape[1] - 1, network.input_shape[1]).astype(int)  # the nearest pixels will do
    both = np.concatenate([pictures, _patterns(np.random.default_rng(0))])
    return _difference(network, data, both[:, places][:, :, places].astype(np.float32))


def _difference(network: Any, data: bytes, taken: NDArray[np.float32]) -> float:
    """Return how far a file's answers are from Keras', as a share of the largest; EncoderError if it isn't rounding."""
    by_keras = predicted(network, taken)
    difference = float(np.abs(answers(data, taken) - by_keras).max() / np.abs(by_keras).max())
    if not difference <= _TOLERANCE:
        raise EncoderError(
            f"the network in Keras and as ONNX differ by {difference:g} of the largest output, which is more than "
            "rounding; report it with the versions of tensorflow, keras, onnx and onnxruntime"
        )
    return difference


def _patterns(generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw pictures of coloured patches that lie on no grid of a network, uint8 (4, 256, 256, 3)."""
    patches = generator.integers(0, 256, (_PATTERNS, 24, 24, 3), dtype=np.uint8)
    return patches.repeat(11, axis=1).repeat(11, axis=2)[:, :256, :256]
