"""The agents' link over WebSocket: many idle connections, so this file is `async`.

All decisions are `api.session`'s; here are frames, the clock's tick, and who is connected.  Once
a second one statement tells the store who was heard, and one asks what was published.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from hanza.api.calls import Plane
from hanza.api.session import NUMBERS_EVERY_S, Session
from hanza.kit.log import Log
from hanza.model.errors import Invalid, Refusal
from hanza.model.ids import AgentId
from hanza.model.manifest import Version
from hanza.model.probe import Probe
from hanza.model.report import Incarnation
from hanza.store.agents import note_heard
from hanza.store.directory import find_directory
from hanza.store.links import LinkOf, list_links
from hanza.store.probes import list_probes
from hanza.store.rollouts import rollouts_number
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1

T = TypeVar("T")
log = Log("hanza.link")
TICK_S = 1.0
HELLO_WITHIN_S = 10.0
HELLO_BYTES_MAX = 20 * 2**10
STRANGERS_MAX = 4096
"""Connections that have not said hello.  A thousand agents come back in a second or two after a
restart, and a stranger costs little: the frames it may send are small."""
THREADS_MAX = 32
"""They mostly wait for a commit, which the more of them share the more of them wait.  They are the
link's own: a thousand agents that come at once keep no tenant's request waiting."""
REPORT_EVERY_S = 0.1
TELL_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0
SILENT_AFTER_S = 3 * v1.HEARTBEAT_EVERY_S
CLOSE_REFUSED = 4000
CLOSE_BUSY = 1013
TRUSTED = "hanza.trusted"
"""In a connection's state: what to call once it is known who is at its other end."""
_ENDS = (WebSocketDisconnect, TimeoutError, OSError, RuntimeError)


