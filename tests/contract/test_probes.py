"""Probes in the store and in the API, and agents that measure to them, honest or not."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.agent.session import Session, Speaker
from hanza.api.meeting import Mesh
from hanza.api.routes import BASE
from hanza.api.session import Session as PlaneSession
from hanza.model.errors import Invalid, NotFound
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target, Trip
from hanza.model.report import Incarnation
from hanza.store import probes
from hanza.store.events import list_last_events
from hanza.store.sites import list_sites
from hanza.wire import agent_v1 as v1
from kit.agent_worlds import Memory, a_session
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import PIN, League, SiteAgent, a_league

ZAGREB, MADRID = Point("Zagreb, HR", 45.81, 15.98), Point("Madrid, ES", 40.42, -3.70)
HERE = Probe(Target("zag-1", "192.0.2.1", 443), ZAGREB)
FAR = Probe(Target("mad-1", "192.0.2.2", 443), MADRID)


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as found:
        yield found


def a_site(league: League) -> SiteAgent:
    return league.add_site("zagreb", "HR")


def place_of(league: League) -> Point:
    """Where the league's site says that it stands."""
    ((site, _),) = league.store.read(list_sites)
    return Point("site", site.latitude, site.longitude)


def fresh(league: League) -> dict[str, float]:
    found = league.store.read(probes.fresh_trips, league.clock.now())
    return {point.name: ms for trips in found.values() for point, ms in trips.items()}


def test_what_was_measured_counts_until_it_is_too_old(league: League) -> None:
    agent, now = a_site(league), league.clock.now()
    near = Probe(HERE.target, place_of(league))
    assert league.store.write(probes.put_probe, near, now)
    assert not league.store.write(probes.put_probe, near, now)
    trips = [Trip("zag-1", 3.0), Trip("nobody", 1.0)]
    assert league.store.write(probes.record_trips, agent.id, trips, now) == {}
    assert fresh(league) == {"site": 3.0}
    league.clock.advance(probes.GOOD_FOR - timedelta(seconds=1))
    assert fresh(league) == {"site": 3.0}
    league.clock.advance(timedelta(seconds=1))
    assert fresh(league) == {}
    (told,) = league.store.read(probes.list_trips, league.clock.now())
    assert (told.site, told.probe, told.ms, told.agent) == ("zagreb", "zag-1", 3.0, agent.id)
    assert not told.is_good


def test_what_light_could_not_do_is_not_kept_and_takes_the_last_word_with_it(
    league: League,
) -> None:
    agent, now = a_site(league), league.clock.now()
    league.store.write(probes.put_probe, FAR, now)
    assert not league.store.write(probes.record_trips, agent.id, [Trip("mad-1", 60.0)], now)
    assert fresh(league) == {"Madrid, ES": 60.0}
    refused = league.store.write(probes.record_trips, agent.id, [Trip("mad-1", 1.0)], now)
    assert refused["mad-1"][0] == 1.0
    assert refused["mad-1"][1] > 5
    assert fresh(league) == {}


def test_a_probe_that_goes_elsewhere_or_away_takes_what_was_measured_with_it(
    league: League,
) -> None:
    agent, now = a_site(league), league.clock.now()
    for moved in (Target("mad-1", "192.0.2.9", 443), Target("mad-1", "192.0.2.9", 444)):
        league.store.write(probes.put_probe, FAR, now)
        league.store.write(probes.record_trips, agent.id, [Trip("mad-1", 60.0)], now)
        assert not league.store.write(probes.put_probe, Probe(moved, MADRID), now)
        assert fresh(league) == {}
    league.store.write(probes.record_trips, agent.id, [Trip("mad-1", 60.0)], now)
    league.store.write(probes.remove_probe, "mad-1")
    assert fresh(league) == {}
    assert league.store.read(probes.list_probes) == ()
    with pytest.raises(NotFound):
        league.store.write(probes.remove_probe, "mad-1")


def test_of_two_probes_at_one_place_the_nearer_counts(league: League) -> None:
    agent, now = a_site(league), league.clock.now()
    for name in ("mad-1", "mad-2"):
        league.store.write(probes.put_probe, Probe(Target(name, "192.0.2.2", 443), MADRID), now)
    trips = [Trip("mad-1", 60.0), Trip("mad-2", 55.0)]
    league.store.write(probes.record_trips, agent.id, trips, now)
    assert fresh(league) == {"Madrid, ES": 55.0}


def test_there_are_never_more_probes_than_agents_take(league: League) -> None:
    def fill(tx: Any) -> None:
        for nth in range(probes.PROBES_MAX):
            probe = Probe(Target(f"p{nth}", "192.0.2.1", 443), ZAGREB)
            probes.put_probe(tx, probe, league.clock.now())

    league.store.write(fill)
    with pytest.raises(Invalid, match="64 probes"):
        league.store.write(probes.put_probe, FAR, league.clock.now())
    known = Probe(Target("p0", "192.0.2.7", 443), ZAGREB)
    assert not league.store.write(probes.put_probe, known, league.clock.now())


# -- the link ---------------------------------------------------------------------------------


class Conversation:
    """One connection of an agent that measures, or does not, with a plane."""

    def __init__(self, league: League, agent: SiteAgent, *, measures: bool, starts: int) -> None:
        self.league = league
        key = agent.journal.key(lambda _: b"")
        incarnation = Incarnation(starts, f"n{starts}")
        abilities = (v1.MEASURE,) if measures else ()
        self.agent = Session(Speaker(agent.id, "fake", PIN, key, incarnation, abilities), Memory())
        self.plane = PlaneSession(league.plane)
        self.down([self.plane.open()])

    def down(self, messages: list[v1.Down]) -> None:
        for message in messages:
            self.up(self.agent.receive(v1.decode_down(v1.encode(message))))

    def up(self, messages: list[v1.Up]) -> None:
        for message in messages:
            up = v1.decode_up(v1.encode(message))
            self.down(self.plane.receive(up, self.league.clock.now()))


