"""HTTP/1.1 clients that cost little: raw connections of one process that ask and count.

`flood` keeps every connection busy (closed loop).  `drip` sends at a rate, whether or not the
answers come, and counts from when a request was due (open loop), so that a plane that stalls does
not hide it.  `run_turns` has each client ask several things one after the other, then the next
ones.  An answer of another status than the one expected ends the run: what is refused quickly is
not fast.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
RAMP_S = 0.001


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and as whom."""

    host: str
    port: int
    token: str = ""

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        head = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}", "accept: */*"]
        if self.token:
            head.append(f"authorization: Bearer {self.token}")
        if body:
            head += ["content-type: application/json", f"content-length: {len(body)}"]
        return "\r\n".join(head).encode() + HEAD_END + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._buffer = b""
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes, began: float) -> None:
        self.began = began
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(HEAD_END)
        if found and len(rest) >= _length_of(head):
            self._buffer = b""
            self._load.note(self, head, rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(f"the connection was lost: {exc}")

    def close(self) -> None:
        self._transport.abort()


def _length_of(head: bytes) -> int:
    at = head.lower().find(LENGTH)
    return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class _Load:
    """Hands requests to connections that are free, and notes how long each took."""

    def __init__(self, requests: Iterator[bytes], status: int) -> None:
        self._requests = requests
        self._expected = f"HTTP/1.1 {status} ".encode()
        self._free: deque[_Connection] = deque()
        self._due: deque[float] | None = None
        self._left = 0
        self.seconds: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def flood(self, connections: Sequence[_Connection], count: int) -> None:
        self._left = count
        self._unsent = count
        for one in connections:
            self._next(one)
        await self.done

    async def drip(self, connections: Sequence[_Connection], count: int, per_second: float) -> None:
        self._left, self._due = count, deque()
        self._free.extend(connections)
        began = time.perf_counter()
        sent = 0
        while sent < count and not self.done.done():
            now = time.perf_counter()
            for _ in range(min(count, int((now - began) * per_second) + 1) - sent):
                self._due.append(began + sent / per_second)
                sent += 1
            self._send_due()
            await asyncio.sleep(RAMP_S)
        await self.done

    def note(self, connection: _Connection, head: bytes, body: bytes) -> None:
        if not head.startswith(self._expected):
            self.fail((head + HEAD_END + body).decode(errors="replace"))
            return
        self.seconds.append(time.perf_counter() - connection.began)
        self._left -= 1
        if not self._left:
            self.done.set_result(None)
        elif self._due is None:
            self._next(connection)
        else:
            self._free.append(connection)
            self._send_due()

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))

    def _next(self, connection: _Connection) -> None:
        if self._unsent:
            self._unsent -= 1
            connection.ask(next(self._requests), time.perf_counter())

    def _send_due(self) -> None:
        assert self._due is not None, "requests drip"
        while self._due and self._free:
            self._free.popleft().ask(next(self._requests), self._due.popleft())


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the status that it has to be answered with."""

    request: bytes
    status: int


class _Turns(_Load):
    """Each connection takes the next turn once its last is over: its calls one after the other."""

    def __init__(self, turns: Iterator[Sequence[Call]]) -> None:
        super().__init__(iter(()), 0)
        self._turns = turns
        self._rests: dict[_Connection, deque[Call]] = {}

    async def take(self, connections: Sequence[_Connection]) -> None:
        for one in connections:
            self._rests[one] = deque()
        for one in connections:
            self._go_on(one)
        await self.done

    def note(self, connection: _Connection, head: bytes, body: bytes) -> None:
        call = self._rests[connection].popleft()
        if not head.startswith(f"HTTP/1.1 {call.status} ".encode()):
            self.fail((head + HEAD_END + body).decode(errors="replace"))
            return
        self.seconds.append(time.perf_counter() - connection.began)
        self._go_on(connection)

    def _go_on(self, connection: _Connection) -> None:
        rest = self._rests[connection]
        if not rest:
            rest.extend(next(self._turns, ()))
        if rest:
            connection.ask(rest[0].request, time.perf_counter())
            return
        del self._rests[connection]
        if not self._rests and not self.done.done():
            self.done.set_result(None)


def run_turns(server: Server, turns: Iterator[Sequence[Call]], clients: int) -> list[float]:
    """The seconds that each call took.  Raises `RuntimeError` for another answer's status."""

    async def go() -> list[float]:
        load = _Turns(turns)
        async with _connected(load, server, clients) as connections:
            await load.take(connections)
        return load.seconds

    return uvloop.run(go())


@contextlib.asynccontextmanager
async def _connected(load: _Load, server: Server, clients: int) -> AsyncIterator[list[_Connection]]:
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(load), server.host, server.port))[1]
        for _ in range(clients)
    ]
    try:
        yield connections
    finally:
        for one in connections:
            one.close()


def run_load(
    server: Server,
    requests: Iterator[bytes],
    count: int,
    clients: int,
    *,
    status: int = 200,
    per_second: float | None = None,
) -> list[float]:
    """The seconds that each of `count` requests took; at `per_second`, or as fast as it goes.

    Raises `RuntimeError` for an answer of another status.
    """

    async def go() -> list[float]:
        load = _Load(requests, status)
        async with _connected(load, server, clients) as connections:
            if per_second is None:
                await load.flood(connections, count)
            else:
                await load.drip(connections, count, per_second)
        return load.seconds

    return uvloop.run(go())
