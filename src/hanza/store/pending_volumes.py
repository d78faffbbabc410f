"""Volumes in the queue of changes: what was asked for one, and its site cannot know of yet.

Each change keeps how it stood before, with the hash of what its agent was last told.  While that
hash is the same, or what is told of the volume is, nobody has been told; so publishing writes
nothing for it, and who publishes while something is taken back is refused by the database.  Room,
terms and quota are given back by the same transaction that makes the volume smaller: once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.capacity import Capacity
from hanza.model.errors import NotPending, Told
from hanza.model.ids import VolumeId
from hanza.model.quota import Scope
from hanza.model.resource import Resource
from hanza.model.volume import Before
from hanza.plan.pending import Books, Undone, is_told, undone
from hanza.plan.quota import volume_cost
from hanza.store.as_before import before_to_json, resource_as_before
from hanza.store.holds import give_room
from hanza.store.prepared import Prepared
from hanza.store.quotas import count
from hanza.store.schema import agents, instances, volumes
from hanza.store.terms import Take, give_terms
from hanza.store.tx import Tx
from hanza.store.volume_reports import find_seen_volume
from hanza.store.volumes import Record, forget_volume, leave_host, vacate_host

_MANIFEST = Prepared(sa.select(agents.c.manifest_hash).where(agents.c.id == sa.bindparam("agent")))


@dataclass(frozen=True, slots=True)
class TakenVolume:
    """How it stood, how it stands now, and the standard's document if it has one."""

    record: Record
    then: Undone
    resource: Resource | None


def note_pending_volume(
    tx: Tx, record: Record, now: datetime, spec: Mapping[str, object] | None = None
) -> None:
    """Keep how it stands: to be called before a change.  The first that nobody was told stays."""
    if record.before is not None and not is_told(_books(tx, record), record.before):
        return
    wanted, manifest = record.wanted, _manifest_of(tx, record) or b""
    before = Before(wanted.size_mib, wanted.is_ended, record.is_leaving, now, manifest, spec)
    _write(tx, wanted.id, before=before_to_json(before))


def waits_since(tx: Tx, record: Record) -> datetime | None:
    """Since when something that was asked for it waits and nobody was told."""
    if record.before is None:
        return None
    books = _books(tx, record)
    is_waiting = not is_told(books, record.before) and undone(books, record.before) is not None
    return record.before.since if is_waiting else None


def take_back_volume(tx: Tx, record: Record, now: datetime, least_mib: int = 0) -> TakenVolume:
    """Make it what it was before, but no smaller than `least_mib`.

    Raises `NotPending` where nothing waits, `Told` where its site may know, and `Conflict` where
    its workspace is to end.
    """
    before, books = record.before, _books(tx, record)
    then = None if before is None else undone(books, before, least_mib)
    if before is None or then is None:
        raise NotPending(
            f"nothing that was asked for the volume {record.wanted.name} waits for its site",
            hint="what a site may know already is undone by asking for what is wanted instead",
        )
    if is_told(books, before):
        raise _told(record, books)
    _write(
        tx,
        record.wanted.id,
        size_mib=then.size_mib,
        held_mib=then.held_mib,
        is_ended=then.is_ended,
        is_leaving=then.is_leaving,
        **({"before": sa.null()} if then.is_whole else {}),
    )
    _give_back(tx, record, then)
    boots = sa.update(instances).where(instances.c.boot_volume == record.wanted.id)
    tx.execute(boots.values(disk_mib=then.size_mib))
    return TakenVolume(record, then, resource_as_before(tx, record.wanted.id, before.spec, now))


def keep_volume(tx: Tx, record: Record, now: datetime) -> None:
    """Its end was asked for with its instance's, and that is taken back; nothing where its bytes
    are ending already."""
    if record.before is not None and record.wanted.is_ended:
        take_back_volume(tx, record, now)
    elif not record.is_leaving:  # as it was noted before volumes had notes of their own
        _write(tx, record.wanted.id, is_ended=False)


def unmake_volume(tx: Tx, record: Record) -> None:
    """Have it never been there: for one that its site was never told of."""
    if record.host is not None:
        leave_host(tx, record.wanted.id)
        vacate_host(tx, record)
    forget_volume(tx, record.wanted.id)


def _give_back(tx: Tx, record: Record, then: Undone) -> None:
    wanted = record.wanted
    less = wanted.size_mib - then.size_mib
    if less:
        whose = Scope(wanted.tenant, wanted.workspace)
        count(tx, whose, volume_cost(-less))
    free = record.held_mib - then.held_mib
    if free and record.host is not None:
        give_room(tx, record.host, Capacity(0, 0, free))
        give_terms(tx, Take(record.host, wanted.tenant, volume_cost(free)))


def _told(record: Record, books: Books) -> Told:
    name, size_mib = record.wanted.name, record.wanted.size_mib
    if record.is_leaving:
        return Told(f"its site was told to end the volume {name}, and may have done so")
    said = "was told to grow it, and may have done so"
    if books.seen_mib >= size_mib:
        said = f"has grown it to {books.seen_mib} MiB already"
    return Told(
        f"the site of the volume {name} {said}; it keeps {size_mib} MiB",
        hint="a volume never shrinks; what is in it can be copied to a smaller one",
    )


def _books(tx: Tx, record: Record) -> Books:
    seen = find_seen_volume(tx, record.wanted.id)
    word = seen if seen is not None and seen.stay == record.stay else None
    return Books(
        record.wanted.size_mib,
        record.held_mib,
        record.wanted.is_ended,
        record.is_leaving,
        record.is_made,
        record.instance is not None,
        _manifest_of(tx, record),
        0 if word is None else word.size_mib or 0,
    )


def _manifest_of(tx: Tx, record: Record) -> bytes | None:
    if record.agent is None:
        return None
    row = _MANIFEST.first(tx, {"agent": record.agent})
    assert row is not None, "only of agents that there are"
    return bytes(row.manifest_hash)


def _write(tx: Tx, volume: VolumeId, **values: Any) -> None:
    tx.execute(sa.update(volumes).where(volumes.c.id == volume).values(**values))
