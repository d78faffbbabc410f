"""Uvicorn as a plane wants it: TLS 1.3, plain sockets beside it, large frames for agents only.

Promises: behind a front it accepts only between `take` and `give_back`, and ends when the front
is gone.  What is served is the application's.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from hanza.api.link import TRUSTED
from hanza.boot.certificates import Certificates
from hanza.boot.front.handover import FrontGone, Handover
from hanza.boot.guarded_http import GuardedHttp
from hanza.boot.listening import BACKLOG
from hanza.kit.log import Log
from hanza.wire import console_v1
from hanza.wire.agent_v1 import FRAME_BYTES_MAX, LINK_PATH

log = Log("hanza.plane")
STOP_WITHIN_S = 5
ABANDONED_WITHIN_S = 1
"""When the front is gone the next one wants the addresses."""
LOOK_EVERY_S, FAREWELL_LOOKS = 0.1, 3
"""While it drains, how often it is looked who is done and does not go; and how often they may."""


class _WebSockets(WebSocketsSansIOProtocol):
    """Large frames are the agents' on their link, once it is known whose it is."""

    def handle_connect(self, event: Request) -> None:
        """Before anything but the request was read."""
        if event.path == LINK_PATH:
            self.app_state = {**self.app_state, TRUSTED: self._trust}
            # Agents' hearts beat: pings beside that would double what idle sites send and get.
            self.ping_interval = None
        super().handle_connect(event)

    async def send(self, message: ASGISendEvent) -> None:
        """A refusal that was said whole is an answer; uvicorn logs it as a mistake of ours."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def _trust(self) -> None:
        self.conn.max_message_size = FRAME_BYTES_MAX


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and serves some sockets without TLS."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        plain: Sequence[socket.socket],
        front: Handover | None,
    ) -> None:
        super().__init__(config)
        self._plain = plain
        self._ready = ready
        self._front = front

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without dying of the signal once it has been obeyed.

        The store and the engine are still to be closed then.
        """
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._front is not None:
            self._front.take()
        await super().startup(sockets)
        if self.started:
            await self._start_plain()
            if self._front is not None:
                loop = asyncio.get_running_loop()
                loop.add_reader(self._front.line.fileno(), self._heed_front, self._front)
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._front is not None:
            for server in self.servers:
                server.close()
            asyncio.get_running_loop().remove_reader(self._front.line.fileno())
            with contextlib.suppress(FrontGone):
                self._front.give_back()
        cutting = asyncio.create_task(self._cut_silent())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    async def _cut_silent(self) -> None:
        """TLS waits for the other side's word of farewell, which who does not read never says.

        That is a client with a connection that it keeps, or a site that is away: nothing is owed
        to either, and as long as they are waited for the next plane does not begin.
        """
        looks: Counter[Any] = Counter()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for one in list(self.server_state.connections):
                if one.transport.is_closing() and not one.transport.get_write_buffer_size():
                    looks[one] += 1
                    if looks[one] == FAREWELL_LOOKS:
                        one.transport.abort()

    def _heed_front(self, front: Handover) -> None:
        if front.is_over():
            asyncio.get_running_loop().remove_reader(front.line.fileno())
            log.error("plane.abandoned")
            self.config.timeout_graceful_shutdown = ABANDONED_WITHIN_S
            self.should_exit = True

    async def _start_plain(self) -> None:
        """As uvicorn's own startup does for its sockets, with the same lifespan and protocol."""
        loop = asyncio.get_running_loop()
        kind = cast(type[HttpToolsProtocol], self.config.http_protocol_class)

        def protocol() -> asyncio.Protocol:
            return kind(self.config, self.server_state, self.lifespan.state, loop)

        for one in self._plain:
            self.servers.append(await loop.create_server(protocol, sock=one, backlog=BACKLOG))


def serve(
    app: ASGIApp,
    tls: Certificates | None,
    sockets: tuple[Sequence[socket.socket], Sequence[socket.socket]],
    ready: Callable[[], None],
    front: Handover | None,
) -> None:
    """`sockets` are those for everybody, and those for this machine's browsers."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=GuardedHttp,
        ws=_WebSockets,
        ws_max_size=console_v1.FRAME_BYTES_MAX,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=None if tls is None else str(tls.server_chain),
        ssl_keyfile=None if tls is None else str(tls.server_key),
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
        # Nobody resumes a session here, and a ticket makes an agent's socket look as if the
        # plane had said something: a reader that trusts the look then waits for ever.
        config.ssl.num_tickets = 0
    _Server(config, ready, sockets[1], front).run(list(sockets[0]))
