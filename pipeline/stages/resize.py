"""Reads the pictures of the dataset that are new or changed: their pixels, the index, rejected.csv with the reasons.

What is known of the last run isn't read again, and its pixels stay in the blocks where they lie. The index is replaced
once all blocks that it needs are whole, and only then blocks go: whenever a run is killed, either index has its pixels.
"""

import functools
import hashlib
import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from pipeline import pictures as room
from pipeline.artifacts import (
    Artifacts,
    Picture,
    PictureStore,
    Rejected,
    dataset_from,
    digest_of,
    load_json,
    made_from,
    replaced,
    save_index,
    save_json,
    save_origin,
    save_rejected,
)
from pipeline.errors import ArtifactError, DatasetError
from pipeline.params import Params
from pipeline.pictures import DecodedPicture, FoundFile, Limits, ReadFile, RejectedPictureError, recognised, settled
from pipeline.stages.scan import list_dataset
from pipeline.wording import counted, shown
from pipeline.workers import in_order


@dataclass
class _Found:
    """What a run has found: pictures with their files, the rejected, and how many pictures it had to decode or read."""

    pictures: list[Picture] = field(default_factory=list)
    files: list[tuple[FoundFile, str]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    new: int = 0
    read_again: int = 0


def resize(params: Params, artifacts: Artifacts) -> str:
    """Store the pictures as uint8 (256, 256, 3), and write the index and the list of the rejected.

    Files that did not change since the last run aren't opened, and pictures whose content is known aren't decoded. A
    file that was rejected is tried again.

    Raises
    ------
    DatasetError
        If the folder is missing or empty, or every file in it was rejected.
    ArtifactError
        If the folder of the blocks holds a file of the user's.
    """
    folder, limits = Path(params.dataset.path), Limits(**vars(params.resize))
    listed_ns = time.time_ns()
    files = list_dataset(params.dataset, artifacts).files
    store = PictureStore(artifacts.pictures, recipe=_recipe())
    origin = {"dataset": dataset_from(artifacts.root, folder), "recipe": _recipe()}
    read_by = digest_of(_recipe(), vars(limits))  # not the folder's place: it may be moved
    last = recognised(files, _load_read_files(artifacts, read_by))
    found = _look_at(folder, files, limits, store, {path: known for path, known in last.items() if known in store})
    if not found.pictures:
        save_rejected(artifacts, found.rejected)
        raise DatasetError(
            f"dataset.path: all {len(files):,} files in {folder} were rejected, "
            f"the first because: {found.rejected[0].reason}; see {artifacts.rejected}"
        )
    contents = {picture.content for picture in found.pictures}
    store.finish(contents)
    digest = save_index(artifacts.index, found.pictures, origin=origin)
    _save_read_files(artifacts, read_by, settled(found.files, listed_ns=listed_ns))
    save_rejected(artifacts, found.rejected)
    save_json(artifacts.metrics("resize"), {"pictures": len(found.pictures), "rejected": len(found.rejected)})
    save_origin(artifacts, "resize", digest)
    store.tidy(contents)
    _remove_earlier_layout(artifacts)
    return _summary(found)


def _look_at(
    folder: Path, files: list[FoundFile], limits: Limits, store: PictureStore, known: Mapping[str, str]
) -> _Found:
    """Look at each file in order; `known` are the contents, by their paths, of those that aren't to be read."""
    found = _Found()
    known = {path: content for path, content in known.items() if shown(path) == path}  # reading rejects other names
    unread = [file for file in files if file.path not in known]
    with closing(_read_all(folder, unread, limits, store)) as answers:
        for file in files:
            answer = known.get(file.path) or next(answers)
            if isinstance(answer, RejectedPictureError):
                found.rejected.append(Rejected(shown(file.path), str(answer), shown(file.same_as)))
                continue
            content = answer if isinstance(answer, str) else _taken(answer, store, found)
            found.pictures.append(Picture(file.path, content, *store.size(content)))
            found.files.append((file, content))
        next(answers, None)  # there is none, but the progress comes to its end
    return found


def _taken(picture: DecodedPicture, store: PictureStore, found: _Found) -> str:
    """Store a picture that was read, unless it is known, and count it; return its content."""
    if picture.pixels is None:
        found.read_again += 1
    else:
        found.new += 1
        store.add(picture.content, picture.pixels, (picture.width, picture.height))
    return picture.content


def _read_all(
    folder: Path, files: list[FoundFile], limits: Limits, store: PictureStore
) -> Generator[DecodedPicture | RejectedPictureError, None, None]:
    """Yield of each file the picture or the reason why it is none, in order."""
    workers = max(1, min(os.cpu_count() or 1, len(files)))
    known = store.__contains__ if len(store) else None
    with room.reading_processes(limits, workers=workers) as read_picture:

        def read(file: FoundFile) -> DecodedPicture | RejectedPictureError:
            if file.problem:
                return RejectedPictureError(file.problem)
            try:
                return read_picture(folder / file.path, known=known)
            except RejectedPictureError as reason:
                return reason

        answers = in_order(read, files, workers=workers)
        yield from tqdm(answers, "resize", len(files), unit=" pictures", smoothing=0.05, disable=not files)


def _summary(found: _Found) -> str:
    known = len(found.pictures) - found.new
    again = f" ({found.read_again:,} of them read to know them)" if found.read_again else ""
    return (
        f"{counted(len(found.pictures), 'picture')}, {len(found.rejected):,} rejected; {found.new:,} new "
        f"{'was' if found.new == 1 else 'were'} read, {known:,} known from the last run{again}"
    )


def _load_read_files(artifacts: Artifacts, read_by: str) -> list[ReadFile]:
    """Return the files of the last run; none if it read by other limits, or in another way."""
    try:
        saved = load_json(artifacts.read_files, stage="resize")
        return [ReadFile(*file) for file in saved["files"]] if saved["read_by"] == read_by else []
    except (ArtifactError, KeyError, TypeError):
        return []


def _save_read_files(artifacts: Artifacts, read_by: str, files: list[ReadFile]) -> None:
    with replaced(artifacts.read_files) as path:
        path.write_text(json.dumps({"read_by": read_by, "files": files}), encoding="utf-8")  # of one line, for speed


def _remove_earlier_layout(artifacts: Artifacts) -> None:
    """Remove the one array that held all pictures before, if it is ours."""
    array = artifacts.root / "pictures.npy"
    try:
        is_ours = "index" in made_from(array)
    except (OSError, ValueError, TypeError):
        return
    if is_ours:
        array.unlink()
        (artifacts.root / "recipe.json").unlink(missing_ok=True)


@functools.cache
def _recipe() -> str:
    """Return a digest of how pixels are made: the code that makes them, and the versions of all decoders."""
    sources = sorted(Path(room.__file__).parent.glob("*.py"))
    versions = repr(sorted(room.decoders().items())).encode()
    return hashlib.sha256(b"".join(map(Path.read_bytes, sources)) + versions).hexdigest()
