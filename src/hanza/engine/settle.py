"""Settling: what was seen is held against what is wanted, and what is shown is written."""

from dataclasses import replace
from datetime import datetime, timedelta

from hanza.engine.show import forget_shown, show_instance
from hanza.engine.volumes import (
    LOOK_AGAIN_AFTER,
    follow_wish,
    let_go_of_all,
    look_at_volumes,
    settle_volume,
)
from hanza.model.errors import Revoked
from hanza.model.ids import AgentId, InstanceId, VolumeId
from hanza.model.instance import Wanted
from hanza.model.report import Problem, Seen
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.placement.terms import amounts_of
from hanza.plan.seca.power import has_stopped
from hanza.plan.settle import Forget, Keep, Placed, Release, Withdraw, next_settlement
from hanza.plan.status import sentence_of, shown_of
from hanza.store.agents import find_revoked_at
from hanza.store.events import Whose, append_event
from hanza.store.holds import Hold, end_hold, get_hold, release_hold
from hanza.store.hosts import refuse_host
from hanza.store.instances import finish_restart, forget_instance, get_instances, set_shown
from hanza.store.reports import find_seen, forget_seen
from hanza.store.terms import Take, give_terms
from hanza.store.tx import Store, Tx
from hanza.store.violations import judge_again
from hanza.store.work import Work, hint, hint_waiting, is_held, settle_work

REFUSE_FULL_FOR = timedelta(minutes=5)


def settle_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """One commit for the whole batch, as far as the store can."""
    for record in [store.submit(_record, one, now) for one in batch]:
        record.result()


def _record(tx: Tx, one: Work, now: datetime) -> None:
    if is_held(tx, one):
        settle_work(tx, one, _settle(tx, InstanceId(one.ref), now), now)


def _settle(tx: Tx, instance: InstanceId, now: datetime) -> Verdict:
    wish = get_instances(tx, [instance]).get(instance)
    if wish is None:
        return settle_volume(tx, VolumeId(instance), now)
    wanted, waiting = wish
    hold, seen = get_hold(tx, instance), find_seen(tx, instance)
    placed = None if hold is None else Placed(hold.mark, hold.is_ending)
    match next_settlement(wanted.is_ended, placed, seen):
        case Forget():
            _forget(tx, wanted, now)
            return Settled()
        case Withdraw(_, is_full):
            assert hold is not None, "only what is placed is withdrawn"
            _withdraw(tx, hold, is_full=is_full, now=now)
        case Release():
            assert hold is not None, "only what is placed is released"
            _release(tx, wanted, hold, now)
            return Again()
        case Keep():
            pass
    problem = None
    if hold is not None and not hold.is_ending and not wanted.is_ended:
        problem = follow_wish(tx, wanted, hold.host, now)
    deadline = _show(tx, wanted, (hold, seen), problem or waiting, now)
    again = [] if problem is None else [now + LOOK_AGAIN_AFTER]
    again += [] if deadline is None else [deadline]
    return Later(min(again)) if again else Settled()


def _forget(tx: Tx, wanted: Wanted, now: datetime) -> None:
    forget_seen(tx, wanted.id)
    let_go_of_all(tx, wanted, now)
    forget_instance(tx, wanted.id)
    look_at_volumes(tx, wanted, now)
    forget_shown(tx, wanted)
    text = f"{wanted.address.name} is gone"
    append_event(
        tx,
        now,
        "instance.ended",
        wanted.id,
        text,
        Whose(wanted.address.tenant, wanted.address.workspace),
    )
    judge_again(tx, wanted, now)


def _withdraw(tx: Tx, hold: Hold, *, is_full: bool, now: datetime) -> None:
    if is_full:
        refuse_host(tx, hold.host, now + REFUSE_FULL_FOR)
    end_hold(tx, hold.mark)
    hint(tx, "publish", hold.agent, now)


def _release(tx: Tx, wanted: Wanted, hold: Hold, now: datetime) -> None:
    """Room came free: whoever waits for a place looks again, this instance among them.

    Its volumes stay, but for those that never came to be where its site had no room.
    """
    if release_hold(tx, hold.mark):
        give_terms(tx, Take(hold.host, wanted.address.tenant, amounts_of(hold.size)))
    let_go_of_all(tx, wanted, now)
    forget_seen(tx, hold.mark.owner)
    judge_again(tx, wanted, now)
    hint(tx, "publish", hold.agent, now)
    hint(tx, "place", hold.mark.owner, now)
    hint_waiting(tx, "place", now)


def _show(
    tx: Tx,
    wanted: Wanted,
    found: tuple[Hold | None, Seen | None],
    waiting: Problem | None,
    now: datetime,
) -> datetime | None:
    """`waiting` is what keeps it from a place, or from one of its volumes once it has one."""
    hold, seen = found
    word = seen if hold is not None and seen is not None and seen.mark == hold.mark else None
    if hold is not None and word is not None and has_stopped(wanted, word.power):
        finish_restart(tx, wanted.id)
        hint(tx, "publish", hold.agent, now)
        wanted = replace(wanted, is_restarting=False)
    if word is not None and word.problem is None and waiting is not None:
        word = replace(word, problem=waiting)
    lost = None if hold is None else _lost(tx, hold.agent)
    if lost is not None:
        word = None
    is_leaving = hold is not None and hold.is_ending and not wanted.is_ended
    shown = shown_of(wanted, hold is not None, word, waiting, lost, is_leaving=is_leaving)
    if set_shown(tx, wanted.id, shown):
        text = sentence_of(wanted.address.name, shown)
        append_event(
            tx,
            now,
            "instance.seen",
            wanted.id,
            text,
            Whose(wanted.address.tenant, wanted.address.workspace),
        )
    return show_instance(tx, wanted, shown, word, now)


def _lost(tx: Tx, agent: AgentId) -> Problem | None:
    since = find_revoked_at(tx, agent)
    if since is None:
        return None
    text = "its site's agent was revoked: whether it runs is unknown, and nobody will say"
    return Problem(Revoked.code, text, since)
