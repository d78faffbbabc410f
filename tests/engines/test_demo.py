"""The demo as typed: interrupted it leaves nothing, and ended twice is ended once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.boot.lab import lab, network
from hanza.boot.lab.names import Place
from hanza.boot.lab.waiting import is_soon
from kit.labs import CACHE, a_place, a_port

HANZA = [sys.executable, "-m", "hanza.boot.main", "demo"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    where = a_place(tmp_path)
    yield where
    lab.down(where)


def where(place: Place) -> list[str]:
    return ["--state", str(place.state), "--prefix", place.prefix, "--cache", str(CACHE)]


def begin(place: Place, *words: str) -> subprocess.Popen[str]:
    port = ["--port", str(a_port()), "--address", str(place.plane)]
    command = [*HANZA, "up", *where(place), *port, *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


def demo(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HANZA, words[0], *where(place), *words[1:]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_before_ready_leaves_nothing(place: Place, number: int) -> None:
    up = begin(place)
    assert is_soon(lambda: len(network.list_namespaces(place)) == 6, 60)
    up.send_signal(number)
    said, _ = up.communicate(timeout=60)
    assert up.returncode == 130, said
    assert "Interrupted" in said
    assert lab.look(place).is_nothing


def test_ending_what_is_not_there_says_so(place: Place) -> None:
    ended = demo(place, "down")
    assert ended.returncode == 0
    assert "no demo" in ended.stdout


def test_half_a_demo_is_ended_like_a_whole_one(place: Place) -> None:
    up = begin(place)
    assert is_soon(lambda: len(network.list_namespaces(place)) == 6, 60)
    up.kill()
    up.communicate(timeout=60)
    ended = demo(place, "down")
    assert ended.returncode == 0, ended.stderr
    assert lab.look(place).is_nothing


def test_an_absent_example_is_told_before_anything_is_started(place: Place) -> None:
    refused = begin(place, "--app", "/nowhere/app.yaml")
    said, _ = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert "--app" in said
    assert len(said.splitlines()) == 1
    assert lab.look(place).is_nothing
