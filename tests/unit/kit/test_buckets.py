"""How often: at once, in the long run, for each key, and in bounded memory."""

import pytest

from hanza.kit.buckets import Buckets, Rate


def test_a_burst_then_as_often_as_the_rate_says() -> None:
    buckets = Buckets(Rate(2, 3))
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b", 0.0) == 0, "another's is another's"
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == pytest.approx(0.5)
    assert [buckets.take("a", 100.0) for _ in range(4)] == [0, 0, 0, 0.5], "no more than a burst"


def test_looking_takes_nothing_and_keeps_nobody() -> None:
    buckets = Buckets(Rate(1, 1))
    assert buckets.wait_of("a", 0.0) == 0
    assert len(buckets) == 0
    buckets.take("a", 0.0)
    assert [buckets.wait_of("a", 0.25), buckets.wait_of("a", 0.25)] == [0.75, 0.75]
    assert buckets.wait_of("a", 9.0) == 0


def test_no_rate_is_no_limit() -> None:
    buckets = Buckets(Rate(0, 0))
    assert {buckets.take("a", 0.0) for _ in range(1000)} == {0.0}
    assert buckets.wait_of("a", 0.0) == 0


def test_who_was_away_longest_is_forgotten() -> None:
    buckets = Buckets(Rate(1, 1), keys_max=2)
    for key in ("a", "b"):
        buckets.take(key, 0.0)
    assert buckets.take("a", 0.0) > 0
    buckets.take("c", 0.0)
    assert len(buckets) == 2
    assert buckets.wait_of("a", 0.0) > 0
    assert buckets.wait_of("b", 0.0) == 0
