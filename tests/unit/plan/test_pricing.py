from datetime import UTC, datetime, timedelta

import pytest

from hanza.model.capacity import Capacity
from hanza.model.policy import Point
from hanza.model.price import Prices
from hanza.model.standing import Asking, Period
from hanza.plan.nearness import MARGIN_MS, RoundTrip, distance_km, least_ms, round_trip
from hanza.plan.pricing import asked_at, price_per_month, words_of_price
from kit.grounds import AMSTERDAM, LJUBLJANA


def test_a_month_has_730_hours_and_the_price_is_whole_micro_euro() -> None:
    prices = Prices(cpu_hour=10_000, gib_hour=2_000, disk_gib_hour=100)
    assert price_per_month(prices, Capacity(2, 2048, 10 * 1024)) == 730 * (20_000 + 4_000 + 1_000)
    assert price_per_month(Prices(0, 1, 0), Capacity(1, 1, 1)) == 1, "0.71 is rounded up"
    assert price_per_month(Prices(0, 0, 1), Capacity(1, 1, 512)) == 365
    assert price_per_month(None, Capacity(1, 1, 1)) is None


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0.00"), (12_904_999, "12.90"), (12_905_000, "12.91"), (1_000_000_000, "1000.00")],
)
def test_a_price_is_said_to_the_cent(amount: int, words: str) -> None:
    assert words_of_price(amount) == f"{words} €/month"


def test_distance_is_along_the_great_circle() -> None:
    km = distance_km(LJUBLJANA.latitude, LJUBLJANA.longitude, AMSTERDAM)
    assert km == pytest.approx(990, abs=15)
    assert distance_km(46.05, 14.51, LJUBLJANA) == 0
    antipode = distance_km(-46.05, 14.51 - 180, LJUBLJANA)
    assert antipode == pytest.approx(20015, abs=1)


def test_what_was_measured_goes_before_the_guess_and_needs_no_margin() -> None:
    guess = round_trip(46.05, 14.51, {}, LJUBLJANA)
    assert (guess.ms, guess.margin_ms) == (11.1, MARGIN_MS)
    assert guess.words == "11 ms by distance, 32 ms with the margin"
    far = Point("Ljubljana, SI", 10.0, 10.0)
    assert round_trip(46.05, 14.51, {far: 3.6}, LJUBLJANA) == guess, "a name is not a place"
    suburb = Point("46.1, 14.6", 46.1, 14.6)
    both = round_trip(46.05, 14.51, {LJUBLJANA: 3.6, suburb: 5.0}, LJUBLJANA)
    assert both == RoundTrip(3.6, 0.0), "the nearest measurement counts"
    assert round_trip(46.05, 14.51, {suburb: 5.0}, LJUBLJANA) == RoundTrip(5.0, 0.0)
    measured = round_trip(46.05, 14.51, {LJUBLJANA: 3.6}, LJUBLJANA)
    assert (measured.worst_ms, measured.words) == (3.6, "4 ms")


def test_nobody_is_faster_than_light_in_fibre() -> None:
    assert least_ms(46.05, 14.51, LJUBLJANA) == 0
    assert least_ms(46.2, 14.6, LJUBLJANA) == 0, "places are not told to the metre"
    assert least_ms(46.05, 14.51, AMSTERDAM) == pytest.approx(2 * (990 - 25) / 204.2, abs=0.2)


START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def period(id_: str, begins: int, prices: Prices | None, ends: int | None = None) -> Period:
    until = None if ends is None else START + ends * DAY
    return Period(id_, START + begins * DAY, prices, START, until)


USUAL, SALE, NEXT = Prices(10, 5, 1), Prices(6, 3, 1), Prices(12, 6, 1)
YEAR = [period("a", 0, USUAL), period("b", 10, SALE, 20), period("c", 40, NEXT)]


@pytest.mark.parametrize(
    ("day", "prices", "until"),
    [(0, USUAL, 10), (10, SALE, 20), (19, SALE, 20), (20, USUAL, 40), (40, NEXT, None)],
)
def test_of_prices_that_cover_a_moment_those_count_that_began_last(
    day: int, prices: Prices, until: int | None
) -> None:
    asking = asked_at(YEAR, START + day * DAY)
    assert asking.prices == prices
    assert asking.until == (None if until is None else START + until * DAY)


def test_before_all_prices_and_after_the_last_nobody_knows_what_it_costs() -> None:
    assert asked_at([], START) == Asking(None)
    assert asked_at(YEAR, START - DAY) == Asking(None, START)
    assert asked_at([period("b", 10, SALE, 20)], START + 30 * DAY) == Asking(None)


def test_a_period_that_changes_nothing_ends_nothing() -> None:
    assert asked_at([period("a", 0, USUAL), period("b", 5, USUAL)], START).until is None
