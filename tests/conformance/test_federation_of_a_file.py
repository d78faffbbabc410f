"""`hanza up --federation` as it is called by hand: what it says, how it ends, and ends again."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hanza.drivers.contract.patience import until
from kit.federations import FILE, RunningFederation, a_federation
from kit.processes import Process, free_port, hanza


def ask(federation: RunningFederation, *words: str) -> Any:
    command = hanza("--context", federation.said["context"], *words, "--output", "json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def region(federation: RunningFederation, tenant: str) -> Any:
    """As any client begins: the regions, with the token that was printed."""
    answer = httpx2.get(
        f"{federation.said['regionUrl']}/v1/regions",
        headers={"authorization": f"Bearer {federation.token_of(tenant)}"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_everything_in_the_file_is_there_and_the_same_when_it_starts_again(tmp_path: Path) -> None:
    port = free_port()
    with a_federation(tmp_path, port=port) as first:
        assert first.said["regionUrl"] == f"http://127.0.0.1:{port}/providers/seca.region"
        assert first.said["users"] == ["ana", "ben", "cleo"]
        found = region(first, "strict")
        assert found[0]["metadata"]["name"] == first.said["region"] == "eu"
        assert {"de-fra-1", "hr-zag-1", "nl-ams-1"} <= set(found[0]["spec"]["availableZones"])
        agents = ask(first, "agents", "list")
        tenants = ask(first, "tenant", "list")
        assert {one["name"]: one["references"] for one in tenants} == {
            "strict": "strict",
            "deferred": "deferred",
        }
        asks = ("--price-cpu-hour", "0.01", "--attribute", "certifications=bsi_c5")
        ask(first, "provider", "add", "mainrechen", "--title", "Mainrechen GmbH", *asks)
        providers = ask(first, "provider", "list")
        old = first.token_of("deferred")
        assert first.process.stop() == 0
    with a_federation(tmp_path) as second:
        again = ask(second, "agents", "list")
        assert sorted(one["id"] for one in again) == sorted(one["id"] for one in agents)
        assert len(again) == 3
        assert ask(second, "tenant", "list") == tenants
        assert ask(second, "provider", "list") == providers, "with prices that it was given since"
        second.said["tenants"][1]["token"] = old
        assert region(second, "deferred")
        assert second.process.stop() == 0


def test_people_read_the_same_and_no_token_is_kept(tmp_path: Path) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    where = ("--port", str(free_port()), "--state", str(state))
    process = Process(hanza("up", "--federation", str(FILE), *where), log)
    until(lambda: "tenant     deferred" in log.read_text(), "it says that it is up", 60)
    assert process.stop() == 0
    lines = log.read_text().splitlines()
    assert f"authorization URL  http://127.0.0.1:{where[1]}/providers/seca.authorization" in lines
    tokens = [line for line in lines if line.startswith("ey")]
    assert len(tokens) == 2
    kept = b"".join(one.read_bytes() for one in state.rglob("*") if one.is_file())
    assert kept
    assert not [token for token in tokens if token.encode() in kept]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("apiVersion: hanza.app/v1\n", "is missing here"),
        (FILE.read_text().replace("country: HR", "country: Croatia"), ".yaml:21:14"),
    ],
)
def test_a_file_that_is_wrong_starts_nothing(
    content: str | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "f.yaml"
    if content is not None:
        file.write_text(content)
    command = hanza("up", "--federation", str(file), "--state", str(tmp_path / "state"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (tmp_path / "state").exists()


def test_port_and_listen_are_one_or_the_other(tmp_path: Path) -> None:
    where = ("--port", "8080", "--listen", "127.0.0.1:8081", "--state", str(tmp_path / "state"))
    command = hanza("up", *where)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "say one of them" in done.stderr


def test_what_cannot_come_up_ends_the_plane_and_says_why(tmp_path: Path) -> None:
    state = tmp_path / "state"
    blocked = state / "sites" / "hr-zag-1"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where the site's folder goes")
    where = ("--port", str(free_port()), "--state", str(state))
    log = tmp_path / "log"
    process = Process(hanza("up", "--federation", str(FILE), *where), log)
    assert process.wait() == 1
    assert "error: the federation did not come up" in log.read_text()
    assert "hr-zag-1" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert "agent.stopped" in log.read_text()
