"""Blobs for agents: who proves what, and who may have which."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.model.errors import Revoked
from hanza.model.ids import AgentId
from hanza.store.images import put_image
from hanza.wire.agent_v1 import blob_path
from hanza.wire.credentials import FETCH_WINDOW, new_agent_key, sign_fetch
from kit.apis import OPERATOR, an_api
from kit.images import a_qcow2, an_image, digest_of
from kit.leagues import PIN, League, SiteAgent

TINY = digest_of(a_qcow2())
OTHERS = a_qcow2(99)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as (client, league):
        league.add_site("zagreb", "HR")
        league.add_site("frankfurt", "DE")
        league.store.write(put_image, an_image("other", league.plane.blobs, OTHERS))
        league.put("kava", "HR")
        league.run_until(lambda: league.shown()["kava"][0] == "active")
        yield client, league


def fetch(
    client: TestClient,
    agent: SiteAgent,
    blob: str = TINY,
    late: timedelta = timedelta(0),
    **headers: str,
) -> Any:
    now = agent.league.clock.now() + late
    proof = sign_fetch(agent.journal.key(bytes), agent.id, blob_path(blob), now, PIN)
    return client.get(blob_path(blob), headers={"authorization": proof, **headers})


def test_an_agent_gets_the_bytes_of_what_is_placed_with_it(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    zagreb = league.agents["zagreb"]
    assert fetch(client, zagreb).content == a_qcow2()
    rest = fetch(client, zagreb, range="bytes=100-")
    assert (rest.status_code, rest.content) == (206, a_qcow2()[100:])


def test_it_gets_nothing_else_and_is_not_told_what_there_is(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    for agent, blob in (
        (league.agents["frankfurt"], TINY),
        (league.agents["zagreb"], digest_of(OTHERS)),
        (league.agents["zagreb"], "0" * 64),
    ):
        answer = fetch(client, agent, blob)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_only_a_fresh_proof_by_its_own_key_is_good(api: tuple[TestClient, League]) -> None:
    client, league = api
    zagreb = league.agents["zagreb"]
    now, path, key = league.clock.now(), blob_path(TINY), zagreb.journal.key(bytes)
    others = league.agents["frankfurt"].journal.key(bytes)
    for proof in (
        None,
        OPERATOR["authorization"],
        sign_fetch(others, zagreb.id, path, now, PIN),
        sign_fetch(new_agent_key(bytes(32)), zagreb.id, path, now, PIN),
        sign_fetch(key, AgentId("ag_nobody"), path, now, PIN),
        sign_fetch(key, zagreb.id, blob_path("0" * 64), now, PIN),
        sign_fetch(key, zagreb.id, path, now, bytes(32)),
        sign_fetch(key, zagreb.id, path, now - FETCH_WINDOW - timedelta(seconds=1), PIN),
    ):
        headers = {} if proof is None else {"authorization": proof}
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_revoked_agent_gets_nothing_more(api: tuple[TestClient, League]) -> None:
    client, league = api
    zagreb = league.agents["zagreb"]
    assert fetch(client, zagreb).status_code == 200
    assert client.post(f"{BASE}/agents/{zagreb.id}/revoke", headers=OPERATOR).status_code == 200
    answer = fetch(client, zagreb)
    assert (answer.status_code, answer.json()["code"]) == (401, Revoked.code)
