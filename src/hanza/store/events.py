"""What happened, in plain sentences, appended in the transaction that changed it."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.store.schema import events
from hanza.store.tx import Tx

_APPEND = sa.insert(events)


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is `noun.verb_past`; `subject` is the id or name it happened to."""

    serial: int
    at: datetime
    kind: str
    subject: str
    text: str


def append_event(tx: Tx, now: datetime, kind: str, subject: str, text: str) -> None:
    tx.execute(_APPEND, {"at": now, "kind": kind, "subject": subject, "text": text})


def list_last_events(tx: Tx, limit: int) -> list[Event]:
    """The newest, oldest of them first."""
    last = sa.select(events).order_by(events.c.serial.desc()).limit(limit).subquery()
    rows = tx.execute(sa.select(last).order_by(last.c.serial))
    return [Event(row.serial, row.at, row.kind, row.subject, row.text) for row in rows]


def list_events(tx: Tx, after: int, limit: int) -> list[Event]:
    query = sa.select(events).where(events.c.serial > after).order_by(events.c.serial).limit(limit)
    return [Event(row.serial, row.at, row.kind, row.subject, row.text) for row in tx.execute(query)]


def last_serial(tx: Tx) -> int:
    """The serial of the newest event; 0 when nothing has happened."""
    return tx.scalar(sa.select(sa.func.max(events.c.serial))) or 0
