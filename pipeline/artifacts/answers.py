"""Owns answers that are kept from run to run: each under a key that holds all that it depends on, so it stays true."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Answers(Generic[Answer]):
    """Answers by their keys: those of the last run, and those that this one has asked for; several threads may ask.

    known    of the last run
    asked    of this run, which are what the next one may need
    """

    def __init__(self, known: Mapping[str, Answer]) -> None:
        self.known = known
        self.asked: dict[str, Answer] = {}

    @property
    def num_new(self) -> int:
        """How many of those that were asked for were not known."""
        return sum(key not in self.known for key in self.asked)

    def of(self, key: str, find: Callable[[], Answer]) -> Answer:
        """Return the answer to a key; it is found if it isn't known."""
        if key not in self.asked:
            self.asked[key] = self.known[key] if key in self.known else find()
        return self.asked[key]
