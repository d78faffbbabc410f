"""Judging: what stands is held against the policies, and what violates them is named.

Nothing is ended or moved here.  A pass notes what began and what ended since the last one, with an
event for each; it is hinted whenever a policy, or what is known of the members, changes.
"""

from datetime import datetime

from hanza.model.verdict import Settled
from hanza.plan.placement.violations import find_violations
from hanza.store.events import append_event
from hanza.store.hosts import list_candidates
from hanza.store.policies import above_of
from hanza.store.tx import Store, Tx
from hanza.store.violations import (
    clear_violations,
    key_of,
    list_noted,
    list_standing,
    note_violations,
)
from hanza.store.work import Work, is_held, settle_work
from hanza.wire.places import load_carbon


def judge_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """Each tenant of the batch in a transaction of its own."""
    for one in batch:
        store.write(_record, one, now)


def _record(tx: Tx, one: Work, now: datetime) -> None:
    if is_held(tx, one):
        _judge(tx, one.ref, now)
        settle_work(tx, one, Settled(), now)


def _judge(tx: Tx, tenant: str, now: datetime) -> None:
    hosts = {one.host: one for one in list_candidates(tx, now, load_carbon())}
    standing = [(wanted, hosts[host]) for wanted, host in list_standing(tx, tenant)]
    places = {(wanted.address.tenant, wanted.address.workspace) for wanted, _ in standing}
    found = {key_of(one): one for one in find_violations(standing, above_of(tx, places))}
    noted = list_noted(tx, tenant)
    begun = [found[key] for key in sorted(found.keys() - noted.keys())]
    note_violations(tx, begun, now)
    for one in begun:
        append_event(tx, now, "violation.found", one.instance, one.sentence, tenant)
    for key in sorted(noted.keys() - found.keys()):
        text = f"no longer so: {noted[key][0]}"
        append_event(tx, now, "violation.cleared", key[0], text, tenant)
    clear_violations(tx, sorted(noted.keys() - found.keys()))
