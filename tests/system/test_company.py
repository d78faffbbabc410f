"""Standing beside another, in a league: apps, instances, volumes; and what contradicts itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api import apps, instances, placements, policies
from hanza.engine.place import LOOK_AGAIN_AFTER
from hanza.model.errors import Invalid
from hanza.plan.policy import Contradiction
from hanza.wire.app_v1 import app_from_yaml
from kit.laws import check_laws
from kit.leagues import League, a_league
from kit.markets import a_market, plain

PATH = {"tenant": "acme", "workspace": "shop"}
SPEC: dict[str, Any] = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
APP = """\
apiVersion: hanza.app/v1
name: shop
workspace: shop
policy: {{residency: [EU], goals: cheapest}}
components:
  - {{name: db, image: tiny, memory: 128Mi, disk: 64Mi, policy: {{residency: [NL]}}}}
  - name: web
    image: tiny
    memory: 128Mi
    disk: 64Mi
    replicas: 2
    policy: {policy}
"""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with a_league(tmp_path) as found:
        a_market(found, hosts=2)
        found.step()
        yield found
        check_laws(found)


def put(league: League, name: str, policy: dict[str, Any], **changed: Any) -> None:
    spec = SPEC | {"policy": {"residency": ["EU"], "goals": "cheapest"} | policy} | changed
    body = json.dumps({"spec": spec}).encode()
    league.call(instances.put_instance, body, instance=name, **PATH)


def app_body(policy: str) -> bytes:
    app = app_from_yaml(APP.format(policy=policy).encode(), "shop.yaml")
    return json.dumps({"instances": {one.name: one.spec for one in app.components}}).encode()


def sites(league: League) -> dict[str, str | None]:
    return {name: site for name, (_, _, site) in league.shown().items()}


def reason(league: League, name: str) -> str:
    document = league.call(instances.get_instance, instance=name, **PATH).document
    return str(plain(document)["status"]["reason"])


def test_components_stand_together_as_planned(league: League) -> None:
    body = app_body("{with: [{over: site, component: db}]}")
    asked = json.dumps(json.loads(body) | {"app": "shop"}).encode()
    planned = plain(league.call(placements.quote, asked, **PATH).document)["items"]
    league.call(apps.put_app, body, app="shop", **PATH)
    league.step()
    league.step()
    assert sites(league) == {"db": "amsterdam", "web-1": "amsterdam", "web-2": "amsterdam"}
    assert {one["name"]: one["placement"]["site"] for one in planned} == sites(league)


def test_a_component_that_is_to_stand_elsewhere_begins_anew_there(league: League) -> None:
    league.call(apps.put_app, app_body("{}"), app="shop", **PATH)
    league.step()
    league.step()
    assert sorted(str(one) for one in sites(league).values()) == [
        "amsterdam",
        "frankfurt",
        "ljubljana",
    ]
    body = app_body("{with: [{over: country, component: db}]}")
    asked = json.dumps(json.loads(body) | {"app": "shop"}).encode()
    planned = plain(league.call(placements.quote, asked, **PATH).document)["items"]
    assert {one["name"]: one["change"] for one in planned} == {
        "db": "none",
        "web-1": "replace",
        "web-2": "replace",
    }
    assert planned[1]["says"] == (
        "it is not at the country of component db, and its new policy says otherwise"
    )
    league.call(apps.put_app, body, app="shop", **PATH)
    league.run_until(lambda: set(sites(league).values()) == {"amsterdam"})


def test_an_instance_stands_where_another_or_its_volume_does_and_waits_for_it(
    league: League,
) -> None:
    put(league, "side", {"with": [{"over": "site", "instance": "db"}]})
    put(league, "near", {"with": [{"over": "host", "volume": "db/data"}]})
    league.step()
    assert reason(league, "side") == (
        "none of 6 hosts may run it: 6 of no use while db, which it is to stand beside,"
        " has no place"
    )
    assert "volume db/data, which it is to stand beside, has no place" in reason(league, "near")
    disks = [{"name": "data", "sizeMiB": 8}]
    put(league, "db", {"residency": ["SI"]}, volumes=disks)
    league.step()
    league.clock.advance(LOOK_AGAIN_AFTER + timedelta(seconds=1))
    league.step()
    league.step()
    assert set(sites(league).values()) == {"ljubljana"}


def test_who_stands_apart_since_a_policy_is_kept_is_named(league: League) -> None:
    put(league, "db", {"residency": ["SI"]})
    put(league, "web", {"residency": ["NL"]})
    league.step()
    league.step()
    body = {"spec": {"with": [{"over": "site", "instance": "db"}]}}
    kept = league.call(policies.put_policy, json.dumps(body).encode(), **PATH).document
    (violation,) = plain(kept)["status"]["violations"]
    assert violation["sentence"] == (
        "web at amsterdam violates the policy of workspace shop: it is not at the site of db"
    )
    assert violation["rule"] == "with"


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (
            {"near": [{"city": "Ljubljana", "maxMs": 5}, {"city": "Lisbon, PT", "maxMs": 5}]},
            "near: light in fibre needs",
        ),
        ({"spread": [{"over": "country", "min": 30}]}, "30 different by country cannot be: 27"),
        ({"caps": {"price": 0}}, "price: nothing costs 0 euro"),
        ({"residency": {"allow": ["DE"], "deny": ["DE"]}}, "residency: nothing is left"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_written(
    league: League, policy: dict[str, Any], says: str
) -> None:
    for _ in range(2):
        with pytest.raises(Contradiction) as refusal:
            put(league, "web", policy)
        assert refusal.value.code == "policy.contradiction"
        assert says in refusal.value.text
    body = json.dumps({"spec": {"residency": ["EU"]} | policy}).encode()
    with pytest.raises(Contradiction):
        league.call(policies.put_policy, body, **PATH)
    assert league.shown() == {}


def test_a_spread_over_more_than_there_is_is_refused_and_a_kept_one_doubted(
    league: League,
) -> None:
    spread = {"spread": [{"over": "provider", "min": 4}]}
    kept = league.call(policies.put_policy, json.dumps({"spec": spread}).encode(), **PATH).document
    (warning,) = (one for one in plain(kept)["status"]["warnings"] if "spread" in one)
    assert warning.startswith("the federation has 3 different by provider")
    body = app_body("{spread: [{over: site, min: 2}]}")
    with pytest.raises(Contradiction):
        league.call(apps.put_app, body, app="shop", **PATH)
    league.call(policies.delete_policy, **PATH)
    league.call(apps.put_app, body, app="shop", **PATH)


def test_a_component_that_no_app_has_is_refused_wherever_it_is_said(league: League) -> None:
    beside = {"with": [{"over": "site", "component": "dbs"}]}
    with pytest.raises(Invalid, match="there is no component dbs to stand beside"):
        put(league, "web", beside)
    with pytest.raises(Invalid, match="there is no component dbs to stand beside"):
        league.call(policies.put_policy, json.dumps({"spec": beside}).encode(), **PATH)
    with pytest.raises(Invalid, match="there is no component dbs") as refusal:
        app_body("{with: [{over: site, component: dbs}]}")
    assert str(refusal.value.field).startswith("shop.yaml:7:")
    body = app_body("{with: [{over: site, component: db}]}").replace(b'"db"', b'"dbs"', 1)
    named = json.loads(body)
    del named["instances"]["dbs"]
    with pytest.raises(Invalid, match="there is no component db to"):
        league.call(apps.put_app, json.dumps(named).encode(), app="shop", **PATH)
    assert league.shown() == {}
