"""The trained encoder as an ONNX file that needs no TensorFlow.

Everything between the uint8 pictures and the unit-length embedding is inside the graph: scaling, the network,
pooling, outlines, patches, centring, whitening, joining, normalising. So there is no second place where a query
could be treated otherwise than the folder was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.autoencoder import patches
from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.conversion import save_onnx
from pipeline.autoencoder.features import blocks, unit, with_blank
from pipeline.autoencoder.networks import SIZE, build, trunk
from pipeline.blankness import direction, free_direction

_OPSET = 17
_BATCH = 32
_ROUNDING = 1e-5  # of the features' length: a smaller spread may be rounding, which whitening would blow up
_SIGNATURE = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.uint8, name="pictures")]


@dataclass(frozen=True)
class Treatment:
    """How a block is whitened and joined.

    power   of its whitening; 0 leaves spreads as they are, 1 makes them all equal
    anchor  in median lengths of the whitened features; 0: only their direction counts, not their length
    weight  the block's length in the joined embedding
    share   of the embedding's dimensions that the block is whitened to, before all are joined and turned
    """

    power: float
    anchor: float
    weight: float
    share: float


# of the blocks in their order; by measurement, docs/experiments.md
_HALF = Treatment(power=0.5, anchor=0.0, weight=1.0, share=1.0)
_UPRIGHT = (Treatment(power=0.25, anchor=1.0, weight=1.0, share=1.0), _HALF, _HALF, _HALF)
_ANY_ORIENTATION = (
    Treatment(power=0.25, anchor=2.5, weight=1.0, share=0.75),
    Treatment(power=0.0, anchor=2.0, weight=0.6, share=0.25),
)

Function = Callable[[tf.Tensor], tf.Tensor]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Whitening:
    """Centring and whitening of one block of features: mean (P,) and components (P, D), float32; and an anchor.

    The anchor is a number that joins the whitened ones before they get unit length. Where it is 0, only their direction
    remains. Else their length does as well: pictures that are much like the mean stay near each other, and one that is
    far from it is far from all but those in its own direction.
    """

    mean: Array
    components: Array
    anchor: float

    def of(self, features: tf.Tensor) -> tf.Tensor:
        """Return features (B, P) centred, whitened and at unit length: (B, D), or (B, D + 1) with an anchor."""
        whitened = (features - self.mean) @ self.components
        if self.anchor:
            whitened = tf.pad(whitened, [[0, 0], [0, 1]], constant_values=self.anchor)
        return unit(whitened)


def load_float32(path: Path) -> keras.Model:
    """Load an autoencoder and rebuild it in float32, whatever precision it was trained in."""
    trained = keras.saving.load_model(path, compile=False)
    autoencoder = build(trained.name, policy="float32")
    autoencoder.set_weights(trained.get_weights())
    return autoencoder


def embedding(
    path: Path, pictures: NDArray[np.uint8], *, dimensions: int, fit_rows: NDArray[np.int64], upright: bool, seed: int
) -> Function:
    """Return the function from pictures to embeddings of a saved autoencoder.

    Parameters
    ----------
    path
        A file that training wrote.
    pictures
        uint8 (N, 256, 256, 3); those of `fit_rows` are what patches, centring and whitening are fitted on.
    dimensions
        Numbers of an embedding of the residual network; classic's are always its 4,096 latents.
    fit_rows
        Rows to fit on.
    upright
        Whether it counts where something is in a picture, and which way it is turned.
    seed
        Draws the patches and the first words of their dictionary.

    Returns
    -------
    function
        uint8 (B, 256, 256, 3) to float32 (B, D) of unit length.
    """
    autoencoder = load_float32(path)
    if autoencoder.name == "classic":
        return _latent_embedding(autoencoder)
    whitened, fitted = whitened_blocks(
        autoencoder, pictures, dimensions=dimensions, fit_rows=fit_rows, upright=upright, seed=seed
    )
    turn = principal_directions(np.concatenate(fitted, axis=1), dimensions=dimensions)
    turn, blank = free_direction(turn, dimensions=dimensions)

    @tf.function(input_signature=_SIGNATURE)
    def embed(pictures: tf.Tensor) -> tf.Tensor:
        return with_blank(tf.concat(whitened(pictures), 1) @ turn, pictures, blank)  # (B, D)

    return embed


def whitened_blocks(
    autoencoder: keras.Model,
    pictures: NDArray[np.uint8],
    *,
    dimensions: int,
    fit_rows: NDArray[np.int64],
    upright: bool,
    seed: int,
) -> tuple[Callable[[tf.Tensor], list[tf.Tensor]], list[Array]]:
    """Return the function from pictures to their blocks, each whitened, and what it gives for `fit_rows`.

    The parameters are those of `embedding`; a block is float32 (B, at most `dimensions`), as long as its weight.
    """
    both = trunk(autoencoder)
    dictionary = patches.learn(pictures, fit_rows, seed=seed) if upright else None
    features = tf.function(lambda batch: blocks(both, dictionary, batch), input_signature=_SIGNATURE)
    batches = [pictures[fit_rows[start : start + _BATCH]] for start in range(0, len(fit_rows), _BATCH)]
    found = [[block.numpy() for block in features(tf.constant(batch))] for batch in batches]
    fitted = [np.concatenate(block) for block in zip(*found, strict=True)]
    treatments = _UPRIGHT if upright else _ANY_ORIENTATION
    whitenings = [
        fit_whitening(block, dimensions=int(t.share * dimensions) - bool(t.anchor), power=t.power, anchor=t.anchor)
        for t, block in zip(treatments, fitted, strict=True)
    ]

    def whiten(found: list[tf.Tensor] | list[Array]) -> list[tf.Tensor]:
        return [t.weight * w.of(block) for t, w, block in zip(treatments, whitenings, found, strict=True)]

    def whitened(pictures: tf.Tensor) -> list[tf.Tensor]:
        return whiten(blocks(both, dictionary, pictures))

    return whitened, [block.numpy() for block in whiten(fitted)]


def run(function: Function, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a function of this module gives for pictures, through TensorFlow."""
    answer: NDArray[np.float32] = function(tf.constant(pictures)).numpy()
    return answer


