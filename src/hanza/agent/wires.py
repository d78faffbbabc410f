"""A wire to a plane: TCP to its address, or through a proxy that the machine's owner names.

Promises: through a proxy only ciphertext goes, since TLS to the plane is spoken inside the tunnel
(CONNECT, RFC 9110) and trusts the federation's root alone; the proxy resolves the plane's name;
a proxy that refuses or says nothing is told as that.  The proxy itself is spoken to in plain HTTP,
as nearly all are, or by TLS that trusts the machine's own authorities (or `SSL_CERT_FILE`); its
password, if any, is sent to nobody else and is in no `repr`.
"""

import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from hanza.agent.address import Address
from hanza.agent.tunnel import through
from hanza.kit.text import harmless
from hanza.model.errors import Invalid

OPEN_TIMEOUT_S = 10.0
SEND_TIMEOUT_MS = 30_000
"""A timeout of the kernel's, since one of the socket's would also end waiting for frames."""
HEAD_BYTES_MAX = 16 * 1024
VARIABLES = ("HANZA_PROXY", "HTTPS_PROXY", "https_proxy")
"""The first that is set counts; an empty one means none."""
_STATUS = re.compile(r"HTTP/1\.\d ([1-5]\d\d)( |$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where to ask for a tunnel, and as whom."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)
    is_tls: bool = False
    """Whether the proxy itself is spoken to by TLS."""


ProxyOf: TypeAlias = Callable[[Address], Proxy | None]
"""By which proxy a plane is reached; None where none is needed."""


class Refused(OSError):
    """The proxy gave no tunnel."""


