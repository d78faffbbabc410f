"""Policies at work in a league: an app is placed all or none, and a quote is what happens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hanza.api import apps, instances, placements
from hanza.api.calls import Answer
from hanza.engine.place import place_batch
from hanza.model.probe import Probe, Target, Trip
from hanza.plan.boot import PATIENCE
from hanza.plan.contradictions import Contradiction
from hanza.plan.placement.fleet import Fleet
from hanza.store import schema
from hanza.store.inventory import Inventory
from hanza.store.probes import GOOD_FOR, put_probe, record_trips
from hanza.store.sites import get_site
from hanza.store.tx import Tx
from hanza.store.work import take_due
from hanza.wire.app_v1 import App, app_from_yaml
from hanza.wire.places import load_cities
from kit.laws import check_laws
from kit.leagues import League, a_league
from kit.markets import MEMBERS, a_market, add_member, plain

PATH = {"tenant": "acme", "workspace": "shop"}
SPEC: dict[str, Any] = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with a_league(tmp_path) as found:
        yield found


def put(league: League, name: str, policy: dict[str, Any], **changed: Any) -> Answer:
    spec = SPEC | {"policy": policy} | changed
    body = json.dumps({"spec": spec}).encode()
    return league.call(instances.put_instance, body, instance=name, **PATH)


def sites(league: League) -> dict[str, str | None]:
    return {name: site for name, (_, _, site) in league.shown().items()}


def reason(league: League, name: str) -> str:
    document = league.call(instances.get_instance, instance=name, **PATH).document
    return str(plain(document)["status"]["reason"])


def test_the_policy_decides_where_it_runs(league: League) -> None:
    a_market(league)
    put(league, "cheap", {"residency": ["EU"], "goals": "cheapest"})
    put(league, "near", {"residency": ["EU"], "near": ["Utrecht"]})
    put(league, "lawful", {"residency": {"allow": ["EU"], "deny": ["DE", "NL"]}})
    put(league, "picky", {"providers": {"deny": ["frankfurt", "ljubljana"]}})
    league.step()
    league.step()
    assert sites(league) == {
        "cheap": "frankfurt",
        "near": "amsterdam",
        "lawful": "ljubljana",
        "picky": "amsterdam",
    }


def test_what_was_measured_decides_over_what_is_guessed(league: League) -> None:
    a_market(league)
    league.step()
    policy = {"near": [{"city": "Utrecht", "maxMs": 12}]}
    put(league, "web", policy)
    league.step()
    assert "3 not within 12 ms of Utrecht, NL" in reason(league, "web")

    utrecht = load_cities().find("Utrecht", "city")
    agent = league.agents["frankfurt"].id
    probe = Probe(Target("utr-1", "192.0.2.1", 443), utrecht)
    league.store.write(put_probe, probe, league.clock.now())
    for ms in (25.0, 9.5):
        league.store.write(record_trips, agent, [Trip("utr-1", ms)], league.clock.now())
    league.run_until(lambda: sites(league)["web"] == "frankfurt", steps=2)
    league.clock.advance(GOOD_FOR)
    league.step()
    put(league, "late", policy)
    league.step()
    assert "3 not within 12 ms of Utrecht, NL" in reason(league, "late"), "it is too old to count"


def test_an_app_is_placed_all_or_none_and_says_who_waits(league: League) -> None:
    add_member(league, "ljubljana")
    league.step()
    put(league, "web", {"residency": ["EU"]}, app="shop", component="web")
    put(league, "db", {"residency": ["DE"]}, app="shop", component="db")
    league.step()
    assert sites(league) == {"web": None, "db": None}
    expected = "all are placed as one, and db waits: none of 1 hosts may run it: 1 not in DE"
    assert reason(league, "web") == reason(league, "db") == expected
    add_member(league, "frankfurt")
    league.run_until(lambda: None not in sites(league).values())
    assert sites(league)["db"] == "frankfurt"
    check_laws(league)


def test_replicas_stand_apart_also_from_those_that_stand_already(league: League) -> None:
    a_market(league)
    policy = {"residency": ["EU"], "spread": [{"over": "site", "min": 3}], "goals": "cheapest"}
    for number in (1, 2):
        put(league, f"web-{number}", policy, app="shop", component="web")
    league.step()
    league.step()
    assert set(sites(league).values()) == {"frankfurt", "ljubljana"}
    put(league, "web-3", policy, app="shop", component="web")
    league.run_until(lambda: None not in sites(league).values())
    assert set(sites(league).values()) == set(MEMBERS)
    wider = policy | {"spread": [{"over": "site", "min": 4}]}
    with pytest.raises(Contradiction, match="4 different by site cannot be"):
        put(league, "web-4", wider, app="shop", component="web")


class Late(Inventory):
    """Its look is old: somebody fills Amsterdam right after it was taken."""

    @contextmanager
    def fleet(self, now: datetime) -> Iterator[Fleet]:
        with super().fleet(now) as fleet:
            self._store.write(_fill, "amsterdam")
            yield fleet


def test_who_loses_one_hold_gives_back_all_of_them(league: League) -> None:
    """The room of one host goes to someone faster between the look and the holds."""
    a_market(league)
    league.step()
    put(league, "a", {"residency": ["DE"]}, app="shop")
    put(league, "b", {"residency": ["NL"]}, app="shop")
    now = league.clock.now()
    batch = league.store.write(take_due, "place", 256, "wk_1", now)
    place_batch(league.store, Late(league.store), batch, now)
    held = league.store.read(lambda tx: tx.execute(sa.select(schema.holds)).all())
    assert held == [], "one of two is none"
    league.store.write(_free, "amsterdam")
    league.run_until(lambda: sites(league) == {"a": "frankfurt", "b": "amsterdam"})
    check_laws(league)


def test_a_port_that_is_taken_at_a_host_leads_to_another_site_or_to_a_reason(
    league: League,
) -> None:
    a_market(league)
    door = [{"port": 8080, "to": 80}]
    for name in ("one", "two", "three", "four"):
        put(league, name, {"residency": ["EU"], "goals": "cheapest"}, ports=door)
        league.step()
        check_laws(league)
    found = sites(league)
    assert found == {"one": "frankfurt", "two": "ljubljana", "three": "amsterdam", "four": None}
    taken = "none of 3 hosts may run it: 3 where port 8080 is taken by another guest"
    assert reason(league, "four") == taken
    league.call(instances.delete_instance, instance="two", **PATH)
    for _ in range(6):
        league.step()
        check_laws(league)
    assert sites(league) == {"one": "frankfurt", "three": "amsterdam", "four": "ljubljana"}


def _fill(tx: Tx, site: str) -> None:
    here = schema.hosts.c.site_id == get_site(tx, site).id
    tx.execute(sa.update(schema.hosts).where(here).values(held_cpus=schema.hosts.c.cpus))


def _free(tx: Tx, site: str) -> None:
    here = schema.hosts.c.site_id == get_site(tx, site).id
    tx.execute(sa.update(schema.hosts).where(here).values(held_cpus=0))


SHOP = """\
apiVersion: hanza.app/v1
name: shop
workspace: shop
policy: {residency: [EU], providers: {deny: [ljubljana]}}
components:
  - name: web
    image: tiny
    memory: 96Mi
    disk: 64Mi
    replicas: 3
    near: [Utrecht, Mainz]
  - {name: db, image: tiny, memory: 1Gi, disk: 64Mi, policy: {goals: cheapest}}
