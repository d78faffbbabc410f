"""Measuring: the least of some tries, never for long, and never where it is not allowed."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hanza.agent.measure import EVERY, TRIES, Measurer, Scope, connect_ms, may_dial
from hanza.model.probe import Target, Trip

NEAR, FAR = Target("near", "192.0.2.1", 443), Target("far", "192.0.2.2", 443)


class Line:
    def __init__(self, *targets: Target) -> None:
        self.targets = targets
        self.said: list[tuple[Trip, ...]] = []

    def offer_trips(self, trips: tuple[Trip, ...]) -> None:
        self.said.append(trips)


def no_chance(size: int) -> bytes:
    return bytes(size)


def a_measurer(line: Line, answers: dict[str, Iterator[float | None]]) -> Measurer:
    def connect(target: Target, scope: Scope) -> float | None:
        assert scope == "any"
        return next(answers[target.probe])

    return Measurer(line, "any", no_chance, threading.Event(), connect)


def test_the_least_of_some_tries_is_told() -> None:
    line = Line(NEAR, FAR)
    tries = {"near": iter([9.0, 3.0, 4.0, 30.0, 5.0]), "far": iter([80.0] * TRIES)}
    measurer = a_measurer(line, tries)
    assert EVERY * 0.9 <= measurer.run_once() <= EVERY * 1.1
    assert line.said == [(Trip("near", 3.0), Trip("far", 80.0))]


def test_who_does_not_answer_costs_one_try_and_is_not_told_of() -> None:
    line = Line(NEAR, FAR)
    measurer = a_measurer(line, {"near": iter([None]), "far": iter([80.0] * TRIES)})
    measurer.run_once()
    assert line.said == [(Trip("far", 80.0),)]


def test_nothing_is_said_when_there_is_nothing_to_measure() -> None:
    line = Line()
    a_measurer(line, {}).run_once()
    assert line.said == []


def test_other_probes_are_measured_at_once_and_the_same_ones_in_their_time() -> None:
    line = Line(NEAR)
    measurer = a_measurer(line, {"near": iter([1.0] * TRIES)})
    measurer.look()
    assert measurer.wake.is_set()
    measurer.run_once()
    measurer.wake.clear()
    measurer.look()
    assert not measurer.wake.is_set()
    line.targets = (FAR,)
    measurer.look()
    assert measurer.wake.is_set()


def test_a_round_ends_early_when_the_agent_is_told_to_stop() -> None:
    line, stop = Line(NEAR, FAR), threading.Event()
    stop.set()
    measurer = Measurer(line, "any", no_chance, stop, lambda *_: pytest.fail("it dialled"))
    assert measurer.run_once() > timedelta(0)
    assert line.said == []


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("9.9.9.9", True),
        ("2620:fe::fe", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("fec0::1", False),
    ],
)
def test_only_the_public_internet_is_dialled_unless_the_owner_says_otherwise(
    address: str, is_public: bool
) -> None:
    assert may_dial(address, "public") == is_public
    assert may_dial(address, "any")
    assert not may_dial(address, "none")


def test_a_connection_is_timed_and_one_that_is_refused_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ms = connect_ms(Target("here", "127.0.0.1", port), "any")
        assert ms is not None
        assert 0 < ms < 1000
        assert connect_ms(Target("here", "127.0.0.1", port), "public") is None
    assert connect_ms(Target("here", "127.0.0.1", port), "any") is None
    assert connect_ms(Target("here", "name.invalid", 1), "any") is None


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "a\0b"])
def test_a_name_that_no_name_can_be_is_one_that_does_not_answer(host: str) -> None:
    assert connect_ms(Target("wrong", host, 443), "any") is None
