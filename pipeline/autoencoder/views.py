"""Random views of pictures: what the contrastive objective learns to overlook.

A view is a random crop, mirrored or not, with other brightness, contrast, saturation and colour cast. The
same seed gives the same views.
"""

from pipeline.autoencoder.backend import tf

_ASPECT = 0.28  # largest logarithm of a crop's height : width
_STRENGTH = 0.4  # of brightness, contrast and saturation
_CAST = 0.15
_GREY = 0.5  # share of views without colour


def random_views(pictures: tf.Tensor, *, size: int, area: tuple[float, float], seed: tf.Tensor) -> tf.Tensor:
    """Return one random view of each picture.

    Parameters
    ----------
    pictures
        float32 (B, H, W, 3) in [0, 1].
    size
        Height and width of a view in pixels.
    area
        Least and largest share of the picture that a view shows.
    seed
        int32 (2,).

    Returns
    -------
    views
        float32 (B, size, size, 3) in [0, 1].
    """
    seeds = tf.unstack(tf.random.split(seed, 2))
    return _recoloured(_cropped(pictures, size, area, seeds[0]), seeds[1])


def _cropped(pictures: tf.Tensor, size: int, area: tuple[float, float], seed: tf.Tensor) -> tf.Tensor:
    count = tf.shape(pictures)[0]
    draws = tf.random.stateless_uniform((5, count), seed)
    share = area[0] + draws[0] * (area[1] - area[0])
    aspect = tf.exp((2 * draws[1] - 1) * _ASPECT)
    height, width = tf.minimum(tf.sqrt(share * aspect), 1.0), tf.minimum(tf.sqrt(share / aspect), 1.0)
    top, left = draws[2] * (1 - height), draws[3] * (1 - width)
    mirrored = draws[4] < 0.5
    first, last = tf.where(mirrored, left + width, left), tf.where(mirrored, left, left + width)
    boxes = tf.stack([top, first, top + height, last], 1)
    return tf.image.crop_and_resize(pictures, boxes, tf.range(count), (size, size))


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
