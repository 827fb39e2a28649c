"""Which files of a folder are found: each once, under its real name, whatever links lead where."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pipeline.pictures import FoundFile, find_files, finding, look_through


def by_path(folder: Path) -> dict[str, FoundFile]:
    return {file.path: file for file in find_files(folder)}


def write(path: Path, data: bytes = b"data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_files_are_found_at_any_depth_under_any_name(tmp_path: Path) -> None:
    names = ["a.jpg", "b/a.jpg", "b/c/d/e/F.JPG", ".hidden", ".b/c", "雪 and é/two  spaces.png", "line\nbreak"]
    for name in names:
        write(tmp_path / name)
    assert by_path(tmp_path).keys() == set(names)


def test_files_come_sorted_by_path(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a.jpg", "a/b/c", "B", "a-b", "é"):
        write(tmp_path / name)
    assert [file.path for file in find_files(tmp_path)] == ["B", "a-b", "a.jpg", "a/b/c", "a/z", "b", "é"]


def test_a_file_is_found_with_its_size_and_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"12345")
    os.utime(path, ns=(10**18, 10**18 + 7))
    assert find_files(tmp_path) == [FoundFile("a", 5, path.stat().st_mtime_ns, "", inode=path.stat().st_ino)]


def test_an_empty_folder_holds_no_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    assert find_files(tmp_path) == []


def test_a_broken_link_is_found_with_its_problem(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("nowhere")
    assert by_path(tmp_path)["a"].problem == "broken link"


@pytest.mark.parametrize("target", ["..", "../..", "."])
def test_a_link_to_a_folder_above_is_found_once_as_circular(tmp_path: Path, target: str) -> None:
    write(tmp_path / "b/c/file")
    (tmp_path / "b/c/loop").symlink_to(target)
    assert {path: file.problem for path, file in by_path(tmp_path).items()} == {
        "b/c/file": "",
        "b/c/loop": "circular link",
    }


def test_a_link_to_itself_is_found_with_its_problem(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    assert by_path(tmp_path)["a"].problem == "Too many levels of symbolic links"


@pytest.mark.parametrize("count", [2, 8, 30])
def test_folders_that_all_link_to_each_other_are_each_entered_once(tmp_path: Path, count: int) -> None:
    for one in range(count):
        write(tmp_path / f"{one:02d}/picture", bytes([one]))
        for other in range(count):
            if other != one:
                (tmp_path / f"{one:02d}/to {other:02d}").symlink_to(f"../{other:02d}")
    found = by_path(tmp_path)
    assert [path for path in found if not found[path].problem] == [f"{one:02d}/picture" for one in range(count)]
    assert len(found) == count + count * (count - 1)
    assert found["01/to 00"].problem == "the same folder as 00 (a link to it)"


def test_a_folder_1100_deep_is_looked_through(tmp_path: Path) -> None:
    folders = [str(tmp_path) + "/d" * depth for depth in range(1, 1101)]  # Python's own functions recurse
    for folder in folders:
        os.mkdir(folder)
    file = Path(folders[-1], "a")
    file.touch()
    found = find_files(tmp_path)
    file.unlink()
    for folder in reversed(folders):
        os.rmdir(folder)
    assert [(file.path, file.problem) for file in found] == [("d/" * 1100 + "a", "")]


def test_what_lies_too_deep_for_the_system_is_one_line_with_its_problem(tmp_path: Path) -> None:
    write(tmp_path / "a")
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(30):  # no path may be longer than 4,096 bytes, but from folder to folder one goes further
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    files = find_files(tmp_path)
    assert [(file.path, file.problem) for file in files if not file.problem] == [("a", "")]
    assert ["too long" in file.problem for file in files if file.problem] == [True]
    shutil.rmtree(tmp_path / ("d" * 200))


def test_a_link_to_a_listed_file_is_no_other_file(tmp_path: Path) -> None:
    write(tmp_path / "z/real.jpg")
    (tmp_path / "a.jpg").symlink_to("z/real.jpg")
    (tmp_path / "b").symlink_to("z")
    assert {path: file.problem for path, file in by_path(tmp_path).items()} == {
        "z/real.jpg": "",
        "a.jpg": "the same file as z/real.jpg (a link to it)",
        "b": "the same folder as z (a link to it)",
    }
    assert {path: file.same_as for path, file in by_path(tmp_path).items()} == {
        "z/real.jpg": "",
        "a.jpg": "z/real.jpg",
        "b": "z",
    }


def test_of_hard_links_the_one_in_the_fewest_folders_is_listed(tmp_path: Path) -> None:
    write(tmp_path / "album/a.jpg")
    os.link(tmp_path / "album/a.jpg", tmp_path / "z.jpg")
    os.link(tmp_path / "album/a.jpg", tmp_path / "album/b.jpg")
    assert {path: file.problem for path, file in by_path(tmp_path).items()} == {
        "z.jpg": "",
        "album/a.jpg": "the same file as z.jpg (a hard link)",
        "album/b.jpg": "the same file as z.jpg (a hard link)",
    }


def test_two_links_to_one_file_outside_are_one_picture(tmp_path: Path) -> None:
    write(tmp_path / "outside/a.jpg")
    (tmp_path / "inside").mkdir()
    for name in ("one", "two"):
        (tmp_path / "inside" / name).symlink_to("../outside/a.jpg")
    assert {path: file.problem for path, file in by_path(tmp_path / "inside").items()} == {
        "one": "",
        "two": "the same file as one (a link to it)",
    }


def test_where_there_are_no_inodes_the_place_that_a_name_leads_to_counts(tmp_path: Path) -> None:
    facts = os.stat_result((0o100644, *[0] * 9))  # mode, then inode 0, as some network shares and Windows give
    write(tmp_path / "a/1")
    write(tmp_path / "b/1")
    (tmp_path / "c").symlink_to("a/1")
    one, other, link = (finding._identity(facts, str(tmp_path / path)) for path in ("a/1", "b/1", "c"))
    assert one == link != other


def test_folders_of_git_of_dvc_and_the_artefacts_are_left_out_whatever_leads_there(tmp_path: Path) -> None:
    for path in (".git/a", "b/.dvc/c", "out/d", "e", "f.dvc", ".h/i", "other/.mark", "other/j/k", ".mark"):
        write(tmp_path / path)
    (tmp_path / "g").symlink_to(".git")
    listing = look_through(tmp_path, own=tmp_path / "out", mark=".mark")
    assert [file.path for file in listing.files] == [".h/i", ".mark", "e", "f.dvc"]
    assert [file.path for file in listing.hidden] == [".h/i", ".mark"]
    assert listing.left_out == [".git", "b/.dvc", "g", "other", "out"]


def test_a_folder_of_git_is_left_out_whatever_it_is_called(tmp_path: Path) -> None:
    for path in ("backup/HEAD", "backup/objects/a.jpg", "backup/refs/b", "mine/HEAD", "mine/refs/c"):
        write(tmp_path / path)
    listing = look_through(tmp_path, own=None, mark="")
    assert ([file.path for file in listing.files], listing.left_out) == (["mine/HEAD", "mine/refs/c"], ["backup"])


def test_a_pipe_is_found_with_its_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert by_path(tmp_path)["pipe"].problem == "neither a file nor a folder"


@pytest.mark.parametrize("target", ["outside/a.jpg", "outside"])
def test_links_that_lead_outside_are_followed(tmp_path: Path, target: str) -> None:
    write(tmp_path / "outside/a.jpg", b"123")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/link").symlink_to(tmp_path / target)
    assert [(file.size_bytes, file.problem) for file in find_files(tmp_path / "inside")] == [(3, "")]
