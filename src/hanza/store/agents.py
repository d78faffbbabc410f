"""Agents: how one joins, which start of it is talking, and when it was last heard.

A key belongs to one agent for ever.  The newest start of a key is the one that is believed;
when an older start comes back, two copies of one key are alive and neither offers capacity.
An agent that was revoked is never believed again, and what its guests do nobody knows.
One whose reports are refused is heard for a while, since its last good word still stands; when
that is too old it counts as silent, however often it comes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.kit.text import harmless
from hanza.model.errors import Conflict, NotFound, Revoked, Unauthenticated
from hanza.model.ids import AgentId, SiteId, TokenId
from hanza.model.manifest import GENESIS, Hash, Version
from hanza.model.report import Incarnation
from hanza.model.site import Agent
from hanza.store.changes import note_change
from hanza.store.events import append_event
from hanza.store.prepared import Among, Prepared, changing
from hanza.store.schema import agents, federation, holds, hosts, join_tokens, sites, work
from hanza.store.tx import Tx
from hanza.store.work import hint, hint_scheduled, hint_waiting, look_later

HEARD_WITHIN = timedelta(seconds=35)
"""Three heartbeats and a half: who is silent for longer gets nothing new, and it is told."""

GOOD_FOR = timedelta(minutes=10)
"""How long an agent's last good report stands while it says only what cannot be."""


def is_heard_of(heard_at: datetime | None, now: datetime) -> bool:
    """Whether an agent's last word is young enough to go by."""
    return heard_at is not None and now - heard_at < HEARD_WITHIN


_IS_AGENT = agents.c.id == sa.bindparam("agent")
_KEY = Prepared(sa.select(agents.c.public_key).where(_IS_AGENT))
LINK_COLUMNS = (
    agents.c.id,
    agents.c.starts,
    agents.c.nonce,
    agents.c.epoch,
    agents.c.manifest_no,
    agents.c.is_contested,
)
_REVOKED = Prepared(sa.select(agents.c.revoked_at).where(_IS_AGENT))
_START = Prepared(
    sa.select(*LINK_COLUMNS, agents.c.report_no, agents.c.revoked_at)
    .where(_IS_AGENT)
    .with_for_update()
)
_BEGIN = Prepared(changing(agents, "starts", "nonce").values(report_no=0).where(_IS_AGENT))
_CLEAR = Prepared(
    sa.update(agents)
    .where(_IS_AGENT, agents.c.refused_since.is_not(None))
    .values(refused_text=None, refused_since=None)
)
_LISTENED_FOR = Among(sa.select(work.c.ref).where(work.c.kind == "listen"), work.c.ref)


@dataclass(frozen=True, slots=True)
class Joining:
    """Who wants to join with a token: a fresh id, the key it will use, its driver's name."""

    agent: AgentId
    public_key: bytes
    driver: str


def put_join_token(
    tx: Tx, token: TokenId, site: SiteId, digest: bytes, now: datetime, expires_at: datetime
) -> None:
    """Remember the right to join one site once.  Only the secret's digest is kept."""
    tx.execute(
        sa.insert(join_tokens).values(
            id=token, site_id=site, digest=digest, created_at=now, expires_at=expires_at
        )
    )


