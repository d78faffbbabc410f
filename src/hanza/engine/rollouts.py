"""Rolling out: ask whoever is next, and halt when too many have failed.

What is decided is `plan.rollout`'s; here it is kept, told and looked at again in time.
"""

from datetime import datetime, timedelta

from hanza.model.verdict import Later, Settled, Verdict
from hanza.plan.rollout import Ask, Done, Halt, Wait, next_step
from hanza.store.rollouts import find_rollout, halt_rollout, list_standings, record_asks
from hanza.store.tx import Store, Tx
from hanza.store.work import Work, is_held, settle_work

LOOKED_AT_EVERY = timedelta(seconds=15)
"""While somebody is waited for: who falls silent says nothing."""
BY = "the rollout itself"


def rollout_batch(store: Store, batch: list[Work], now: datetime) -> None:
    for one in batch:
        store.write(_record, one, now)


def _record(tx: Tx, one: Work, now: datetime) -> None:
    if is_held(tx, one):
        settle_work(tx, one, _go_on(tx, one.ref, now), now)


def _go_on(tx: Tx, ref: str, now: datetime) -> Verdict:
    rollout = find_rollout(tx)
    if rollout is None or rollout.id != ref or rollout.state != "running":
        return Settled()
    standings = {one.updating.agent: one for one in list_standings(tx, rollout, now)}
    known = [one.updating for one in standings.values()]
    step = next_step(rollout.version, known, rollout.rules, now)
    match step:
        case Ask(agents):
            record_asks(tx, rollout, agents, now)
        case Halt(ring, failed):
            sites = ", ".join(sorted({standings[agent].site for agent in failed})[:20])
            why = f"{len(failed)} agents of ring {ring + 1} have failed, at {sites}"
            halt_rollout(tx, why, BY, now)
            return Settled()
        case Done():
            return Settled()
        case Wait(until) if until is not None:
            return Later(max(now, min(until, now + LOOKED_AT_EVERY)))
    return Later(now + LOOKED_AT_EVERY)
