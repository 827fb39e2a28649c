"""The search: pictures that are sent, more like this and less like that, side by side, and by several models."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from pipeline.errors import PipelineError
from pipeline.folder.catalogue import Catalogue
from pipeline.web.answers import brief, fields, found
from pipeline.web.models import (
    Compared,
    Model,
    ModelAnswer,
    Models,
    Name,
    SearchAnswer,
    SearchQuestion,
    UnusualUpload,
    Upload,
)
from pipeline.web.pictures import FOREVER
from pipeline.web.problems import ProblemError
from pipeline.web.site import Served, Site, site_of
from pipeline.web.thumbnails import Side, drawn
from pipeline.web.uploads import MEGABYTE, Uploads

_PICTURE = {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}, "required": True}
_WORDS = {
    True: "Both show the same, but for light and a small shift.",
    False: "They differ, by up to {difference:.1f} times what light and a shift make, at {share:.0%} of all places.",
}

routes = APIRouter(prefix="/api", tags=["search"])


@routes.post("/uploads", response_model=Upload, status_code=201, openapi_extra={"requestBody": _PICTURE})
async def upload(request: Request) -> Upload:
    """Send a picture, as it is in its file; it is decoded in a process of its own, and kept in memory for a while."""
    site = site_of(request)
    _check_length(request, site.uploads)
    taken = await site.uploads.take(request.stream())

    def made() -> Upload:
        known = site.folder.catalogue()
        same = [brief(row, known) for row in site.folder.rows_of_content(taken.content)]
        return Upload(id=taken.id, width=taken.width, height=taken.height, same_as=same)

    return await run_in_threadpool(made)


@routes.get("/uploads/{name}/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def upload_thumbnail(name: Name, request: Request, side: Side = Side.large) -> Response:
    """A small JPEG of a picture that was sent, drawn from its decoded pixels."""
    sent = site_of(request).upload(name)
    body = drawn(sent.pixels, (sent.width, sent.height), side)
    return Response(body, media_type="image/jpeg", headers={"cache-control": FOREVER, "etag": f'"{name}-{side}"'})


@routes.get("/uploads/{name}/unusual", response_model=UnusualUpload)
def upload_unusual(name: Name, request: Request) -> UnusualUpload:
    """How unusual a picture is that was sent, and which pictures of the folder it is a copy of."""
    site = site_of(request)
    judged, known = site.folder.how_unusual(site.upload(name).pixels), site.folder.catalogue()
    rows = {path: row for row, path in enumerate(known.paths)}
    copies, perhaps = ([brief(rows[path], known) for path in some] for some in (judged.copies, judged.perhaps))
    return UnusualUpload(distance=judged.distance, share=judged.share, copies=copies, perhaps=perhaps)


@routes.post("/search", response_model=SearchAnswer)
def search(question: SearchQuestion, request: Request) -> Response:
    """The pictures most like some and unlike others: the mean of the wanted less half the mean of the unwanted."""
    site = site_of(request)
    site.check_version(question.version if any(name.isdigit() for name in [*question.like, *question.unlike]) else "")
    known, version = site.folder.catalogue(), site.folder.version
    among = _among(question, known)
    main = site.folders[0]
    answer = site.folder.search(
        [site.source(name, main) for name in question.like],
        [site.source(name, main) for name in question.unlike],
        question.n,
        among=among,
        least=question.least,
    )
    body = SearchAnswer(
        version=version,
        mode=answer.mode,
        nothing_alike=answer.nothing_alike,
        among=len(known.paths) if among is None else int(among.sum()),
        results=[found(one, known) for one in answer.results],
    )
    return Response(body.model_dump_json(), media_type="application/json")


@routes.get("/compare", response_model=Compared)
def compare(
    request: Request,
    reference: Annotated[Name, Query(description="The row of a picture, or the id of an upload.")],
    photo: Annotated[Name, Query(description="The one that is held beside it.")],
) -> Compared:
    """Whether two pictures show the same, where not, and whether they are of one kind."""
    site = site_of(request)
    one = site.folder.compare(site.pixels(reference), site.pixels(photo))
    level = one.heat.max() / one.difference if one.difference > 0 else 1.0
    words = _WORDS[one.same].format(difference=one.difference, share=one.share)
    if one.everywhere:
        words = "Most of the picture differs, so the place that differs most says little."
    return Compared(
        version=site.folder.version,
        similarity=round(one.similarity, 6),
        percentile_random=one.percentile_random,
        percentile_nearest=one.percentile_nearest,
        same=one.same,
        same_kind=one.same_kind,
        everywhere=one.everywhere,
        difference=round(one.difference, 3),
        place=one.place,
        share=round(one.share, 4),
        shift=one.shift,
        heat=np.round(one.heat / (level or 1.0), 3).tolist(),
        words=words,
    )


@routes.post("/models", response_model=Models)
def models(question: SearchQuestion, request: Request) -> Models:
    """What each model finds for the same question, how many results have its label, and how many they share."""
    site = site_of(request)
    site.check_version(question.version)
    known = site.folder.catalogue()
    labels = {known.labels[int(name)] for name in question.like if name.isdigit() and int(name) < len(known.paths)}
    label = labels.pop() if len(labels) == 1 else ""
    answers: list[ModelAnswer] = []
    for served in site.folders:
        answers.append(_answer_of(served, question, label, answers[0] if answers else None, site))
    return Models(version=site.folder.version, label=label, answers=answers)


def _answer_of(
    served: Served, question: SearchQuestion, label: str, first: ModelAnswer | None, site: Site
) -> ModelAnswer:
    model = model_of(served)
    try:
        known = served.folder.catalogue()
        answer = served.folder.search(
            [site.source(name, served) for name in question.like],
            [site.source(name, served) for name in question.unlike],
            question.n,
            least=question.least,
        )
    except PipelineError as error:
        return ModelAnswer(model=model, problem=str(error), agreement=None, shared=None, results=[])
    results = [found(one, known) for one in answer.results]
    own = site.folder.catalogue()
    rows = {content: row for row, content in reversed(list(enumerate(own.contents)))}
    for one, result in zip(results, answer.results, strict=True):  # the page knows the first folder's rows
        there = rows.get(known.contents[result.row])
        if there is not None:
            for name, value in fields(there, own).items():
                setattr(one, name, value)
    tags = {one.tag for one in first.results} if first else set()
    return ModelAnswer(
        model=model,
        problem=None,
        agreement=sum(one.label == label for one in results) / len(results) if label and results else None,
        shared=sum(one.tag in tags for one in results) / len(results) if first and results else None,
        results=results,
    )


def model_of(served: Served) -> Model:
    """Return what is known of a model."""
    try:
        evaluation = served.folder.measured().evaluation or {}
    except PipelineError:  # the panel that shows it says what is wrong with it
        evaluation = {}
    try:
        dimensions = int(served.folder.embeddings.shape[1])
    except PipelineError:
        dimensions = 0
    return Model(
        number=served.number,
        name=served.name,
        pictures=len(served.folder.paths),
        dimensions=dimensions,
        top4=evaluation.get("embeddings", {}).get("model", {}).get("top4"),
        second_view=evaluation.get("views", {}).get("model"),
    )


def _among(question: SearchQuestion, known: Catalogue) -> np.typing.NDArray[np.bool_] | None:
    given = question.filters.model_dump(exclude_none=True)
    return known.among(**given) if given else None


def _check_length(request: Request, uploads: Uploads) -> None:
    """Refuse by its header alone what says that it is too large."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > uploads.limits.max_file_megabytes * MEGABYTE:
        raise ProblemError(413, uploads.too_large)
