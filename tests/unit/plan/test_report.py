"""What is reported: a whole view first, then only what changed."""

from dataclasses import replace
from typing import Any

import pytest

from hanza.model.capacity import Capacity
from hanza.model.errors import BadReport
from hanza.model.guest import HostFacts
from hanza.model.ids import NativeId, VolumeId
from hanza.model.report import Incarnation, Orphan, Problem, Report, Seen, View
from hanza.model.volume import OrphanVolume, SeenVolume, Stay
from hanza.plan.report import HOST_MEMORY_MIB_MAX, refuse_nonsense, report_of
from kit.agent_worlds import START, a_mark, a_view

ME = Incarnation(3, "cafe")
A, B = Seen(a_mark("in_a"), "run", "present"), Seen(a_mark("in_b"), "run", "absent")
HOSTS = (HostFacts("host-1", Capacity(1, 2, 3), "none"),)
ORPHANS = (Orphan(NativeId("n-9"), a_mark("in_z"), "host-1", "on"),)
V = SeenVolume(Stay(VolumeId("vo_a"), 1), "keep", "present", 64)
LEFT = (OrphanVolume(NativeId("vo_z"), VolumeId("vo_z"), "host-1", 64),)
VIEW = replace(a_view([A, B]), hosts=HOSTS, orphans=ORPHANS, volumes=(V,), orphan_volumes=LEFT)


def report(view: View, since: View | None) -> Report:
    made = report_of(ME, 7, view, since)
    assert made is not None
    return made


def test_the_first_report_is_whole() -> None:
    whole = Report(ME, 7, VIEW.version, True, (A, B), (), ORPHANS, HOSTS, None, (V,), (), LEFT)
    assert report(VIEW, None) == whole


def test_even_an_empty_view_is_reported_whole() -> None:
    empty = report(a_view(), None)
    assert empty.is_whole
    assert (empty.orphans, empty.hosts) == ((), ())


def test_nothing_is_said_when_nothing_changed() -> None:
    assert report_of(ME, 7, VIEW, VIEW) is None


def test_only_what_changed_is_said() -> None:
    changed = replace(B, presence="present")
    change = report(replace(VIEW, seen=(A, changed)), VIEW)
    assert not change.is_whole
    assert change.seen == (changed,)
    assert (change.gone, change.orphans, change.hosts) == ((), None, None)


def test_what_is_no_longer_named_is_gone() -> None:
    assert report(replace(VIEW, seen=(A,)), VIEW).gone == (B.mark,)


def test_another_version_alone_is_said() -> None:
    change = report(replace(VIEW, version=a_view(number=2).version), VIEW)
    assert change.version.number == 2
    assert change.seen == ()


def test_orphans_and_hosts_are_said_whole_when_any_changed() -> None:
    change = report(replace(VIEW, orphans=(), hosts=()), VIEW)
    assert (change.orphans, change.hosts) == ((), ())


def test_trouble_is_said_each_time() -> None:
    trouble = Problem("driver.unavailable", "gone", START)
    assert report(replace(VIEW, trouble=trouble), VIEW).trouble == trouble


def test_volumes_are_said_when_they_change_and_when_they_are_named_no_longer() -> None:
    grown = replace(V, size_mib=128)
    said = report(replace(VIEW, volumes=(grown,)), VIEW)
    assert (said.volumes, said.gone_volumes, said.orphan_volumes) == ((grown,), (), None)
    said = report(replace(VIEW, volumes=(), orphan_volumes=()), VIEW)
    assert (said.volumes, said.gone_volumes, said.orphan_volumes) == ((), (V.stay,), ())


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"hosts": (replace(HOSTS[0], name=""),)}, "a host has no name"),
        ({"hosts": HOSTS * 2}, "2 hosts are called 'host-1'"),
        (
            {"hosts": (replace(HOSTS[0], capacity=Capacity(1, 2, -3)),)},
            "the host 'host-1' is said to have -3 MiB of disk",
        ),
        (
            {"hosts": (replace(HOSTS[0], capacity=Capacity(1, HOST_MEMORY_MIB_MAX + 1, 3)),)},
            "MiB of memory; from 0 to 1073741824 is believed",
        ),
        ({"volumes": (replace(V, size_mib=-1),)}, "the volume 'vo_a' is said to have -1 MiB"),
        ({"orphan_volumes": (replace(LEFT[0], size_mib=2**50),)}, "the volume 'vo_z'"),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], text: str) -> None:
    whole = report(VIEW, None)
    refuse_nonsense(whole)
    refuse_nonsense(replace(whole, hosts=None, orphan_volumes=None, volumes=()))
    refuse_nonsense(replace(whole, volumes=(replace(V, size_mib=None),)))
    with pytest.raises(BadReport) as refusal:
        refuse_nonsense(replace(whole, **changed))
    assert text in refusal.value.text
