"""Rollouts: which release is to be had by whom, ring after ring; who was asked; who consents.

One rollout at most is running or halted; the next one takes its place.  Who is in which ring is
looked up anew at each look, so that sites that come later are in it too.  It decides nothing:
`plan.rollout` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.ids import AgentId
from hanza.model.release import Consent, Signed
from hanza.plan.release import version_of
from hanza.plan.rollout import Rules, Updating, Willing, obstacle_of
from hanza.plan.selection import is_selected, selector_of
from hanza.store.agents import is_heard_of
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.releases import RUNS_COLUMNS, Kept, Runs, list_releases, runs_from_row
from hanza.store.rollout_tables import (
    agent_releases,
    provider_updates,
    release_keys,
    releases,
    rollout_asks,
    rollouts,
)
from hanza.store.schema import agents, providers
from hanza.store.sites import get_provider, list_sites
from hanza.store.tx import Tx
from hanza.store.work import hint, hint_by

State: TypeAlias = Literal["running", "halted", "replaced"]
WORDS_MAX = 32
TOGETHER = timedelta(seconds=1)
"""A look reads every agent, and any agent may have it looked at."""
NO_RUNS = Runs("unknown", "", "never", frozenset(), frozenset(), False, "none", "", 0, "")


class Ring(msgspec.Struct, frozen=True):
    """Whose agents: as the selector of bulk acts says it."""

    where: dict[str, list[str]] = {}
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    id: str
    version: str
    state: State
    rings: tuple[Ring, ...]
    rules: Rules
    attempt: int
    why: str
    by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent in a rollout, with what is shown of it."""

    updating: Updating
    site: str
    provider: str
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What a provider's policy says of updates, and to which versions it said yes."""

    consent: Consent = "asked"
    words: frozenset[str] = frozenset()


# -- rollouts -------------------------------------------------------------------------------------


def start_rollout(tx: Tx, fresh: Rollout, now: datetime) -> Rollout:
    """It takes the place of the one before.  Raises `NotFound` for a release that is not here."""
    if not list_releases(tx, fresh.version):
        raise NotFound(
            f"release {fresh.version} is not here", field="spec.release", hint="hanza rollout add"
        )
    running = rollouts.c.state != "replaced"
    tx.execute(sa.update(rollouts).where(running).values(state="replaced"))
    row = {
        "id": fresh.id,
        "version": fresh.version,
        "state": fresh.state,
        "rings": [msgspec.to_builtins(one) for one in fresh.rings],
        "rules": _rules_to_json(fresh.rules),
        "attempt": fresh.attempt,
        "number": _next_number(tx),
        "why": fresh.why,
        "by": fresh.by,
        "created_at": now,
    }
    tx.execute(sa.insert(rollouts).values(**row))
    text = f"release {fresh.version} is rolled out in {len(fresh.rings)} rings, by {fresh.by}"
    append_event(tx, now, "rollout.started", fresh.version, text)
    hint(tx, "rollout", fresh.id, now)
    return fresh


def find_rollout(tx: Tx) -> Rollout | None:
    """The one that is running or halted."""
    row = _CURRENT.first(tx, {})
    if row is None:
        return None
    rings = msgspec.convert(row.rings, tuple[Ring, ...])
    rules = Rules(
        timedelta(seconds=row.rules["soak_s"]),
        timedelta(seconds=row.rules["back_within_s"]),
        row.rules["at_once"],
        row.rules["failing_max"],
    )
    said = (row.attempt, row.why, row.by, row.created_at)
    return Rollout(row.id, row.version, row.state, rings, rules, *said)


def get_rollout(tx: Tx) -> Rollout:
    """Raises `NotFound`."""
    found = find_rollout(tx)
    if found is None:
        raise NotFound("nothing is rolled out", hint="hanza rollout start VERSION --ring ...")
    return found


def halt_rollout(tx: Tx, why: str, by: str, now: datetime) -> Rollout:
    """Nobody is asked any more, and who has not begun its trial is told so.  Twice is once."""
    found = get_rollout(tx)
    if found.state == "halted":
        return found
    _change(tx, found, state="halted", why=why)
    text = f"the rollout of {found.version} is halted, by {by}: {why}"
    append_event(tx, now, "rollout.halted", found.version, text)
    return get_rollout(tx)


