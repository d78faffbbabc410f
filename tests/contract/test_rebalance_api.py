"""Plans of moves over HTTP: what they tell, whose they are, and that they change nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.wire.tokens import Bearer
from kit.apis import OPERATOR, an_api
from kit.leagues import League
from kit.markets import a_market, describe_member

ACME, RIVAL = (BASE + f"/tenants/{name}" for name in ("acme", "rival"))
SHOP = ACME + "/workspaces/shop"
SPEC = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
CHEAPEST = {"residency": ["EU"], "goals": "cheapest"}


class Desk:
    """One plane and three sites: Frankfurt is cheapest, then Ljubljana, then Amsterdam."""

    def __init__(self, client: TestClient, league: League) -> None:
        self.client, self.league = client, league
        a_market(league)
        league.step()

    def ask(self, method: str, path: str, document: Any = None, by: Any = OPERATOR) -> Any:
        return self.client.request(method, path, json=document, headers=by)

    def run(self, path: str, name: str, **policy: Any) -> None:
        spec = SPEC | {"policy": CHEAPEST | policy}
        answer = self.ask("PUT", f"{path}/instances/{name}", {"spec": spec})
        assert answer.is_success, answer.text
        self.league.run_until(lambda: name in dict(self.places(path)))

    def plan(self, path: str = SHOP, **asked: Any) -> Any:
        answer = self.ask("POST", path + "/rebalance", asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def places(self, path: str = SHOP) -> list[tuple[str, str]]:
        items = self.ask("GET", path + "/instances").json()["items"]
        placed = {one["metadata"]["name"]: one["status"]["placement"] for one in items}
        return [(name, place["site"]) for name, place in placed.items() if place]

    def user(self, tenant: str, name: str, role: str) -> dict[str, str]:
        spec = {"spec": {"grants": [{"role": role}]}}
        assert self.ask("PUT", f"{BASE}/tenants/{tenant}/users/{name}", spec).is_success
        now = self.league.clock.now()
        bearer = Bearer(name, (tenant,), now + timedelta(hours=1))
        return {"authorization": f"Bearer {self.league.plane.issuer.issue(bearer, now)}"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with an_api(tmp_path) as (client, league):
        found = Desk(client, league)
        for tenant in ("acme", "rival"):
            assert found.ask("PUT", f"{BASE}/tenants/{tenant}").is_success
        yield found


def test_where_all_is_well_nothing_moves(desk: Desk) -> None:
    desk.run(SHOP, "web")
    plan = desk.plan()
    assert (plan["items"], plan["kept"], plan["hasMore"]) == ([], [], False)
    assert (plan["applied"], plan["diskMiB"]) == (False, 0)
    assert plan["note"] == "this is a plan only: Hanza carries out no moves yet"


def test_a_price_that_changes_is_worth_a_move_and_nothing_is_done(desk: Desk) -> None:
    desk.run(SHOP, "web")
    assert desk.places() == [("web", "frankfurt")]
    describe_member(desk.league, "ljubljana", cpu=5_000)
    before = desk.ask("GET", BASE + "/events").json()["items"]
    (move,) = desk.plan()["items"]
    assert (move["workspace"], move["name"], move["purpose"]) == ("shop", "web", "gain")
    assert (move["origin"]["site"], move["target"]["site"]) == ("frankfurt", "ljubljana")
    assert move["gain"]["pricePerMonth"] == 5_000 * 730
    assert move["gain"]["points"] == 0.5
    assert (move["diskMiB"], move["downtime"], move["mayMove"]) == (64, "cold", "ask")
    assert move["freesHost"]
    assert desk.plan(gainMin=0.6)["items"] == []
    assert desk.plan(moves=0) | {"hasMore": True} == desk.plan(moves=0)
    assert desk.plan(diskGiB=0)["items"] == []
    after = desk.ask("GET", BASE + "/events").json()["items"]
    assert {one["kind"] for one in after if one not in before} == {"operator.acted"}
    for _ in range(5):
        desk.league.step()
    assert desk.places() == [("web", "frankfurt")], "nothing was moved"


def test_a_site_a_provider_or_a_host_is_drained(desk: Desk) -> None:
    desk.run(SHOP, "web")
    host = desk.plan(drain={"sites": ["frankfurt"]})["items"][0]["origin"]["host"]
    for drain in (
        {"sites": ["frankfurt"]},
        {"providers": ["frankfurt"]},
        {"hosts": [f"frankfurt/{host}"]},
    ):
        plan = desk.plan(drain=drain)
        (move,) = plan["items"]
        assert (move["purpose"], move["target"]["site"]) == ("drain", "ljubljana")
        assert move["why"] == f"{host} at frankfurt is to be empty"
        assert plan["gain"]["pricePerMonth"] == -2_000 * 730
    (kept,) = desk.plan(drain={"sites": ["frankfurt", "ljubljana", "amsterdam"]})["kept"]
    assert (kept["name"], kept["purpose"]) == ("web", "drain")
    assert (kept["reason"], kept["why"]) == ("nowhere", "no other host may run it")


def test_what_a_policy_forbids_by_now_is_moved_first(desk: Desk) -> None:
    desk.run(SHOP, "web")
    desk.ask("PUT", SHOP + "/policy", {"spec": {"residency": ["NL", "SI"]}})
    (move,) = desk.plan()["items"]
    assert (move["purpose"], move["target"]["site"]) == ("violation", "ljubljana")
    assert move["why"].startswith("web at frankfurt violates the policy of workspace shop")


def test_other_goals_may_be_asked_for(desk: Desk) -> None:
    near = {"near": [{"city": "Amsterdam, NL"}], "goals": "nearest"}
    desk.run(SHOP, "web", **near)
    assert desk.places() == [("web", "amsterdam")]
    assert desk.plan()["items"] == []
    (move,) = desk.plan(goals="cheapest")["items"]
    assert move["target"]["site"] == "frankfurt"
    assert move["gain"]["ms"] < 0 < move["gain"]["pricePerMonth"]


def test_a_plan_is_of_one_tenant_and_of_nobody_else(desk: Desk) -> None:
    """Two tenants at one site, each asking about their own."""
    desk.run(SHOP, "web")
    desk.run(ACME + "/workspaces/lab", "job")
    desk.run(RIVAL + "/workspaces/shop", "theirs")
    drain = {"drain": {"sites": ["frankfurt"]}}
    ana, bob = (desk.user(t, t + "-1", "seca.workspace-viewer") for t in ("acme", "rival"))

    def names(path: str, by: Any) -> list[str]:
        answer = desk.ask("POST", path + "/rebalance", drain, by)
        assert answer.status_code == 200, answer.text
        return [f"{one['workspace']}/{one['name']}" for one in answer.json()["items"]]

    assert names(SHOP, ana) == ["shop/web"]
    assert sorted(names(ACME, ana)) == ["lab/job", "shop/web"]
    assert names(RIVAL, bob) == ["shop/theirs"]
    for path in (RIVAL, RIVAL + "/workspaces/shop"):
        answer = desk.ask("POST", path + "/rebalance", drain, ana)
        assert answer.status_code == 404, "another's does not exist"
        assert "theirs" not in answer.text


def test_the_operator_is_told_numbers_of_everybodys_and_no_names(desk: Desk) -> None:
    desk.run(SHOP, "web")
    desk.run(RIVAL + "/workspaces/shop", "theirs", residency=["DE"])
    answer = desk.ask("GET", BASE + "/sites/frankfurt/drain-plan")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["instances"], told["moves"], told["diskMiB"]) == (2, 1, 64)
    assert told["targets"] == [{"site": "ljubljana", "moves": 1}]
    assert told["staying"] == [{"reason": "nowhere", "instances": 1}]
    assert (told["hosts"], told["applied"]) == ([], False)
    assert not any(word in answer.text for word in ("web", "theirs", "acme", "rival", "shop"))
    empty = desk.ask("GET", BASE + "/sites/amsterdam/drain-plan").json()
    assert (empty["instances"], empty["moves"], empty["staying"]) == (0, 0, [])
    by = desk.user("acme", "ana", "seca.admin")
    assert desk.ask("GET", BASE + "/sites/frankfurt/drain-plan", by=by).status_code == 403
    gone = desk.ask("GET", BASE + "/sites/nowhere/drain-plan")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


def test_who_only_reads_as_an_auditor_asks_nothing(desk: Desk) -> None:
    by = desk.user("acme", "eve", "hanza.auditor")
    assert desk.ask("POST", SHOP + "/rebalance", {}, by).status_code == 403


def test_a_question_without_a_body_is_one(desk: Desk) -> None:
    answer = desk.client.post(SHOP + "/rebalance", headers=OPERATOR)
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"drain": {"sites": ["nowhere"]}}, "/drain/sites"),
        ({"drain": {"providers": ["nobody"]}}, "/drain/providers"),
        ({"drain": {"hosts": ["frankfurt/none"]}}, "/drain/hosts"),
        ({"drain": {"hosts": ["frankfurt"]}}, "/body"),
        ({"goals": "fastest"}, "/goals"),
        ({"moves": -1}, "/body"),
        ({"moves": 10_000}, "/body"),
        ({"gainMin": 2}, "/body"),
        ({"diskGiB": -1}, "/body"),
        ({"surprise": 1}, "/body"),
        ([], "/body"),
    ],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, asked: Any, pointer: str) -> None:
    answer = desk.ask("POST", SHOP + "/rebalance", asked)
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    assert answer.json()["sources"] == [{"pointer": pointer, "parameter": ""}]
