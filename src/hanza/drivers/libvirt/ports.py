"""Guests' ports at the site's address: who may have which, and whether it is free now.

The emulator of a guest listens itself, so a port is open exactly as long as its guest runs, and
nothing of it has to be tidied.  Promises: a port that something else has is refused with its
number before the guest is started.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from hanza.model.errors import Rejected, Unavailable, Unsupported
from hanza.model.guest import GuestSpec, Port
from hanza.plan.ports import taken_port

GUEST, GATEWAY = "10.0.2.15", "10.0.2.2"
"""What a guest and its emulator are called on the network between them, the same for all."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What a provider lets guests publish: at which address (IPv4), and which ports."""

    address: str
    first: int
    last: int


def refuse_ports(doors: Doors | None, spec: GuestSpec, others: Iterable[GuestSpec]) -> None:
    """Before a guest is made.  What another guest has is free again when that guest is gone."""
    if not spec.ports:
        return
    if doors is None:
        raise Unsupported("this site publishes no ports")
    for one in spec.ports:
        if not doors.first <= one.port <= doors.last:
            raise Rejected(f"this site publishes ports from {doors.first} to {doors.last}")
    taken = taken_port(spec, others)
    if taken is not None:
        raise Unavailable(f"port {taken} of this site is taken by another guest")


def refuse_taken(doors: Doors | None, ports: Iterable[Port]) -> None:
    """Before a guest is started: the emulator would only say that it could not."""
    for one in ports:
        if doors is None:
            raise Unavailable("this site no longer publishes ports")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((doors.address, one.port))
            except OSError as error:
                raise Unavailable(
                    f"port {one.port} of this site is taken: {error.strerror}"
                ) from error


def forwards_of(doors: Doors | None, spec: GuestSpec) -> tuple[str, ...]:
    """As the emulator is told."""
    if doors is None:
        return ()
    return tuple(f"hostfwd=tcp:{doors.address}:{p.port}-{GUEST}:{p.to}" for p in spec.ports)
