"""What a network is trained to do: functions of the networks, a batch of pictures and a seed to a loss."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from pipeline.autoencoder.backend import keras, tf
from pipeline.autoencoder.networks import projection_head, trunk
from pipeline.autoencoder.views import random_views

_TEMPERATURE = 0.2
_AREA = (0.2, 1.0)  # share of the picture that a view shows
_REBUILT = 8  # one picture in so many is rebuilt as well: enough for the decoder, at a small part of the time
_WEIGHT = 10.0  # of the reconstruction error beside the contrastive loss

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Networks(NamedTuple):
    """What is trained together; head and trunk only by the contrastive objective."""

    autoencoder: keras.Model
    trunk: keras.Model | None
    head: keras.Model | None

    @property
    def weights(self) -> list[keras.Variable]:
        """All weights that training changes."""
        return self.autoencoder.trainable_variables + (self.head.trainable_variables if self.head else [])


class Objective(Protocol):
    """A loss of networks on pictures: float32 (B, H, W, 3) in [0, 1], an int32 (2,) seed; smaller is better."""

    def __call__(self, networks: Networks, pictures: tf.Tensor, seed: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Return the scalar loss."""


def networks_for(autoencoder: keras.Model, objective: str) -> Networks:
    """Return the autoencoder with what the objective needs beside it."""
    if objective == "reconstruction":
        return Networks(autoencoder, None, None)
    both = trunk(autoencoder)
    return Networks(autoencoder, both, projection_head(both.outputs[1].shape[-1]))


def reconstruction_error(network: str) -> Loss:
    """Return the loss between pictures and their reconstructions, a mean over all pixels and channels.

    Binary cross-entropy for "classic", as it was published; squared error for "residual". Both take float32
    tensors in [0, 1] and return a scalar; larger is worse.
    """

    def cross_entropy(pictures: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(keras.losses.binary_crossentropy(pictures, reconstructions))

    def squared_error(pictures: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.math.squared_difference(pictures, reconstructions))

    return cross_entropy if network == "classic" else squared_error


def reconstruction(network: str) -> Objective:
    """Return the objective of a plain autoencoder: its reconstruction error plus its weight penalties."""
    error = reconstruction_error(network)

    def objective(networks: Networks, pictures: tf.Tensor, seed: tf.Tensor, *, training: bool) -> tf.Tensor:
        del seed  # nothing is drawn
        autoencoder = networks.autoencoder
        return error(pictures, autoencoder(pictures, training=training)) + tf.add_n([0.0, *autoencoder.losses])

    return objective


def contrastive(network: str, *, crop: int, turn: float) -> Objective:
    """Return the objective that views of a picture find each other, with reconstruction beside it.

    Two views of each picture, and a small one of half the height and width, which costs an eighth of them and has
    to find both. Views are turned by up to `turn` degrees.

    References
    ----------
    Chen et al., "A simple framework for contrastive learning of visual representations" (SimCLR), ICML 2020,
    arXiv:2002.05709. Small views: Caron et al., "Unsupervised learning of visual features by contrasting cluster
    assignments" (SwAV), NeurIPS 2020, arXiv:2006.09882.
    """
    error = reconstruction_error(network)

    def objective(networks: Networks, pictures: tf.Tensor, seed: tf.Tensor, *, training: bool) -> tf.Tensor:
        assert networks.trunk is not None
        assert networks.head is not None
        half = tf.nn.avg_pool2d(pictures, 2, 2, "VALID")  # (B, 128, 128, 3): a crop is shrunk by two at most
        *seeds, last, corner = tf.unstack(tf.random.split(seed, 4))
        looks = [random_views(half, size=crop, area=_AREA, turn=turn, seed=s) for s in seeds]
        views = tf.concat(looks, 0)  # (2B, crop, crop, 3)
        crops = _same_crop(pictures[::_REBUILT], crop, corner)
        latents, stage = networks.trunk(tf.concat([views, crops], 0), training=training)  # one pass for both
        count = tf.shape(views)[0]
        rebuilt = networks.autoencoder.get_layer("decoder")(latents[count:], training=training)
        small = random_views(half, size=crop // 2, area=_AREA, turn=turn, seed=last)  # (B, crop / 2, crop / 2, 3)
        found = networks.head(stage[:count], training=training)
        small = networks.head(networks.trunk(small, training=training)[1], training=training)
        return info_nce(found) + find_partners(small, found) + _WEIGHT * error(crops, rebuilt)

    return objective


def _same_crop(pictures: tf.Tensor, size: int, seed: tf.Tensor) -> tf.Tensor:
    """Cut the same random square out of each picture: (B, H, W, 3) to (B, size, size, 3)."""
    top, left = tf.unstack(tf.random.stateless_uniform((2,), seed, 0, pictures.shape[1] - size + 1, tf.int32))
    crops = pictures[:, top : top + size, left : left + size]
    return tf.ensure_shape(crops, (None, size, size, 3))


def info_nce(projections: tf.Tensor) -> tf.Tensor:
    """Return the loss of telling each view's partner from all other views.

    `projections` is float32 (2B, P): view i and view B + i show the same picture. The result is the mean
    cross-entropy, log(2B - 1) at chance, smaller is better.

    References
    ----------
    van den Oord et al., "Representation learning with contrastive predictive coding", 2018, arXiv:1807.03748.
    """
    unit = tf.math.l2_normalize(projections, 1)
    count = tf.shape(unit)[0]
    similarities = unit @ tf.transpose(unit) / _TEMPERATURE - 1e9 * tf.eye(count)  # never its own partner
    partners = tf.math.floormod(tf.range(count) + count // 2, count)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partners, similarities))


def find_partners(small: tf.Tensor, views: tf.Tensor) -> tf.Tensor:
    """Return the loss of telling, for each small view, its picture's views from those of the other pictures.

    `small` is float32 (B, P), `views` (2B, P) as in `info_nce`. The result is the mean cross-entropy over both
    halves of the views, log(B) at chance, smaller is better.
    """
    unit = tf.math.l2_normalize(small, 1)
    losses = [
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.range(tf.shape(unit)[0]), unit @ tf.transpose(tf.math.l2_normalize(half, 1)) / _TEMPERATURE
        )
        for half in tf.split(views, 2)
    ]
    return tf.reduce_mean(losses)
