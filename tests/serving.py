"""A served folder for tests: the real application on a free port of this machine, in a thread of its own."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
from conftest import Line

from pipeline import open_folder
from pipeline.pictures import Limits, reading_processes
from pipeline.stages.duplicates import duplicates
from pipeline.stages.map import draw_map
from pipeline.stages.uniqueness import uniqueness
from pipeline.web.app import create_app
from pipeline.web.guard import Guards
from pipeline.web.site import Served, Site
from pipeline.web.uploads import Uploads, capped


def make_whole(line: Line, root: Path) -> Line:
    """Return a copy of a line through all its stages, whose index names the same dataset."""
    shutil.copytree(line.root, root)
    made = Line(root)
    duplicates(made.params, made.artifacts)
    uniqueness(made.params, made.artifacts)
    draw_map(made.params, made.artifacts)
    return made


@contextmanager
def served(*lines: Line, guards: Guards | None = None, max_seconds: float = 15) -> Iterator[str]:
    """Give the address of a server over one line or more, without a slash at its end."""
    limits = capped(Limits(**vars(lines[0].params.resize) | {"max_seconds": max_seconds}))
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        read = stack.enter_context(reading_processes(limits, workers=2))
        folders = [Served(number, line.root.name, open_folder(line.root)) for number, line in enumerate(lines)]
        app = create_app(Site(folders, "pictures", Uploads(place, read, limits)), guards or Guards())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            deadline = time.monotonic() + 30
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
            assert list(place.iterdir()) == []  # no upload is left behind
        finally:
            server.should_exit = True
            thread.join(timeout=30)
