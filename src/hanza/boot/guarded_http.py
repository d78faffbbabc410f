"""Uvicorn's HTTP protocol with limits of ours: how long a request's head is, and how long it takes.

Promises: a head that is longer than `HEAD_BYTES_MAX` is refused (431) whether or not it ever ends;
one that did not come whole within `HEAD_WITHIN_S` is refused (408), what is no HTTP too (400); who
goes on sending a body after the answer has `LINGER_S` to end it. Bodies themselves are the
application's to limit.
"""

import asyncio
from asyncio import Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 32 * 1024
HEAD_WITHIN_S = 15.0
LINGER_S = 5.0
_REASONS = {
    400: ("Bad Request", "invalid-request", "this is not HTTP"),
    408: ("Request Timeout", "invalid-request", "the request did not come in time"),
    431: (
        "Request Header Fields Too Large",
        "invalid-request",
        f"the head of a request has {HEAD_BYTES_MAX} bytes at most",
    ),
}


class GuardedHttp(HttpToolsProtocol):
    """One connection."""

    head_within_s = HEAD_WITHIN_S
    linger_s = LINGER_S

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_in_head = True
    _is_whole = True
    _is_refused = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_whole = False
        if self._timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._forget_timer()
        self._is_in_head, self._head_bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_BYTES_MAX:
            self._refuse(431)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_whole, self._is_in_head = True, True
        self._forget_timer()
        if not self._is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_whole and self._timer is None:
            self._timer = self._loop().call_later(self.linger_s, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- said in our own words
        """Uvicorn's own name for it: what came cannot be read as HTTP."""
        self._refuse(400)

    # -- inside -------------------------------------------------------------------------------

    def _await_head(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        self._timer = self._loop().call_later(self.head_within_s, self._refuse, 408)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _loop(self) -> asyncio.AbstractEventLoop:
        return self.loop

    def _refuse(self, status: int) -> None:
        """Nothing of the application has seen the request, so it is answered here."""
        self._is_refused = True
        self._forget_timer()
        reason, kind, detail = _REASONS[status]
        body = (
            f'{{"type":"http://secapi.cloud/errors/{kind}","title":"{reason.lower()}",'
            f'"status":{status},"detail":"{detail}","instance":"","sources":[],"code":"{kind}"}}'
        ).encode()
        head = (
            f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        ).encode()
        if not self.transport.is_closing():
            self.transport.write(head + body)
            self.transport.close()
