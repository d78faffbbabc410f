"""The hosts in memory, as columns: read whole once, and from then on change by change.

Every plane has its own.  Promises: what a decision sees is at most as old as the moment at which
it asked; what costs is what has changed, and who was heard.  It holds no room and promises none:
a decision made on it is made safe by the guarded hold.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from hanza.model.ids import AgentId, HostId, SiteId
from hanza.plan.placement.fleet import Fleet, at_once
from hanza.plan.tail import GAP_FOR
from hanza.store.agents import HEARD_WITHIN, list_heard
from hanza.store.changes import (
    KEPT,
    READ_MAX,
    HostChange,
    is_kept,
    last_serial,
    list_changes,
    missing,
)
from hanza.store.grounds import list_grounds, next_expiry
from hanza.store.hosts import list_facts
from hanza.store.tx import Store, Tx
from hanza.wire.places import load_carbon

MISSED = -1


@dataclass(slots=True)
class _Kept:
    """The fleet, and up to where it was read.

    At first that is a while back: who wrote what is not to be seen yet may have taken its number
    long ago.
    """

    fleet: Fleet
    serial: int
    missed: dict[int, datetime] = field(default_factory=dict)
    """Serials that were passed over, since their transactions may not have ended yet."""
    heard_at: datetime | None = None
    grounds_until: datetime | None = None
    """When something that is known of a ground is too old to count."""


class Inventory:
    """The hosts of one store, for any number of threads of one process."""

    def __init__(self, store: Store, may_compile: Callable[[], bool] = at_once) -> None:
        """`may_compile` is what a large fleet asks before it takes machine code."""
        self._store = store
        self._may_compile = may_compile
        self._door = threading.Lock()
        self._kept: _Kept | None = None
        self._doubted: set[HostId] = set()
        self._told_at = 0

    @contextmanager
    def fleet(self, now: datetime) -> Iterator[Fleet]:
        """The hosts as they are now; nobody else decides meanwhile.

        What is taken of it while it is looked at is what a decision hopes for: say so to `doubt`.
        """
        with self._door:
            yield self._read(now)

    def refresh(self, now: datetime) -> bool:
        """Read what has changed, for whoever asks next; whether much has since it last said so."""
        with self._door:
            self._read(now)
            assert self._kept is not None, "it was just read"
            has_grown = self._kept.serial - self._told_at > KEPT // 10
            if has_grown:
                self._told_at = self._kept.serial
            return has_grown

    def doubt(self, hosts: Collection[HostId]) -> None:
        """These are looked at anew before the next decision, whatever became of the last."""
        self._doubted.update(hosts)

    def forget(self) -> None:
        """Whatever is known here is read anew: when it was heard may be wrong."""
        with self._door:
            self._kept = None

    def _read(self, now: datetime) -> Fleet:
        doubted = frozenset(self._doubted)
        kept, read = self._kept, READ_MAX
        while kept is not None and read >= READ_MAX:
            read = self._store.read(_read_changes, kept, doubted, now)
        if kept is None or read == MISSED:
            kept = self._kept = self._store.read(_read_all, self._may_compile, now)
        self._doubted -= doubted
        return kept.fleet


def _read_all(tx: Tx, may_compile: Callable[[], bool], now: datetime) -> _Kept:
    fleet = Fleet(HEARD_WITHIN, may_compile=may_compile)
    kept = _Kept(fleet, max(last_serial(tx) - READ_MAX, 0))
    for ground in list_grounds(tx, now, load_carbon()):
        kept.fleet.put_ground(ground)
    kept.grounds_until = next_expiry(tx, now)
    for host in list_facts(tx):
        kept.fleet.put(host)
    _hear(tx, kept)
    return kept


def _read_changes(tx: Tx, kept: _Kept, doubted: Collection[HostId], now: datetime) -> int:
    """How many changes; `MISSED` for who has missed so much that it has to read everything."""
    if not is_kept(tx, kept.serial):
        return MISSED
    changes = list_changes(tx, kept.serial, kept.missed)
    _note_serials(kept, [one.serial for one in changes], now)
    _put_grounds(tx, kept, changes, now, is_doubted=bool(doubted))
    hosts = {HostId(one.ref) for one in changes if one.of == "host"} | set(doubted)
    agents = {AgentId(one.ref) for one in changes if one.of == "agent"}
    if hosts or agents:
        for host in list_facts(tx, hosts, agents):
            kept.fleet.put(host)
    _hear(tx, kept)
    return len(changes)


def _note_serials(kept: _Kept, seen: Sequence[int], now: datetime) -> None:
    """Numbers are taken before transactions commit: what was left out may come for a while."""
    new = missing([one for one in seen if one > kept.serial], kept.serial)
    kept.missed = {
        serial: until for serial, until in kept.missed.items() if serial not in seen and now < until
    }
    kept.missed |= dict.fromkeys(new, now + GAP_FOR)
    kept.serial = max([kept.serial, *seen])


def _put_grounds(
    tx: Tx, kept: _Kept, changes: Sequence[HostChange], now: datetime, *, is_doubted: bool
) -> None:
    sites = {SiteId(one.ref) for one in changes if one.of == "site"}
    providers = {one.ref for one in changes if one.of == "provider"}
    if is_doubted:
        # What a decision hoped that they would take may not have been taken.
        providers |= kept.fleet.providers_with_terms
    is_old = kept.grounds_until is not None and kept.grounds_until <= now
    if is_old or any(one.of == "grounds" for one in changes):
        grounds = list_grounds(tx, now, load_carbon())
    elif sites or providers:
        grounds = list_grounds(tx, now, load_carbon(), sites, providers)
    else:
        return
    for ground in grounds:
        kept.fleet.put_ground(ground)
    kept.grounds_until = next_expiry(tx, now)


def _hear(tx: Tx, kept: _Kept) -> None:
    """Whoever was heard since: with a margin, since planes do not write in the order of time."""
    since = None if kept.heard_at is None else kept.heard_at - GAP_FOR
    for at, agents in list_heard(tx, since).items():
        kept.fleet.hear(agents, at)
        kept.heard_at = at if kept.heard_at is None else max(at, kept.heard_at)
