"""Prices with their validity: what a provider asks, asked and will ask."""

from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.provider_users import by, provider_of
from hanza.api.told import BEGUN, lists, says
from hanza.model.ids import ProviderId
from hanza.model.standing import Period
from hanza.plan.pricing import period_at
from hanza.store import prices
from hanza.store.prices import Announcement
from hanza.store.sites import get_provider
from hanza.store.tx import Tx
from hanza.wire import mastery_v1 as doc
from hanza.wire.federation_v1 import prices_from_doc, request_from_json


@says(lists(doc.PeriodDoc))
def list_prices(call: Call) -> Answer:
    """All that was ever announced, in the order in which it begins; one of them counts now."""
    found = call.plane.store.read(_periods, provider_of(call))
    now = call.plane.clock.now()
    return Answer(200, {"items": [_document(one, found, now) for one in found]})


@says({201: doc.PeriodDoc}, takes=doc.PeriodPost)
def announce_prices(call: Call) -> Answer:
    """Ask this from now or from a time to come; what has a place already keeps its price."""
    spec = request_from_json(call.body, doc.PeriodPost).spec
    plane, now = call.plane, call.plane.clock.now()
    said = Announcement(
        plane.ids.new("pp"),
        prices_from_doc(spec.prices),
        doc.in_utc(spec.begins_at),
        doc.in_utc(spec.ends_at),
        by(call),
    )
    name = provider_of(call)
    kept = plane.store.write(_announce, name, said, now)
    plane.wake()
    return Answer(201, _document(kept, plane.store.read(_periods, name), now))


@says(BEGUN)
def withdraw_prices(call: Call) -> Answer:
    """Take back what has not begun."""
    now = call.plane.clock.now()
    call.plane.store.write(_withdraw, provider_of(call), call.path["period"], by(call), now)
    return Answer(202)


def _periods(tx: Tx, name: str) -> list[Period]:
    return prices.list_periods(tx, get_provider(tx, name).id)


def _announce(tx: Tx, name: str, said: Announcement, now: datetime) -> Period:
    return prices.announce_prices(tx, get_provider(tx, name).id, name, said, now)


def _withdraw(tx: Tx, name: str, period: str, who: str, now: datetime) -> None:
    provider: ProviderId = get_provider(tx, name).id
    prices.withdraw_prices(tx, provider, name, period, who, now)


def _document(one: Period, known: list[Period], now: datetime) -> doc.PeriodDoc:
    return doc.period_to_doc(one, counts=period_at(known, now) == one)
