"""Folders as people have them, through the stage `duplicates`: whoever deletes what is marked loses no picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from conftest import Line, make_line
from PIL import Image
from scenes import form, frame, jpeg, opened, page, photograph, png, scanned

from pipeline.artifacts import DUPLICATES_COLUMNS, load_table
from pipeline.stages.duplicates import duplicates
from pipeline.stages.neighbours import neighbours

Files = dict[str, "bytes | Image.Image"]


def photographs() -> Files:
    """Return a folder of different photographs, so that there is something to compare with."""
    return {f"photo_{seed:02d}.jpg": jpeg(photograph(seed), 92) for seed in range(12)}


def judged(line: Line) -> dict[str, tuple[str, str, str]]:
    """Run the stage, and return for each path its group, what is said of it, and why."""
    neighbours(line.params, line.artifacts)
    duplicates(line.params, line.artifacts)
    table = load_table(line.artifacts.duplicates, DUPLICATES_COLUMNS, stage="duplicates")
    return {path: (group, keep, reason) for group, path, _, _, keep, reason in table}


def marks(found: dict[str, tuple[str, str, str]]) -> dict[str, str]:
    return {path: keep for path, (_, keep, _) in found.items()}


def test_a_link_is_no_copy_of_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for path, data in photographs().items():
        folder.mkdir(exist_ok=True)
        (folder / path).write_bytes(bytes(data))
    (folder / "album").mkdir()
    (folder / "album" / "best.jpg").symlink_to("../photo_00.jpg")
    (folder / "b_real").mkdir()
    (folder / "b_real" / "one.jpg").write_bytes(jpeg(photograph(100), 92))
    (folder / "a_linked").symlink_to("b_real")
    os.link(folder / "photo_01.jpg", folder / "hard.jpg")
    assert judged(make_line(tmp_path, {})) == {}


def test_what_is_in_a_dustbin_or_among_thumbnails_is_never_kept_over_a_photograph(tmp_path: Path) -> None:
    files = photographs()
    for seed in (2, 3):
        small = photograph(seed).resize((320, 240), Image.Resampling.LANCZOS)
        files[f"@eaDir/photo_{seed:02d}.jpg/SYNOFILE_THUMB_M.jpg"] = jpeg(small, 85)
    files[".Trash-1000/files/photo_05.jpg"] = files["photo_05.jpg"]
    found = marks(judged(make_line(tmp_path, files, reads_all=True)))
    assert found == {
        "photo_02.jpg": "yes",
        "photo_03.jpg": "yes",
        "photo_05.jpg": "yes",
        ".Trash-1000/files/photo_05.jpg": "no",
        "@eaDir/photo_02.jpg/SYNOFILE_THUMB_M.jpg": "no",
        "@eaDir/photo_03.jpg/SYNOFILE_THUMB_M.jpg": "no",
    }


def test_what_was_blown_up_stretched_or_saved_badly_is_never_kept_over_the_original(tmp_path: Path) -> None:
    files = photographs()
    small = photograph(0).resize((160, 120), Image.Resampling.LANCZOS)
    files["blown_up.jpg"] = jpeg(small.resize((800, 600), Image.Resampling.BICUBIC), 90)
    files["from_bad_jpeg.png"] = png(opened(jpeg(opened(bytes(files["photo_01.jpg"])), 15)))
    files["stretched.jpg"] = jpeg(photograph(2).resize((800, 300)), 92)
    found = marks(judged(make_line(tmp_path, files)))
    assert {path: found[path] for path in ("photo_00.jpg", "photo_01.jpg", "photo_02.jpg")} == {
        "photo_00.jpg": "yes",
        "photo_01.jpg": "yes",
        "photo_02.jpg": "yes",
    }
    assert found["stretched.jpg"] == "unsure"


def test_frames_of_a_fixed_camera_are_not_lost(tmp_path: Path) -> None:
    files = photographs()
    for place in range(2):
        for shot in range(3):
            files[f"{place}_{shot}_empty.jpg"] = jpeg(frame(place, 100 * place + shot), 90)
        for number, (x, y, size) in enumerate(((120, 300, 1.0), (420, 260, 1.0), (250, 220, 1.8))):
            files[f"{place}_{number}_animal.jpg"] = jpeg(frame(place, 100 * place + 50 + number, (x, y), size=size), 90)
    found = judged(make_line(tmp_path, files))
    assert "no" not in marks(found).values()
    for group in {group for group, _, _ in found.values()}:
        members = [path for path, (own, _, _) in found.items() if own == group]
        assert len({path.endswith("empty.jpg") for path in members}) == 1  # no animal beside an empty frame


def test_pages_scanned_twice_are_found_and_forms_filled_in_differently_are_not(tmp_path: Path) -> None:
    files: Files = {f"page_{seed:02d}.png": scanned(page(seed), 500 + seed) for seed in range(16)}
    files |= {f"form_{seed}.png": scanned(form(100 + seed), 600 + seed) for seed in range(6)}
    files |= {f"page_{seed:02d}_again.jpg": jpeg(scanned(page(seed), 700 + seed), 80) for seed in (3, 4)}
    found = judged(make_line(tmp_path, files))
    assert "no" not in marks(found).values()
    assert {path for path in found if path.startswith("page")} == {
        f"page_{seed:02d}{end}" for seed in (3, 4) for end in (".png", "_again.jpg")
    }
    assert len([path for path in found if path.startswith("form")]) <= 2  # perhaps, never sure


@pytest.mark.parametrize("scale", [64, 4])
def test_two_grey_pictures_of_few_bits_are_never_copies(scale: int, tmp_path: Path) -> None:
    files = photographs()
    for seed in (0, 1):
        grey = np.asarray(photograph(seed).convert("L")).astype(np.uint16) * scale
        files[f"x_ray_{seed}.png"] = png(Image.fromarray(grey))
    found = judged(make_line(tmp_path, files))
    groups = {found[path][0] for path in ("x_ray_0.png", "x_ray_1.png") if path in found}
    assert len(groups) in (0, 2)


def test_turned_and_mirrored_copies_are_found_and_not_marked(tmp_path: Path) -> None:
    files = photographs()
    changes = [
        Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE,
    ]  # fmt: skip
    for seed, change in enumerate(changes):
        files[f"turned_{seed}.png"] = png(photograph(seed).transpose(change))
    found = judged(make_line(tmp_path, files))
    assert "no" not in marks(found).values()
    for seed in range(len(changes)):
        assert found[f"turned_{seed}.png"][0] == found[f"photo_{seed:02d}.jpg"][0]


def test_a_camera_s_file_is_kept_over_what_was_saved_again(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272] = "Maker", "Model"
    files = photographs()
    files["IMG_0000.jpg"] = jpeg(photograph(50), 92, exif=exif)
    files["IMG_0000 (1).png"] = png(opened(bytes(files["IMG_0000.jpg"])))
    found = judged(make_line(tmp_path, files))
    assert marks(found) == {"IMG_0000.jpg": "yes", "IMG_0000 (1).png": "no"}
    assert found["IMG_0000.jpg"][2] == "from a camera, Maker Model; the others name none"


def test_an_original_that_takes_too_much_is_unsure_and_never_ends_the_stage(tmp_path: Path) -> None:
    files = photographs()
    files["again.jpg"] = jpeg(opened(bytes(files["photo_00.jpg"])), 60)
    files["same.jpg"] = files["photo_01.jpg"]
    line = make_line(tmp_path, files)
    line.set(resize={"max_megapixels": 0.01})
    found = judged(line)
    keep, reason = next(found[path][1:] for path in ("again.jpg", "photo_00.jpg") if found[path][1] != "yes")
    assert keep == "unsure"
    assert reason.startswith("can't be told: too large (")
    assert sorted(found[path][1] for path in ("same.jpg", "photo_01.jpg")) == ["no", "yes"]
