"""K-group folders: the order in them, their names, links and copies, and what the stage makes of them."""

from __future__ import annotations

import csv
import errno
import os
import re
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from conftest import COPIES, Line, embed_again, sign
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from pipeline.artifacts import (
    DUPLICATES_COLUMNS,
    load_embeddings,
    load_json,
    load_table,
    open_index,
    save_json,
    save_table,
)
from pipeline.cli import app
from pipeline.errors import ArtifactError
from pipeline.groups import elbow_by_pyclustering
from pipeline.show.folders import GroupFolder, lay_out, link
from pipeline.stages.groups import groups
from pipeline.stages.resize import resize

PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=90)
PATHS = st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12, unique=True)


def in_one_group(paths: list[str]) -> GroupFolder:
    (folder,) = lay_out(
        paths,
        groups=np.zeros(len(paths), np.int64),
        medoids=np.array([0]),
        similarities=np.linspace(1, 0, len(paths), dtype=np.float32),
    )
    return folder


# --- the plan -----------------------------------------------------------------------------------------------


def test_the_medoid_is_first_and_the_rest_by_similarity_then_row() -> None:
    folders = lay_out(
        [f"{row}.png" for row in range(7)],
        groups=np.array([1, 0, 1, 0, 1, 1, 1]),
        medoids=np.array([3, 4]),
        similarities=np.array([0.5, 0.9, 1.0, 1.0, 1.0, 0.7, 0.5], np.float32),  # row 2 is a copy of medoid 4
    )
    assert [folder.name for folder in folders] == ["1", "2"]
    assert [folder.rows for folder in folders] == [(3, 1), (4, 2, 5, 0, 6)]
    assert folders[0].files == ("001_3.png", "002_1.png")


def test_every_picture_is_in_one_folder() -> None:
    generator = np.random.default_rng(0)
    medoids = np.array([4, 9, 30])
    chosen = generator.integers(3, size=50)
    chosen[medoids] = [0, 1, 2]
    folders = lay_out([f"{row}" for row in range(50)], groups=chosen, medoids=medoids, similarities=np.zeros(50))
    assert sorted(row for folder in folders for row in folder.rows) == list(range(50))


def test_folders_sort_by_name_as_by_number() -> None:
    folders = lay_out(["a.png"] * 12, groups=np.arange(12), medoids=np.arange(12), similarities=np.ones(12))
    names = [folder.name for folder in folders]
    assert names == sorted(names)
    assert names[0] == "01"


def test_files_sort_by_name_as_in_the_group_beyond_a_thousand() -> None:
    files = in_one_group([f"{row % 7}/{row}.png" for row in range(1200)]).files
    assert list(files) == sorted(files)


def test_the_path_stays_readable() -> None:
    assert in_one_group(["faces/Żółw 2.JPG"]).files == ("001_faces_Żółw 2.JPG",)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("noend", "001_noend"),
        (".png", "001_.png"),
        ("a.b/c.d.png", "001_a.b_c.d.png"),
        ("a/b.tar.gz", "001_a_b.tar.gz"),
        ("a.what a long ending", "001_a.what a long ending"),
    ],
)
def test_odd_endings_are_kept(path: str, name: str) -> None:
    assert in_one_group([path]).files == (name,)


@given(PATHS)
def test_names_never_collide_and_fit_any_file_system(paths: list[str]) -> None:
    files = in_one_group(paths).files
    assert len({name.casefold() for name in files}) == len(paths)
    assert "000_contact_sheet.jpg" not in files
    for name in files:
        assert len(name.encode()) <= 255
        assert not set(name) & {"/", "\0"}


def test_paths_that_flatten_to_one_name_do_not_collide() -> None:
    assert in_one_group(["a/b.png", "a_b.png"]).files == ("001_a_b.png", "002_a_b.png")


def test_a_long_name_is_cut_at_its_front_between_letters() -> None:
    (name,) = in_one_group(["日" * 50 + "/" + "本" * 70 + ".png"]).files
    assert len(name.encode()) <= 205
    assert re.fullmatch(r"001_…本+\.png", name)


# --- links --------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    (tmp_path / "picture.png").write_bytes(b"pixels")
    return tmp_path / "picture.png"


def test_a_hard_link_shares_the_file(picture: Path, tmp_path: Path) -> None:
    link(picture, tmp_path / "linked.png", hard=True)
    assert (tmp_path / "linked.png").samefile(picture)


def test_a_copy_does_not_share_the_file(picture: Path, tmp_path: Path) -> None:
    link(picture, tmp_path / "copy.png", hard=False)
    assert not (tmp_path / "copy.png").samefile(picture)
    assert (tmp_path / "copy.png").read_bytes() == b"pixels"


