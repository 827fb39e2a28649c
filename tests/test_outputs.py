"""The door: what a command writes where its user says, over all commands and all places that it may not write to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import COPIES, Line, embed_again
from PIL import Image
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.cli.answers.outputs import open_door
from pipeline.errors import QueryError
from pipeline.stages.neighbours import neighbours
from pipeline.stages.resize import resize
from pipeline.stages.tolerance import tolerance

PICTURE, OTHER = "ramps/ramp 03.png", "ramps/ramp 04.png"
FILES = {  # command and option: its arguments before, and the suffix of what it writes
    "query --sheet": (["query", PICTURE], ".png"),
    "compare --sheet": (["compare", PICTURE, OTHER], ".png"),
    "compare --csv": (["compare", PICTURE, OTHER], ".csv"),
    "matrix --out": (["matrix"], ".npy"),
    "atlas --out": (["atlas"], ".parquet"),
}
FOLDERS = {
    "query --copy-to": ["query", PICTURE],
    "label --out": ["label", "examples.csv"],
    "duplicates --links": ["duplicates"],
}
FORCED = {name: FILES[name] for name in FILES} | {"query --copy-to": (["query", PICTURE], "")}


class Place:
    """A line of one's own, and a folder beside it with things of the user's."""

    def __init__(self, line: Line, home: Path) -> None:
        self.line, self.home = line, home

    def run(self, command: str, target: Path, *further: str) -> Result:
        arguments = FILES[command][0] if command in FILES else FOLDERS[command]
        paths = {PICTURE: self.line.dataset / PICTURE, OTHER: self.line.dataset / OTHER}
        words = [str(paths.get(word, self.home / word if word.endswith(".csv") else word)) for word in arguments]
        options = ["--params", str(self.line.params_file), "--artifacts", str(self.line.artifacts.root)]
        return CliRunner().invoke(app, [*options, *words, command.split()[1], str(target), *further])

    def everything(self) -> dict[str, tuple[int, bytes | str]]:
        """Return every file and link below home, dataset and artefacts: its number, and what it holds."""
        found = {}
        for root in (self.home, self.line.root):
            for path in root.rglob("*"):
                kind = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
                found[str(path)] = (path.lstat().st_ino, kind)
        return found


@pytest.fixture(scope="module")
def linked_line(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the line whose dataset reaches a folder beside it by a link; for reading only."""
    root = tmp_path_factory.mktemp("outputs")
    shutil.copytree(line.root, root / "line")
    linked = Line(root / "line")
    shutil.copytree(linked.dataset / "discs", root / "linked album")
    (linked.dataset / "album").symlink_to(root / "linked album", target_is_directory=True)
    read_again(linked)
    return linked


def read_again(line: Line) -> None:
    line.set(dataset={"path": str(line.dataset)})
    resize(line.params, line.artifacts)
    embed_again(line.artifacts)
    neighbours(line.params, line.artifacts)
    tolerance(line.params, line.artifacts)


@pytest.fixture
def place(linked_line: Line, tmp_path: Path) -> Place:
    return place_of(linked_line, tmp_path / "home")


def place_of(own_line: Line, home: Path) -> Place:
    home.mkdir()
    (home / "examples.csv").write_text(f"path,label\n{PICTURE},a\n{COPIES[0]},b\n")
    (home / "mine").write_text("precious")
    (home / "way in").symlink_to(own_line.dataset, target_is_directory=True)
    return Place(own_line, home)


def refused(place: Place, command: str, target: Path, message: str, *further: str) -> None:
    before = place.everything()
    result = place.run(command, target, *further)
    assert isinstance(result.exception, QueryError), result.output
    assert message in str(result.exception)
    assert command.split()[1] in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.stdout == ""
    assert place.everything() == before


def name(command: str, stem: str = "x") -> str:
    return stem + (FILES[command][1] if command in FILES else "")


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
@pytest.mark.parametrize("way", ["dataset", "through a link", "where a link of the dataset leads", "new folder"])
def test_nothing_is_written_into_the_dataset(place: Place, command: str, way: str, force: bool) -> None:
    folders = {
        "dataset": place.line.dataset / "discs",
        "through a link": place.home / "way in",
        "where a link of the dataset leads": place.line.root.parent / "linked album",
        "new folder": place.line.dataset / "a new" / "folder",
    }
    further = ["--force"] if force and command in FORCED else []
    refused(
        place, command, folders[way] / name(command), "lies in the dataset, where nothing is ever written", *further
    )


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
@pytest.mark.parametrize("where", ["", "plots", "new"])
def test_nothing_is_written_among_the_artefacts(place: Place, command: str, where: str, force: bool) -> None:
    further = ["--force"] if force and command in FORCED else []
    target = place.line.artifacts.root / where / name(command, "embeddings")
    refused(place, command, target, "lies in", *further)
    assert place.line.artifacts.embeddings.is_file()


