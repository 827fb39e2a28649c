"""Owns running an encoder file: uint8 pictures in, unit-length embeddings out. The only user of onnxruntime.

A file of cells is run as well: it describes 32x32 places of a picture each by itself, for `compare`.

Each picture is encoded alone, on one core, and the cores work on different pictures. So an embedding does
not depend on its batch, a fresh query equals its cached row bit for bit, and no core waits for another:
small batches are also the fastest here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.errors import EncoderError
from pipeline.pixels import Pictures
from pipeline.vectors import Parts, parts_of
from pipeline.workers import in_order

_UNIT_TOLERANCE = 1e-4
_PICTURE = [256, 256, 3]
_CELLS = [32, 32]


@dataclass(frozen=True)
class Encoder:
    """An open encoder file: its session, how many numbers it gives, their parts, its sha256, what it says of itself."""

    session: onnxruntime.InferenceSession
    dimensions: int
    parts: Parts
    digest: str
    facts: dict[str, str]


def open_encoder(path: Path) -> Encoder:
    """Open an encoder file.

    Raises
    ------
    EncoderError
        If it is missing or no ONNX file, or does not take uint8 (B, 256, 256, 3) or give float32 (B, D).
    """
    return _open(path, leading=[], gives="(B, D)")


def open_cells(path: Path, *, beside: str) -> Encoder:
    """Open the file of cells that was made beside the encoder file of this sha256.

    Raises
    ------
    EncoderError
        If it is missing or no ONNX file, does not take uint8 (B, 256, 256, 3) or give float32 (B, 32, 32, D), or
        was made beside another encoder.
    """
    cells = _open(path, leading=_CELLS, gives="(B, 32, 32, D)")
    if cells.facts.get("encoder") != beside:
        raise EncoderError(f"{path} was made beside another encoder: run `pipeline embed` again")
    return cells


def encode_one(encoder: Encoder, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the embedding of one picture: uint8 (256, 256, 3) to float32 (D,) of unit length.

    Raises
    ------
    EncoderError
        If the embedding is not finite or not of unit length.
    """
    embedding = _run(encoder, picture)
    length = float(np.linalg.norm(embedding))
    if not abs(length - 1.0) < _UNIT_TOLERANCE:
        raise EncoderError(
            f"the encoder gave an embedding of length {length:g}, expected 1; run `pipeline embed` again"
        )
    return embedding


def encode(encoder: Encoder, pictures: Pictures, *, progress: bool, title: str = "encode") -> NDArray[np.float32]:
    """Return the embeddings of pictures: uint8 (N, 256, 256, 3) to float32 (N, D) of unit length."""
    return encode_rows(encoder, pictures, np.arange(len(pictures)), progress=progress, title=title)


def encode_rows(
    encoder: Encoder, pictures: Pictures, rows: NDArray[np.int64], *, progress: bool, title: str = "encode"
) -> NDArray[np.float32]:
    """Return the embeddings of some rows (R,) of pictures, uint8 (N, 256, 256, 3): float32 (R, D) of unit length."""
    embeddings = np.empty((len(rows), encoder.dimensions), np.float32)

    def work(place: int) -> None:
        embeddings[place] = encode_one(encoder, np.ascontiguousarray(pictures[rows[place]]))

    _on_all_cores(work, len(rows), title=title, progress=progress)
    return embeddings


def over_pictures(
    graph: bytes, pictures: Pictures, rows: NDArray[np.int64], *, title: str
) -> list[NDArray[np.float32]]:
    """Return what each output of a graph is for some rows of pictures, uint8 (N, 256, 256, 3): float32 (rows, ...)."""
    session = _session(graph)
    given = session.get_inputs()[0].name
    found = [np.empty((len(rows), *output.shape[1:]), np.float32) for output in session.get_outputs()]

    def work(place: int) -> None:
        picture = np.ascontiguousarray(pictures[rows[place]])
        for values, answer in zip(found, session.run(None, {given: picture[None]}), strict=True):
            values[place] = answer[0]

    _on_all_cores(work, len(rows), title=title, progress=True)
    return found


def answers(graph: bytes, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the one output of a graph for its one input, (N, ...) float32, all at once."""
    session = _session(graph)
    found: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: vectors})[0]
    return found


def _on_all_cores(work: Callable[[int], None], count: int, *, title: str, progress: bool) -> None:
    for _ in tqdm(in_order(work, range(count)), title, count, unit=" pictures", disable=not progress):
        pass


def _session(data: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def cells_of(encoder: Encoder, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a file of cells says of each place of a picture: uint8 (256, 256, 3) to float32 (32, 32, D).

    Raises
    ------
    EncoderError
        If a number is not finite.
    """
    cells: NDArray[np.float32] = _run(encoder, picture)
    if not np.isfinite(cells).all():
        raise EncoderError("the file of cells gave numbers that are not finite; run `pipeline embed` again")
    return cells


def _open(path: Path, *, leading: list[int], gives: str) -> Encoder:
    """Open a file that gives float32 (B, *leading, D)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise EncoderError(f"{path} is missing: run `pipeline embed` (or `dvc repro`) first") from None
    try:
        session = _session(data)
    except Exception as error:  # onnxruntime's own errors have no common base class
        raise EncoderError(f"{path} is no ONNX model ({error}): run `pipeline embed` again") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(uint8)" or inputs[0].shape[1:] != _PICTURE:
        raise EncoderError(
            f"{path}: expected one input uint8 (B, 256, 256, 3), got {[(i.type, i.shape) for i in inputs]}; "
            "run `pipeline embed` again"
        )
    shape = outputs[0].shape[1:]
    if outputs[0].type != "tensor(float)" or shape[:-1] != leading or not shape or not isinstance(shape[-1], int):
        raise EncoderError(
            f"{path}: expected the output float32 {gives}, got {outputs[0].type} {outputs[0].shape}; "
            "run `pipeline embed` again"
        )
    facts = dict(session.get_modelmeta().custom_metadata_map)
    return Encoder(session, shape[-1], parts_of(facts), hashlib.sha256(data).hexdigest(), facts)


def _run(encoder: Encoder, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    name = encoder.session.get_inputs()[0].name
    answer: NDArray[np.float32] = encoder.session.run(None, {name: picture[None]})[0][0]
    return answer