def test_a_link_to_a_link_ends_at_the_picture(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "alias.png").symlink_to("picture.png")
    (tmp_path / "deeper").mkdir()
    link(tmp_path / "alias.png", tmp_path / "deeper" / "linked.png", hard=True)
    assert (tmp_path / "deeper" / "linked.png").samefile(picture)
    assert not (tmp_path / "deeper" / "linked.png").is_symlink()


def test_another_file_system_gets_a_copy(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refused)  # the system's, not ours: a second file system needs root
    link(picture, tmp_path / "copy.png", hard=True)
    assert (tmp_path / "copy.png").read_bytes() == b"pixels"


@pytest.mark.parametrize("hard", [True, False])
def test_a_picture_that_has_gone_is_an_error(tmp_path: Path, hard: bool) -> None:
    with pytest.raises(ArtifactError, match=r"gone\.png has gone, the dataset has changed: run `pipeline resize`"):
        link(tmp_path / "gone.png", tmp_path / "linked.png", hard=hard)


@pytest.mark.parametrize("command", ["groups", "duplicates --links OUT", "query DISC --n 60 --copy-to OUT"])
def test_a_picture_that_cannot_be_read_is_not_called_a_place_that_cannot_be_written(
    own_line: Line, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before = own_line.artifacts.groups_table.read_bytes()
    save_table(own_line.artifacts.duplicates, DUPLICATES_COLUMNS, [(1, path, 1, "exact", "yes", "") for path in COPIES])
    save_json(own_line.artifacts.metrics("duplicates"), {})
    sign(own_line, "duplicates")
    closed, opened = line.dataset / COPIES[1], Path.open

    def open_path(path: Path, *arguments: Any, **options: Any) -> IO[Any]:
        if path == closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_path)  # the system's, not ours: root may read everything
    words = command.replace("OUT", str(tmp_path / "out")).replace("DISC", "discs/disc-01.png").split()
    words = [str(line.dataset / "discs/disc 01.png") if word == "discs/disc-01.png" else word for word in words]
    options = ["--params", str(own_line.params_file), "--artifacts", str(own_line.artifacts.root)]
    result = CliRunner().invoke(app, [*options, *words])
    assert isinstance(result.exception, ArtifactError), result.output
    assert str(result.exception) == f"{closed} can't be read: Permission denied; make it readable, and run this again"
    assert own_line.artifacts.groups_table.read_bytes() == before


# --- the stage ----------------------------------------------------------------------------------------------


def group_folders(line: Line) -> list[Path]:
    return sorted(path for path in line.artifacts.groups.iterdir() if path.is_dir())


def links_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != "000_contact_sheet.jpg")


def test_the_table_has_a_row_for_every_picture_in_order(line: Line) -> None:
    with line.artifacts.groups_table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "group", "similarity", "medoid"]
    paths = [row["path"] for row in rows]
    assert paths == sorted(paths)
    assert len(paths) == 58
    assert {row["group"] for row in rows} == {"1", "2", "3"}
    assert sorted(row["group"] for row in rows if row["medoid"] == "yes") == ["1", "2", "3"]
    assert all(float(row["similarity"]) == 1 for row in rows if row["medoid"] == "yes")


def test_the_largest_group_is_first(line: Line) -> None:
    sizes = [len(links_in(folder)) for folder in group_folders(line)]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == 58


def test_the_folders_hold_what_the_table_says_medoid_first(line: Line) -> None:
    table = load_table(line.artifacts.groups_table, ("path", "group", "similarity", "medoid"), stage="groups")
    for folder in group_folders(line):
        rows = [row for row in table if row[1] == folder.name]
        rows.sort(key=lambda row: (row[3] == "no", -float(row[2]), row[0]))
        expected = [f"{place:03d}_{row[0].replace('/', '_')}" for place, row in enumerate(rows, 1)]
        assert [path.name for path in links_in(folder)] == expected


def test_copies_are_in_one_group(line: Line) -> None:
    table = load_table(line.artifacts.groups_table, ("path", "group", "similarity", "medoid"), stage="groups")
    assert len({row[1] for row in table if row[0] in COPIES}) == 1


def test_pictures_are_hard_links_to_the_originals(line: Line) -> None:
    originals = {path.stat().st_ino for path in line.dataset.rglob("*") if path.is_file()}
    linked = {path.stat().st_ino for folder in group_folders(line) for path in links_in(folder)}
    assert linked < originals
    assert len(linked) == 58


