"""What an agent counts of itself, and what of it is said to a plane that asks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hanza.agent.numbers import EVERY_LEAST, Counted, NumbersTold, of_machine, of_view
from hanza.kit.points import pass_by
from hanza.model.guest import Mark
from hanza.model.ids import InstanceId
from hanza.model.manifest import Version
from hanza.model.numbers import CATALOGUE, changed, known
from hanza.model.problem import Problem
from hanza.model.report import Seen, View
from hanza.wire import agent_v1 as v1

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_plane_that_asks_for_more_than_is_good_is_told_no_oftener() -> None:
    counted = {"passes": 1.0}
    told = NumbersTold(lambda: counted)
    assert told.due(NOW) == []
    assert told.hear(v1.NumbersWanted(0)) == [v1.NumbersUp({"passes": 1.0})]
    counted["passes"] = 2.0
    assert told.due(NOW) == []
    assert told.due(NOW + EVERY_LEAST - timedelta(seconds=1)) == []
    assert told.due(NOW + EVERY_LEAST) == [v1.NumbersUp({"passes": 2.0})]


def test_calls_of_the_engine_are_counted_by_their_points() -> None:
    at, passed = [0.0], []
    counted = Counted(passed.append, lambda: at[0])
    for name, seconds in (("survey", 0.5), ("create", 0.0)):
        counted.point(f"driver.{name}.before")
        at[0] += seconds
        if name == "survey":
            counted.point(f"driver.{name}.after")
    counted.point("driver.survey.before")
    counted.settled(is_settled=False)
    at[0] += 2
    counted.settled(is_settled=False)
    found = counted.numbers()
    assert (found["driver_calls"], found["driver_failures"]) == (3, 1)
    assert (found["driver_seconds"], found["unsettled_seconds"]) == (0.5, 2.0)
    counted.settled(is_settled=True)
    assert counted.numbers()["unsettled_seconds"] == 0
    assert len(passed) == 4


def test_guests_are_counted_by_what_was_seen_of_them(tmp_path: Path) -> None:
    mark, bad = Mark(InstanceId("in_a"), 1), Problem("x", "y", NOW)
    on = Seen(mark, "run", "present", None, "on")
    seen = (on, replace(on, power="off", problem=bad), Seen(mark, "run", "absent"))
    view = View(Version(1, 1), (*seen, Seen(mark, "end", "unknown")), (), (), None)
    assert of_view(view) == {
        "guests_on": 1,
        "guests_off": 1,
        "guests_absent": 1,
        "guests_unknown": 1,
        "problems": 1,
    }
    assert of_view(None) == {}
    assert {name for name, value in of_machine(tmp_path).items() if value > 0} == {
        "disk_free_bytes",
        "resident_bytes",
    }
    counted = {*Counted(pass_by).numbers(), *of_view(view), *of_machine(tmp_path)}
    assert counted | {"passes", "bugs", "diary_waiting"} == set(CATALOGUE)


def test_names_of_another_release_are_left_aside_and_only_news_is_said() -> None:
    assert known({"passes": 1.0, "of_tomorrow": 2.0}) == {"passes": 1.0}
    assert changed({"passes": 1.0, "bugs": 0.0}, {"passes": 2.0, "bugs": 0.0}) == {"passes": 2.0}
    assert {one.only_grows for one in CATALOGUE.values()} == {True, False}
