"""An engine that comes up later than its agent is waited for."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from hanza.agent.disk import write_whole
from hanza.agent.journal import Identity
from hanza.boot.agent import _Refusals, open_when_there
from hanza.drivers.fake import FakeDriver
from hanza.drivers.spi import Driver
from hanza.model.errors import Invalid, Unavailable
from hanza.model.ids import FederationId, SiteId
from kit.agent_worlds import ME, PIN, US, World

IDENTITY = Identity(ME, US, SiteId("si_zg"), ("https://plane.example",), PIN, "fake", {"a": "b"})


def test_it_asks_again_until_the_engine_is_there() -> None:
    asked: list[tuple[str, FederationId, Mapping[str, str]]] = []

    def open_driver(name: str, federation: FederationId, options: Mapping[str, str]) -> Driver:
        asked.append((name, federation, options))
        if len(asked) == 1:
            raise Unavailable("still booting")
        return FakeDriver(World().site, federation)

    assert open_when_there(IDENTITY, threading.Event(), open_driver) is not None
    assert asked == [("fake", US, {"a": "b"})] * 2


def test_being_told_to_stop_ends_the_waiting() -> None:
    stop = threading.Event()

    def open_driver(name: str, *_: object) -> Driver:
        stop.set()
        raise Unavailable(name)

    assert open_when_there(IDENTITY, stop, open_driver) is None


def test_a_wrong_option_is_refused_at_once() -> None:
    def open_driver(*_: object) -> Driver:
        raise Invalid("no such option")

    with pytest.raises(Invalid):
        open_when_there(IDENTITY, threading.Event(), open_driver)


def test_what_the_machine_refuses_is_told_in_one_sentence_with_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "starts.new").mkdir()
    with pytest.raises(typer.Exit) as ended, _Refusals():
        write_whole(tmp_path, "starts", b"1")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'starts.new'}: Is a directory\n"
