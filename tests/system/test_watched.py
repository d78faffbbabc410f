"""A whole league that logs as JSON, looked into: no secret shows, and nothing of a tenant's."""

import base64
import contextlib
import json
import re
import ssl
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hanza.drivers.contract.patience import until
from hanza.store.signing_keys import list_keys
from hanza.store.tx import Store
from kit.processes import LocalLeague, a_local_league, free_port
from kit.seca_client import SecaClient

ROOT = Path(__file__).parents[2]
PASSWORD = "correct-horse-battery"
TENANT, WORKSPACE, MACHINE = "tajna", "tajni-projekt", "tajni-stroj"
USER_DATA = "I2Nsb3VkLWNvbmZpZyBwYXNzd29yZDogdGFqbmE="
OF_TENANTS = (TENANT, WORKSPACE, MACHINE, USER_DATA, "ana-osobno")


@pytest.fixture
def league(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalLeague]:
    monkeypatch.setenv("HANZA_LOG", "json")
    with a_local_league(tmp_path) as found:
        yield found


def live(league: LocalLeague) -> set[str]:
    """Do a bit of everything; every secret that was about is returned."""
    league.add_site("zagreb", "HR", secret=PASSWORD)
    until(lambda: bool(league.ask("host", "list")), "the site is heard", 20)
    (told,) = league.ask("site", "metrics", "zagreb")["agents"]
    assert told["numbers"]["driver_calls"] > 0  # asked of the agent, by way of its link
    league.add_image("tiny")
    league.ask("tenant", "add", TENANT)
    token = str(league.ask("token", "ana-osobno", "--tenant", TENANT)["token"])
    make_a_machine(league, token)
    app = league.folder / "app.yaml"
    app.write_text(
        "apiVersion: hanza.app/v1\nworkspace: demo\ncomponents:\n"
        "  - {name: kava, country: HR, image: tiny, memory: 96Mi, disk: 64Mi}\n"
    )
    assert league.run("apply", str(app), "--wait", "--timeout", "30").returncode == 0
    unused = str(league.ask("site", "invite", "zagreb")["token"])
    for bad in (f"{token}x", unused):
        context = league.folder / "bad.json"
        good = json.loads((league.state / "context.json").read_text())
        context.write_text(json.dumps(good | {"token": bad}))
        assert league.run("--context", str(context), "status").returncode == 1
    league.agents["zagreb"].stop()
    league.start_agent("zagreb")
    log = league.folder / "zagreb.log"
    until(lambda: log.read_text().count('"link.opened"') == 2, "it is linked again", 20)
    seed = (league.folder / "zagreb" / "key.ed25519").read_bytes()
    with contextlib.closing(Store(f"sqlite:///{league.state}/hanza.db")) as store:
        keys = [json.loads(one.jwk) for one in store.read(list_keys)]
    files = ("operator.token", "metrics.token", "root.key", "server.key")
    lines = [line for name in files for line in (league.state / name).read_text().splitlines()]
    return {
        *(line for line in lines if not line.startswith("-----")),
        *(key["d"] for key in keys),
        *(seed.hex(), base64.b64encode(seed).decode()),
        *token.split(".")[1:],
        unused,
        unused[-20:],
        PASSWORD,
    }


def make_a_machine(league: LocalLeague, token: str) -> None:
    url = f"https://127.0.0.1:{league.port}/providers/seca.region"
    pause = threading.Event()
    with a_client(league) as http:
        ana = SecaClient(http, token, url, TENANT, "hr", lambda: pause.wait(0.5) and None)
        ana.discover()
        sku = {"resource": ana.sku("seca.compute", "Tier=D2XS")}
        disk_sku = {"resource": ana.sku("seca.storage", "Tier=local")}
        ana.put_workspace(WORKSPACE)
        image = {"resource": "tenants/public/images/tiny"}
        disk = {"sizeGB": 1, "skuRef": disk_sku, "sourceImageRef": image}
        ana.put_block_storage(WORKSPACE, "boot", disk)
        boot = {"deviceRef": {"resource": "block-storages/boot"}}
        spec = {"skuRef": sku, "zone": "zagreb", "bootVolume": boot, "userData": USER_DATA}
        ana.put_instance(WORKSPACE, MACHINE, spec)
        ana.get_until(WORKSPACE, "instances", MACHINE, lambda status: status["state"] == "active")


def a_client(league: LocalLeague) -> httpx2.Client:
    context = ssl.create_default_context(cafile=str(league.state / "root.pem"))
    return httpx2.Client(verify=context, timeout=30, trust_env=False)


