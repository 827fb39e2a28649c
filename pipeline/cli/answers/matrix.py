"""Writes the whole similarity matrix, for those who ask for it."""

import numpy as np
from tqdm import tqdm

from pipeline.artifacts import ArrayWriter, Artifacts, encoder_of, load_embeddings, open_index
from pipeline.cli.answers.outputs import Output
from pipeline.similarity.lists import similarity_blocks

_BLOCK = 512


def matrix(artifacts: Artifacts, target: Output) -> str:
    """Write float32 (N, N) cosine similarities in [-1, 1], row by row; never whole in memory."""
    with open_index(artifacts.index) as index:
        digest = index.digest
        embeddings = np.asarray(load_embeddings(artifacts, index))
    count = len(embeddings)
    with target.written() as path, ArrayWriter(path, row_shape=(count,), dtype=np.float32) as writer:
        writer.origin = {"index": digest, "encoder": encoder_of(artifacts)}
        blocks = similarity_blocks(embeddings, block=_BLOCK)
        for _, similarities in tqdm(blocks, "matrix", -(-count // _BLOCK), unit=" blocks"):
            writer.append(similarities)
    return f"{count:,} x {count:,} similarities in {target.path}"
