"""Owns what a picture's file says for its being the original: its format, and what a camera wrote into it."""

from dataclasses import dataclass

_LOSSY = frozenset({"JPEG", "MPO", "HEIF", "AVIF"})


@dataclass(frozen=True)
class Evidence:
    """What a file says of where it comes from.

    Attributes
    ----------
    form
        The format, as "JPEG"; empty if the file could not be opened.
    camera
        Make and model of the camera; empty if the file names none.
    taken
        When it was taken, as EXIF writes it: "2024:05:01 12:30:00"; empty if the file doesn't say.
    is_deep
        Whether it is grey of more than 8 bits a pixel.
    unread
        Why the file could not be opened; empty if it could.
    """

    form: str
    camera: str
    taken: str
    is_deep: bool
    unread: str = ""

    @property
    def is_lossy(self) -> bool:
        """Whether its format gives up detail, as cameras do."""
        return self.form in _LOSSY