def test_agents_are_told_of_probes_when_they_come_and_when_they_change(league: League) -> None:
    site, now = a_site(league), league.clock.now()
    league.store.write(probes.put_probe, FAR, now)
    one = Conversation(league, site, measures=True, starts=98)
    assert one.agent.targets == (FAR.target,)
    assert one.plane.news() == []
    league.store.write(probes.put_probe, HERE, now)
    listed = league.store.read(probes.list_probes)
    assert one.plane.is_behind(one.plane.told, listed, Mesh())
    one.down(one.plane.news())
    assert one.agent.targets == (FAR.target, HERE.target)
    assert not one.plane.is_behind(one.plane.told, listed, Mesh())
    for name in ("mad-1", "zag-1"):
        league.store.write(probes.remove_probe, name)
    one.down(one.plane.news())
    assert one.agent.targets == ()
    deaf = Conversation(league, site, measures=False, starts=99)
    league.store.write(probes.put_probe, HERE, now)
    assert deaf.plane.news() == []
    assert not deaf.plane.is_behind(deaf.plane.told, listed, Mesh())


def test_a_liar_is_told_on_once_and_gains_nothing(league: League) -> None:
    site, now = a_site(league), league.clock.now()
    league.store.write(probes.put_probe, FAR, now)
    one = Conversation(league, site, measures=True, starts=99)
    for ms in (0.4, 0.3):
        one.up(one.agent.offer_trips([Trip("mad-1", ms), Trip("unknown", 1.0)]))
    assert fresh(league) == {}
    events = [one for one in league.store.read(list_last_events, 50) if one.kind == "trip.refused"]
    assert [(one.subject, "0.4 ms to mad-1" in one.text) for one in events] == [(site.id, True)]
    one.up(one.agent.offer_trips([Trip("mad-1", 41.0)]))
    assert fresh(league) == {"Madrid, ES": 41.0}


def test_who_measures_nothing_is_not_told_and_takes_no_probes() -> None:
    session = a_session(Memory())
    session.receive(v1.Challenge(bytes(32)))
    session.receive(v1.Welcome(0))
    with pytest.raises(Invalid):
        session.receive(v1.Probes([]))
    assert session.offer_trips([Trip("x", 1.0)]) == []


# -- the API ----------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def ask(client: TestClient, method: str, path: str, spec: Any = None, by: Any = OPERATOR) -> Any:
    body = None if spec is None else {"spec": spec}
    return client.request(method, BASE + path, json=body, headers=by)


def test_the_operator_puts_lists_and_removes_probes(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    in_a_city = {"host": "probe.example.net", "port": 443, "city": "Ljubljana"}
    assert ask(client, "PUT", "/probes/lju-1", in_a_city).status_code == 201
    again = ask(client, "PUT", "/probes/lju-1", in_a_city)
    assert (again.status_code, again.json()["spec"]["city"]) == (200, "Ljubljana, SI")
    there = {"host": "2001:db8::1", "port": 7, "latitude": 60.5, "longitude": 25.25}
    assert ask(client, "PUT", "/probes/fin-1", there).json()["spec"]["city"] == "60.5, 25.25"
    names = [one["metadata"]["name"] for one in ask(client, "GET", "/probes").json()["items"]]
    assert names == ["fin-1", "lju-1"]
    trips = [Trip("lju-1", 11.5)]
    league.store.write(probes.record_trips, agent.id, trips, league.clock.now())
    (trip,) = ask(client, "GET", "/round-trips").json()["items"]
    assert (trip["site"], trip["probe"], trip["ms"], trip["isGood"]) == (
        "zagreb",
        "lju-1",
        11.5,
        True,
    )
    assert ask(client, "DELETE", "/probes/lju-1").status_code == 204
    assert ask(client, "DELETE", "/probes/lju-1").status_code == 404
    assert ask(client, "GET", "/round-trips").json()["items"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"host": "a b"}, "/spec/host"),
        ({"host": ""}, "/spec/host"),
        ({"host": "-x"}, "/spec/host"),
        ({"host": "a..b"}, "/spec/host"),
        ({"host": "a" * 64 + ".example"}, "/spec/host"),
        ({"port": 0}, "/body"),
        ({"latitude": 1.0}, "/spec/city"),
        ({"city": None}, "/spec/city"),
        ({"city": None, "latitude": 1.0}, "/spec/city"),
        ({"city": None, "latitude": 91.0, "longitude": 0.0}, "/spec/latitude"),
        ({"city": "Nowhereville"}, "/spec/city"),
        ({"colour": "red"}, "/body"),
    ],
)
def test_a_probe_that_makes_no_sense_is_refused_by_name(
    api: tuple[TestClient, League], changed: dict[str, Any], field: str
) -> None:
    spec = {"host": "probe.example.net", "port": 443, "city": "Ljubljana"} | changed
    answer = ask(api[0], "PUT", "/probes/lju-1", spec)
    assert answer.status_code == 412
    assert answer.json()["sources"][0]["pointer"] == field


def test_tenants_have_nothing_to_do_with_probes(api: tuple[TestClient, League]) -> None:
    client, league = api
    for method, path in (("GET", "/probes"), ("GET", "/round-trips"), ("DELETE", "/probes/x")):
        by = bearer(league, "ana", "acme")
        assert ask(client, method, path, by=by).status_code == 403
