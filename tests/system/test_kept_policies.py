"""Policies that a tenant keeps: held against each other, bound everything, and what runs is named.

Over HTTP, on both databases, with fake engines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from kit.apis import OPERATOR, an_api, bearer
from kit.laws import check_laws
from kit.leagues import League
from kit.markets import a_market, describe_member
from kit.standard import Asker

TENANT = BASE + "/tenants/acme"
SHOP = TENANT + "/workspaces/shop"
SPEC = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}


@dataclass(frozen=True)
class Desk:
    """Somebody of one tenant at a league with three members."""

    client: TestClient
    league: League
    tenant: str = "acme"

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> Any:
        by = bearer(self.league, "ana", self.tenant)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, json=document, headers=by | more)

    def keep(self, path: str, **policy: Any) -> Any:
        return self.ask("PUT", path + "/policy", {"spec": policy})

    def put(self, name: str, **policy: Any) -> Any:
        document = {"spec": SPEC | {"policy": policy or {"residency": ["EU"]}}}
        return self.ask("PUT", f"{SHOP}/instances/{name}", document)

    def run(self, name: str, **policy: Any) -> str:
        """Have it, and say where it is."""
        assert self.put(name, **policy).status_code == 201
        self.league.run_until(lambda: self.league.shown()[name][0] == "active")
        return str(self.league.shown()[name][2])

    def violations(self) -> list[str]:
        return [one["sentence"] for one in self.ask("GET", TENANT + "/violations").json()["items"]]

    def events(self, kind: str) -> list[str]:
        items = self.ask("GET", TENANT + "/events").json()["items"]
        return [one["text"] for one in items if one["kind"] == kind]


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with an_api(tmp_path, url=database_url) as (client, league):
        a_market(league)
        league.step()
        yield Desk(client, league)


def test_a_policy_is_kept_shown_changed_and_removed(desk: Desk) -> None:
    missing = desk.ask("GET", TENANT + "/policy")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    made = desk.keep(TENANT, residency=["EU"], providers={"deny": ["frankfurt"]})
    assert made.status_code == 201
    assert made.json()["metadata"]["generation"] == 1
    again = desk.keep(TENANT, residency=["EU"], providers={"deny": ["frankfurt"]})
    assert (again.status_code, again.json()) == (200, made.json())
    assert desk.events("policy.set") == ["the policy of tenant acme was set"]
    assert desk.ask("GET", TENANT + "/policy").json() == made.json()
    inner = desk.keep(SHOP, residency=["DE", "NL"]).json()
    assert inner["spec"] == {"residency": {"allow": ["DE", "NL"]}}
    assert inner["status"]["effective"]["providers"] == {"deny": ["frankfurt"]}
    assert inner["status"]["effective"]["residency"] == {"allow": ["DE", "NL"]}
    assert desk.ask("DELETE", TENANT + "/policy").status_code == 202
    assert desk.ask("DELETE", TENANT + "/policy").status_code == 404
    assert desk.ask("GET", SHOP + "/policy").json()["status"]["effective"] == inner["spec"]


def test_who_was_faster_is_not_written_over(desk: Desk) -> None:
    body = {"spec": {"residency": ["DE"]}}
    other = {"spec": {"residency": ["NL"]}}
    path = SHOP + "/policy"
    assert desk.ask("PUT", path, body, if_match="1").json()["code"] == "outdated"
    assert desk.ask("PUT", path, body, if_match="*").json()["code"] == "outdated"
    assert desk.ask("PUT", path, body, if_none_match="*").status_code == 201
    assert desk.ask("PUT", path, body, if_none_match="*").json()["code"] == "outdated"
    changed = desk.ask("PUT", path, other, if_match='"1"')
    assert changed.json()["metadata"]["generation"] == 2
    assert desk.ask("PUT", path, body, if_match='"1"').status_code == 412
    assert desk.ask("DELETE", path, if_match="1").json()["code"] == "outdated"
    assert desk.ask("PUT", path, other, if_match="*").status_code == 200
    for wrong in ({"if_match": "new"}, {"if_none_match": "2"}):
        assert desk.ask("PUT", path, body, **wrong).json()["code"] == "invalid"
    assert desk.ask("DELETE", path, if_match="2").status_code == 202


def test_what_contradicts_the_level_above_or_below_is_refused_and_named(desk: Desk) -> None:
    assert desk.keep(TENANT, residency=["DE", "NL"]).status_code == 201
    wrong = desk.keep(SHOP, residency=["FR"])
    assert (wrong.status_code, wrong.json()["code"]) == (412, "policy.contradiction")
    assert "tenant acme says allow DE, NL; workspace shop says allow FR" in wrong.json()["detail"]
    assert desk.ask("GET", SHOP + "/policy").status_code == 404
    assert desk.keep(SHOP, residency=["NL"]).status_code == 201
    above = desk.keep(TENANT, residency=["DE"])
    assert above.json()["code"] == "policy.contradiction"
    assert desk.ask("GET", TENANT + "/policy").json()["metadata"]["generation"] == 1
    refused = desk.put("db", residency=["DE"])
    assert refused.json()["code"] == "policy.contradiction"
    assert "workspace shop says allow NL; db says allow DE" in refused.json()["detail"]
    quoted = desk.ask(
        "POST",
        SHOP + "/quotes",
        {"instances": {"db": SPEC | {"policy": {"residency": ["DE"]}}}},
    )
    assert quoted.json()["code"] == "policy.contradiction"
    assert desk.ask("GET", TENANT + "/instances").json() == {"items": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body"),
        ({"spec": {"surprise": 1}}, "/body"),
        ({"spec": {"residency": ["Atlantis"]}}, "/spec/residency[0]"),
        ({"spec": {"near": ["Atlantis"]}}, "/spec/near[0]"),
        ({"spec": {}, "surprise": 1}, "/body"),
    ],
)
def test_a_policy_that_is_none_is_refused(desk: Desk, body: Any, pointer: str) -> None:
    answer = desk.ask("PUT", TENANT + "/policy", body)
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    assert answer.json()["sources"][0]["pointer"] == pointer
    assert desk.ask("GET", TENANT + "/policy").status_code == 404
    odd = desk.ask("PUT", TENANT + "/policy?dryRun=maybe", {"spec": {}})
    assert (odd.status_code, odd.json()["code"]) == (400, "bad_query")
    assert desk.ask("PUT", f"{TENANT}/workspaces/No/policy", {"spec": {}}).status_code == 412


def test_what_is_kept_bounds_where_things_run_and_frees_them_again(desk: Desk) -> None:
    desk.keep(TENANT, providers={"deny": ["frankfurt"]})
    desk.keep(SHOP, residency=["NL", "DE"])
    assert desk.run("web", residency=["EU"], goals="cheapest") == "amsterdam"
    desk.keep(SHOP, residency=["DE"])
    assert desk.put("db").status_code == 201
    for _ in range(2):
        desk.league.step()
    place = desk.ask("GET", f"{SHOP}/instances/db/placement").json()
    assert (
        place["because"] == "none of 3 hosts may run it: 2 not in DE, 1 of a provider that may not"
    )
    assert desk.ask("DELETE", TENANT + "/policy").status_code == 202
    desk.league.run_until(lambda: desk.league.shown()["db"][2] == "frankfurt", steps=3)
    check_laws(desk.league)


def test_the_law_that_is_shown_is_that_of_all_levels(desk: Desk) -> None:
    inside = SHOP + "/instances"
    spec = SPEC | {"policy": {"residency": ["DE", "NL", "SI"]}}
    put = desk.ask("PUT", inside + "/web", {"spec": spec})
    assert put.json()["status"]["law"] == "DE, NL, SI"
    desk.keep(SHOP, residency={"deny": ["NL"]})
    assert desk.ask("GET", inside + "/web").json()["status"]["law"] == "DE, SI"
    asked = {"instances": {"db": SPEC | {"policy": {"near": ["Zagreb"]}}}}
    quoted = desk.ask("POST", SHOP + "/quotes", asked).json()["items"]
    assert [one["law"] for one in quoted] == ["any but NL"]
    desk.keep(TENANT, residency=["DE", "SI", "AT"])
    (listed,) = desk.ask("GET", TENANT + "/instances").json()["items"]
    assert listed["status"]["law"] == "DE, SI"


def test_a_rule_that_moves_names_what_runs_and_ends_nothing(desk: Desk) -> None:
    assert desk.run("web", near=["Utrecht"]) == "amsterdam"
    assert desk.run("db", residency=["DE"]) == "frankfurt"
    before = desk.league.guests()
    dry = desk.ask("PUT", SHOP + "/policy?dryRun=true", {"spec": {"residency": ["DE"]}})
    sentence = "web at amsterdam violates the policy of workspace shop: it is in NL"
    assert [one["sentence"] for one in dry.json()["status"]["violations"]] == [sentence]
    assert desk.ask("GET", SHOP + "/policy").status_code == 404
    assert desk.violations() == []
    kept = desk.keep(SHOP, residency=["DE"])
    (told,) = kept.json()["status"]["violations"]
    assert (told["name"], told["rule"], told["level"]) == ("web", "residency", "workspace shop")
    assert told["since"] is None
    assert desk.violations() == [sentence]
    for _ in range(3):
        desk.league.step()
    assert desk.events("violation.found") == [sentence]
    (noted,) = desk.ask("GET", SHOP + "/violations").json()["items"]
    assert noted["since"] is not None
    assert desk.league.guests() == before
    place = desk.ask("GET", f"{SHOP}/instances/web/placement").json()
    assert place["violations"] == [sentence]
    assert place["placement"]["site"] == "amsterdam"
    desk.keep(SHOP, residency=["DE", "NL"])
    desk.league.step()
    assert desk.events("violation.cleared") == [f"no longer so: {sentence}"]
    assert desk.violations() == []
    check_laws(desk.league)


def test_what_members_change_and_what_ends_is_judged_again(desk: Desk) -> None:
    required = [{"provider": "control_by_third_country", "is": "none"}]
    describe_member(desk.league, "frankfurt", attributes={"control_by_third_country": "none"})
    desk.keep(TENANT, require=required)
    assert desk.run("db", residency=["DE"]) == "frankfurt"
    describe_member(desk.league, "frankfurt", attributes={"control_by_third_country": "US"})
    desk.league.step()
    (told,) = desk.events("violation.found")
    assert told.endswith("it provider.control_by_third_country is US")
    desk.ask("DELETE", f"{SHOP}/instances/db")
    desk.league.run_until(lambda: "db" not in desk.league.shown())
    desk.league.step()
    assert len(desk.events("violation.cleared")) == 1
    assert desk.violations() == []


def test_levels_that_came_to_contradict_what_runs_or_waits_are_told(desk: Desk) -> None:
    assert desk.run("web", residency=["NL"]) == "amsterdam"
    assert desk.put("db", residency=["FR"]).status_code == 201
    desk.league.step()
    desk.keep(TENANT, residency=["DE"])
    for _ in range(2):
        desk.league.step()
    assert desk.violations() == ["web at amsterdam violates the policy of tenant acme: it is in NL"]
    db = desk.ask("GET", f"{SHOP}/instances/db").json()["status"]
    assert "tenant acme says allow DE; db says allow FR" in db["reason"]
    again = desk.put("web", residency=["NL"])
    assert (again.status_code, again.json()["metadata"]["generation"]) == (200, 1)


def test_a_policy_and_the_events_are_the_tenants_alone(desk: Desk) -> None:
    desk.keep(TENANT, residency=["DE"])
    rival = Desk(desk.client, desk.league, "rival")
    for path in ("/policy", "/violations", "/events", "/workspaces/shop/policy"):
        assert rival.ask("GET", TENANT + path).status_code == 404
    assert rival.keep(TENANT).status_code == 404
    theirs = rival.ask("GET", BASE + "/tenants/rival/events").json()["items"]
    assert {one["kind"] for one in theirs} == {"user.added"}
    everything = desk.client.get(BASE + "/events", headers=OPERATOR).json()["items"]
    assert "policy.set" in {one["kind"] for one in everything}
    assert "agent.joined" in {one["kind"] for one in everything}
    own = desk.ask("GET", TENANT + "/events?after=0").json()["items"]
    assert {one["kind"] for one in own} == {"policy.set", "user.added"}
    assert desk.ask("GET", BASE + "/events").status_code == 403


def test_the_standards_instances_stand_under_it_too(desk: Desk) -> None:
    path = f"{BASE}/tenants/acme"
    assert desk.client.put(path, headers=OPERATOR).status_code == 201
    ana = Asker(desk.client, desk.league, "acme")
    ana.add_workspace()
    ana.add_storage()
    desk.keep(SHOP, residency=["NL"])
    spec = {
        "skuRef": {"resource": "skus/hanza.xs"},
        "zone": "any",
        "bootVolume": {"deviceRef": {"resource": "block-storages/boot"}},
    }
    refused = ana.put(f"{ana.instances()}/web", spec)
    assert (refused.status_code, refused.json()["code"]) == (412, "policy.contradiction")
    assert "workspace shop says allow NL; web says allow DE" in refused.json()["detail"]
    desk.keep(SHOP, providers={"deny": ["frankfurt"]})
    assert ana.put(f"{ana.instances()}/web", spec).status_code == 201
    for _ in range(2):
        desk.league.step()
    place = desk.ask("GET", f"{SHOP}/instances/web/placement").json()
    assert "1 of a provider that may not" in place["because"]
    desk.keep(SHOP)
    desk.league.run_until(lambda: desk.league.shown()["web"][2] == "frankfurt", steps=3)
    desk.keep(SHOP, providers={"deny": ["frankfurt"]})
    (told,) = desk.violations()
    assert told.startswith("web at frankfurt violates the policy of workspace shop: it is of")
