"""Blobs over real TLS: who is believed, who is asked next, and what a cut leaves."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hanza.agent.address import Address, address_of
from hanza.agent.fetch import PlaneFetch
from hanza.agent.session import Speaker
from hanza.kit.clock import ManualClock
from hanza.model.errors import Unavailable
from hanza.model.report import Incarnation
from hanza.wire.agent_v1 import blob_path
from hanza.wire.credentials import check_fetch, fetch_proof_from_header, public_key_of
from kit.agent_peer import Authority, an_authority
from kit.agent_worlds import KEY, ME, PIN, START
from kit.images import a_blob

pytestmark = pytest.mark.enable_socket
CONTENT = bytes(range(256)) * 4096
BLOB = a_blob(CONTENT)


class Plane:
    """A web server with one blob; it behaves as told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.serves_ranges = True
        self.status = 200
        self.sends = len(CONTENT)
        self.resets = False
        self.ranges: list[str | None] = []
        self.port = 0

    @property
    def address(self) -> Address:
        return address_of(f"https://127.0.0.1:{self.port}", may_be_plain=False)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        proof = fetch_proof_from_header(handler.headers["Authorization"])
        check_fetch(public_key_of(KEY), proof, blob_path(BLOB.id), START, PIN)
        asked = handler.headers["Range"]
        self.ranges.append(asked)
        if self.status != 200:
            body = b'{"detail":"this blob is not here","code":"not_found"}'
            handler.send_response(self.status)
        elif asked and self.serves_ranges:
            body = CONTENT[int(asked.removeprefix("bytes=").rstrip("-")) :]
            handler.send_response(206)
        else:
            body = CONTENT
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.sends])
        if self.resets:
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.connection.close()


@contextmanager
def a_plane(authority: Authority) -> Iterator[Plane]:
    plane = Plane()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            plane.answer(self)

        def log_message(self, *_args: object) -> None:
            """A test's output is its assertions."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_args: object) -> None:
            """A client that hangs up, because it must, is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = authority.server.wrap_socket(server.socket, server_side=True)
        plane.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield plane
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("federation"))


@pytest.fixture
def plane(authority: Authority) -> Iterator[Plane]:
    with a_plane(authority) as plane:
        yield plane


def a_fetch(root: Path, *planes: Plane) -> PlaneFetch:
    speaker = Speaker(ME, "fake", PIN, KEY, Incarnation(1, "cafe"))
    addresses = tuple(plane.address for plane in planes)
    return PlaneFetch(lambda: addresses, speaker, ManualClock(START), root)


def test_a_blob_comes_whole_or_from_where_it_was_left(plane: Plane, authority: Authority) -> None:
    fetch = a_fetch(authority.root, plane)
    assert b"".join(fetch(BLOB, 0)) == CONTENT
    assert b"".join(fetch(BLOB, 300_001)) == CONTENT[300_001:]
    plane.serves_ranges = False
    assert b"".join(fetch(BLOB, 300_001)) == CONTENT[300_001:]
    assert plane.ranges == [None, "bytes=300001-", "bytes=300001-"]


def test_a_plane_of_another_federation_is_not_even_asked(plane: Plane, tmp_path: Path) -> None:
    other = an_authority(tmp_path / "other")
    with pytest.raises(Unavailable, match="certificate"):
        next(a_fetch(other.root, plane)(BLOB, 0))
    assert plane.ranges == []


def test_what_every_plane_said_is_told(plane: Plane, authority: Authority) -> None:
    nobody = Plane()
    nobody.port = 1
    plane.status = 404
    with pytest.raises(Unavailable) as refused:
        next(a_fetch(authority.root, nobody, plane)(BLOB, 0))
    assert "refused" in str(refused.value)
    assert "this blob is not here (not_found)" in str(refused.value)


def test_the_next_plane_is_asked_when_one_is_silent_or_has_it_not(
    plane: Plane, authority: Authority
) -> None:
    nobody = Plane()
    nobody.port = 1
    assert b"".join(a_fetch(authority.root, nobody, plane)(BLOB, 0)) == CONTENT


@pytest.mark.parametrize("is_reset", [True, False])
def test_an_answer_that_is_cut_ends_early_and_no_other_plane_is_asked_to_go_on(
    plane: Plane, authority: Authority, is_reset: bool
) -> None:
    plane.sends, plane.resets = 600_000, is_reset
    came = b""
    with a_plane(authority) as other, suppress(Unavailable):
        for chunk in a_fetch(authority.root, plane, other)(BLOB, 0):
            came += chunk
    assert other.ranges == []
    assert CONTENT[:600_000].startswith(came)
    assert came
