"""Volumes in the engine: attached with their instance, settled by what their site says of them.

Room for a volume is taken when it is first attached and given back when its site has said, under a
tombstone, that its bytes are gone.  A tombstone is cut for two reasons only: the volume's end was
asked for, or its bytes never came to be.
"""

from datetime import datetime, timedelta

from hanza.engine.show import forget_shown_volume, show_volume
from hanza.model.ids import HostId, VolumeId
from hanza.model.image import BLANK
from hanza.model.instance import Wanted
from hanza.model.problem import Problem
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.volumes import (
    ForgetVolume,
    Leave,
    Stand,
    Standing,
    Vacate,
    next_volume_settlement,
)
from hanza.store.events import append_event
from hanza.store.tx import Tx
from hanza.store.volume_reports import find_seen_volume
from hanza.store.volumes import (
    Record,
    detach_volume,
    find_volume,
    forget_volume,
    hold_growth,
    is_used,
    leave_host,
    set_content,
    take_volume,
    vacate_host,
    volumes_of,
)
from hanza.store.work import hint, hint_waiting

LOOK_AGAIN_AFTER = timedelta(seconds=30)
"""For room to grow by, and for what another instance has attached."""


def take_volumes(tx: Tx, wanted: Wanted, host: HostId, now: datetime) -> bool:
    """Attach all that it wants to an instance that gets a place here; False when one cannot be.

    What was attached before the one that could not be is for the caller's savepoint to undo.
    """
    for volume in wanted.volumes:
        if not take_volume(tx, volume, wanted.id, host):
            return False
        hint(tx, "settle", volume, now)
    return True


def follow_wish(tx: Tx, wanted: Wanted, host: HostId, now: datetime) -> Problem | None:
    """Attach what a placed instance wants since, let go of what it wants no longer.

    Returns why something that it wants is not attached to it.
    """
    has = {record.wanted.id: record for record in volumes_of(tx, wanted.id)}
    for volume, record in has.items():
        if volume not in wanted.volumes:
            _let_go(tx, record, now)
    for volume in wanted.volumes:
        if volume in has:
            continue
        if not take_volume(tx, volume, wanted.id, host):
            return _why_not(find_volume(tx, volume), host, now)
        hint(tx, "settle", volume, now)
        _publish(tx, find_volume(tx, volume), now)
    return None


def let_go_of_all(tx: Tx, wanted: Wanted, now: datetime) -> None:
    """The run that had them is gone; they stay where they are."""
    for record in volumes_of(tx, wanted.id):
        _let_go(tx, record, now)


def look_at_volumes(tx: Tx, wanted: Wanted, now: datetime) -> None:
    """The instance is gone: who waited for that looks again."""
    for volume in wanted.volumes:
        hint(tx, "settle", volume, now)


def settle_volume(tx: Tx, volume: VolumeId, now: datetime) -> Verdict:
    record = find_volume(tx, volume)
    if record is None:
        return Settled()
    seen = find_seen_volume(tx, volume)
    # Who wants it matters for what is nowhere only.
    is_wanted = record.stay is None and is_used(tx, record.wanted)
    standing = Standing(
        record.stay,
        record.wanted.is_ended,
        record.is_leaving,
        record.instance is not None,
        is_wanted,
    )
    match next_volume_settlement(standing, seen):
        case ForgetVolume():
            forget_volume(tx, volume)
            forget_shown_volume(tx, volume)
            append_event(tx, now, "volume.ended", volume, f"{record.wanted.name} is gone")
            return Settled()
        case Leave():
            leave_host(tx, volume)
            _publish(tx, record, now)
        case Vacate():
            _vacate(tx, record, now)
            return Again()
        case Stand():
            pass
    if record.stay is None and not is_wanted and record.wanted.bundle is not None:
        set_content(tx, volume, BLANK, None)
    return _grow(tx, record, now)


def _grow(tx: Tx, record: Record, now: datetime) -> Verdict:
    wants_more = record.held_mib < record.wanted.size_mib and not record.is_leaving
    problem = None
    if record.host is not None and wants_more and not record.wanted.is_ended:
        if hold_growth(tx, record):
            _publish(tx, record, now)
        else:
            text = f"its host has no room for {record.wanted.size_mib} MiB"
            problem = Problem("no_room", text, now)
    show_volume(tx, record.wanted.id, now, problem)
    return Settled() if problem is None else Later(now + LOOK_AGAIN_AFTER)


def _vacate(tx: Tx, record: Record, now: datetime) -> None:
    _publish(tx, record, now)
    vacate_host(tx, record)
    hint_waiting(tx, "place", now)


def _let_go(tx: Tx, record: Record, now: datetime) -> None:
    detach_volume(tx, record)
    _publish(tx, record, now)
    hint(tx, "settle", record.wanted.id, now)
    hint_waiting(tx, "place", now)


def _publish(tx: Tx, record: Record | None, now: datetime) -> None:
    if record is not None and record.agent is not None:
        hint(tx, "publish", record.agent, now)


def _why_not(record: Record | None, host: HostId, now: datetime) -> Problem:
    name = "" if record is None else f" {record.wanted.name}"
    if record is None or record.wanted.is_ended or record.is_leaving:
        return Problem("volume.leaving", f"its volume{name} is being ended", now)
    if record.instance is not None:
        return Problem("volume.taken", f"its volume{name} is attached to another instance", now)
    if record.host not in (None, host):
        return Problem("volume.elsewhere", f"its volume{name} is at another host", now)
    return Problem("no_room", f"its host has no room for its volume{name}", now)
