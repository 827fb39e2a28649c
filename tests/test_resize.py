"""The stages scan and resize on folders as people have them, and after runs that were cut short."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.artifacts import REJECTED_COLUMNS, Artifacts, load_pictures, load_table, open_index, save_array, save_json
from pipeline.errors import DatasetError
from pipeline.params import Params, load_params
from pipeline.pictures import content_of
from pipeline.stages.resize import resize
from pipeline.stages.scan import scan

ROOT = Path(__file__).parent.parent


def params_for(folder: Path, *, max_megapixels: float = 1) -> Params:
    params = load_params(ROOT / "params.yaml")
    return dataclasses.replace(
        params,
        dataset=dataclasses.replace(params.dataset, path=str(folder)),
        resize=dataclasses.replace(params.resize, max_megapixels=max_megapixels),
    )


def plain(colour: int) -> Image.Image:
    """A picture of one colour, that says which picture it is."""
    return Image.new("RGB", (20, 10), (colour, 255 - colour, 7))


def save(image: Image.Image, path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def loaded(artifacts: Artifacts) -> dict[str, NDArray[np.uint8]]:
    """Path -> pixels, as every later stage sees them."""
    with open_index(artifacts.index) as index:
        return dict(zip(index.paths(), np.array(load_pictures(artifacts, index)), strict=True))


def colours(artifacts: Artifacts) -> dict[str, int]:
    """Path -> the colour of a plain picture."""
    return {path: int(pixels[0, 0, 0]) for path, pixels in loaded(artifacts).items()}


def blocks(artifacts: Artifacts) -> dict[str, bytes]:
    """Name -> bytes of every file beside the pixels."""
    return {path.name: path.read_bytes() for path in artifacts.pictures.iterdir()}


def rejected(artifacts: Artifacts) -> dict[str, str]:
    return {path: reason for path, reason, _ in load_table(artifacts.rejected, REJECTED_COLUMNS, stage="resize")}


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


@pytest.fixture
def settled_folder(folder: Path) -> Path:
    """The same, written long ago and at different times."""
    for number, path in enumerate(sorted(folder.iterdir())):
        age(path, number)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three plain pictures, of the colours 1 to 3."""
    for colour, name in enumerate(("a.png", "b.png", "c.png"), start=1):
        save(plain(colour), tmp_path / "pictures" / name)
    return tmp_path / "pictures"


def age(path: Path, number: int) -> None:
    """Let a file be one of long ago."""
    os.utime(path, ns=(0, 1_600_000_000_000_000_000 + number))


