"""The visitor keeps its limits whatever a guest sends, and says why no page came."""

import socket
import threading
from collections.abc import Iterator

import pytest

from hanza.boot.demo.visitor import BYTES_MAX, visit

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\r\n"
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def guest() -> Iterator["Guest"]:
    with Guest() as one:
        yield one


class Guest:
    """Answers one visitor with the given bytes."""

    def __init__(self) -> None:
        self.says = HEAD

    def __enter__(self) -> "Guest":
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _answer(self) -> None:
        line, _ = self._door.accept()
        with line:
            line.recv(4096)
            line.sendall(self.says)


def test_a_page_comes_with_its_type_and_time(guest: Guest) -> None:
    guest.says = HEAD + "<h1>kava, dobro jutro \u2615</h1>".encode()
    said = visit("127.0.0.1", guest.port)
    assert (said["status"], said["mediaType"]) == (200, "text/html")
    assert said["text"] == "<h1>kava, dobro jutro \u2615</h1>"
    assert isinstance(said["ms"], float)


def test_bytes_that_are_no_text_are_made_harmless(guest: Guest) -> None:
    guest.says = HEAD + b"\xff\xfe"
    assert visit("127.0.0.1", guest.port)["text"] == "\ufffd\ufffd"


def test_a_page_without_end_is_not_read_to_its_end(guest: Guest) -> None:
    guest.says = HEAD + b"x" * (BYTES_MAX + 2)
    assert visit("127.0.0.1", guest.port) == {"trouble": "the page has more than 65536 bytes"}


def test_what_is_no_http_is_told(guest: Guest) -> None:
    guest.says = b"SSH-2.0-OpenSSH\r\n"
    assert str(visit("127.0.0.1", guest.port)["trouble"]).startswith("BadStatusLine")


def test_a_guest_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    assert str(visit("127.0.0.1", port)["trouble"]).startswith("ConnectionRefusedError")