def _latent_embedding(autoencoder: keras.Model) -> Function:
    """System A's: the latent, flattened to 4,096 numbers, at unit length."""
    encoder = autoencoder.get_layer("encoder")
    count = int(np.prod(encoder.output.shape[1:]))
    blank = direction(count)

    @tf.function(input_signature=_SIGNATURE)
    def embed(pictures: tf.Tensor) -> tf.Tensor:
        latents = encoder(tf.cast(pictures, tf.float32) / 255.0, training=False)  # (B, 32, 32, 4)
        return with_blank(tf.reshape(latents, (-1, count)), pictures, blank)

    return embed


def fit_whitening(features: Array, *, dimensions: int, power: float, anchor: float) -> Whitening:
    """Fit centring and whitening: principal components, each divided by a power of its spread.

    Parameters
    ----------
    features
        (N, P) pooled features of N pictures.
    dimensions
        Components to keep, at least one; fewer where N - 1 or P allow no more, or pictures are copies of each other.
        Where all are alike nothing can be told apart: then everything gets the same one number.
    power
        0 leaves spreads as they are, 1 makes them all equal; 0.5 is half-whitening.
    anchor
        In median lengths of the whitened features, from 0.
    """
    mean = features.mean(axis=0)
    spreads, directions = _principal(features - mean, max(1, dimensions))
    spreads = spreads / max(1, len(features) - 1) ** 0.5  # standard deviations
    kept = spreads > _ROUNDING * float(np.linalg.norm(features, axis=1).mean())
    if not kept.any():
        direction = mean if mean.any() else np.ones_like(mean)
        return Whitening(np.zeros_like(mean), (direction / np.linalg.norm(direction))[:, None].astype(np.float32), 0.0)
    components = (directions[:, kept] / spreads[kept] ** power).astype(np.float32)
    length = float(np.median(np.linalg.norm((features - mean) @ components, axis=1))) if anchor else 0.0
    return Whitening(mean, components, anchor * length)


def principal_directions(vectors: Array, *, dimensions: int) -> Array:
    """Return the directions (P, D) that keep most of the dot products of vectors (N, P); nothing is centred."""
    return _principal(vectors, dimensions)[1].astype(np.float32)


def _principal(vectors: Array, dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest singular values, falling, of vectors (N, P), and their right vectors (P, D); never none.

    Of many vectors from the eigenvectors of P x P products, which is far faster than decomposing the vectors.
    """
    exact = vectors.astype(np.float64)
    if len(exact) > exact.shape[1]:
        squares, directions = np.linalg.eigh(exact.T @ exact)
        spreads, directions = np.sqrt(np.maximum(squares[::-1], 0)), directions[:, ::-1]
    else:
        _, spreads, rows = np.linalg.svd(exact, full_matrices=False)
        directions = rows.T
    kept = max(1, int((spreads[:dimensions] > 1e-6 * max(float(spreads[0]), 1e-12)).sum()))
    return spreads[:kept], directions[:, :kept]


def export(function: Function, path: Path) -> None:
    """Write a function from uint8 pictures to float32 vectors as an ONNX file, the same one always."""
    save_onnx(function, _SIGNATURE, path, opset=_OPSET)
