"""Random views of pictures: what the contrastive objective learns to overlook.

A view is a random crop, mirrored or not, turned where the folder's pictures lie in any orientation, with other
brightness, contrast, saturation and colour cast. The same seed gives the same views.
"""

import math

from pipeline.autoencoder.backend import tf

_ASPECT = 0.28  # largest logarithm of a crop's height : width
_STRENGTH = 0.4  # of brightness, contrast and saturation
_CAST = 0.15
_GREY = 0.5  # share of views without colour


def random_views(
    pictures: tf.Tensor, *, size: int, area: tuple[float, float], turn: float, seed: tf.Tensor
) -> tf.Tensor:
    """Return one random view of each picture.

    Parameters
    ----------
    pictures
        float32 (B, H, W, 3) in [0, 1].
    size
        Height and width of a view in pixels.
    area
        Least and largest share of the picture that a view shows.
    turn
        Largest angle that a view is turned by, in degrees, either way; what then lies outside of the picture is its
        mirror image.
    seed
        int32 (2,).

    Returns
    -------
    views
        float32 (B, size, size, 3) in [0, 1].
    """
    seeds = tf.unstack(tf.random.split(seed, 2))
    return _recoloured(_cropped(pictures, size, area, turn, seeds[0]), seeds[1])


def _cropped(pictures: tf.Tensor, size: int, area: tuple[float, float], turn: float, seed: tf.Tensor) -> tf.Tensor:
    draws = tf.random.stateless_uniform((6, tf.shape(pictures)[0]), seed)
    share = area[0] + draws[0] * (area[1] - area[0])
    aspect = tf.exp((2 * draws[1] - 1) * _ASPECT)
    height, width = tf.minimum(tf.sqrt(share * aspect), 1.0), tf.minimum(tf.sqrt(share / aspect), 1.0)
    side = pictures.shape[1]
    down = (draws[2] * (1 - height) + height / 2) * side - 0.5  # the centre, in pixels
    across = (draws[3] * (1 - width) + width / 2) * side - 0.5
    tall, wide = height * side / size, width * side / size * tf.where(draws[4] < 0.5, 1.0, -1.0)
    angle = (2 * draws[5] - 1) * (turn * math.pi / 180)
    sine, cosine = tf.sin(angle), tf.cos(angle)
    # a pixel (x, y) of the view, counted from its centre, shows this one of the picture
    rows = [(wide * cosine, -tall * sine, across), (wide * sine, tall * cosine, down)]
    middle, zeros = (size - 1) / 2, tf.zeros_like(angle)
    moved = [(a, b, centre - (a + b) * middle) for a, b, centre in rows]
    views = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([*moved[0], *moved[1], zeros, zeros], 1),
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(views, (None, size, size, 3))


def _recoloured(views: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    draws = tf.random.stateless_uniform((7, tf.shape(views)[0], 1, 1, 1), seed)

    def around_one(number: int, reach: float) -> tf.Tensor:
        return 1 + reach * (2 * draws[number] - 1)

    views *= around_one(0, _STRENGTH)
    mean = tf.reduce_mean(views, (1, 2, 3), keepdims=True)
    views = (views - mean) * around_one(1, _STRENGTH) + mean
    grey = tf.reduce_mean(views, -1, keepdims=True)
    saturation = tf.where(draws[2] < _GREY, 0.0, around_one(3, _STRENGTH))
    cast = tf.concat([around_one(number, _CAST) for number in (4, 5, 6)], -1)  # (B, 1, 1, 3)
    return tf.clip_by_value((grey + (views - grey) * saturation) * cast, 0.0, 1.0)
