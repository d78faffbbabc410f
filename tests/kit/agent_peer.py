"""A small real plane for agents: TLS, WebSocket and joining, without anything behind it.

It speaks `wire.agent_v1` by the book, remembers what it was told, and answers or keeps silent
as a test says.  It decides nothing and stores nothing.
"""

import hashlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from hanza.model.errors import HanzaError
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import check_link, public_key_of
from kit.agent_worlds import KEY, PIN

DAY = timedelta(days=1)
NOW = datetime.now(UTC)  # noqa: TID251 -- certificates are checked against the real clock


@dataclass(frozen=True)
class Authority:
    """A federation's root, and where its files are."""

    root: Path
    pin: bytes
    server: ssl.SSLContext


def an_authority(folder: Path, name: str = "127.0.0.1") -> Authority:
    """A root, and a server certificate for one address that it has signed."""
    folder.mkdir(parents=True, exist_ok=True)
    root_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root of a test")])
    root = _certificate(issuer, issuer, root_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    signed_root = root.sign(root_key, None)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plane of a test")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))])
    server = _certificate(subject, issuer, key).add_extension(names, critical=False)
    (folder / "root.pem").write_bytes(signed_root.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(
        server.sign(root_key, None).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / "server.pem")
    # As the plane does: a ticket that is read while the first words are written can lose them.
    context.num_tickets = 0
    pin = hashlib.sha256(signed_root.public_bytes(Encoding.DER)).digest()
    return Authority(folder / "root.pem", pin, context)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Ed25519PrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
    )


@dataclass
class Peer:
    """What one plane heard, and how it behaves."""

    heard: list[v1.Up] = field(default_factory=list)
    hellos: int = 0
    reports_taken: int = 0
    is_mute: bool = False
    refusal: v1.Refused | None = None
    greeting: str | None = None
    """Sent as text before anything else, which no plane does."""
    connections: list[ServerConnection] = field(default_factory=list)
    port: int = 0

    def of(self, kind: type[v1.Up]) -> list[v1.Up]:
        return [message for message in list(self.heard) if isinstance(message, kind)]

    def send(self, message: v1.Down) -> None:
        self.connections[-1].send(v1.encode(message))

    def cut(self) -> None:
        """As a network would: without a word."""
        self.connections[-1].socket.shutdown(socket.SHUT_RDWR)

    def serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        try:
            self._talk(connection)
        except (ConnectionClosed, HanzaError, OSError):
            return

    def _talk(self, connection: ServerConnection) -> None:
        if self.greeting is not None:
            connection.send(self.greeting)
        challenge = v1.Challenge(hashlib.sha256(str(self.hellos).encode()).digest())
        connection.send(v1.encode(challenge))
        for frame in connection:
            assert isinstance(frame, bytes)
            message = v1.decode_up(frame)
            self.heard.append(message)
            answer = self._answer(message, challenge.nonce)
            if answer is not None and not self.is_mute:
                connection.send(v1.encode(answer))

    def _answer(self, message: v1.Up, nonce: bytes) -> v1.Down | None:
        match message:
            case v1.Hello():
                check_link(public_key_of(KEY), nonce, PIN, message.claims, message.signature)
                self.hellos += 1
                return self.refusal or v1.Welcome(self.reports_taken)
            case v1.ReportUp():
                self.reports_taken = message.number
                return v1.ReportTaken(message.number)
            case v1.Heartbeat():
                return v1.HeartbeatTaken(message.count)
        return None


@contextmanager
def a_peer(authority: Authority | None) -> Iterator[Peer]:
    """A peer on loopback; plain when there is no authority."""
    peer = Peer()
    context = None if authority is None else authority.server
    with serve(peer.serve, "127.0.0.1", 0, ssl=context, compression=None) as server:
        peer.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield peer
        finally:
            for connection in peer.connections:
                connection.close()
            server.shutdown()
            thread.join()


@dataclass
class Registrar:
    """The HTTP half of a plane: gives its root, and answers joins as told."""

    root_pem: bytes
    status: int = 200
    answer: bytes = b'{"agent":"ag_1","federation":"fe_us","site":"si_zg"}'
    federation: bytes = b'{"federation":"fe_us"}'
    joins: list[bytes] = field(default_factory=list)
    port: int = 0


@contextmanager
def a_registrar(authority: Authority | None, root_pem: bytes = b"") -> Iterator[Registrar]:
    registrar = Registrar(root_pem)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/agent/v1/root" and registrar.root_pem:
                self._reply(200, registrar.root_pem)
            elif self.path == "/agent/v1/federation" and registrar.federation:
                self._reply(200, registrar.federation)
            else:
                self._reply(404, b'{"title":"not here","code":"not_found"}')

        def do_POST(self) -> None:
            registrar.joins.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply(registrar.status, registrar.answer)

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """A test's output is its assertions."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_args: object) -> None:
            """A client that hangs up, because it must, is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if authority is not None:
            server.socket = authority.server.wrap_socket(server.socket, server_side=True)
        registrar.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield registrar
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def a_stranger(authority: Authority, words: bytes) -> Iterator[int]:
    """A port at which one caller hears these words over TLS, whatever it asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            wire, _ = listener.accept()
            with suppress(OSError), authority.server.wrap_socket(wire, server_side=True) as tls:
                tls.recv(65536)
                tls.sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


class Counter:
    """A wire that counts what passes through it, both ways."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.up = self.down = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", self._target))
        self._sockets += [near, far]
        for args in ((near, far, "up"), (far, near, "down")):
            self._threads.append(threading.Thread(target=self._pass_on, args=args))
            self._threads[-1].start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        try:
            while data := source.recv(65536):
                setattr(self, way, getattr(self, way) + len(data))
                sink.sendall(data)
        except OSError:
            return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()
