"""The agents' link over WebSocket: many idle connections, so this file is `async`.

All decisions are `api.session`'s; here are frames, the clock's tick, and who is connected.  Once
a second one statement tells the store who was heard, and one asks what was published.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect

from hanza.api.calls import Plane
from hanza.api.session import Session
from hanza.model.errors import Refusal
from hanza.model.ids import AgentId
from hanza.model.manifest import Hash, Version
from hanza.store.agents import manifest_versions, note_heard
from hanza.wire import agent_v1 as v1

log = logging.getLogger("hanza.link")
TICK_S = 1.0
HELLO_WITHIN_S = 10.0
TELL_WITHIN_S = 10.0
SILENT_AFTER_S = 3 * v1.HEARTBEAT_EVERY_S
CLOSE_REFUSED = 4000


class _Line:
    """One connection: a session, its socket, and the order of what is sent."""

    def __init__(self, plane: Plane, socket: WebSocket) -> None:
        self.session = Session(plane)
        self._socket = socket
        self._turn = asyncio.Lock()

    async def send(self, message: v1.Down) -> None:
        await self._socket.send_bytes(v1.encode(message))

    async def answer(self, message: v1.Up, plane: Plane) -> None:
        async with self._turn:
            now = plane.clock.now()
            for reply in await asyncio.to_thread(self.session.receive, message, now):
                await self.send(reply)

    async def tell_news(self) -> None:
        async with self._turn:
            for message in await asyncio.to_thread(self.session.news):
                await self.send(message)


class Hub:
    """All connections of one plane."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._lines: set[_Line] = set()
        self._heard: set[AgentId] = set()
        self._published = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def hint_published(self) -> None:
        """From any thread: something was published; a hint, the tick would find it too."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._published.set)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        line = _Line(self._plane, socket)
        self._lines.add(line)
        try:
            await line.send(line.session.open())
            await self._listen(line, socket)
        except Refusal as refusal:
            log.info("link.refused code=%s agent=%s", refusal.code, line.session.agent)
            await _close(socket, v1.Refused(refusal.code, refusal.text[:1024]))
        except (WebSocketDisconnect, TimeoutError, OSError, RuntimeError) as error:
            log.info("link.ended agent=%s cause=%s", line.session.agent, type(error).__name__)
        finally:
            self._lines.discard(line)

    async def run(self) -> None:
        """Tick for ever: pass on who was heard, and tell whoever has something to be told."""
        self._loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._published.wait(), TICK_S)
            self._published.clear()
            (failure,) = await asyncio.gather(self._tick(), return_exceptions=True)
            if failure is not None:
                log.error("link.tick_failed", exc_info=failure)
                await asyncio.sleep(TICK_S)

    async def _listen(self, line: _Line, socket: WebSocket) -> None:
        while True:
            patience = SILENT_AFTER_S if line.session.agent else HELLO_WITHIN_S
            frame = await asyncio.wait_for(socket.receive_bytes(), patience)
            await line.answer(v1.decode_up(frame), self._plane)
            if line.session.agent:
                self._heard.add(line.session.agent)

    async def _tick(self) -> None:
        store = self._plane.store
        heard, self._heard = self._heard, set()
        if heard:
            await asyncio.wrap_future(store.submit(note_heard, heard, self._plane.clock.now()))
        connected = [line.session.agent for line in self._lines if line.session.agent]
        if not connected:
            return
        known = await asyncio.to_thread(store.read, manifest_versions, connected)
        behind = [line for line in self._lines if _is_behind(line.session, known)]
        await asyncio.gather(*(_tell(line) for line in behind))


def _is_behind(session: Session, known: Mapping[AgentId, tuple[Version, Hash]]) -> bool:
    published = known.get(session.agent) if session.agent else None
    return published is not None and published[0] != session.sent


async def _tell(line: _Line) -> None:
    """One slow line keeps nobody else waiting, and is left alone until the next tick."""
    try:
        await asyncio.wait_for(line.tell_news(), TELL_WITHIN_S)
    except (WebSocketDisconnect, TimeoutError, OSError, RuntimeError) as error:
        agent, cause = line.session.agent, type(error).__name__
        log.info("link.not_told agent=%s cause=%s", agent, cause)


async def _close(socket: WebSocket, message: v1.Refused) -> None:
    try:
        await socket.send_bytes(v1.encode(message))
        await socket.close(CLOSE_REFUSED, message.code)
    except (WebSocketDisconnect, RuntimeError, OSError):
        log.debug("link.gone_before_refusal")
