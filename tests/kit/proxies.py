"""A small real HTTP proxy: it gives tunnels by CONNECT, to who has the password if it wants one."""

import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hanza.agent.tunnel import through


@dataclass
class Proxy:
    """What it was asked for, and what it has passed on."""

    password: str | None = None
    """`user:password`; None lets everybody through."""
    answer: bytes = b""
    """Said instead of giving a tunnel, if any."""
    asked: list[str] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)
    port: int = 0
    tls: ssl.SSLContext | None = None
    """How TLS is spoken to who comes, if it is."""

    def serve(self, near: socket.socket, sockets: list[socket.socket]) -> None:
        if self.tls is not None:
            outside = self.tls.wrap_socket(near, server_side=True)
            sockets.append(outside)
            near = through(outside)
            sockets.append(near)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += near.recv(1)
        target = head.split(b" ")[1].decode()
        self.asked.append(target)
        if self.answer:
            near.sendall(self.answer)
            near.close()
            return
        wanted = b64encode((self.password or "").encode())
        if self.password is not None and b"Proxy-Authorization: Basic " + wanted not in head:
            near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            near.close()
            return
        host, _, port = target.rpartition(":")
        far = socket.create_connection((host.strip("[]"), int(port)))
        sockets.append(far)
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=self._pass_on, args=(far, near))
        back.start()
        self._pass_on(near, far)
        back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.passed += data
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def a_proxy(
    password: str | None = None, answer: bytes = b"", tls: ssl.SSLContext | None = None
) -> Iterator[Proxy]:
    proxy = Proxy(password, answer, tls=tls)
    listener = socket.create_server(("127.0.0.1", 0))
    proxy.port = listener.getsockname()[1]
    sockets, threads = [listener], list[threading.Thread]()

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                sockets.append(near)
                threads.append(threading.Thread(target=_quietly, args=(proxy, near, sockets)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield proxy
    finally:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        accepting.join()
        for thread in threads:
            thread.join()


def _quietly(proxy: Proxy, near: socket.socket, sockets: list[socket.socket]) -> None:
    with suppress(OSError):
        proxy.serve(near, sockets)