def test_copies_are_made_where_asked_for_and_originals_are_untouched(own_line: Line) -> None:
    own_line.set(groups={"links": "copy"})
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in own_line.dataset.rglob("*.png")}
    groups(own_line.params, own_line.artifacts)
    for folder in group_folders(own_line):
        assert all(path.stat().st_nlink == 1 for path in links_in(folder))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_every_folder_has_a_contact_sheet_and_one_sheet_shows_all_medoids(line: Line) -> None:
    sheets = [folder / "000_contact_sheet.jpg" for folder in group_folders(line)]
    for sheet in [*sheets, line.artifacts.groups / "overview.png", line.artifacts.plot("groups")]:
        with Image.open(sheet) as image:
            image.load()
            assert min(image.size) > 100


def test_folders_of_an_earlier_run_do_not_survive(own_line: Line) -> None:
    (own_line.artifacts.groups / "99").mkdir()
    own_line.set(groups={"k": 2})
    groups(own_line.params, own_line.artifacts)
    assert [folder.name for folder in group_folders(own_line)] == ["1", "2"]


@pytest.mark.parametrize("links", ["hard", "copy"])
@pytest.mark.parametrize("name", ["1/mine.png", "mine/a.png", "mine.txt", "2/edited"])
def test_what_was_added_to_the_folders_or_edited_there_is_never_removed(own_line: Line, links: str, name: str) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)}, groups={"links": links})
    resize(own_line.params, own_line.artifacts)
    groups(own_line.params, own_line.artifacts)
    mine = own_line.artifacts.groups / name
    if name == "2/edited":  # as editors save: under another name, then renamed
        mine = links_in(own_line.artifacts.groups / "2")[0]
        mine.unlink()
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes(b"precious")
    with pytest.raises(ArtifactError, match="nothing of yours is ever removed: move what is yours elsewhere"):
        groups(own_line.params, own_line.artifacts)
    assert mine.read_bytes() == b"precious"
    assert len(group_folders(own_line)) >= 3


@pytest.mark.parametrize("links", ["hard", "copy"])
def test_folders_of_originals_that_have_gone_are_made_anew(own_line: Line, links: str) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)}, groups={"links": links})
    resize(own_line.params, own_line.artifacts)
    groups(own_line.params, own_line.artifacts)
    for path in (own_line.dataset / "discs").glob("*0?.png"):
        path.unlink()
    (own_line.artifacts.groups / "1" / ".DS_Store").write_bytes(b"places of icons")
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    groups(own_line.params, own_line.artifacts)
    assert len(list(own_line.artifacts.groups.glob("*/*disc*"))) < 18


@pytest.mark.parametrize("links", ["hard", "copy"])
def test_the_last_copy_of_a_picture_is_kept_and_it_is_said_where(own_line: Line, links: str) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)}, groups={"links": links})
    original, kept = own_line.dataset / "discs/disc 01_contact_sheet.png", own_line.artifacts.kept
    (own_line.dataset / "discs/disc 01.png").rename(original)
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    assert "whose originals have gone" not in groups(own_line.params, own_line.artifacts)
    content = original.read_bytes()
    original.unlink()
    (own_line.dataset / COPIES[0]).unlink()  # the same file lies there under two other names
    resize(own_line.params, own_line.artifacts)
    embed_again(own_line.artifacts)
    for _ in range(2):
        summary = groups(own_line.params, own_line.artifacts)
        assert f"; {kept} keeps 1 picture whose originals have gone: move them, or remove them" in summary
        (last,) = kept.iterdir()
        assert last.name.endswith("_discs_disc 01_contact_sheet.png")
        assert last.read_bytes() == content


def test_what_the_index_believes_to_be_there_is_looked_at(own_line: Line) -> None:
    """A picture is replaced, as editors do, and only `groups` runs: its earlier version lies in the group folder."""
    own_line.set(dataset={"path": str(own_line.dataset)})
    resize(own_line.params, own_line.artifacts)
    groups(own_line.params, own_line.artifacts)
    edited = own_line.dataset / "discs/disc 01.png"
    content = edited.read_bytes()
    edited.unlink()
    edited.write_bytes((own_line.dataset / "discs/disc 02.png").read_bytes())
    groups(own_line.params, own_line.artifacts)
    assert [path.read_bytes() for path in own_line.artifacts.kept.iterdir()] == [content]


def test_folders_without_a_list_are_left_alone_and_it_is_said(own_line: Line) -> None:
    (own_line.artifacts.groups / "files.csv").unlink()
    with pytest.raises(
        ArtifactError, match=r"holds 1/.* and no list of its files \(files\.csv\), and nothing of yours"
    ):
        groups(own_line.params, own_line.artifacts)


