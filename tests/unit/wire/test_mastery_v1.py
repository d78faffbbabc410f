"""Opening hours as people write them."""

import pytest

from hanza.model.errors import Invalid
from hanza.wire.mastery_v1 import HoursDoc, hours_from_doc, hours_to_doc


@pytest.mark.parametrize(
    ("line", "days", "begins", "ends"),
    [
        ("mon-fri 09:00-17:00", {0, 1, 2, 3, 4}, 540, 1020),
        ("Sat,sun 10:00-24:00", {5, 6}, 600, 1440),
        ("sat-mon 00:00-06:30", {5, 6, 0}, 0, 390),
        ("daily 22:00-06:00", set(range(7)), 1320, 1800),
        ("tue 08:00-08:00", {1}, 480, 1920),
    ],
)
def test_a_line_is_days_and_times_and_comes_back(
    line: str, days: set[int], begins: int, ends: int
) -> None:
    hours = hours_from_doc(HoursDoc("Europe/Zagreb", [line]))
    (opening,) = hours.openings
    assert (set(opening.days), opening.begins, opening.ends) == (days, begins, ends)
    assert hours_from_doc(hours_to_doc(hours)) == hours


@pytest.mark.parametrize(
    "line",
    ["", "mon", "09:00-17:00", "mon 9:00-17:00", "mon 09:00-25:00", "fun 09:00-10:00", "mon-fun 0"],
)
def test_what_is_no_opening_is_refused_by_its_place(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        hours_from_doc(HoursDoc("UTC", [line]))
    assert refused.value.field == "spec.open[0]"


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "A\0B"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid):
        hours_from_doc(HoursDoc(zone))
