"""A cloud that does one thing wrong: a real one, and somebody in between who changes its words."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx2

Document: TypeAlias = dict[str, Any]


@dataclass
class Heard:
    """One answer on its way back; whatever is set here is what the client hears."""

    method: str
    path: str
    query: dict[str, str]
    accept: str
    status: int
    body: Document | None

    @property
    def metadata(self) -> Document:
        found: Document = (self.body or {}).get("metadata", {})
        return found

    @property
    def log(self) -> list[Document]:
        """The conditions, if there are any."""
        status = (self.body or {}).get("status")
        found: list[Document] = status.get("conditions", []) if isinstance(status, dict) else []
        return found


@dataclass
class Asked:
    """One question on its way out."""

    method: str
    query: dict[str, str]
    headers: dict[str, str]


class Tampering(httpx2.BaseTransport):
    """Asks the real cloud, unless told otherwise what was asked, and lets a function change it."""

    def __init__(
        self,
        hear: Callable[[Heard], None],
        ask: Callable[[Asked], None] = lambda _: None,
    ) -> None:
        self._real = httpx2.HTTPTransport()
        self._hear = hear
        self._ask = ask

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        query = dict(request.url.params)
        asked = Asked(request.method, dict(query), dict(request.headers))
        self._ask(asked)
        request.read()
        sent = httpx2.Request(
            request.method,
            request.url.copy_with(params=asked.query),
            headers=asked.headers,
            content=request.content,
        )
        answer = self._real.handle_request(sent)
        content = answer.read()
        heard = Heard(
            request.method,
            request.url.path,
            query,
            request.headers.get("accept", ""),
            answer.status_code,
            _document(content),
        )
        self._hear(heard)
        words = content if heard.body is None else json.dumps(heard.body).encode()
        kind = answer.headers.get("content-type", "")
        headers = {"content-type": kind} if kind else {}
        if "www-authenticate" in answer.headers:
            headers["www-authenticate"] = answer.headers["www-authenticate"]
        return httpx2.Response(heard.status, headers=headers, content=words, request=request)

    def close(self) -> None:
        self._real.close()


def _document(content: bytes) -> Document | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
