"""The inside of a process that reads pictures: takes paths line by line and answers each with one line.

Its pixels go into a file that both processes map, for 196,608 bytes in a pipe would cost more than the question.
"""

import json
import os
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.pictures.decoding import DecodedPicture, read_picture
from pipeline.pictures.limits import MEGABYTE, Limits
from pipeline.pictures.rejection import RejectedPictureError
from pipeline.pictures.strips import SIZE

LARGE_BYTES = 256 * MEGABYTE  # decoding what takes more has to wait for its turn
MARGIN_BYTES = 256 * MEGABYTE  # beside what decoding takes by its estimate: the file, the interpreter's own needs


def serve() -> None:
    """Answer questions until there are no more; the arguments are the limits, as JSON, and the file for pixels."""
    limits = Limits(**json.loads(sys.argv[1]))
    pixels = np.memmap(sys.argv[2], np.uint8, "r+", shape=(SIZE, SIZE, 3))
    _limit_memory(int(limits.max_decoded_megabytes * MEGABYTE) + MARGIN_BYTES)
    answers = _private_stdout()
    warnings.simplefilter("ignore")  # Pillow warns of oddities in files that it then reads well

    def tell(**answer: Any) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    def ask(**question: Any) -> bool:
        tell(**question)
        return bool(json.loads(sys.stdin.readline()))

    tell(ready=True)
    for line in sys.stdin:
        tell(**_answer(json.loads(line), limits, ask, pixels))


def _answer(question: dict[str, Any], limits: Limits, ask: Any, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    def announce(needed: int) -> None:
        if needed > LARGE_BYTES:
            ask(needs=needed)

    try:
        picture = read_picture(
            Path(question["path"]),
            limits,
            known=lambda content: question["asks"] and ask(content=content),
            announce=announce,
        )
    except RejectedPictureError as reason:
        return {"rejected": str(reason)}
    except Exception:  # not hidden: it is raised again where the question came from
        return {"bug": traceback.format_exc()}
    return _told(picture, pixels)


def _told(picture: DecodedPicture, pixels: NDArray[np.uint8]) -> dict[str, Any]:
    if picture.pixels is not None:
        pixels[...] = picture.pixels
    size = {"width": picture.width, "height": picture.height}
    return {"picture": picture.content, **size, "decoded": picture.pixels is not None}


def _limit_memory(allowed: int) -> None:
    """Let the system refuse what is more than an estimate allowed for, where it can: on Linux."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        status = Path("/proc/self/status").read_text()
        held = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData")) << 10
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (held + allowed, hard))


def _private_stdout() -> Any:
    """Return the way back to the questions, and let what libraries print go nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    return answers
