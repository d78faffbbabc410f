"""What binds an instance to a place before placement chooses: rules with words of their own."""

from dataclasses import replace

import pytest

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed, Unplaced, choose, look, place_group
from hanza.plan.placement.explain import explain, sentence_of
from hanza.plan.placement.pins import FREE, Bound, Pin
from kit.grounds import WHOLE, a_candidate, a_demand, a_ground

BERLIN, ZAGREB = a_ground("berlin"), a_ground("zagreb", country="HR")
HOSTS = [a_candidate("h1", BERLIN), a_candidate("h2", BERLIN), a_candidate("h3", ZAGREB)]


def at(host: str, name: str = "boot") -> Bound:
    return Bound(name, HostId(host))


def pinned(pin: Pin) -> Demand:
    return a_demand(pin=pin)


@pytest.mark.parametrize(
    ("pin", "left"),
    [
        (FREE, ["h1", "h2", "h3"]),
        (Pin(site="berlin"), ["h1", "h2"]),
        (Pin(volumes=(at("h2"),)), ["h2"]),
        (Pin(volumes=(at("h2"), at("h2", "data"))), ["h2"]),
        (Pin(volumes=(at("h2"), at("h1", "data"))), []),
        (Pin(site="zagreb", volumes=(at("h2"),)), []),
        (Pin(site="nowhere"), []),
        (Pin(volumes=(Bound("boot", HostId("h2"), "web"),)), []),
        (Pin(volumes=(Bound("boot", HostId("h2"), is_leaving=True),)), []),
    ],
)
def test_a_pin_leaves_only_its_own(pin: Pin, left: list[str]) -> None:
    found = look(pinned(pin), HOSTS).options
    assert sorted(one.candidate.host for one in found) == left


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        (Pin(site="rome"), ": 3 not at rome, the zone it asks for"),
        (Pin(site="zagreb", volumes=(at("h2"),)), "2 without its volume boot"),
        (Pin(volumes=(at("gone"), at("h1", "data"))), ": 3 without its volume boot, data"),
        (Pin(volumes=(Bound("boot", None, "web"),)), "its volume boot is attached to web"),
        (
            Pin(volumes=(Bound("boot", None, "web"), Bound("data", None, is_leaving=True))),
            "3 of no use while its volume boot is attached to web, and the bytes of its volume"
            " data are being ended",
        ),
    ],
)
def test_a_pin_says_why_none_was_left(pin: Pin, says: str) -> None:
    answer = choose(pinned(pin), HOSTS)
    assert isinstance(answer, Unplaced)
    assert says in sentence_of(answer, [pinned(pin)])


def test_a_zone_without_room_could_be_any_other() -> None:
    full = a_candidate("h1", BERLIN, is_refusing=True)
    explained = explain(pinned(Pin(site="berlin")), [full, HOSTS[2]])
    (relaxation,) = explained.relaxations
    assert (relaxation.rule, relaxation.text, relaxation.hosts) == ("zone", "allow any zone", 1)
    assert relaxation.demands[0].pin == FREE


def test_who_stands_under_no_country_is_refused_by_none() -> None:
    assert look(a_demand(Policy()), HOSTS).lacks == {one.host: () for one in HOSTS}


def test_what_is_pinned_is_not_crowded_out_by_what_could_stand_beside_it() -> None:
    free, bound = a_demand(size=WHOLE), a_demand(size=WHOLE, pin=Pin(volumes=(at("h1"),)))
    for demands in ([free, bound], [bound, free]):
        answer = place_group(demands, HOSTS[:2])
        assert isinstance(answer, Placed)
        hosts = [one.candidate.host for one in answer.options]
        assert hosts == [HostId("h2" if one is free else "h1") for one in demands]


def test_what_its_volumes_hold_already_is_paid_for_and_not_taken_again() -> None:
    pin = Pin(volumes=(at("h1"),), new_mib=10, held_mib=WHOLE.disk_mib)
    demand = a_demand(size=WHOLE + Capacity(0, 0, 10), pin=pin)
    assert demand.room == Capacity(WHOLE.cpus, WHOLE.memory_mib, 10)
    kept = replace(HOSTS[0], free=Capacity(WHOLE.cpus, WHOLE.memory_mib, 10))
    assert isinstance(place_group([demand], [kept]), Placed)
    assert isinstance(place_group([a_demand(size=demand.size)], [kept]), Unplaced)
    assert isinstance(place_group([demand, replace(demand, name="b")], [kept]), Unplaced)
