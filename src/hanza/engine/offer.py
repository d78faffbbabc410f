"""Offering: what providers announced for a time comes true at that time.

A site has a row in the schedule, due when its calendar next changes what it offers; a provider,
when its prices change; and either, when something ends that it claims.  What a provider says for
now is written with its word (`store.standing`) and waits for no pass.
"""

from datetime import datetime, timedelta

from hanza.model.ids import ProviderId, SiteId
from hanza.model.verdict import Later, Settled, Verdict
from hanza.store import claims
from hanza.store.draining import tell_drain
from hanza.store.prices import write_prices
from hanza.store.standing import write_offer
from hanza.store.tx import Store, Tx
from hanza.store.work import Work, is_held, settle_work

DRAIN_LOOKED_AT_EVERY = timedelta(seconds=30)


def offer_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """One commit for the whole batch, as far as the store can."""
    for record in [store.submit(_record, one, now) for one in batch]:
        record.result()


def _record(tx: Tx, one: Work, now: datetime) -> None:
    if is_held(tx, one):
        settle_work(tx, one, _offer(tx, one.ref, now), now)


def _offer(tx: Tx, ref: str, now: datetime) -> Verdict:
    if ref.startswith(claims.REF):
        until = claims.end_claims(tx, ref.removeprefix(claims.REF), now)
        return Settled() if until is None else Later(until)
    if ref.startswith("pr_"):
        until = write_prices(tx, ProviderId(ref), now)
        return Settled() if until is None else Later(until)
    until = write_offer(tx, SiteId(ref), now)
    if tell_drain(tx, SiteId(ref), now):
        soon = now + DRAIN_LOOKED_AT_EVERY
        until = soon if until is None else min(until, soon)
    return Settled() if until is None else Later(until)
