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

A browser can neither send a header of its own nor read such an answer.  It offers the subprotocol
`PROTOCOL` and its token as another, and is told a refusal as the reason of a close.
"""

from collections.abc import Sequence
from enum import IntEnum

from hanza.model.errors import Unauthenticated

LOG_HEAD_BYTES = 8
"""The first frame of a guest's log: at which byte of what it wrote the next frame begins."""
AGENT_PATH = "/agent/v1/console"
FRAME_BYTES_MAX = 16 * 1024
TICKET_BYTES = 32
SCHEME = "Hanza-Ticket"
PROTOCOL = "hanza.console.v1"
_BEARER = "hanza.bearer."
REASON_BYTES_MAX = 123
"""Of a close frame (RFC 6455, 5.5)."""


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
    refused = 4107
    """It was never open; the reason says why.  For browsers alone."""


def end_of(code: int | None) -> End:
    """A number that nobody agreed on is that of a cut."""
    return End(code) if code in set(End) else End.lost


def authorization_of(protocols: Sequence[str]) -> str | None:
    """The header that a browser would have sent, of the subprotocols that it offers."""
    found = [one.removeprefix(_BEARER) for one in protocols if one.startswith(_BEARER)]
    return f"Bearer {found[0]}" if len(found) == 1 else None


def reason_of(code: str, text: str) -> str:
    """`code: text`, cut to what a close frame holds."""
    return f"{code}: {text}".encode()[:REASON_BYTES_MAX].decode(errors="ignore")


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
