"""Nouns to messages and back: nothing is lost, and nothing foreign gets in."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec, HostFacts, Mark, Port
from hanza.model.ids import InstanceId, NativeId
from hanza.model.image import Blob, BlobId, Bundle, BundleId
from hanza.model.manifest import Entry, Manifest, Tombstone, Version
from hanza.model.report import Incarnation, Orphan, Problem, Report, Seen
from hanza.plan.manifest import apply_delta, delta_between, hash_of, manifest_of
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import (
    delta_from_wire,
    delta_to_wire,
    manifest_from_wire,
    manifest_to_wire,
    problem_from_wire,
    problem_to_wire,
    report_from_wire,
    report_to_wire,
    version_from_wire,
    version_to_wire,
)
from kit.agent_worlds import ME, START, a_manifest, a_mark

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**53)
printable = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20)
marks = st.builds(Mark, printable.map(InstanceId), counts)
ports = st.lists(st.builds(Port, counts, counts), max_size=2).map(tuple)
told = (words, st.lists(words, max_size=2).map(tuple), words, ports)
specs = st.builds(GuestSpec, words, words, counts, counts, counts, *told)
powers = st.sampled_from(["on", "off"])
entries = st.builds(Entry, marks, words, specs, powers)
versions = st.builds(Version, counts, counts)
digests = st.binary(min_size=32, max_size=32)
instants = st.datetimes(datetime(1970, 1, 1), datetime(2255, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
problems = st.builds(Problem, words, words, instants)
natives = words.map(NativeId)
seens = st.builds(
    Seen,
    marks,
    st.sampled_from(["run", "end"]),
    st.sampled_from(["present", "absent", "unknown"]),
    st.none() | natives,
    st.none() | powers,
    st.sampled_from(["pending", "seen", "silent", "unknown"]),
    words,
    st.none() | problems,
)
orphans = st.builds(Orphan, printable.map(NativeId), marks, printable, powers)
sizes = st.builds(Capacity, counts, counts, counts)
accelerators = st.sampled_from(["kvm", "tcg", "none"])
hosts = st.builds(HostFacts, printable, sizes, accelerators, printable)
ME_NOW = Incarnation(1, "cafe")


blobs = st.none() | st.builds(Blob, words.map(BlobId), counts)
bundles = st.builds(Bundle, words.map(BundleId), blobs, blobs, blobs, words)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    by_mark = st.lists(entries, max_size=5, unique_by=lambda e: (e.mark.owner, e.mark.run_epoch))
    tombstones = st.lists(marks.map(Tombstone), max_size=5, unique=True)
    needed = draw(st.lists(bundles, max_size=3, unique_by=lambda b: b.id))
    content = draw(by_mark), draw(tombstones), needed
    return manifest_of(ME, draw(versions), draw(digests), *content)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    return Report(
        incarnation=ME_NOW,
        number=draw(counts),
        version=draw(versions),
        is_whole=draw(st.booleans()),
        seen=tuple(draw(st.lists(seens, max_size=3))),
        gone=tuple(draw(st.lists(marks, max_size=3))),
        orphans=draw(st.none() | st.lists(orphans, max_size=3).map(tuple)),
        hosts=draw(st.none() | st.lists(hosts, max_size=3).map(tuple)),
        trouble=draw(st.none() | problems),
    )


@given(manifests())
def test_a_manifest_survives_the_wire_with_its_hash(manifest: Manifest) -> None:
    message = v1.decode_down(v1.encode(manifest_to_wire(manifest)))
    assert isinstance(message, v1.ManifestWhole)
    assert manifest_from_wire(message) == manifest
    assert message.hash == hash_of(manifest_from_wire(message))


@given(manifests(), manifests())
def test_a_delta_survives_the_wire_and_leads_where_it_should(base: Manifest, new: Manifest) -> None:
    delta = delta_between(base, new)
    message = v1.decode_down(v1.encode(delta_to_wire(delta)))
    assert isinstance(message, v1.ManifestDelta)
    assert delta_from_wire(message) == delta
    assert apply_delta(base, delta_from_wire(message)) == new


@given(reports())
def test_a_report_survives_the_wire(report: Report) -> None:
    message = v1.decode_up(v1.encode(report_to_wire(report)))
    assert isinstance(message, v1.ReportUp)
    assert report_from_wire(message, ME_NOW) == report


@given(versions)
def test_a_version_survives_the_wire(version: Version) -> None:
    assert version_from_wire(version_to_wire(version)) == version


def test_a_manifest_in_another_order_is_put_in_order() -> None:
    manifest = a_manifest([], [Tombstone(a_mark("in_a")), Tombstone(a_mark("in_b"))])
    message = manifest_to_wire(manifest)
    message.tombstones.reverse()
    assert manifest_from_wire(message) == manifest


def test_a_long_problem_is_cut_and_not_refused() -> None:
    message = problem_to_wire(Problem("c" * 2000, "t" * 2000, START))
    assert message is not None
    assert (len(message.code), len(message.text)) == (1024, 1024)


@pytest.mark.parametrize("since", [datetime(1969, 1, 1, tzinfo=UTC), START])
def test_an_instant_before_the_origin_is_the_origin(since: datetime) -> None:
    there = problem_from_wire(problem_to_wire(Problem("c", "t", since)))
    assert there is not None
    assert there.since == max(since, datetime(1970, 1, 1, tzinfo=UTC))


def test_an_instant_too_late_to_travel_is_the_latest_that_does() -> None:
    message = problem_to_wire(Problem("c", "t", datetime(9999, 1, 1, tzinfo=UTC)))
    assert message is not None
    there = problem_from_wire(message)
    assert there is not None
    assert there.since.year == 2255


def test_no_problem_is_no_problem() -> None:
    assert problem_to_wire(None) is None
    assert problem_from_wire(None) is None


def test_a_host_whose_name_rings_bells_is_refused() -> None:
    host = v1.HostW("rack\x07", 1, 1, 1, "none")
    report = v1.ReportUp(1, v1.VersionW(1, 1), True, [], [], None, [host], None)
    with pytest.raises(Invalid):
        report_from_wire(report, Incarnation(1, "aa"))
