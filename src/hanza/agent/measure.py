"""Measuring: how long a TCP connection to each probe takes, and no byte more.

Promises: the least of a few tries, so that a busy moment does not make a site look far; a pause
of chance between tries and rounds, so that sites do not knock together; a probe that does not
answer costs one short wait a round.  Only addresses of the public internet are dialled unless the
machine's owner says otherwise: a plane shall not learn what answers inside a provider's network.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from hanza.kit.log import Log
from hanza.model.probe import Target, Trip

Scope: TypeAlias = Literal["public", "any", "none"]
"""Which addresses may be dialled; `none` measures nothing."""
EVERY = timedelta(minutes=5)
TRIES = 5
CONNECT_WITHIN_S = 2.0
PAUSE_MAX_S = 0.2
NAT64, COMPATIBLE = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96")
"""IPv6 addresses that stand for any of IPv4's, also for the private ones (RFC 6052, RFC 4291)."""
_log = Log("hanza.agent.measure")
Connect: TypeAlias = Callable[[Target, Scope], float | None]
"""Milliseconds of one connection; None when there was none."""


class Tell(Protocol):
    """Who knows what to measure and passes on what was: the agent's link."""

    @property
    def targets(self) -> tuple[Target, ...]: ...

    def offer_trips(self, trips: tuple[Trip, ...]) -> None: ...


class Measurer:
    """`run_once` is called for ever by one thread; any other may call the rest."""

    def __init__(
        self,
        link: Tell,
        scope: Scope,
        chance: Callable[[int], bytes],
        stop: threading.Event,
        connect: Connect | None = None,
    ) -> None:
        """`chance` gives bytes that nobody can guess; `stop` ends a round early."""
        self.wake = threading.Event()
        self._link = link
        self._scope = scope
        self._chance = chance
        self._stop = stop
        self._connect = connect or connect_ms
        self._measured: tuple[Target, ...] = ()

    def look(self) -> None:
        """The plane said something: measure now if it named other probes."""
        if self._link.targets != self._measured:
            self.wake.set()

    def run_once(self) -> timedelta:
        """Measure to every probe and tell; how long until the next round."""
        self._measured = targets = self._link.targets
        trips = [Trip(one.probe, ms) for one in targets if (ms := self._least(one)) is not None]
        if trips:
            self._link.offer_trips(tuple(trips))
        return EVERY * (0.9 + 0.2 * self._share())

    def _least(self, target: Target) -> float | None:
        found = []
        for _ in range(TRIES):
            if self._stop.wait(PAUSE_MAX_S * self._share()):
                return None
            ms = self._connect(target, self._scope)
            if ms is None:
                return None  # it would only cost the same wait again
            found.append(ms)
        return min(found)

    def _share(self) -> float:
        return int.from_bytes(self._chance(2)) / 2**16


def connect_ms(target: Target, scope: Scope) -> float | None:
    """Connect once, by the first address that the name has; the name's look-up is not counted."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # a name that no name can be is a `UnicodeError`
        _log.info("probe.unreachable", probe=target.probe, kind=type(error).__name__)
        return None
    family, kind, protocol, _, where = found[0]
    if not may_dial(str(where[0]), scope):
        _log.warning("probe.refused", probe=target.probe, scope=scope)
        return None
    with socket.socket(family, kind, protocol) as wire:
        wire.settimeout(CONNECT_WITHIN_S)
        began = time.perf_counter()
        try:
            wire.connect(where)
        except OSError as error:
            _log.info("probe.unreachable", probe=target.probe, kind=type(error).__name__)
            return None
        return (time.perf_counter() - began) * 1000


def may_dial(address: str, scope: Scope) -> bool:
    """Whether an address may be dialled; one with a zone of its own machine is never public."""
    if scope != "public":
        return scope == "any"
    if "%" in address:
        return False
    known = ipaddress.ip_address(address)
    if known in NAT64 or known in COMPATIBLE or (known.version == 6 and known.is_site_local):
        return False
    return known.is_global and not known.is_multicast
