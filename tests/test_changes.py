"""What came, went, moved and was edited, counted from two lists of contents and paths."""

import pytest

from pipeline.projects.changes import Changes, changes

THEN = [("1", "a.jpg"), ("2", "b.jpg"), ("3", "c.jpg"), ("4", "d.jpg")]


@pytest.mark.parametrize(
    ("now", "expected", "words"),
    [
        (THEN, Changes(0, 0, 0, 0), "no picture has changed"),
        ([*THEN, ("5", "e.jpg")], Changes(1, 0, 0, 0), "1 picture came, 0 went, 0 moved"),
        (THEN[1:], Changes(0, 1, 0, 0), "0 pictures came, 1 went, 0 moved"),
        ([("1", "new/a.jpg"), *THEN[1:]], Changes(0, 0, 1, 0), "0 pictures came, 0 went, 1 moved"),
        ([("9", "a.jpg"), *THEN[1:]], Changes(0, 0, 0, 1), "0 pictures came, 0 went, 0 moved, 1 was edited"),
        ([("1", "a.jpg"), ("1", "copy.jpg"), *THEN[1:]], Changes(1, 0, 0, 0), "1 picture came, 0 went, 0 moved"),
    ],
)
def test_changes_are_counted_by_content_and_path(now: list[tuple[str, str]], expected: Changes, words: str) -> None:
    found = changes(THEN, now)
    assert found == expected
    assert found.words() == words
