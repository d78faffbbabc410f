"""A short run of `make chaos`, and that the observer's laws can break."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.__main__ import hurt
from chaos.observer import TOGETHER_S, BrokenLaw, Observer
from hanza.boot.lab.waiting import is_soon

SEED, SITES, MINUTES = 6, 3, 0.15


@pytest.mark.timeout(600)
def test_a_league_that_is_hurt_keeps_the_laws_and_settles(tmp_path: Path) -> None:
    said: list[str] = []
    found = hurt(tmp_path, MINUTES, SEED, SITES, said.append)
    assert found["broken"] is None, "\n".join(said)
    assert found["lives"] >= 2 * SITES, "there is a guest of ours and another's at each site"
    assert len(found["settledAfterS"]) >= 2
    assert found["beats"]
    assert found["packets"]


@pytest.fixture
def observer(tmp_path: Path) -> Iterator[Observer]:
    one = Observer(tmp_path / "observer")
    yield one
    one.close()


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    yield started
    for one in started:
        one.kill()
        one.wait()


def beat(observer: Observer, process: "subprocess.Popen[bytes]", run: int, site: str) -> None:
    words = {"instance": "in_a", "run": run, "site": site, "is_ours": True, "pid": process.pid}
    before = observer.heard
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(json.dumps(words).encode(), str(observer.path))
    assert is_soon(lambda: observer.heard > before, 10)


def test_two_of_one_are_found(
    observer: Observer, processes: list["subprocess.Popen[bytes]"]
) -> None:
    def both() -> bool:
        for site, process in enumerate(processes):
            beat(observer, process, 1, f"s{site}")
        return observer.together_s > TOGETHER_S

    assert is_soon(both, 10)
    with pytest.raises(BrokenLaw, match="never two"):
        observer.check()


def test_who_ends_unasked_is_found_and_who_was_asked_is_not(
    observer: Observer, processes: list["subprocess.Popen[bytes]"]
) -> None:
    beat(observer, processes[0], 1, "s0")
    observer.asked("in_a", wanted=True)
    processes[0].kill()
    processes[0].wait()
    observer.check()
    beat(observer, processes[1], 1, "s0")
    processes[1].kill()
    processes[1].wait()
    with pytest.raises(BrokenLaw, match="nobody ends unasked"):
        observer.check()


def test_an_older_run_after_a_newer_one_is_found(
    observer: Observer, processes: list["subprocess.Popen[bytes]"]
) -> None:
    beat(observer, processes[0], 2, "s0")
    beat(observer, processes[1], 1, "s1")
    with pytest.raises(BrokenLaw, match="runs only grow"):
        observer.check()
