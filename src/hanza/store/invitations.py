"""Join tokens of many sites at once: given, listed, and taken back.

An invitation is all or nothing: the caller's one transaction puts every site and token, or none.
Only digests of secrets come here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.ids import AgentId, ProviderId, SiteId, TokenId
from hanza.model.site import Site
from hanza.plan.invitation import (
    STRANGER,
    Outcome,
    Standing,
    Withdrawal,
    outcome_of,
    withdrawal_of,
)
from hanza.store.agents import put_join_token
from hanza.store.events import append_event
from hanza.store.schema import (
    agents,
    join_tokens,
    maintenance_windows,
    providers,
    rtts,
    site_standings,
    sites,
)
from hanza.store.sites import get_provider, put_site
from hanza.store.tx import Tx

GIVES: frozenset[Outcome] = frozenset({"invited", "renewed"})
"""Outcomes that come with a token."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token that is given if its site is to have one."""

    token: TokenId
    digest: bytes


@dataclass(frozen=True, slots=True)
class Terms:
    """How a whole invitation is meant."""

    renew: bool
    rehearse: bool
    """Say what would happen, and change nothing."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """The right to join a site once; never its secret."""

    id: TokenId
    site: str
    provider: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    agent: AgentId | None


def invite_sites(
    tx: Tx,
    provider: str,
    wishes: Sequence[tuple[Site, Ticket]],
    terms: Terms,
    now: datetime,
) -> list[Outcome]:
    """Put every site and give it its token where it is to have one; one outcome for each.

    Raises `NotFound` for the provider, and `Conflict` naming the first site (`spec.sites[3]`)
    that exists as another's or in another country.
    """
    with tx.begin_nested() as savepoint:
        owner = get_provider(tx, provider).id
        standings = _standings(tx, owner, [site.name for site, _ in wishes], now)
        outcomes: list[Outcome] = []
        for index, (site, ticket) in enumerate(wishes):
            try:
                kept = put_site(tx, replace(site, provider=owner), now)
            except Conflict as error:
                raise Conflict(error.text, field=f"spec.sites[{index}]") from error
            outcome = outcome_of(standings.get(site.name, STRANGER), renew=terms.renew)
            outcomes.append(outcome)
            _give(tx, kept.id, ticket, outcome, terms, now)
        given = sum(outcome in GIVES for outcome in outcomes)
        if given:
            text = f"{given} sites of {provider} may join"
            append_event(tx, now, "provider.invited", provider, text, provider=provider)
        if terms.rehearse:
            savepoint.rollback()
    return outcomes


def _give(
    tx: Tx, site: SiteId, ticket: Ticket, outcome: Outcome, terms: Terms, now: datetime
) -> None:
    if outcome == "renewed":
        _revoke_open(tx, site, now)
    if outcome in GIVES:
        put_join_token(tx, ticket.token, site, ticket.digest, now, terms.expires_at)


def withdraw_sites(
    tx: Tx, provider: str, names: Sequence[str], now: datetime, *, rehearse: bool
) -> list[Withdrawal]:
    """Take invitations back: open tokens are revoked, sites that nobody ever joined are gone."""
    with tx.begin_nested() as savepoint:
        owner = get_provider(tx, provider).id
        standings = _standings(tx, owner, names, now)
        ids = dict(_ids(tx, owner, names))
        outcomes = [withdrawal_of(standings.get(name)) for name in names]
        for name, outcome in zip(names, outcomes, strict=True):
            if outcome == "removed":
                _remove(tx, ids[name])
            if outcome == "revoked":
                _revoke_open(tx, ids[name], now)
        changed = sum(outcome in ("removed", "revoked") for outcome in outcomes)
        if changed:
            text = f"{changed} sites of {provider} may no longer join"
            append_event(tx, now, "provider.uninvited", provider, text, provider=provider)
        if rehearse:
            savepoint.rollback()
    return outcomes


def _remove(tx: Tx, site: SiteId) -> None:
    for table in (join_tokens, rtts, site_standings, maintenance_windows):
        tx.execute(sa.delete(table).where(table.c.site_id == site))
    tx.execute(sa.delete(sites).where(sites.c.id == site))


def list_tokens(tx: Tx) -> list[Token]:
    """Every token that was given, the newest first."""
    query = (
        sa.select(join_tokens, sites.c.name.label("site"), providers.c.name.label("provider"))
        .join(sites, sites.c.id == join_tokens.c.site_id)
        .join(providers, providers.c.id == sites.c.provider_id)
        .order_by(join_tokens.c.created_at.desc(), sites.c.name)
    )
    return [
        Token(
            TokenId(row.id),
            row.site,
            row.provider,
            row.created_at,
            row.expires_at,
            row.used_at,
            row.revoked_at,
            None if row.agent_id is None else AgentId(row.agent_id),
        )
        for row in tx.execute(query)
    ]


def revoke_token(tx: Tx, token: TokenId, now: datetime) -> None:
    """Nobody joins with it any more.  Twice is once; `Conflict` once somebody has joined."""
    row = tx.execute(sa.select(join_tokens).where(join_tokens.c.id == token)).one_or_none()
    if row is None:
        raise NotFound(f"there is no join token {token}", field="token")
    if row.used_at is not None:
        raise Conflict(
            f"the agent {row.agent_id} has joined with it",
            hint=f"revoke the agent: hanza agents revoke {row.agent_id}",
        )
    if row.revoked_at is None:
        this = sa.update(join_tokens).where(join_tokens.c.id == token)
        tx.execute(this.values(revoked_at=now))
        append_event(tx, now, "token.revoked", token, "a join token was revoked before it was used")


def _revoke_open(tx: Tx, site: SiteId, now: datetime) -> None:
    t = join_tokens.c
    is_open = (t.site_id == site, t.used_at.is_(None), t.revoked_at.is_(None))
    tx.execute(sa.update(join_tokens).where(*is_open).values(revoked_at=now))


def _ids(tx: Tx, owner: ProviderId, names: Collection[str]) -> list[tuple[str, SiteId]]:
    query = sa.select(sites.c.name, sites.c.id).where(sites.c.name.in_(list(names)))
    rows = tx.execute(query.where(sites.c.provider_id == owner))
    return [(row.name, SiteId(row.id)) for row in rows]


def _standings(
    tx: Tx, owner: ProviderId, names: Collection[str], now: datetime
) -> dict[str, Standing]:
    """How each of the provider's sites stands, by name; those that are not there are left out."""
    ids = {site: name for name, site in _ids(tx, owner, names)}
    joined = tx.execute(
        sa.select(agents.c.site_id, agents.c.revoked_at).where(agents.c.site_id.in_(list(ids)))
    ).all()
    given = tx.execute(sa.select(join_tokens).where(join_tokens.c.site_id.in_(list(ids)))).all()
    living = {row.site_id for row in joined if row.revoked_at is None}
    ever = {row.site_id for row in joined}
    is_open = {row.id: _is_open(row, now) for row in given}
    opened = {row.site_id for row in given if is_open[row.id]}
    closed = {row.site_id for row in given if not is_open[row.id]}
    return {
        name: Standing(site in living, site in ever, site in opened, site in closed)
        for site, name in ids.items()
    }


def _is_open(row: sa.Row[tuple[object, ...]], now: datetime) -> bool:
    return row.used_at is None and row.revoked_at is None and row.expires_at > now
