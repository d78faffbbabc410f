"""The API's manners: who may call, what is refused and how, and that the same PUT is one PUT."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.calls import Answer
from hanza.api.route import Route
from hanza.api.routes import BASE
from hanza.model.errors import Bug
from hanza.wire.credentials import join_token_from_text, new_agent_key, public_key_of, sign_join
from kit.apis import OPERATOR, an_api
from kit.leagues import League

INSTANCES = BASE + "/tenants/acme/workspaces/shop/instances"
SPEC = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
PROBLEM = {"type", "title", "status", "detail", "instance", "sources", "code"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


@pytest.fixture
def client(api: tuple[TestClient, League]) -> TestClient:
    return api[0]


def ask(client: TestClient, method: str, path: str, document: Any = None) -> Any:
    return client.request(method, path, json=document, headers=OPERATOR)


def test_a_route_that_says_nothing_of_who_may_call_does_not_construct() -> None:
    with pytest.raises(Bug):
        Route("GET", "/x", lambda _: Answer(200), "")


def test_what_is_not_there_is_a_problem_too(client: TestClient) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("PATCH", BASE + "/sites", 405),
        ("GET", INSTANCES + "/none", 404),
        ("DELETE", INSTANCES + "/none", 404),
        ("POST", BASE + "/sites/none/join-tokens", 404),
        ("POST", BASE + "/agents/none/trust", 404),
    ):
        answer = ask(client, method, path)
        assert answer.status_code == status, path
        assert answer.json().keys() >= PROBLEM
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"spec": {}},
        {"spec": SPEC | {"surprise": 1}},
        {"spec": SPEC, "extra": {}},
        {"spec": SPEC | {"cpus": "1"}},
        {"spec": SPEC | {"cpus": 0}},
        {"spec": SPEC | {"cpus": 10**30}},
        {"spec": SPEC | {"cpus": -1}},
        {"spec": SPEC | {"memoryMiB": 2**62}},
        {"spec": SPEC | {"power": "perhaps"}},
        {"spec": SPEC | {"country": "Atlantis"}},
        {"spec": SPEC | {"image": "../../etc/passwd"}},
        {"spec": SPEC | {"image": "x" * 5000}},
    ],
)
def test_a_malformed_wish_is_refused_and_nothing_is_written(
    client: TestClient, document: Any
) -> None:
    answer = ask(client, "PUT", INSTANCES + "/web", document)
    assert answer.status_code == 412
    assert answer.json()["code"] == "invalid"
    assert ask(client, "GET", INSTANCES).json() == {"items": []}
    assert ask(client, "GET", BASE + "/events").json() == {"items": []}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'"\\ud800"', b"nul"])
def test_what_is_not_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.put(INSTANCES + "/web", content=body, headers=OPERATOR)
    assert answer.status_code == 412


def test_a_request_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.put(INSTANCES + "/web", content=b" " * (2**20 + 1), headers=OPERATOR)
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["Web", "a_b", "x" * 64, "%00", "a%0Ab", "%F0%9F%90%99"])
def test_names_that_are_none_are_refused(client: TestClient, name: str) -> None:
    answer = ask(client, "PUT", f"{INSTANCES}/{name}", {"spec": SPEC})
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")


def test_the_same_put_twice_is_one_put(client: TestClient) -> None:
    first = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    again = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(ask(client, "GET", BASE + "/events").json()["items"]) == 1


def test_a_change_of_power_is_a_new_generation_and_another_size_is_refused(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    league.add_site("berlin", "DE")
    ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    league.run_until(lambda: league.shown()["web"][0] == "active")
    off = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC | {"power": "off"}})
    assert (off.status_code, off.json()["metadata"]["generation"]) == (200, 2)
    larger = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC | {"cpus": 2}})
    assert (larger.status_code, larger.json()["code"]) == (412, "conflict")
    stricter = SPEC | {"policy": {"residency": ["DE"]}}
    refused = ask(client, "PUT", INSTANCES + "/web", {"spec": stricter})
    assert (refused.status_code, refused.json()["code"]) == (412, "conflict")


def test_what_has_no_place_yet_may_be_asked_for_in_other_words(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    league.add_site("berlin", "DE")
    league.step()
    french = SPEC | {"country": "FR", "memoryMiB": 256}
    ask(client, "PUT", INSTANCES + "/web", {"spec": french})
    league.step()
    waiting = ask(client, "GET", INSTANCES + "/web").json()
    assert waiting["status"]["reason"] == "none of 1 hosts may run it: 1 not in FR"
    again = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    assert (again.status_code, again.json()["metadata"]["generation"]) == (200, 2)
    league.run_until(lambda: league.shown()["web"] == ("active", "on", "berlin"))


def test_user_data_comes_back_to_its_owner_and_is_in_no_word_of_anything_else(
    api: tuple[TestClient, League], caplog: pytest.LogCaptureFixture
) -> None:
    client, league = api
    caplog.set_level("DEBUG")
    told = {"hostname": "w", "sshKeys": ["ssh-ed25519 AAAA a@b"], "userData": "s3cret: <&>"}
    first = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC | told})
    assert first.status_code == 201, first.text
    spec = ask(client, "GET", INSTANCES + "/web").json()["spec"]
    assert {name: spec[name] for name in told} == told
    assert ask(client, "PUT", INSTANCES + "/web", {"spec": spec}).status_code == 200
    league.add_site("berlin", "DE")
    league.run_until(lambda: league.shown()["web"] == ("active", "on", "berlin"))
    said = [
        ask(client, "PUT", INSTANCES + "/web", {"spec": spec | change}).text
        for change in (
            {"userData": "s3cret"},
            {"userData": "s3cret\0"},
            {"userData": "s3cret" * 99999},
            {"sshKeys": ["s3cret"]},
            {"userData": ["s3cret"]},
        )
    ]
    league.store.write(lambda tx: tx.exec_driver_sql("DROP TABLE events"))
    said.append(ask(client, "PUT", INSTANCES + "/other", {"spec": spec}).text)
    assert "s3cret" not in "".join(said) + caplog.text


def test_ports_are_shown_where_they_are_reached(api: tuple[TestClient, League]) -> None:
    client, league = api
    league.add_site("berlin", "DE")
    ports = [{"port": 8080, "to": 80}]
    for wrong in ([{"port": 8080}], [{"port": 0, "to": 80}], [8080], ports * 2):
        refused = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC | {"ports": wrong}})
        assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
    ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC | {"ports": ports}})
    ask(client, "PUT", INSTANCES + "/late", {"spec": SPEC | {"ports": ports}})
    league.run_until(lambda: "active" in {state for state, _, _ in league.shown().values()})
    league.step()
    league.step()
    found = {one["metadata"]["name"]: one for one in ask(client, "GET", INSTANCES).json()["items"]}
    places = [one["status"]["placement"] for one in found.values()]
    assert [one["address"] for one in places if one] == ["192.0.2.1"]
    assert {one["status"]["reasonCode"] for one in found.values()} == {None, "no_room"}
    (waits,) = [name for name, one in found.items() if one["status"]["reasonCode"]]
    assert "port 8080" in found[waits]["status"]["reason"]
    (runs,) = found.keys() - {waits}
    ask(client, "DELETE", f"{INSTANCES}/{runs}")
    league.run_until(lambda: league.shown().get(waits, ("", "", ""))[:2] == ("active", "on"), 120)


def test_deleting_is_accepted_once_and_again(client: TestClient) -> None:
    ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    assert ask(client, "DELETE", INSTANCES + "/web").status_code == 202
    assert ask(client, "DELETE", INSTANCES + "/web").status_code == 202
    assert ask(client, "GET", INSTANCES + "/web").json()["status"]["state"] == "deleting"


def test_one_tenant_does_not_see_another(client: TestClient) -> None:
    ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    theirs = INSTANCES.replace("acme", "rival")
    assert ask(client, "GET", theirs).json() == {"items": []}
    assert ask(client, "GET", theirs + "/web").status_code == 404
    assert ask(client, "GET", BASE + "/tenants/acme/instances").json()["items"]
    assert ask(client, "GET", BASE + "/tenants/rival/instances").json() == {"items": []}


def test_a_league_is_told_as_it_is(api: tuple[TestClient, League]) -> None:
    client, league = api
    league.add_site("zagreb", "HR", hosts=2)
    league.put("kava", "HR")
    league.run_until(lambda: league.shown()["kava"][:2] == ("active", "on"))
    hosts = ask(client, "GET", BASE + "/hosts").json()["items"]
    assert [host["spec"]["site"] for host in hosts] == ["zagreb", "zagreb"]
    assert sum(host["status"]["heldMemoryMiB"] for host in hosts) == 128
    (agent,) = ask(client, "GET", BASE + "/agents").json()["items"]
    assert (agent["spec"]["site"], agent["status"]["hosts"]) == ("zagreb", 2)
    (site,) = ask(client, "GET", BASE + "/sites").json()["items"]
    assert site["spec"]["country"] == "HR"
    (provider,) = ask(client, "GET", BASE + "/providers").json()["items"]
    assert provider["metadata"]["name"] == "zagreb"
    assert ask(client, "GET", BASE + "/orphans").json() == {"items": []}
    events = ask(client, "GET", BASE + "/events").json()["items"]
    later = ask(client, "GET", f"{BASE}/events?after={events[0]['serial']}").json()["items"]
    assert later == events[1:]
    assert ask(client, "GET", BASE + "/events?after=x").status_code == 412


def test_a_forged_join_gets_nothing(api: tuple[TestClient, League]) -> None:
    client, league = api
    league.add_site("zagreb", "HR")
    token = join_token_from_text(
        ask(client, "POST", BASE + "/sites/zagreb/join-tokens").json()["token"]
    )
    key, other = new_agent_key(bytes(32)), new_agent_key(bytes(31) + b"1")
    for secret, signature in (
        (token.secret, sign_join(other, token.secret)),
        (bytes(32), sign_join(key, bytes(32))),
    ):
        document = {
            "secret": base64.b64encode(secret).decode(),
            "public_key": base64.b64encode(public_key_of(key)).decode(),
            "signature": base64.b64encode(signature).decode(),
            "driver": "fake",
        }
        answer = client.post("/agent/v1/join", content=json.dumps(document))
        assert answer.status_code == 401
    assert len(ask(client, "GET", BASE + "/agents").json()["items"]) == 1


def test_a_fault_of_ours_says_no_more_than_where_to_look(
    api: tuple[TestClient, League], caplog: pytest.LogCaptureFixture
) -> None:
    client, league = api
    league.store.write(lambda tx: tx.exec_driver_sql("DROP TABLE events"))
    answer = ask(client, "PUT", INSTANCES + "/web", {"spec": SPEC})
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "events" not in answer.text.replace(INSTANCES, "")
    incident = answer.json()["detail"].split()[-1]
    assert incident in caplog.text


def test_a_plane_is_healthy_when_its_store_answers(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_answers_are_kept_by_nobody_on_the_way(client: TestClient) -> None:
    assert ask(client, "GET", BASE + "/providers").headers["cache-control"] == "no-store"
