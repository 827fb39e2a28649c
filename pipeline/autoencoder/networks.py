"""Encoder and decoder as two named functional models: 256x256x3 in [0, 1] -> 32x32x4 -> 256x256x3.

`classic` is the network of the published exercise that this project started from, as a yardstick. `residual`
is fully convolutional and has no batch statistics, so that it trains on crops and encodes whole pictures.
"""

from pipeline.autoencoder.backend import keras, layers

SIZE = 256
LATENT = (32, 32, 4)
_PENALTY = 1e-4  # the exercise names an L2 penalty but not its strength
_BRANCH = 0.3  # scale of a residual branch: lets the variance grow slowly without batch norm
_RELU_GAIN = 1.7139  # keeps unit variance through a ReLU (Brock et al., 2021)


def build(network: str, *, policy: str) -> keras.Model:
    """Build an untrained autoencoder.

    Parameters
    ----------
    network
        "classic" or "residual".
    policy
        "float32" or "mixed_bfloat16" (weights and output stay float32).

    Returns
    -------
    autoencoder
        float32 (B, 256, 256, 3) in [0, 1] to the same; its layers "encoder" and "decoder" are models. The
        residual network takes any height and width that 16 divides.
    """
    builders = {"classic": _classic, "residual": _residual}
    if network not in builders:
        raise ValueError(f"expected a network of {', '.join(builders)}, got {network!r}")
    encoder, decoder = builders[network](policy)
    pictures = keras.Input(encoder.input_shape[1:], name="pictures")
    return keras.Model(pictures, decoder(encoder(pictures)), name=network)


def _classic(policy: str) -> tuple[keras.Model, keras.Model]:
    def convolution(filters: int) -> layers.Layer:
        penalty = keras.regularizers.L2(_PENALTY)
        return layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=penalty, dtype=policy)

    pictures = keras.Input((SIZE, SIZE, 3))
    x = pictures
    for filters in (16, 8, 4):
        x = layers.MaxPooling2D(2, dtype=policy)(convolution(filters)(x))
    encoder = keras.Model(pictures, x, name="encoder")  # (B, 32, 32, 4)
    latents = keras.Input(LATENT)
    x = latents
    for filters in (4, 8, 16):
        x = layers.UpSampling2D(2, interpolation="bilinear", dtype=policy)(convolution(filters)(x))
    x = layers.Conv2D(3, 3, padding="same", dtype=policy)(x)
    x = layers.Activation("sigmoid", dtype="float32")(x)
    return encoder, keras.Model(latents, x, name="decoder")