def proxy_from(text: str) -> Proxy:
    """`http://[user:password@]host:port`, or `https://`.  Raises `Invalid`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise Invalid("the proxy's address has a wrong port", field="proxy") from error
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if usual is None or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise Invalid(
            "a proxy is http://host:port or https://host:port, with user:password@ in front of the"
            " host if need be",
            field="proxy",
            hint="what goes through it is TLS all the same; https is for a proxy that speaks it",
        )
    authorization = None
    if parts.username is not None:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + b64encode(words.encode()).decode()
    return Proxy(parts.hostname, port or usual, authorization, parts.scheme == "https")


def proxy_of(flag: str | None, environ: Mapping[str, str]) -> Proxy | None:
    """The flag's, else the environment's.  Raises `Invalid`, also for a password in a flag."""
    if flag is not None:
        if "@" in flag:
            raise Invalid(
                "everybody on a machine may read its command lines, so no password is taken there",
                field="proxy",
                hint="set HANZA_PROXY instead",
            )
        return proxy_from(flag) if flag else None
    for name in VARIABLES:
        if name in environ:
            return proxy_from(environ[name]) if environ[name] else None
    return None


def proxies_by(flag: str | None, environ: Mapping[str, str]) -> ProxyOf:
    """As `proxy_of`, but for the hosts that NO_PROXY names."""
    proxy = proxy_of(flag, environ)
    direct = environ.get("NO_PROXY", environ.get("no_proxy", ""))

    def proxy_for(address: Address) -> Proxy | None:
        return None if _is_named(address.host, direct) else proxy

    return proxy_for


def _is_named(host: str, names: str) -> bool:
    """Whether it is one of those, or inside of one; `*` is all."""
    words = [word.strip().lstrip(".").lower() for word in names.split(",")]
    return any(
        word == "*" or host.lower() == word or host.lower().endswith(f".{word}")
        for word in words
        if word
    )


def no_proxy(_: Address) -> Proxy | None:
    """Planes are dialled directly."""
    return None


def connected(
    address: Address,
    context: ssl.SSLContext | None,
    proxy: Proxy | None = None,
    timeout_s: float = OPEN_TIMEOUT_S,
) -> socket.socket:
    """A connection to the plane; TLS has not spoken yet.  Raises `OSError`.

    TLS gets a direct wire before it is connected: `ssl` would leave one that is reset between the
    two unclosed.
    """
    if proxy is None:
        return _first(address.host, address.port, context, address.host, timeout_s)
    with ExitStack() as unless_done:
        wire = _to_proxy(proxy, timeout_s)
        unless_done.callback(wire.close)
        _ask_for_tunnel(wire, proxy, address)
        if isinstance(wire, ssl.SSLSocket):
            wire = through(wire)
            unless_done.callback(wire.close)
            wire.settimeout(timeout_s)
        if context is not None:
            wire = context.wrap_socket(
                wire, server_hostname=address.host, do_handshake_on_connect=False
            )
        unless_done.pop_all()
        return wire


def http_over(
    address: Address, context: ssl.SSLContext | None, proxy: Proxy | None, timeout_s: float
) -> HTTPConnection:
    """HTTP to the plane, connected already.  Raises `OSError`."""
    with ExitStack() as unless_done:
        wire = connected(address, context, proxy, timeout_s)
        unless_done.callback(wire.close)
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()
        unless_done.pop_all()
    connection = HTTPConnection(address.host, address.port, timeout=timeout_s)
    connection.sock = wire
    return connection


def _to_proxy(proxy: Proxy, timeout_s: float) -> socket.socket:
    """Raises `OSError`, which `ssl.SSLError` is: a proxy whose name nobody vouches for."""
    if not proxy.is_tls:
        return _first(proxy.host, proxy.port, None, "", timeout_s)
    wire = _first(proxy.host, proxy.port, ssl.create_default_context(), proxy.host, timeout_s)
    with ExitStack() as unless_done:
        unless_done.callback(wire.close)
        if isinstance(wire, ssl.SSLSocket):
            wire.do_handshake()
        unless_done.pop_all()
    return wire


def _first(
    host: str, port: int, context: ssl.SSLContext | None, name: str, timeout_s: float
) -> socket.socket:
    """To the first of the host's addresses that takes one."""
    refusal: OSError = OSError("the host has no address")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, where in found:
        wire = socket.socket(family, kind, protocol)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Who takes packets but never reads must not hold a sender for ever.
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SEND_TIMEOUT_MS)
        if context is not None:
            wire = context.wrap_socket(wire, server_hostname=name, do_handshake_on_connect=False)
        wire.settimeout(timeout_s)
        try:
            wire.connect(where)
        except OSError as error:
            wire.close()
            refusal = error
        else:
            return wire
    raise refusal


def _ask_for_tunnel(wire: socket.socket, proxy: Proxy, address: Address) -> None:
    host = f"[{address.host}]" if ":" in address.host else address.host
    target = f"{host}:{address.port}"
    head = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.authorization is not None:
        head.append(f"Proxy-Authorization: {proxy.authorization}")
    wire.sendall("\r\n".join([*head, "", ""]).encode())
    timeout_s = wire.gettimeout()
    status = _status_of(_head(wire, time.monotonic() + (timeout_s or OPEN_TIMEOUT_S)))
    wire.settimeout(timeout_s)
    if not 200 <= status < 300:
        words = {407: "it wants a user and a password, or others than it was given"}
        text = words.get(status, f"it answered {status}")
        raise Refused(f"the proxy {proxy.host}:{proxy.port} gave no tunnel: {text}")


def _head(wire: socket.socket, until: float) -> bytes:
    """Byte by byte, since what follows the head is the plane's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        wire.settimeout(max(until - time.monotonic(), 0.001))
        byte = wire.recv(1)
        if not byte or len(head) >= HEAD_BYTES_MAX:
            raise Refused("the proxy's answer to CONNECT is not one of HTTP")
        head += byte
    return head


def _status_of(head: bytes) -> int:
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    found = _STATUS.match(line)
    if found is None:
        raise Refused(f"the proxy's answer to CONNECT is not one of HTTP: {harmless(line)[:80]}")
    return int(found[1])
