"""What binds an instance to a place before placement chooses."""

import pytest

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId
from hanza.model.site import ANYWHERE
from hanza.plan.placement.choose import Candidate, Chosen, Demand, choose
from hanza.plan.placement.pins import FREE, Pin, sentence_of, within

SIZE = Capacity(4, 4096, 4096)


def a_host(name: str, site: str, country: str = "DE") -> Candidate:
    return Candidate(HostId(name), AgentId("a"), country, SIZE, SIZE, True, True, False, site)


HOSTS = [a_host("h1", "berlin"), a_host("h2", "berlin"), a_host("h3", "zagreb", "HR")]


@pytest.mark.parametrize(
    ("pin", "left"),
    [
        (FREE, ["h1", "h2", "h3"]),
        (Pin(site="berlin"), ["h1", "h2"]),
        (Pin(host=HostId("h2")), ["h2"]),
        (Pin(site="zagreb", host=HostId("h2")), []),
        (Pin(site="nowhere"), []),
    ],
)
def test_a_pin_leaves_only_its_own(pin: Pin, left: list[str]) -> None:
    assert [one.host for one in within(pin, HOSTS)] == left


def test_a_pin_says_why_none_was_left() -> None:
    assert sentence_of(FREE) == ""
    assert "zagreb" in sentence_of(Pin(site="zagreb"))
    assert "boot volume" in sentence_of(Pin(site="zagreb", host=HostId("h2")))
    assert sentence_of(Pin(taken_by="web")) == "its boot volume is attached to web"


def test_who_may_run_anywhere_is_refused_by_no_country() -> None:
    chosen = choose(Demand(ANYWHERE, Capacity(1, 1, 1)), [a_host("h3", "zagreb", "HR")])
    assert chosen == Chosen(HostId("h3"), AgentId("a"))
