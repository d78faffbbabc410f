"""The state folder: whole or not at all, one process at a time, private."""

import resource
import signal
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanza.agent.address import Address, address_of
from hanza.agent.counted import CountedDial
from hanza.agent.journal import (
    Identity,
    Journal,
    identity_of,
    load_identity,
    load_manifest,
    load_starts,
    load_stops,
)
from hanza.kit.clock import ManualClock
from hanza.model.errors import Conflict, Invalid, NotFound
from hanza.model.ids import AgentId, FederationId, SiteId
from hanza.model.local import LocalStop
from hanza.model.report import Incarnation
from hanza.wire.credentials import agent_key_to_bytes
from kit.agent_worlds import ME, PIN, START, a_manifest, a_mark, a_tombstone, an_entry

MANIFEST = a_manifest([an_entry()], [a_tombstone("in_b")])
STOP = LocalStop(a_mark(), START, "ana", "the rack is hot")
IDENTITY = Identity(
    agent=ME,
    federation=FederationId("fe_us"),
    site=SiteId("si_zagreb"),
    urls=("https://plane.example:8443",),
    pin=PIN,
    driver="fake",
    options={"password": "hunter2"},
    token_digest=bytes(32),
)


def entropy(size: int) -> bytes:
    return bytes(range(size))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    journal = Journal(folder)
    journal.key(entropy)
    journal.keep_identity(IDENTITY, b"PEM")
    yield journal
    journal.close()


def reopened(journal: Journal) -> Journal:
    journal.close()
    return Journal(journal.folder)


def test_before_joining_nobody_is_there(folder: Path) -> None:
    journal = Journal(folder)
    assert (journal.identity, journal.manifest, load_starts(folder)) == (None, None, None)
    with pytest.raises(NotFound, match="no agent has joined"):
        identity_of(folder)
    journal.close()


def test_what_was_kept_is_found_by_the_next_process(journal: Journal) -> None:
    journal.hold(MANIFEST)
    again = reopened(journal)
    assert (again.identity, again.manifest) == (IDENTITY, MANIFEST)
    assert again.root_path.read_bytes() == b"PEM"
    again.close()


def test_two_processes_never_share_a_folder(journal: Journal) -> None:
    with pytest.raises(Conflict, match="another agent process"):
        Journal(journal.folder)


def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="cannot keep state in"):
        Journal(tmp_path / "file" / "state")


def test_nobody_else_may_read_any_of_it(journal: Journal) -> None:
    journal.key(entropy)
    journal.hold(MANIFEST)
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    for file in journal.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(IDENTITY)


def test_the_key_is_made_once(journal: Journal) -> None:
    key = journal.key(entropy)
    again = journal.key(lambda size: bytes(size))
    assert agent_key_to_bytes(key) == agent_key_to_bytes(again)


def test_a_damaged_key_is_refused_and_not_replaced(journal: Journal) -> None:
    (journal.folder / "key.ed25519").write_bytes(b"short")
    with pytest.raises(Invalid, match="agent's key in"):
        journal.key(entropy)
    assert (journal.folder / "key.ed25519").read_bytes() == b"short"


def test_a_damaged_identity_is_refused(journal: Journal) -> None:
    (journal.folder / "identity.json").write_bytes(b"{")
    with pytest.raises(Invalid, match="agent's identity in"):
        load_identity(journal.folder)
    with pytest.raises(Invalid):
        reopened(journal)


@pytest.mark.parametrize("at", [0, 10, -1])
def test_a_damaged_manifest_counts_as_none(journal: Journal, at: int) -> None:
    journal.hold(MANIFEST)
    file = journal.folder / "manifest"
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    assert load_manifest(journal.folder, IDENTITY) is None


def test_a_manifest_cut_short_counts_as_none(journal: Journal) -> None:
    journal.hold(MANIFEST)
    file = journal.folder / "manifest"
    file.write_bytes(file.read_bytes()[:-5])
    assert load_manifest(journal.folder, IDENTITY) is None


def test_another_message_is_no_manifest(journal: Journal) -> None:
    journal.save("manifest", b"\x92\xa5taken\x01")
    assert load_manifest(journal.folder, IDENTITY) is None


@pytest.mark.parametrize("at", range(0, 600, 43))
def test_a_file_with_any_byte_changed_is_refused(journal: Journal, at: int) -> None:
    journal.hold(MANIFEST)
    file = journal.folder / "manifest"
    content = bytearray(file.read_bytes())
    content[at % len(content)] ^= 0x20
    file.write_bytes(content)
    assert load_manifest(journal.folder, IDENTITY) is None


