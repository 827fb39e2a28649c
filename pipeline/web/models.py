"""What the server answers, as types: the OpenAPI page is made of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^(\d{1,9}|u[0-9a-f]{16})$")]
"""A picture as the API calls it: its row in the folder, or the id of an upload."""


class Problem(BaseModel):
    """An error, as RFC 9457 has it; `detail` ends with what can be done."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Brief(BaseModel):
    """A picture in a few words; `tag` begins its content's sha256, and `group` is 0 where there is none."""

    row: int
    path: str
    width: int
    height: int
    group: int
    label: str
    tag: str


class Found(Brief):
    """A picture that was found: how similar, and what that means in this folder, as percentiles and in words."""

    rank: int
    similarity: float
    percentile_nearest: float | None
    percentile_random: float | None
    means: str


class Filters(BaseModel):
    """Which pictures may be found: all that is given must be true of them."""

    folder: str | None = Field(default=None, description="They lie in this folder of the dataset, or below it.")
    label: str | None = None
    group: int | None = None
    words: str | None = Field(default=None, description="The path holds this text.", max_length=200)
    since: float | None = Field(default=None, description="Changed then or later: seconds since 1970.")
    until: float | None = Field(default=None, description="Changed before: seconds since 1970.")
    megapixels: float | None = Field(default=None, description="The original has so many or more.")


class SearchQuestion(BaseModel):
    """What to search for: pictures that look like some, and less like others."""

    version: str = Field("", description="Of what the rows were taken from; refused where that has been replaced.")
    like: list[Name] = Field(default_factory=list, max_length=50)
    unlike: list[Name] = Field(default_factory=list, max_length=50)
    n: int = Field(40, ge=1, le=1000)
    least: float = Field(-1.0, ge=-1, le=1, description="The least similarity.")
    filters: Filters = Field(default_factory=Filters)


class SearchAnswer(BaseModel):
    """What was found; `mode` is cached where no picture was encoded for it."""

    version: str
    mode: Literal["cached", "fresh"]
    nothing_alike: bool | None
    among: int = Field(description="How many pictures the filters left.")
    results: list[Found]


class Listing(BaseModel):
    """Pictures of the folder in the order of their rows: some of `total`."""

    version: str
    total: int
    start: int
    pictures: list[Brief]


class CopyOf(BaseModel):
    """A picture of the same group of copies, and whether it is the one to keep: yes, no or unsure."""

    picture: Brief
    keep: str
    kind: str


class Detail(Brief):
    """Everything that is known of one picture."""

    version: str
    bytes: int
    time: int
    rank: int | None = Field(description="By how unusual it is, from 1.")
    ranks: int
    distance: float | None
    stands_out: bool
    copies: list[CopyOf]


class Upload(BaseModel):
    """A picture that was sent: its id, its shape, and the rows of the folder that hold the same file."""

    id: str
    width: int
    height: int
    same_as: list[Brief]


class UnusualUpload(BaseModel):
    """How unusual an upload is; `share` of the folder's pictures are less so. Copies by their pixels."""

    distance: float | None
    share: float | None
    copies: list[Brief]
    perhaps: list[Brief]


class Compared(BaseModel):
    """Two pictures side by side; `heat` is (32, 32), in units of what light and a small shift can make."""

    version: str
    similarity: float
    percentile_random: float | None
    percentile_nearest: float | None
    same: bool
    same_kind: bool | None
    everywhere: bool
    difference: float
    place: tuple[int, int]
    share: float
    shift: tuple[int, int]
    heat: list[list[float]]
    words: str


class Model(BaseModel):
    """One of the models that the server was given."""

    number: int
    name: str
    pictures: int
    dimensions: int
    top4: float | None
    second_view: float | None


class ModelAnswer(BaseModel):
    """What a model finds, how much of it has the query's label, and how much the first model finds too."""

    model: Model
    problem: str | None
    agreement: float | None
    shared: float | None
    results: list[Found]


class Models(BaseModel):
    """What each model finds for the same question."""

    version: str
    label: str
    answers: list[ModelAnswer]


class SelectionQuestion(BaseModel):
    """Rows that somebody has chosen, to take away."""

    version: str = Field("", description="Of what the rows were taken from; refused where that has been replaced.")
    rows: list[int] = Field(min_length=1, max_length=100_000)


class Selection(BaseModel):
    """A selection that can be fetched as a table or an archive."""

    id: str
    count: int
    bytes: int
