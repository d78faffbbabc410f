"""Asking other sites how far they are, and answering them: a few datagrams an hour.

Promises: only who has the key that the plane gave for this round is answered, with as many bytes
as it sent; what is sent and received stays within the budget of `plan.mesh` a day, whatever the
plane or anybody else asks for; only addresses that the machine's owner allows are asked.  An agent
answers at a port only when its owner has named one.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hanza.agent.measure import Scope, may_dial
from hanza.kit.buckets import Buckets, Rate
from hanza.kit.log import Log
from hanza.model.ids import AgentId
from hanza.model.probe import Trip
from hanza.plan.mesh import BUDGET_BYTES_A_DAY, DATAGRAM_BYTES, HEADER_BYTES, TRIES
from hanza.wire.mesh_v1 import NONCE_BYTES, answer_to, ask, is_answer

EVERY = timedelta(hours=1)
WAIT_S = 2.0
PAUSE_MAX_S = 0.5
LOOK_S = 1.0
EACH_WAY = DATAGRAM_BYTES + HEADER_BYTES
ANSWERED = Rate(per_second=1, burst=4 * TRIES)
"""Of one address."""
_DAY_S = timedelta(days=1).total_seconds()
_log = Log("hanza.agent.peers")


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to ask: an address that the plane has seen it speak from, and the key of the pair."""

    agent: AgentId
    host: str
    port: int
    key: bytes

    def __repr__(self) -> str:
        return f"Peer({self.agent!r}, {self.host!r}, {self.port!r}, key=...)"


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the plane said last: the round, whom to ask in it, and our own key to answer with."""

    number: int | None = None
    peers: tuple[Peer, ...] = ()
    key: bytes | None = None


class Tell(Protocol):
    """Who knows whom to ask, and passes on what was found: the agent's link."""

    @property
    def meeting(self) -> Meeting: ...

    def offer_meetings(self, number: int, trips: tuple[Trip, ...]) -> None: ...


class Allowance:
    """Bytes of one day, for asking and answering together.  For any number of threads."""

    def __init__(self, seconds: Callable[[], float], bytes_max: int = BUDGET_BYTES_A_DAY) -> None:
        """`seconds` is a monotonic clock."""
        self._seconds = seconds
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._began = seconds()
        self._spent = 0

    def take(self, size: int) -> bool:
        """Whether so many bytes may still go today; then they are spent."""
        with self._lock:
            now = self._seconds()
            if now - self._began >= _DAY_S:
                self._began, self._spent = now, 0
            if self._spent + size > self._bytes_max:
                return False
            self._spent += size
            return True


class Answerer:
    """`run_once` is called for ever by one thread; it answers for about a second at a time."""

    def __init__(self, link: Tell, port: int, allowance: Allowance) -> None:
        """Raises `OSError` where the port is taken; 0 takes any that is free."""
        self._link = link
        self._allowance = allowance
        self._asked = Buckets(ANSWERED, keys_max=1024)
        self._socket = _bound(port)
        self._socket.settimeout(LOOK_S)
        self.port: int = self._socket.getsockname()[1]

    def run_once(self) -> timedelta:
        until = time.monotonic() + LOOK_S
        while time.monotonic() < until:
            try:
                datagram, where = self._socket.recvfrom(DATAGRAM_BYTES + 1)
            except TimeoutError:
                break
            answer = self._answer(datagram, str(where[0]))
            if answer is not None:
                self._socket.sendto(answer, where)
        return timedelta(0)

    def _answer(self, datagram: bytes, address: str) -> bytes | None:
        meeting = self._link.meeting
        if meeting.key is None or meeting.number is None:
            return None
        answer = answer_to(meeting.key, meeting.number, datagram)
        if answer is None or self._asked.take(address, time.monotonic()):
            return None
        return answer if self._allowance.take(2 * EACH_WAY) else None

    def close(self) -> None:
        self._socket.close()


class Asker:
    """`run_once` is called for ever by one thread; any other may call the rest."""

    def __init__(
        self,
        link: Tell,
        me: AgentId,
        scope: Scope,
        chance: Callable[[int], bytes],
        stop: threading.Event,
        allowance: Allowance,
    ) -> None:
        """`chance` gives bytes that nobody can guess; `stop` ends a round early."""
        self.wake = threading.Event()
        self._link = link
        self._me = me
        self._scope = scope
        self._chance = chance
        self._stop = stop
        self._allowance = allowance
        self._round: int | None = None
        self._asked: set[AgentId] = set()
        """In this round: nobody is asked twice, however often the plane names others."""

    def look(self) -> None:
        """The plane said something: ask now if it named somebody who was not asked yet."""
        meeting = self._link.meeting
        if meeting.number is not None and self._not_asked(meeting):
            self.wake.set()

    def run_once(self) -> timedelta:
        """Ask every peer of this round once, tell, and rest until the plane names others."""
        meeting = self._link.meeting
        if meeting.number is not None:
            peers = self._not_asked(meeting)
            if meeting.number != self._round:
                self._round, self._asked = meeting.number, set()
            self._asked |= {one.agent for one in peers}
            found = [(one, self._least(one, meeting.number)) for one in peers]
            trips = tuple(Trip(one.agent, ms) for one, ms in found if ms is not None)
            if trips:
                self._link.offer_meetings(meeting.number, trips)
        return EVERY

    def _not_asked(self, meeting: Meeting) -> list[Peer]:
        done = self._asked if meeting.number == self._round else ()
        return [one for one in meeting.peers if one.agent not in done]

    def _least(self, peer: Peer, number: int) -> float | None:
        """Milliseconds; None when nobody answered rightly, or nobody may be asked."""
        if not _is_allowed(peer.host, self._scope):
            _log.warning("peer.refused", peer=peer.agent, scope=self._scope)
            return None
        found = []
        for _ in range(TRIES):
            share = int.from_bytes(self._chance(2)) / 2**16
            if self._stop.wait(PAUSE_MAX_S * share) or not self._allowance.take(2 * EACH_WAY):
                break
            try:
                ms = self._ask(peer, number)
            except OSError as error:
                _log.info("peer.unreachable", peer=peer.agent, kind=type(error).__name__)
                break
            found.append(ms)
        return min(found, default=None)

    def _ask(self, peer: Peer, number: int) -> float:
        """Raises `TimeoutError` when no right answer comes; wrong ones are passed over."""
        asked = ask(peer.key, number, self._me, self._chance(NONCE_BYTES))
        family = socket.AF_INET6 if ":" in peer.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as wire:
            wire.connect((peer.host, peer.port))
            began = time.perf_counter()
            wire.send(asked)
            while (left := began + WAIT_S - time.perf_counter()) > 0:
                wire.settimeout(left)
                datagram = wire.recv(DATAGRAM_BYTES + 1)
                took = time.perf_counter() - began
                if is_answer(peer.key, asked, datagram):
                    return took * 1000
        raise TimeoutError("no right answer came")


def _is_allowed(host: str, scope: Scope) -> bool:
    """Only numbers are asked: a name could lead anywhere by now."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return may_dial(host, scope)


def _bound(port: int) -> socket.socket:
    """For both families where the machine has both."""
    if socket.has_dualstack_ipv6():
        wire = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        wire.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        address = "::"
    else:
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        address = "0.0.0.0"
    try:
        wire.bind((address, port))
    except OSError:
        wire.close()
        raise
    return wire
