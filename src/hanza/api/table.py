"""The routes as a tree by the segments of their paths, however many of them there are.

Promises: a request that is answered here is one that Starlette's router would have given to the
same route with the same names.  Whatever is not found here goes on to it: it answers 404 and 405,
redirects, and serves sockets and pages.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hanza.model.errors import Bug

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One route.  Segments of `path` are literal or one whole `{name}`."""

    method: str
    path: str
    endpoint: Endpoint


@dataclass(slots=True)
class _Node:
    """What follows one beginning of paths."""

    literal: dict[str, "_Node"] = field(default_factory=dict)
    named: "_Node | None" = None
    ends: dict[str, tuple[int, Entry, tuple[str, ...]]] = field(default_factory=dict)
    """By method: which in the order of the table, and the names of its path in order."""


class Table:
    """An ASGI application in front of another: it answers the routes that it has."""

    def __init__(self, entries: Sequence[Entry], otherwise: ASGIApp) -> None:
        self._root = _Node()
        self._otherwise = otherwise
        for number, entry in enumerate(entries):
            self._add(number, entry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http" and not scope.get("root_path"):
            found = self.find(scope["method"], scope["path"])
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        entry, names = found
        scope["endpoint"], scope["path_params"] = entry.endpoint, names
        response = await entry.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    def find(self, method: str, path: str) -> tuple[Entry, dict[str, str]] | None:
        """Of all routes that match, the first of the table."""
        best = None
        for end, values in _ends(self._root, path.split("/"), 0, ()):
            one = end.ends.get(method)
            if one is not None and (best is None or one[0] < best[0]):
                best = (*one, values)
        if best is None:
            return None
        _, entry, names, values = best
        return entry, dict(zip(names, values, strict=True))

    def _add(self, number: int, entry: Entry) -> None:
        node, names = self._root, []
        for segment in entry.path.split("/"):
            if segment.startswith("{"):
                names.append(_name_in(segment, entry.path))
                node.named = node.named or _Node()
                node = node.named
            else:
                _refuse_parts(segment, entry.path)
                node = node.literal.setdefault(segment, _Node())
        node.ends.setdefault(entry.method, (number, entry, tuple(names)))


def _ends(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    """Every node that the segments lead to; a name stands for whatever is not empty."""
    if at == len(segments):
        yield node, values
        return
    segment = segments[at]
    literal = node.literal.get(segment)
    if literal is not None:
        yield from _ends(literal, segments, at + 1, values)
    if node.named is not None and segment:
        yield from _ends(node.named, segments, at + 1, (*values, segment))


def _name_in(segment: str, path: str) -> str:
    name = segment.removeprefix("{").removesuffix("}")
    if not name.isidentifier() or not segment.endswith("}"):
        raise Bug(f"{path}: a segment is literal, or one name in braces")
    return name


def _refuse_parts(segment: str, path: str) -> None:
    if "{" in segment or "}" in segment:
        raise Bug(f"{path}: a segment is literal, or one name in braces")