@pytest.mark.parametrize("command", FILES)
def test_a_file_of_the_users_is_not_replaced_unless_it_is_said(place: Place, command: str) -> None:
    target = place.home / name(command)
    target.write_text("precious")
    refused(place, command, target, "is there already; name another file, or add --force to replace it")


@pytest.mark.parametrize("command", [name for name in FILES if name != "atlas --out"])
def test_with_force_it_is_replaced_and_neither_a_link_nor_another_name_of_it_is_written_through(
    place: Place, command: str
) -> None:
    for kind in ("file", "hard link", "symbolic link", "broken link"):
        target, other = place.home / name(command, kind), place.home / f"{kind} of mine"
        other.write_text("precious")
        if kind == "file":
            target.write_text("old")
        elif kind == "hard link":
            os.link(other, target)
        else:
            target.symlink_to(other if kind == "symbolic link" else "nowhere")
        assert place.run(command, target).exit_code == 1
        assert place.run(command, target, "--force").exit_code == 0
        assert target.is_file()
        assert not target.is_symlink()
        assert target.stat().st_nlink == 1
        assert other.read_text() == "precious"
    assert not list(place.home.glob(".*"))


def test_a_picture_that_the_dataset_links_to_is_not_replaced_by_force(own_line: Line, tmp_path: Path) -> None:
    place = place_of(own_line, tmp_path / "home")
    original = place.home / "original.png"
    shutil.copy(own_line.dataset / OTHER, original)
    (own_line.dataset / "a link.png").symlink_to(original)
    read_again(own_line)
    refused(place, "query --sheet", original, "is a picture of the dataset, which is never replaced", "--force")


@pytest.mark.parametrize("command", FILES)
def test_a_folder_in_the_place_of_a_file_is_said(place: Place, command: str) -> None:
    (place.home / name(command)).mkdir()
    for target in (place.home, place.home / name(command)):
        refused(place, command, target, "is a folder; name the file to write")
        refused(place, command, target, "is a folder; name the file to write", "--force")


@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("stem", ["x.words", "x", "x.npy.txt"])
def test_a_suffix_that_is_not_written_is_refused(place: Place, command: str, stem: str) -> None:
    refused(place, command, place.home / stem, f"name it {FILES[command][1]}")


def test_the_matrix_is_never_called_a_table(place: Place) -> None:
    refused(place, "matrix --out", place.home / "m.csv", "name it .npy")


@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_file_in_the_place_of_a_folder_is_said(place: Place, command: str) -> None:
    refused(place, command, place.home / "mine" / name(command), "name a folder that you can write to")
    if command in FOLDERS:
        refused(place, command, place.home / "mine", "is a file; name a folder")


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_that_holds_something_of_the_users_is_refused(place: Place, command: str) -> None:
    refused(place, command, place.home, "a new folder")


@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_name_that_is_too_long_is_said(place: Place, command: str) -> None:
    refused(place, command, place.home / name(command, "x" * 300), "the name is too long: choose a shorter one")
    refused(place, command, place.home / ("x" * 300) / name(command), "the name is too long: choose a shorter one")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_folder_that_cannot_be_written_to_is_said(place: Place, command: str) -> None:
    place.home.chmod(0o555)
    refused(place, command, place.home / name(command), "permission denied")


@pytest.mark.parametrize("command", [name for name in FILES if name != "atlas --out"])
def test_missing_folders_are_made(place: Place, command: str) -> None:
    target = place.home / "one" / "two" / name(command)
    result = place.run(command, target)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]


def test_a_special_file_is_not_replaced(place: Place) -> None:
    os.mkfifo(place.home / "pipe.png")
    result = place.run("query --sheet", place.home / "pipe.png", "--force")
    assert "is no file; name a file to write" in str(result.exception)


