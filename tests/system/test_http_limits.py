"""Slow, large and half-told requests at a real server, byte by byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from hanza.api.app import build_app
from hanza.api.gate import CallLimits, build_gate
from hanza.api.identity import OperatorToken
from hanza.api.link import Hub
from hanza.api.routes import BASE
from hanza.boot.guarded_http import HEAD_BYTES_MAX, GuardedHttp
from kit.apis import TOKEN
from kit.leagues import a_league
from kit.waiting import until

GET = f"GET {BASE}/sites HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n".encode()
PUT = f"PUT {BASE}/tenants/acme HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n".encode()
SECONDS_MAX = 20


class Impatient(GuardedHttp):
    head_within_s = 0.5
    linger_s = 0.3


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with a_league(tmp_path_factory.mktemp("plane")) as league, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        limits = CallLimits(body_within_s=0.5)
        gate = build_gate(league.plane, OperatorToken(TOKEN), limits=limits)
        app = build_app(league.plane, gate, Hub(league.plane))
        config = uvicorn.Config(app, http=Impatient, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until(lambda: server.started, "the server listens")
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


class Line:
    """One connection, as raw as it is."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)

    def say(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def status(self) -> int:
        """Of the next answer."""
        head = b""
        while b"\r\n\r\n" not in head:
            got = self.socket.recv(65536)
            assert got, "closed without an answer"
            head += got
        return int(head.split(b" ")[1])

    def is_closed(self) -> bool:
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass
        return True


@pytest.fixture
def dial(port: int) -> Iterator[Callable[[], Line]]:
    made: list[Line] = []

    def one() -> Line:
        made.append(Line(port))
        return made[-1]

    yield one
    for line in made:
        line.socket.close()


@pytest.fixture
def line(dial: Callable[[], Line]) -> Line:
    return dial()


def test_an_ordinary_request_and_one_after_it(line: Line) -> None:
    for _ in range(3):
        line.say(GET + b"\r\n")
        assert line.status() == 200


def test_who_says_nothing_or_half_a_head_is_not_waited_for(dial: Callable[[], Line]) -> None:
    for said in (b"", b"GET /x", GET, GET + b"x-more: "):
        line = dial()
        line.say(said)
        assert line.status() == 408
        assert line.is_closed()


def test_a_head_that_trickles_is_ended(line: Line) -> None:
    pause = threading.Event()
    for letter in GET[:30]:
        line.say(bytes([letter]))
        pause.wait(0.05)
    assert line.status() == 408


def test_a_head_that_is_too_long_is_refused_whether_or_not_it_ends(
    dial: Callable[[], Line],
) -> None:
    long = b"x-long: " + b"a" * HEAD_BYTES_MAX
    many = b"".join(b"x-%d: a\r\n" % number for number in range(HEAD_BYTES_MAX // 8))
    path = b"GET /" + b"a" * HEAD_BYTES_MAX
    for said in (GET + long + b"\r\n\r\n", GET + long, GET + many + b"\r\n", GET + many, path):
        line = dial()
        line.say(said)
        assert line.status() == 431, said[-30:]
        assert line.is_closed()


def test_a_body_that_trickles_is_ended(line: Line) -> None:
    line.say(PUT + b"content-length: 1000\r\n\r\n{")
    assert line.status() == 408
    assert line.is_closed()


def test_who_goes_on_sending_after_a_refusal_is_hung_up_on(line: Line) -> None:
    line.say(PUT.replace(TOKEN.encode(), b"wrong") + b"content-length: 1000\r\n\r\n{")
    assert line.status() == 401
    assert line.is_closed()


def test_the_body_may_come_after_its_head(line: Line) -> None:
    line.say(PUT + b"content-length: 11\r\n\r\n")
    threading.Event().wait(0.2)
    line.say(b'{"spec":{}}')
    assert line.status() in (200, 201)
    threading.Event().wait(0.7)
    line.say(GET + b"\r\n")
    assert line.status() == 200, "a connection that waits for its next request is no slow one"


def test_json_that_is_too_deep_is_refused(line: Line) -> None:
    body = b"[" * 1000
    line.say(PUT + b"content-length: %d\r\n\r\n%s" % (len(body), body))
    assert line.status() == 412
