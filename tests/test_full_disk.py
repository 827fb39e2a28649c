"""A disk that is full, or can't be written otherwise: the last good state stays, and the reason is the true one."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Line
from typer.testing import CliRunner

from pipeline.artifacts import (
    ArrayWriter,
    claimed,
    replaced,
    replaced_folder,
    save_index,
    save_json,
    save_table,
    unwritable,
)
from pipeline.artifacts.index import Picture
from pipeline.cli import app
from pipeline.errors import ArtifactError, PipelineError

PICTURE = "ramps/ramp 03.png"
STAGES = (
    "scan", "resize", "neighbours", "groups", "duplicates", "evaluate", "report", "map", "uniqueness", "tolerance",
)  # fmt: skip


@pytest.fixture(scope="module")
def disk(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """The line on a small disk of its own, which has no room left; its dataset lies elsewhere."""
    place = tmp_path_factory.mktemp("disk")
    size = sum(path.stat().st_size for path in line.artifacts.root.rglob("*")) + (2 << 20)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can make a disk of its own")
    try:
        shutil.copytree(line.artifacts.root, place / "artifacts")
        shutil.copy(line.params_file, place / "params.yaml")
        own = Line(place)
        with claimed(own.artifacts):
            pass
        with (place / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                assert shutil.disk_usage(place).free == 0
        yield own
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


@pytest.mark.parametrize("stage", STAGES)
def test_on_a_full_disk_a_stage_says_so_and_all_stays_as_it_was(disk: Line, stage: str) -> None:
    before = everything(disk.root)
    result = CliRunner().invoke(
        app, ["--params", str(disk.params_file), "--artifacts", str(disk.artifacts.root), stage], catch_exceptions=True
    )
    after = everything(disk.root)
    assert isinstance(result.exception, PipelineError), repr(result.exception)
    if stage not in ("report", "map", "uniqueness"):  # they lack what the shared line hasn't made, or have no room
        assert "the disk is full: make room on it" in str(result.exception)
        assert " is as it was before" in str(result.exception)
    assert after.keys() == before.keys()
    assert after == before


@pytest.mark.parametrize(
    "arguments",
    [["query", PICTURE, "--sheet", "x.png"], ["query", PICTURE, "--copy-to", "found"], ["matrix", "--out", "x.npy"]],
    ids=" ".join,
)
def test_on_a_full_disk_a_command_says_so_before_its_answer(disk: Line, line: Line, arguments: list[str]) -> None:
    words = [str(line.dataset / PICTURE) if word == PICTURE else word for word in arguments]
    words[-1] = str(disk.root / words[-1])
    options = ["--params", str(disk.params_file), "--artifacts", str(disk.artifacts.root)]
    command = [sys.executable, "-m", "pipeline", *options, *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "the disk is full: make room on it" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(disk.root.glob("x.*")) + list(disk.root.glob(".unfinished*"))


LIMITED = """
import resource, sys
from pathlib import Path
from pipeline.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
@pytest.mark.parametrize(
    "arguments", [["resize"], ["matrix", "--out", "OUT/x.npy"], ["query", PICTURE, "--sheet", "OUT/x.png"]]
)
def test_a_limit_on_the_size_of_files_is_told(own_line: Line, line: Line, tmp_path: Path, arguments: list[str]) -> None:
    if arguments[0] == "resize":
        shutil.rmtree(own_line.artifacts.pictures)
    words = [word.replace("OUT", str(tmp_path)).replace(PICTURE, str(line.dataset / PICTURE)) for word in arguments]
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root)]
    command = [sys.executable, "-c", LIMITED, *options, *words]
    if arguments[0] in ("matrix", "resize"):
        command[2] = LIMITED.replace("1 << 16", "1 << 12" if arguments[0] == "matrix" else "1 << 18")
    before = own_line.artifacts.index.stat().st_ino
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "can't be written: the file is larger than this file system or account allows" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert own_line.artifacts.index.stat().st_ino == before
    assert arguments[0] != "resize" or not list(own_line.artifacts.pictures.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_folder_for_temporary_files_that_cannot_be_written_is_told(own_line: Line) -> None:
    shutil.rmtree(own_line.artifacts.pictures)
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root), "resize"]
    command = [sys.executable, "-c", LIMITED, *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "can't be written: File too large; make room there, or name another folder in the variable TMPDIR" in (
        ended.stderr
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space"), "the disk is full: make room on it"),
        (OSError(errno.EDQUOT, "Quota"), "the disk is full, or your share of it"),
        (OSError(errno.EROFS, "Read-only"), "the disk can only be read"),
        (PermissionError(errno.EACCES, "denied"), "permission denied: write to a folder that you can write to"),
        (OSError(errno.ENAMETOOLONG, "long"), "the name is too long: choose a shorter one"),
        (OSError(errno.EIO, "io"), "the disk fails"),
        (OSError("Unable to flush (file write failed: errno = 28, error message = 'No space')"), "the disk is full"),
        (OSError("[Errno 28] Error writing bytes to file"), "the disk is full"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (sqlite3.OperationalError("disk I/O error"), "the disk fails"),
        (OSError("encoder error -2 when writing image file"), "encoder error -2 when writing image file: check"),
    ],
)  # fmt: skip
def test_the_reason_is_the_true_one(tmp_path: Path, error: Exception, words: str) -> None:
    assert f"x.png can't be written: {words}" in unwritable(tmp_path / "x.png", error)
    (tmp_path / "x.png").write_text("old")
    for write in (replaced, replaced_folder):
        target = tmp_path / ("x.png" if write is replaced else "folder")
        with pytest.raises(ArtifactError, match="and run it again; this file is as it was before"), write(target):
            raise error
    assert (tmp_path / "x.png").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_what_cannot_be_read_is_not_called_unwritable(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replaced(tmp_path / "x"):
        (tmp_path / "gone").read_bytes()


@pytest.mark.parametrize("kind", ["array", "json", "table", "index"])
def test_everything_that_is_written_tells_it(disk: Line, kind: str) -> None:
    path = disk.root / "new"

    def write() -> None:
        if kind == "array":
            with ArrayWriter(path, row_shape=(9,), dtype=float) as writer:
                writer.append(np.zeros((9, 9)))
        elif kind == "json":
            save_json(path, {"a": "b" * 9999})
        elif kind == "table":
            save_table(path, ("a",), [("b" * 9999,)])
        else:
            save_index(path, [Picture("a", "b", 1, 1)], origin={"dataset": "x"})

    with pytest.raises(ArtifactError, match="new can't be written: the disk is full"):
        write()
    assert not list(disk.root.glob("*new*"))
