"""None is told while an older one may come."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from hanza.plan.tail import GAP_FOR, settled

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    serial: int
    at: datetime = NOW


@pytest.mark.parametrize(
    ("serials", "after", "told"),
    [([], 0, []), ([1, 2, 3], 0, [1, 2, 3]), ([1, 3], 0, [1]), ([5], 3, []), ([4, 5], 3, [4, 5])],
)
def test_a_gap_is_waited_for(serials: list[int], after: int, told: list[int]) -> None:
    found = settled([Entry(serial) for serial in serials], after, NOW)
    assert [one.serial for one in found] == told


def test_a_gap_that_nobody_filled_was_none() -> None:
    old = NOW - GAP_FOR
    entries = [Entry(1, old), Entry(3, old), Entry(5, NOW - GAP_FOR + timedelta(seconds=1))]
    assert [one.serial for one in settled(entries, 0, NOW)] == [1, 3]
