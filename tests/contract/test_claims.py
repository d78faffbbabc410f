"""Claims that end: placement forgets them in time, and plans of moves know of it before."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import League
from kit.markets import a_market, describe_member

SHOP = BASE + "/tenants/acme/workspaces/shop"
C5 = {"certifications": ["bsi_c5", "iso_27001"]}
SPEC = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
MONTH = timedelta(days=30)


class Desk:
    """Three sites; Frankfurt, the cheapest, and Ljubljana have the certificate."""

    def __init__(self, client: TestClient, league: League) -> None:
        self.client, self.league = client, league
        a_market(league)
        for name in ("frankfurt", "ljubljana"):
            describe_member(league, name, attributes=C5)
        league.step()

    def ask(self, method: str, path: str, spec: Any = None, status: int = 200) -> Any:
        body = None if spec is None else {"spec": spec}
        answer = self.client.request(method, path, json=body, headers=OPERATOR)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def claim(self, status: int = 200, **changed: Any) -> Any:
        spec = {"provider": "frankfurt", "attribute": "certifications", "value": "bsi_c5"} | changed
        return self.ask("POST", BASE + "/claims", spec, status)

    def plan(self, **asked: Any) -> Any:
        answer = self.client.post(SHOP + "/rebalance", json=asked, headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    def certificates(self) -> dict[str, Any]:
        items = self.ask("GET", BASE + "/providers")["items"]
        said = {one["metadata"]["name"]: one["spec"]["attributes"] for one in items}
        return {name: words.get("certifications") for name, words in said.items()}

    def pass_by(self, time: timedelta) -> None:
        self.league.clock.advance(time)
        self.league.step()
        self.league.step()

    def in_a_month(self) -> str:
        return (self.league.clock.now() + MONTH).isoformat()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with an_api(tmp_path) as (client, league):
        found = Desk(client, league)
        client.put(BASE + "/tenants/acme", json={}, headers=OPERATOR)
        spec = SPEC | {"policy": {"certificates": ["bsi_c5"], "goals": "cheapest"}}
        found.ask("PUT", SHOP + "/instances/web", spec, 201)
        league.run_until(lambda: league.shown()["web"][2] == "frankfurt")
        yield found


def test_what_has_ended_counts_no_more_and_who_stands_on_it_is_named(desk: Desk) -> None:
    end = desk.in_a_month()
    assert desk.claim(until=end)["status"]["state"] == "stands"
    assert desk.plan() == []
    desk.pass_by(MONTH - timedelta(minutes=5))
    assert desk.certificates()["frankfurt"] == ["bsi_c5", "iso_27001"]
    desk.pass_by(timedelta(minutes=6))
    assert desk.certificates() == {
        "frankfurt": "iso_27001",
        "ljubljana": ["bsi_c5", "iso_27001"],
        "amsterdam": None,
    }
    (violation,) = desk.ask("GET", SHOP + "/violations")["items"]
    assert violation["rule"] == "attribute"
    (move,) = desk.plan()
    assert (move["purpose"], move["target"]["site"]) == ("violation", "ljubljana")
    texts = [one["text"] for one in desk.ask("GET", BASE + "/events")["items"]]
    assert "what frankfurt claimed has ended: certifications bsi_c5" in texts


def test_a_plan_for_later_moves_what_will_stand_on_an_ended_claim(desk: Desk) -> None:
    desk.claim(until=desk.in_a_month())
    later = (desk.league.clock.now() + 2 * MONTH).isoformat()
    assert desk.plan(at=desk.league.clock.now().isoformat()) == []
    (move,) = desk.plan(at=later)
    assert (move["name"], move["purpose"]) == ("web", "violation")
    assert (move["origin"]["site"], move["target"]["site"]) == ("frankfurt", "ljubljana")
    assert desk.certificates()["frankfurt"] == ["bsi_c5", "iso_27001"], "nothing has ended yet"
    refused = desk.client.post(
        SHOP + "/rebalance", json={"at": "2020-01-01T00:00:00Z"}, headers=OPERATOR
    )
    assert refused.json()["sources"][0]["pointer"] == "/at"


def test_a_plan_for_later_knows_prices_that_are_announced(desk: Desk) -> None:
    prices = {"cpuHour": 1_000, "gibHour": 0, "diskGibHour": 0}
    announced = {"prices": prices, "from": desk.in_a_month()}
    desk.ask("POST", BASE + "/providers/ljubljana/prices", announced, 201)
    assert desk.plan() == []
    later = (desk.league.clock.now() + 2 * MONTH).isoformat()
    (move,) = desk.plan(at=later)
    assert (move["purpose"], move["target"]["site"]) == ("gain", "ljubljana")
    assert move["gain"]["pricePerMonth"] == 9_000 * 730


def test_telling_it_again_brings_nothing_back_and_a_later_end_does(desk: Desk) -> None:
    desk.claim(until=desk.in_a_month())
    desk.pass_by(MONTH)
    describe_member(desk.league, "frankfurt", attributes=C5)
    assert desk.certificates()["frankfurt"] == "iso_27001"
    (told,) = desk.ask("GET", BASE + "/claims")["items"]
    assert told["status"]["state"] == "ended"
    assert desk.claim(until=desk.in_a_month())["status"]["state"] == "stands"
    assert sorted(desk.certificates()["frankfurt"]) == ["bsi_c5", "iso_27001"]
    desk.pass_by(MONTH)
    assert desk.certificates()["frankfurt"] == "iso_27001"
    assert desk.claim(until=None)["spec"]["until"] is None
    desk.pass_by(MONTH)
    assert sorted(desk.certificates()["frankfurt"]) == ["bsi_c5", "iso_27001"]
    assert desk.ask("GET", BASE + "/claims")["items"] == []


def test_a_site_may_claim_for_a_while_too(desk: Desk) -> None:
    spec = {
        "provider": "frankfurt",
        "country": "DE",
        "city": "Frankfurt",
        "latitude": 50.11,
        "longitude": 8.68,
        "attributes": {"capabilities": "gpu"},
    }
    desk.ask("PUT", BASE + "/sites/frankfurt", spec)
    mine = {"provider": None, "site": "frankfurt", "attribute": "capabilities", "value": "gpu"}
    desk.claim(**mine, until=desk.in_a_month())
    desk.pass_by(MONTH)
    items = desk.ask("GET", BASE + "/sites")["items"]
    (site,) = [one for one in items if one["metadata"]["name"] == "frankfurt"]
    assert site["spec"]["attributes"] == {}
    assert desk.ask("PUT", BASE + "/sites/frankfurt", spec)["spec"]["attributes"] == {}


def test_an_end_of_what_nobody_claims_is_refused(desk: Desk) -> None:
    for changed, status, field in (
        ({"site": "frankfurt"}, 412, "/spec/provider"),
        ({"provider": None}, 412, "/spec/provider"),
        ({"provider": "nobody"}, 404, "/spec/provider"),
        ({"value": "soc2"}, 404, "/spec/value"),
        ({"attribute": "A b"}, 412, "/spec/attribute"),
        ({"until": "tomorrow"}, 412, "/body"),
    ):
        answer = desk.claim(status, **changed)  # type: ignore[arg-type]
        assert answer["sources"][0]["pointer"] == field
    by = bearer(desk.league, "ana", "acme")
    assert desk.client.get(BASE + "/claims", headers=by).status_code == 403
    assert desk.client.post(BASE + "/claims", json={}, headers=by).status_code == 403
