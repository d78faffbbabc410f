"""Consoles on the way: what planes, agents and command lines agree on, version 1.

    command line                    plane                       agent
      GET …/console, upgrade ────────►
                                    ConsoleWanted(ticket) ───────► on its link
                                    ◄──────────────── GET AGENT_PATH, upgrade, with the ticket
      ◄──────────────────── accepted
      typed bytes ───────────────────► ──────────────────────────► the guest's serial port
      ◄─────────────────────────────── ◄────────────────────────── what the guest says

Frames are binary, raw and small; how it ended is the close code of the WebSocket.  Until it is
accepted, a refusal is an HTTP answer as any other of the API.
"""

from enum import IntEnum

from hanza.model.errors import Unauthenticated

AGENT_PATH = "/agent/v1/console"
FRAME_BYTES_MAX = 16 * 1024
TICKET_BYTES = 32
SCHEME = "Hanza-Ticket"


class End(IntEnum):
    """How a console ended; from 4000 on the numbers are ours to give (RFC 6455, 7.4.2)."""

    left = 1000
    """Who typed has gone."""
    ended = 4100
    """The guest went off, or is there no more."""
    taken = 4101
    """Somebody else took it over."""
    idle = 4102
    """Nothing was typed for long."""
    expired = 4103
    """It was open for as long as any may be."""
    deaf = 4104
    """The guest does not read what is typed."""
    unruly = 4105
    """Who typed broke the rules of this page."""
    lost = 4106
    """Part of the way is gone, or too slow."""


def end_of(code: int | None) -> End:
    """A number that nobody agreed on is that of a cut."""
    return End(code) if code in set(End) else End.lost


def ticket_to_header(ticket: bytes) -> str:
    return f"{SCHEME} {ticket.hex()}"


def ticket_from_header(authorization: str | None) -> bytes:
    """Raises `Unauthenticated` for what is no ticket."""
    scheme, _, text = (authorization or "").partition(" ")
    try:
        ticket = bytes.fromhex(text)
    except ValueError:
        ticket = b""
    if scheme != SCHEME or len(ticket) != TICKET_BYTES:
        raise Unauthenticated("a ticket of this plane is needed")
    return ticket