class _Line:
    """One connection: a session, its socket, and the order of what is sent."""

    def __init__(
        self,
        plane: Plane,
        socket: WebSocket,
        threads: Executor,
        on_refused: Callable[[v1.ConsoleRefused], None],
    ) -> None:
        self.session = Session(plane, "" if socket.client is None else socket.client.host)
        self._threads = threads
        self._on_refused = on_refused
        self._plane = plane
        self._socket = socket
        self._turn = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._is_lost = False

    async def serve(self, heard: "Callable[[_Line], None]") -> None:
        """Until the agent leaves, breaks the rules, or can no longer be told anything."""
        await self._send(self.session.open())
        self._listening = asyncio.create_task(self._listen(heard))
        try:
            await self._listening
        except asyncio.CancelledError:
            if not self._is_lost:
                raise
            with contextlib.suppress(*_ENDS):
                await asyncio.wait_for(self._socket.close(CLOSE_BUSY), CLOSE_WITHIN_S)
        finally:
            if self._telling is not None:
                self._telling.cancel()

    def begin_telling(self) -> None:
        """Tell the news, beside everything else; a line that cannot take them is given up."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    def give_up(self) -> None:
        """End the connection; the agent begins anew if it is still there."""
        self._is_lost = True
        if self._listening is not None:
            self._listening.cancel()

    async def say(self, message: v1.Down) -> None:
        """Beside what the session says; raises what a connection raises that is gone or stuck."""
        async with asyncio.timeout(TELL_WITHIN_S), self._turn:
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        with contextlib.suppress(*_ENDS):
            words = refusal.text if refusal.hint is None else f"{refusal.text}; {refusal.hint}"
            await self._send(v1.Refused(refusal.code, words[:1024]))
            await self._socket.close(CLOSE_REFUSED, refusal.code)

    async def _listen(self, heard: "Callable[[_Line], None]") -> None:
        while True:
            is_known = self.session.agent is not None
            async with asyncio.timeout(SILENT_AFTER_S if is_known else HELLO_WITHIN_S):
                frame = await self._receive()
            if not is_known and len(frame) > HELLO_BYTES_MAX:
                raise Invalid("no hello is that long", field="frame")
            is_report = await self._answer(frame)
            if self.session.agent is not None:
                if not is_known:
                    _trust(self._socket)
                heard(self)
            if is_report:  # nobody has that much to tell: one agent never fills the store's day
                await asyncio.sleep(REPORT_EVERY_S)

    async def _receive(self) -> bytes:
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", CLOSE_BUSY))
        frame = message.get("bytes")
        if not isinstance(frame, bytes):
            raise Invalid("a text frame; ours are binary", field="frame")
        return frame

    async def _answer(self, frame: bytes) -> bool:
        """Whether it said much.  A large frame is decoded where it holds up nobody."""
        taken = self.session.take_beat(frame)
        if taken is not None:  # most of what is ever said here, and nobody has to think about it
            async with self._turn:
                await self._send(taken)
            return False
        async with self._turn:
            message, replies = await self._in_thread(partial(self._consider, frame))
            for reply in replies:
                await self._send(reply)
        if isinstance(message, v1.ConsoleRefused):
            self._on_refused(message)
        much = v1.ReportUp | v1.Measured | v1.Answering | v1.Met | v1.NumbersUp
        return isinstance(message, much)

    def _consider(self, frame: bytes) -> tuple[v1.Up, list[v1.Down]]:
        return self.session.hear(frame, self._plane.clock.now())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _tell(self) -> None:
        try:
            async with asyncio.timeout(TELL_WITHIN_S), self._turn:
                for message in await self._in_thread(self.session.news):
                    await self._send(message)
        except _ENDS as error:
            # What was not sent counts as told: only another connection makes that good.
            log.info("link.not_told", agent=self.session.agent, cause=type(error).__name__)
            self.give_up()

    async def _send(self, message: v1.Down) -> None:
        await self._socket.send_bytes(v1.encode(message))


def _trust(socket: WebSocket) -> None:
    """From now on it may send large frames, where whoever serves it can be told so."""
    trusted = socket.scope.get("state", {}).get(TRUSTED)
    if trusted is not None:
        trusted()


class Hub:
    """All connections of one plane; of `strangers_max` at once it is not known who they are."""

    def __init__(self, plane: Plane, strangers_max: int = STRANGERS_MAX) -> None:
        self._plane = plane
        self._strangers_max = strangers_max
        self._threads = ThreadPoolExecutor(THREADS_MAX, "link")
        self._lines: set[_Line] = set()
        self._strangers: set[_Line] = set()
        self._heard: set[AgentId] = set()
        self._asking: set[asyncio.Task[None]] = set()
        plane.board.ask = self.ask_numbers
        self._published = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.on_console_refused: Callable[[v1.ConsoleRefused], None] = lambda _: None
        self.on_disbelieved: Callable[[AgentId, Incarnation], None] = lambda *_: None
        """A start of an agent was superseded, or the agent was revoked."""

    def session_of(self, agent: AgentId, start: Incarnation) -> Session | None:
        """The session of this start of the agent; None when it is not connected here."""
        line = self._line_of(agent, start)
        return None if line is None else line.session

    async def say(self, agent: AgentId, start: Incarnation, message: v1.Down) -> bool:
        """Whether it went out: not when this start of the agent is not, or no more, connected."""
        line = self._line_of(agent, start)
        if line is None:
            return False
        try:
            await line.say(message)
        except _ENDS:
            return False
        return True

    def _line_of(self, agent: AgentId, start: Incarnation) -> _Line | None:
        for line in self._lines:
            if line.session.agent == agent and line.session.incarnation == start:
                return line
        return None

    def hint_published(self) -> None:
        """From any thread: something was published; a hint, the tick would find it too."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                self._loop.call_soon_threadsafe(self._published.set)

    def ask_numbers(self, agent: AgentId) -> bool:
        """From any thread: have it say what it counts; whether it can be asked here."""
        for line in list(self._lines):
            session, loop = line.session, self._loop
            if loop is not None and session.agent == agent and session.can(v1.NUMBERS):
                with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
                    loop.call_soon_threadsafe(self._begin_asking, line)
                    return True
        return False

    def _begin_asking(self, line: _Line) -> None:
        asking = asyncio.create_task(self._ask(line))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _ask(self, line: _Line) -> None:
        with contextlib.suppress(*_ENDS):
            await line.say(v1.NumbersWanted(NUMBERS_EVERY_S))

    def held(self) -> dict[AgentId, Version | None]:
        """Every agent that is connected, with the version that it has said it holds."""
        sessions = [line.session for line in list(self._lines)]
        return {one.agent: one.held for one in sessions if one.agent is not None}

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        if len(self._strangers) >= self._strangers_max:
            await socket.close(CLOSE_BUSY, "too many have not said who they are")
            return
        line = _Line(
            self._plane, socket, self._threads, lambda refused: self.on_console_refused(refused)
        )
        self._lines.add(line)
        self._strangers.add(line)
        try:
            await line.serve(self._note)
        except Refusal as refusal:
            log.info("link.refused", code=refusal.code, agent=line.session.agent)
            await line.refuse(refusal)
        except _ENDS as error:
            log.info("link.ended", agent=line.session.agent, cause=type(error).__name__)
        finally:
            self._lines.discard(line)
            self._strangers.discard(line)

    def _note(self, line: _Line) -> None:
        self._strangers.discard(line)
        if line.session.agent is not None:
            self._heard.add(line.session.agent)

    async def run(self) -> None:
        """Tick for ever: pass on who was heard, and tell whoever has something to be told."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._tick_for_ever()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _tick_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._published.wait(), TICK_S)
            self._published.clear()
            (failure,) = await asyncio.gather(self._tick(), return_exceptions=True)
            if failure is not None:
                log.error("link.tick_failed", failure)
                await asyncio.sleep(TICK_S)

    async def _tick(self) -> None:
        store, now = self._plane.store, self._plane.clock.now()
        # Those of before the store is asked: it may not know yet of who comes meanwhile.
        lines = [(line, line.session.agent) for line in self._lines]
        known_lines = [(line, agent) for line, agent in lines if agent is not None]
        if not known_lines:
            return
        asked = [agent for _, agent in known_lines]
        mesh = await asyncio.to_thread(self._plane.meeting.mesh, now)
        known, probes, directory, rollouts = await asyncio.to_thread(store.read, _look, asked)
        heard, self._heard = self._heard, set()
        for line, agent in known_lines:
            start, found = line.session.incarnation, known.get(agent)
            if start is not None and (found is None or found.start != start):
                self.on_disbelieved(agent, start)
                # It comes back, is refused, and then it is known that the key is alive twice.
                line.give_up()
                heard.discard(agent)
        for line, agent in known_lines:
            found = known.get(agent)
            version = None if found is None else found.version
            if line.session.is_behind(version, probes, mesh, directory, rollouts):
                line.begin_telling()
        if heard:  # last, since it waits for the writer, and an order shall not wait with it
            await asyncio.wrap_future(store.submit(note_heard, heard, now))


def _look(
    tx: Tx, agents: Collection[AgentId]
) -> tuple[dict[AgentId, LinkOf], tuple[Probe, ...], int, int]:
    """What is known of these agents, the probes, and the numbers of directory and rollouts."""
    found = find_directory(tx)
    directory = 0 if found is None else found.number
    return list_links(tx, agents), list_probes(tx), directory, rollouts_number(tx)
