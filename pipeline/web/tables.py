"""What is answered of the whole folder, as types: groups, copies, the unusual, the map, labels, what was measured."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from pipeline.web.models import Brief, Model


class GroupBrief(BaseModel):
    """A group: its number, how many pictures it has, and a few of them, the medoid first."""

    number: int
    size: int
    label: str
    share: float
    pictures: list[Brief]


class Split(BaseModel):
    """The groups for one K."""

    k: int
    loss: float
    silhouette: float


class Groups(BaseModel):
    """All groups, by their numbers, and what was tried."""

    version: str
    k: int
    silhouette: float | None
    curve: list[Split]
    groups: list[GroupBrief]


class Member(Brief):
    """A picture of a group, and its similarity to the medoid."""

    similarity: float


class Group(BaseModel):
    """One group, or some of its pictures, by similarity to its medoid."""

    version: str
    number: int
    size: int
    start: int
    pictures: list[Member]


class Odd(BaseModel):
    """A picture by how unusual it is, beside the nearest that is no copy of it."""

    rank: int
    picture: Brief
    nearest: Brief | None
    distance: float | None
    stands_out: bool
    copies: list[Brief]


class Unique(BaseModel):
    """The most unusual pictures, and how the distances of all are spread: how many lie in each of equal steps."""

    version: str
    total: int
    stand_out: int
    start: int
    counts: list[int]
    largest: float
    pictures: list[Odd]


class CopyMember(Brief):
    """A picture of a group of copies."""

    bytes: int
    similarity: float
    kind: str
    keep: str
    reason: str


class CopyGroup(BaseModel):
    """Pictures that are copies of each other, the one to keep first."""

    number: int
    exact: bool
    members: list[CopyMember]


class Duplicates(BaseModel):
    """Groups of copies; `spare` pictures could go without a loss, which would free `spare_bytes`."""

    version: str
    total: int
    start: int
    spare: int
    unsure: int
    spare_bytes: int
    spare_rows: list[int]
    groups: list[CopyGroup]


class Map(BaseModel):
    """Where every picture lies: row i of each list is picture i. Points are in [0, 1], y down."""

    version: str
    x: list[float]
    y: list[float]
    groups: list[int]
    labels: list[int]
    names: list[str] = Field(description="Of the labels, from 1.")
    aspects: list[float]
    paths: list[str]
    tags: list[str]


class LabelQuestion(BaseModel):
    """Pictures that somebody has labelled: row to label, of two labels or more."""

    version: str = Field("", description="Of what the rows were taken from; refused where that has been replaced.")
    examples: dict[int, Annotated[str, StringConstraints(min_length=1, max_length=200)]]


class Labelled(BaseModel):
    """A label for every picture: row i is picture i. `helpful` are the rows whose labelling would help most."""

    version: str
    names: list[str]
    labels: list[int]
    confidence: list[float]
    helpful: list[int]
    accuracy: float | None = Field(description="On examples that were held out; None where they are too few.")
    method: str


class Epoch(BaseModel):
    """One epoch of the training."""

    epoch: int
    loss: float
    validation_loss: float
    seconds: float


class Trust(BaseModel):
    """What the stages have measured of the model and its training."""

    version: str
    evaluation: dict[str, Any] | None
    training: dict[str, Any] | None
    history: list[Epoch]


class Named(BaseModel):
    """A label or a folder, and how many pictures it has."""

    name: str
    count: int


class Caps(BaseModel):
    """What an upload may take."""

    megabytes: float
    megapixels: float
    seconds: float


class Status(BaseModel):
    """What is served; `version` changes when a stage replaces artefacts."""

    version: str
    name: str
    pictures: int
    labels: list[Named]
    folders: list[Named]
    groups: int
    times: tuple[int, int]
    panels: dict[str, str] = Field(description="Panel to the reason why it can't be shown; empty where it can.")
    scale: list[float] = Field(description="101 quantiles of the similarities of nearest neighbours, rising.")
    models: list[Model]
    caps: Caps