def resume_rollout(tx: Tx, by: str, now: datetime) -> Rollout:
    """Go on; who has not the release and was asked is asked anew.  Raises `Conflict`."""
    found = get_rollout(tx)
    if found.state != "halted":
        raise Conflict("it is not halted")
    has_it = sa.select(agent_releases.c.agent_id).where(agent_releases.c.version == found.version)
    mine = rollout_asks.c.rollout_id == found.id
    tx.execute(sa.delete(rollout_asks).where(mine, rollout_asks.c.agent_id.not_in(has_it)))
    _change(tx, found, state="running", why="", attempt=found.attempt + 1)
    text = f"the rollout of {found.version} goes on, by {by}"
    append_event(tx, now, "rollout.resumed", found.version, text)
    hint(tx, "rollout", found.id, now)
    return get_rollout(tx)


def record_asks(tx: Tx, one: Rollout, chosen: Sequence[AgentId], now: datetime) -> None:
    rows = [{"rollout_id": one.id, "agent_id": agent, "asked_at": now} for agent in chosen]
    tx.execute(sa.insert(rollout_asks), rows)
    _change(tx, one)


def note_failed(tx: Tx, agent: AgentId, said: Runs) -> None:
    """What an agent has given up stays so, whatever it says later, until it is asked anew."""
    one = find_rollout(tx)
    is_about = one is not None and (said.about, said.attempt) == (one.version, one.attempt)
    if one is None or not is_about or said.condition != "failed":
        return
    mine = (rollout_asks.c.rollout_id == one.id, rollout_asks.c.agent_id == agent)
    tx.execute(sa.update(rollout_asks).where(*mine).values(failed=said.why or "it does not say"))


def rollouts_number(tx: Tx) -> int:
    """It grows with each change of what is asked of anybody, and with each key that is revoked."""
    row = _NUMBER.first(tx, {})
    assert row is not None, "a sum is always there"
    return int(row.number)


def hint_rollout(tx: Tx, now: datetime) -> None:
    """Something is known anew of those that it is about: looked at once, however many say so."""
    found = _CURRENT.first(tx, {})
    if found is not None and found.state == "running":
        hint_by(tx, "rollout", found.id, now + TOGETHER)


def _change(tx: Tx, one: Rollout, **values: object) -> None:
    values["number"] = _next_number(tx)
    tx.execute(sa.update(rollouts).where(rollouts.c.id == one.id).values(**values))


def _next_number(tx: Tx) -> int:
    return (tx.scalar(sa.select(sa.func.max(rollouts.c.number))) or 0) + 1


def _rules_to_json(rules: Rules) -> dict[str, object]:
    return {
        "soak_s": rules.soak.total_seconds(),
        "back_within_s": rules.back_within.total_seconds(),
        "at_once": rules.at_once,
        "failing_max": rules.failing_max,
    }


_CURRENT = Prepared(sa.select(rollouts).where(rollouts.c.state != "replaced"))
_NUMBER = Prepared(
    sa.select(
        (
            sa.func.coalesce(sa.select(sa.func.max(rollouts.c.number)).scalar_subquery(), 0)
            + sa.select(sa.func.count(release_keys.c.revocation)).scalar_subquery()
        ).label("number")
    )
)


# -- what is asked of one agent -------------------------------------------------------------------


def find_wanted(tx: Tx, agent: AgentId) -> tuple[Signed, int] | None:
    """The release that is wanted of the agent now, and the attempt; None when none is."""
    row = _ASKED.first(tx, {"agent": agent})
    if row is None:
        return None
    return Signed(bytes(row.statement), bytes(row.key), bytes(row.signature)), row.attempt


def may_fetch_archive(tx: Tx, agent: AgentId, digest: str) -> bool:
    """Whether this archive is wanted of the agent now."""
    row = _ASKED.first(tx, {"agent": agent})
    return row is not None and row.digest == digest


_ASKED = Prepared(
    sa.select(
        releases.c.statement,
        releases.c["key"],
        releases.c.signature,
        releases.c.digest,
        rollouts.c.attempt,
    )
    .join(rollout_asks, rollout_asks.c.rollout_id == rollouts.c.id)
    .join(agent_releases, agent_releases.c.agent_id == rollout_asks.c.agent_id)
    .join(
        releases,
        sa.and_(releases.c.version == rollouts.c.version, releases.c.tag == agent_releases.c.tag),
    )
    .where(rollouts.c.state == "running", rollout_asks.c.agent_id == sa.bindparam("agent"))
)


# -- how everybody stands -------------------------------------------------------------------------


