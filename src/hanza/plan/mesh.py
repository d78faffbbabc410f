"""Which sites ask which others how far they are: few at a time, all of them in the long run.

Promises: the same members and the same round give the same peers, in whatever order they come; a
site never asks itself, asks `PEERS_MAX` at most and is asked by as many at most; with `n` sites
that stay, each has asked every other after `(n - 1) / PEERS_MAX` rounds.  What all of it costs is
stated in `bytes_a_day` and stays below `BUDGET_BYTES_A_DAY`; agents hold themselves to that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hanza.model.ids import AgentId, SiteId

ROUND = timedelta(hours=1)
PEERS_MAX = 8
TRIES = 3
DATAGRAM_BYTES = 48
"""Of what is asked, and of what is answered: nobody is answered with more than was sent."""
HEADER_BYTES = 48
"""IPv6 and UDP; IPv4 needs less."""
BUDGET_BYTES_A_DAY = 256 * 1024
"""Of one agent, asking and answering, headers included."""
_ROUNDS_A_DAY = timedelta(days=1) // ROUND
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Member:
    """An agent that answers, and where it is."""

    agent: AgentId
    site: SiteId


def node_of_site(name: str) -> str:
    """What a site is called where round trips are predicted."""
    return f"site {name}"


def node_of_probe(name: str) -> str:
    return f"probe {name}"


def round_of(now: datetime) -> int:
    """Rounds are counted since 1970, so that all planes are in the same."""
    return (now - _BEGIN) // ROUND


def bytes_a_day(peers: int = PEERS_MAX) -> int:
    """What an agent sends and receives when it asks `peers` in each round, and as many ask it."""
    each_way = DATAGRAM_BYTES + HEADER_BYTES
    return _ROUNDS_A_DAY * 2 * peers * TRIES * 2 * each_way


def peers_of(me: Member, members: Sequence[Member], number: int) -> tuple[AgentId, ...]:
    """Whom an agent asks in a round.

    One agent stands for each site, another one in each round; the others of a site ask nobody.
    Sites stand in a ring by a hash, and everybody asks those that are so many further on, which
    are others in each round.
    """
    ring = _ring({*members, me}, number)
    if me not in ring:
        return ()
    at, others = ring.index(me), len(ring) - 1
    steps = range(others) if others <= PEERS_MAX else range(PEERS_MAX)
    shift = 0 if others <= PEERS_MAX else number * PEERS_MAX
    known = set(members)
    found = (ring[(at + 1 + (shift + step) % others) % len(ring)] for step in steps)
    return tuple(one.agent for one in found if one in known)


def _ring(members: set[Member], number: int) -> list[Member]:
    """One of each site, in the order of the hashes of the sites."""
    of_site: dict[SiteId, list[Member]] = {}
    for one in sorted(members, key=lambda it: it.agent):
        of_site.setdefault(one.site, []).append(one)
    order = sorted(of_site, key=lambda site: (hashlib.sha256(site.encode()).digest(), site))
    return [of_site[site][number % len(of_site[site])] for site in order]
