"""Events as they happen, as server-sent events: one look at the store serves all who listen.

Promises: a listener gets every event after the one it names, once and in order; nothing is kept
per listener, so one that reads slowly costs no memory: it falls out of the shared window and
reads its pages from the store itself.  Streams end after an hour, so that a token that is too
old does not listen for ever; whoever comes back says `Last-Event-ID` and loses nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable

import msgspec

from hanza.api.calls import Call, Plane
from hanza.kit.log import Log
from hanza.model.errors import BadQuery, Busy
from hanza.plan.tail import settled
from hanza.store.events import Event, last_serial, list_events
from hanza.wire.federation_v1 import EventDoc

log = Log("hanza.events")
MEDIA_TYPE = "text/event-stream"
LISTENERS_MAX = 500
WINDOW = 1024
PAGE = 256
LOOK_EVERY_S = 0.5
ALIVE_EVERY_S = 15.0
STREAM_FOR_S = 3600.0


class Feed:
    """The events of one plane's store, for any number of listeners."""

    def __init__(self, plane: Plane, look_every_s: float = LOOK_EVERY_S) -> None:
        self._plane = plane
        self._look_every_s = look_every_s
        self._window: deque[Event] = deque()
        self._floor: int | None = None
        """Everything after this that was passed on is in the window; None before any look."""
        self._last = 0
        self._listeners = 0
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def listeners(self) -> int:
        return self._listeners

    async def run(self) -> None:
        """Look for ever, but only while somebody listens."""
        while True:
            await self._wanted.wait()
            (failure,) = await asyncio.gather(self._look(), return_exceptions=True)
            if failure is not None:
                log.error("events.look_failed", failure)
            await asyncio.sleep(self._look_every_s)

    def listen(self, after: int | None, tenant: str | None = None) -> AsyncGenerator[bytes, None]:
        """The stream after a serial, or from now on; of one tenant, or all of it.

        Raises `Busy` when too many listen.
        """
        if self._listeners >= LISTENERS_MAX:
            raise Busy(f"{LISTENERS_MAX} listen already", hint="try again in a while")
        return self._stream(after, tenant)

    async def _stream(self, after: int | None, tenant: str | None) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_FOR_S
        self._listeners += 1
        self._wanted.set()
        try:
            at = await self._read_last() if after is None else after
            yield b"retry: 2000\n\n"
            while loop.time() < ends_at:
                news = self._news
                found = self._in_window(at)
                is_behind = found is None
                if found is None:
                    found = await self._read(at, PAGE)
                if found:
                    at = found[-1].serial
                    mine = [one for one in found if tenant in (None, one.tenant)]
                    if mine:
                        yield frames(mine)
                    continue
                patience_s = self._look_every_s if is_behind else ALIVE_EVERY_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), patience_s)
                    continue
                if not is_behind:
                    yield b": alive\n\n"
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._rest()

    def _rest(self) -> None:
        """Nobody listens: the window would grow old, so the next one begins it anew."""
        self._wanted.clear()
        self._window.clear()
        self._floor = None

    async def _look(self) -> None:
        if self._floor is None:
            self._last = await self._read_last()
            self._floor = self._last
        found = await self._read(self._last, WINDOW)
        if not found or not self._listeners:
            return
        self._last = found[-1].serial
        self._window.extend(found)
        while len(self._window) > WINDOW:
            self._floor = self._window.popleft().serial
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _in_window(self, at: int) -> list[Event] | None:
        """What comes after `at`; None when the window does not reach back so far."""
        if self._floor is None or at < self._floor:
            return None
        found: list[Event] = []
        for event in reversed(self._window):
            if event.serial <= at or len(found) >= WINDOW:
                break
            found.append(event)
        return found[::-1][:PAGE]

    async def _read(self, after: int, limit: int) -> list[Event]:
        store, now = self._plane.store, self._plane.clock.now()
        found = await asyncio.to_thread(store.read, list_events, after, limit)
        return settled(found, after, now)

    async def _read_last(self) -> int:
        return await asyncio.to_thread(self._plane.store.read, last_serial)


def frames(events: Iterable[Event]) -> bytes:
    """As the browsers' EventSource reads them; JSON has no line breaks of its own."""
    parts = []
    for one in events:
        document = EventDoc(one.serial, one.at, one.kind, one.subject, one.text)
        data = msgspec.json.encode(document).decode()
        parts.append(f"id: {one.serial}\nevent: {one.kind}\ndata: {data}\n\n")
    return "".join(parts).encode()


def wants_stream(accept: str) -> bool:
    return MEDIA_TYPE in accept


def after_of(call: Call) -> int | None:
    """Where to go on: `Last-Event-ID` first, then the query; None is from now on."""
    text = call.headers.get("last-event-id") or call.query.get("after")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadQuery("Last-Event-ID is the serial of the last event you have", field="after")
    return int(text)
