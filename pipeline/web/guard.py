"""Who may talk to the server, and what its page may load.

A page of another site can't ask it anything (Origin, Sec-Fetch-Site), nor can a name that was pointed at this machine
(Host). Where other machines may reach it, whoever asks must know the token.
"""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pipeline.web.problems import problem

COOKIE = "pipeline_token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Guards:
    """Who may ask: only this machine, or any that knows the token; without a token any at all."""

    is_local: bool = True
    token: str | None = None
    name: str = ""  # that the server was told to listen at


def is_loopback(host: str) -> bool:
    """Return whether an address, or the name localhost, is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware that refuses what may not ask, and says with each answer what a page may load."""

    def __init__(self, app: App, guards: Guards) -> None:
        self._app, self._guards = app, guards
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", socket.getfqdn().lower(), guards.name.lower()} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        answer = self._refusal(scope, headers)

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *_HEADERS]
                if b"content-security-policy" not in names:
                    message["headers"].append((b"content-security-policy", POLICY.encode()))
                if b"cache-control" not in names:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await (answer or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> App | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_ours(_without_port(host)):
            return problem(
                421, f"this server isn't called {host[:100]!r}; use the address that `pipeline serve` prints"
            )
        origin = headers.get(b"origin")
        foreign = origin is not None and origin.decode("latin-1").lower() not in (f"http://{host}", f"https://{host}")
        site, mode = headers.get(b"sec-fetch-site", b"none"), headers.get(b"sec-fetch-mode", b"")
        led_here = scope["method"] == "GET" and mode == b"navigate" and not scope["path"].startswith("/api/")
        if foreign or (site not in (b"same-origin", b"none") and not led_here):
            return problem(403, "a page of another site asked this; only the server's own page may")
        if self._guards.token is None:
            return None
        return self._without_token(scope, headers, self._guards.token)

    def _is_ours(self, host: str) -> bool:
        if is_loopback(host):
            return True
        if self._guards.is_local:
            return False
        try:
            return bool(ipaddress.ip_address(host.strip("[]")))  # a name can be pointed anywhere, an address can't
        except ValueError:
            return host in self._names

    def _without_token(self, scope: Scope, headers: dict[bytes, bytes], token: str) -> App | None:
        given = headers.get(b"authorization", b"").removeprefix(b"Bearer ").decode("latin-1")
        cookies = headers.get(b"cookie", b"").decode("latin-1").split("; ")
        kept = [one.partition("=")[2] for one in cookies if one.startswith(f"{COOKIE}=")]
        if any(hmac.compare_digest(one.encode(), token.encode()) for one in (given, *kept)):
            return None
        asked = parse_qsl(scope["query_string"].decode("latin-1"))
        if any(name == "token" and hmac.compare_digest(value.encode(), token.encode()) for name, value in asked):
            rest = urlencode([(name, value) for name, value in asked if name != "token"])
            return _entered(scope["path"] + (f"?{rest}" if rest else ""), token)
        return problem(
            401, "the token is missing or wrong; open the address that `pipeline serve` prints, with its token"
        )


def _entered(place: str, token: str) -> App:
    """Return an answer that keeps the token in a cookie, and leads on to the address without it."""

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        headers = [
            (b"location", ("/" + place.lstrip("/")).encode()),
            (b"set-cookie", f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/".encode()),
            (b"content-length", b"0"),
        ]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return answer


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
