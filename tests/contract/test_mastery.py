"""A provider is master of its own: who acts for it, what it says, what follows, for whom not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api.gate import CallLimits
from hanza.api.routes import BASE, OF_PROVIDERS
from hanza.engine.alerting import send_due
from hanza.kit.buckets import Rate
from hanza.model.access import Scope
from hanza.model.capacity import Capacity
from hanza.store.holds import give_room, take_room
from hanza.store.hosts import list_hosts
from hanza.store.retention import Retention, forget_old
from hanza.wire.tokens import Bearer
from kit.apis import OPERATOR, an_api
from kit.laws import check_laws
from kit.leagues import START, League

SHOP = BASE + "/tenants/acme/workspaces/shop"
BERLIN, PARIS = BASE + "/providers/berlin", BASE + "/providers/paris"
DAY = timedelta(days=1)
HOOK = {"url": "https://alerts.example/hanza"}


class World:
    """A league of two providers with a site each, and people with tokens."""

    def __init__(self, client: Any, league: League) -> None:
        self.client, self.league = client, league

    def ask(self, by: str, method: str, path: str, spec: Any = None, status: int = 200) -> Any:
        body = None if spec is None else {"spec": spec}
        headers = OPERATOR if by == "operator" else self.token(by)
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def token(self, subject: str, scope: Scope | None = None) -> dict[str, str]:
        now = self.league.clock.now()
        good = Bearer(subject, ("acme",), now + timedelta(hours=1), scope)
        return {"authorization": f"Bearer {self.league.plane.issuer.issue(good, now)}"}

    def run(self, name: str, status: int = 201) -> None:
        spec = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
        self.ask("operator", "PUT", f"{SHOP}/instances/{name}", spec, status)
        self.live()

    def live(self, steps: int = 4) -> None:
        for _ in range(steps):
            self.league.step()
        check_laws(self.league)

    def place_of(self, name: str) -> tuple[str | None, str | None]:
        found = self.ask("operator", "GET", f"{SHOP}/instances/{name}")["status"]
        return (found["placement"] or {}).get("site"), found.get("reason")

    def act(self, act: str, by: str = "boss", status: int = 200, **more: Any) -> Any:
        where = more.pop("where", {"site": ["berlin"]})
        spec = {"act": act, "where": where, **more}
        return self.ask(by, "POST", BERLIN + "/site-acts", spec, status)

    def kinds(self, path: str = BERLIN, by: str = "boss") -> list[str]:
        return [one["kind"] for one in self.ask(by, "GET", path + "/events")["items"]]

    def told(self, kind: str) -> list[str]:
        """What the tenant acme was told."""
        events = self.ask("operator", "GET", BASE + "/tenants/acme/events")["items"]
        return [one["text"] for one in events if one["kind"] == kind]

    def iso(self, after: timedelta) -> str:
        return (self.league.clock.now() + after).isoformat()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


@contextmanager
def a_world(folder: Path, url: str | None = None) -> Iterator[World]:
    limits = CallLimits(Rate(1e6, 10**6), Rate(1e6, 10**6))
    with an_api(folder, url=url, calls=limits) as (client, league):
        league.add_site("berlin", "DE")
        league.add_site("paris", "FR")
        made = World(client, league)
        made.ask("operator", "PUT", BASE + "/tenants/acme", None, 201)
        made.ask("operator", "PUT", BERLIN + "/users/boss", {"role": "admin"}, 201)
        made.ask("boss", "PUT", BERLIN + "/users/clerk", {"role": "viewer"}, 201)
        made.live(2)
        yield made


def test_an_admin_changes_a_viewer_looks_and_nobody_elses_is_anybodys(world: World) -> None:
    for route in OF_PROVIDERS:
        names = {
            "{user}": "zed",
            "{site}": "berlin",
            "{window}": "x",
            "{period}": "x",
            "{agent}": "x",
        }
        path = route.path
        for name, value in names.items():
            path = path.replace(name, value)
        for who, provider, may in (
            ("boss", "berlin", True),
            ("clerk", "berlin", route.method == "GET"),
            ("boss", "paris", False),
            ("clerk", "paris", False),
            ("stranger", "berlin", False),
        ):
            asked = path.replace("{provider}", provider)
            answer = world.client.request(route.method, asked, headers=world.token(who))
            assert (answer.status_code != 403) == may, (route.method, asked, who, answer.text)


def test_a_site_of_another_is_not_there_whatever_it_is_asked(world: World) -> None:
    world.ask("boss", "GET", BERLIN + "/sites/paris/drain-plan", status=404)
    for own in ("", "/export", "/strangers"):
        world.ask("boss", "GET", f"{BERLIN}/sites/paris{own}", status=404)
    assert world.ask("clerk", "GET", BERLIN + "/sites/berlin")["state"] == "steady"
    assert world.ask("clerk", "GET", BERLIN + "/sites/berlin/strangers")["items"] == []
    world.ask("boss", "PUT", BERLIN + "/sites/paris/hours", {"open": []}, 404)
    world.act("cordon", where={"site": ["paris"]}, status=404)
    assert world.act("cordon", where={"country": ["FR"]})["matched"] == 0
    assert world.act("cordon", where={}, all=True)["matched"] == 1
    names = {one["spec"]["site"] for one in world.ask("boss", "GET", BERLIN + "/hosts")["items"]}
    assert names == {"berlin"}
    assert [
        one["spec"]["site"] for one in world.ask("clerk", "GET", BERLIN + "/agents")["items"]
    ] == ["berlin"]


def test_a_token_for_things_of_tenants_does_not_act_for_a_provider(world: World) -> None:
    narrow = world.token("boss", Scope(workspaces=frozenset({"shop"})))
    answer = world.client.get(BERLIN + "/terms", headers=narrow)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_words_and_moments_that_nothing_can_be_made_of_are_refused(world: World) -> None:
    world.act("cordon", why="new\0racks", status=412)
    world.act("drain", at="0001-01-01T00:00:00+14:00", status=412)
    far = {"from": "2026-05-01T00:00:00Z", "until": "9999-12-31T23:59:59-12:00", "text": "x"}
    world.ask("boss", "POST", BERLIN + "/sites/berlin/maintenance", far, 412)
    never = {"prices": None, "from": "9999-12-31T23:59:59-12:00"}
    world.ask("boss", "POST", BERLIN + "/prices", never, 412)
    assert world.ask("boss", "POST", BERLIN + "/prices", {"prices": None}, 201)["prices"] is None


def test_a_token_may_be_for_a_provider_alone_for_who_acts_for_it(world: World) -> None:
    spec = {"subject": "boss", "providers": ["berlin"], "validForSeconds": 60}
    token = world.ask("operator", "POST", BASE + "/tokens", spec, 201)["token"]
    by = {"authorization": f"Bearer {token}"}
    assert world.client.get(BERLIN + "/terms", headers=by).status_code == 200
    assert world.client.get(SHOP + "/instances", headers=by).status_code == 404
    world.ask("operator", "POST", BASE + "/tokens", spec | {"providers": ["paris"]}, 412)


def test_a_provider_invites_and_refuses_its_own_agents_and_nobody_elses(world: World) -> None:
    agents = {name: one.id for name, one in world.league.agents.items()}
    world.ask("boss", "POST", BERLIN + "/sites/paris/join-tokens", status=404)
    assert world.ask("boss", "POST", BERLIN + "/sites/berlin/join-tokens", status=201)["token"]
    for act in ("trust", "revoke"):
        world.ask("boss", "POST", f"{BERLIN}/agents/{agents['paris']}/{act}", status=404)
    world.ask("boss", "POST", f"{BERLIN}/agents/{agents['berlin']}/trust", status=202)
    world.ask("boss", "POST", f"{BERLIN}/agents/{agents['berlin']}/revoke")
    (agent,) = world.ask("boss", "GET", BERLIN + "/agents")["items"]
    assert agent["status"]["revokedAt"] is not None


def test_who_is_removed_acts_no_more_at_the_very_next_request(world: World) -> None:
    world.ask("boss", "PUT", BERLIN + "/users/clerk", {"role": "viewer"}, 200)
    world.ask("boss", "PUT", BERLIN + "/users/clerk", {"role": "admin"}, 200)
    world.ask("clerk", "DELETE", BERLIN + "/users/boss", status=202)
    world.ask("boss", "GET", BERLIN + "/users", status=403)
    assert [one["subject"] for one in world.ask("clerk", "GET", BERLIN + "/users")["items"]] == [
        "clerk"
    ]
    world.ask("clerk", "DELETE", BERLIN + "/users/boss", status=404)
    world.ask("clerk", "PUT", BERLIN + "/users/corp:zed", {"role": "admin"}, 412)


def test_what_is_cordoned_takes_nothing_new_says_why_and_keeps_what_it_has(world: World) -> None:
    world.run("a")
    assert world.act("cordon", why="a disk is odd")["changed"] == 1
    assert world.act("cordon", why="a disk is odd")["changed"] == 0, "twice is once"
    world.run("b")
    assert world.place_of("a")[0] == "berlin"
    site, _ = world.place_of("b")
    assert site is None
    why = world.ask("operator", "GET", f"{SHOP}/instances/b/placement")["explanation"]["losers"]
    lacks = [one["text"] for loser in why for one in loser["lacks"]]
    assert "is cordoned by its provider: a disk is odd" in lacks
    (own,) = world.ask("clerk", "GET", BERLIN + "/sites")["items"]
    assert (own["isOffered"], own["reasons"][0]["code"]) == (False, "site.cordoned")
    world.act("uncordon")
    world.live()
    assert world.place_of("b")[0] == "berlin"
    assert [k for k in world.kinds() if k.startswith("site.") and "added" not in k] == [
        "site.withheld",
        "site.cordoned",
        "site.offered",
        "site.uncordoned",
    ]


def test_a_hold_is_refused_by_the_store_itself_where_a_decision_came_too_late(world: World) -> None:
    # The plane's hosts in memory are of before: only the guarded update may refuse.
    world.act("cordon")
    (host,) = [one for one, site in world.league.store.read(list_hosts) if site == "berlin"]
    assert not host.is_offered
    assert world.league.store.write(take_room, host.id, Capacity(1, 1, 1)) is None
    world.act("uncordon")
    assert world.league.store.write(take_room, host.id, Capacity(1, 1, 1)) is not None
    world.league.store.write(give_room, host.id, Capacity(1, 1, 1))


def test_a_rehearsal_says_what_would_be_and_changes_nothing(world: World) -> None:
    shown = world.act("drain", dryRun=True, at=world.iso(DAY))
    assert (shown["dryRun"], shown["matched"], shown["changed"]) == (True, 1, 1)
    assert shown["items"][0]["site"]["reasons"][0]["code"] == "site.draining"
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]
    assert world.act("drain", expect=2, status=412) is not None
    assert world.act("cordon", where={}, status=412) is not None


def test_a_drain_refuses_what_is_new_tells_everybody_and_says_how_far_it_is(world: World) -> None:
    world.run("a")
    world.act("drain", at=world.iso(timedelta(seconds=40)), why="new racks")
    assert world.act("drain", at=world.iso(-DAY), status=412)
    (text,) = world.told("site.draining")
    assert text.startswith("berlin is being emptied until 2026-01-01")
    drain = world.ask("clerk", "GET", BERLIN + "/sites")["items"][0]["drain"]
    assert (drain["beganWith"], drain["left"]) == (1, 1)
    plan = world.ask("boss", "GET", BERLIN + "/sites/berlin/drain-plan")
    assert plan["instances"] == 1
    world.live(75)
    assert world.kinds().count("site.drain_late") == 1, "told once, when the deadline has passed"
    assert world.place_of("a")[0] == "berlin", "nothing is ended for it"
    world.ask("operator", "DELETE", f"{SHOP}/instances/a", status=202)
    world.live(40)
    assert world.kinds().count("site.drained") == 1
    world.act("undrain")
    assert world.act("undrain")["changed"] == 0
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]


def test_a_site_leaves_only_when_it_is_empty_or_its_tenants_were_told_in_time(world: World) -> None:
    world.run("a")
    refused = world.act("leave", status=412)
    assert refused["code"] == "site.holds_guests"
    assert "of acme" in refused["detail"]
    assert "shop" not in refused["detail"]
    short = world.act("leave", at=world.iso(DAY), status=412)
    assert short["code"] == "notice.short"
    world.act("leave", at=world.iso(15 * DAY), why="the shop closes")
    assert len(world.told("site.leaving")) == 1
    assert world.act("leave", at=world.iso(14 * DAY), status=412)["code"] == "notice.short", (
        "who was told a day is not told an earlier one"
    )
    assert world.act("leave", status=412)["code"] == "site.holds_guests"
    world.act("stay")
    assert len(world.told("site.staying")) == 1
    world.act("leave", at=world.iso(15 * DAY))
    world.league.clock.advance(15 * DAY)
    export = world.ask("boss", "GET", BERLIN + "/sites/berlin/export")
    assert [one["tenant"] for one in export["guests"]] == ["acme"]
    assert export["hosts"][0]["spec"]["site"] == "berlin"
    assert {"site.added", "site.leaving"} <= {one["kind"] for one in export["events"]}
    assert world.act("leave")["changed"] == 1
    assert world.act("leave")["changed"] == 0
    assert world.act("cordon", status=412)["code"] == "site.left"
    (agent,) = world.ask("boss", "GET", BERLIN + "/agents")["items"]
    assert agent["status"]["revokedAt"] is not None
    names = {one["metadata"]["name"] for one in world.ask("boss", "GET", BASE + "/sites")["items"]}
    assert names == {"paris"}
    again = world.ask("operator", "POST", BASE + "/sites/berlin/join-tokens", status=412)
    assert again["code"] == "site.left"
    assert world.ask("boss", "GET", BERLIN + "/sites/berlin/export")["standing"]["leftAt"]


def test_an_empty_site_leaves_at_once_and_is_in_the_way_of_no_bulk(world: World) -> None:
    assert world.act("leave")["items"][0]["site"]["leftAt"] is not None
    assert world.act("cordon", where={}, all=True)["matched"] == 0
    assert world.act("cordon", where={"country": ["DE"]})["matched"] == 0
    assert world.act("cordon", status=412)["code"] == "site.left"


def test_hours_and_maintenance_are_said_of_many_sites_at_once_or_of_none(world: World) -> None:
    place = {"country": "PL", "city": "Sopot", "latitude": 54.4, "longitude": 18.6}
    for name in ("sopot-1", "sopot-2"):
        spec = place | {"provider": "berlin", "class": "store"}
        world.ask("operator", "PUT", f"{BASE}/sites/{name}", spec, 201)
    stores = {"where": {"country": ["PL"], "class": ["store"]}}
    closed = stores | {"hours": {"open": ["sun 09:00-17:00"]}}
    assert world.act("hours", **closed, dryRun=True)["changed"] == 2
    done = world.act("hours", **closed, expect=2)
    assert [one["site"]["reasons"][0]["code"] for one in done["items"]] == ["site.closed"] * 2
    assert world.act("hours", **closed)["changed"] == 0, "twice is once"
    assert world.act("hours", **stores, hours={"open": ["some day"]}, status=412)
    window = {"from": world.iso(2 * DAY), "until": world.iso(3 * DAY), "text": "new fans"}
    said = stores | {"window": window}
    for wrong in ({"window": window | {"from": world.iso(DAY / 2)}}, {"expect": 3}):
        world.act("maintenance", **said | wrong, status=412)
    first, other = world.act("maintenance", **said)["items"]
    ids = {one["site"]["maintenance"][0]["id"] for one in (first, other)}
    assert len(ids) == 2
    assert world.act("maintenance", **said)["changed"] == 0, "twice is once"
    for one in ids & {first["site"]["maintenance"][0]["id"]}:
        world.ask("boss", "DELETE", f"{BERLIN}/sites/sopot-1/maintenance/{one}", status=202)
    for wrong in ({"act": "cordon", "hours": {}}, {"act": "hours"}, {"act": "maintenance"}):
        world.act(wrong.pop("act"), **stores, **wrong, status=412)


def test_a_provider_that_pauses_offers_nothing_anywhere_until_it_resumes(world: World) -> None:
    dry = world.ask("boss", "POST", BERLIN + "/suspend", {"why": "holidays", "dryRun": True})
    assert (dry["changed"], dry["sites"]) == (True, 1)
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]
    assert world.ask("boss", "POST", BERLIN + "/suspend", {"why": "holidays"})["changed"]
    assert not world.ask("boss", "POST", BERLIN + "/suspend", {"why": "holidays"})["changed"]
    place = {"country": "DE", "city": "Bonn", "latitude": 50.7, "longitude": 7.1}
    world.ask("operator", "PUT", BASE + "/sites/bonn", place | {"provider": "berlin"}, 201)
    for site in world.ask("boss", "GET", BERLIN + "/sites")["items"]:
        (reason,) = site["reasons"]
        assert reason["code"] == "provider.suspended"
        assert reason["text"] == "is of a provider that takes a pause: holidays"
    assert world.ask("boss", "POST", BERLIN + "/resume", {})["changed"]
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]


def test_outside_of_its_hours_a_site_takes_nothing_new_and_within_them_again(world: World) -> None:
    # The league begins on Thursday, 1 January, at midnight UTC: an hour after that in Zagreb.
    hours = {"zone": "Europe/Zagreb", "open": ["thu 00:00-01:02", "fri 09:00-17:00"]}
    closed = {"spec": {"open": ["sun 09:00-17:00"]}, "dryRun": True}
    shown = world.client.put(
        BERLIN + "/sites/berlin/hours", json=closed, headers=world.token("boss")
    ).json()
    assert (shown["isOffered"], shown["reasons"][0]["code"]) == (False, "site.closed")
    world.ask("boss", "PUT", BERLIN + "/sites/berlin/hours", hours)
    world.ask("boss", "PUT", BERLIN + "/sites/berlin/hours", hours)
    world.ask("boss", "PUT", BERLIN + "/sites/berlin/hours", {"open": ["some day"]}, 412)
    world.ask("boss", "PUT", BERLIN + "/sites/berlin/hours", {"zone": "Mars/Base"}, 412)
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]
    world.league.clock.advance(timedelta(minutes=2))
    world.live(2)
    world.run("a")
    assert world.place_of("a")[0] is None
    world.league.clock.advance(timedelta(days=1, hours=8))
    world.live(35)
    assert world.place_of("a")[0] == "berlin"
    assert world.kinds().count("site.hours_set") == 1


def test_maintenance_is_announced_ahead_told_to_whom_it_concerns_and_comes_true(
    world: World,
) -> None:
    world.run("a")
    path = BERLIN + "/sites/berlin/maintenance"
    window = {"from": world.iso(2 * DAY), "until": world.iso(3 * DAY), "text": "new fans"}
    soon = window | {"from": world.iso(timedelta(hours=1))}
    assert world.ask("boss", "POST", path, soon, 412)["code"] == "notice.short"
    world.ask("boss", "POST", path, window | {"until": world.iso(DAY)}, 412)
    rehearsal = {"spec": window, "dryRun": True}
    answer = world.client.post(path, json=rehearsal, headers=world.token("boss"))
    assert answer.status_code == 201
    assert world.told("site.maintenance_announced") == []
    made = world.ask("boss", "POST", path, window, 201)
    assert world.ask("boss", "POST", path, window, 201)["id"] == made["id"], "twice is once"
    (told,) = world.told("site.maintenance_announced")
    assert told.endswith("UTC: new fans")
    assert "boss" not in told
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]
    world.league.clock.advance(2 * DAY)
    world.live(1)
    (site,) = world.ask("boss", "GET", BERLIN + "/sites")["items"]
    assert site["reasons"][0]["code"] == "site.maintenance"
    world.ask("boss", "DELETE", f"{path}/{made['id']}", status=202)
    assert world.ask("boss", "GET", BERLIN + "/sites")["items"][0]["isOffered"]
    assert len(world.told("site.maintenance_cancelled")) == 1
    urgent = soon | {"from": world.iso(timedelta(0)), "until": world.iso(DAY), "urgent": True}
    world.ask("boss", "POST", path, urgent, 201)
    assert "urgent maintenance" in world.told("site.maintenance_announced")[-1]


def prices(cpu: int) -> dict[str, int]:
    return {"cpuHour": cpu, "gibHour": 0, "diskGibHour": 0}


def asked_now(world: World) -> Any:
    (one,) = [
        one
        for one in world.ask("boss", "GET", BASE + "/providers")["items"]
        if one["metadata"]["name"] == "berlin"
    ]
    return one["spec"]["prices"]


def test_what_was_asked_when_it_came_is_its_price_and_what_comes_is_announced(world: World) -> None:
    path = BERLIN + "/prices"
    world.ask("boss", "POST", path, {"prices": prices(1000)}, 201)
    world.run("a")
    later = {"prices": prices(5000), "from": world.iso(2 * DAY)}
    made = world.ask("boss", "POST", path, later, 201)
    assert world.ask("boss", "POST", path, later, 201)["id"] == made["id"]
    assert len(world.told("prices.announced")) == 1
    past = {"prices": prices(1), "from": world.iso(-DAY)}
    world.ask("boss", "POST", path, past, 412)
    spec = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 64, "diskMiB": 64}
    body = {"instances": {"q": spec}}
    quote = world.client.post(f"{SHOP}/quotes", json=body, headers=OPERATOR).json()
    (line,) = [one for one in quote["items"] if one["name"] == "q"]
    assert line["pricePerMonth"] == 730_000
    assert line["priceUntil"] == later["from"].replace("+00:00", "Z")
    world.league.clock.advance(2 * DAY)
    world.live(2)
    world.run("b")
    guests = world.ask("clerk", "GET", BERLIN + "/guests")["items"]
    assert sorted(one["pricePerMonth"] for one in guests) == [730_000, 3_650_000]
    assert {frozenset(one) & {"name", "policy", "address"} for one in guests} == {frozenset()}
    own = world.ask("operator", "GET", f"{SHOP}/instances/a/placement")["agreed"]
    assert own["pricePerMonth"] == 730_000
    counting = [one["id"] for one in world.ask("boss", "GET", path)["items"] if one["counts"]]
    assert counting == [made["id"]]
    world.ask("boss", "DELETE", f"{path}/{made['id']}", status=412)
    gone = world.ask("boss", "POST", path, later | {"from": world.iso(DAY)}, 201)
    world.ask("boss", "DELETE", f"{path}/{gone['id']}", status=202)
    world.ask("boss", "DELETE", f"{path}/{gone['id']}", status=404)
    assert asked_now(world) == prices(5000)


def test_too_many_endings_wait_at_the_agent_until_somebody_confirms_just_those(
    world: World,
) -> None:
    world.league.add_site("zagreb", "HR", hosts=2)
    world.live(2)
    names = [f"g{n:02d}" for n in range(12)]
    spec = {"country": "HR", "image": "tiny", "cpus": 1, "memoryMiB": 64, "diskMiB": 64}
    for name in names:
        world.ask("operator", "PUT", f"{SHOP}/instances/{name}", spec, 201)
    world.live(5)
    zagreb = world.league.agents["zagreb"]
    assert len(zagreb.own_guests()) == 12
    for name in names[:11]:
        world.ask("operator", "DELETE", f"{SHOP}/instances/{name}", status=202)
    world.live(5)
    assert len(zagreb.own_guests()) == 12, "eleven of twelve are not ended just like that"
    path = BASE + "/providers/zagreb"
    (site,) = world.ask("operator", "GET", path + "/sites")["items"]
    assert site["heldEndings"] == 11
    assert world.kinds(path, "operator").count("agent.braked") == 1
    confirm = path + "/sites/zagreb/confirm"
    assert world.ask("operator", "POST", confirm, {"dryRun": True})["confirmed"] == 0
    moved = world.ask("operator", "POST", confirm, {"expect": 3}, 412)
    assert moved["code"] == "selection.moved"
    assert world.ask("operator", "POST", confirm, {"expect": 11})["confirmed"] == 11
    assert world.ask("operator", "POST", confirm, {})["confirmed"] == 0
    world.live(6)
    assert [one.spec.name for one in zagreb.own_guests()] == [names[11]]
    assert world.kinds(path, "operator")[-1] == "agent.unbraked"


def test_the_operator_acts_on_sites_of_all_providers_at_once_or_on_none(world: World) -> None:
    path = BASE + "/site-acts"
    world.ask("boss", "POST", path, {"act": "cordon", "all": True}, 403)
    seen = world.ask("operator", "POST", path, {"act": "cordon", "all": True, "dryRun": True})
    assert (seen["matched"], seen["changed"]) == (2, 2)
    some = {"act": "cordon", "where": {"country": ["DE", "FR"]}}
    moved = world.ask("operator", "POST", path, some | {"expect": 3}, 412)
    assert moved["code"] == "selection.moved"
    assert world.ask("operator", "POST", path, some | {"expect": 2})["changed"] == 2
    world.ask("operator", "POST", path, some | {"act": "leave"})
    one = {"act": "uncordon", "where": {"site": ["berlin", "nowhere"]}}
    world.ask("operator", "POST", path, one, 404)


def test_each_word_of_a_provider_is_kept_by_both_databases(
    tmp_path: Path, database_url: str
) -> None:
    with a_world(tmp_path, database_url) as world:
        world.ask("operator", "PUT", BASE + "/alert-hooks/pager", HOOK, 201)
        world.run("a")
        world.act("cordon", why="x")
        world.act("drain", at=world.iso(timedelta(seconds=30)))
        world.act("leave", at=world.iso(15 * DAY))
        site = BERLIN + "/sites/berlin"
        world.ask("boss", "PUT", site + "/hours", {"open": ["daily 09:00-10:00"]})
        window = {"from": world.iso(2 * DAY), "until": world.iso(3 * DAY), "text": "new fans"}
        world.ask("boss", "POST", site + "/maintenance", window, 201)
        world.ask("boss", "POST", BERLIN + "/suspend", {})
        world.ask("boss", "POST", BERLIN + "/prices", {"prices": prices(1)}, 201)
        world.live(70)
        (own,) = world.ask("clerk", "GET", BERLIN + "/sites")["items"]
        assert [one["code"] for one in own["reasons"]] == [
            "site.leaving",
            "provider.suspended",
            "site.draining",
            "site.cordoned",
            "site.closed",
        ]
        assert (own["holds"], own["drain"]["left"], len(own["maintenance"])) == (1, 1, 1)
        told = send_due(world.league.store, world.league.clock, "fe", lambda *_: None)
        assert told == 1, "the drain is late"
        world.league.clock.advance(15 * DAY)
        assert world.act("leave")["changed"] == 1
        assert world.ask("clerk", "GET", site + "/export")["standing"]["leftAt"] is not None
        assert world.league.store.write(forget_old, Retention(events=3), START) > 0
