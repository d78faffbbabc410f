"""Volumes of instances' own: written with their instance, and kept when that ends.

A volume ends by its own order only: with an instance or app that is ended together with its
volumes, or by itself once no instance wants it.
"""

from dataclasses import replace
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.rehearsing import DRY_RUN, is_dry, rehearsed
from hanza.api.told import BEGUN, Parameter, lists, says
from hanza.kit.ids import derived
from hanza.model.errors import Conflict, InUse, NotFound
from hanza.model.ids import VolumeId
from hanza.model.instance import Address, Wanted
from hanza.model.volume import Disk, VolumeWanted
from hanza.plan.admission import refuse_shrinking
from hanza.plan.seca.envelope import urn_of
from hanza.plan.volumes import name_of_disk
from hanza.store import volumes
from hanza.store.events import Whose, append_event
from hanza.store.instances import find_instance, update_instance
from hanza.store.pending import is_silent
from hanza.store.pending_volumes import note_pending_volume, take_back_volume, waits_since
from hanza.store.tx import Tx
from hanza.store.volume_reports import find_seen_volume
from hanza.store.volumes import Record
from hanza.store.work import hint, hint_waiting
from hanza.wire import volume_v1 as doc

VOLUMES_TOO = Parameter("volumes", "query", bool, "Whether its volumes are to end as well.")
WAITING = Parameter("waiting", "query", bool, "Only those of which something waits.")


def refuse_wrong_disks(tx: Tx, wanted: Wanted) -> None:
    """Hold its disks against those that are kept under their names."""
    for disk in wanted.disks:
        known = _find(tx, wanted, disk.name)
        if known is not None and known.wanted.is_ended:
            raise Conflict(
                f"the volume {known.wanted.name!r} is being ended",
                field="volumes",
                hint="wait until it is gone",
            )
        refuse_shrinking(disk, 0 if known is None else known.wanted.size_mib)


def write_disks(tx: Tx, wanted: Wanted, now: datetime) -> Wanted:
    """The instance with its disks: kept ones found again, larger ones to grow, new ones made.

    Raises as `refuse_wrong_disks` does.  What is the standard's has its own words for volumes.
    """
    if wanted.boot_volume is not None:
        return wanted
    refuse_wrong_disks(tx, wanted)
    ids = []
    for disk in wanted.disks:
        known = _find(tx, wanted, disk.name)
        if known is None:
            ids.append(_make(tx, wanted, disk.name, disk.size_mib, now))
            continue
        ids.append(known.wanted.id)
        if disk.size_mib > known.wanted.size_mib:
            note_pending_volume(tx, known, now)
            volumes.resize_volume(tx, known.wanted.id, disk.size_mib)
            hint(tx, "settle", known.wanted.id, now)
    return replace(wanted, data_volumes=tuple(ids))


def end_volumes(tx: Tx, records: list[Record], now: datetime) -> None:
    """Ask for the end of all of them; each goes once no instance has it attached."""
    for record in records:
        wanted = record.wanted
        if not wanted.is_ended:
            note_pending_volume(tx, record, now)
            volumes.end_volume(tx, wanted.id)
            text = f"volume {wanted.name} was asked to end"
            append_event(
                tx, now, "volume.ending", wanted.id, text, Whose(wanted.tenant, wanted.workspace)
            )
        hint(tx, "settle", wanted.id, now)


def disks_of(tx: Tx, wanted: Wanted) -> list[Record]:
    """Those that are its own by name."""
    found = (_find(tx, wanted, disk.name) for disk in wanted.disks)
    return [record for record in found if record is not None]


@says(lists(doc.VolumeDoc), WAITING)
def list_volumes(call: Call) -> Answer:
    inside, now = (call.path["tenant"], call.path.get("workspace")), call.plane.clock.now()
    is_waiting = WAITING.is_said(call.query)
    found = call.plane.store.read(_documents, *inside, now, is_waiting=is_waiting)
    return Answer(200, {"items": found})


@says(BEGUN)
def delete_volume(call: Call) -> Answer:
    name = name_of_disk(call.path["instance"], call.path["volume"])
    inside = (call.path["tenant"], call.path["workspace"], name)
    call.plane.store.write(_end, *inside, call.plane.clock.now())
    call.plane.wake()
    return Answer(202)


def _end(tx: Tx, tenant: str, workspace: str, name: str, now: datetime) -> None:
    """Twice is once.  Raises `InUse` while an instance that goes on wants it."""
    record = volumes.find_by_name(tx, tenant, workspace, name)
    if record is None:
        raise NotFound(f"there is no volume {name!r} in {workspace!r}")
    for _, instance, is_ended in volumes.users_of(tx, record.wanted):
        if not is_ended:
            raise InUse(f"instance {instance!r} has it attached", hint="end the instance first")
    end_volumes(tx, [record], now)


