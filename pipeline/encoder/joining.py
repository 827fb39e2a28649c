"""The encoder file of a trained network: blocks of features, each whitened, weighed by the folder, joined and turned.

Each block sees something else, and they are whitened apart, so that none drowns the others. How much each kind of
evidence counts is told by the folder (`pipeline.encoder.weighing`). Everything between the uint8 pictures and the
unit-length embedding is inside the graph. So there is no second place where a query could be treated otherwise than
the folder was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder import colours, patches, words
from pipeline.encoder.blankness import direction, free_direction
from pipeline.encoder.foreign import Foreign, network_features
from pipeline.encoder.neighbourhood import fit_neighbourhood, with_neighbourhood
from pipeline.encoder.pooling import grid, largest, middle, signed_roots, tempered
from pipeline.encoder.running import answers, over_pictures
from pipeline.encoder.seeing import Seen, pictures, seen, visibility, with_blank
from pipeline.encoder.weighing import evened, trust
from pipeline.encoder.whitening import Whitening, fit_whitening
from pipeline.graph import Graph, Value
from pipeline.pixels import Pictures
from pipeline.vectors import Parts, principal, unit

_LATENTS = 4096  # numbers, 32x32x4
_SIDE = 8  # of the network's last stage, of pictures of 128x128 pixels
_FOREIGN = 3.0  # weight of a network of other origin: up to it no set lost against its better part, docs/experiments.md

TRUST = "trust in "  # a kind of evidence: what an encoder file says of itself

Array = NDArray[np.float32]
Network = Callable[[Value], Value]  # from pixels (B, 3, H, W), [0, 1], to what is made of them


@dataclass(frozen=True)
class Treatment:
    """How a block is whitened and joined.

    power   of its whitening; 0 leaves spreads as they are, 1 makes them all equal
    anchor  in median lengths of the whitened features; 0: only their direction counts, not their length
    weight  the block's length in the joined embedding, beside others of its kind
    share   of the embedding's dimensions that the block is whitened to, before all are joined and turned
    """

    power: float
    anchor: float
    weight: float
    share: float


@dataclass(frozen=True)
class Block:
    """A part of an embedding: its name, its kind of evidence, how it is treated, and the features (B, P) that it gives.

    The features are of what is seen of the pictures and of the network's last stage, (B, C, 8, 8) before its ReLU.
    """

    name: str
    evidence: str
    treatment: Treatment
    features: Callable[[Seen, Value], Value]


@dataclass(frozen=True)
class Learnt:
    """A block with its whitening, and what it gives for the pictures that it was learnt of.

    features  float32 (N, P)
    whitened  float32 (N, at most D), as long as the weight of its treatment
    """

    block: Block
    features: Array
    whitening: Whitening
    whitened: Array


@dataclass(frozen=True)
class Fitted:
    """Blocks with what was learnt of the folder, in their order, and what each gives for the pictures fitted on.

    An array of `whitened` is float32 (N, at most D), as long as the block's weight; `weights` has both that of its
    treatment and that of its kind of evidence in this folder, which `trusted` has by name, from 0 to 1.
    """

    blocks: tuple[Block, ...]
    whitenings: tuple[Whitening, ...]
    weights: tuple[float, ...]
    whitened: tuple[Array, ...]
    trusted: dict[str, float]


def blocks_of(images: Pictures, rows: NDArray[np.int64], *, upright: bool, seed: int) -> tuple[Block, ...]:
    """Return the blocks of a folder of pictures, uint8 (N, 256, 256, 3); words are learnt of the given rows.

    Of pictures that lie in any orientation only the middle is of use, and the largest value of each channel. The middle
    keeps its length: how much there is of anything, by which a picture that is like no other is far from all.
    """
    if not upright:  # treatments by measurement, docs/experiments.md
        of_any = (Treatment(0.25, 2.5, 1.0, 0.75), Treatment(0.0, 2.0, 0.6, 0.25))
        return (
            Block("middle", "network", of_any[0], lambda _, stage: middle(stage, side=_SIDE)),
            Block("largest", "network", of_any[1], lambda _, stage: largest(stage)),
        )
    of_patches = patches.learn(images, rows, seed=seed)
    small, large = (words.learn(images, rows, cells=cells, seed=seed) for cells in (words.NARROW, words.WIDE))
    half = Treatment(power=0.5, anchor=0.0, weight=1.0, share=1.0)
    long = Treatment(power=0.25, anchor=1.0, weight=1.0, share=1.0)
    return (
        Block("middle", "network", long, lambda _, stage: tempered(middle(stage, side=_SIDE))),
        Block("grid", "network", half, lambda _, stage: grid(stage, side=_SIDE)),
        Block("words", "outlines", half, lambda seen, _: words.rooted_counts(small, seen.votes)),
        Block("wide words", "outlines", half, lambda seen, _: words.rooted_counts(large, seen.votes)),
        Block("patches", "patches", half, lambda seen, _: patches.rooted_codes(of_patches, seen.pixels)),
        Block("colours", "colours", half, lambda seen, _: colours.whole(seen.pixels)),
        Block("colours of cells", "colours", half, lambda seen, _: colours.cells(seen.pixels)),
    )


def no_network(pixels: Value) -> Value:
    """Stand in for the network where no block looks at what it makes of the pixels."""
    return pixels


def foreign_block(foreign: Foreign) -> Block:
    """Return the block of a network of other origin: one more kind of evidence beside those of a folder."""

    def features(seen: Seen, _: Value) -> Value:
        return signed_roots(network_features(foreign, seen.levels))

    return Block("other network", "other network", Treatment(0.5, 0.0, _FOREIGN, 1.0), features)


def plain(rooted: Array) -> Array:
    """Return a network's own features at unit length, float32 (N, P), of their signed roots."""
    squares = rooted * np.abs(rooted)
    return unit(squares)


