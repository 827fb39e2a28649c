"""A search by several pictures at once, among some of the folder's, held beside numpy; and what is known of each."""

import numpy as np
import pytest
from conftest import CLASSES, COPIES, Line

from pipeline import open_folder
from pipeline.artifacts import load_elbow, save_history
from pipeline.errors import QueryError
from pipeline.folder.measured import Epoch
from pipeline.folder.opened import Folder


@pytest.fixture(scope="module")
def folder(line: Line) -> Folder:
    return open_folder(line.root)


@pytest.mark.parametrize(("like", "unlike"), [([3, 30], []), ([3], [40]), ([1, 2, 25], [50, 51]), ([], [7])])
def test_more_like_these_and_less_like_those_is_what_numpy_finds(
    folder: Folder, like: list[int], unlike: list[int]
) -> None:
    embeddings, contents = np.asarray(folder.embeddings, np.float64), folder.catalogue().contents
    vector = np.zeros(embeddings.shape[1])
    vector += embeddings[like].mean(axis=0) if like else 0
    vector -= 0.5 * embeddings[unlike].mean(axis=0) if unlike else 0
    similarities = embeddings @ (vector / np.linalg.norm(vector))
    expected = [row for row in np.argsort(-similarities).tolist() if row not in (*like, *unlike)][:12]
    found = folder.search(like, unlike, n=12).results
    assert [contents[one.row] for one in found] == [contents[row] for row in expected]  # copies are as similar
    assert [one.similarity for one in found] == pytest.approx(similarities[expected], abs=1e-6)


def test_one_row_alone_is_its_sorted_list(folder: Folder) -> None:
    assert folder.search([5], n=9).results == folder.neighbours(folder.paths[5], 9)


def test_the_embedding_of_a_new_picture_finds_what_a_query_of_it_finds(folder: Folder) -> None:
    picture = np.full((90, 120, 3), (200, 120, 60), np.uint8)
    (vector,) = folder.encode([picture])
    assert folder.search([vector], n=7).results == folder.query(picture, 7).results


def test_what_is_found_lies_among_what_was_chosen(folder: Folder) -> None:
    chosen = folder.catalogue().among(folder="stripes")
    found = folder.search([0], n=50, among=chosen)
    assert {one.row for one in found.results} == set(np.flatnonzero(chosen)) - {0}
    assert folder.search([0], n=50, among=np.zeros_like(chosen)).results == ()


def test_nothing_below_the_least_similarity_is_found(folder: Folder) -> None:
    found = folder.search([0], n=57)
    least = found.results[20].similarity
    fewer = folder.search([0], n=57, least=least)
    assert fewer.results == tuple(one for one in found.results if one.similarity >= least)


@pytest.mark.parametrize(
    ("like", "unlike", "said"),
    [([], [], "nothing to ask for"), ([58], [], "no picture in row 58"), ([-1], [], "row -1")],
)
def test_what_can_not_be_asked_is_said(folder: Folder, like: list[int], unlike: list[int], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        folder.search(like, unlike)


def test_pictures_that_cancel_each_other_out_have_no_direction(folder: Folder) -> None:
    vector = folder.embeddings[4]
    with pytest.raises(QueryError, match="cancel each other out"):
        folder.search([vector, -vector])


def test_the_catalogue_knows_each_picture(folder: Folder) -> None:
    known = folder.catalogue()
    row = known.paths.index(COPIES[0])
    assert known.labels[row] == "discs"
    assert known.bytes[row] == (folder.dataset / COPIES[0]).stat().st_size
    assert tuple(known.sizes[row]) == folder.sizes[row]
    assert folder.rows_of_content(known.contents[row]) == [known.paths.index(path) for path in COPIES]
    assert [known.groups[group.rows].tolist() for group in folder.groups()] == [
        [group.number] * len(group.rows) for group in folder.groups()
    ]


def test_pictures_are_chosen_by_folder_label_words_size_and_date(folder: Folder) -> None:
    known = folder.catalogue()
    paths = np.array(known.paths)
    assert set(paths[known.among(folder="ramps/naïve")]) == {"ramps/naïve/日本語 (1).png", "ramps/naïve/disc 00.png"}
    assert set(paths[known.among(label="discs")]) == {path for path in paths if path.startswith("discs/")}
    assert set(paths[known.among(words="NAI\u0308VE")]) == {path for path in paths if "naïve" in path}
    assert known.among(group=1).sum() == len(folder.groups()[0].rows)
    assert not known.among(until=1.0).any()
    assert known.among(since=1.0).all()
    assert known.among(megapixels=0.005).sum() == (known.sizes.prod(axis=1) >= 5000).sum()
    assert known.among(folder="disc").sum() == 0  # a folder's name is a whole one
    assert set(known.labels) >= set(CLASSES)


def test_what_was_measured_is_read_and_the_version_changes_with_an_artefact(own_line: Line) -> None:
    folder = open_folder(own_line.root)
    found = folder.measured()
    assert found.evaluation is not None
    assert [one.k for one in found.curve] == list(range(2, 9))
    assert found.history == ()
    first = load_elbow(own_line.artifacts.elbow_table)[0]
    assert (found.curve[0].loss, found.curve[0].silhouette) == (first[1], first[2])
    save_history(own_line.artifacts.history, [(1, 0.5, 0.25, 3.5)])
    assert folder.measured().history == (Epoch(1, 0.5, 0.25, 3.5),)
    before = folder.version
    own_line.artifacts.groups_table.touch()
    assert folder.version != before
