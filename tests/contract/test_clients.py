"""Tenants' clients: asked for, granted by the operator, measured to under names of no tenant."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.model.errors import Invalid
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target, Trip
from hanza.store import clients, probes
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import League, a_league

GRAZ = Point("Graz, AT", 47.07, 15.44)
OFFICE = {"host": "office.example.net", "port": 443, "city": "Ljubljana"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def ask(api: tuple[TestClient, League], method: str, path: str, spec: Any = None, by: Any = None):  # type: ignore[no-untyped-def]
    body = None if spec is None else {"spec": spec}
    by = by or bearer(api[1], "ana", "acme")
    return api[0].request(method, BASE + path, json=body, headers=by)


def targets(league: League) -> list[Target]:
    return [one.target for one in league.store.read(probes.list_probes)]


def test_nobody_measures_to_a_client_before_the_operator_grants_it(
    api: tuple[TestClient, League],
) -> None:
    league, path = api[1], "/tenants/acme/clients/office"
    agent = league.add_site("zagreb", "HR")
    asked = ask(api, "PUT", path, OFFICE)
    assert (asked.status_code, asked.json()["status"]) == (
        201,
        {"state": "asked", "probe": None, "trips": []},
    )
    assert targets(league) == []
    grant = "/clients/acme/office/grant"
    assert ask(api, "POST", grant).status_code == 403, "who asks does not grant"
    granted = ask(api, "POST", grant, by=OPERATOR).json()
    assert ask(api, "POST", grant, by=OPERATOR).json() == granted
    told = [one["kind"] for one in ask(api, "GET", "/events", by=OPERATOR).json()["items"]]
    assert told.count("client.granted") == 1, "what is granted is not granted again"
    (target,) = targets(league)
    assert granted["status"]["probe"] == target.probe
    assert (target.host, target.port) == ("office.example.net", 443)
    assert "acme" not in target.probe
    assert "office" not in target.probe
    league.store.write(
        probes.record_trips, agent.id, [Trip(target.probe, 12.5)], league.clock.now()
    )
    (told,) = ask(api, "GET", "/tenants/acme/clients").json()["items"]
    (trip,) = told["status"]["trips"]
    assert (trip["site"], trip["ms"], trip["isGood"]) == ("zagreb", 12.5, True)
    assert ask(api, "PUT", path, OFFICE).json() == told, "asking for the same changes nothing"
    assert ask(api, "DELETE", path).status_code == 204
    assert targets(league) == []
    assert ask(api, "DELETE", path).status_code == 404
    assert ask(api, "POST", grant, by=OPERATOR).status_code == 404


@pytest.mark.parametrize("changed", [{"host": "elsewhere.example.net"}, {"city": "Graz"}])
def test_what_is_changed_has_to_be_granted_anew(
    api: tuple[TestClient, League], changed: dict[str, str]
) -> None:
    path = "/tenants/acme/clients/office"
    ask(api, "PUT", path, OFFICE)
    ask(api, "POST", "/clients/acme/office/grant", by=OPERATOR)
    answer = ask(api, "PUT", path, OFFICE | changed)
    assert (answer.status_code, answer.json()["status"]["state"]) == (200, "asked")
    assert targets(api[1]) == []


def test_the_operator_sees_all_and_takes_a_grant_back(api: tuple[TestClient, League]) -> None:
    ben = bearer(api[1], "ben", "rival")
    ask(api, "PUT", "/tenants/acme/clients/office", OFFICE)
    ask(api, "PUT", "/tenants/rival/clients/office", OFFICE, ben)
    items = ask(api, "GET", "/clients", by=OPERATOR).json()["items"]
    assert [one["metadata"]["tenant"] for one in items] == ["acme", "rival"]
    for tenant in ("acme", "rival"):
        ask(api, "POST", f"/clients/{tenant}/office/grant", by=OPERATOR)
    one, other = targets(api[1])
    assert one.probe != other.probe
    assert ask(api, "DELETE", f"/probes/{one.probe}", by=OPERATOR).status_code == 204
    states = [
        it["status"]["state"] for it in ask(api, "GET", "/clients", by=OPERATOR).json()["items"]
    ]
    assert sorted(states) == ["asked", "granted"]
    for method, path in (("GET", "/tenants/acme/clients"), ("PUT", "/tenants/acme/clients/x")):
        assert ask(api, method, path, OFFICE, ben).status_code == 404, "not theirs to know of"
    assert ask(api, "GET", "/clients", by=ben).status_code == 403


def test_a_client_that_makes_no_sense_is_refused_by_name(api: tuple[TestClient, League]) -> None:
    for spec, field in (({"host": "a b"}, "/spec/host"), ({"city": None}, "/spec/city")):
        answer = ask(api, "PUT", "/tenants/acme/clients/office", OFFICE | spec)
        assert answer.status_code == 412
        assert answer.json()["sources"][0]["pointer"] == field
    assert ask(api, "GET", "/tenants/acme/clients").json()["items"] == []


def test_a_tenant_has_no_more_than_a_few_and_the_league_no_more_than_agents_take(
    tmp_path: Path, database_url: str
) -> None:
    with a_league(tmp_path, url=database_url) as league:
        now = league.clock.now()

        def fill(tx: Any) -> None:
            for n in range(clients.CLIENTS_MAX):
                one = clients.client_at("acme", f"c{n}", "192.0.2.1", 443, GRAZ)
                assert clients.ask_client(tx, one, now)
            for n in range(probes.PROBES_MAX):
                probes.put_probe(tx, Probe(Target(f"p{n}", "192.0.2.1", 443), GRAZ), now)

        league.store.write(fill)
        more = clients.client_at("acme", "more", "192.0.2.1", 443, GRAZ)
        with pytest.raises(Invalid, match="acme has 8 clients"):
            league.store.write(clients.ask_client, more, now)
        with pytest.raises(Invalid, match="64 probes"):
            league.store.write(clients.grant_client, "acme", "c0", now)
        later = now + timedelta(hours=1)
        assert not any(one.is_granted for one in league.store.read(clients.list_clients, later))
