"""Rolling a release out, and what a provider says to it for its own agents."""

from collections import Counter
from datetime import datetime, timedelta

from hanza.api.calls import Answer, Call
from hanza.api.provider_users import by, provider_of
from hanza.api.told import lists, says
from hanza.plan.admission import check_why
from hanza.plan.release import version_of
from hanza.plan.rollout import Done, Rules, condition_of, next_step
from hanza.plan.selection import selector_of
from hanza.store import rollouts
from hanza.store.rollouts import Ring, Rollout
from hanza.store.tx import Tx
from hanza.wire import rollout_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says(lists(doc.RolloutDoc))
def list_rollouts(call: Call) -> Answer:
    """How far the rollout is that was started last: by ring, and by agent; none before that."""
    now = call.plane.clock.now()
    return Answer(200, {"items": call.plane.store.read(_listed, now)})


def _listed(tx: Tx, now: datetime) -> list[doc.RolloutDoc]:
    return [] if rollouts.find_rollout(tx) is None else [_shown(tx, now)]


@says({200: doc.RolloutDoc}, takes=doc.RolloutPost)
def start_rollout(call: Call) -> Answer:
    """Have a release rolled out ring after ring, in the place of the rollout before."""
    spec, plane = request_from_json(call.body, doc.RolloutPost).spec, call.plane
    version_of(spec.release, "spec.release")
    for one in spec.rings:
        selector_of(one.where.words(), is_all=one.all)
    rules = Rules(
        timedelta(seconds=spec.soak_seconds),
        timedelta(seconds=spec.back_within_seconds),
        spec.at_once,
        spec.failing_max,
    )
    rings = tuple(
        Ring({key: [*values] for key, values in one.where.words().items() if values}, one.all)
        for one in spec.rings
    )
    now, fresh = plane.clock.now(), plane.ids.new("ro")
    rollout = Rollout(fresh, spec.release, "running", rings, rules, 1, "", by(call), now)
    shown = plane.store.write(_start, rollout, now, spec.dry_run)
    plane.wake()
    return Answer(200, shown)


def _start(tx: Tx, rollout: Rollout, now: datetime, rehearse: bool) -> doc.RolloutDoc:
    with tx.begin_nested() as savepoint:
        rollouts.start_rollout(tx, rollout, now)
        shown = _shown(tx, now)
        if rehearse:
            savepoint.rollback()
    return shown


@says({200: doc.RolloutDoc}, takes=doc.RolloutActPost)
def act_on_rollout(call: Call) -> Answer:
    """Halt it, or go on and ask those anew that have failed."""
    spec, plane = request_from_json(call.body, doc.RolloutActPost).spec, call.plane
    why, who, now = check_why(spec.why, "spec.why"), by(call), plane.clock.now()

    def act(tx: Tx) -> doc.RolloutDoc:
        if spec.act == "halt":
            rollouts.halt_rollout(tx, why or "somebody said so", who, now)
        else:
            rollouts.resume_rollout(tx, who, now)
        return _shown(tx, now)

    shown = plane.store.write(act)
    plane.wake()
    return Answer(200, shown)


@says({200: doc.UpdatePolicyDoc})
def get_update_policy(call: Call) -> Answer:
    """What it says of updates, what is rolled out, and how far that is at its own agents."""
    provider, now = provider_of(call), call.plane.clock.now()
    return Answer(200, call.plane.store.read(_policy, provider, now))


@says({200: doc.UpdatePolicyDoc}, takes=doc.UpdatePolicyPut)
def put_update_policy(call: Call) -> Answer:
    """Let its agents be updated by themselves, on a word for each release, or never."""
    spec = request_from_json(call.body, doc.UpdatePolicyPut).spec
    provider, plane, now = provider_of(call), call.plane, call.plane.clock.now()
    plane.store.write(rollouts.set_consent, provider, spec.consent, by(call), now)
    plane.wake()
    return Answer(200, plane.store.read(_policy, provider, now))


@says({200: doc.UpdatePolicyDoc}, takes=doc.UpdateWordPost)
def give_update_word(call: Call) -> Answer:
    """Say yes to one release, for all agents of the provider."""
    spec = request_from_json(call.body, doc.UpdateWordPost).spec
    provider, plane, now = provider_of(call), call.plane, call.plane.clock.now()
    plane.store.write(rollouts.give_word, provider, spec.release, by(call), now)
    plane.wake()
    return Answer(200, plane.store.read(_policy, provider, now))


def _policy(tx: Tx, provider: str, now: datetime) -> doc.UpdatePolicyDoc:
    one, own = rollouts.get_policy(tx, provider), None
    if rollouts.find_rollout(tx) is not None:
        shown = _shown(tx, now)
        mine = [agent for agent in shown.agents if agent.provider == provider]
        own = doc.OwnRolloutDoc(shown.release, shown.state, mine)
    return doc.UpdatePolicyDoc(provider, one.consent, sorted(one.words, key=version_of), own)


def _updating(one: rollouts.Rollout, each: rollouts.Standing, now: datetime) -> doc.UpdatingDoc:
    updating = each.updating
    condition = condition_of(one.version, updating, one.rules, now)
    # Who has it already is not kept from it by anything.
    why = "" if condition == "good" else each.why
    ring = updating.ring + 1
    return doc.UpdatingDoc(
        updating.agent, each.site, each.provider, ring, updating.release, condition, why
    )


def _shown(tx: Tx, now: datetime) -> doc.RolloutDoc:
    one = rollouts.get_rollout(tx)
    standings = rollouts.list_standings(tx, one, now)
    agents = [_updating(one, each, now) for each in standings]
    counted = Counter((agent.ring, agent.condition) for agent in agents)
    rings = [
        doc.RingCountDoc(
            ring,
            *(counted[ring, word] for word in ("none", "untried", "under_way", "good", "failed")),
        )
        for ring in range(1, len(one.rings) + 1)
    ]
    known = [each.updating for each in standings]
    is_done = next_step(one.version, known, one.rules, now) == Done()
    state: doc.Shown = "halted" if one.state == "halted" else "done" if is_done else "running"
    return doc.RolloutDoc(
        one.version, state, one.why, one.by, one.attempt, one.created_at, rings, agents
    )