def test_what_another_key_sealed_is_refused_though_its_hash_is_right(
    journal: Journal, tmp_path: Path
) -> None:
    """Whoever can write to the disk and cannot read the key has no say."""
    with closing(Journal(tmp_path / "other")) as other:
        other.key(lambda size: bytes(size))
        other.keep_identity(IDENTITY, None)
        other.hold(MANIFEST)
        forged = (other.folder / "manifest").read_bytes()
    (journal.folder / "manifest").write_bytes(forged)
    assert load_manifest(journal.folder, IDENTITY) is None
    (journal.folder / "manifest").write_bytes(forged[36:])
    assert load_manifest(journal.folder, IDENTITY) is None, "nor is one without a seal"


def test_a_file_put_under_another_name_is_refused(journal: Journal) -> None:
    journal.hold(MANIFEST)
    journal.add_stop(STOP)
    (journal.folder / "stops").write_bytes((journal.folder / "manifest").read_bytes())
    assert load_stops(journal.folder) == ()


def test_what_is_stopped_at_the_site_is_kept_until_the_plane_ends_it(journal: Journal) -> None:
    journal.hold(MANIFEST)
    journal.add_stop(STOP)
    again = reopened(journal)
    assert again.stops == (STOP,)
    again.hold(a_manifest([an_entry(power="off")], number=2))
    assert (again.stops, load_stops(again.folder)) == ((), ())
    again.add_stop(STOP)
    again.lift_stop(STOP.mark)
    assert (again.stops, load_stops(again.folder)) == ((), ())
    again.close()


def test_a_stop_that_a_cut_left_over_is_not_believed(journal: Journal) -> None:
    journal.hold(a_manifest([an_entry(power="off")]))
    journal.add_stop(STOP)
    again = reopened(journal)
    assert again.stops == ()
    again.close()


def test_a_disk_that_takes_no_more_leaves_what_was_held(journal: Journal) -> None:
    journal.hold(MANIFEST)
    large = a_manifest([an_entry(f"in_{n}") for n in range(200)], number=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            journal.hold(large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert journal.manifest == MANIFEST
    assert load_manifest(journal.folder, IDENTITY) == MANIFEST
    assert not (journal.folder / "manifest.new").exists()


def test_the_manifest_of_another_agent_counts_as_none(journal: Journal) -> None:
    journal.hold(MANIFEST)
    other = replace(IDENTITY, agent=AgentId("ag_other"))
    assert load_manifest(journal.folder, other) is None
    assert load_manifest(journal.folder, None) is None


def test_each_start_is_counted_on_the_disk(journal: Journal) -> None:
    clock = ManualClock(START)
    assert journal.begin(clock, entropy) == Incarnation(1, "0001020304050607")
    assert load_starts(journal.folder) == 1
    assert journal.begin(clock, entropy).starts == 2


def test_a_full_disk_keeps_no_agent_from_its_guests_and_every_agent_from_planes(
    journal: Journal,
) -> None:
    in_the_way = journal.folder / "starts.new"
    in_the_way.mkdir()
    assert journal.begin(ManualClock(START), entropy).starts == 1
    assert (load_starts(journal.folder), journal.trouble != "") == (0, True)
    dialled: list[str] = []

    def dial(address: Address) -> Any:
        dialled.append(address.host)

    counted, plane = (
        CountedDial(journal, dial),
        address_of("https://plane.example:7443", may_be_plain=False),
    )
    with pytest.raises(OSError, match="directory"):
        counted(plane)
    assert dialled == []
    in_the_way.rmdir()
    counted(plane)
    assert (load_starts(journal.folder), journal.trouble, dialled) == (1, "", ["plane.example"])
    counted(plane)
    assert load_starts(journal.folder) == 1, "one start is counted once"


@pytest.mark.parametrize("content", [None, b"", b"many"])
def test_a_lost_count_goes_on_above_any_honest_one(journal: Journal, content: bytes | None) -> None:
    file = journal.folder / "starts"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    starts = journal.begin(ManualClock(START), entropy).starts
    assert starts == int(START.timestamp()) + 1
    assert journal.begin(ManualClock(START), entropy).starts == starts + 1


class Cut(BaseException):
    """Stands for a power cut."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cut_leaves_the_old_or_the_new_and_nothing_between(journal: Journal, when: str) -> None:
    journal.hold(MANIFEST)
    journal.close()
    newer = a_manifest(number=2)

    def cut(point: str) -> None:
        if point == f"journal.manifest.{when}":
            raise Cut

    dying = Journal(journal.folder, cut)
    with pytest.raises(Cut):
        dying.hold(newer)
    dying.close()
    held = load_manifest(journal.folder, IDENTITY)
    assert held == (MANIFEST if when == "before" else newer)


def test_what_a_cut_left_half_written_is_written_over(journal: Journal) -> None:
    (journal.folder / "manifest.new").write_bytes(b"half")
    journal.hold(MANIFEST)
    assert load_manifest(journal.folder, IDENTITY) == MANIFEST
    assert not (journal.folder / "manifest.new").exists()
