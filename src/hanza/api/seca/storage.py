"""Block storages: active at once and nowhere, until an instance takes one along to its host."""

from datetime import datetime

from hanza.api.seca.writing import Change
from hanza.model.errors import InUse
from hanza.model.resource import Resource
from hanza.plan.seca.conditions import Outlook, advanced
from hanza.store.instances import boots_from
from hanza.store.tx import Tx
from hanza.store.volumes import find_volume_place, forget_volume

UNPLACED = "not placed until it is attached; it has no bytes"


def put_storage(tx: Tx, change: Change) -> Resource:
    """`status.sizeGB` is what it has where it is, or will have once it is somewhere."""
    spec, known = change.resource.words.spec, change.known
    place = find_volume_place(tx, change.resource.id)
    history = advanced(
        change.history, Outlook("active", None, UNPLACED if place is None else None), change.now
    )
    status = dict(known.status) if known is not None else {}
    if place is None:
        status["sizeGB"] = spec["sizeGB"]
    return change.done(history, status)


def delete_storage(tx: Tx, known: Resource, now: datetime) -> bool:  # noqa: ARG001 -- a rule
    """Refused while an instance wants it; gone once the last one that had it is."""
    users = boots_from(tx, known.id)
    for one in users:
        if not one.is_ended:
            text = f"instance {one.address.name!r} boots from it"
            raise InUse(text, hint="delete the instance first")
    if users:
        return False
    forget_volume(tx, known.id)
    return True
