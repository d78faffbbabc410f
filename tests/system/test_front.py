"""Whoever asks while a plane is not there is told so, on its own addresses, and never refused."""

import json
import os
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from hanza.agent.address import Address
from hanza.agent.link import ASKED_S_MAX, WebSocketDial, asked_pause
from hanza.api.problems import problem_response
from hanza.boot.certificates import ensure_certificates
from hanza.boot.front.porch import DETAIL, HINT, answer_to
from hanza.boot.front.status import status_of
from hanza.cli.client import Client, Context
from hanza.drivers.contract.patience import until
from hanza.kit.clock import SystemClock
from hanza.model.errors import PlaneStarting
from hanza.wire.problems import problem_of
from kit.fronted import Fronted, a_front
from kit.processes import a_local_league
from kit.tiny_plane import REFUSES

FRONT_MIB_MAX = 25.0


def ask(front: Fronted, path: str = "/v1/x") -> tuple[int, str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", front.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("retry-after"), answer.read()
    finally:
        connection.close()


@contextmanager
def asking(front: Fronted) -> Iterator[list[tuple[int, str | None, bytes]]]:
    """Ask without a pause; whatever is no answer of HTTP fails the test."""
    heard: list[tuple[int, str | None, bytes]] = []
    trouble: list[Exception] = []
    is_over = threading.Event()

    def go_on() -> None:
        try:
            while not is_over.is_set():
                heard.append(ask(front))
        except OSError as error:
            trouble.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield heard
    finally:
        is_over.set()
        thread.join()
    assert not trouble, trouble


def test_a_restart_brings_another_process_and_refuses_nobody(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        assert ask(front) == (200, None, str(first).encode())
        with asking(front) as heard:
            os.kill(front.process.pid, signal.SIGHUP)
            second = front.until_phase("serving", first)
            until(lambda: heard[-1][2] == str(second).encode(), "it serves", 5)
        assert {status for status, _, _ in heard} <= {200, 503}
        assert {when for status, when, _ in heard if status == 503} <= {"2"}
        assert front.process.stop() == 0


def test_a_killed_plane_is_started_again_and_meanwhile_said_to_start(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        with asking(front) as heard:
            (front.state / "slow").touch()
            os.kill(first, signal.SIGKILL)
            second = front.until_phase("starting", first)
            until(lambda: heard[-1][0] == 503, "the front answers", 5)
            assert json.loads(heard[-1][2])["code"] == "plane.starting"
            (front.state / "slow").unlink()
            until(lambda: heard[-1][2] == str(second).encode(), "it serves", 5)
        assert "plane.crashed" in front.log.read_text()
        assert front.status.starts == 1


def test_a_status_that_cannot_be_kept_ends_nothing(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        (front.state / "front.json.new").mkdir()
        os.kill(first, signal.SIGKILL)
        until(lambda: ask(front)[0] == 200 and ask(front)[2] != str(first).encode(), "anew", 5)
        assert front.process.stop() == 0


def test_a_release_that_cannot_begin_takes_nothing_away(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        (front.state / "broken").touch()
        with asking(front) as heard:
            os.kill(front.process.pid, signal.SIGHUP)
            until(lambda: front.status.not_begun == 1, "the new one ends", 20)
        assert {who for _, _, who in heard} == {str(first).encode()}


def test_a_plane_that_ends_before_any_has_served_ends_its_front(tmp_path: Path) -> None:
    with a_front(tmp_path / "p", "refuses") as front:
        assert front.process.wait() == REFUSES
        assert status_of(front.state) is None


def test_a_killed_front_leaves_the_addresses_to_the_next(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        front.process.kill()
        front.start_again()
        second = front.until_phase("serving", first)
        assert ask(front)[2] == str(second).encode()
        until(lambda: not Path(f"/proc/{first}").exists(), "the one left behind ends", 5)


def test_who_asks_nonsense_or_nothing_holds_up_nobody(tmp_path: Path) -> None:
    with a_front(tmp_path / "p", "slow") as front:
        front.until_phase("starting")
        silent = [socket.create_connection(("127.0.0.1", front.port)) for _ in range(20)]
        with socket.create_connection(("127.0.0.1", front.port)) as odd:
            odd.sendall(b"\x00" * 40_000)
            assert odd.recv(100).startswith(b"HTTP/1.1 503 ")
        with socket.create_connection(("127.0.0.1", front.port)) as large:
            large.sendall(b"PUT /x HTTP/1.1\r\ncontent-length: 900000\r\n\r\n" + b"x" * 90_000)
            assert b"plane.starting" in large.recv(2000)
        assert ask(front, "/healthz")[0] == 200
        status, when, body = ask(front, "/readyz")
        assert (status, when, json.loads(body)) == (
            503,
            "2",
            {"status": "unready", "reasons": [DETAIL]},
        )
        for one in silent:
            one.close()


def test_agents_are_told_by_tls_when_to_come_again(tmp_path: Path) -> None:
    state = tmp_path / "p"
    state.mkdir()
    ensure_certificates(state, ["127.0.0.1"], SystemClock().now())
    with a_front(state, "slow") as front:
        front.until_phase("starting")
        with pytest.raises(InvalidStatus) as told:
            WebSocketDial(state / "root.pem")(Address("127.0.0.1", front.port, "", True))
        assert asked_pause(told.value, 0.5) == timedelta(seconds=3)
        told.value.response.headers["retry-after"] = "x"
        assert asked_pause(told.value, 0.5) is None
        del told.value.response.headers["retry-after"]
        told.value.response.headers["retry-after"] = "9" * 300
        assert asked_pause(told.value, 0) == timedelta(seconds=ASKED_S_MAX)
        trusted = ssl.create_default_context(cafile=state / "root.pem")
        line = HTTPSConnection("127.0.0.1", front.port, timeout=5, context=trusted)
        line.request("HEAD", "/v1/x")
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (503, b"")
        line.close()


def test_what_the_front_says_is_what_a_plane_would_say() -> None:
    said = problem_response(problem_of(PlaneStarting(DETAIL, hint=HINT), "/v1/a/b"))
    head, _, body = answer_to(b"GET /v1/a/b?c=d HTTP/1.1\r\n\r\n", 7).partition(b"\r\n\r\n")
    assert body == said.body
    assert b"\r\nretry-after: 7\r\n" in head
    assert f"content-type: {said.headers['content-type']}".encode() in head


def test_a_real_plane_is_restarted_and_stopped(tmp_path: Path) -> None:
    with a_local_league(tmp_path, has_front=True) as league:
        first = status_of(league.state)
        assert first is not None
        root = ssl.create_default_context(cafile=str(league.state / "root.pem"))
        idle = HTTPSConnection("127.0.0.1", league.port, timeout=5, context=root)
        idle.request("GET", "/healthz")
        assert idle.getresponse().read(), "and nothing is read of it any more"
        done = league.ask("plane", "restart", "--state", str(league.state))
        log = (tmp_path / "plane.log").read_text()
        assert "graceful shutdown exceeded" not in log, "who keeps a connection holds up nobody"
        idle.close()
        assert (done["front"], done["plane"] != first.plane) == (league.plane.pid, True)
        league.ask("tenant", "add", "acme")
        assert league.plane.resident_mib <= FRONT_MIB_MAX
        assert league.plane.stop() == 0
        nobody = league.run("plane", "restart", "--state", str(league.state))
        assert "no plane runs behind a front" in nobody.stderr


def test_a_client_comes_again_when_a_plane_starts(tmp_path: Path) -> None:
    with a_front(tmp_path / "p", "slow") as front:
        front.until_phase("starting")
        begun = threading.Timer(0.5, (front.state / "slow").unlink)
        begun.start()
        with Client(Context(f"http://127.0.0.1:{front.port}", "t", "")) as client:
            assert client.get("/x") == front.until_phase("serving")
        begun.join()
