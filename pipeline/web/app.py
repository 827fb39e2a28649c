"""The application: routes, errors, guards and the files of the page, put together."""

import hashlib
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response

from pipeline import __version__
from pipeline.web import browsing, labels, pictures, searching, selections
from pipeline.web.guard import Guard, Guards
from pipeline.web.pictures import AGAIN, is_known
from pipeline.web.problems import ProblemError, answer_problems
from pipeline.web.remembered import Quick
from pipeline.web.site import Site

PANELS = ("groups", "unusual", "duplicates", "map", "compare", "label", "trust", "models", "picture")
"""The panels that have an address of their own; the search is at `/`."""

_STATIC = Path(__file__).with_name("static")
_SHARED = [Path(__file__).parents[1] / "show/report/templates/report.css"]  # one look for the page and the report
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def create_app(site: Site, guards: Guards) -> FastAPI:
    """Return the application over a site.

    Parameters
    ----------
    site
        The folders that are served, and where uploads go.
    guards
        Who may ask.
    """
    app = FastAPI(
        title="Pictures that look alike",
        version=__version__,
        description="Everything that the page asks. Pictures are called by their rows, errors are problems (RFC 9457).",
        openapi_url="/api/openapi.json",
        docs_url=None,  # they load scripts from elsewhere; /api/docs is the page's own
        redoc_url=None,
    )
    app.state.site = site
    answer_problems(app)
    for part in (pictures, searching, browsing, labels, selections):
        app.include_router(part.routes)
    _serve_page(app)
    app.add_middleware(Quick, site=site)
    app.add_middleware(Guard, guards=guards)
    return app


def _serve_page(app: FastAPI) -> None:
    files = {path.name: _File(path) for path in [*_STATIC.iterdir(), *_SHARED] if path.suffix in _TYPES}

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        if name not in files:
            raise ProblemError(404, "there is no such file of the page")
        return files[name].answer(request)

    @app.get("/api/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return files["api.html"].answer(request)

    async def page(request: Request) -> Response:
        return files["index.html"].answer(request)

    for address in ("/", *(f"/{panel}" for panel in PANELS), "/groups/{number}", "/picture/{row}"):
        app.add_api_route(address, page, include_in_schema=False)


class _File:
    """A file of the page, in memory: a browser that has this version is told so."""

    def __init__(self, path: Path) -> None:
        self._body = path.read_bytes()
        self._etag = f'"{hashlib.sha256(self._body).hexdigest()[:24]}"'
        self._type = _TYPES[path.suffix]

    def answer(self, request: Request) -> Response:
        """Return the file, or that nothing has changed."""
        headers = {"etag": self._etag, "cache-control": AGAIN}
        if is_known(request, self._etag):
            return Response(status_code=304, headers=headers)
        return Response(self._body, media_type=self._type, headers=headers)
