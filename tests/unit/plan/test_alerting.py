"""How long an alert is tried."""

from datetime import timedelta

from hanza.plan.alerting import ALERTS, CEILING, TRIES_MAX, next_try


def test_tries_grow_further_apart_and_end_within_a_working_day() -> None:
    waits = []
    for tries in range(1, TRIES_MAX):
        wait = next_try(tries)
        assert wait is not None
        waits.append(wait)
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=5)
    assert max(waits) <= CEILING
    assert sum(waits, timedelta()) < timedelta(hours=8)
    assert next_try(TRIES_MAX) is None


def test_every_alert_is_a_kind_of_event_with_a_meaning() -> None:
    assert all(kind.count(".") == 1 and meaning for kind, meaning in ALERTS.items())
