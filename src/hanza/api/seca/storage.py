"""Block storages: active at once and nowhere, until an instance takes one along to its host."""

from datetime import datetime

from hanza.api.seca.writing import Change
from hanza.model.errors import InUse
from hanza.model.ids import VolumeId
from hanza.model.quota import Scope
from hanza.model.resource import Resource
from hanza.model.skus import MIB_PER_GB
from hanza.model.volume import VolumeWanted
from hanza.plan.quota import volume_cost
from hanza.plan.seca.conditions import Outlook, advanced
from hanza.plan.seca.outlook import UNPLACED
from hanza.store.pending_volumes import note_pending_volume
from hanza.store.quotas import count
from hanza.store.tx import Tx
from hanza.store.volumes import (
    end_volume,
    find_volume,
    forget_volume,
    insert_volume,
    resize_volume,
    users_of,
)
from hanza.store.work import hint


def put_storage(tx: Tx, change: Change) -> Resource:
    """A volume; one that has its bytes somewhere grows there, and says when it has."""
    resource, now = change.resource, change.now
    size_gb = resource.words.spec["sizeGB"]
    assert isinstance(size_gb, int), "the shape was checked"
    volume, size_mib = VolumeId(resource.id), size_gb * MIB_PER_GB
    known = find_volume(tx, volume)
    path = resource.path
    has_mib = 0 if known is None else known.wanted.size_mib
    count(tx, Scope(path.tenant, path.workspace), volume_cost(size_mib - has_mib))
    if known is None:
        wanted = VolumeWanted(volume, path.tenant, path.workspace, path.name, size_mib, now)
        insert_volume(tx, wanted)
    elif known.wanted.size_mib != size_mib:
        if known.stay is not None and change.known is not None:
            note_pending_volume(tx, known, now, change.known.words.spec)
        resize_volume(tx, volume, size_mib)
    if known is None or known.stay is None:
        history = advanced(change.history, Outlook("active", None, UNPLACED), now)
        return change.done(history, {"sizeGB": size_gb})
    hint(tx, "settle", volume, now)
    history = change.history
    if known.wanted.size_mib == size_mib and resource.state == "active":
        # Nothing of it changes at its site, so it is done with.
        newest = resource.conditions[0]
        history = advanced(history, Outlook("active", newest.reason, newest.message), now)
    return change.done(history, dict(resource.status))


def delete_storage(tx: Tx, known: Resource, now: datetime) -> bool:
    """Refused while an instance wants it; gone once its site has said that its bytes are."""
    record = find_volume(tx, VolumeId(known.id))
    if record is None:
        return True
    users = users_of(tx, record.wanted)
    for _, name, is_ended in users:
        if not is_ended:
            raise InUse(f"instance {name!r} has it attached", hint="delete the instance first")
    if record.stay is None and not users:
        forget_volume(tx, record.wanted.id)
        return True
    note_pending_volume(tx, record, now, known.words.spec)
    end_volume(tx, record.wanted.id)
    hint(tx, "settle", record.wanted.id, now)
    return False
