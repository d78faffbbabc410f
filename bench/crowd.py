"""A crowd of agents in one process: the real protocol, real keys and real TLS, and next to no site.

    python -m bench.crowd FILE          FILE: what `Crowd` says, as JSON

Each of them is the agents' own `Session` on a WebSocket of its own; it keeps its manifest in
memory, has one host, and reports what it was told to run as running.  It dials again as a real
one does (`agent.link.pause_after`).  What happens is told in JSON lines on standard output:

    {"welcome": 998, "at": …}           how many a plane has welcomed and taken a report of
    {"entry": "row-3", "at": …}         an entry of a manifest that has just come
"""

import asyncio
import json
import os
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import uvloop
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from hanza.agent.link import asked_pause, pause_after, trust_only
from hanza.agent.session import Session, Speaker
from hanza.kit.clock import SystemClock
from hanza.model.capacity import Capacity
from hanza.model.errors import HanzaError
from hanza.model.guest import HostFacts
from hanza.model.ids import AgentId, NativeId
from hanza.model.manifest import Manifest, Version
from hanza.model.report import Incarnation, Seen, View
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import new_agent_key
from hanza.wire.directory_v1 import Directory

HOST = HostFacts("host-1", Capacity(64, 262144, 4194304), "none")
SLICES = 10
"""Of a second: a tenth of the crowd is asked at a time whether its heart shall beat."""
DIAL_WITHIN_S = 30.0
DIALS_MAX = 48
"""At once, when the crowd first comes: it joins its plane in order, and storms it only later."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who comes, and where to."""

    port: int
    root: str
    """The federation's root certificate, a file."""
    pin: bytes
    agents: list[tuple[str, bytes]]
    """Ids and the seeds of keys."""


@dataclass
class Memory:
    """The manifest of a site that never crashes."""

    manifest: Manifest | None = None
    is_fresh: bool = False

    def hold(self, manifest: Manifest) -> None:
        self.manifest, self.is_fresh = manifest, True

    def keep_directory(self, _: Directory) -> bool:
        return False  # it has one plane and no disk


@dataclass
class Told:
    """What is told of the whole crowd."""

    welcome: int = 0
    was: int = -1
    entries: set[str] = field(default_factory=set)
    reasons: dict[str, int] = field(default_factory=dict)

    def tick(self) -> None:
        if self.welcome != self.was:
            self.was = self.welcome
            say({"welcome": self.welcome, "reasons": self.reasons})

    def lost(self, reason: str) -> None:
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def came(self, manifest: Manifest) -> None:
        for entry in manifest.entries:
            if entry.spec.name not in self.entries:
                self.entries.add(entry.spec.name)
                say({"entry": entry.spec.name})


def say(record: dict[str, object]) -> None:
    print(json.dumps({**record, "at": SystemClock().now().timestamp()}), flush=True)