def list_standings(tx: Tx, one: Rollout, now: datetime) -> list[Standing]:
    """Every agent of a ring, by ring, site and id; those of no ring are not in it."""
    ring_of, owner_of = _rings(tx, one.rings)
    policies = _policies(tx)
    kept = {release.tag: release for release in list_releases(tx, one.version)}
    found = []
    for row in tx.execute(_agents_asked(one.id)):
        if row.site_id not in ring_of:
            continue
        runs = NO_RUNS if row.version is None else runs_from_row(row)
        site, provider = owner_of[row.site_id]
        obstacle = _obstacle(one, runs, policies.get(provider, Policy()), kept.get(runs.tag))
        updating = Updating(
            AgentId(row.id),
            ring_of[row.site_id],
            runs.version,
            is_heard_of(row.heard_at, now) and runs is not NO_RUNS,
            runs.linked_since,
            obstacle,
            row.asked_at,
            row.failed is not None,
        )
        why = obstacle if row.asked_at is None else row.failed or ""
        found.append(Standing(updating, site, provider, why))
    return sorted(found, key=lambda each: (each.updating.ring, each.site, each.updating.agent))


def _agents_asked(rollout: str) -> sa.Select[Any]:
    """Each agent that counts, with what it runs and what it was asked."""
    return (
        sa.select(
            agents.c.id,
            agents.c.site_id,
            agents.c.heard_at,
            rollout_asks.c.asked_at,
            rollout_asks.c.failed,
            *RUNS_COLUMNS,
        )
        .outerjoin(agent_releases, agent_releases.c.agent_id == agents.c.id)
        .outerjoin(
            rollout_asks,
            sa.and_(rollout_asks.c.agent_id == agents.c.id, rollout_asks.c.rollout_id == rollout),
        )
        .where(agents.c.revoked_at.is_(None), ~agents.c.is_contested)
    )


def _rings(tx: Tx, rings: Sequence[Ring]) -> tuple[dict[str, int], dict[str, tuple[str, str]]]:
    """The ring of each site, the first that means it; and the names of it and its provider."""
    selectors = [selector_of(one.where, is_all=one.is_all) for one in rings]
    ring_of, owner_of = {}, {}
    for site, provider in list_sites(tx):
        owner_of[str(site.id)] = (site.name, provider)
        meant = (at for at, one in enumerate(selectors) if is_selected(one, site, provider))
        ring = next(meant, None)
        if ring is not None:
            ring_of[str(site.id)] = ring
    return ring_of, owner_of


def _obstacle(one: Rollout, runs: Runs, policy: Policy, kept: Kept | None) -> str:
    if runs is NO_RUNS:
        return "it has not said what it runs: it is older than updates, or never came"
    willing = Willing(
        policy.consent,
        one.version in policy.words,
        runs.consent,
        one.version in runs.words,
        kept is not None,
        kept is not None and kept.signed.key in runs.keys,
        runs.can_return,
    )
    return obstacle_of(willing, one.version)


# -- what providers say ---------------------------------------------------------------------------


def get_policy(tx: Tx, provider: str) -> Policy:
    """Raises `NotFound` where there is no such provider."""
    get_provider(tx, provider)
    return _policies(tx).get(provider, Policy())


def set_consent(tx: Tx, provider: str, consent: Consent, by: str, now: datetime) -> Policy:
    known = get_policy(tx, provider)
    if known.consent != consent:
        _keep_policy(tx, provider, Policy(consent, known.words), now)
        text = f"updates of {provider}'s agents: {consent}, by {by}"
        append_event(tx, now, "provider.updates", provider, text, provider=provider)
    return get_policy(tx, provider)


def give_word(tx: Tx, provider: str, version: str, by: str, now: datetime) -> Policy:
    """Yes to one version; the oldest words go where there are too many."""
    version_of(version, "spec.release")
    known = get_policy(tx, provider)
    if version not in known.words:
        words = sorted({*known.words, version}, key=version_of)[-WORDS_MAX:]
        _keep_policy(tx, provider, Policy(known.consent, frozenset(words)), now)
        text = f"{provider} says yes to release {version}, by {by}"
        append_event(tx, now, "provider.consented", provider, text, provider=provider)
    return get_policy(tx, provider)


def _keep_policy(tx: Tx, provider: str, policy: Policy, now: datetime) -> None:
    row = {
        "provider_id": get_provider(tx, provider).id,
        "consent": policy.consent,
        "words": sorted(policy.words),
        "changed_at": now,
    }
    upsert(tx, provider_updates, ("provider_id",), row)
    hint_rollout(tx, now)


def _policies(tx: Tx) -> dict[str, Policy]:
    query = sa.select(provider_updates, providers.c.name).join(
        providers, providers.c.id == provider_updates.c.provider_id
    )
    return {row.name: Policy(row.consent, frozenset(row.words)) for row in tx.execute(query)}
