"""Alerts: where they go, and each of them until it is there or given up.

An alert is written in the transaction of its event, once for each hook.  Who sends it leases it
first, so of several planes one does; one that dies meanwhile leaves it to the next, and so a hook
may be told twice: the alert's id is the same then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.kit.text import harmless
from hanza.model.errors import Conflict, NotFound
from hanza.plan.alerting import ALERTS, next_try
from hanza.store.database import upsert
from hanza.store.schema import alert_hooks, alerts
from hanza.store.tx import Tx

HOOKS_MAX = 50
LEASE_FOR = timedelta(minutes=2)
SENT_AT_ONCE = 16
SHOWN_MAX = 500
_EPOCH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Hook:
    """Where alerts are posted.  A private one may be at an address that is not public."""

    name: str
    url: str
    secret: bytes
    is_private: bool
    created_at: datetime

    def __repr__(self) -> str:
        return f"Hook(name={self.name!r}, url={self.url!r}, secret=...)"


@dataclass(frozen=True, slots=True)
class Alert:
    """One event on its way to one hook."""

    id: str
    hook: str
    kind: str
    subject: str
    text: str
    at: datetime
    tries: int
    sent_at: datetime | None
    dead_at: datetime | None
    error: str | None


def put_hook(tx: Tx, hook: Hook) -> bool:
    """Add it, or change where it goes; whether it is new.  One that is there keeps its secret."""
    known = tx.execute(sa.select(alert_hooks).where(alert_hooks.c.name == hook.name)).one_or_none()
    if known is None:
        if (tx.scalar(sa.select(sa.func.count()).select_from(alert_hooks)) or 0) >= HOOKS_MAX:
            raise Conflict(f"there are {HOOKS_MAX} hooks at most", field="name")
        tx.execute(
            sa.insert(alert_hooks).values(
                name=hook.name,
                url=hook.url,
                secret=hook.secret,
                is_private=hook.is_private,
                created_at=hook.created_at,
            )
        )
        return True
    words = {"url": hook.url, "is_private": hook.is_private}
    tx.execute(sa.update(alert_hooks).where(alert_hooks.c.name == hook.name).values(words))
    return False


def list_hooks(tx: Tx) -> list[Hook]:
    return [
        Hook(row.name, row.url, bytes(row.secret), row.is_private, row.created_at)
        for row in tx.execute(sa.select(alert_hooks).order_by(alert_hooks.c.name))
    ]


def remove_hook(tx: Tx, name: str) -> None:
    """What is still on its way there is forgotten.  Raises `NotFound`."""
    if not tx.execute(sa.delete(alert_hooks).where(alert_hooks.c.name == name)).rowcount:
        raise NotFound(f"there is no hook {name!r}", field="hook")
    tx.execute(sa.delete(alerts).where(alerts.c.hook == name))


def raise_alert(tx: Tx, kind: str, subject: str, text: str, now: datetime) -> None:
    """Have every hook told, where this is something to be woken for."""
    if kind in ALERTS:
        for hook in tx.scalars(sa.select(alert_hooks.c.name)).all():
            alert_hook(tx, hook, kind, subject, text, now)


def alert_hook(tx: Tx, hook: str, kind: str, subject: str, text: str, now: datetime) -> None:
    micros = int(now.timestamp() * 1_000_000)
    row = {
        "id": f"al_{micros:0{_EPOCH_DIGITS}d}_{hook}_{kind}_{subject}",
        "hook": hook,
        "kind": kind,
        "subject": subject,
        "text": text,
        "at": now,
        "due_at": now,
    }
    upsert(tx, alerts, ("id",), row)


def list_alerts(tx: Tx) -> list[Alert]:
    """The newest, those first that were given up or are still due."""
    waits = alerts.c.sent_at.is_(None)
    query = sa.select(alerts).order_by(waits.desc(), alerts.c.at.desc()).limit(SHOWN_MAX)
    return [_alert_from_row(row) for row in tx.execute(query)]


def is_any_due(tx: Tx, now: datetime) -> bool:
    """Asked often, and mostly nothing is."""
    due = (alerts.c.sent_at.is_(None), alerts.c.dead_at.is_(None), alerts.c.due_at <= now)
    return tx.scalar(sa.select(alerts.c.id).where(*due).limit(1)) is not None


def lease_due(tx: Tx, now: datetime) -> list[tuple[Alert, Hook]]:
    """Some that are due, which nobody else takes for a while."""
    hooks = {one.name: one for one in list_hooks(tx)}
    if not hooks:
        return []
    due = (alerts.c.sent_at.is_(None), alerts.c.dead_at.is_(None), alerts.c.due_at <= now)
    query = sa.select(alerts).where(*due).order_by(alerts.c.due_at).limit(SENT_AT_ONCE)
    rows = tx.execute(query.with_for_update(skip_locked=True)).all()
    found = [_alert_from_row(row) for row in rows if row.hook in hooks]
    if found:
        mine = alerts.c.id.in_([one.id for one in found])
        tx.execute(sa.update(alerts).where(mine).values(due_at=now + LEASE_FOR))
    return [(one, hooks[one.hook]) for one in found]


def record_tries(tx: Tx, outcomes: Sequence[tuple[Alert, str | None]], now: datetime) -> None:
    """What became of each: None where it arrived, else why not."""
    for alert, error in outcomes:
        words: dict[str, object] = {"tries": alert.tries + 1}
        wait = next_try(alert.tries + 1)
        if error is None:
            words |= {"sent_at": now, "error": None}
        elif wait is None:
            words |= {"dead_at": now, "error": harmless(error)}
        else:
            words |= {"due_at": now + wait, "error": harmless(error)}
        tx.execute(sa.update(alerts).where(alerts.c.id == alert.id).values(words))


def try_again(tx: Tx, now: datetime) -> int:
    """Have those that were given up tried anew; how many."""
    again = sa.update(alerts).where(alerts.c.dead_at.is_not(None))
    return tx.execute(again.values(dead_at=None, tries=0, due_at=now)).rowcount


def _alert_from_row(row: sa.Row[tuple[object, ...]]) -> Alert:
    return Alert(
        row.id,
        row.hook,
        row.kind,
        row.subject,
        row.text,
        row.at,
        row.tries,
        row.sent_at,
        row.dead_at,
        row.error,
    )
