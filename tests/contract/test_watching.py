"""What watchers get of a plane: alive, ready, numbers; who may, and nothing of a tenant's."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hanza.api import readiness
from hanza.api.app import build_app
from hanza.api.gate import build_gate
from hanza.api.identity import OperatorToken, WatcherToken
from hanza.api.link import Hub
from hanza.api.route import PUBLIC
from hanza.api.routes import BASE, ROUTES
from hanza.kit.pulse import Pulse
from hanza.model.ids import AgentId
from hanza.model.manifest import Version
from hanza.store.census import count_rows, manifest_lags, take_census
from hanza.store.health import ask_for_proof, newest_revision, revision_of
from kit.apis import OPERATOR, TOKEN, bearer
from kit.leagues import League, a_league

WATCHER = {"authorization": "Bearer watcher-t0ken"}
INSTANCES = BASE + "/tenants/acme-secret/workspaces/shop-secret/instances"
SPEC = {"country": "HR", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
LABELS = {"method", "route", "status", "kind", "outcome", "state", "heard", "version", "le"}


@pytest.fixture
def watched(tmp_path: Path, database_url: str) -> Iterator[tuple[TestClient, League]]:
    with a_league(tmp_path, url=database_url) as league, a_client(league, Pulse()) as client:
        yield client, league


def a_client(league: League, pulse: Pulse | None) -> TestClient:
    plane = league.plane
    knows = build_gate(plane, OperatorToken(TOKEN), WatcherToken("watcher-t0ken"))
    return TestClient(
        build_app(plane, knows, Hub(plane), pulse=pulse), raise_server_exceptions=False
    )


def numbers(client: TestClient) -> dict[str, float]:
    page = client.get("/metrics", headers=WATCHER).text
    lines = (line.rpartition(" ") for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_numbers_are_for_those_with_the_permission(watched: tuple[TestClient, League]) -> None:
    client, league = watched
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=bearer(league, "ana", "acme")).status_code == 403
    assert client.get("/metrics", headers=OPERATOR).status_code == 200
    answer = client.get("/metrics", headers=WATCHER)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_watchers_token_opens_nothing_else(watched: tuple[TestClient, League]) -> None:
    client, _ = watched
    for route in ROUTES:
        path = re.sub(r"\{\w+\}", "x", route.path)
        if route.permission != PUBLIC:
            assert client.request(route.method, path, headers=WATCHER).status_code == 403, path


def test_numbers_name_no_tenant_and_grow_with_no_use(watched: tuple[TestClient, League]) -> None:
    client, league = watched
    agent = league.add_site("zagreb", "HR")
    league.step()
    for name in ("web-secret", "db-secret"):
        assert client.put(f"{INSTANCES}/{name}", json={"spec": SPEC}, headers=OPERATOR).is_success
    client.get("/nowhere-secret")
    client.request("BREW", "/healthz")
    numbers(client)
    before = numbers(client)
    page = client.get("/metrics", headers=WATCHER).text
    for word in ("secret", agent.id, "in_", "zagreb"):
        assert word not in page
    assert set(re.findall(r"[{,](\w+)=\"", page)) <= LABELS
    assert before['hanza_instances{state="pending"}'] == 2
    assert before['hanza_work_due{kind="place"}'] == 2
    assert before['hanza_agents{heard="35s"}'] == 1
    route = BASE + "/tenants/{tenant}/workspaces/{workspace}/instances/{instance}"
    asked = f'hanza_http_requests_total{{method="PUT",route="{route}",status="201"}}'
    assert before[asked] == 2
    assert before['hanza_http_requests_total{method="GET",route="none",status="404"}'] == 1
    assert before['hanza_http_requests_total{method="other",route="/healthz",status="405"}'] == 1
    for name in ("third", "fourth"):
        client.put(f"{INSTANCES}/{name}", json={"spec": SPEC}, headers=OPERATOR)
        client.get(f"/nowhere/{name}")
    assert set(numbers(client)) == set(before), "no series for one more of anything"
    league.run_until(lambda: numbers(client)['hanza_instances{state="active"}'] == 4)
    after = numbers(client)
    assert after['hanza_engine_passes_total{kind="place",outcome="done"}'] >= 1
    assert after["hanza_store_commit_seconds_count"] > before["hanza_store_commit_seconds_count"]
    assert after["hanza_store_up"] == 1


def test_ages_and_queues_are_counted(league_on_either: League) -> None:
    league = league_on_either
    agent = league.add_site("zagreb", "HR")
    league.step()
    league.put("kava", "HR")
    now = league.clock.advance(timedelta(minutes=2))
    census = league.plane.store.read(take_census, now)
    assert census.agents["5m"] == 1
    assert census.queues["place"].due == 1
    assert census.queues["place"].oldest_due_for >= timedelta(minutes=2)
    rows = league.plane.store.read(count_rows)
    assert (rows["instances"], rows["agents"]) == (1, 1)
    league.step()
    league.put("burek", "HR")
    while league.engine.run_round():
        pass
    now = league.clock.advance(timedelta(seconds=30))
    held: dict[AgentId, Version | None] = {agent.id: None}
    lags = league.plane.store.read(manifest_lags, held, now)
    assert lags[agent.id] >= timedelta(seconds=30)
    held = {agent.id: Version(1, 10**6)}
    assert league.plane.store.read(manifest_lags, held, now) == {}


@pytest.fixture
def league_on_either(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as league:
        yield league


def test_a_good_plane_is_alive_and_ready(watched: tuple[TestClient, League]) -> None:
    client, league = watched
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"}), path
    rows = league.plane.store.read(count_rows)
    assert rows["work"] == 0, "the proof leaves nothing"
    assert league.plane.store.read(revision_of) == newest_revision()


def reasons(client: TestClient) -> list[str]:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert client.get("/healthz").status_code == 200, "not ready is not dead"
    return list(answer.json()["reasons"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.db"


@pytest.fixture
def on_file(tmp_path: Path, file: Path) -> Iterator[tuple[TestClient, League]]:
    with ExitStack() as stack:
        league = stack.enter_context(a_league(tmp_path, url=f"sqlite:///{file}"))
        yield stack.enter_context(a_client(league, Pulse())), league


def test_a_locked_database_makes_it_unready_and_keeps_nobody_waiting(
    on_file: tuple[TestClient, League], file: Path
) -> None:
    client, _ = on_file
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    (reason,) = reasons(client)
    assert "no write" in reason
    assert time.monotonic() - began < 2 * readiness.PROOF_WITHIN_S
    began = time.monotonic()
    assert [reasons(client) for _ in range(20)] == [[reason]] * 20
    assert time.monotonic() - began < readiness.PROOF_WITHIN_S, "one proof serves all who ask"
    other.execute("ROLLBACK")
    other.close()

    deadline = time.monotonic() + 30
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline


def test_a_database_that_is_gone_or_of_another_release_makes_it_unready(
    on_file: tuple[TestClient, League], file: Path
) -> None:
    client, league = on_file
    league.plane.store.write(
        lambda tx: tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    )
    file.rename(file.with_name("moved.db"))
    assert reasons(client) == ["the schema is not this release's", "the database's file is gone"]


def test_a_store_that_breaks_tells_no_more_than_that(
    on_file: tuple[TestClient, League],
) -> None:
    client, league = on_file
    league.plane.store.write(lambda tx: tx.exec_driver_sql("DROP TABLE work"))
    (reason,) = reasons(client)
    assert reason == "the store takes no writes (OperationalError)"
    assert numbers(client)["hanza_store_up"] == 0, "the page is there all the same"


def test_a_closed_store_is_no_surprise(on_file: tuple[TestClient, League]) -> None:
    _, league = on_file
    league.plane.store.close()
    plane = league.plane
    assert ask_for_proof(plane.store, plane.ids, plane.clock).result() == ["the store is closed"]


@pytest.mark.parametrize("pulse", [None, "stopped"])
def test_an_engine_that_stands_still_makes_it_unready(tmp_path: Path, pulse: str | None) -> None:
    class Stopped(Pulse):
        def silent_for_s(self) -> float:
            return readiness.ROUND_WITHIN_S + 1

    with a_league(tmp_path) as league, a_client(league, Stopped() if pulse else None) as client:
        (reason,) = reasons(client)
        assert "engine" in reason


def test_an_answer_carries_the_id_that_its_lines_in_the_log_have(
    watched: tuple[TestClient, League], caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = watched
    caplog.set_level("INFO", "hanza.api")
    forged = {"x-request-id": "mine"}
    answer = client.put(f"{INSTANCES}/web-secret", json={}, headers=OPERATOR | forged)
    request = answer.headers["x-request-id"]
    assert request.startswith("rq_")
    (line,) = [one.getMessage() for one in caplog.records if request in one.getMessage()]
    assert "request.answered" in line
    assert "status=412" in line
    assert "secret" not in caplog.text


def test_what_is_asked_of_a_locked_database_is_refused_whole_and_taken_when_it_is_free(
    on_file: tuple[TestClient, League], file: Path
) -> None:
    client, _ = on_file
    path = BASE + "/providers/late"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = client.put(path, json={"spec": {"title": "Late Ltd."}}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (503, "store.unavailable")
    assert answer.headers["retry-after"]
    other.execute("ROLLBACK")
    other.close()
    assert (
        client.put(path, json={"spec": {"title": "Late Ltd."}}, headers=OPERATOR).status_code == 201
    )
    assert (
        client.put(path, json={"spec": {"title": "Late Ltd."}}, headers=OPERATOR).status_code == 200
    )
