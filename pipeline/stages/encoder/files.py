"""The encoder files of a trained network, of one of other origin, and of both."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder.graph import last_stage, nodes
from pipeline.encoder.blankness import free_direction
from pipeline.encoder.foreign import Foreign, wrapped
from pipeline.encoder.joining import (
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
from pipeline.encoder.running import over_pictures
from pipeline.encoder.whitening import fit_whitening
from pipeline.graph import Value
from pipeline.params import Params
from pipeline.pixels import Pictures

Rows = NDArray[np.int64]


def network_alone(foreign: Foreign, pictures: Pictures, rows: Rows, params: Params) -> bytes:
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
