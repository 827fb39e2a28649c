"""Many small files in one, each under a key: what a stage has drawn and would draw again.

The first line is JSON, the key and the length of each; their bytes follow, one after another.
"""

import json
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

from pipeline.artifacts.files import replaced
from pipeline.errors import ArtifactError


def save_pieces(path: Path, pieces: Mapping[str, bytes]) -> None:
    """Write all pieces into one file."""
    with replaced(path) as temporary, temporary.open("wb") as file:
        file.write(json.dumps([(key, len(piece)) for key, piece in pieces.items()]).encode("ascii") + b"\n")
        file.writelines(pieces.values())


def load_pieces(path: Path) -> dict[str, bytes]:
    """Return the pieces of a file by their keys; ArtifactError if it is missing or damaged."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        keys = [(str(key), int(length)) for key, length in json.loads(head)]
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} is missing or damaged ({error})") from error
    ends = list(accumulate(length for _, length in keys))
    if (ends[-1] if ends else 0) != len(body):
        raise ArtifactError(f"{path} is damaged: expected {ends[-1] if ends else 0} bytes of pieces, got {len(body)}")
    return {key: body[end - length : end] for (key, length), end in zip(keys, ends, strict=True)}
