"""The demo's decisions and its words, from data alone."""

import io
from pathlib import Path

import pytest

from hanza.boot.demo.condition import condition_of
from hanza.boot.demo.packages import missing_of
from hanza.boot.demo.plane import reason_of, row_of
from hanza.boot.demo.scenario import MEMBERS
from hanza.boot.demo.steps import Steps
from hanza.boot.demo.table import Row, lines
from hanza.boot.lab.lab import Left
from hanza.boot.lab.process import Process
from hanza.wire.app_v1 import app_from_yaml

NOTHING = Left((), (), (), folder=False)
SOMETHING = Left((Process(7, "plane"),), (), (), folder=True)
EXAMPLE = Path(__file__).parents[3] / "examples" / "demo.yaml"


def test_six_providers_have_six_sites_in_six_countries() -> None:
    for what in ("provider", "site", "country"):
        assert len({getattr(member, what) for member in MEMBERS}) == 6


def test_the_example_wants_a_guest_in_every_country_and_nowhere_else() -> None:
    components = app_from_yaml(EXAMPLE.read_bytes(), EXAMPLE.name).components
    assert {component.country for component in components} == {m.country for m in MEMBERS}


def test_nothing_is_nothing() -> None:
    assert condition_of(NOTHING, {"plane"}, [], ready=False) == "nothing"


def test_all_roles_and_ready_is_whole() -> None:
    assert condition_of(SOMETHING, {"plane"}, ["plane"], ready=True) == "whole"


@pytest.mark.parametrize(
    ("running", "ready"),
    [(["plane"], True), (["plane", "hr-zag-1.agent"], False), ([], True)],
)
def test_a_missing_role_or_an_unfinished_start_is_a_part(running: list[str], ready: bool) -> None:
    wanted = {"plane", "hr-zag-1.agent"}
    assert condition_of(SOMETHING, wanted, running, ready=ready) == "part"


def test_only_what_is_installed_counts_as_there() -> None:
    said = "cpio ii \nqemu-utils un \nlibvirt-daemon rc \n"
    assert missing_of(["cpio", "qemu-utils", "libvirt-daemon", "absent"], said) == [
        "qemu-utils",
        "libvirt-daemon",
        "absent",
    ]


def test_a_table_lines_up_and_shows_no_control_characters() -> None:
    rows: list[Row] = [
        {"name": "kava", "site": "hr-zag-1", "serial": "\x1b[2Jhello"},
        {"name": "stroopwafel", "site": None},
    ]
    heading, first, second = lines(rows, {"name": "guest", "site": "site", "serial": "says"})
    assert heading == "guest        site      says"
    assert first == "kava         hr-zag-1  [2Jhello"
    assert second == "stroopwafel  -         -"


def test_a_reason_has_its_round_trips_and_says_which_are_guessed() -> None:
    split = {"to": "Split, HR", "ms": 16.6, "isMeasured": False}
    graz = {"to": "Graz", "ms": 4.2, "isMeasured": True}
    line = {"because": "nearest of 2 that may", "roundTrips": [split, graz]}
    assert reason_of(line) == "nearest of 2 that may, ~17 ms Split, 4 ms Graz"
    assert reason_of(line | {"roundTrips": []}) == "nearest of 2 that may"


@pytest.mark.parametrize(
    ("power", "runs"), [("on", "emulated"), ("off", "off"), (None, "emulated")]
)
def test_a_row_says_how_its_guest_runs(power: str | None, runs: str) -> None:
    status = {
        "placement": {"site": "hr-zag-1", "accelerator": "tcg"},
        "power": power,
        "boot": "seen",
        "serialTail": "up\n",
        "law": "HR",
    }
    document = {
        "metadata": {"name": "kava", "workspace": "demo"},
        "spec": {"country": "HR"},
        "status": status,
    }
    assert row_of(document)["runs"] == runs


def test_a_step_tells_how_long_it_took_and_how_it_ended() -> None:
    out = io.StringIO()
    times = iter([0.0, 1.0, 3.5])
    steps = Steps(out, lambda: next(times))
    with steps.step("wired") as tell:
        tell("not shown where nobody watches")
    assert out.getvalue().split() == ["ok", "wired", "2.5", "s"]


def test_a_step_that_fails_says_so() -> None:
    out = io.StringIO()
    steps = Steps(out, lambda: 0.0)
    with pytest.raises(KeyError), steps.step("wired"):
        raise KeyError("x")
    assert out.getvalue().split()[0] == "no"