@says({200: doc.VolumeDoc}, DRY_RUN)
def withdraw_volume(call: Call) -> Answer:
    """Take back what was asked for one of an instance's own, and its site cannot have been told."""
    return _withdrawn(call, name_of_disk(call.path["instance"], call.path["volume"]))


@says({200: doc.VolumeDoc}, DRY_RUN)
def withdraw_storage(call: Call) -> Answer:
    """As `withdrawVolume`, of a block storage of the standard's API."""
    return _withdrawn(call, call.path["volume"])


def _withdrawn(call: Call, name: str) -> Answer:
    plane, now = call.plane, call.plane.clock.now()
    inside = (call.path["tenant"], call.path["workspace"], name)
    document = plane.store.write(_withdraw, *inside, now, rehearse=is_dry(call))
    plane.wake()
    return Answer(200, document)


def _withdraw(
    tx: Tx, tenant: str, workspace: str, name: str, now: datetime, *, rehearse: bool
) -> doc.VolumeDoc:
    record = volumes.find_by_name(tx, tenant, workspace, name)
    if record is None:
        raise NotFound(f"there is no volume {name!r} in {workspace!r}")
    asked = record

    def act() -> doc.VolumeDoc:
        _take_back(tx, asked, now)
        found = volumes.find_volume(tx, asked.wanted.id)
        assert found is not None, "it is wanted again"
        return _document(tx, found, now)

    return rehearsed(tx, act) if rehearse else act()


def _take_back(tx: Tx, record: Record, now: datetime) -> None:
    wanted = record.wanted
    taken = take_back_volume(tx, record, now)
    _fit_owner(tx, wanted, taken.then.size_mib)
    ref = None if taken.resource is None else urn_of(taken.resource.path)
    whose = Whose(wanted.tenant, wanted.workspace, ref)
    text = f"what was asked for volume {wanted.name} is taken back; its site was never told"
    append_event(tx, now, "volume.withdrawn", wanted.id, text, whose)
    hint(tx, "settle", wanted.id, now)
    hint_waiting(tx, "place", now)
    if record.agent is not None:
        hint(tx, "publish", record.agent, now)


def _fit_owner(tx: Tx, wanted: VolumeWanted, size_mib: int) -> None:
    """The instance whose own it is asks for no more of it."""
    owner, _, name = wanted.name.partition("/")
    known = find_instance(tx, Address(wanted.tenant, wanted.workspace, owner))
    if not name or known is None:
        return
    fitting = tuple(
        Disk(one.name, min(one.size_mib, size_mib)) if one.name == name else one
        for one in known.disks
    )
    if fitting != known.disks:
        update_instance(tx, known, replace(known, disks=fitting))


def _documents(
    tx: Tx, tenant: str, workspace: str | None, now: datetime, *, is_waiting: bool
) -> list[doc.VolumeDoc]:
    found = volumes.list_inside(tx, tenant, workspace)
    if not is_waiting:
        return [_document(tx, record, now) for record in found]
    noted = [_document(tx, record, now) for record in found if record.before is not None]
    return [one for one in noted if one.status.pending_since is not None]


def _document(tx: Tx, record: Record, now: datetime) -> doc.VolumeDoc:
    place = volumes.find_volume_place(tx, record.wanted.id)
    seen = find_seen_volume(tx, record.wanted.id)
    word = seen if seen is not None and seen.stay == record.stay else None
    site = None if place is None else place.site
    instance = None if place is None else place.instance
    return doc.volume_to_doc(record.wanted, site, instance, word, _pending(tx, record, now))


def _pending(tx: Tx, record: Record, now: datetime) -> datetime | None:
    """What its site will hear in a moment does not wait."""
    if record.before is None or not (record.agent is None or is_silent(tx, record.agent, now)):
        return None
    return waits_since(tx, record)


def _find(tx: Tx, wanted: Wanted, disk: str) -> Record | None:
    address = wanted.address
    name = name_of_disk(address.name, disk)
    return volumes.find_by_name(tx, address.tenant, address.workspace, name)


def _make(tx: Tx, wanted: Wanted, disk: str, size_mib: int, now: datetime) -> VolumeId:
    address = wanted.address
    # A volume that was ended and is asked for again is another one: the moment is in its id.
    volume = VolumeId(derived("vo", wanted.id, disk, now.isoformat()))
    name = name_of_disk(address.name, disk)
    asked = VolumeWanted(volume, address.tenant, address.workspace, name, size_mib, now)
    volumes.insert_volume(tx, replace(asked, app=wanted.app))
    return volume
