"""A console from the command line to a real guest's shell, by way of a real site."""

import os
import select
import subprocess
import time
from collections.abc import Iterator

import pytest

from hanza.boot.lab import lab
from kit.labs import World, a_demo, bring_up, until
from kit.processes import hanza

GUEST = "kava"
ANSWER_S = 60


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # A short name: a socket's path is short or is none, see the libvirt driver's `serial`.
    demo = a_demo(tmp_path_factory.mktemp("c"), sites=1, guests={GUEST: "HR"})
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


class Talk:
    """`hanza console` with its input and output in our hands."""

    def __init__(self, world: World, *options: str) -> None:
        self.heard = b""
        self.process = subprocess.Popen(
            hanza("console", GUEST, *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "HANZA_CONTEXT": str(world.demo.context)},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout

    def type(self, keys: bytes) -> None:
        self._input.write(keys)
        self._input.flush()

    def await_heard(self, words: bytes) -> None:
        give_up_at = time.monotonic() + ANSWER_S
        while words not in self.heard:
            assert time.monotonic() < give_up_at, (words, self.heard)
            if select.select([self._output], [], [], 0.5)[0]:
                more = os.read(self._output.fileno(), 65536)
                assert more, (self.heard, self.process.communicate())
                self.heard += more

    def leave(self) -> str:
        _, told = self.process.communicate(timeout=30)
        return told.decode()


@pytest.mark.timeout(600)
def test_a_tenant_has_a_shell_in_a_real_guest_and_its_log_is_kept(world: World) -> None:
    booted = str(world.rows()[GUEST]["serial"])
    assert f"hanza guest {GUEST}" in booted
    talk = Talk(world)
    talk.type(b"\r")
    talk.await_heard(b"# ")
    talk.type(b"echo $((6*7))-here; cat /sys/class/dmi/id/product_family\r")
    talk.await_heard(b"42-here")
    talk.await_heard(GUEST.encode())
    refused = Talk(world)
    assert "[in_use]" in refused.leave()
    assert "you left" in talk.leave()

    def is_reported() -> bool:
        done = subprocess.run(
            hanza("logs", GUEST),
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "HANZA_CONTEXT": str(world.demo.context)},
            check=True,
        )
        return booted in done.stdout and "42-here" in done.stdout

    until(is_reported, 60, lambda: world.rows())


@pytest.mark.timeout(600)
def test_it_ends_when_the_guest_powers_itself_off(world: World) -> None:
    talk = Talk(world, "--linger", "60")
    talk.type(b"\r")
    talk.await_heard(b"# ")
    talk.type(b"poweroff -f\r")
    told = talk.leave()
    assert talk.process.returncode == 0
    assert "the guest went off" in told