def _residual(policy: str) -> tuple[keras.Model, keras.Model]:
    def relu(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.ReLU(dtype=policy)(x)

    def convolution(filters: int, size: int, strides: int = 1, scale: float = _RELU_GAIN) -> layers.Layer:
        return StandardisedConv(filters, size, strides, scale, dtype=policy)

    def block(x: keras.KerasTensor, filters: int, strides: int = 1, name: str | None = None) -> keras.KerasTensor:
        before, shortcut = relu(x), x
        if strides > 1:
            shortcut = convolution(filters, 1)(layers.AveragePooling2D(strides, dtype=policy)(before))
        branch = relu(convolution(filters, 3, strides)(before))
        branch = convolution(filters, 3, scale=_RELU_GAIN * _BRANCH)(branch)
        return layers.Add(name=name, dtype=policy)([shortcut, branch])

    pictures = keras.Input((None, None, 3))
    x = layers.Rescaling(2.0, offset=-1.0, dtype=policy)(pictures)
    x = StandardisedConv(64, 4, 4, name="stem", dtype=policy)(x)
    x = block(x, 64, name="stage_1")  # (B, H / 4, W / 4, 64)
    fine = block(block(x, 128, 2), 128, name="stage_2")  # (B, H / 8, W / 8, 128)
    coarse = block(block(fine, 256, 2), 256, name="stage_3")  # (B, H / 16, W / 16, 256)
    context = convolution(128, 1)(relu(coarse))
    x = layers.Add(dtype=policy)([fine, layers.UpSampling2D(2, dtype=policy)(context)])
    x = layers.Conv2D(LATENT[-1], 1, dtype=policy)(relu(x))
    encoder = keras.Model(pictures, x, name="encoder")  # (B, H / 8, W / 8, 4)

    latents = keras.Input((None, None, LATENT[-1]))
    x = block(convolution(128, 3, scale=1.0)(latents), 128)
    x = layers.UpSampling2D(2, interpolation="bilinear", dtype=policy)(x)
    x = relu(convolution(64, 3)(relu(x)))
    x = layers.Conv2D(48, 3, padding="same", dtype=policy)(x)
    x = PixelShuffle(4, dtype=policy)(x)
    x = layers.Activation("sigmoid", dtype="float32")(x)
    return encoder, keras.Model(latents, x, name="decoder")


def trunk(autoencoder: keras.Model) -> keras.Model:
    """Return the encoder of a residual autoencoder with two outputs: its latents and its last stage.

    The last stage, (B, H / 16, W / 16, 256) before its ReLU, is what embeddings are pooled from.
    """
    encoder = autoencoder.get_layer("encoder")
    return keras.Model(encoder.input, [encoder.output, encoder.get_layer("stage_3").output])


def projection_head(channels: int) -> keras.Model:
    """Return the head that the contrastive objective compares views by; of no use after training."""
    stage = keras.Input((None, None, channels))
    x = layers.GlobalAveragePooling2D(dtype="float32")(layers.ReLU(dtype="float32")(stage))
    x = layers.Dense(512, name="head_hidden", dtype="float32")(x)
    x = layers.ReLU(dtype="float32")(layers.BatchNormalization(dtype="float32")(x))
    x = layers.Dense(128, use_bias=False, name="head_projection", dtype="float32")(x)
    return keras.Model(stage, x, name="head")


@keras.saving.register_keras_serializable("pipeline")
class StandardisedConv(layers.Layer):  # type: ignore[misc]
    """Convolution with scaled weight standardisation: no batch statistics, no pass over the activations.

    `scale` multiplies the standardised kernel, so that the gain of a ReLU before it and the scale of a branch
    after it cost nothing.

    References
    ----------
    Brock, De and Smith, "Characterizing signal propagation to close the performance gap in unnormalized
    ResNets", ICLR 2021, arXiv:2101.08692.
    """

    def __init__(self, filters: int, size: int, strides: int = 1, scale: float = 1.0, **options: object) -> None:
        super().__init__(**options)
        self.filters, self.size, self.strides, self.scale = filters, size, strides, scale

    def build(self, shape: tuple[int, ...]) -> None:
        """Make kernel, bias and gain, all float32; the kernel as the matrix that Muon takes."""
        kernel = (self.size**2 * shape[-1], self.filters)
        self.kernel = self.add_weight(shape=kernel, initializer="he_normal", autocast=False, name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", autocast=False, name="bias")
        self.gain = self.add_weight(shape=(self.filters,), initializer="ones", autocast=False, name="gain")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Convolve with the standardised kernel."""
        ops = keras.ops
        fan_in, filters = self.kernel.shape
        mean, variance = ops.moments(self.kernel, [0], keepdims=True)
        kernel = (self.kernel - mean) * (ops.rsqrt(variance * fan_in + 1e-4) * self.gain * self.scale)
        kernel = ops.reshape(kernel, (self.size, self.size, -1, filters))
        x = ops.conv(x, ops.cast(kernel, x.dtype), self.strides, "same")
        return x + ops.cast(self.bias, x.dtype)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        batch, height, width, _ = shape
        return batch, height and -(-height // self.strides), width and -(-width // self.strides), self.filters

    def get_config(self) -> dict[str, object]:
        """Return what __init__ needs to build the layer again."""
        own = {"filters": self.filters, "size": self.size, "strides": self.strides, "scale": self.scale}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("pipeline")
class PixelShuffle(layers.Layer):  # type: ignore[misc]
    """Lays the channels of each cell out as factor x factor pixels: (B, H, W, C) to (B, fH, fW, C / f^2).

    References
    ----------
    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016, arXiv:1609.05158.
    """

    def __init__(self, factor: int, **options: object) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the pixels laid out."""
        f = self.factor
        _, height, width, channels = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, height, width, f, f, channels // f**2))
        x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(x, (-1, height * f, width * f, channels // f**2))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        batch, height, width, channels = shape
        f = self.factor
        return batch, height and height * f, width and width * f, channels and channels // f**2

    def get_config(self) -> dict[str, object]:
        """Return what __init__ needs to build the layer again."""
        return {**super().get_config(), "factor": self.factor}
