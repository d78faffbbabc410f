"""`hanza port-forward` over a real plane and a real agent, to a real server at the site."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from kit.processes import LocalLeague, a_local_league, free_port, hanza

APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - name: kava
    country: HR
    image: tiny
    memory: 96Mi
    disk: 64Mi
    ports: [{{port: {port}, to: 80}}]
"""
MEGABYTES = 4


@contextlib.contextmanager
def an_echo() -> Iterator[int]:
    """What the guest would be: it says all that it hears, once it has heard the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = []

        def answer(near: socket.socket) -> None:
            with near, contextlib.suppress(OSError):
                heard = b""
                while data := near.recv(65536):
                    heard += data
                near.sendall(heard)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    threads.append(threading.Thread(target=answer, args=(near,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for thread in threads:
            thread.join(5)


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    tmp_path = tmp_path_factory.mktemp("league")
    with a_local_league(tmp_path) as found, an_echo() as port:
        (tmp_path / "app.yaml").write_text(APP.format(port=port))
        found.add_image("tiny")
        found.add_site("zagreb", "HR", address="127.0.0.1")
        done = found.run("apply", str(tmp_path / "app.yaml"), "--wait", "--timeout", "30")
        assert done.returncode == 0, done.stderr
        yield found


def talk(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20) as wire:
        sending = threading.Thread(target=lambda: (wire.sendall(words), wire.shutdown(1)))
        sending.start()
        heard = b""
        while data := wire.recv(65536):
            heard += data
        sending.join()
        return heard


def test_connections_reach_the_guest_whole_and_side_by_side(league: LocalLeague) -> None:
    local = free_port()
    words = os.urandom(2**20) * MEGABYTES
    environ = {**os.environ, "HANZA_CONTEXT": str(league.state / "context.json")}
    command = hanza("port-forward", "kava", f"{local}:80")
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as forward:
        try:
            assert forward.stdout is not None
            assert forward.stdout.readline() == f"127.0.0.1:{local} leads to port 80 of kava\n"
            with socket.create_connection(("127.0.0.1", local)) as idle:
                assert talk(local, b"bok\n") == b"bok\n"
                assert talk(local, words) == words
                idle.sendall(b"still here")
                idle.shutdown(socket.SHUT_WR)
                assert idle.recv(64) == b"still here"
        finally:
            forward.send_signal(signal.SIGINT)
            assert forward.wait(20) == 130
    kinds = [one["kind"] for one in league.ask("events")]
    assert kinds.count("port.opened") == 4, "the first was to see whether it can be had"


def test_what_is_not_published_is_refused_in_words(league: LocalLeague) -> None:
    done = league.run("port-forward", "kava", "0:22")
    assert done.returncode == 1
    assert "the guest publishes no port 22" in done.stderr