def announcing(width: int, height: int) -> bytes:
    """A PNG file that is nothing but a header."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# A folder as people have them

GOOD = {  # path -> colour
    "IMG_0001.JPG": 10,
    "2020/IMG_0001.JPG": 20,
    "2021/deep/er/IMG_0001.JPG": 30,
    "a GIF named.jpg": 40,
    "no suffix": 50,
    "aside/x.png": 60,
    "雪 and é/two  spaces.webp": 70,
    "copy of 10.jpg": 10,
}
BAD = {  # path -> the start of its reason
    "empty.jpg": "empty file",
    "notes.txt": "not a picture",
    "notes.jpg": "not a picture",
    "truncated.jpg": "damaged (",
    "huge.png": "too large (50000x40000, 2000 megapixels; resize.max_megapixels is 1)",
    "broken link.png": "broken link",
    "2020/loop": "circular link",
    "itself.png": "Too many levels of symbolic links",
    "pipe": "neither a file nor a folder",
    "link.png": "the same file as aside/x.png (a link to it)",
    "linked folder": "the same folder as aside (a link to it)",
}


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    folder = tmp_path / "my pictures"
    for path in ("IMG_0001.JPG", "2020/IMG_0001.JPG", "2021/deep/er/IMG_0001.JPG"):
        save(plain(GOOD[path]), folder / path, format="JPEG", quality=100, subsampling=0)
    save(plain(40), folder / "a GIF named.jpg", format="GIF")
    save(plain(50), folder / "no suffix", format="BMP")
    save(plain(60), folder / "aside/x.png")
    save(plain(70), folder / "雪 and é/two  spaces.webp", lossless=True)
    shutil.copy(folder / "IMG_0001.JPG", folder / "copy of 10.jpg")
    (folder / "link.png").symlink_to("aside/x.png")
    (folder / "linked folder").symlink_to("aside")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("not a picture")
    (folder / "notes.jpg").write_text("not a picture either")
    (folder / "truncated.jpg").write_bytes((folder / "IMG_0001.JPG").read_bytes()[:-200])
    (folder / "huge.png").write_bytes(announcing(50_000, 40_000))
    (folder / "broken link.png").symlink_to("nowhere")
    (folder / "2020/loop").symlink_to("..")
    (folder / "itself.png").symlink_to("itself.png")
    os.mkfifo(folder / "pipe")
    return folder


def test_every_good_picture_of_a_messy_folder_is_read_as_itself(messy: Path, artifacts: Artifacts) -> None:
    resize(params_for(messy), artifacts)
    found = colours(artifacts)
    assert found.keys() == GOOD.keys()
    assert all(abs(found[path] - GOOD[path]) <= 3 for path in GOOD)


def test_every_bad_file_of_a_messy_folder_is_listed_with_its_reason(messy: Path, artifacts: Artifacts) -> None:
    resize(params_for(messy), artifacts)
    found = rejected(artifacts)
    assert found.keys() == BAD.keys()
    assert [path for path in BAD if not found[path].startswith(BAD[path])] == []


def test_nothing_of_a_messy_folder_is_lost(messy: Path, artifacts: Artifacts) -> None:
    summary = resize(params_for(messy), artifacts)
    counts = json.loads(artifacts.metrics("resize").read_text())
    assert counts == {"pictures": len(GOOD), "rejected": len(BAD)}
    assert summary == (
        f"{len(GOOD)} pictures, {len(BAD)} rejected; {len(GOOD)} new were read, 0 known from the last run"
    )


def test_rows_are_sorted_by_path(messy: Path, artifacts: Artifacts) -> None:
    resize(params_for(messy), artifacts)
    assert list(loaded(artifacts)) == sorted(GOOD)


def test_the_index_holds_the_content_and_the_upright_size_of_each_file(tmp_path: Path, artifacts: Artifacts) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(plain(1), tmp_path / "pictures/a.jpg", exif=exif)
    resize(params_for(path.parent), artifacts)
    with open_index(artifacts.index) as index:
        (picture,) = index.pictures()
    assert (picture.content, picture.width, picture.height) == (content_of(path), 10, 20)


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"caf\xe9/a.png"])
def test_a_name_that_is_not_utf8_is_rejected_and_listed(folder: Path, artifacts: Artifacts, name: bytes) -> None:
    try:
        save(plain(4), folder / os.fsdecode(name), format="PNG")
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    resize(params_for(folder), artifacts)
    assert rejected(artifacts) == {name.decode(errors="backslashreplace"): "file name is not valid UTF-8"}


def test_a_known_picture_that_is_renamed_to_no_text_is_rejected(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    try:
        (folder / "a.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    resize(params_for(folder), artifacts)
    assert rejected(artifacts) == {"caf\\xe9.png": "file name is not valid UTF-8"}


def test_the_listing_holds_every_file_good_or_bad(messy: Path, artifacts: Artifacts) -> None:
    scan(params_for(messy), artifacts)
    with artifacts.listing.open(encoding="utf-8", newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == sorted([*GOOD, *BAD])


def test_the_originals_are_not_touched(messy: Path, artifacts: Artifacts) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        facts = {path: path.lstat() for path in messy.rglob("*")}
        return {path: (fact.st_mtime_ns, fact.st_size) for path, fact in facts.items()}

    before = state()
    resize(params_for(messy), artifacts)
    assert state() == before


# A second run


def test_the_same_folder_gives_the_same_files(messy: Path, artifacts: Artifacts, tmp_path: Path) -> None:
    resize(params_for(messy), artifacts)
    again = Artifacts(tmp_path / "again")
    resize(params_for(messy), again)
    assert artifacts.rejected.read_bytes() == again.rejected.read_bytes()
    assert blocks(artifacts) == blocks(again)


def test_a_second_run_knows_all_pictures(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    before = blocks(artifacts)
    assert resize(params_for(folder), artifacts) == (
        "3 pictures, 0 rejected; 0 new were read, 3 known from the last run (3 of them read to know them)"
    )
    assert blocks(artifacts) == before


def test_a_picture_that_was_only_renamed_is_not_decoded_again(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    before = blocks(artifacts)
    (folder / "a.png").rename(folder / "z.png")
    assert "0 new were read, 3 known" in resize(params_for(folder), artifacts)
    assert colours(artifacts) == {"b.png": 2, "c.png": 3, "z.png": 1}
    assert blocks(artifacts) == before


def test_a_picture_with_new_content_under_its_old_name_is_decoded_again(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    facts = (folder / "b.png").stat()
    save(plain(99), folder / "b.png")
    os.utime(folder / "b.png", ns=(facts.st_atime_ns, facts.st_mtime_ns))  # not even its time tells
    assert resize(params_for(folder), artifacts).endswith("2 known from the last run (2 of them read to know them)")
    assert colours(artifacts) == {"a.png": 1, "b.png": 99, "c.png": 3}


def test_a_known_picture_keeps_its_upright_size(tmp_path: Path, artifacts: Artifacts) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(plain(1), tmp_path / "pictures/a.jpg", exif=exif)
    for _ in range(2):
        resize(params_for(path.parent), artifacts)
    with open_index(artifacts.index) as index:
        assert [(picture.width, picture.height) for picture in index.pictures()] == [(10, 20)]


def test_a_file_that_is_gone_is_gone_from_the_rows(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    (folder / "b.png").unlink()
    resize(params_for(folder), artifacts)
    assert colours(artifacts) == {"a.png": 1, "c.png": 3}


def test_a_new_file_takes_its_place_in_the_order(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    save(plain(9), folder / "aa.png")
    resize(params_for(folder), artifacts)
    assert list(colours(artifacts).items()) == [("a.png", 1), ("aa.png", 9), ("b.png", 2), ("c.png", 3)]


def test_a_lower_cap_rejects_pictures_that_are_known(folder: Path, artifacts: Artifacts) -> None:
    age(save(Image.new("RGB", (100, 100)), folder / "large.png"), 0)
    resize(params_for(folder), artifacts)
    resize(params_for(folder, max_megapixels=0.005), artifacts)
    assert rejected(artifacts).keys() == {"large.png"}


@pytest.mark.parametrize("artefact", ["index", "block", "read files"])
@pytest.mark.parametrize("length", [0, 100, 9000])
def test_damaged_artefacts_of_the_last_run_are_made_anew(
    settled_folder: Path, artifacts: Artifacts, artefact: str, length: int
) -> None:
    resize(params_for(settled_folder), artifacts)
    (block,) = artifacts.pictures.iterdir()
    path = {"index": artifacts.index, "block": block, "read files": artifacts.read_files}[artefact]
    path.write_bytes(path.read_bytes()[: min(length, path.stat().st_size - 1)])
    new = 3 if artefact == "block" else 0
    assert f"{new} new were read, {3 - new} known from the last run" in resize(params_for(settled_folder), artifacts)
    assert colours(artifacts) == {"a.png": 1, "b.png": 2, "c.png": 3}
    assert len(blocks(artifacts)) == 1


# Files that did not change


@pytest.fixture
def bitmaps(tmp_path: Path) -> Path:
    """Three plain pictures of long ago, of one size and of different times, of the colours 1 to 3."""
    for colour, name in enumerate(("a.bmp", "b.bmp", "c.bmp"), start=1):
        age(save(plain(colour), tmp_path / "bitmaps" / name), colour)
    return tmp_path / "bitmaps"


def bitmap(colour: int) -> bytes:
    buffer = io.BytesIO()
    plain(colour).save(buffer, "BMP")
    return buffer.getvalue()


def overwrite(path: Path, colour: int) -> None:
    """Put another picture of the same size into a file, which keeps its inode."""
    with path.open("r+b") as file:
        file.write(bitmap(colour))


def again(folder: Path, artifacts: Artifacts) -> tuple[str, dict[str, int]]:
    """Run the stage once more; return what it says of what was known, and the colours."""
    said = resize(params_for(folder), artifacts)
    return said.partition("; ")[2].replace(" from the last run", ""), colours(artifacts)


def test_a_file_that_did_not_change_is_not_opened(bitmaps: Path, artifacts: Artifacts) -> None:
    resize(params_for(bitmaps), artifacts)
    overwrite(bitmaps / "b.bmp", 99)
    age(bitmaps / "b.bmp", 2)  # nothing tells that it was changed
    (bitmaps / "a.bmp").rename(bitmaps / "z.bmp")
    assert again(bitmaps, artifacts) == ("0 new were read, 3 known", {"b.bmp": 2, "c.bmp": 3, "z.bmp": 1})


def test_a_file_that_was_changed_in_place_is_read(bitmaps: Path, artifacts: Artifacts) -> None:
    resize(params_for(bitmaps), artifacts)
    overwrite(bitmaps / "b.bmp", 99)
    assert again(bitmaps, artifacts) == ("1 new was read, 2 known", {"a.bmp": 1, "b.bmp": 99, "c.bmp": 3})


def test_a_file_that_was_just_written_is_read_though_it_looks_the_same(bitmaps: Path, artifacts: Artifacts) -> None:
    overwrite(bitmaps / "b.bmp", 50)
    resize(params_for(bitmaps), artifacts)
    facts = (bitmaps / "b.bmp").stat()
    overwrite(bitmaps / "b.bmp", 99)
    os.utime(bitmaps / "b.bmp", ns=(0, facts.st_mtime_ns))
    assert again(bitmaps, artifacts) == ("1 new was read, 2 known", {"a.bmp": 1, "b.bmp": 99, "c.bmp": 3})


def test_files_of_one_size_and_time_whose_names_were_swapped_are_read(bitmaps: Path, artifacts: Artifacts) -> None:
    for name in ("a.bmp", "b.bmp"):
        age(bitmaps / name, 1)
    resize(params_for(bitmaps), artifacts)
    (bitmaps / "a.bmp").rename(bitmaps / "aside")
    (bitmaps / "b.bmp").rename(bitmaps / "a.bmp")
    (bitmaps / "aside").rename(bitmaps / "b.bmp")
    assert again(bitmaps, artifacts) == (
        "0 new were read, 3 known (2 of them read to know them)",
        {"a.bmp": 2, "b.bmp": 1, "c.bmp": 3},
    )


@pytest.mark.parametrize("is_in_place", [True, False])
def test_a_file_that_was_replaced_by_a_copy_with_its_size_and_time_is_read(
    bitmaps: Path, artifacts: Artifacts, tmp_path: Path, is_in_place: bool
) -> None:
    age(bitmaps / "b.bmp", 1)
    age(save(plain(99), tmp_path / "other.bmp"), 1)
    resize(params_for(bitmaps), artifacts)
    if is_in_place:  # as `cp -p` does: not even the inode tells, but that a.bmp has its size and time as well
        shutil.copy2(tmp_path / "other.bmp", bitmaps / "b.bmp")
    else:
        shutil.copy2(tmp_path / "other.bmp", bitmaps / "new")
        (bitmaps / "new").replace(bitmaps / "b.bmp")
    assert again(bitmaps, artifacts)[1] == {"a.bmp": 1, "b.bmp": 99, "c.bmp": 3}


def test_a_replaced_file_is_read_where_no_other_has_its_size_and_time(
    bitmaps: Path, artifacts: Artifacts, tmp_path: Path
) -> None:
    age(save(plain(99), tmp_path / "other.bmp"), 2)
    resize(params_for(bitmaps), artifacts)
    shutil.copy2(tmp_path / "other.bmp", bitmaps / "new")
    (bitmaps / "new").replace(bitmaps / "b.bmp")
    assert again(bitmaps, artifacts) == ("1 new was read, 2 known", {"a.bmp": 1, "b.bmp": 99, "c.bmp": 3})


def test_a_file_that_was_rejected_is_tried_again(bitmaps: Path, artifacts: Artifacts) -> None:
    (bitmaps / "d.bmp").write_bytes(bitmap(4)[:100])
    age(bitmaps / "d.bmp", 4)
    resize(params_for(bitmaps), artifacts)
    facts = (bitmaps / "d.bmp").stat()
    (bitmaps / "d.bmp").write_bytes(bitmap(4))
    os.utime(bitmaps / "d.bmp", ns=(0, facts.st_mtime_ns))
    assert again(bitmaps, artifacts)[0] == "1 new was read, 3 known"


def test_a_folder_that_was_moved_is_not_read_again_and_a_copy_of_it_is(
    bitmaps: Path, artifacts: Artifacts, tmp_path: Path
) -> None:
    resize(params_for(bitmaps), artifacts)
    bitmaps.rename(tmp_path / "moved")  # all its files keep path, size, time and inode
    assert again(tmp_path / "moved", artifacts)[0] == "0 new were read, 3 known"
    shutil.copytree(tmp_path / "moved", tmp_path / "copied")  # with their times, but under other inodes
    assert again(tmp_path / "copied", artifacts)[0] == "0 new were read, 3 known (3 of them read to know them)"


def test_the_index_is_the_same_whichever_way_it_came_about(bitmaps: Path, artifacts: Artifacts, tmp_path: Path) -> None:
    """By the bytes of the index DVC tells whether anything that follows is to be made anew."""
    resize(params_for(bitmaps), artifacts)
    before = artifacts.index.read_bytes()
    save(plain(9), bitmaps / "added.bmp")
    resize(params_for(bitmaps), artifacts)
    assert artifacts.index.read_bytes() != before
    (bitmaps / "added.bmp").unlink()
    (bitmaps / "a.bmp").touch()
    resize(params_for(bitmaps), artifacts)
    assert artifacts.index.read_bytes() == before
    resize(params_for(bitmaps), Artifacts(tmp_path / "other"))
    assert Artifacts(tmp_path / "other").index.read_bytes() == before


def test_the_array_of_an_earlier_version_goes_and_one_of_somebody_else_stays(
    folder: Path, artifacts: Artifacts
) -> None:
    array, recipe = artifacts.root / "pictures.npy", artifacts.root / "recipe.json"
    save_array(array, np.zeros((1, 256, 256, 3), np.uint8), origin={"index": "a" * 64})
    save_json(recipe, {"sha256": "b" * 64})
    resize(params_for(folder), artifacts)
    assert not array.exists()
    assert not recipe.exists()
    np.save(array, np.zeros(3))
    resize(params_for(folder), artifacts)
    assert array.exists()


# Nothing to read


@pytest.mark.parametrize("stage", [scan, resize])
def test_a_missing_folder_is_refused(tmp_path: Path, artifacts: Artifacts, stage: object) -> None:
    with pytest.raises(DatasetError, match=r"^dataset\.path: there is no folder '.*none'; write the folder of your"):
        stage(params_for(tmp_path / "none"), artifacts)


def test_only_of_the_sample_a_missing_folder_is_grown(tmp_path: Path, artifacts: Artifacts) -> None:
    with pytest.raises(DatasetError, match="run `pipeline sample` for the sample"):
        scan(params_for(artifacts.sample / "pictures"), artifacts)
    with pytest.raises(DatasetError, match=r"pictures into params\.yaml$"):
        scan(params_for(tmp_path / "none"), artifacts)


@pytest.mark.parametrize("stage", [scan, resize])
def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, artifacts: Artifacts, stage: object) -> None:
    path = save(plain(1), tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"^dataset\.path: there is no folder '.*a\.png'"):
        stage(params_for(path), artifacts)


@pytest.mark.parametrize("stage", [scan, resize])
def test_an_empty_folder_is_refused(tmp_path: Path, artifacts: Artifacts, stage: object) -> None:
    (tmp_path / "pictures/inner").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"^dataset\.path: the folder '.*' is empty; put pictures into it$"):
        stage(params_for(tmp_path / "pictures"), artifacts)


def all_bad(tmp_path: Path) -> Path:
    (tmp_path / "bad").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "bad" / name).touch()
    return tmp_path / "bad"


def test_a_folder_of_rejected_files_alone_is_refused_with_the_first_reason(
    tmp_path: Path, artifacts: Artifacts
) -> None:
    with pytest.raises(
        DatasetError, match=r"all 2 files in .* were rejected, the first because: empty file; see .*csv$"
    ):
        resize(params_for(all_bad(tmp_path)), artifacts)
    assert rejected(artifacts) == {"a.jpg": "empty file", "b.jpg": "empty file"}


def test_a_folder_of_rejected_files_alone_leaves_no_array(tmp_path: Path, artifacts: Artifacts) -> None:
    with pytest.raises(DatasetError, match="were rejected"):
        resize(params_for(all_bad(tmp_path)), artifacts)
    assert {path.name for path in artifacts.root.iterdir()} == {"rejected.csv"}


# Runs that were cut short

RUN = """
import sys
from pathlib import Path
from tests.test_resize import Artifacts, params_for, resize
resize(params_for(Path(sys.argv[1])), Artifacts(Path(sys.argv[2])))
"""

# Runs the stage once for each step that Python reports of it, and dies by SIGKILL just before that step.
RUN_TO_EVERY_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from tests.test_resize import Artifacts, params_for, resize

pictures, last, root = map(Path, sys.argv[1:])
STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect", "shutil.rmtree")

def die_at(step):
    seen = 0
    def watch(event, arguments):
        nonlocal seen
        if event in STEPS and not isinstance(arguments[0], int) and str(root) in os.fsdecode(arguments[0]):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)

step, died = 0, True
while died:
    step += 1
    run = root / f"{step:03}"
    shutil.copytree(last, run)
    child = os.fork()
    if not child:
        sys.stderr = open(os.devnull, "w")
        die_at(step)
        resize(params_for(pictures), Artifacts(run))
        os._exit(0)
    died = os.WIFSIGNALED(os.waitpid(child, 0)[1])
"""


