"""Claims that end: until when a value of a provider's or a site's attributes counts.

What is claimed stands among the attributes, which is all that placement sees.  A claim with an end
is taken out of them at that moment by the offering pass, and stays out until somebody says a later
end: telling the provider or the site anew does not bring it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from hanza.model.errors import NotFound
from hanza.model.site import Attributes, Claim
from hanza.plan.placement.candidate import Candidate
from hanza.plan.pricing import asked_at
from hanza.store.changes import note_change
from hanza.store.database import upsert_many
from hanza.store.events import append_event
from hanza.store.prices import list_periods
from hanza.store.schema import providers, sites
from hanza.store.standing_tables import claim_ends
from hanza.store.tx import Tx
from hanza.store.violations import judge_everybody
from hanza.store.work import hint

Kind = Literal["provider", "site"]
_TABLES: Mapping[Kind, sa.Table] = {"provider": providers, "site": sites}
REF = "claims:"
"""Before the member's id: whose claims are looked at when the schedule says so."""


def set_end(tx: Tx, claim: Claim, now: datetime) -> Claim:
    """Have it count until then, or for ever.  Raises `NotFound` for what is not claimed."""
    row = _row_of(tx, claim.kind, claim.member)
    known = _ends_of(tx, row.id)
    values = _words(row).get(claim.attribute, ())
    pair = claim.attribute, claim.value
    if claim.value not in values and pair not in known:
        said = f"{claim.kind} {claim.member} does not claim {claim.value!r} of {claim.attribute!r}"
        raise NotFound(said, field="spec.value")
    tx.execute(sa.delete(claim_ends).where(*_is(row.id, *pair)))
    if claim.until is not None:
        words = {"member_id": row.id, "attribute": claim.attribute, "value": claim.value}
        keys = ("member_id", "attribute", "value")
        upsert_many(tx, claim_ends, keys, [words | {"ends_at": claim.until}])
    if claim.value not in values:
        changed = _words(row) | {claim.attribute: (*values, claim.value)}
        _write(tx, claim.kind, row, changed, now)
    end_claims(tx, row.id, now)
    hint(tx, "offer", f"{REF}{row.id}", now)
    return replace(claim, has_ended=claim.until is not None and claim.until <= now)


def end_claims(tx: Tx, member: str, now: datetime) -> datetime | None:
    """Take out what has ended; when the next will."""
    kind: Kind = "provider" if member.startswith("pr_") else "site"
    table = _TABLES[kind]
    row = tx.execute(sa.select(table).where(table.c.id == member)).one_or_none()
    if row is None:
        return None
    known = _ends_of(tx, member)
    left = _without(_words(row), known, now)
    if left != _words(row):
        _write(tx, kind, row, left, now)
        text = f"what {row.name} claimed has ended: {_named(_words(row), left)}"
        append_event(tx, now, "claim.ended", row.name, text)
    return min((at for at in known.values() if at > now), default=None)


def standing(tx: Tx, member: str, attributes: Attributes, now: datetime) -> Attributes:
    """What is told of a member without what has ended."""
    return _without(attributes, _ends_of(tx, member), now)


def list_claims(tx: Tx, now: datetime) -> list[Claim]:
    """All that end or have ended, by provider or site."""
    found: list[Claim] = []
    for kind, table in _TABLES.items():
        query = sa.select(claim_ends, table.c.name).join(
            table, table.c.id == claim_ends.c.member_id
        )
        order = (table.c.name, claim_ends.c.attribute, claim_ends.c.value)
        found += [
            Claim(kind, row.name, row.attribute, row.value, row.ends_at, row.ends_at <= now)
            for row in tx.execute(query.order_by(*order))
        ]
    return found


def as_of(tx: Tx, candidates: Sequence[Candidate], at: datetime) -> list[Candidate]:
    """Hosts as they would be at that moment by what is known of it: announced prices, and claims
    that will have ended."""
    ends: dict[str, dict[tuple[str, str], datetime]] = {}
    for row in tx.execute(sa.select(claim_ends)):
        ends.setdefault(row.member_id, {})[row.attribute, row.value] = row.ends_at
    owners = {row.name: row.id for row in tx.execute(sa.select(providers.c.id, providers.c.name))}
    prices = {name: asked_at(list_periods(tx, owner), at).prices for name, owner in owners.items()}
    grounds = {}
    for one in {one.ground.site: one.ground for one in candidates}.values():
        grounds[one.site] = replace(
            one,
            prices=prices[one.provider],
            site_attributes=_without(one.site_attributes, ends.get(one.site, {}), at),
            provider_attributes=_without(
                one.provider_attributes, ends.get(owners[one.provider], {}), at
            ),
        )
    return [replace(one, ground=grounds[one.ground.site]) for one in candidates]


def _row_of(tx: Tx, kind: Kind, name: str) -> Any:
    table = _TABLES[kind]
    row = tx.execute(sa.select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no {kind} {name!r}", field=f"spec.{kind}")
    return row


def _ends_of(tx: Tx, member: str) -> dict[tuple[str, str], datetime]:
    rows = tx.execute(sa.select(claim_ends).where(claim_ends.c.member_id == member))
    return {(row.attribute, row.value): row.ends_at for row in rows}


def _is(member: str, attribute: str, value: str) -> tuple[Any, ...]:
    column = claim_ends.c
    return column.member_id == member, column.attribute == attribute, column.value == value


def _words(row: Any) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in (row.attributes or {}).items()}


def _without(
    words: Mapping[str, Sequence[str]], ends: Mapping[tuple[str, str], datetime], now: datetime
) -> dict[str, tuple[str, ...]]:
    """An attribute whose last value has ended is not known any more."""
    left = {
        name: tuple(one for one in values if (end := ends.get((name, one))) is None or end > now)
        for name, values in words.items()
    }
    return {name: values for name, values in left.items() if values or not words[name]}


def _named(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> str:
    gone = (
        f"{name} {value}"
        for name, values in before.items()
        for value in values
        if value not in after.get(name, ())
    )
    return ", ".join(gone)


def _write(tx: Tx, kind: Kind, row: Any, words: Mapping[str, Sequence[str]], now: datetime) -> None:
    table = _TABLES[kind]
    told = {name: list(values) for name, values in words.items()}
    tx.execute(sa.update(table).where(table.c.id == row.id).values(attributes=told))
    if kind == "provider":
        note_change(tx, "provider", row.name)
    else:
        note_change(tx, "site", row.id)
    judge_everybody(tx, now)
