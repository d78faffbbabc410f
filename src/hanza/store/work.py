"""The schedule: what has to be looked at, and when.  Waiting is a row here, never a thread.

A hint moves a row to *now* and carries nothing else; the pass that takes it finds out by looking.
A taken row is leased with a token; whoever comes back with another token is too late and is
ignored.  A hint that arrives during the pass is not lost: the row is then due again at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.store.database import upsert
from hanza.store.prepared import Among, Prepared, changing
from hanza.store.schema import work
from hanza.store.tx import Tx

Kind: TypeAlias = Literal["offer", "place", "publish", "settle", "judge", "listen", "rollout"]
KINDS: tuple[Kind, ...] = ("offer", "place", "publish", "settle", "judge", "listen", "rollout")
LEASE_FOR = timedelta(seconds=15)
"""Many times what a pass takes; after a crash it is how long its rows are left alone."""


@dataclass(frozen=True, slots=True)
class Work:
    """One taken row of the schedule."""

    kind: Kind
    ref: str
    hint: int
    token: str
    failures: int


def hint(tx: Tx, kind: Kind, ref: str, now: datetime) -> None:
    """Have it looked at now."""
    row = {"kind": kind, "ref": ref, "due_at": now, "hint": 1, "failures": 0}
    upsert(tx, work, ("kind", "ref"), row, _hinted_again)


def _hinted_again(new: Any) -> dict[str, Any]:
    return {"due_at": new.due_at, "hint": work.c.hint + 1}


def hint_by(tx: Tx, kind: Kind, ref: str, at: datetime) -> None:
    """As `hint`, but to be looked at then or before: many that come together are one look."""
    row = {"kind": kind, "ref": ref, "due_at": at, "hint": 1, "failures": 0}
    upsert(tx, work, ("kind", "ref"), row, _hinted_by)


def _hinted_by(new: Any) -> dict[str, Any]:
    sooner = sa.case((work.c.due_at < new.due_at, work.c.due_at), else_=new.due_at)
    return {"due_at": sooner, "hint": work.c.hint + 1}


def look_later(tx: Tx, kind: Kind, ref: str, at: datetime) -> None:
    """Have it looked at then, unless it is in the schedule already."""
    row = {"kind": kind, "ref": ref, "due_at": at, "hint": 1, "failures": 0}
    upsert(tx, work, ("kind", "ref"), row, _as_it_was)


def _as_it_was(_: Any) -> dict[str, Any]:
    return {"due_at": work.c.due_at}


def hint_waiting(tx: Tx, kind: Kind, now: datetime) -> None:
    """Have everything of a kind that waits for later looked at now.

    What a pass has taken is hinted too: it may have looked before there was anything to see.
    """
    _HINT_WAITING.run(tx, {"kind": kind, "now": now, "due_at": now})


def hint_scheduled(tx: Tx, kind: Kind, ref: str, now: datetime) -> None:
    """As `hint`, for what is in the schedule; what is not has nothing to be looked at."""
    _HINT_SCHEDULED.run(tx, {"kind": kind, "ref": ref, "due_at": now})


def is_due(tx: Tx, kind: Kind, now: datetime) -> bool:
    """Whether there is anything of a kind to be taken."""
    return bool(_ANY_DUE.all(tx, {"kind": kind, "now": now}))


def take_due(tx: Tx, kind: Kind, limit: int, token: str, now: datetime) -> list[Work]:
    """Lease up to `limit` due rows under one token."""
    rows = _DUE.all(tx, {"kind": kind, "now": now, "at_most": limit})
    taken = [Work(kind, row.ref, row.hint, token, row.failures) for row in rows]
    lease = {"b_kind": kind, "token": token, "leased_until": now + LEASE_FOR}
    _LEASE.run(tx, [one.ref for one in taken], lease)
    return taken


def is_held(tx: Tx, one: Work) -> bool:
    """Whether the lease is still ours; asked in the transaction that records the outcome."""
    named = _named(one)
    del named["b_hint"]
    return _MINE.first(tx, named) is not None


def settle_work(tx: Tx, one: Work, verdict: Verdict, now: datetime, failures: int = 0) -> None:
    """Give a row back with the verdict.  Without effect when the lease is no longer ours."""
    named, released = _named(one), {"token": None, "leased_until": None, "failures": failures}
    is_done = False
    if isinstance(verdict, Settled):
        is_done = _END_UNHINTED.run(tx, named) > 0
    due_at = verdict.at if isinstance(verdict, Later) else now
    if isinstance(verdict, Later | Again):
        is_done = _GIVE_BACK_UNHINTED.run(tx, named | {"due_at": due_at, **released}) > 0
    if not is_done:
        del named["b_hint"]
        _GIVE_BACK.run(tx, named | {"due_at": now, **released})


def _named(one: Work) -> dict[str, str | int | None]:
    return {"b_kind": one.kind, "b_ref": one.ref, "b_token": one.token, "b_hint": one.hint}


_IS = (
    work.c.kind == sa.bindparam("b_kind"),
    work.c.ref == sa.bindparam("b_ref"),
    work.c.token == sa.bindparam("b_token"),
)
_NOW = sa.bindparam("now", type_=work.c.due_at.type)
_DUE = Prepared(
    sa.select(work.c.ref, work.c.hint, work.c.failures)
    .where(
        work.c.kind == sa.bindparam("kind"),
        work.c.due_at <= _NOW,
        sa.or_(work.c.leased_until.is_(None), work.c.leased_until <= _NOW),
    )
    .order_by(work.c.due_at, work.c.ref)
    .limit(sa.bindparam("at_most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_LEASE = Among(
    changing(work, "token", "leased_until").where(work.c.kind == sa.bindparam("b_kind")),
    work.c.ref,
)
_HINT_WAITING = Prepared(
    changing(work, "due_at")
    .values(hint=work.c.hint + 1)
    .where(
        work.c.kind == sa.bindparam("kind"),
        sa.or_(work.c.due_at > _NOW, work.c.leased_until.is_not(None)),
    )
)
_HINT_SCHEDULED = Prepared(
    changing(work, "due_at")
    .values(hint=work.c.hint + 1)
    .where(work.c.kind == sa.bindparam("kind"), work.c.ref == sa.bindparam("ref"))
)
_ANY_DUE = Prepared(
    sa.select(work.c.ref)
    .where(
        work.c.kind == sa.bindparam("kind"),
        work.c.due_at <= _NOW,
        sa.or_(work.c.leased_until.is_(None), work.c.leased_until <= _NOW),
    )
    .limit(1)
)
_UNHINTED = work.c.hint == sa.bindparam("b_hint")
# Built once: these run for every pass of everything, and to build one costs more than to run it.
_MINE = Prepared(sa.select(work.c.ref).where(*_IS).with_for_update())
_END_UNHINTED = Prepared(sa.delete(work).where(*_IS, _UNHINTED))
_RELEASE = changing(work, "due_at", "token", "leased_until", "failures").where(*_IS)
_GIVE_BACK = Prepared(_RELEASE)
_GIVE_BACK_UNHINTED = Prepared(_RELEASE.where(_UNHINTED))
