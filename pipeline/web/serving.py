"""Serves folders until somebody ends it: takes the port, says the address, opens the browser."""

import errno
import os
import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import uvicorn
from PIL import Image
from threadpoolctl import threadpool_limits

from pipeline.errors import PipelineError, QueryError
from pipeline.folder.opened import Folder
from pipeline.pictures import Limits, RejectedPictureError, reading_processes
from pipeline.pictures.isolation import Reader
from pipeline.web.app import create_app
from pipeline.web.guard import Guards, is_loopback
from pipeline.web.site import Served, Site
from pipeline.web.uploads import Uploads, capped

_DECODERS = min(os.cpu_count() or 1, 4)


def serve(
    folders: list[tuple[str, Folder]],
    limits: Limits,
    *,
    name: str,
    host: str,
    port: int,
    is_insecure: bool,
    tell: Callable[[str], None],
    show: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Parameters
    ----------
    folders
        The name and folder of each model; the page shows the first.
    limits
        What one picture may take.
    name
        What the page is called.
    host, port
        Where to listen; port 0 is any that is free.
    is_insecure
        Whether other machines may ask without a token.
    tell
        Is given the address once it answers, and what it means where it isn't this machine's alone.
    show
        Opens the address, where that is wanted.

    Raises
    ------
    ArtifactError
        If there are no artefacts to serve.
    QueryError
        If the port is taken, or the host isn't one of this machine's.
    """
    for _, folder in folders:
        len(folder.paths)  # what is missing is said before anything listens
    guards = Guards(is_local=is_loopback(host), token=None, name=host)
    if not guards.is_local and not is_insecure:
        guards = Guards(is_local=False, token=secrets.token_urlsafe(24), name=host)
    listening = _listening(host, port)
    address = _address(host, listening.getsockname()[1], guards.token)
    caps = capped(limits)
    served = [Served(number, one, folder) for number, (one, folder) in enumerate(folders)]
    with (
        tempfile.TemporaryDirectory(prefix="uploads-", ignore_cleanup_errors=True) as place,
        reading_processes(caps, workers=_DECODERS) as read,
        threadpool_limits(limits=1, user_api="blas"),  # each question takes one core, and none waits for another
    ):
        site = Site(served, name, Uploads(Path(place), read, caps))
        config = uvicorn.Config(
            create_app(site, guards),
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=3,
            limit_concurrency=500,
        )
        threading.Thread(target=_warm, args=(site, read, Path(place)), daemon=True).start()
        server = _Server(config, lambda: _said(address, host, guards, tell, show))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises it again: then all is tidied up
        with suppress(KeyboardInterrupt), listening:
            server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _said(
    address: str, host: str, guards: Guards, tell: Callable[[str], None], show: Callable[[str], None] | None
) -> None:
    tell(address)
    if guards.is_local:
        tell("only this machine can open it; Ctrl-C ends it")
    elif guards.token:
        tell(f"whoever reaches {host} and has this address, with its token, sees all pictures; Ctrl-C ends it")
    else:
        tell(f"anybody who reaches {host} sees all pictures: --insecure asks for no token; Ctrl-C ends it")
    if show:
        threading.Thread(target=show, args=(address,), daemon=True).start()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            remedy = f"port {port} is taken by another program; give another with --port, or 0 for any that is free"
        elif error.errno in (errno.EACCES, errno.EPERM):
            remedy = f"port {port} needs more rights than you have; give one from 1024 on with --port"
        else:
            remedy = f"can't listen on {host} ({error.strerror or error}); give an address of this machine with --host"
        raise QueryError(remedy) from error
    return listening


def _address(host: str, port: int, token: str | None) -> str:
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def _warm(site: Site, read: Reader, place: Path) -> None:
    """Open what the first questions need; what is wrong with it is said to whoever asks."""
    with suppress(PipelineError):
        site.folder.catalogue()
        site.folder.search([0], n=1)
        len(site.folder.pictures)
    white = place / "white.png"
    with suppress(PipelineError, RejectedPictureError, OSError), ThreadPoolExecutor(_DECODERS) as pool:
        Image.new("RGB", (8, 8), "white").save(white)
        list(pool.map(lambda _: read(white), range(_DECODERS)))  # each starts one process
    white.unlink(missing_ok=True)
