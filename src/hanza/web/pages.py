"""Serves the bundle: read once at the start, sent with headers that let a browser do little else.

Promises: only files of the bundle are served, whatever is asked; the page runs its own scripts
and styles and no others, talks to its own plane and to nobody else, and is framed by nobody.  No
secret is in the bundle: what the page shows, it asks for with the token of whoever opened it.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hanza.model.errors import Bug

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
}
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
OF_CONSOLE = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""A terminal colours what a guest says by styles that it writes itself, on a page of its own."""
CONSOLE = "/console.html"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
ALWAYS_ASK = "no-cache"
NEVER_AGAIN = "public, max-age=31536000, immutable"
"""For files whose names carry a digest of their content."""

NO_DESK, DESK = b'data-desk="no"', b'data-desk="yes"'


@dataclass(frozen=True, slots=True)
class File:
    """One file of the bundle, ready to send."""

    content: bytes
    packed: bytes
    headers: Mapping[str, str]


def read_bundle(folder: Traversable | None = None, *, has_desk: bool = False) -> dict[str, File]:
    """Every file of the bundle by its path, such as `/assets/index-1a2b.js`; `/` is the page.

    With `has_desk`, the page is told that its plane has a demo's desk, so that it need not ask.
    """
    root = folder or resources.files("hanza.web") / "page"
    found = {}
    for path, source in _files_in(root, ""):
        content = source.read_bytes()
        if path == "/index.html" and has_desk:
            content = _with_desk(content)
        name = "/" if path == "/index.html" else path
        found[name] = file_of(path, content)
    return found


def file_of(path: str, content: bytes) -> File:
    """Its type is that of the path's ending."""
    headers = HEADERS | {
        "content-type": TYPES[path.rpartition(".")[2]],
        "cache-control": NEVER_AGAIN if path.startswith("/assets/") else ALWAYS_ASK,
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "vary": "accept-encoding",
    }
    if path == CONSOLE:
        headers["content-security-policy"] = OF_CONSOLE
    return File(content, gzip.compress(content, mtime=0), headers)


def routes(bundle: Mapping[str, File]) -> list[BaseRoute]:
    """A route for each file, open to all: without a token the page shows nothing."""
    return [Route(path, _serve(file), methods=["GET"]) for path, file in bundle.items()]


def _with_desk(page: bytes) -> bytes:
    if page.count(NO_DESK) != 1:
        raise Bug("the bundle's page does not say once whether there is a desk")
    return page.replace(NO_DESK, DESK)


def _serve(file: File) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == file.headers["etag"]:
            return Response(status_code=304, headers=file.headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, headers={**file.headers, "content-encoding": "gzip"})
        return Response(file.content, headers=file.headers)

    return serve


def _files_in(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        inside = f"{path}/{one.name}"
        found += _files_in(one, inside) if one.is_dir() else [(inside, one)]
    return found
