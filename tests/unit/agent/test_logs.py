"""What guests write, read by who is slow, who goes, and who comes too often; a real WebSocket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from hanza.agent.address import Address
from hanza.agent.link import WebSocketDial
from hanza.agent.logs import OF_A_GUEST_MAX, READERS_MAX, Logs
from hanza.model.capacity import Capacity
from hanza.model.guest import Guest, GuestSpec, HostFacts, Mark, Survey
from hanza.model.ids import InstanceId, NativeId
from hanza.wire import agent_v1 as v1
from hanza.wire.console_v1 import LOG_HEAD_BYTES, End
from kit.waiting import until

SPEC = GuestSpec("kava", "tiny", 1, 64, 64)


@dataclass
class Engine:
    """One guest, and all that it has written; `kept` is how much of it the site keeps."""

    written: bytearray = field(default_factory=bytearray)
    kept: int = 10**9
    is_there: bool = True
    read: int = 0
    looks: int = 0

    def survey(self) -> Survey:
        self.looks += 1
        guests = [self._guest(Mark(InstanceId(f"in_{one}"), 1)) for one in "abcdefghi"]
        hosts = (HostFacts("host-1", Capacity(1, 1, 1), "none"),)
        return Survey(tuple(guests) if self.is_there else (), (), hosts)

    def _guest(self, mark: Mark) -> Guest:
        return Guest(NativeId("n"), mark, "host-1", SPEC, "on", serial_bytes=len(self.written))

    def serial_after(self, _: NativeId, after: int, limit: int) -> tuple[int, bytes]:
        start = max(after, len(self.written) - self.kept, 0)
        start = start if after <= len(self.written) else 0
        self.read = max(self.read, start + limit)
        return start, bytes(self.written[start : start + limit])


@dataclass
class Reader:
    """The plane's end of one connection."""

    connection: ServerConnection
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> int:
        return int.from_bytes(self.connection.recv(5, decode=False)[:LOG_HEAD_BYTES])

    def bytes(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            found += self.connection.recv(5, decode=False)
        return bytes(found)

    def end(self) -> int | None:
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(5)
        closed = self.connection.protocol.close_rcvd
        return None if closed is None else closed.code


@dataclass
class Site:
    engine: Engine
    logs: Logs
    address: Address
    readers: list[Reader] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def ask(self, after: int = 0, owner: str = "in_a") -> Reader:
        count = len(self.readers)
        self.logs.open(self.address, v1.LogWanted(bytes(32), v1.MarkW(owner, 1), after))
        until(lambda: len(self.readers) > count, "the agent comes", 5)
        return self.readers[-1]


@contextmanager
def a_site(written: bytes = b"", look_every_s: float = 0.01) -> Iterator[Site]:
    def come(connection: ServerConnection) -> None:
        reader = Reader(connection)
        site.readers.append(reader)
        reader.over.wait(20)

    with serve(come, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        engine: Any = Engine(bytearray(written))
        refused: list[str] = []
        dial = WebSocketDial(None)
        logs = Logs(engine, dial, lambda one: refused.append(one.code), look_every_s=look_every_s)
        port = server.socket.getsockname()[1]
        site = Site(engine, logs, Address("127.0.0.1", port, "", False), [], refused)
        try:
            yield site
        finally:
            logs.close()
            for one in site.readers:
                one.over.set()
            server.shutdown()
            thread.join()


def test_what_was_written_is_told_and_then_what_is_new() -> None:
    with a_site(b"one\n") as site:
        reader = site.ask()
        assert (reader.start(), reader.bytes(4)) == (0, b"one\n")
        site.engine.written += b"two\n"
        assert reader.bytes(4) == b"two\n"
        later = site.ask(after=4)
        assert (later.start(), later.bytes(4)) == (4, b"two\n")


def test_who_reads_slowly_is_waited_for_and_loses_nothing() -> None:
    large = bytes(range(256)) * 64 * 1024
    with a_site(large) as site:
        reader = site.ask()
        assert reader.start() == 0
        before = -1
        while before != site.engine.read:  # until nothing more is read for who does not
            before = site.engine.read
            threading.Event().wait(0.1)
        assert site.engine.read < len(large) // 2
        assert reader.bytes(len(large)) == large


def test_a_flood_is_told_without_a_look_at_the_engine_for_each_piece() -> None:
    large = bytes(256 * 1024 * 16)
    with a_site(large, look_every_s=60) as site:
        readers = [site.ask() for _ in range(3)]
        for one in readers:
            assert one.start() == 0
            assert one.bytes(len(large)) == large
        assert site.engine.looks == 3, "once for each that begins"


def test_what_the_site_has_no_more_is_told_by_where_it_begins() -> None:
    with a_site(b"0123456789") as site:
        site.engine.kept = 4
        assert site.ask().start() == 6
        assert site.ask(after=2**40).start() == 0


def test_it_ends_when_the_guest_goes_or_begins_anew() -> None:
    with a_site(b"one\n") as site:
        gone, anew = site.ask(), site.ask()
        assert gone.bytes(LOG_HEAD_BYTES + 4).endswith(b"one\n")
        assert anew.bytes(LOG_HEAD_BYTES + 4).endswith(b"one\n")
        del site.engine.written[:]
        assert anew.end() == End.ended
        site.engine.is_there = False
        assert gone.end() == End.ended
        site.logs.open(site.address, v1.LogWanted(bytes(32), v1.MarkW("in_a", 1), 0))
        until(lambda: site.refused == ["not_running"], "it is refused", 5)


def test_there_are_so_many_readers_and_no_more_and_who_goes_makes_room() -> None:
    with a_site() as site:
        for number in range(READERS_MAX):
            if number == OF_A_GUEST_MAX:
                site.logs.open(site.address, v1.LogWanted(bytes(32), v1.MarkW("in_a", 1), 0))
                assert site.refused == ["busy"], "the others have a right to theirs"
            site.ask(owner=f"in_{'abcdefgh'[number // OF_A_GUEST_MAX]}")
        site.logs.open(site.address, v1.LogWanted(bytes(32), v1.MarkW("in_i", 1), 0))
        assert site.refused == ["busy", "busy"]
        site.readers[0].connection.close()
        site.readers[0].over.set()

        def is_let_in() -> bool:
            count = len(site.refused)
            site.logs.open(site.address, v1.LogWanted(bytes(32), v1.MarkW("in_a", 1), 0))
            return len(site.refused) == count

        until(is_let_in, "there is room", 5)


def test_a_plane_that_is_gone_is_told_by_its_link() -> None:
    with a_site(b"one\n") as site:
        nowhere = Address("127.0.0.1", 1, "", False)
        site.logs.open(nowhere, v1.LogWanted(bytes(32), v1.MarkW("in_a", 1), 0))
        until(lambda: len(site.refused) == 1, "it is refused", 5)
        site.logs.close()
        site.logs.open(site.address, v1.LogWanted(bytes(32), v1.MarkW("in_a", 1), 0))
        assert site.refused[-1] == "busy"