def start(script: str, *arguments: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, stderr=subprocess.PIPE)


def test_a_run_killed_amid_its_pictures_leaves_the_last_good_artefacts(folder: Path, artifacts: Artifacts) -> None:
    resize(params_for(folder), artifacts)
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    for number in range(300):  # a comment at the end makes each another content
        (folder / f"{number:03}.jpg").write_bytes(buffer.getvalue() + b"%03d" % number)
    run = start(RUN, folder, artifacts.root)
    while run.poll() is None and len(list(artifacts.pictures.iterdir())) < 2:
        time.sleep(0.001)
    run.kill()
    _, messages = run.communicate()
    assert run.returncode == -signal.SIGKILL, messages.decode()
    assert colours(artifacts) == {"a.png": 1, "b.png": 2, "c.png": 3}


def test_a_run_killed_at_any_step_leaves_good_artefacts_or_none_and_the_next_run_is_well(
    tmp_path: Path, folder: Path, artifacts: Artifacts
) -> None:
    resize(params_for(folder), artifacts)
    before = colours(artifacts)
    (folder / "a.png").rename(folder / "d.png")
    save(plain(4), folder / "a.png")
    after = {"a.png": 4, "b.png": 2, "c.png": 3, "d.png": 1}
    (tmp_path / "runs").mkdir()
    run = start(RUN_TO_EVERY_STEP, folder, artifacts.root, tmp_path / "runs")
    _, messages = run.communicate(timeout=120)
    assert run.returncode == 0, messages.decode()
    runs = [Artifacts(root) for root in sorted((tmp_path / "runs").iterdir())]
    assert len(runs) > 10  # so many steps there are at least: a block and tables, the index, their renaming
    for killed in runs:
        assert colours(killed) in (before, after), killed.root
        resize(params_for(folder), killed)
        assert colours(killed) == after, killed.root
        assert not [path.name for path in killed.root.rglob("*") if path.name.startswith(".")]
        assert len(blocks(killed)) == 1, killed.root


