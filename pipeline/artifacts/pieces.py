"""What a stage keeps for its next run: files of its own, and many small ones in one, each under a key.

Of such a file the first line is JSON, the key and the length of each piece; their bytes follow, one after another.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from pipeline.artifacts.earlier import remember
from pipeline.artifacts.files import replaced
from pipeline.artifacts.layout import Artifacts
from pipeline.errors import ArtifactError


@contextmanager
def kept(artifacts: Artifacts, stage: str) -> Iterator[Path]:
    """Give an empty folder; what is written there is kept with the index until the stage has run again."""
    folder = artifacts.root / f".{stage}.kept"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
        remember(artifacts, stage, sorted(folder.iterdir()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
