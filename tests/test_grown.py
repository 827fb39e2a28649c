"""The pictures that the shipped start is trained on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from conftest import ROOT
from PIL import Image


def grown(folder: Path, *, count: int, seed: int) -> list[bytes]:
    command = [sys.executable, ROOT / "benchmarks" / "grown.py", folder, "--count", count, "--seed", seed]
    subprocess.run([*map(str, command), "--workers", "1"], check=True, capture_output=True)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_a_grown_picture_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    few, more = (grown(tmp_path / str(count), count=count, seed=3) for count in (3, 6))
    assert more[:3] == few
    assert len(set(more)) == 6
    assert set(grown(tmp_path / "other", count=3, seed=4)).isdisjoint(few)


def test_grown_pictures_are_as_large_as_the_encoder_wants_and_show_something(tmp_path: Path) -> None:
    grown(tmp_path, count=8, seed=0)
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert (picture.mode, picture.size) == ("RGB", (256, 256))
            assert np.asarray(picture).std() > 3
