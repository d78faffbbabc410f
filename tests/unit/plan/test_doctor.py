"""What was measured means what it says, and whatever is wrong has a line that mends it."""

from datetime import timedelta

import pytest

from hanza.model.checkup import Finding, Level
from hanza.plan import doctor

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("finding", "level", "word"),
    [
        (doctor.of_engine(0.05), "good", "50 ms"),
        (doctor.of_engine(None, "no answer"), "poor", "no answer"),
        (doctor.of_boot(3, "tiny"), "good", "3.0 s"),
        (doctor.of_boot(16, "tiny"), "fair", "16.0 s"),
        (doctor.of_no_boot("it said nothing"), "poor", "it said nothing"),
        (doctor.of_untried_boot("no image", "lay one"), "unknown", "no image"),
        (doctor.of_flush("/srv", 10, 12), "good", "10.0 ms"),
        (doctor.of_flush("/srv", 11, 400), "fair", "400.0 ms"),
        (doctor.of_no_flush("/srv", "it is full"), "unknown", "/srv: it is full"),
        (doctor.of_clock(None), "unknown", "does not tell"),
        (doctor.of_clock(2.5 * SECOND, SECOND), "good", "2.50 s ahead of the plane's (± 1.00 s)"),
        (doctor.of_clock(-4 * SECOND, SECOND), "fair", "4.00 s behind"),
        (doctor.of_clock(151 * SECOND, SECOND), "fair", "151.00 s"),
        (doctor.of_clock(152 * SECOND), "poor", "152.00 s"),
        (doctor.of_mtu(None), "unknown", "kernel"),
        (doctor.of_mtu(1500), "good", "1500"),
        (doctor.of_mtu(1420), "good", "1420"),
        (doctor.of_mtu(1279), "fair", "1279"),
        (doctor.of_nat(("10.0.0.2", 5), None), "unknown", "does not tell"),
        (doctor.of_nat(("192.0.2.7", 5), ("192.0.2.7", 6)), "good", "none"),
        (doctor.of_nat(("10.0.0.2", 5), ("192.0.2.7", 5)), "fair", "keeps ports"),
        (doctor.of_nat(("10.0.0.2", 5), ("192.0.2.7", 6)), "fair", "changes ports"),
        (doctor.of_latency("lju-1", None), "unknown", "lju-1 does not answer"),
        (doctor.of_latency("lju-1", 99), "good", "99.0 ms to lju-1"),
        (doctor.of_latency("lju-1", 101), "fair", "101.0 ms"),
    ],
)
def test_a_finding_says_what_was_found_and_how_good_it_is(
    finding: Finding, level: Level, word: str
) -> None:
    assert finding.level == level
    assert word in finding.text
    assert finding.mend or level in ("good", "unknown")


def test_the_score_falls_with_what_is_wrong_and_never_below_nothing() -> None:
    good, fair = doctor.of_mtu(1500), doctor.of_mtu(1000)
    unknown, poor = doctor.of_mtu(None), doctor.of_engine(None)
    assert doctor.score_of([good]) == 100
    assert doctor.score_of([good, fair, unknown]) == 85
    assert doctor.score_of([poor, poor, poor]) == 0
