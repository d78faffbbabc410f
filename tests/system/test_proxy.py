"""Agents reach their planes through a real HTTP proxy, which reads nothing of it."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hanza.agent.address import Address
from hanza.agent.join import JoinOrder, join
from hanza.agent.journal import Journal
from hanza.agent.link import WebSocketDial
from hanza.agent.tunnel import through
from hanza.agent.wires import Proxy, Refused, connected, proxies_by, proxy_from
from hanza.model.errors import Invalid
from hanza.model.ids import FederationId
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import JoinToken, join_token_to_text
from kit.agent_peer import Authority, Peer, a_peer, a_registrar, an_authority
from kit.proxies import a_proxy

USER = "ana:kava 1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("federation"))


@pytest.fixture
def peer(authority: Authority) -> Iterator[Peer]:
    with a_peer(authority) as peer:
        yield peer


def dial(authority: Authority, peer: Peer, proxy: Proxy) -> v1.Down:
    """The first word of the plane."""
    dialled = WebSocketDial(authority.root, proxy=lambda _: proxy)
    with dialled(Address("127.0.0.1", peer.port, "", True)) as connection:
        frame = connection.recv(timeout=5)
    assert isinstance(frame, bytes)
    return v1.decode_down(frame)


def test_the_link_goes_through_a_tunnel_that_carries_only_ciphertext(
    authority: Authority, peer: Peer
) -> None:
    with a_proxy() as proxy:
        said = dial(authority, peer, Proxy("127.0.0.1", proxy.port))
        assert isinstance(said, v1.Challenge)
        assert proxy.asked == [f"127.0.0.1:{peer.port}"]
        assert said.nonce not in proxy.passed
        assert b"challenge" not in proxy.passed


def test_a_proxy_that_wants_a_password_gets_it(authority: Authority, peer: Peer) -> None:
    with a_proxy(USER) as proxy:
        known = proxy_from(f"http://ana:kava%201@127.0.0.1:{proxy.port}")
        assert isinstance(dial(authority, peer, known), v1.Challenge)
        with pytest.raises(Refused, match="wants a user and a password"):
            dial(authority, peer, Proxy("127.0.0.1", proxy.port))
        assert "kava" not in repr(known)


@pytest.fixture
def by_tls(authority: Authority) -> ssl.SSLContext:
    return authority.server


def test_a_proxy_by_tls_is_told_its_password_in_secret_and_carries_only_ciphertext(
    authority: Authority, peer: Peer, by_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    with a_proxy(USER, tls=by_tls) as proxy:
        known = proxy_from(f"https://ana:kava%201@127.0.0.1:{proxy.port}")
        assert "kava" not in repr(known)
        said = dial(authority, peer, known)
        assert isinstance(said, v1.Challenge)
        assert proxy.asked == [f"127.0.0.1:{peer.port}"]
        assert said.nonce not in proxy.passed


def test_a_proxy_that_nobody_vouches_for_gets_no_password(
    authority: Authority, peer: Peer, by_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with a_proxy(USER, tls=by_tls) as proxy:
        known = proxy_from(f"https://ana:kava%201@127.0.0.1:{proxy.port}")
        with pytest.raises(ssl.SSLCertVerificationError):
            dial(authority, peer, known)
        assert proxy.asked == []


def test_a_tunnel_carries_much_both_ways_and_ends_with_either_side(
    authority: Authority, by_tls: ssl.SSLContext
) -> None:
    """More than the buffers hold, so each way waits for the other side to read."""
    near, far = socket.socketpair()
    trust = ssl.create_default_context(cafile=authority.root)
    ends: list[ssl.SSLSocket] = []
    server = threading.Thread(target=lambda: ends.append(by_tls.wrap_socket(far, server_side=True)))
    server.start()
    with through(trust.wrap_socket(near, server_hostname="127.0.0.1")) as plain:
        server.join()
        (end,) = ends
        large = bytes(range(256)) * 16_384
        sender = threading.Thread(target=lambda: (end.sendall(large), plain.sendall(large)))
        sender.start()
        assert read(plain, len(large)) == large
        assert read(end, len(large)) == large
        sender.join()
        end.close()
        assert plain.recv(1) == b""


def read(source: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        found += source.recv(65536)
    return bytes(found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "not one of HTTP: SSH-2.0"),
        (b"HTTP/1.1 200", "not one of HTTP"),
        ("HTTP/1.1 ²00 OK\r\n\r\n".encode("latin-1"), "not one of HTTP"),
        (b"HTTP/1.1 " + b"2" * 5000 + b"\r\n\r\n", "not one of HTTP"),
        (b"x" * 20_000, "not one of HTTP"),
    ],
)
def test_what_gives_no_tunnel_is_told_as_that(
    authority: Authority, peer: Peer, answer: bytes, words: str
) -> None:
    with a_proxy(answer=answer) as proxy, pytest.raises(OSError, match=words):
        dial(authority, peer, Proxy("127.0.0.1", proxy.port))


def test_a_proxy_that_answers_a_byte_at_a_time_is_left_in_time() -> None:
    is_over = threading.Event()

    def drip(listener: socket.socket) -> None:
        caller, _ = listener.accept()
        with caller, suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\n" * 99:
                caller.sendall(bytes([byte]))
                if is_over.wait(0.05):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        proxy = Proxy("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            connected(Address("plane.example", 443, "", True), None, proxy, 0.3)
        assert not is_over.is_set()
        is_over.set()
        thread.join()


def test_a_tunnel_that_waits_for_who_does_not_read_takes_no_processor(
    authority: Authority, by_tls: ssl.SSLContext
) -> None:
    near, far = socket.socketpair()
    trust = ssl.create_default_context(cafile=authority.root)
    ends: list[ssl.SSLSocket] = []
    server = threading.Thread(target=lambda: ends.append(by_tls.wrap_socket(far, server_side=True)))
    server.start()
    with through(trust.wrap_socket(near, server_hostname="127.0.0.1")):
        server.join()
        (end,) = ends
        end.settimeout(0.2)
        with suppress(TimeoutError):
            while True:  # until nothing more goes in
                end.sendall(bytes(65536))
        began = time.process_time()
        threading.Event().wait(0.4)
        assert time.process_time() - began < 0.02
        end.close()


def test_a_site_joins_through_a_proxy(authority: Authority, tmp_path: Path) -> None:
    with a_registrar(authority, authority.root.read_bytes()) as registrar, a_proxy() as proxy:
        url = f"https://127.0.0.1:{registrar.port}"
        token = join_token_to_text(JoinToken((url,), authority.pin, bytes(32)))
        by = proxies_by(f"http://127.0.0.1:{proxy.port}", {})
        journal = Journal(tmp_path / "agent")
        try:
            _, outcome = join(JoinOrder(token, "fake", {}, proxy=by), journal, bytes, _try)
        finally:
            journal.close()
        assert (outcome, len(proxy.asked)) == ("joined", 3)


def _try(_: FederationId) -> None:
    """Any engine will do."""


PLANE = Address("plane.example", 443, "", True)


def test_the_flag_goes_before_the_environment_and_no_proxy_before_both() -> None:
    environ = {"HANZA_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:2"}
    assert proxies_by("http://c:3", environ)(PLANE) == Proxy("c", 3)
    assert proxies_by(None, environ)(PLANE) == Proxy("a", 1)
    assert proxies_by(None, {"https_proxy": "http://b:2"})(PLANE) == Proxy("b", 2)
    assert proxies_by(None, {**environ, "HANZA_PROXY": ""})(PLANE) is None
    assert proxies_by("", environ)(PLANE) is None
    assert proxies_by(None, {**environ, "NO_PROXY": "example"})(PLANE) is None


@pytest.mark.parametrize("text", ["socks5://a:1", "a:1", "http://a:x", "http://:1", "http://a/b"])
def test_what_is_no_proxy_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        proxy_from(text)


def test_a_password_is_no_argument() -> None:
    with pytest.raises(Invalid, match="command lines"):
        proxies_by("http://ana:kava@a:1", {})