def learn(
    network: Network,
    blocks: Sequence[Block],
    images: Pictures,
    rows: NDArray[np.int64],
    *,
    dimensions: int,
) -> tuple[Learnt, ...]:
    """Learn the whitenings of blocks from the given rows of pictures, uint8 (N, 256, 256, 3), in one pass over them."""
    graph = Graph()
    for block, features in zip(blocks, _features(graph, network, blocks)[1], strict=True):
        graph.output(block.name, features)
    found = over_pictures(graph.written(), images, rows, title="fit")
    whitenings = tuple(
        fit_whitening(features, dimensions=int(t.share * dimensions) - bool(t.anchor), power=t.power, anchor=t.anchor)
        for t, features in zip((block.treatment for block in blocks), found, strict=True)
    )
    return tuple(
        Learnt(block, features, whitening, _whitened(block, whitening, features))
        for block, whitening, features in zip(blocks, whitenings, found, strict=True)
    )


def weighed(learnt: Sequence[Learnt]) -> Fitted:
    """Weigh blocks by how far their kinds of evidence, together, can be trusted."""
    kinds = {
        kind: np.concatenate([one.whitened for one in learnt if one.block.evidence == kind], axis=1)
        for kind in dict.fromkeys(one.block.evidence for one in learnt)
    }
    trusted = trust(kinds)
    counts = [trusted[one.block.evidence] for one in learnt]
    return Fitted(
        blocks=tuple(one.block for one in learnt),
        whitenings=tuple(one.whitening for one in learnt),
        weights=tuple(one.block.treatment.weight * count for one, count in zip(learnt, counts, strict=True)),
        whitened=tuple(np.float32(count) * one.whitened for one, count in zip(learnt, counts, strict=True)),
        trusted=trusted,
    )


def without_network(fitted: Fitted) -> Fitted | None:
    """Return fitted blocks without those of the autoencoder, their weights as they are; None if there are no others."""
    kept = [place for place, block in enumerate(fitted.blocks) if block.evidence != "network"]
    if not kept:
        return None
    return Fitted(
        blocks=tuple(fitted.blocks[place] for place in kept),
        whitenings=tuple(fitted.whitenings[place] for place in kept),
        weights=tuple(fitted.weights[place] for place in kept),
        whitened=tuple(fitted.whitened[place] for place in kept),
        trusted={kind: value for kind, value in fitted.trusted.items() if kind != "network"},
    )


def encoder_file(network: Network, fitted: Fitted, *, dimensions: int, seed: int) -> bytes:
    """Return the encoder file of a network and its fitted blocks.

    Its embeddings are float32 (B, D + Q): an own part of at most `dimensions`, and of a hundred pictures and more the
    place among neighbours. It says where the own part ends, and how far each kind of evidence is trusted.
    """
    joined = np.concatenate(fitted.whitened, axis=1)
    # crystals and their like have the network alone: they were not measured with differences evened; with another
    # network beside it they gain 1.6 by it (docs/experiments.md)
    even = evened(joined) if len(fitted.trusted) > 1 else np.eye(joined.shape[1], dtype=np.float32)
    turn = even @ principal(joined @ even, dimensions=dimensions)[1].astype(np.float32)
    turn, blank = free_direction(turn, dimensions=dimensions)
    graph = Graph()
    levels, found = _features(graph, network, fitted.blocks)
    parts = zip(fitted.whitenings, fitted.weights, found, strict=True)
    together = graph.joined([w.of(features) * weight for w, weight, features in parts])
    embedding, split = with_blank(together @ turn, levels, blank), Parts()
    turned = joined @ turn
    neighbourhood = fit_neighbourhood(unit(turned), seed=seed)
    if neighbourhood is not None:
        embedding, split = with_neighbourhood(embedding, visibility(levels), neighbourhood)
    graph.output("embedding", embedding)
    trusted = {f"{TRUST}{kind}": f"{value:.6f}" for kind, value in fitted.trusted.items()}
    return graph.written(trusted | split.as_facts())


def latent_file(network: Network) -> bytes:
    """Return the encoder file of a network's latents, flattened, at unit length: system A's."""
    graph = Graph()
    levels = pictures(graph)
    latents = network(levels / 255.0).ordered(0, 2, 3, 1).flat()  # (B, 32, 32, 4) to (B, 4096)
    graph.output("embedding", with_blank(latents, levels, direction(_LATENTS)))
    return graph.written()


def _features(graph: Graph, network: Network, blocks: Sequence[Block]) -> tuple[Value, list[Value]]:
    """Add the input, the network and the blocks' features; return the pictures' levels and the features."""
    given = seen(graph)
    stage = network(given.pixels)
    return given.levels, [block.features(given, stage) for block in blocks]


def _whitened(block: Block, whitening: Whitening, features: Array) -> Array:
    graph = Graph()
    given = graph.input("features", "float32", features.shape[1])
    graph.output("whitened", whitening.of(given) * block.treatment.weight)
    return answers(graph.written(), features)
