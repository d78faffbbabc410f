"""Placing: a snapshot, a pure choice for each instance of the batch, then guarded holds.

The choice is made outside any transaction and may be late; the hold cannot be wrong.  Who loses
the race is placed again.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from hanza.model.ids import InstanceId
from hanza.model.instance import Wanted
from hanza.model.report import Problem
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.placement.choose import Candidate, Chosen, Demand, Nowhere, choose
from hanza.plan.placement.pins import Pin, sentence_of, within
from hanza.store.events import append_event
from hanza.store.holds import get_hold, take_hold
from hanza.store.hosts import list_candidates
from hanza.store.instances import get_instances, set_waiting
from hanza.store.tx import Store, Tx
from hanza.store.volumes import pins_of, put_volume
from hanza.store.work import Work, hint, is_held, settle_work

LOOK_AGAIN_AFTER = timedelta(seconds=30)
"""A change of hosts wakes whoever waits at once; this is for the change that nobody noticed."""

Wish = tuple[Wanted, Problem | None]


def place_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """Place everything in the batch that still wants a place."""
    ids = [InstanceId(one.ref) for one in batch]
    candidates, wishes, pins = store.read(_look, ids, now)
    recorded = []
    for one in batch:
        wish = wishes.get(InstanceId(one.ref))
        choice = None
        if wish is not None and not wish[0].is_ended:
            demand = Demand(wish[0].country, wish[0].spec.size)
            choice = choose(demand, within(pins[wish[0].id], candidates))
            candidates = _without(candidates, choice, demand)
        recorded.append(store.submit(_record, one, choice, now))
    for record in recorded:
        record.result()


def _look(
    tx: Tx, ids: list[InstanceId], now: datetime
) -> tuple[list[Candidate], dict[InstanceId, Wish], dict[InstanceId, Pin]]:
    wishes = get_instances(tx, ids)
    pins = pins_of(tx, [wanted for wanted, _ in wishes.values()])
    return list_candidates(tx, now), wishes, pins


def _without(
    candidates: list[Candidate], choice: Chosen | Nowhere, demand: Demand
) -> list[Candidate]:
    """The candidates as they are once this choice is held."""
    if isinstance(choice, Nowhere):
        return candidates
    return [
        replace(one, free=one.free - demand.size) if one.host == choice.host else one
        for one in candidates
    ]


def _record(tx: Tx, one: Work, choice: Chosen | Nowhere | None, now: datetime) -> None:
    if is_held(tx, one):
        settle_work(tx, one, _hold(tx, InstanceId(one.ref), choice, now), now)


def _hold(tx: Tx, instance: InstanceId, choice: Chosen | Nowhere | None, now: datetime) -> Verdict:
    wish = get_instances(tx, [instance]).get(instance)
    if wish is None or wish[0].is_ended or get_hold(tx, instance) is not None:
        return Settled()
    wanted, waiting = wish
    if choice is None:
        return Again()
    hint(tx, "settle", instance, now)
    pin = pins_of(tx, [wanted])[instance]
    if isinstance(choice, Nowhere) or pin.taken_by is not None:
        since = waiting.since if waiting else now
        set_waiting(tx, instance, Problem("no_room", _why(wanted, choice, pin), since))
        return Later(now + LOOK_AGAIN_AFTER)
    if pin.host not in (None, choice.host):
        return Again()
    if not take_hold(tx, instance, choice.host, wanted.spec.size, now):
        return Again()
    if wanted.boot_volume is not None:
        put_volume(tx, wanted.boot_volume, choice.host, instance)
    set_waiting(tx, instance, None)
    hint(tx, "publish", choice.agent, now)
    append_event(tx, now, "instance.placed", instance, f"{wanted.address.name} got a place")
    return Settled()


def _why(wanted: Wanted, choice: Chosen | Nowhere, pin: Pin) -> str:
    """What is in the way: the volume, the pin that left no host, or the hosts themselves."""
    if isinstance(choice, Nowhere) and choice.looked_at:
        return choice.sentence(Demand(wanted.country, wanted.spec.size))
    words = sentence_of(pin)
    if words or isinstance(choice, Chosen):
        return words
    return choice.sentence(Demand(wanted.country, wanted.spec.size))