def test_the_artefacts_git_and_dvc_inside_the_dataset_are_left_out_and_said(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for path in ("a.png", ".b.png", ".git/objects/c", "project/.dvc/cache/d", "project/artifacts/groups/1/e.png"):
        save(plain(5), photos / path, format="PNG")
    inside = Artifacts(photos / "project" / "artifacts")
    assert scan(params_for(photos), inside) == (
        f"1 file in {photos}; left out by dataset.exclude: 1 (.b.png); left out, for they belong to git, DVC or this "
        "project's artefacts: 3 (.git, project/.dvc, project/artifacts)"
    )
    assert resize(params_for(photos), inside).startswith("1 picture, 0 rejected")


def test_what_is_excluded_is_said_and_not_read(tmp_path: Path) -> None:
    photos, artifacts = tmp_path / "photos", Artifacts(tmp_path / "artifacts")
    for path in ("a.png", ".b.png", "@eaDir/c.png", "d/THUMBS.DB", "d/e.png", "raw/f.png"):
        save(plain(5), photos / path, format="PNG")
    params = params_for(photos)
    assert scan(params, artifacts).endswith("left out by dataset.exclude: 3 (.b.png, @eaDir, d/THUMBS.DB)")
    assert resize(params, artifacts).startswith("3 pictures, 0 rejected")
    all_of_it = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, exclude=()))
    assert scan(all_of_it, artifacts) == f"6 files in {photos}, 1 of them hidden"
    assert resize(all_of_it, artifacts).startswith("6 pictures, 0 rejected")
    by_path = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, exclude=("D/*", "raw")))
    assert "left out by dataset.exclude: 3 (d/THUMBS.DB, d/e.png, raw)" in scan(by_path, artifacts)
    nothing = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, exclude=("*",)))
    with pytest.raises(DatasetError, match=r"is left out by dataset\.exclude, as \.b\.png; change its patterns"):
        scan(nothing, artifacts)


def test_the_artefacts_themselves_are_no_dataset(tmp_path: Path) -> None:
    save(plain(5), tmp_path / "photos" / "a.png")
    with pytest.raises(DatasetError, match="is the folder of the artefacts; choose another for pictures"):
        resize(params_for(tmp_path / "photos"), Artifacts(tmp_path / "photos"))


def test_the_scan_tells_dvc_of_an_edited_labels_file(folder: Path, artifacts: Artifacts, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    params = params_for(folder)
    params = dataclasses.replace(params, dataset=dataclasses.replace(params.dataset, labels=str(labels)))

    def surroundings(text: str) -> bytes:
        labels.write_text(text, encoding="utf-8")
        scan(params, artifacts)
        return artifacts.surroundings.read_bytes()

    first = surroundings("path,label\n")
    assert surroundings("path,label\na.png,a\n") != first
    assert surroundings("path,label\n") == first
