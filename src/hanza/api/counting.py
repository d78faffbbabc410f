"""What wishes count of a quota: the same for who admits them and for who quotes them.

An app's wishes are one change: what one of its members takes less another may take more.
"""

from collections.abc import Sequence
from typing import TypeAlias

from hanza.model.instance import Wanted
from hanza.model.quota import NONE, Amounts, Scope
from hanza.model.resource import Path, Resource, Words
from hanza.plan.quota import instance_change, resource_cost
from hanza.plan.volumes import name_of_disk
from hanza.store.quotas import count, refuse_excess
from hanza.store.tx import Tx
from hanza.store.volumes import find_by_name

Wishes: TypeAlias = Sequence[tuple[Wanted | None, Wanted]]
"""What is known of each, None of what is new, and what is wanted; all in one workspace."""


def count_wishes(tx: Tx, wishes: Wishes) -> None:
    """Count all of them or none.  Raises `QuotaExceeded`."""
    if wishes:
        count(tx, _scope_of(wishes), sum(_changes_of(tx, wishes), NONE))


def refuse_app(tx: Tx, wishes: Wishes) -> None:
    """Raises what counting them all at once would be refused with; counts nothing."""
    if wishes:
        refuse_excess(tx, _scope_of(wishes), [sum(_changes_of(tx, wishes), NONE)])


def refuse_each(tx: Tx, wishes: Wishes) -> None:
    """As `refuse_app`, for what is admitted one after the other."""
    if wishes:
        refuse_excess(tx, _scope_of(wishes), _changes_of(tx, wishes))


def count_resource(tx: Tx, path: Path, known: Resource | None, words: Words) -> None:
    """Count what a resource of the standard costs by its own words.  Raises `QuotaExceeded`."""
    before = NONE if known is None else resource_cost(path.kind.name, known.words.spec)
    cost = resource_cost(path.kind.name, words.spec)
    count(tx, Scope(path.tenant, path.workspace), cost - before)


def _scope_of(wishes: Wishes) -> Scope:
    _, wanted = wishes[0]
    return Scope(wanted.address.tenant, wanted.address.workspace)


def _changes_of(tx: Tx, wishes: Wishes) -> list[Amounts]:
    return [instance_change(known, wanted, _sizes(tx, wanted)) for known, wanted in wishes]


def _sizes(tx: Tx, wanted: Wanted) -> dict[str, int]:
    """Of its disks that are kept already, by their names there."""
    address, found = wanted.address, {}
    for disk in wanted.disks:
        name = name_of_disk(address.name, disk.name)
        record = find_by_name(tx, address.tenant, address.workspace, name)
        if record is not None:
            found[disk.name] = record.wanted.size_mib
    return found
