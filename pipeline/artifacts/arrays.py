"""Numpy files that know what they were made from.

The header of a .npy file is a Python literal, and a literal may end in a comment: there the origin is kept,
as JSON. So the array and its origin are one file, replaced by one rename, memory-mapped like any other, and
numpy.load reads it as it is. The header has a fixed length, so that it can be written again at the end, when
the number of rows is known.
"""

import json
import tokenize
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.artifacts.files import replaced
from pipeline.errors import ArtifactError

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER_BYTES = 512  # a multiple of 64, as the format asks for; room for two digests
_COMMENT = "# made from "
# What numpy.load raises on damaged files, by trying every value of every byte of a header (numpy 2.4.6).
_DAMAGE = (OSError, ValueError, EOFError, SyntaxError, TypeError, tokenize.TokenError)

Origin = dict[str, str]


class ArrayWriter(AbstractContextManager["ArrayWriter"]):
    """Writes an array row by row; the file appears under its name when the block ends well.

    Parameters
    ----------
    path
        The .npy file to make.
    row_shape, dtype
        Shape and dtype of one row.
    """

    def __init__(self, path: Path, *, row_shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._replaced = replaced(path)
        self._row_shape, self._dtype = row_shape, np.dtype(dtype)
        self.count = 0
        self.origin: Origin = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            temporary = stack.enter_context(self._replaced)
            self._file = stack.enter_context(temporary.open("wb"))
            self._file.write(b" " * _HEADER_BYTES)
            stack.push(self._write_header)
            self._ending = stack.pop_all()
        return self

    def append(self, rows: NDArray[Any]) -> None:
        """Write rows of shape (B, *row_shape)."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"expected rows {self._row_shape} {self._dtype}, got {rows.shape} {rows.dtype}")
        self._file.write(np.ascontiguousarray(rows).data)
        self.count += len(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._ending.__exit__(kind, error, trace)

    def _write_header(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._file.seek(0)
            self._file.write(header_of(self._dtype, (self.count, *self._row_shape), self.origin))


def save_array(path: Path, array: NDArray[Any], *, origin: Origin) -> None:
    """Write a whole array with its origin."""
    with ArrayWriter(path, row_shape=array.shape[1:], dtype=array.dtype) as writer:
        writer.origin = origin
        writer.append(array)


def load_array(
    path: Path, *, dtype: DTypeLike, row_shape: tuple[int | None, ...], origin: Origin, stage: str
) -> NDArray[Any]:
    """Memory-map an array, read-only, after checking that it is what the caller takes it for.

    Parameters
    ----------
    path
        The .npy file.
    dtype, row_shape
        What is expected; None in the shape stands for any number.
    origin
        What the array must have been made from: each name given here must have this value in the file.
    stage
        The stage that makes the file, for the message.

    Returns
    -------
    array
        (N, *row_shape). Finiteness is the caller's check, on what it reads: a memory map is not read whole.

    Raises
    ------
    ArtifactError
        If the file is missing or damaged, or was made from something else.
    """
    remedy = f"run `pipeline {stage}` again (or `dvc repro`)"
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        found = made_from(path)
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: run `pipeline {stage}` (or `dvc repro`) first") from None
    except _DAMAGE as error:
        raise ArtifactError(f"{path} is damaged ({error}): {remedy}") from error
    got = array.shape[1:]
    fits = len(got) == len(row_shape) and all(w in (None, g) for w, g in zip(row_shape, got, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        raise ArtifactError(
            f"{path}: expected rows of {row_shape} {np.dtype(dtype)}, got {got} {array.dtype}; {remedy}"
        )
    for name, digest in origin.items():
        if found.get(name) != digest:
            raise ArtifactError(f"{path} was made from another {name}: {remedy}")
    return array


def made_from(path: Path) -> Origin:
    """Read what an array was made from; empty for a .npy file that somebody else wrote."""
    with path.open("rb") as file:
        return origin_in(read_header(file))


def read_header(file: BinaryIO) -> bytes:
    """Return the header of an open .npy file, from its first byte on; what it holds is not checked."""
    start = file.read(len(_MAGIC) + 2)
    return start + file.read(int.from_bytes(start[len(_MAGIC) :], "little"))


def origin_in(header: bytes) -> Origin:
    """Return the origin that a header holds; empty if it holds none, ValueError if it is damaged."""
    comment = header.decode("latin-1").partition(_COMMENT)[2].partition("\n")[0]
    return json.loads(comment) if comment else {}


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...], origin: Origin, *, num_bytes: int = _HEADER_BYTES) -> bytes:
    """Return the header of a .npy file with its origin, padded to so many bytes; ValueError if it does not fit."""
    literal = repr({"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
    text = f"{literal} {_COMMENT}{json.dumps(origin, sort_keys=True)}"
    length = num_bytes - len(_MAGIC) - 2
    if len(text) >= length:
        raise ValueError(f"an origin of {len(text)} characters does not fit into a header of {length}")
    return _MAGIC + length.to_bytes(2, "little") + text.ljust(length - 1).encode("latin-1") + b"\n"