def test_copies_are_put_beside_what_is_there_where_it_is_said(place: Place) -> None:
    folder = place.home / "found"
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")
    assert place.run("query --copy-to", folder, "--n", "2").exit_code == 1
    assert place.run("query --copy-to", folder, "--n", "2", "--force").exit_code == 0
    copies = sorted(folder.glob("00*"))
    assert len(copies) == 2
    other = place.home / "other"
    other.write_text("precious")
    copies[0].unlink()
    os.link(other, copies[0])
    copies[1].unlink()
    copies[1].symlink_to(other)
    assert place.run("query --copy-to", folder, "--n", "2", "--force").exit_code == 0
    assert other.read_text() == "precious"
    assert (folder / "mine.txt").read_text() == "precious"
    assert not copies[1].is_symlink()


def test_what_is_put_in_the_place_meanwhile_is_not_replaced(place: Place) -> None:
    output = open_door(place.line.params, place.line.artifacts, force=False).file(
        place.home / "x.csv", "--csv", (".csv",)
    )

    def written() -> None:
        with output.written() as path:
            path.write_text("new")
            (place.home / "x.csv").write_text("precious")

    with pytest.raises(QueryError, match="is there already"):
        written()
    assert (place.home / "x.csv").read_text() == "precious"


@pytest.mark.parametrize("linked", [True, False])
def test_without_hard_links_it_is_renamed(place: Place, monkeypatch: pytest.MonkeyPatch, linked: bool) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError("no hard links here")

    if not linked:
        monkeypatch.setattr(os, "link", refuses)
    assert place.run("compare --csv", place.home / "x.csv").exit_code == 0
    assert (place.home / "x.csv").read_text().startswith("rank,path")
    assert (place.home / "x.csv").stat().st_nlink == 1


def test_a_sheet_higher_than_its_kind_can_be_is_said_with_the_remedy(place: Place) -> None:
    tall = Image.fromarray(np.zeros((70_000, 1, 3), np.uint8))
    from pipeline.cli.answers.outputs import SHEETS, save_picture

    door = open_door(place.line.params, place.line.artifacts, force=False)
    with pytest.raises(QueryError, match=r"\.jpg holds 65,535; name it \.png, or ask for fewer pictures"):
        save_picture(tall, door.file(place.home / "x.jpg", "--sheet", SHEETS))
    save_picture(tall, door.file(place.home / "x.png", "--sheet", SHEETS))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
def test_a_sheet_is_what_its_suffix_says(place: Place, suffix: str) -> None:
    assert place.run("query --sheet", place.home / f"x{suffix}").exit_code == 0
    kinds = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    with Image.open(place.home / f"x{suffix}") as sheet:
        assert sheet.format == kinds[suffix.lower()]


def test_where_a_file_system_has_no_inodes_folders_are_told_apart(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.stat

    def without_inode(*arguments: Any, **options: Any) -> os.stat_result:
        facts = look(*arguments, **options)
        return os.stat_result((facts.st_mode, 0, *facts[2:]))

    (tmp_path / "way in").symlink_to(line.dataset, target_is_directory=True)
    monkeypatch.setattr(os, "stat", without_inode)  # the system's, not ours: such a share takes a network
    door = open_door(line.params, line.artifacts, force=False)
    assert door.file(tmp_path / "x.png", "--sheet", (".png",)).path == tmp_path / "x.png"
    for folder in (line.dataset / "discs", tmp_path / "way in"):
        with pytest.raises(QueryError, match="lies in the dataset"):
            door.file(folder / "x.png", "--sheet", (".png",))


@pytest.mark.parametrize("way", ["the folder of what is no picture", "the empty folder", "new.png", "raw.png"])
def test_what_the_dataset_links_to_is_never_written_whatever_is_in_it(place: Place, tmp_path: Path, way: str) -> None:
    """Neither where no picture lies, nor what no picture is, nor what came after the pictures were read."""
    folders = {"the folder of what is no picture": tmp_path / "raws", "the empty folder": tmp_path / "empty"}
    for folder in folders.values():
        folder.mkdir()
    for file in (tmp_path / "raws/a.psd", tmp_path / "raw.png", tmp_path / "new.png"):
        file.write_bytes(b"8BPS precious")
    links = [place.line.dataset / f"link {number}" for number in range(4)]
    for link, target in zip(links, (*folders.values(), tmp_path / "raw.png", tmp_path / "new.png"), strict=True):
        link.symlink_to(target)
    try:
        target = folders[way] / "x.png" if way in folders else tmp_path / way
        refused(place, "query --sheet", target, "dataset", "--force")
    finally:
        for link in links:
            link.unlink()