def test_folders_that_were_copied_elsewhere_are_known(own_line: Line) -> None:
    for path in own_line.artifacts.groups.rglob("*.png"):
        os.utime(path, (1, 1))
    groups(own_line.params, own_line.artifacts)
    assert not own_line.artifacts.kept.exists()


def test_what_a_killed_run_left_behind_does_not_matter(own_line: Line) -> None:
    left = own_line.artifacts.root / ".groups.partial" / "1"
    left.mkdir(parents=True)
    (left / "stale.png").write_bytes(b"")
    groups(own_line.params, own_line.artifacts)
    assert not left.parent.exists()
    assert not (own_line.artifacts.groups / "1" / "stale.png").exists()


def test_the_sweep_is_written_and_plotted(line: Line) -> None:
    rows = load_table(line.artifacts.elbow_table, ("k", "loss", "silhouette"), stage="groups")
    assert [row[0] for row in rows] == [str(k) for k in range(2, 9)]
    losses = [float(row[1]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    for name in ("elbow", "silhouette"):
        with Image.open(line.artifacts.plot(name)) as plot:
            assert plot.format == "PNG"


def test_metrics_name_both_criteria(line: Line) -> None:
    metrics = load_json(line.artifacts.metrics("groups"), stage="groups")
    assert list(metrics)[:6] == ["k", "loss", "silhouette", "k_auto", "k_elbow", "k_silhouette"]
    assert metrics["k"] == 3


def test_the_loss_in_the_metrics_is_the_mean_distance_to_the_own_medoid(line: Line) -> None:
    rows = load_table(line.artifacts.groups_table, ("path", "group", "similarity", "medoid"), stage="groups")
    distances = [1 - float(similarity) for _, _, similarity, _ in rows]
    loss = load_json(line.artifacts.metrics("groups"), stage="groups")["loss"]
    assert loss == pytest.approx(sum(distances) / len(distances), abs=1e-5)


def test_the_same_seed_gives_the_same_groups(own_line: Line) -> None:
    before = own_line.artifacts.groups_table.read_bytes()
    groups(own_line.params, own_line.artifacts)
    assert own_line.artifacts.groups_table.read_bytes() == before


def test_a_picture_that_has_gone_is_said_with_the_remedy_and_the_old_folders_stay(own_line: Line) -> None:
    own_line.set(dataset={"path": str(own_line.dataset)})
    resize(own_line.params, own_line.artifacts)
    (own_line.dataset / COPIES[0]).unlink()
    with pytest.raises(ArtifactError, match="the dataset has changed: run `pipeline resize`"):
        groups(own_line.params, own_line.artifacts)
    assert len(group_folders(own_line)) == 3


def test_the_engine_of_system_a_chooses_k_by_its_own_elbow(own_line: Line) -> None:
    own_line.set(groups={"engine": "pyclustering", "k": "elbow", "k_minimum": 2, "k_maximum": 8})
    groups(own_line.params, own_line.artifacts)
    with open_index(own_line.artifacts.index) as index:
        embeddings = np.asarray(load_embeddings(own_line.artifacts, index))
    seed = own_line.params.groups.seed
    expected, _ = elbow_by_pyclustering(embeddings, k_minimum=2, k_maximum=8, seed=seed)
    assert load_json(own_line.artifacts.metrics("groups"), stage="groups")["k_elbow"] == expected


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"k_maximum": 3}, "the silhouette is largest at the largest K that was tried, 3: raise groups.k_maximum"),
        ({"k_minimum": 3}, "the silhouette is largest at the smallest K that was tried, 3: lower groups.k_minimum"),
        (
            {"k_minimum": 3, "k": "auto"},
            "up to the elbow the silhouette points to the smallest K that was tried, 3",
        ),
        ({"k_maximum": 3, "k": "elbow"}, "there is no elbow from K = 2 to 3: look at its plot, and set groups.k"),
    ],
)
def test_an_end_of_the_range_that_a_criterion_hits_is_said(own_line: Line, settings: dict, said: str) -> None:
    own_line.set(groups={"k": "silhouette", "k_minimum": 2, "k_maximum": 12} | settings)
    assert said in groups(own_line.params, own_line.artifacts)


def test_three_kinds_of_picture_are_three_groups_by_the_silhouette(own_line: Line) -> None:
    own_line.set(groups={"k": "silhouette", "k_minimum": 2, "k_maximum": 100})
    summary = groups(own_line.params, own_line.artifacts)
    assert summary.startswith("3 groups")
    assert "silhouette is largest at" not in summary
