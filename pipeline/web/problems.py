"""Errors as RFC 9457 has them: a title, a status, and what can be done, in words."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from pipeline.errors import ArtifactError, EncoderError, ParamsError, PipelineError, QueryError
from pipeline.web.models import Problem
from pipeline.wording import one_line

MEDIA_TYPE = "application/problem+json"
_STATUS: list[tuple[type[PipelineError], int]] = [
    (QueryError, 422),
    (ArtifactError, 503),
    (EncoderError, 503),
    (ParamsError, 503),
    (PipelineError, 500),
]


class ProblemError(Exception):
    """Something that a request can't have, with its status, and the reason and remedy in words."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def problem(status: int, detail: str) -> Response:
    """Return the response for an error."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(body.model_dump_json(), status, media_type=MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""

    @app.exception_handler(ProblemError)
    def known(_: Request, error: ProblemError) -> Response:
        return problem(error.status, error.detail)

    @app.exception_handler(PipelineError)
    def mendable(_: Request, error: PipelineError) -> Response:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return problem(status, one_line(str(error)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        wrong = ("{}: {}".format(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()[:5])
        return problem(422, one_line("; ".join(wrong)) + "; /api/docs says what is expected")

    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> Response:
        found = problem(error.status_code, one_line(str(error.detail)))
        found.headers.update(error.headers or {})
        return found

    @app.exception_handler(Exception)
    def unforeseen(_: Request, __: Exception) -> Response:
        return problem(500, "this is an error in the program; where `pipeline serve` runs its traceback is shown")
