"""Whoever asks while a plane is not there is told so, on its own addresses, and never refused."""

import fcntl
import json
import os
import signal
import socket
import ssl
import struct
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from selectors import DefaultSelector

import pytest
from websockets.exceptions import InvalidStatus

from hanza.agent.address import Address
from hanza.agent.link import ASKED_S_MAX, WebSocketDial, asked_pause
from hanza.api.problems import problem_response
from hanza.boot.certificates import ensure_certificates
from hanza.boot.front.begin import sole_front
from hanza.boot.front.front import LOCK
from hanza.boot.front.porch import DETAIL, HINT, Door, Porch, answer_to
from hanza.boot.front.status import status_of
from hanza.cli.client import Client, Context
from hanza.drivers.contract.patience import until
from hanza.kit.clock import SystemClock
from hanza.model.errors import Conflict, PlaneStarting
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
def asking(
    front: Fronted, *, may_cut: bool = False
) -> Iterator[list[tuple[int, str | None, bytes]]]:
    """Ask without a pause; whatever is no answer of HTTP fails the test.

    `may_cut`: a plane that is killed cuts whom it has let in already.
    """
    heard: list[tuple[int, str | None, bytes]] = []
    trouble: list[Exception] = []
    is_over = threading.Event()

    def go_on() -> None:
        try:
            while not is_over.is_set():
                with suppress(*((ConnectionResetError, BrokenPipeError) if may_cut else ())):
                    heard.append(ask(front))
        except OSError as error:
            trouble.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        until(lambda: bool(heard or trouble), "somebody answers", 5)
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
        with asking(front, may_cut=True) as heard:
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


def test_where_no_process_can_be_started_the_front_lives_on(tmp_path: Path) -> None:
    with a_front(tmp_path / "p") as front:
        first = front.until_phase("serving")
        front.python.rename(front.state / "away")
        os.kill(front.process.pid, signal.SIGHUP)
        until(lambda: front.status.not_begun == 1, "nothing could be started", 5)
        assert ask(front)[2] == str(first).encode()
        os.kill(first, signal.SIGKILL)
        until(lambda: "plane.not_started" in front.log.read_text(), "it is said", 5)
        assert ask(front)[0] == 503
        (front.state / "away").rename(front.python)
        front.until_phase("serving", first)
        assert front.process.stop() == 0


def test_who_only_asks_for_the_status_keeps_no_front_away(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    with (tmp_path / LOCK).open() as asked:
        fcntl.flock(asked, fcntl.LOCK_SH)
        gone = threading.Timer(0.1, fcntl.flock, (asked, fcntl.LOCK_UN))
        gone.start()
        lock = sole_front(tmp_path)
        gone.join()
    with pytest.raises(Conflict, match="another plane runs"):
        sole_front(tmp_path)
    os.close(lock)


def test_who_resets_its_wire_before_it_is_let_in_ends_nothing() -> None:
    with a_porch(is_tls=True) as (porch, address, visit):
        for said in (b"", b"x"):
            caller = socket.create_connection(address)
            caller.sendall(said)
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            caller.close()
            visit()
            visit()
            assert not porch.is_busy


def test_who_never_ceases_to_send_is_looked_at_in_its_turn() -> None:
    with (
        a_porch(is_tls=False) as (_, address, visit),
        socket.create_connection(address) as caller,
    ):
        caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
        visit()
        (wire,) = visit()
        assert caller.recv(2000).startswith(b"HTTP/1.1 503 ")
        caller.sendall(b"x" * 200_000)
        assert visit() == [wire]
        left = fcntl.ioctl(wire, termios.FIONREAD, bytes(4))
        assert int.from_bytes(left, sys.byteorder) > 0, "one piece is read of it, and no more"


@contextmanager
def a_porch(
    *, is_tls: bool
) -> Iterator[tuple[Porch, tuple[str, int], Callable[[], list[socket.socket]]]]:
    """An open one in this process, where it is, and a look at whatever is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener, DefaultSelector() as selector:
        listener.setblocking(False)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        porch = Porch(selector, [Door(listener, is_tls)], lambda: context, lambda: 2)
        porch.open()

        def visit() -> list[socket.socket]:
            ready = [key.fileobj for key, _ in selector.select(0.1)]
            found = [one for one in ready if isinstance(one, socket.socket)]
            for one in found:
                porch.visit(one)
            return found

        yield porch, listener.getsockname(), visit
        for key in list(selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()


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