"""


def quoted(league: League, app: App) -> dict[str, str | None]:
    document = {"app": app.name, "instances": {one.name: one.spec for one in app.components}}
    answer = league.call(placements.quote, json.dumps(document).encode(), **PATH)
    return {
        one["name"]: one["placement"] and one["placement"]["site"] + "/" + one["placement"]["host"]
        for one in plain(answer.document)["items"]
    }


def placed(league: League) -> dict[str, str | None]:
    items = plain(league.call(instances.list_instances, **PATH).document)["items"]
    return {
        one["metadata"]["name"]: one["status"]["placement"]
        and one["status"]["placement"]["site"] + "/" + one["status"]["placement"]["host"]
        for one in items
    }


def apply(league: League, app: App) -> None:
    document = {"instances": {one.name: one.spec for one in app.components}}
    league.call(apps.put_app, json.dumps(document).encode(), app=app.name or "", **PATH)


@pytest.mark.parametrize("hosts", [1, 3])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("goals: cheapest", "goals: balanced, near: [Berlin]"),
        ("replicas: 3", "replicas: 6\n    policy: {spread: [{over: host, maxShare: 50}]}"),
        ("memory: 1Gi", "memory: 3Gi"),
        ("near: [Utrecht, Mainz]", "policy: {goals: {price: 1, carbon: 2}}"),
    ],
)
def test_a_plan_equals_the_apply_that_follows(
    league: League, hosts: int, old: str, new: str
) -> None:
    a_market(league, hosts)
    league.step()
    put(league, "before", {"residency": ["DE"]}, memoryMiB=1024)
    league.run_until(lambda: sites(league)["before"] is not None)
    app = app_from_yaml(SHOP.replace(old, new).encode(), "shop.yaml")
    plan = quoted(league, app)
    assert None not in plan.values()
    assert set(placed(league)) == {"before"}, "a plan changes nothing"
    apply(league, app)
    league.run_until(lambda: None not in sites(league).values())
    assert {name: place for name, place in placed(league).items() if name != "before"} == plan
    assert quoted(league, app) == plan, "what stands is quoted as it stands"
    check_laws(league)


def test_a_plan_that_is_refused_is_refused_by_the_apply_too(league: League) -> None:
    a_market(league)
    league.step()
    french = SHOP.replace("policy: {goals: cheapest}", "policy: {residency: [FR]}")
    app = app_from_yaml(french.encode(), "shop.yaml")
    assert set(quoted(league, app).values()) == {None}
    apply(league, app)
    for _ in range(3):
        league.step()
    assert set(placed(league).values()) == {None}
    assert "db waits: none of 3 hosts" in reason(league, "web-1")
    mended = app_from_yaml(SHOP.encode(), "shop.yaml")
    plan = quoted(league, mended)
    apply(league, mended)
    league.run_until(lambda: None not in sites(league).values())
    assert placed(league) == plan


def test_the_example_is_planned_as_its_words_say(league: League) -> None:
    a_market(league)
    league.step()
    file = Path(__file__).parents[2] / "examples" / "shop" / "app.yaml"
    app = app_from_yaml(file.read_bytes(), str(file))
    document = {"app": app.name, "instances": {one.name: one.spec for one in app.components}}
    answer = league.call(placements.quote, json.dumps(document).encode(), **PATH)
    found = {one["name"]: one for one in plain(answer.document)["items"]}
    assert found["web-1"]["placement"]["country"] == "SI"
    assert found["web-2"]["placement"]["country"] == "NL"
    assert found["db"]["placement"]["country"] == "DE"


def test_a_guest_that_never_boots_is_shown_so_and_heals_when_it_speaks(league: League) -> None:
    league.add_site("late", "FI", boot_after=3 * PATIENCE)
    league.step()
    league.put("mute", "FI")
    league.run_until(lambda: league.shown()["mute"][:2] == ("active", "on"))
    assert status_of(league, "mute").reason is None
    league.clock.advance(PATIENCE)
    league.run_until(lambda: status_of(league, "mute").boot == "silent")
    told = status_of(league, "mute")
    assert (told.state, told.reason_code) == ("active", "guest.silent")
    assert "may never boot" in told.reason
    league.clock.advance(3 * PATIENCE)
    league.run_until(lambda: status_of(league, "mute").boot == "seen")
    assert (status_of(league, "mute").reason, status_of(league, "mute").reason_code) == (None, None)
    assert len(league.agents["late"].own_guests()) == 1


def status_of(league: League, name: str) -> Any:
    found = league.call(instances.list_instances, tenant="acme", workspace="shop").document
    return next(one.status for one in found["items"] if one.metadata.name == name)
