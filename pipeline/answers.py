"""Owns answers that are kept from run to run: each under a key that holds all that it depends on, so it stays true."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Answers(Generic[Answer]):
    """Answers by their keys: those of the last run, and those that this one has asked for.

    known    of the last run
    asked    of this run, which are what the next one may need
    num_new  how many of these were not known
    """

    def __init__(self, known: Mapping[str, Answer]) -> None:
        self.known = known
        self.asked: dict[str, Answer] = {}
        self.num_new = 0

    def of(self, key: str, find: Callable[[], Answer]) -> Answer:
        """Return the answer to a key; it is found if it isn't known."""
        if key not in self.asked:
            self.num_new += key not in self.known
            self.asked[key] = self.known[key] if key in self.known else find()
        return self.asked[key]