class Agent(asyncio.Protocol):
    """One agent, over all of its connections."""

    def __init__(self, agent: str, seed: bytes, pin: bytes, told: Told) -> None:
        start = Incarnation(1, os.urandom(8).hex())
        key, abilities = new_agent_key(seed), (v1.CONSOLE, v1.MEASURE, v1.MESH)
        self._memory, self._told = Memory(), told
        speaker = Speaker(AgentId(agent), "fake", pin, key, start, abilities)
        self._session = Session(speaker, self._memory)
        self._clock = SystemClock()
        self._transport: asyncio.Transport | None = None
        self._is_linked = False
        self.failures = 0
        self.asked_s = 0.0
        """How long a plane that starts has asked to be left alone."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self, url: str) -> None:
        self.asked_s = 0.0
        self._wire = ClientProtocol(parse_uri(url), max_size=v1.MANIFEST_BYTES_MAX)
        self.over = asyncio.get_running_loop().create_future()
        self._session.open()

    def beat(self) -> None:
        if self._transport is None or self._wire.state is not State.OPEN:
            return
        now = self._clock.now()
        self._send(self._session.beat(now))
        if self._session.is_lost(now):
            self._told.lost("silent")
            self._transport.abort()

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._wire.send_request(self._wire.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._wire.receive_data(data)
        try:
            for event in self._wire.events_received():
                self._hear(event)
        except (HanzaError, WebSocketException) as error:
            self._told.lost(f"{type(error).__name__}: {error}")
            assert self._transport is not None, "it has just received"
            self._transport.abort()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.failures += not self.asked_s
        if self._is_linked:
            self._is_linked = False
            self._told.welcome -= 1
            self._told.lost("cut" if exc is None else type(exc).__name__)
        if not self.over.done():
            self.over.set_result(None)

    # -- inside -------------------------------------------------------------------------------

    def _hear(self, event: object) -> None:
        if isinstance(event, Response):
            if event.status_code != 101:
                self._told.lost(f"HTTP {event.status_code}")
                pause = asked_pause(InvalidStatus(event), _chance())
                self.asked_s = 0.0 if pause is None else pause.total_seconds()
            return
        if not isinstance(event, Frame) or event.opcode is not Opcode.BINARY:
            if isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self._told.lost(f"close {self._wire.close_rcvd}")
            return
        message = v1.decode_down(bytes(event.data))
        self._send(self._session.receive(message))
        if self._session.refused is not None:
            self._told.lost(f"refused {self._session.refused.code}")
        match message:
            case v1.Welcome():
                self._send(self._session.offer(self._view()))
            case v1.ReportTaken() if not self._is_linked:
                self._is_linked, self.failures = True, 0
                self._told.welcome += 1
        if self._memory.is_fresh and self._memory.manifest is not None:
            self._memory.is_fresh = False
            self._told.came(self._memory.manifest)
            self._send(self._session.offer(self._view()))

    def _view(self) -> View:
        held = self._memory.manifest
        if held is None:
            return View(Version(0, 0), (), (), (HOST,), None)
        seen = [
            Seen(one.mark, "run", "present", NativeId(one.mark.owner), one.power, "seen")
            for one in held.entries
        ]
        gone = [Seen(one.mark, "end", "absent") for one in held.tombstones]
        both = sorted(seen + gone, key=lambda one: (one.mark.owner, one.mark.run_epoch))
        return View(held.version, tuple(both), (), (HOST,), None)

    def _send(self, messages: list[v1.Up]) -> None:
        if not messages or self._wire.state is not State.OPEN:
            return  # what was to be said is said anew on the next connection
        for message in messages:
            self._wire.send_binary(v1.encode(message))
        self._flush()

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            for data in self._wire.data_to_send():
                if data:
                    self._transport.write(data)
                else:  # the library's word for the end
                    self._transport.close()


async def live(
    agent: Agent, crowd: Crowd, context: ssl.SSLContext, door: asyncio.Semaphore
) -> None:
    """Dial for ever."""
    loop, url = asyncio.get_running_loop(), f"ws://127.0.0.1:{crowd.port}{v1.LINK_PATH}"
    is_first = True
    while True:
        agent.begin(url)
        try:
            async with door if is_first else asyncio.timeout(None):
                dialled = loop.create_connection(
                    lambda: agent, "127.0.0.1", crowd.port, ssl=context, server_hostname="127.0.0.1"
                )
                async with asyncio.timeout(DIAL_WITHIN_S):
                    await dialled
            is_first = False
            await agent.over
        except (OSError, TimeoutError) as error:
            agent.failures += 1
            agent._told.lost(f"dial {type(error).__name__}")
        pause = pause_after(agent.failures, _chance()).total_seconds()
        await asyncio.sleep(agent.asked_s or pause)


def _chance() -> float:
    return int.from_bytes(os.urandom(2)) / 0xFFFF


async def run(crowd: Crowd) -> None:
    told, context = Told(), trust_only(Path(crowd.root).read_text())
    agents = [Agent(name, seed, crowd.pin, told) for name, seed in crowd.agents]
    door = asyncio.Semaphore(DIALS_MAX)
    lives = [asyncio.create_task(live(one, crowd, context, door)) for one in agents]
    while True:
        for nth in range(SLICES):
            await asyncio.sleep(1 / SLICES)
            for one in agents[nth::SLICES]:
                one.beat()
            told.tick()
        for one in lives:
            if one.done():
                one.result()


if __name__ == "__main__":
    uvloop.run(run(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Crowd)))
