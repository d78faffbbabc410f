"""The bytes of every message of `agent_v1`, as they were the day each was first sent.

A message whose bytes change here breaks every agent in the field: make a new one instead, or
add an optional item at its end.  Each file holds the hex of one message in lines of 32 bytes.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from hanza.model.guest import Port
from hanza.model.ids import VolumeId
from hanza.model.image import Blob, BlobId
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone
from hanza.plan.image import bundle_of
from hanza.plan.manifest import delta_between, hash_of
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_site_v1 import FindingW, LineW, StrangerW
from hanza.wire.agent_words import delta_to_wire, manifest_from_wire, manifest_to_wire
from kit.agent_worlds import a_bundle, a_manifest, a_spec, a_tombstone, an_entry

FOLDER = Path(__file__).parent / "golden" / "agent_v1"
FIRST = a_manifest(
    [an_entry("in_a"), an_entry("in_b", power="off")], number=1, others=[a_bundle("a")]
)
TOLD = replace(a_spec(), hostname="web", ssh_keys=("ssh-ed25519 AAAA",), user_data="#!/bin/sh")
SEEDED = replace(TOLD, ports=(Port(8080, 80),))
SECOND = a_manifest(
    [an_entry("in_b"), replace(an_entry("in_c", run=3), spec=SEEDED)],
    [a_tombstone("in_a")],
    number=2,
    parent=hash_of(FIRST),
    others=[bundle_of(*(Blob(BlobId(letter * 64), 9) for letter in "abc"), "quiet")],
)
STAY = Stay(VolumeId("vo_a"), 2)
KEPT = VolumeEntry(STAY, "host-1", 64, "blank", is_made=True)
WITH_VOLUMES = replace(
    FIRST,
    entries=(
        replace(
            an_entry("in_a"),
            spec=replace(a_spec(), boot_volume=VolumeId("vo_a")),
            volumes=(VolumeId("vo_b"),),
        ),
    ),
    volumes=(KEPT, replace(KEPT, stay=Stay(VolumeId("vo_b"), 1), is_made=False)),
    volume_tombstones=(VolumeTombstone(Stay(VolumeId("vo_c"), 1)),),
)
WITHOUT = replace(
    WITH_VOLUMES,
    version=replace(FIRST.version, number=2),
    volumes=(replace(KEPT, size_mib=128),),
    volume_tombstones=(VolumeTombstone(Stay(VolumeId("vo_b"), 1)),),
)
ENDED = a_tombstone("in_z", run=4)
CONFIRMED = replace(
    WITHOUT,
    tombstones=(*WITHOUT.tombstones, a_tombstone("in_y"), replace(ENDED, is_confirmed=True)),
)
MARK, VERSION = v1.MarkW("in_a", 3), v1.VersionW(1, 2)
BEFORE_IMAGES = "manifest_whole_before_images"
PROBLEM = v1.ProblemW("driver.exhausted", "the host has no room", 1_767_225_600_000_000)

SEEN_VOLUMES = [
    v1.SeenVolumeW(v1.StayW("vo_a", 2), "keep", "present", 64, None),
    v1.SeenVolumeW(v1.StayW("vo_b", 1), "end", "absent", None, PROBLEM),
]
SIGNED = (b"statement", bytes(range(32)), bytes(range(64)))
OF_BEFORE: Mapping[str, v1.Up | v1.Down] = {
    "manifest_whole_before_confirmations": manifest_to_wire(WITH_VOLUMES),
    "manifest_delta_before_confirmations": delta_to_wire(delta_between(WITH_VOLUMES, WITHOUT)),
    "manifest_whole_before_volumes": manifest_to_wire(FIRST),
    "manifest_delta_before_volumes": delta_to_wire(delta_between(FIRST, SECOND)),
    "update_wanted_before_revocations": v1.UpdateWanted(*SIGNED, 2),
    "report_change_before_volumes": v1.ReportUp(2, VERSION, False, [], [MARK], None, None, PROBLEM),
}
UPS: Mapping[str, v1.Up] = {
    "hello": v1.Hello(bytes(range(16)), bytes(range(64))),
    "holding": v1.Holding(VERSION, bytes(range(32))),
    "need_whole": v1.NeedWhole(),
    "report_whole": v1.ReportUp(
        number=1,
        version=VERSION,
        is_whole=True,
        seen=[
            v1.SeenW(MARK, "run", "present", "native-1", "on", "seen", "login: \n", None),
            v1.SeenW(v1.MarkW("in_b", 1), "end", "absent", None, None, "unknown", "", PROBLEM),
        ],
        gone=[],
        orphans=[v1.OrphanW("native-9", v1.MarkW("in_z", 9), "host-1", "off")],
        hosts=[v1.HostW("host-1", 16, 65536, 1048576, "kvm", "192.0.2.1")],
        trouble=None,
        volumes=SEEN_VOLUMES,
        orphan_volumes=[v1.OrphanVolumeW("vo_z", "vo_z", "host-1", 64)],
    ),
    "report_change": v1.ReportUp(
        number=2,
        version=VERSION,
        is_whole=False,
        seen=[],
        gone=[MARK],
        orphans=None,
        hosts=None,
        trouble=PROBLEM,
        gone_volumes=[v1.StayW("vo_b", 1)],
    ),
    "heartbeat": v1.Heartbeat(300),
    "console_refused": v1.ConsoleRefused(bytes(range(32)), "not_running", "the guest is off"),
    "measured": v1.Measured([v1.TripW("lju-1", 12.5)]),
    "answering": v1.Answering(7445),
    "diary": v1.Diary(
        [LineW(7, 1_767_225_600_000_000, "guest.off", "in_a", "guest in_a was found off")]
    ),
    "checkup": v1.Checkup(
        1_767_225_600_000_000, 90, [FindingW("clock", "fair", "3 s ahead", "set-ntp true")]
    ),
    "strangers": v1.Strangers([StrangerW("native-5", "pet", "host-1", 2, 2048, 20480, "on")]),
    "met": v1.Met(496_000, [v1.TripW("ag_other", 12.5)]),
    "numbers": v1.NumbersUp({"guests_on": 3.0, "driver_seconds": 0.25}),
    "running": v1.Running(
        "0.1.0", "cp311", "asked", ["0.2.0"], [bytes(range(32))], True, "failed", "0.2.0", 2, "why"
    ),
}
DOWNS: Mapping[str, v1.Down] = {
    "challenge": v1.Challenge(bytes(range(32))),
    "welcome": v1.Welcome(7),
    "manifest_whole": manifest_to_wire(CONFIRMED),
    "manifest_delta": delta_to_wire(delta_between(WITH_VOLUMES, CONFIRMED)),
    "report_taken": v1.ReportTaken(7),
    "heartbeat_taken": v1.HeartbeatTaken(300),
    "console_wanted": v1.ConsoleWanted(bytes(range(32)), MARK, True),
    "port_wanted": v1.PortWanted(bytes(range(32)), MARK, 80),
    "log_wanted": v1.LogWanted(bytes(range(32)), MARK, 4096),
    "probes": v1.Probes([v1.ProbeW("lju-1", "192.0.2.1", 443)]),
    "answers": v1.Answers(bytes(range(32))),
    "peers": v1.Peers(496_000, [v1.PeerW("ag_other", "2001:db8::1", 7445, bytes(range(32)))]),
    "directory": v1.DirectoryDown(3, ["https://plane.example"], bytes(range(64))),
    "diary_taken": v1.DiaryTaken(7),
    "numbers_wanted": v1.NumbersWanted(900),
    "update_wanted": v1.UpdateWanted(
        *SIGNED, 2, revoked=[v1.RevokedW(bytes(range(1, 33)), bytes(range(1, 65)))]
    ),
    "refused": v1.Refused("forbidden", "two agents use one key"),
}
ABLE: Mapping[str, v1.Claims] = {
    "claims_with_abilities": v1.Claims(
        1, "ag_me", 3, "cafe", "fake", VERSION, bytes(range(32)), ["console"]
    ),
}
CLAIMS: Mapping[str, v1.Claims] = {
    "claims": v1.Claims(1, "ag_me", 3, "cafe", "fake", VERSION, bytes(range(32))),
    "claims_of_the_first_day": v1.Claims(1, "ag_me", 1, "cafe", "fake", None, None),
}


def golden(name: str) -> bytes:
    return bytes.fromhex((FOLDER / f"{name}.hex").read_text())


@pytest.mark.parametrize("name", UPS)
def test_what_agents_say_keeps_its_bytes(name: str) -> None:
    assert v1.decode_up(golden(name)) == UPS[name]
    assert v1.encode(v1.decode_up(golden(name))) == golden(name)


@pytest.mark.parametrize("name", DOWNS)
def test_what_planes_say_keeps_its_bytes(name: str) -> None:
    assert v1.decode_down(golden(name)) == DOWNS[name]
    assert v1.encode(v1.decode_down(golden(name))) == golden(name)


@pytest.mark.parametrize("name", ABLE)
def test_claims_keep_their_bytes(name: str) -> None:
    assert v1.decode_claims(golden(name)) == ABLE[name]
    assert v1.encode(v1.decode_claims(golden(name))) == golden(name)


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_of_before_abilities_are_those_of_an_agent_without_any(name: str) -> None:
    assert v1.decode_claims(golden(name)) == CLAIMS[name]
    assert CLAIMS[name].abilities == []


def test_who_knows_no_abilities_reads_claims_that_name_some() -> None:
    class Before(msgspec.Struct, array_like=True):
        protocol: int
        agent: str
        starts: int
        nonce: str
        driver: str
        holds_version: v1.VersionW | None
        holds_hash: bytes | None

    read = msgspec.msgpack.decode(golden("claims_with_abilities"), type=Before)
    assert (read.agent, read.holds_hash) == ("ag_me", bytes(range(32)))


def test_every_message_has_its_bytes_here_and_every_file_is_tested() -> None:
    assert {type(up) for up in UPS.values()} == set(get_args(v1.Up))
    assert {type(down) for down in DOWNS.values()} == set(get_args(v1.Down))
    known = {*UPS, *DOWNS, *CLAIMS, *ABLE, *OF_BEFORE, BEFORE_IMAGES}
    assert {file.stem for file in FOLDER.iterdir()} == known


def test_the_hash_of_a_manifest_is_the_same_for_ever() -> None:
    for name, manifest in (
        ("manifest_whole", CONFIRMED),
        ("manifest_whole_before_confirmations", WITH_VOLUMES),
        ("manifest_whole_before_volumes", FIRST),
    ):
        message = v1.decode_down(golden(name))
        assert isinstance(message, v1.ManifestWhole)
        assert message.hash == hash_of(manifest)


@pytest.mark.parametrize("name", OF_BEFORE)
def test_what_was_said_before_there_was_more_to_say_is_read_as_saying_none_of_it(name: str) -> None:
    decode = v1.decode_up if name.startswith("report") else v1.decode_down
    assert decode(golden(name)) == OF_BEFORE[name]


def test_a_manifest_from_before_images_had_content_is_read_and_keeps_its_hash() -> None:
    message = v1.decode_down(golden(BEFORE_IMAGES))
    assert isinstance(message, v1.ManifestWhole)
    manifest = manifest_from_wire(message)
    assert message.hash == hash_of(manifest)
    assert (manifest.bundles, {entry.spec.user_data for entry in manifest.entries}) == ((), {""})
