"""What binds an instance to a place before placement chooses: rules with words of their own."""

import pytest

from hanza.model.ids import HostId
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed, Unplaced, choose, look, place_group
from hanza.plan.placement.explain import explain, sentence_of
from hanza.plan.placement.pins import FREE, Pin
from kit.grounds import WHOLE, a_candidate, a_demand, a_ground

BERLIN, ZAGREB = a_ground("berlin"), a_ground("zagreb", country="HR")
HOSTS = [a_candidate("h1", BERLIN), a_candidate("h2", BERLIN), a_candidate("h3", ZAGREB)]


def pinned(pin: Pin) -> Demand:
    return a_demand(pin=pin)


@pytest.mark.parametrize(
    ("pin", "left"),
    [
        (FREE, ["h1", "h2", "h3"]),
        (Pin(site="berlin"), ["h1", "h2"]),
        (Pin(host=HostId("h2")), ["h2"]),
        (Pin(site="zagreb", host=HostId("h2")), []),
        (Pin(site="nowhere"), []),
        (Pin(host=HostId("h2"), taken_by="web"), []),
    ],
)
def test_a_pin_leaves_only_its_own(pin: Pin, left: list[str]) -> None:
    found = look(pinned(pin), HOSTS).options
    assert sorted(one.candidate.host for one in found) == left


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        (Pin(site="rome"), ": 3 not at rome, the zone it asks for"),
        (Pin(site="zagreb", host=HostId("h2")), "2 without its boot volume"),
        (Pin(host=HostId("gone")), ": 3 without its boot volume"),
        (Pin(taken_by="web"), "its boot volume is attached to web"),
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
    free, bound = a_demand(size=WHOLE), a_demand(size=WHOLE, pin=Pin(host=HostId("h1")))
    for demands in ([free, bound], [bound, free]):
        answer = place_group(demands, HOSTS[:2])
        assert isinstance(answer, Placed)
        hosts = [one.candidate.host for one in answer.options]
        assert hosts == [HostId("h2" if one is free else "h1") for one in demands]
