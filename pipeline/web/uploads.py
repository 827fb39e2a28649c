"""Pictures that somebody sends. Each is capped, decoded in a process of its own, and kept in memory.

Its file lies in a folder that only this user can read, and nothing serves, for as long as it is decoded.
"""

import asyncio
import hashlib
import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.pictures import Limits, RejectedPictureError
from pipeline.pictures.isolation import Reader
from pipeline.web.problems import ProblemError

MEGABYTE = 1 << 20
_KEPT = 200  # uploads, of 0.2 MB each


@dataclass
class Upload:
    """A picture that was sent: its sha256, the width and height it had, its pixels, uint8 (256, 256, 3).

    `vectors` are its embeddings, by the folder that encoded it and that folder's version then.
    """

    content: str
    width: int
    height: int
    pixels: NDArray[np.uint8]
    vectors: dict[int, tuple[str, NDArray[np.float32]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """How the API calls it."""
        return f"u{self.content[:16]}"


def capped(limits: Limits) -> Limits:
    """Return what an upload may take: what the folder's pictures may, but no more than a telephone's needs."""
    return Limits(
        max_megapixels=min(limits.max_megapixels, 110),
        max_file_megabytes=min(limits.max_file_megabytes, 50),
        max_decoded_megabytes=min(limits.max_decoded_megabytes, 1024),
        max_scans=limits.max_scans,
        max_seconds=min(limits.max_seconds, 15),
    )


class Uploads:
    """The uploads of one server: takes them in, and keeps the last ones."""

    def __init__(self, folder: Path, read: Reader, limits: Limits) -> None:
        self._folder, self._read, self.limits = folder, read, limits
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    async def take(self, chunks: AsyncIterator[bytes]) -> Upload:
        """Take a picture in; ProblemError if it is too large, comes too slowly, or is no picture."""
        place = self._folder / uuid.uuid4().hex
        try:
            try:
                async with asyncio.timeout(self.limits.max_seconds + 15):
                    content = await self._received(chunks, place)
            except TimeoutError:
                raise ProblemError(408, "the picture came too slowly; send it again") from None
            known = self.get(f"u{content[:16]}")
            if known is not None:
                return known
            return await asyncio.to_thread(self._decoded, place, content)
        finally:
            place.unlink(missing_ok=True)

    def get(self, name: str) -> Upload | None:
        """Return an upload by its id; None if it was never here or has gone."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    async def _received(self, chunks: AsyncIterator[bytes], place: Path) -> str:
        digest, count = hashlib.sha256(), 0
        with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            async for chunk in chunks:
                count += len(chunk)
                if count > self.limits.max_file_megabytes * MEGABYTE:
                    raise ProblemError(413, self.too_large)
                digest.update(chunk)
                file.write(chunk)
        if not count:
            raise ProblemError(422, "the picture is empty; choose another")
        return digest.hexdigest()

    @property
    def too_large(self) -> str:
        """What is said of a file of too many bytes."""
        return f"the picture has more than {self.limits.max_file_megabytes:g} MB; make it smaller first"

    def _decoded(self, place: Path, content: str) -> Upload:
        try:
            found = self._read(place)
        except RejectedPictureError as reason:
            said = str(reason).partition("; see resize.")[0].partition("; resize.")[0]
            closed = said + ")" * (said.count("(") - said.count(")"))
            remedy = "" if ";" in closed else "; choose another picture"
            raise ProblemError(422, f"this can't be searched for: {closed}{remedy}") from reason
        assert found.pixels is not None
        upload = Upload(content, found.width, found.height, found.pixels)
        with self._lock:
            self._kept[upload.id] = upload
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return upload
