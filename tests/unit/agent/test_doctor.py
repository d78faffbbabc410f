"""The doctor tries a machine as it is, leaves nothing, and takes a failure for a finding."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.agent.consent import CODE, Consent
from hanza.agent.doctor import (
    FEDERATION,
    KeptCheckup,
    PlaneSeen,
    engine_findings,
    examine,
    flush_finding,
    keep_checkup,
    latencies,
    mtu_of,
)
from hanza.drivers.fake import FakeDriver, FakeSite, Fault
from hanza.drivers.fake.driver import ABLE
from hanza.drivers.spi import Driver
from hanza.model.checkup import Checkup, Level
from hanza.model.errors import Unavailable
from hanza.model.ids import FederationId, NativeId
from hanza.model.image import ADOPTED
from hanza.model.probe import Target
from hanza.plan.doctor import of_mtu
from hanza.plan.steps import Blocked
from kit.agent_worlds import START, US, a_bundle

PLANE = PlaneSeen(US, "192.0.2.1:7443", 12.0, ("10.0.0.2", 4000), ("192.0.2.9", 4000))


def opener(site: FakeSite, **denied: bool) -> "Opener":
    return Opener(site, denied)


class Opener:
    def __init__(self, site: FakeSite, denied: Mapping[str, bool]) -> None:
        self.site, self.denied = site, denied

    def __call__(self, federation: FederationId) -> Driver:
        return FakeDriver(self.site, federation, replace(ABLE, **self.denied))


def levels(
    site: FakeSite, options: Mapping[str, str] | None = None, **denied: bool
) -> list[tuple[str, Level]]:
    found = engine_findings(opener(site, **denied), options or {}, boot_within_s=0.1)
    return [(one.check, one.level) for one in found]


def leftovers(site: FakeSite) -> int:
    with site.look() as inside:
        return len(inside.state.guests) + len(inside.state.lost_disks)


def test_a_guest_is_really_booted_and_nothing_of_it_is_left() -> None:
    site = FakeSite()
    assert levels(site) == [("engine", "good"), ("boot", "good")]
    assert leftovers(site) == 0


def test_what_an_earlier_doctor_left_is_removed() -> None:
    site = FakeSite()
    for nth in (1, 2, 3):
        site.order(Fault("destroy", nth=nth))
    assert levels(site)[1] == ("boot", "good")
    assert leftovers(site) == 1
    site.forget_faults()
    assert levels(site)[1] == ("boot", "good")
    assert leftovers(site) == 0


def test_a_guest_that_never_speaks_is_poor() -> None:
    site = FakeSite(boot_after=timedelta(days=1))
    assert levels(site)[1] == ("boot", "poor")
    assert leftovers(site) == 0


@pytest.mark.parametrize(
    ("fault", "level"),
    [
        (Fault("create", kind="exhausted"), "unknown"),
        (Fault("create", kind="rejected"), "poor"),
        (Fault("set_power"), "poor"),
    ],
)
def test_an_engine_that_refuses_the_guest_says_how_bad_that_is(fault: Fault, level: Level) -> None:
    site = FakeSite()
    site.order(fault)
    assert levels(site)[1] == ("boot", level)
    assert leftovers(site) == 0


def test_what_cannot_be_tried_is_unknown(tmp_path: Path) -> None:
    folders = {"images": str(tmp_path), "pool": str(tmp_path)}
    (_, boot) = engine_findings(opener(FakeSite()), folders)
    assert (boot.level, boot.mend) == ("unknown", f"hanza agent test-image {tmp_path}")
    assert levels(FakeSite(), serial=False)[1] == ("boot", "unknown")
    (tmp_path / "tiny").mkdir()
    assert levels(FakeSite(), folders)[1] == ("boot", "good")


def test_an_engine_that_cannot_be_worked_is_poor() -> None:
    def closed(_: FederationId) -> Driver:
        raise Unavailable("libvirt does not answer")

    (finding,) = engine_findings(closed, {})
    assert (finding.level, "does not answer" in finding.text) == ("poor", True)
    site = FakeSite()
    site.order(Fault("survey"))
    assert levels(site) == [("engine", "poor")]


def test_its_folder_in_the_pool_goes_with_it_unless_something_is_in_it(tmp_path: Path) -> None:
    folder, options = tmp_path / FEDERATION, {"pool": str(tmp_path)}
    (folder / "guests").mkdir(parents=True)
    (folder / "lock").touch()
    levels(FakeSite(), options)
    assert list(tmp_path.iterdir()) == []
    folder.mkdir()
    (folder / "left.qcow2").write_bytes(b"a disk")
    levels(FakeSite(), options)
    assert (folder / "left.qcow2").exists()


def test_a_disk_is_flushed_and_left_as_it_was(tmp_path: Path) -> None:
    assert flush_finding(tmp_path).check == "disk"
    assert flush_finding(tmp_path).level in ("good", "fair")
    assert list(tmp_path.iterdir()) == []
    assert flush_finding(tmp_path / "nowhere").level == "unknown"


def test_everything_is_told_with_a_plane_and_without(tmp_path: Path) -> None:
    there = opener(FakeSite())
    others = [("lju-1", 4.0), ("zag-1", None)]
    found = examine(there, {}, tmp_path, [PLANE], others)
    assert [one.check for one in found] == [
        *("engine", "boot", "disk", "clock", "mtu", "nat", "latency", "latency", "latency"),
    ]
    alone = examine(there, {}, tmp_path, [])
    assert [one.check for one in alone] == ["engine", "boot", "disk", "latency"]
    assert alone[-1].level == "unknown"


@pytest.mark.enable_socket
def test_how_far_and_how_wide_a_way_is_as_the_kernel_says() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as wire:
            assert (mtu_of(wire) or 0) >= 1500
        found = latencies([Target("near", "127.0.0.1", port)], "any")
        assert found[0][1] is not None
        assert latencies([Target("near", "127.0.0.1", port)], "public") == [("near", None)]
    with socket.socket() as nowhere:
        assert mtu_of(nowhere) is None


def test_the_last_checkup_is_found_by_the_agent_that_runs(tmp_path: Path) -> None:
    kept = KeptCheckup(tmp_path)
    assert kept() is None
    for score in (100, 90):
        checkup = Checkup(START, score, (of_mtu(1500),))
        keep_checkup(tmp_path, checkup)
        assert kept() == checkup
        assert kept() == checkup
    (tmp_path / "checkup.json").write_text("{")
    assert kept() is None


# -- consent ----------------------------------------------------------------------------------


class Shelf:
    def __init__(self) -> None:
        self.wanted = 0

    def want(self, bundles: object, used: object) -> None:
        del bundles, used
        self.wanted += 1

    def lacking(self, image: str) -> Blocked | None:
        return Blocked("image.fetching", image)


def test_only_what_its_people_have_named_may_be_adopted() -> None:
    allowed = {NativeId("n-1")}
    shelf = Shelf()
    consent = Consent(lambda: allowed, shelf)
    assert consent.lacking(f"{ADOPTED}n-1") is None
    blocked = consent.lacking(f"{ADOPTED}n-2")
    assert blocked is not None
    assert (blocked.code, "hanza local adopt n-2" in blocked.text) == (CODE, True)
    assert consent.lacking("tiny") == Blocked("image.fetching", "tiny")
    consent.want([a_bundle()], ())
    assert shelf.wanted == 1
    bare = Consent(lambda: allowed, None)
    bare.want([a_bundle()], ())
    assert bare.lacking("tiny") is None
    assert FEDERATION != US
