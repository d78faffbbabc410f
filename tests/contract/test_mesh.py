"""Sites that ask each other, in the store, on the link and in the API; honest or not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.agent.session import Session, Speaker
from hanza.api import members
from hanza.api.meeting import LOOK_EVERY, Mesh
from hanza.api.routes import BASE
from hanza.api.session import Session as PlaneSession
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target, Trip
from hanza.model.report import Incarnation
from hanza.plan.mesh import ROUND, node_of_probe, node_of_site, round_of
from hanza.store import mesh, probes
from hanza.store.agents import HEARD_WITHIN, note_heard, revoke_agent
from hanza.store.changes import last_serial
from hanza.store.events import list_last_events
from hanza.wire import agent_v1 as v1
from hanza.wire.mesh_v1 import pair_key
from kit.agent_worlds import Memory, a_session
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import PIN, League, SiteAgent, a_league

KEY, OTHER_KEY = bytes(32), bytes(range(32))
HERE = ("192.0.2.1", 7445)


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as found:
        yield found


def answers(league: League, agent: SiteAgent, host: str = HERE[0], key: bytes = KEY) -> bytes:
    now = league.clock.now()
    league.store.write(note_heard, {agent.id}, now)
    return league.store.write(mesh.note_answering, agent.id, (host, 7445), key, now)


def a_site_at(league: League, name: str, latitude: float) -> SiteAgent:
    site = league.add_site(name, "DE")
    place = {"city": name, "latitude": latitude, "longitude": 10.0}
    spec = {"provider": name, "country": "DE", **place}
    league.call(members.put_site, json.dumps({"spec": spec}).encode(), site=name)
    return site


def answering(league: League) -> list[AgentId]:
    found = league.store.read(mesh.list_answering, league.clock.now())
    return [one.member.agent for one in found]


def met(league: League) -> dict[tuple[str, str], float]:
    found = league.store.read(mesh.list_meetings, league.clock.now())
    return {(one.site, one.other): one.ms for one in found if one.is_good}


# -- the store --------------------------------------------------------------------------------


def test_an_agent_keeps_its_key_at_an_address_and_gets_another_elsewhere(league: League) -> None:
    zagreb = league.add_site("zagreb", "HR")
    assert answers(league, zagreb) == KEY
    assert answers(league, zagreb, key=OTHER_KEY) == KEY
    assert answers(league, zagreb, "192.0.2.2", OTHER_KEY) == OTHER_KEY
    (one,) = league.store.read(mesh.list_answering, league.clock.now())
    assert (one.host, one.port, one.key) == ("192.0.2.2", 7445, OTHER_KEY)
    assert "key" not in repr(one)


def test_who_is_silent_or_revoked_is_handed_to_nobody(league: League) -> None:
    zagreb, split = league.add_site("zagreb", "HR"), league.add_site("split", "HR")
    for one in (zagreb, split):
        answers(league, one)
    assert set(answering(league)) == {zagreb.id, split.id}
    league.store.write(revoke_agent, split.id, league.clock.now())
    assert answering(league) == [zagreb.id]
    league.clock.advance(HEARD_WITHIN)
    assert answering(league) == []


def test_what_sites_measured_to_each_other_is_kept_for_a_week(league: League) -> None:
    zagreb, split = league.add_site("zagreb", "HR"), league.add_site("split", "HR")
    now = league.clock.now()
    trips = [Trip(split.id, 9.0), Trip("ag_gone", 1.0), Trip(zagreb.id, 1.0)]
    assert league.store.write(mesh.record_meetings, zagreb.id, trips, now) == {}
    assert met(league) == {("zagreb", "split"): 9.0}
    league.store.write(mesh.record_meetings, zagreb.id, [Trip(split.id, 8.0)], now)
    assert met(league) == {("zagreb", "split"): 8.0}
    league.clock.advance(mesh.GOOD_FOR)
    assert met(league) == {}
    (old,) = league.store.read(mesh.list_meetings, league.clock.now())
    assert (old.ms, old.is_good) == (8.0, False)
    assert league.store.write(mesh.record_meetings, zagreb.id, [], now) == {}


def test_what_is_measured_is_told_with_places_for_predicting(league: League) -> None:
    zagreb, split = league.add_site("zagreb", "HR"), league.add_site("split", "HR")
    now = league.clock.now()
    probe = Probe(Target("zag-1", "192.0.2.9", 443), Point("Zagreb, HR", 45.81, 15.98))
    league.store.write(probes.put_probe, probe, now)
    league.store.write(probes.record_trips, zagreb.id, [Trip("zag-1", 40.0)], now)
    league.store.write(mesh.record_meetings, zagreb.id, [Trip(split.id, 9.0)], now)
    places, pairs = league.store.read(mesh.all_measured, now)
    names = [node_of_site("zagreb"), node_of_site("split"), node_of_probe("zag-1")]
    assert sorted(places) == sorted(names)
    assert pairs == {(names[0], names[1]): 9.0, (names[0], names[2]): 40.0}


def test_predictions_are_made_from_the_newest_of_each_site(league: League) -> None:
    most, now = mesh.PREDICTED_FROM, league.clock.now()
    sites = [league.add_site(f"s{n:02}", "DE") for n in range(most + 2)]
    first, last = sites[0], sites[-1]
    for n, one in enumerate(sites[1:]):
        at = now + timedelta(seconds=n)
        league.store.write(mesh.record_meetings, first.id, [Trip(one.id, 9.0)], at)
    league.store.write(mesh.record_meetings, last.id, [Trip(first.id, 7.0)], now)
    _, pairs = league.store.read(mesh.all_measured, now)
    of_first = {other for one, other in pairs if one == node_of_site("s00")}
    assert of_first == {node_of_site(f"s{n:02}") for n in range(2, most + 2)}
    assert pairs[node_of_site(last.name), node_of_site("s00")] == 7.0


# -- the link ---------------------------------------------------------------------------------


class Conversation:
    """One connection of an agent that asks others, and answers them at a port if it has one."""

    def __init__(
        self, league: League, site: SiteAgent, address: str = "192.0.2.1", port: int | None = 7445
    ) -> None:
        self.league = league
        key = site.journal.key(lambda _: b"")
        speaker = Speaker(site.id, "fake", PIN, key, Incarnation(99, "n"), (v1.MESH,), port)
        self.agent = Session(speaker, Memory())
        self.plane = PlaneSession(league.plane, address)
        self.heard: list[v1.Down] = []
        self.down([self.plane.open()])
        league.store.write(note_heard, {site.id}, league.clock.now())
        league.plane.meeting.forget()

    def down(self, messages: list[v1.Down]) -> None:
        self.heard += messages
        for message in messages:
            self.up(self.agent.receive(v1.decode_down(v1.encode(message))))

    def up(self, messages: list[v1.Up]) -> None:
        for message in messages:
            up = v1.decode_up(v1.encode(message))
            self.down(self.plane.receive(up, self.league.clock.now()))

    def news(self) -> None:
        self.down(self.plane.news())


@pytest.fixture
def pair(league: League) -> tuple[Conversation, Conversation]:
    """Two agents that know of each other."""
    sites = league.add_site("zagreb", "HR"), league.add_site("split", "HR")
    one, other = (
        Conversation(league, site, f"192.0.2.{n}") for n, site in enumerate(sites, start=1)
    )
    for each in (one, other):
        each.news()
    return one, other


def test_agents_are_told_whom_to_ask_and_with_which_key(
    league: League, pair: tuple[Conversation, Conversation]
) -> None:
    one, other = pair
    number = round_of(league.clock.now())
    (peer,) = one.agent.meeting.peers
    assert (peer.host, peer.port, one.agent.meeting.number) == ("192.0.2.2", 7445, number)
    assert other.agent.meeting.key is not None
    assert peer.key == pair_key(other.agent.meeting.key, number, one.plane.agent or "")
    told = len(one.heard)
    one.news()
    assert len(one.heard) == told, "what is the same is not said again"


def test_the_next_round_is_told_when_it_comes(
    league: League, pair: tuple[Conversation, Conversation]
) -> None:
    one, _ = pair
    same = league.plane.meeting.mesh(league.clock.now())
    league.clock.advance(LOOK_EVERY)
    assert league.plane.meeting.mesh(league.clock.now()) is same, "nothing is new"
    assert not one.plane.is_behind(one.plane.told, (), same)
    league.clock.advance(ROUND)
    league.store.write(note_heard, {one.plane.agent}, league.clock.now())
    mesh_now = league.plane.meeting.mesh(league.clock.now())
    assert one.plane.is_behind(one.plane.told, (), mesh_now)
    one.news()
    assert one.agent.meeting.number == round_of(league.clock.now())
    assert one.agent.meeting.peers == (), "the other was not heard of in this hour"


def test_what_was_found_is_kept_of_those_who_were_to_be_asked_in_this_round(
    league: League, pair: tuple[Conversation, Conversation]
) -> None:
    one, other = pair
    number = one.agent.meeting.number or 0
    peer = other.plane.agent or ""
    one.up(one.agent.offer_meetings(number - 1, [Trip(peer, 5.0)]))
    one.up(one.agent.offer_meetings(number, [Trip("ag_stranger", 5.0)]))
    assert met(league) == {}
    one.up(one.agent.offer_meetings(number, [Trip(peer, 5.0)]))
    assert met(league) == {("zagreb", "split"): 5.0}
    assert one.agent.offer_meetings(number, []) == []


def test_faster_than_light_is_told_once_and_not_kept(league: League) -> None:
    sites = league.add_site("zagreb", "HR"), a_site_at(league, "madrid", 40.4)
    one, other = (Conversation(league, site) for site in sites)
    other.news()
    one.news()
    number, peer = one.agent.meeting.number or 0, other.plane.agent or ""
    for ms in (0.5, 0.4):
        one.up(one.agent.offer_meetings(number, [Trip(peer, ms)]))
    assert met(league) == {}
    events = [one for one in league.store.read(list_last_events, 50) if one.kind == "trip.refused"]
    assert ["0.5 ms to madrid" in one.text for one in events] == [True]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("testclient", None),
        ("", None),
    ],
)
def test_an_address_is_what_the_plane_sees(league: League, address: str, host: str | None) -> None:
    one = Conversation(league, league.add_site("zagreb", "HR"), address)
    one.news()
    found = league.store.read(mesh.list_answering, league.clock.now())
    assert [it.host for it in found] == ([] if host is None else [host])
    assert (one.agent.meeting.key is None) == (host is None)


def test_who_answers_nobody_asks_all_the_same(league: League) -> None:
    sites = league.add_site("zagreb", "HR"), league.add_site("split", "HR")
    mute = Conversation(league, sites[0], port=None)
    other = Conversation(league, sites[1])
    for each in (other, mute):
        each.news()
    assert [one.agent for one in mute.agent.meeting.peers] == [other.plane.agent]
    assert other.agent.meeting.peers == ()
    with pytest.raises(Invalid):
        mute.agent.receive(v1.Answers(KEY))


def test_who_cannot_is_not_told_and_not_believed(league: League) -> None:
    site = league.add_site("zagreb", "HR")
    key = site.journal.key(lambda _: b"")
    old = Session(Speaker(site.id, "fake", PIN, key, Incarnation(99, "n")), Memory())
    plane = PlaneSession(league.plane, "192.0.2.1")
    (hello,) = old.receive(plane.open())
    plane.receive(hello, league.clock.now())
    assert not any(isinstance(one, v1.Peers) for one in plane.news())
    assert not plane.is_behind(plane.told, (), Mesh(1))
    assert plane.receive(v1.Answering(7445), league.clock.now()) == []
    assert plane.receive(v1.Met(1, [v1.TripW("x", 1.0)]), league.clock.now()) == []
    assert answering(league) == []
    session = a_session(Memory())
    session.receive(v1.Challenge(bytes(32)))
    session.receive(v1.Welcome(0))
    for message in (v1.Peers(1, []), v1.Answers(KEY)):
        with pytest.raises(Invalid):
            session.receive(message)


@pytest.mark.parametrize("port", [0, 53, 1023, 65536])
def test_ports_of_other_peoples_services_are_not_taken(port: int) -> None:
    with pytest.raises(Invalid):
        v1.decode_up(v1.encode(v1.Answering(port)))


# -- the API ----------------------------------------------------------------------------------


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def ask(client: TestClient, path: str, by: Any = OPERATOR) -> Any:
    return client.get(BASE + path, headers=by)


def test_measured_predicted_and_distance_stand_side_by_side(
    api: tuple[TestClient, League],
) -> None:
    """Fourteen sites along a road; all but one pair have met."""
    client, league = api
    names = [f"s{n:02}" for n in range(14)]
    sites = [a_site_at(league, name, 46.0 + n / 2) for n, name in enumerate(names)]
    now = league.clock.now()
    for at, one in enumerate(sites):
        others = [(n, two) for n, two in enumerate(sites) if n > at and (at, n) != (2, 9)]
        trips = [Trip(two.id, 2.0 + 1.5 * (n - at)) for n, two in others]
        league.store.write(mesh.record_meetings, one.id, trips, now)
    assert ask(client, "/sites/s02/meetings").json()["items"][0]["predictedMs"] is None
    league.plane.meeting.refit(now)
    items = ask(client, "/meetings").json()["items"]
    assert len(items) == 14 * 13 // 2 - 1
    of_two = {one["other"]: one for one in ask(client, "/sites/s02/meetings").json()["items"]}
    assert len(of_two) == 13
    missing, known = of_two["s09"], of_two["s08"]
    assert (missing["measuredMs"], missing["measuredAt"], missing["isGood"]) == (None, None, False)
    assert abs(missing["predictedMs"] - 12.5) < missing["predictedMarginMs"] < 5
    assert abs(missing["distanceMs"] - 12.5) > 5, "by distance alone it is not known as well"
    assert (known["measuredMs"], known["isGood"]) == (11.0, True)
    league.step()
    near = [{"latitude": 50.5, "longitude": 10.0}]  # where s09 is
    small = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64, "policy": {"near": near}}
    path = BASE + "/tenants/acme/workspaces/shop/quotes"
    quote = client.post(path, json={"instances": {"web": small}}, headers=OPERATOR).json()
    best = {one["place"]["site"]: one for one in quote["items"][0]["explanation"]["best"]}
    (itself,), (beside,) = best["s09"]["roundTrips"], best["s08"]["roundTrips"]
    assert itself["predictedBy"] == "coordinates"
    assert itself["ms"] == itself["predictedMs"] < beside["ms"], (
        "as to one with a line like its own"
    )
    assert (beside["predictedBy"], beside["measuredMs"]) == ("coordinates", None)
    assert abs(beside["predictedMs"] - 3.5) < beside["predictedMarginMs"] < 5
    assert beside["ms"] == beside["predictedMs"], "it decides, being better than distance"
    limit = {**near[0], "maxMs": 12}
    small["policy"] = {"near": [limit]}
    kept = client.post(path, json={"instances": {"web": small}}, headers=OPERATOR).json()
    (line,) = kept["items"]
    (trip,) = line["roundTrips"]
    assert trip["ms"] + trip["marginMs"] <= 12 < 11.1 + 20.9, "by distance none was within it"
    league.clock.advance(timedelta(minutes=6))
    league.plane.meeting.refit(league.clock.now())
    serial = league.store.read(last_serial)
    league.plane.meeting.refit(league.clock.now())
    assert league.store.read(last_serial) == serial, "nobody has moved"
    assert ask(client, "/sites/nowhere/meetings").status_code == 404
    assert ask(client, "/meetings", bearer(league, "ana", "acme")).status_code == 403
    league.clock.advance(timedelta(days=8))
    league.plane.meeting.refit(league.clock.now())
    later = {one["other"]: one for one in ask(client, "/sites/s02/meetings").json()["items"]}
    assert (later["s08"]["isGood"], later["s08"]["predictedMs"]) == (False, None)
