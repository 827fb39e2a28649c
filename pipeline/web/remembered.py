"""Lists of neighbours, given before anything else is parsed, and kept for as long as the folder stays as it is.

They are what a page asks most, and what a program asks in thousands.
"""

import re
from urllib.parse import parse_qsl

from pipeline.errors import PipelineError
from pipeline.web.answers import found
from pipeline.web.guard import App, Receive, Scope, Send
from pipeline.web.models import SearchAnswer
from pipeline.web.problems import ProblemError
from pipeline.web.site import Site

MOST, USUALLY = 1000, 40  # neighbours that can be asked for, and that are given where nothing is said
_PLACE = re.compile(r"/api/pictures/(\d{1,9})/neighbours")
_COUNT = re.compile(r"[1-9]\d{0,3}")


def neighbours_of(row: int, n: int, site: Site) -> bytes:
    """Return the `n` pictures most like one of the folder as JSON, a `SearchAnswer`; ProblemError for no such row."""
    version = site.folder.version

    def make() -> bytes:
        known = site.row(row)
        answer = site.folder.search([row], n=n)
        body = SearchAnswer(
            version=version,
            mode=answer.mode,
            nothing_alike=answer.nothing_alike,
            among=len(known.paths) - 1,
            results=[found(one, known) for one in answer.results],
        )
        return body.model_dump_json().encode()

    return site.answers.of(f"{version} {row} {n}", make)


class Quick:
    """ASGI middleware that gives lists of neighbours; whatever it can't answer goes on to the application."""

    def __init__(self, app: App, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = self._body(scope)
        if body is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _body(self, scope: Scope) -> bytes | None:
        asked = _PLACE.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if asked is None:
            return None
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        count = query.pop("n", str(USUALLY))
        if query or not _COUNT.fullmatch(count) or int(count) > MOST:
            return None
        try:
            return neighbours_of(int(asked[1]), int(count), self._site)
        except (PipelineError, ProblemError):
            return None  # the application says it
