"""The standard's API of a real plane over TLS: tenants by the command line, all else by HTTP."""

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league
from kit.seca_client import ClientError, SecaClient

BREATH_S = 0.8
"""An agent whose plane was killed comes back with back-off: 60 looks are patience enough."""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        found.add_image("tiny")
        found.add_site("zagreb", "HR")
        yield found


def token_of(league: LocalLeague, subject: str, tenant: str) -> str:
    league.ask("tenant", "add", tenant)
    return str(league.ask("token", subject, "--tenant", tenant)["token"])


@pytest.fixture
def http(league: LocalLeague) -> Iterator[httpx2.Client]:
    context = ssl.create_default_context(cafile=str(league.state / "root.pem"))
    with httpx2.Client(verify=context, timeout=30, trust_env=False) as client:
        yield client


def a_client(league: LocalLeague, http: httpx2.Client, token: str, tenant: str) -> SecaClient:
    url = f"https://127.0.0.1:{league.port}/providers/seca.region"
    pause = threading.Event()
    return SecaClient(http, token, url, tenant, "hr", lambda: pause.wait(BREATH_S) and None)


def make_instance(client: SecaClient) -> None:
    sku = {"resource": client.sku("seca.compute", "Tier=D2XS")}
    disk_sku = {"resource": client.sku("seca.storage", "Tier=local")}
    image = {"resource": "tenants/public/images/tiny"}
    client.put_workspace("shop")
    disk = {"sizeGB": 1, "skuRef": disk_sku, "sourceImageRef": image}
    client.put_block_storage("shop", "boot", disk)
    boot = {"deviceRef": {"resource": "block-storages/boot"}}
    client.put_instance("shop", "web", {"skuRef": sku, "zone": "zagreb", "bootVolume": boot})


def test_a_tenant_runs_a_machine_and_another_finds_nothing_also_after_a_kill(
    league: LocalLeague, http: httpx2.Client
) -> None:
    ana = a_client(league, http, token_of(league, "ana", "acme"), "acme")
    bob = a_client(league, http, token_of(league, "bob", "rival"), "rival")
    names = {one["name"]: one["references"] for one in league.ask("tenant", "list")}
    assert names == {"acme": "strict", "rival": "strict"}
    assert "zagreb" in ana.discover()
    make_instance(ana)
    ana.power("shop", "web", "start")
    league.plane.kill()
    league.restart_plane()
    running = ana.get_until("shop", "instances", "web", lambda status: status["state"] == "active")
    assert running["status"]["powerState"] == "on"
    assert [one["name"] for one in league.ask("status", "--tenant", "acme")] == ["web"]
    bob.discover()
    bob.tenant = "acme"
    with pytest.raises(ClientError) as refused:
        bob.get("shop", "instances", "web")
    assert refused.value.status == 404
    ana.delete("shop", "instances", "web")
    ana.delete("shop", "block-storages", "boot")
    ana.delete("shop", "", "shop")
    for collection, name in (("instances", "web"), ("block-storages", "boot"), ("", "shop")):
        ana.watch_until_deleted("shop", collection, name)


def test_events_are_streamed_as_they_happen(league: LocalLeague, http: httpx2.Client) -> None:
    token = json.loads((league.state / "context.json").read_text())["token"]
    url = f"https://127.0.0.1:{league.port}/providers/hanza.federation/v1/events?after=0"
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    with http.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert "event: agent.joined" in next_lines(lines, "event: agent.joined")
        league.ask("tenant", "add", "acme")
        assert "event: tenant.added" in next_lines(lines, "event: tenant.added")


def next_lines(lines: Iterator[str], wanted: str) -> list[str]:
    found: list[str] = []

    def is_there() -> bool:
        found.append(next(lines))
        return found[-1] == wanted

    until(is_there, wanted, 30)
    return found


def test_a_token_in_a_file_is_nobody_elses_to_read(league: LocalLeague) -> None:
    league.ask("tenant", "add", "acme", "--references", "deferred")
    file = league.folder / "ana.token"
    done = league.run("token", "ana", "--tenant", "acme", "--file", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text().strip() not in done.stdout
    keys = league.state / "hanza.db"
    assert keys.stat().st_mode & 0o077 == 0, "what signs tokens is in there"
    refused = league.run("token", "ana", "--tenant", "nobody")
    assert refused.returncode == 1
    assert "there is no tenant" in refused.stderr
