"""Invitations and revocation at the real application: all or nothing, once, and for ever."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hanza.agent.session import Session, Speaker
from hanza.api.routes import BASE
from hanza.model.errors import Revoked
from hanza.model.report import Incarnation
from hanza.store.agents import greet_agent
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import join_token_from_text, new_agent_key, public_key_of, sign_join
from kit.agent_worlds import Memory
from kit.apis import OPERATOR, an_api
from kit.leagues import PIN, League, SiteAgent

ZITO = BASE + "/providers/zito"
INSTANCES = BASE + "/tenants/acme/workspaces/shop/instances"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        found[0].put(ZITO, json={"spec": {"title": "Zito"}}, headers=OPERATOR)
        yield found


@pytest.fixture
def client(api: tuple[TestClient, League]) -> TestClient:
    return api[0]


def a_site(name: str, country: str = "SI", **more: object) -> dict[str, object]:
    place = {"city": "Ljubljana", "latitude": 46.05, "longitude": 14.5}
    return {"name": name, "country": country, **place, **more}


def ask(client: TestClient, method: str, path: str, document: Any = None) -> Any:
    return client.request(method, path, json=document, headers=OPERATOR)


def invite(client: TestClient, *sites: dict[str, object], **more: object) -> Any:
    return ask(client, "POST", ZITO + "/invitations", {"spec": {"sites": list(sites), **more}})


def outcomes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["outcome"] for item in answer.json()["items"]]


def withdraw(client: TestClient, *names: str, **more: object) -> Any:
    return ask(client, "POST", ZITO + "/withdrawals", {"spec": {"sites": list(names), **more}})


def join(client: TestClient, token: str, key_byte: int = 1) -> Any:
    secret = join_token_from_text(token).secret
    key = new_agent_key(bytes([key_byte]) * 32)
    document = {
        "secret": base64.b64encode(secret).decode(),
        "public_key": base64.b64encode(public_key_of(key)).decode(),
        "signature": base64.b64encode(sign_join(key, secret)).decode(),
        "driver": "fake",
    }
    return client.post("/agent/v1/join", content=json.dumps(document))


def site_names(client: TestClient) -> list[str]:
    return [one["metadata"]["name"] for one in ask(client, "GET", BASE + "/sites").json()["items"]]


def states(client: TestClient) -> dict[str, str]:
    items = ask(client, "GET", BASE + "/join-tokens").json()["items"]
    return {item["id"]: item["state"] for item in items}


def test_every_site_gets_a_token_that_joins_it(client: TestClient) -> None:
    answer = invite(client, a_site("a", **{"class": "store"}), a_site("b"))
    assert outcomes(answer) == ["invited", "invited"]
    first, second = answer.json()["items"]
    assert join(client, first["token"]).json()["site"] == "a"
    assert join(client, second["token"], 2).json()["site"] == "b"
    assert states(client) == {first["id"]: "used", second["id"]: "used"}
    kept = ask(client, "GET", BASE + "/join-tokens").text
    assert first["token"] not in kept
    assert site_names(client) == ["a", "b"]


def test_asking_again_gives_no_second_token(client: TestClient) -> None:
    token = invite(client, a_site("a"), a_site("b")).json()["items"][0]["token"]
    join(client, token)
    again = invite(client, a_site("a"), a_site("b"), a_site("c"))
    assert outcomes(again) == ["joined", "waiting", "invited"]
    assert [item["token"] is None for item in again.json()["items"]] == [True, True, False]


def test_renewing_revokes_what_was_open(client: TestClient) -> None:
    before = invite(client, a_site("a")).json()["items"][0]
    after = invite(client, a_site("a"), renew=True).json()["items"][0]
    assert after["outcome"] == "renewed"
    assert states(client) == {before["id"]: "revoked", after["id"]: "open"}
    refused = join(client, before["token"])
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert "revoked" in refused.json()["detail"]
    assert join(client, after["token"]).status_code == 200


def test_a_token_that_grew_too_old_is_told_and_renewed_by_name(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    answer = invite(client, a_site("a"), validForSeconds=60)
    league.clock.advance(timedelta(seconds=60))
    assert states(client) == {answer.json()["items"][0]["id"]: "expired"}
    assert outcomes(invite(client, a_site("a"))) == ["lapsed"]
    assert outcomes(invite(client, a_site("a"), renew=True)) == ["renewed"]


def test_a_rehearsal_tells_the_same_and_changes_nothing(client: TestClient) -> None:
    rehearsed = invite(client, a_site("a"), a_site("b"), dryRun=True)
    assert outcomes(rehearsed) == ["invited", "invited"]
    assert all(item["token"] is None for item in rehearsed.json()["items"])
    assert (site_names(client), states(client)) == ([], {})
    events = ask(client, "GET", BASE + "/events").text
    assert "provider.invited" not in events
    assert outcomes(invite(client, a_site("a"), a_site("b"))) == ["invited", "invited"]
    assert outcomes(withdraw(client, "a", dryRun=True)) == ["removed"]
    assert site_names(client) == ["a", "b"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (a_site("Bad Name"), "/spec/sites[1]/name"),
        (a_site("b", country="Slovenia"), "/spec/sites[1]/country"),
        (a_site("b") | {"latitude": 91}, "/spec/sites[1]/latitude"),
        (a_site("b") | {"city": "a\x1bb"}, "/spec/sites[1]/city"),
        (a_site("b", **{"class": "Store"}), "/spec/sites[1]/class"),
        (a_site("b", attributes={"Bad": "x"}), "/spec/sites[1]/attributes"),
        (a_site("a"), "/spec/sites[1]"),
        (a_site("taken"), "/spec/sites[1]"),
        (a_site("moved", country="HR"), "/spec/sites[1]"),
    ],
)
def test_one_wrong_site_and_none_is_invited(
    client: TestClient, wrong: dict[str, object], pointer: str
) -> None:
    ask(client, "PUT", BASE + "/providers/rival", {"spec": {"title": "Rival"}})
    for name, provider in (("taken", "rival"), ("moved", "zito")):
        spec = {key: value for key, value in a_site(name).items() if key != "name"}
        put = ask(client, "PUT", f"{BASE}/sites/{name}", {"spec": spec | {"provider": provider}})
        assert put.status_code == 201, put.text
    answer = invite(client, a_site("a"), wrong)
    assert answer.status_code == 412
    assert answer.json()["sources"][0]["pointer"] == pointer
    assert site_names(client) == ["moved", "taken"]
    assert states(client) == {}


@pytest.mark.parametrize(
    "spec", [{"sites": []}, {"sites": [{}]}, {"sites": "a"}, {"sites": [a_site("a")], "days": 1}]
)
def test_a_request_that_is_none_is_refused(client: TestClient, spec: dict[str, object]) -> None:
    answer = ask(client, "POST", ZITO + "/invitations", {"spec": spec})
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    unknown = BASE + "/providers/nobody/invitations"
    assert ask(client, "POST", unknown, {"spec": {"sites": [a_site("a")]}}).status_code == 404


def test_taking_back_leaves_who_has_joined_and_nothing_else(client: TestClient) -> None:
    items = invite(client, a_site("a"), a_site("b")).json()["items"]
    join(client, items[0]["token"])
    answer = withdraw(client, "a", "b", "c")
    assert outcomes(answer) == ["joined", "removed", "unknown"]
    assert site_names(client) == ["a"]
    assert join(client, items[1]["token"], 2).status_code == 401
    assert outcomes(withdraw(client, "a", "b")) == ["joined", "unknown"]


def test_a_token_is_revoked_once_and_not_after_it_was_used(client: TestClient) -> None:
    used, unused = invite(client, a_site("a"), a_site("b")).json()["items"]
    agent = join(client, used["token"]).json()["agent"]
    for _ in range(2):
        answer = ask(client, "DELETE", f"{BASE}/join-tokens/{unused['id']}")
        assert answer.status_code == 204
    assert join(client, unused["token"], 2).status_code == 401
    refused = ask(client, "DELETE", f"{BASE}/join-tokens/{used['id']}")
    assert (refused.status_code, refused.json()["code"]) == (412, "conflict")
    assert f"hanza agents revoke {agent}" in refused.json()["hint"]
    assert ask(client, "DELETE", BASE + "/join-tokens/to_none").status_code == 404


def revoke(client: TestClient, agent: SiteAgent) -> Any:
    return ask(client, "POST", f"{BASE}/agents/{agent.id}/revoke")


def hello(socket: Any, agent: SiteAgent) -> None:
    key = agent.journal.key(lambda _: b"")
    session = Session(Speaker(agent.id, "fake", PIN, key, Incarnation(9, "n")), Memory())
    for message in session.receive(v1.decode_down(socket.receive_bytes())):
        socket.send_bytes(v1.encode(message))


def test_a_revoked_agent_is_refused_by_a_code_that_stays(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    assert revoke(client, agent).status_code == 200
    assert revoke(client, agent).status_code == 200
    with client.websocket_connect("/agent/v1/link") as socket:
        hello(socket, agent)
        said = v1.decode_down(socket.receive_bytes())
        assert isinstance(said, v1.Refused)
        assert said.code == "agent.revoked"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()
    kinds = [one["kind"] for one in ask(client, "GET", BASE + "/events").json()["items"]]
    assert kinds.count("agent.revoked") == 1
    assert revoke_unknown(client) == 404


def revoke_unknown(client: TestClient) -> int:
    return int(ask(client, "POST", f"{BASE}/agents/ag_none/revoke").status_code)


def test_who_is_connected_while_it_is_revoked_is_cut_off(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    with client.websocket_connect("/agent/v1/link") as socket:
        hello(socket, agent)
        assert isinstance(v1.decode_down(socket.receive_bytes()), v1.Welcome)
        revoke(client, agent)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()


def test_a_revoked_agents_guests_are_of_unknown_fate_and_its_room_is_not_offered(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    league.put("kava", "HR")
    league.run_until(lambda: league.shown()["kava"][:2] == ("active", "on"))
    assert revoke(client, agent).json()["instances"] == 1
    league.run_until(lambda: league.shown()["kava"] == ("error", None, "zagreb"))
    status = ask(client, "GET", INSTANCES + "/kava").json()["status"]
    assert (status["boot"], status["reasonCode"]) == ("unknown", "agent.revoked")
    (host,) = ask(client, "GET", BASE + "/hosts").json()["items"]
    assert not host["status"]["isOffered"]
    (found,) = ask(client, "GET", BASE + "/agents").json()["items"]
    assert (found["status"]["hosts"], found["status"]["revokedAt"] is None) == (0, False)
    league.put("caj", "HR")
    for _ in range(3):
        league.step()
    assert league.shown()["caj"] == ("pending", None, None)
    assert league.shown()["kava"][0] == "error"
    # What runs there goes on: nobody told it to end, and it runs nowhere else.
    assert league.guests() == [("zagreb", "kava", "on")]


def test_a_revoked_agent_is_never_trusted_again_and_its_token_is_no_way_back(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    token = invite(client, a_site("a")).json()["items"][0]["token"]
    agent = join(client, token).json()["agent"]
    ask(client, "POST", f"{BASE}/agents/{agent}/revoke")
    trusted = ask(client, "POST", f"{BASE}/agents/{agent}/trust")
    assert (trusted.status_code, trusted.json()["code"]) == (412, "conflict")
    again = join(client, token)
    assert (again.status_code, again.json()["code"]) == (401, "agent.revoked")
    with pytest.raises(Revoked):
        league.store.write(greet_agent, agent, Incarnation(1, "n"), league.clock.now())
    assert outcomes(invite(client, a_site("a"))) == ["lapsed"]
    assert outcomes(withdraw(client, "a")) == ["revoked"]
    fresh = invite(client, a_site("a"), renew=True).json()["items"][0]["token"]
    assert join(client, fresh, 2).json()["agent"] != agent


def test_taking_back_what_no_site_can_be_called_is_refused(client: TestClient) -> None:
    refused = withdraw(client, "lju", "a\0b")
    assert refused.status_code == 412
    assert refused.json()["sources"][0]["pointer"] == "/spec/sites[1]"
