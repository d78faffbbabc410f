"""Whether a site takes what is new: every reason, every boundary, and the day clocks change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hanza.model.standing import Hours, Opening, Standing, Window
from hanza.plan.offered import is_open, offered

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
ZAGREB = ZoneInfo("Europe/Zagreb")
EVERY_DAY = frozenset(range(7))
SHOP = Hours("Europe/Zagreb", (Opening(frozenset(range(5)), 9 * 60, 17 * 60),))
NIGHT = Hours("Europe/Zagreb", (Opening(EVERY_DAY, 22 * 60, 30 * 60),))


def window(begins: datetime, ends: datetime, text: str = "new fans") -> Window:
    return Window("mw_1", begins, ends, text, NOW - 48 * HOUR)


def test_who_says_nothing_takes_everything_for_ever() -> None:
    offer = offered(Standing(), UTC, NOW)
    assert (offer.reasons, offer.until) == ((), None)


@pytest.mark.parametrize(
    ("standing", "code", "text"),
    [
        (Standing(cordoned="a disk is odd"), "site.cordoned", "by its provider: a disk is odd"),
        (Standing(cordoned=""), "site.cordoned", "is cordoned by its provider"),
        (Standing(suspended="holidays"), "provider.suspended", "takes a pause: holidays"),
        (Standing(draining_since=NOW), "site.draining", "is being emptied"),
        (
            Standing(draining_since=NOW, drain_by=NOW + HOUR),
            "site.draining",
            "is being emptied until 2026-03-04 13:00 UTC",
        ),
        (Standing(leave_at=NOW + 24 * HOUR), "site.leaving", "leaves the federation on 2026-03-05"),
        (Standing(leave_at=NOW, left_at=NOW), "site.left", "has left the federation"),
        (
            Standing(windows=(window(NOW, NOW + HOUR),)),
            "site.maintenance",
            "has maintenance until 2026-03-04 13:00 UTC: new fans",
        ),
        (
            Standing(hours=NIGHT),
            "site.closed",
            "takes nothing new before 2026-03-04 21:00 UTC",
        ),
    ],
)
def test_each_word_of_the_provider_is_a_reason(standing: Standing, code: str, text: str) -> None:
    (reason,) = offered(standing, ZAGREB, NOW).reasons
    assert reason.code == code
    assert reason.text.endswith(text)


def test_all_reasons_are_told_and_not_only_the_first() -> None:
    standing = Standing(cordoned="x", suspended="y", draining_since=NOW, leave_at=NOW, hours=NIGHT)
    codes = [one.code for one in offered(standing, ZAGREB, NOW).reasons]
    assert codes == [
        "site.leaving",
        "provider.suspended",
        "site.draining",
        "site.cordoned",
        "site.closed",
    ]


def test_a_window_is_not_yet_then_is_and_is_over_at_its_very_ends() -> None:
    standing = Standing(windows=(window(NOW + HOUR, NOW + 2 * HOUR),))
    assert offered(standing, UTC, NOW).until == NOW + HOUR
    assert offered(standing, UTC, NOW + HOUR).reasons
    assert offered(standing, UTC, NOW + HOUR).until == NOW + 2 * HOUR
    over = offered(standing, UTC, NOW + 2 * HOUR)
    assert (over.reasons, over.until) == ((), None)


def test_hours_are_by_the_sites_own_clock_and_change_with_it() -> None:
    # 2026-03-29 clocks go forward: nine o'clock is 08:00 UTC before and 07:00 UTC after.
    winter, summer = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    assert not is_open(SHOP, ZAGREB, winter.replace(hour=7, minute=59))
    assert is_open(SHOP, ZAGREB, winter.replace(hour=8))
    assert is_open(SHOP, ZAGREB, summer.replace(hour=7))
    assert not is_open(SHOP, ZAGREB, summer.replace(hour=15))
    weekend = offered(Standing(hours=SHOP), ZAGREB, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert weekend.until == summer.replace(hour=7)


def test_what_opens_in_the_evening_is_open_after_midnight() -> None:
    standing = Standing(hours=NIGHT)
    late = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
    offer = offered(standing, ZAGREB, late)
    assert (offer.reasons, offer.until) == ((), late.replace(hour=5))
    assert offered(standing, ZAGREB, late.replace(hour=5)).reasons


@pytest.mark.parametrize("hours_on", range(0, 14 * 24, 5))
def test_nothing_changes_by_time_before_the_moment_that_is_told(hours_on: int) -> None:
    at = NOW + hours_on * HOUR
    standing = Standing(hours=SHOP, windows=(window(NOW + 30 * HOUR, NOW + 40 * HOUR),))
    offer = offered(standing, ZAGREB, at)
    assert offer.until is not None
    moment = at
    while moment < offer.until:
        assert bool(offered(standing, ZAGREB, moment).reasons) == bool(offer.reasons)
        moment += timedelta(minutes=30)


def test_the_same_words_make_the_same_answer() -> None:
    standing = Standing(hours=SHOP)
    assert offered(standing, ZAGREB, NOW) == offered(replace(standing), ZAGREB, NOW)
