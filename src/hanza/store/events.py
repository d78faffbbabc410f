"""What happened, in plain sentences, appended in the transaction that changed it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.store.alerts import raise_alert
from hanza.store.prepared import Prepared, inserting
from hanza.store.schema import agents, events, providers, sites
from hanza.store.tx import Tx

_COLUMNS = ("at", "kind", "subject", "text", "tenant", "workspace", "ref", "provider")
_OF_AGENTS = frozenset(
    {"agent", "host", "report", "orphan"}
    | {"diary", "disk", "engine", "guest", "link", "local", "update"}  # an agent's diary
)
"""What these happen to is an agent: then its provider is told as well."""
_APPEND = Prepared(inserting(events, *_COLUMNS))
_OWNER = Prepared(
    sa.select(providers.c.name)
    .join(sites, sites.c.provider_id == providers.c.id)
    .join(agents, agents.c.site_id == sites.c.id)
    .where(agents.c.id == sa.bindparam("agent"))
)


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is `noun.verb_past`; `subject` is the id or name it happened to."""

    serial: int
    at: datetime
    kind: str
    subject: str
    text: str
    tenant: str | None = None
    """Whose it is to know, besides the operator's."""
    ref: str | None = None
    """The resource that somebody asked to change, in the standard's API."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose it is to know, and in which of their workspaces it happened."""

    tenant: str
    workspace: str | None = None
    ref: str | None = None


def append_event(  # noqa: PLR0913 -- one for each thing that is told
    tx: Tx,
    now: datetime,
    kind: str,
    subject: str,
    text: str,
    whose: Whose | str | None = None,
    provider: str | None = None,
) -> None:
    """`whose` it is to know, besides the operator's: a tenant's by name, or more exactly.

    A `provider` knows, by name, what happens to itself, its sites and their agents.
    """
    of = Whose(whose) if isinstance(whose, str) else whose
    row = {"at": now, "kind": kind, "subject": subject, "text": text}
    row |= {
        "tenant": of.tenant if of else None,
        "workspace": of.workspace if of else None,
        "ref": of.ref if of else None,
        "provider": provider or _owner_of(tx, kind, subject),
    }
    _APPEND.run(tx, row)
    raise_alert(tx, kind, subject, text, now)


def _owner_of(tx: Tx, kind: str, subject: str) -> str | None:
    if kind.partition(".")[0] not in _OF_AGENTS:
        return None
    row = _OWNER.first(tx, {"agent": subject})
    return None if row is None else str(row.name)


def list_of_provider(tx: Tx, provider: str, after: int | None, limit: int) -> list[Event]:
    """What a provider is told: those after a serial, oldest first; without one, the newest."""
    query = sa.select(events).where(events.c.provider == provider)
    if after is not None:
        newer = query.where(events.c.serial > after).order_by(events.c.serial).limit(limit)
        return [_event_from_row(row) for row in tx.execute(newer)]
    newest = query.order_by(events.c.serial.desc()).limit(limit)
    return [_event_from_row(row) for row in reversed(tx.execute(newest).all())]


def list_last_events(tx: Tx, limit: int, tenant: str | None = None) -> list[Event]:
    """The newest, oldest of them first; of one tenant, or all of them."""
    query = sa.select(events).order_by(events.c.serial.desc()).limit(limit)
    last = (query if tenant is None else query.where(events.c.tenant == tenant)).subquery()
    rows = tx.execute(sa.select(last).order_by(last.c.serial))
    return [_event_from_row(row) for row in rows]


def list_events(tx: Tx, after: int, limit: int, tenant: str | None = None) -> list[Event]:
    """Those after a serial, oldest first; of one tenant, or all of them."""
    query = sa.select(events).where(events.c.serial > after).order_by(events.c.serial).limit(limit)
    if tenant is not None:
        query = query.where(events.c.tenant == tenant)
    return [_event_from_row(row) for row in tx.execute(query)]


def list_log(tx: Tx, tenant: str, workspace: str, after: int, limit: int) -> list[Event]:
    """What happened in one workspace after a serial, oldest first."""
    query = sa.select(events).where(
        events.c.tenant == tenant, events.c.workspace == workspace, events.c.serial > after
    )
    rows = tx.execute(query.order_by(events.c.serial).limit(limit))
    return [_event_from_row(row) for row in rows]


def last_serial(tx: Tx) -> int:
    """The serial of the newest event; 0 when nothing has happened."""
    return tx.scalar(sa.select(sa.func.max(events.c.serial))) or 0


def _event_from_row(row: sa.Row[tuple[object, ...]]) -> Event:
    return Event(row.serial, row.at, row.kind, row.subject, row.text, row.tenant, row.ref)