def lines_of(log: Path) -> list[dict[str, Any]]:
    """Every line that is an event; what `up` prints for people is on the same file in tests."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_logs_and_bundle_of_a_whole_league_tell_no_secret(league: LocalLeague) -> None:
    secrets = live(league)
    done = league.run(
        *("support-bundle", "--state", str(league.state), "--agent", str(league.folder / "zagreb")),
        *("--file", str(league.folder / "bundle.tar.gz"), "--output", "json"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["missing"] == {}
    kept = [league.state / "log/recent.jsonl", league.folder / "zagreb/log/recent.jsonl"]
    logs = {path.name + str(n): path.read_text() for n, path in enumerate(kept)}
    logs |= {path.name: path.read_text() for path in league.folder.glob("*.log")}
    for name, text in logs.items():
        assert text, name
        assert not [one for one in secrets if one in text], f"{name} tells a secret"
        assert not [one for one in (TENANT, WORKSPACE, USER_DATA) if one in text], name
    with tarfile.open(league.folder / "bundle.tar.gz") as archive:
        files = {one.name: archive.extractfile(one).read().decode() for one in archive}  # type: ignore[union-attr]
    for name, text in files.items():
        assert text, name
        assert not [one for one in secrets if one in text], f"{name} tells a secret"
        assert not [one for one in OF_TENANTS if one in text], f"{name} tells what is a tenant's"
    for needed in ("plane/metrics.txt", "plane/schema.json", "agent-1/agent.json", "bundle.json"):
        assert f"hanza-support/{needed}" in files
    assert json.loads(files["hanza-support/plane/ready.json"]) == {"status": "ok"}
    assert json.loads(files["hanza-support/plane/counts.json"])["rows"]["tenants"] == 1
    assert "hanza_agents_linked 1.0" in files["hanza-support/plane/metrics.txt"]
    assert (league.folder / "bundle.tar.gz").stat().st_mode & 0o077 == 0
    for file, says in (
        (league.folder / "bundle.tar.gz", "nothing is written over: name another with --file"),
        (Path("/nowhere/x"), "cannot write"),
    ):
        again = league.run("support-bundle", "--state", str(league.state), "--file", str(file))
        assert (again.returncode, says in again.stderr) == (1, True)
    check_events(league)


def check_events(league: LocalLeague) -> None:
    """Every line is an event of the reference page; requests have their id."""
    known = set(
        re.findall(
            r"^\| `([a-z_.]+)` \|", (ROOT / "docs/reference/log-events.md").read_text(), re.M
        )
    )
    found = {path.name: lines_of(path) for path in league.folder.glob("*.log")}
    for name, events in found.items():
        assert events, name
        for one in events:
            assert one["event"] in known | {"library.said"}, one
            assert {"at", "level", "event", "part"} <= set(one)
    answered = [one for one in found["plane.log"] if one["event"] == "request.answered"]
    assert answered
    assert all(one["request"].startswith("rq_") for one in answered)
    assert {"order.taken", "agent.stopped"} <= {one["event"] for one in found["zagreb.log"]}


def test_an_answers_id_is_found_in_the_log(league: LocalLeague) -> None:
    with a_client(league) as http:
        answer = http.put(f"https://127.0.0.1:{league.port}/providers/hanza.federation/v1/sites/x")
    (line,) = [
        one
        for one in lines_of(league.folder / "plane.log")
        if one.get("request") == answer.headers["x-request-id"]
    ]
    assert (line["event"], line["status"]) == ("request.answered", 401)


def test_numbers_without_a_token_are_served_on_loopback_only(league: LocalLeague) -> None:
    league.add_site("zagreb", "HR")
    league.agents["zagreb"].stop()
    port = free_port()
    league.start_agent("zagreb", "--metrics-listen", f"127.0.0.1:{port}")

    def page() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    until(lambda: "hanza_agent_linked 1.0" in page(), "the agent tells that it is linked", 20)
    assert "hanza_agent_bugs_total 0.0" in page()
    for command in (("up",), ("agent", "run")):
        state = str(league.folder / "other")
        done = league.run(*command, "--state", state, "--metrics-listen", "192.0.2.1:9464")
        assert done.returncode == 1
        assert "loopback" in done.stderr


def test_a_form_of_log_that_there_is_not_is_refused(
    league: LocalLeague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANZA_LOG", "xml")
    done = league.run("up", "--state", str(league.folder / "other"), "--listen", "127.0.0.1:1")
    assert done.returncode == 1
    assert "text, json" in done.stderr
