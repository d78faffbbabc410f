"""Alerts: what somebody is woken for, signed, tried again, given up, and never to a wrong place."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hanza.api.routes import BASE
from hanza.boot.alerting import DiskWatch, post_alert
from hanza.drivers.fake.site import some_hosts
from hanza.engine.alerting import send_due
from hanza.model.capacity import Capacity
from hanza.plan.alerting import TRIES_MAX
from hanza.store.events import list_last_events
from hanza.wire.alert_v1 import SIGNATURE, signature_of
from kit.apis import OPERATOR, an_api
from kit.leagues import START, League

HOOKS = BASE + "/alert-hooks"
PUBLIC = {"spec": {"url": "https://alerts.example/hanza"}}


class Post:
    """Somewhere alerts arrive, or do not."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any], str]] = []
        self.error: str | None = None

    def __call__(self, url: str, body: bytes, signature: str, _: bool) -> str | None:
        if self.error is None:
            self.got.append((url, json.loads(body), signature))
        return self.error


class World:
    """A plane with a site, and where its alerts go."""

    def __init__(self, client: Any, league: League) -> None:
        self.client, self.league, self.post = client, league, Post()

    def ask(self, method: str, path: str, document: Any = None, status: int = 200) -> Any:
        answer = self.client.request(method, path, json=document, headers=OPERATOR)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def send(self) -> int:
        return send_due(self.league.store, self.league.clock, "fe_1", self.post)

    def alerts(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", BASE + "/alerts")["items"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with an_api(tmp_path) as (client, league):
        yield World(client, league)


def test_a_hook_tells_its_secret_once_and_signs_what_it_sends_with_it(world: World) -> None:
    made = world.ask("PUT", HOOKS + "/pager", PUBLIC, 201)
    again = world.ask("PUT", HOOKS + "/pager", PUBLIC)
    assert "secret" not in again
    assert "secret" not in world.ask("GET", HOOKS)["items"][0]
    world.ask("POST", HOOKS + "/pager/test", status=202)
    world.ask("POST", HOOKS + "/nobody/test", status=404)
    assert (world.send(), world.send()) == (1, 0)
    ((url, body, signature),) = world.post.got
    assert (url, body["kind"], body["subject"]) == (PUBLIC["spec"]["url"], "alert.test", "pager")
    at, digest = (part.partition("=")[2] for part in signature.split(","))
    said = f"{at}.".encode() + json.dumps(body, separators=(",", ":")).encode()
    assert hmac.new(made["secret"].encode(), said, hashlib.sha256).hexdigest() == digest
    assert world.alerts()[0]["state"] == "sent"
    world.ask("DELETE", HOOKS + "/pager", status=204)
    world.ask("DELETE", HOOKS + "/pager", status=404)


@pytest.mark.parametrize(
    "url",
    [
        "http://alerts.example",
        "ftp://x",
        "https://",
        "https://a b",
        "https://me:pw@alerts.example",
        "https://[x",
        "https://a:b",
        "https://:1",
    ],
)
def test_what_nobody_may_post_to_is_no_hook(world: World, url: str) -> None:
    world.ask("PUT", HOOKS + "/pager", {"spec": {"url": url}}, 412)


def test_what_does_not_arrive_is_tried_again_and_given_up_and_shown(world: World) -> None:
    world.ask("PUT", HOOKS + "/pager", PUBLIC, 201)
    world.ask("POST", HOOKS + "/pager/test", status=202)
    world.post.error = "answered 500"
    tried = 0
    for _ in range(60):
        tried += world.send()
        world.league.clock.advance(timedelta(minutes=20))
    assert tried == TRIES_MAX
    (dead,) = world.alerts()
    assert (dead["state"], dead["tries"], dead["error"]) == ("dead", TRIES_MAX, "answered 500")
    world.post.error = None
    world.ask("POST", BASE + "/alerts/retry", status=202)
    assert world.send() == 1
    assert world.alerts()[0]["state"] == "sent"


def test_what_a_sender_that_died_had_taken_is_sent_by_another_with_the_same_id(
    world: World,
) -> None:
    world.ask("PUT", HOOKS + "/pager", PUBLIC, 201)
    world.ask("POST", HOOKS + "/pager/test", status=202)

    def die(*_: object) -> str | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_due(world.league.store, world.league.clock, "fe_1", die)
    assert world.send() == 0, "it is leased"
    world.league.clock.advance(timedelta(minutes=3))
    assert world.send() == 1
    assert world.post.got[0][1]["id"] == world.alerts()[0]["id"]


def test_a_silent_site_a_second_copy_and_an_overfull_host_are_alerts(world: World) -> None:
    world.ask("PUT", HOOKS + "/pager", PUBLIC, 201)
    league = world.league
    agent = league.add_site("berlin", "DE")
    for _ in range(3):
        league.step()
    assert league.put("a", "DE", memory_mib=2048).status == 201
    for _ in range(4):
        league.step()
    with agent.site.open() as inside:
        inside.state.hosts = {one.name: one for one in some_hosts(1, Capacity(1, 512, 512))}
    for _ in range(3):
        league.step()
    agent.link.is_cut = True
    for _ in range(40):
        league.step()
    while world.send():
        pass
    assert [body["kind"] for _, body, _ in world.post.got] == ["host.overfull", "agent.silent"]


def test_a_disk_that_fills_is_told_once_until_it_is_calm_again(world: World) -> None:
    shares = iter([0.5, 0.91, 0.95, 0.87, 0.92, 0.5, 0.93])
    watch = DiskWatch(Path("/"), lambda _: next(shares))
    for _ in range(7):
        watch.look(world.league.store, world.league.clock.now())
        world.league.clock.advance(timedelta(minutes=1))
    kinds = [one.kind for one in world.league.store.read(list_last_events, 100)]
    assert kinds.count("plane.disk_filling") == 2
    assert 0 < DiskWatch(Path("/"))._usage(Path("/")) <= 1


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets, and answers what the path says."""

    got: ClassVar[list[tuple[str, bytes, str | None]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((self.path, body, self.headers[SIGNATURE]))
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests say what they have to say."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_post_arrives_signed_and_follows_nobody_anywhere(receiver: str) -> None:
    signature = signature_of(b"secret", b"{}", START)
    assert post_alert(receiver + "/204", b"{}", signature, True) is None
    assert Receiver.got == [("/204", b"{}", signature)]
    assert post_alert(receiver + "/302", b"{}", signature, True) == "answered 302"
    assert len(Receiver.got) == 2, "the redirect was not followed"
    assert post_alert(receiver + "/500", b"{}", signature, True) == "answered 500"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"])
def test_a_hook_that_is_not_private_never_reaches_inside(receiver: str, host: str) -> None:
    port = receiver.rpartition(":")[2]
    why = post_alert(f"https://{host}:{port}/204", b"{}", "t=1,v1=0", False)
    assert why == "its address is not public; only a private hook may have one"
    assert Receiver.got == []