def use_join_token(tx: Tx, digest: bytes, joining: Joining, now: datetime) -> tuple[AgentId, str]:
    """Make the bearer an agent of the token's site; returns its id and the site's name.

    The same key may come again with the same token (the first answer may have been lost) and is
    told the same.  Raises `Unauthenticated` for a token that is unknown, used, too old or revoked,
    and `Revoked` when the agent that came by it was.
    """
    query = (
        sa.select(
            join_tokens,
            sites.c.name.label("site_name"),
            agents.c.public_key,
            agents.c.revoked_at.label("agent_revoked_at"),
        )
        .join(sites, sites.c.id == join_tokens.c.site_id)
        .outerjoin(agents, agents.c.id == join_tokens.c.agent_id)
        .where(join_tokens.c.digest == digest)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise Unauthenticated("this join token is not known here", field="token")
    if row.used_at is not None:
        if row.public_key != joining.public_key:
            raise Unauthenticated("this join token was used already", field="token")
        _refuse_revoked(row.agent_revoked_at)
        return AgentId(row.agent_id), row.site_name
    if row.revoked_at is not None:
        raise Unauthenticated("this join token was revoked; ask for a new one", field="token")
    if row.expires_at <= now:
        raise Unauthenticated("this join token is too old; ask for a new one", field="token")
    _put_agent(tx, SiteId(row.site_id), joining, now)
    tx.execute(
        sa.update(join_tokens)
        .where(join_tokens.c.id == row.id)
        .values(used_at=now, agent_id=joining.agent)
    )
    append_event(tx, now, "agent.joined", joining.agent, f"an agent joined at {row.site_name}")
    return joining.agent, row.site_name


def _put_agent(tx: Tx, site: SiteId, joining: Joining, now: datetime) -> None:
    taken = sa.select(agents.c.id).where(agents.c.public_key == joining.public_key)
    if tx.scalar(taken) is not None:
        raise Unauthenticated("this key belongs to another agent", field="public_key")
    tx.execute(
        sa.insert(agents).values(
            id=joining.agent,
            site_id=site,
            public_key=joining.public_key,
            driver=joining.driver,
            joined_at=now,
            epoch=sa.select(federation.c.epoch).scalar_subquery(),
            manifest_hash=GENESIS,
        )
    )


def public_key_of_agent(tx: Tx, agent: AgentId) -> bytes:
    """Raises `Unauthenticated`, not `NotFound`: who is not known is not told so."""
    row = _KEY.first(tx, {"agent": agent})
    if row is None:
        raise Unauthenticated("the agent is not known here")
    return bytes(row.public_key)


def _refuse_revoked(revoked_at: datetime | None) -> None:
    if revoked_at is not None:
        raise Revoked("this agent was revoked", hint="join anew, with a new token and a new folder")


def refuse_revoked_agent(tx: Tx, agent: AgentId) -> None:
    """Raises `Revoked`: for whoever has proved to be that agent."""
    _refuse_revoked(find_revoked_at(tx, agent))


def greet_agent(tx: Tx, agent: AgentId, incarnation: Incarnation, now: datetime) -> int | None:
    """A start of the agent has connected; returns the number of the last report taken of it.

    A later start takes over and begins its reports at zero.  None refuses it: a start that was
    superseded is back, or another with the same count, so the key is alive twice.  From then on
    neither offers capacity or is told anything new, until a person has looked: `trust_agent`.
    Raises `Revoked` for an agent that was.
    """
    row = _START.first(tx, {"agent": agent})
    assert row is not None, "its key is known"
    _refuse_revoked(row.revoked_at)
    if (row.starts, row.nonce) == (incarnation.starts, incarnation.nonce):
        note_heard(tx, [agent], now)
        hint_waiting(tx, "place", now)
        hint_scheduled(tx, "publish", agent, now)
        return int(row.report_no)
    if row.nonce and incarnation.starts <= row.starts:
        contested = sa.update(agents).where(agents.c.id == agent).values(is_contested=True)
        tx.execute(contested)
        note_change(tx, "agent", agent)
        if not row.is_contested:
            text = "two copies of one agent key are alive; neither offers capacity"
            append_event(tx, now, "agent.contested", agent, text)
        return None
    note_heard(tx, [agent], now)
    start = {"starts": incarnation.starts, "nonce": incarnation.nonce}
    _BEGIN.run(tx, {"agent": agent, **start})
    hint_waiting(tx, "place", now)
    hint(tx, "publish", agent, now)
    return 0


def trust_agent(tx: Tx, agent: AgentId, now: datetime) -> None:
    """A person says that one copy of the key is left: whichever start comes next is believed."""
    if find_revoked_at(tx, agent) is not None:
        raise Conflict("a revoked agent is never believed again", hint="let it join anew")
    changed = tx.execute(
        sa.update(agents)
        .where(agents.c.id == agent)
        .values(is_contested=False, starts=0, nonce="", report_no=0)
    ).rowcount
    if not changed:
        raise NotFound(f"there is no agent {agent}")
    note_change(tx, "agent", agent)
    append_event(tx, now, "agent.trusted", agent, "a person says that one copy of its key is left")


def revoke_agent(tx: Tx, agent: AgentId, now: datetime) -> int:
    """Refuse its key from now on; returns how many instances are held there.

    Its hosts are not offered any more.  What was placed with it stays held: nobody will hear
    whether those guests have ended, so their room is never sold and they run nowhere else.
    Twice is once.  Raises `NotFound`.
    """
    row = tx.execute(sa.select(agents).where(agents.c.id == agent).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"there is no agent {agent}", field="agent")
    held = list(tx.scalars(sa.select(holds.c.instance_id).where(holds.c.agent_id == agent)))
    if row.revoked_at is not None:
        return len(held)
    tx.execute(sa.update(agents).where(agents.c.id == agent).values(revoked_at=now))
    tx.execute(sa.update(hosts).where(hosts.c.agent_id == agent).values(is_offered=False))
    note_change(tx, "agent", agent)
    for instance in held:
        hint(tx, "settle", instance, now)
    text = f"its key is refused; what {len(held)} guests there do is unknown"
    append_event(tx, now, "agent.revoked", agent, text)
    return len(held)


def find_revoked_at(tx: Tx, agent: AgentId) -> datetime | None:
    """When the agent was revoked; None when it was not, or is not there."""
    row = _REVOKED.first(tx, {"agent": agent})
    return None if row is None else row.revoked_at


def note_heard(tx: Tx, heard: Collection[AgentId], now: datetime) -> None:
    """One statement for everyone that was heard lately; placing waits for none of them.

    Whose last good report is too old is not heard by whatever else it says.
    """
    _tell_heard(tx, heard, now)
    if len(heard) == 1:
        _HEARD.run(tx, {"agent": next(iter(heard)), "heard_at": now, "good": now - GOOD_FOR})
        return
    some = sa.update(agents).where(agents.c.id.in_(list(heard)), _is_good(now - GOOD_FOR))
    tx.execute(some.values(heard_at=now))


def _is_good(since: "datetime | sa.BindParameter[datetime]") -> "sa.ColumnElement[bool]":
    """Its last good report still stands."""
    return sa.or_(agents.c.refused_since.is_(None), agents.c.refused_since > since)


_GOOD = sa.bindparam("good", type_=agents.c.refused_since.type)
_HEARD = Prepared(changing(agents, "heard_at").where(_IS_AGENT, _is_good(_GOOD)))


def mark_refused(
    tx: Tx, agent: AgentId, incarnation: Incarnation, text: str, now: datetime
) -> None:
    """It said what cannot be: nothing of it was taken.  Told once until a good report comes.

    Only of the start that is believed: what another says is nobody's word.
    """
    mine = (
        agents.c.id == agent,
        agents.c.starts == incarnation.starts,
        agents.c.nonce == incarnation.nonce,
        agents.c.revoked_at.is_(None),
    )
    marked = sa.update(agents).where(*mine, agents.c.refused_since.is_(None))
    words = harmless(text)
    if tx.execute(marked.values(refused_text=words, refused_since=now)).rowcount:
        append_event(tx, now, "report.refused", agent, f"a report was refused: {words}")
    else:
        tx.execute(sa.update(agents).where(*mine).values(refused_text=words))


def clear_refused(tx: Tx, agent: AgentId, now: datetime) -> None:
    """A good report came: it is heard again, if it was not."""
    if _CLEAR.run(tx, {"agent": agent}):
        append_event(tx, now, "report.accepted", agent, "its reports are good again")
        note_heard(tx, [agent], now)


def list_heard(tx: Tx, since: datetime | None) -> dict[datetime, list[AgentId]]:
    """Who was heard last when, in the order of time; later than `since`, or ever."""
    query = sa.select(agents.c.id, agents.c.heard_at).where(agents.c.heard_at.is_not(None))
    if since is not None:
        query = query.where(agents.c.heard_at > since)
    found: dict[datetime, list[AgentId]] = {}
    for row in tx.execute(query.order_by(agents.c.heard_at)):
        found.setdefault(row.heard_at, []).append(AgentId(row.id))
    return found


def _tell_heard(tx: Tx, heard: Collection[AgentId], now: datetime) -> None:
    """Tell once of everyone that was silent until now.  Who is listened for is in the schedule."""
    back = set(heard) - {row.ref for row in _LISTENED_FOR.among(tx, heard)}
    if not back:
        return
    query = sa.select(agents.c.id, agents.c.heard_at, sites.c.name.label("site_name"))
    query = query.join(sites, sites.c.id == agents.c.site_id)
    query = query.where(agents.c.id.in_(back), _is_good(now - GOOD_FOR))
    for row in tx.execute(query.order_by(agents.c.id)):
        again = (
            "" if row.heard_at is None else f" again; the last word was of {_clock(row.heard_at)}"
        )
        append_event(tx, now, "agent.heard", row.id, f"{row.site_name} is heard{again}")
        hint_scheduled(tx, "publish", row.id, now)
        look_later(tx, "listen", row.id, now + HEARD_WITHIN)


def find_silence(tx: Tx, agent: AgentId, now: datetime) -> datetime | None:
    """When the agent falls silent unless it is heard; None when it is silent, which is told."""
    query = sa.select(agents.c.heard_at, agents.c.refused_since, sites.c.name.label("site_name"))
    query = query.join(sites, sites.c.id == agents.c.site_id).where(agents.c.id == agent)
    row = tx.execute(query.with_for_update(of=agents)).one()
    if now - row.heard_at < HEARD_WITHIN:
        falls: datetime = row.heard_at + HEARD_WITHIN
        return falls
    heard = "nothing" if row.refused_since is None else "nothing that can be believed"
    text = f"{row.site_name} is silent: {heard} was heard since {_clock(row.heard_at)}"
    append_event(tx, now, "agent.silent", agent, text)
    return None


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"


def believed_starts(tx: Tx, ids: Collection[AgentId]) -> dict[AgentId, Incarnation]:
    """Which start of each of these agents is believed; none of one that was revoked."""
    query = sa.select(agents.c.id, agents.c.starts, agents.c.nonce)
    rows = tx.execute(query.where(agents.c.id.in_(list(ids)), agents.c.revoked_at.is_(None)))
    return {AgentId(row.id): Incarnation(row.starts, row.nonce) for row in rows}


def manifest_versions(tx: Tx, ids: Collection[AgentId]) -> dict[AgentId, tuple[Version, Hash]]:
    """What was last published for each of these agents, but for the contested and the revoked."""
    return {
        AgentId(row.id): (Version(row.epoch, row.manifest_no), bytes(row.manifest_hash))
        for row in _PUBLISHED.among(tx, ids)
    }


_PUBLISHED = Among(
    sa.select(*LINK_COLUMNS, agents.c.manifest_hash).where(
        ~agents.c.is_contested, agents.c.revoked_at.is_(None)
    ),
    agents.c.id,
)


def list_agents(tx: Tx) -> list[tuple[Agent, str, int]]:
    """Every agent with its site's name and the number of its hosts."""
    hosts_of = (
        sa.select(sa.func.count())
        .where(hosts.c.agent_id == agents.c.id, hosts.c.is_offered)
        .scalar_subquery()
    )
    is_heard = sa.exists().where(work.c.kind == "listen", work.c.ref == agents.c.id)
    query = (
        sa.select(
            agents,
            sites.c.name.label("site_name"),
            hosts_of.label("hosts"),
            is_heard.label("is_heard"),
        )
        .join(sites, sites.c.id == agents.c.site_id)
        .order_by(sites.c.name, agents.c.id)
    )
    return [(_agent_from_row(row), row.site_name, row.hosts) for row in tx.execute(query)]


def _agent_from_row(row: sa.Row[tuple[object, ...]]) -> Agent:
    return Agent(
        AgentId(row.id),
        SiteId(row.site_id),
        row.driver,
        row.joined_at,
        row.heard_at,
        bool(row.is_heard),
        row.is_contested,
        row.revoked_at,
        row.refused_since,
        row.refused_text,
    )
