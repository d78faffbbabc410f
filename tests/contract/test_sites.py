"""What agents tell of their sites, in the store, on the link and in the API; honest or not."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from hanza.agent.consent import Consent
from hanza.agent.converge import Converger
from hanza.agent.diary import Diary
from hanza.agent.telling import Telling
from hanza.api import joining, members
from hanza.api.routes import BASE
from hanza.api.site_told import NEWS_MAX
from hanza.model.checkup import Checkup, Finding
from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import AgentId, InstanceId, NativeId
from hanza.model.local import DiaryLine, Happening
from hanza.store import told
from hanza.store.agents import HEARD_WITHIN, note_heard
from hanza.store.events import list_events, list_last_events, list_of_provider
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import join_token_from_text, new_agent_key, public_key_of, sign_join
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import League, SiteAgent, a_league

PET = GuestSpec("pet", "theirs", 2, 1024, 512)
CHECKUP_FINDINGS = (Finding("clock", "fair", "3 s ahead", "timedatectl set-ntp true"),)


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as found:
        yield found


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def a_line(league: League, number: int, text: str, subject: str = "") -> DiaryLine:
    return DiaryLine(number, Happening(league.clock.now(), "guest.off", subject, text))


def texts(league: League, kind: str) -> list[str]:
    found = league.store.read(list_last_events, 1000)
    return [one.text for one in found if one.kind == kind]


def a_pet(agent: SiteAgent, *, name: str = "pet") -> NativeId:
    with agent.site.open() as site:
        native = site.add_guest(
            None, Mark(InstanceId("whatever"), 0), "host-1", replace(PET, name=name)
        )
        site.set_power(site.state.guests[native], "on")
        return native


def telling_of(agent: SiteAgent) -> tuple[Diary, Telling]:
    diary = Diary(agent.journal, agent.league.clock.now())
    telling = Telling(diary)
    agent.tell_site(telling)
    return diary, telling


# -- diaries ----------------------------------------------------------------------------------


def test_each_line_becomes_one_event_in_order_whichever_plane_takes_it(league: League) -> None:
    agent = league.add_site("zagreb", "HR").id
    lines = [a_line(league, number, f"line {number}") for number in (3, 1, 2)]
    for _ in range(2):
        assert league.store.write(told.record_diary, agent, lines, league.clock.now()) == 3
    more = [a_line(league, 3, "line 3"), a_line(league, 9, "line 9")]
    assert league.store.write(told.record_diary, agent, more, league.clock.now()) == 9
    assert [one[-6:] for one in texts(league, "guest.off")] == [
        "line 1",
        "line 2",
        "line 3",
        "line 9",
    ]


def test_a_tenant_is_told_of_what_is_placed_there_and_of_nothing_else(league: League) -> None:
    here, there = league.add_site("zagreb", "HR"), league.add_site("berlin", "DE")
    league.put("web", "HR")
    league.run_until(lambda: bool(league.guests()))
    (instance,) = (row.owner for row in here.own_guests())
    for site, text in ((here, "it went off"), (there, "a lie")):
        line = a_line(league, 1, text, instance)
        league.store.write(told.record_diary, site.id, [line], league.clock.now())
    mine = [one for one in league.store.read(list_events, 0, 1000, "acme")]
    said = [one for one in mine if one.kind == "guest.off"]
    assert [(one.subject, one.text[-11:]) for one in said] == [(instance, "it went off")]


def test_what_nobody_knows_how_to_say_is_made_harmless(league: League) -> None:
    agent = league.add_site("zagreb", "HR").id
    wrong = Happening(league.clock.now(), "agent.revoked", "", "\x1b[2Jhello" + "x" * 2000)
    league.store.write(told.record_diary, agent, [DiaryLine(1, wrong)], league.clock.now())
    assert texts(league, "agent.revoked") == []
    (text,) = texts(league, "diary.told")
    assert "\x1b" not in text
    assert len(text) < 400


def test_an_agent_that_was_away_tells_it_in_order_and_gaps_as_unknown(league: League) -> None:
    agent = league.add_site("zagreb", "HR")
    diary, _ = telling_of(agent)
    diary.begin(league.clock.now(), "boot-1")
    league.step()
    agent.link.is_cut = True
    league.step()
    diary.note([Happening(league.clock.now(), "guest.off", "", "first")])
    league.clock.advance(timedelta(hours=3))
    again = Diary(agent.journal, league.clock.now())
    again.begin(league.clock.now(), "boot-2")
    agent.tell_site(Telling(again))
    for _ in range(3):
        league.step()
    kinds = [one.kind for one in league.store.read(list_last_events, 1000)]
    assert kinds.index("guest.off") < kinds.index("agent.began")
    assert "is unknown" in texts(league, "agent.began")[0]
    assert again.waiting(10) == (), "what was taken is not kept"


def test_a_provider_is_told_what_an_agent_of_its_wrote_down_and_no_other(league: League) -> None:
    agent = league.add_site("zagreb", "HR").id
    league.add_site("berlin", "DE")
    kinds = ("diary.gap", "disk.full", "engine.lost", "guest.gone", "link.back", "update.good")
    now = league.clock.now()
    lines = [DiaryLine(n, Happening(now, kind, "", "x")) for n, kind in enumerate(kinds, 1)]
    league.store.write(told.record_diary, agent, lines, now)
    mine = league.store.read(list_of_provider, "zagreb", None, 100)
    assert [one.kind for one in mine if one.text.endswith(" x")] == list(kinds)
    others = league.store.read(list_of_provider, "berlin", None, 100)
    assert not any(one.text.endswith(" x") for one in others)


def test_a_flood_of_words_ends_the_connection(league: League) -> None:
    agent = league.add_site("zagreb", "HR")
    telling_of(agent)
    league.step()
    plane_side = agent.link._plane_side
    assert plane_side is not None
    plane_side._site_told._news = NEWS_MAX
    with pytest.raises(Invalid, match="on one connection"):
        plane_side.receive(v1.Strangers([]), league.clock.now())


# -- checkups and several agents --------------------------------------------------------------


def join_another(league: League, site: str) -> AgentId:
    """A second agent of a site, by a token of its own."""
    token = join_token_from_text(league.call(members.invite_agent, site=site).document.token)
    key = new_agent_key(os.urandom(32))
    request = v1.JoinRequest(token.secret, public_key_of(key), sign_join(key, token.secret), "fake")
    return AgentId(league.call(joining.join, msgspec.json.encode(request)).document.agent)


def shown(client: TestClient, site: str) -> dict[str, Any]:
    answer = client.get(f"{BASE}/sites/{site}", headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_site_shows_its_agents_each_with_its_score(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    _, telling = telling_of(agent)
    telling._checkup = lambda: Checkup(league.clock.now(), 90, CHECKUP_FINDINGS)
    league.step()
    league.step()
    record = shown(client, "zagreb")
    assert record["state"] == "steady"
    (one,) = record["agents"]
    assert one["checkup"]["score"] == 90
    assert one["checkup"]["findings"][0]["mend"] == "timedatectl set-ntp true"
    assert [host["spec"]["agent"] for host in record["hosts"]] == [agent.id]
    assert client.get(f"{BASE}/sites/nowhere", headers=OPERATOR).status_code == 404
    assert client.get(f"{BASE}/sites/zagreb").status_code == 401


def test_the_loss_of_one_agent_is_shown_as_that(api: tuple[TestClient, League]) -> None:
    client, league = api
    stays = league.add_site("zagreb", "HR")
    goes = join_another(league, "zagreb")
    league.store.write(note_heard, [goes], league.clock.now())
    assert texts(league, "agent.heard")[-1] == "an agent of zagreb (without hosts) is heard"
    for _ in range(int(HEARD_WITHIN.total_seconds()) + 5):
        league.step()
    record = shown(client, "zagreb")
    assert record["state"] == "partly"
    heard = {one["agent"]["metadata"]["id"]: one["agent"]["status"] for one in record["agents"]}
    assert (heard[stays.id]["isHeard"], heard[goes]["isHeard"]) == (True, False)
    (text,) = texts(league, "agent.silent")
    assert text.startswith("an agent of zagreb (without hosts) is silent")
    assert text.endswith("; 1 of the 1 other agents there are heard")


# -- adoption ---------------------------------------------------------------------------------


def adopt(client: TestClient, site: str, guest: str, name: str = "old") -> Any:
    spec = {"guest": guest, "tenant": "acme", "workspace": "shop", "name": name}
    return client.post(f"{BASE}/sites/{site}/adoptions", json={"spec": spec}, headers=OPERATOR)


def with_consent(agent: SiteAgent, *allowed: NativeId) -> None:
    consent = Consent(lambda: allowed, None)
    agent.converger = Converger(agent.driver, agent.league.clock, shelf=consent)


def test_a_guest_is_adopted_where_it_runs_once_its_site_has_let_it(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    league.step()
    (before,) = shown_hosts(client)
    native = a_pet(agent)
    _, telling = telling_of(agent)
    telling.strangers = agent.driver.strangers()
    with_consent(agent)
    for _ in range(3):
        league.step()
    (found,) = client.get(f"{BASE}/sites/zagreb/strangers", headers=OPERATOR).json()["items"]
    assert (found["native"], found["name"], found["cpus"]) == (native, "pet", 2)
    (during,) = shown_hosts(client)
    assert during["cpus"] == before["cpus"] - 2, "what it takes is not offered"
    answer = adopt(client, "zagreb", "pet")
    assert answer.status_code == 201, answer.text
    for _ in range(5):
        league.step()
    assert agent.own_guests() == []
    reason = instance(client, league, "old")["status"]["reason"]
    assert "hanza local adopt" in reason
    with agent.site.look() as site:
        powered_at = site.state.guests[native].powered_at
    with_consent(agent, native)
    league.run_until(lambda: bool(agent.own_guests()))
    for _ in range(5):
        league.step()
    (row,) = agent.own_guests()
    assert (row.native, row.power, row.powered_at) == (native, "on", powered_at)
    assert instance(client, league, "old")["status"]["state"] == "active"
    (after,) = shown_hosts(client)
    assert (after["cpus"], after["heldCpus"]) == (before["cpus"], 2)


def shown_hosts(client: TestClient) -> list[dict[str, Any]]:
    found = client.get(f"{BASE}/hosts", headers=OPERATOR).json()["items"]
    return [one["status"] for one in found]


def instance(client: TestClient, league: League, name: str) -> dict[str, Any]:
    path = f"{BASE}/tenants/acme/workspaces/shop/instances/{name}"
    answer = client.get(path, headers=bearer(league, "ana", "acme"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_an_adopted_guest_is_switched_by_its_tenant_and_given_back_when_ended(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    native = a_pet(agent)
    _, telling = telling_of(agent)
    telling.strangers = agent.driver.strangers()
    with_consent(agent, native)
    for _ in range(3):
        league.step()
    assert adopt(client, "zagreb", native).status_code == 201
    league.run_until(lambda: bool(agent.own_guests()))
    path = f"{BASE}/tenants/acme/workspaces/shop/instances/old"
    who = bearer(league, "ana", "acme")
    spec = instance(client, league, "old")["spec"]
    answer = client.put(path, json={"spec": {**spec, "power": "off"}}, headers=who)
    assert answer.status_code == 200, answer.text
    league.run_until(lambda: [row.power for row in agent.own_guests()] == ["off"])
    assert client.delete(path, headers=who).status_code in (200, 202, 204)
    league.run_until(lambda: agent.own_guests() == [])
    for _ in range(5):
        league.step()
    with agent.site.look() as site:
        assert native in site.state.guests, "what we have not made is not removed"
    assert [one["heldCpus"] for one in shown_hosts(client)] == [0]


def test_what_cannot_be_adopted_is_refused_and_nothing_is_written(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    for name in ("twin", "twin", "pet"):
        a_pet(agent, name=name)
    _, telling = telling_of(agent)
    telling.strangers = agent.driver.strangers()
    for _ in range(3):
        league.step()
    for site, guest, status in (
        ("zagreb", "nobody", 404),
        ("zagreb", "twin", 412),
        ("nowhere", "pet", 404),
    ):
        assert adopt(client, site, guest).status_code == status
    assert adopt(client, "zagreb", "pet", name="No Name").status_code == 412
    assert shown_hosts(client)[0]["heldCpus"] == 0
    assert adopt(client, "zagreb", "pet").status_code == 201
    assert adopt(client, "zagreb", "pet").status_code == 412, "the name is taken"
    spec = {"country": "HR", "image": "Adopted.fake-guest-1", "cpus": 1}
    body = {"spec": {**spec, "memoryMiB": 128, "diskMiB": 64, "power": "on"}}
    path = f"{BASE}/tenants/acme/workspaces/shop/instances/thief"
    answer = client.put(path, json=body, headers=bearer(league, "ana", "acme"))
    assert answer.status_code == 412, "no tenant can say which guest of a provider it wants"
