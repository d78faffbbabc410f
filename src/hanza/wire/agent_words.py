"""Agent messages to nouns and back, in pairs.  See `wire.agent_v1` for the messages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hanza.kit.memo import Memo
from hanza.model.capacity import Capacity
from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec, HostFacts, Mark, Port
from hanza.model.ids import AgentId, InstanceId, NativeId, VolumeId
from hanza.model.image import Blob, BlobId, Bundle, BundleId
from hanza.model.manifest import Delta, Entry, Manifest, Tombstone, Version
from hanza.model.problem import Problem
from hanza.model.report import Incarnation, Orphan, Report, Seen
from hanza.model.volume import OrphanVolume, SeenVolume, Stay, VolumeEntry, VolumeTombstone
from hanza.plan.manifest import hash_of, manifest_of
from hanza.wire import agent_v1 as v1

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_US = 2**53
"""The greatest count that travels: an instant in the year 2255."""


def mark_to_wire(mark: Mark) -> v1.MarkW:
    return v1.MarkW(mark.owner, mark.run_epoch)


def mark_from_wire(mark: v1.MarkW) -> Mark:
    return Mark(InstanceId(printable(mark.owner)), mark.run_epoch)


def spec_to_wire(spec: GuestSpec) -> v1.SpecW:
    return v1.SpecW(
        spec.name,
        spec.image,
        spec.cpus,
        spec.memory_mib,
        spec.disk_mib,
        spec.hostname,
        list(spec.ssh_keys),
        spec.user_data,
        [v1.PortW(one.port, one.to) for one in spec.ports],
        spec.boot_volume,
    )


def spec_from_wire(spec: v1.SpecW) -> GuestSpec:
    return GuestSpec(
        spec.name,
        spec.image,
        spec.cpus,
        spec.memory_mib,
        spec.disk_mib,
        spec.hostname,
        tuple(spec.ssh_keys),
        spec.user_data,
        tuple(Port(one.port, one.to) for one in spec.ports),
        None if spec.boot_volume is None else VolumeId(spec.boot_volume),
    )


def entry_to_wire(entry: Entry) -> v1.EntryW:
    mark, spec = mark_to_wire(entry.mark), spec_to_wire(entry.spec)
    return v1.EntryW(mark, entry.host, spec, entry.power, list(entry.volumes))


def entry_from_wire(entry: v1.EntryW) -> Entry:
    mark, spec = mark_from_wire(entry.mark), spec_from_wire(entry.spec)
    volumes = tuple(VolumeId(printable(volume)) for volume in entry.volumes)
    return Entry(mark, entry.host, spec, entry.power, volumes)


def stay_to_wire(stay: Stay) -> v1.StayW:
    return v1.StayW(stay.volume, stay.number)


def stay_from_wire(stay: v1.StayW) -> Stay:
    return Stay(VolumeId(printable(stay.volume)), stay.number)


def volume_to_wire(entry: VolumeEntry) -> v1.VolumeW:
    stay = stay_to_wire(entry.stay)
    return v1.VolumeW(stay, entry.host, entry.size_mib, entry.image, entry.is_made)


def volume_from_wire(entry: v1.VolumeW) -> VolumeEntry:
    stay = stay_from_wire(entry.stay)
    return VolumeEntry(stay, entry.host, entry.size_mib, entry.image, entry.is_made)


def bundle_to_wire(bundle: Bundle) -> v1.BundleW:
    disk, kernel, initrd = (
        v1.BlobW(blob.id, blob.size) if blob else None
        for blob in (bundle.disk, bundle.kernel, bundle.initrd)
    )
    return v1.BundleW(bundle.id, disk, kernel, initrd, bundle.cmdline)


def bundle_from_wire(bundle: v1.BundleW) -> Bundle:
    """As sent; whoever fetches it compares its id with what it consists of."""
    disk, kernel, initrd = (
        Blob(BlobId(blob.id), blob.size) if blob else None
        for blob in (bundle.disk, bundle.kernel, bundle.initrd)
    )
    return Bundle(BundleId(bundle.id), disk, kernel, initrd, bundle.cmdline)


def version_to_wire(version: Version) -> v1.VersionW:
    return v1.VersionW(version.epoch, version.number)


def version_from_wire(version: v1.VersionW) -> Version:
    return Version(version.epoch, version.number)


# Of the next whole manifest most is the same.  What tenants may make large at will is not kept.
_ENTRIES: Memo[Entry, v1.EntryW] = Memo(
    entry_to_wire, kept=20_000, is_kept=lambda said: len(said.spec.user_data) <= 2_048
)
_VOLUMES: Memo[VolumeEntry, v1.VolumeW] = Memo(volume_to_wire, kept=20_000)


def manifest_to_wire(manifest: Manifest) -> v1.ManifestWhole:
    return v1.ManifestWhole(
        agent=manifest.agent,
        version=version_to_wire(manifest.version),
        parent=manifest.parent,
        hash=hash_of(manifest),
        entries=[_ENTRIES.of(entry) for entry in manifest.entries],
        tombstones=[mark_to_wire(tombstone.mark) for tombstone in manifest.tombstones],
        bundles=[bundle_to_wire(bundle) for bundle in manifest.bundles],
        volumes=[_VOLUMES.of(volume) for volume in manifest.volumes],
        volume_tombstones=[stay_to_wire(one.stay) for one in manifest.volume_tombstones],
        confirmed=_confirmed(manifest.tombstones),
    )


def manifest_from_wire(whole: v1.ManifestWhole) -> Manifest:
    """The content as sent; whoever takes it compares `hash_of` with the hash that was named."""
    return manifest_of(
        AgentId(whole.agent),
        version_from_wire(whole.version),
        whole.parent,
        [entry_from_wire(entry) for entry in whole.entries],
        _tombstones(whole.tombstones, whole.confirmed),
        [
            *(bundle_from_wire(bundle) for bundle in whole.bundles),
            *(volume_from_wire(volume) for volume in whole.volumes),
            *(VolumeTombstone(stay_from_wire(stay)) for stay in whole.volume_tombstones),
        ],
    )


def _confirmed(tombstones: Sequence[Tombstone]) -> list[v1.MarkW]:
    return [mark_to_wire(one.mark) for one in tombstones if one.is_confirmed]


def _tombstones(marks: Sequence[v1.MarkW], confirmed: Sequence[v1.MarkW]) -> list[Tombstone]:
    known = {mark_from_wire(mark) for mark in confirmed}
    return [Tombstone(mark, mark in known) for mark in map(mark_from_wire, marks)]


def delta_to_wire(delta: Delta) -> v1.ManifestDelta:
    return v1.ManifestDelta(
        agent=delta.agent,
        base=delta.base,
        version=version_to_wire(delta.version),
        parent=delta.parent,
        hash=delta.hash,
        put_entries=[entry_to_wire(entry) for entry in delta.put_entries],
        drop_entries=[mark_to_wire(mark) for mark in delta.drop_entries],
        put_tombstones=[mark_to_wire(tombstone.mark) for tombstone in delta.put_tombstones],
        drop_tombstones=[mark_to_wire(mark) for mark in delta.drop_tombstones],
        put_bundles=[bundle_to_wire(bundle) for bundle in delta.put_bundles],
        drop_bundles=list(delta.drop_bundles),
        put_volumes=[volume_to_wire(volume) for volume in delta.put_volumes],
        drop_volumes=[stay_to_wire(stay) for stay in delta.drop_volumes],
        put_volume_tombstones=[stay_to_wire(one.stay) for one in delta.put_volume_tombstones],
        drop_volume_tombstones=[stay_to_wire(stay) for stay in delta.drop_volume_tombstones],
        confirmed=_confirmed(delta.put_tombstones),
    )


def delta_from_wire(delta: v1.ManifestDelta) -> Delta:
    return Delta(
        agent=AgentId(delta.agent),
        base=delta.base,
        version=version_from_wire(delta.version),
        parent=delta.parent,
        hash=delta.hash,
        put_entries=tuple(entry_from_wire(entry) for entry in delta.put_entries),
        drop_entries=tuple(mark_from_wire(mark) for mark in delta.drop_entries),
        put_tombstones=tuple(_tombstones(delta.put_tombstones, delta.confirmed)),
        drop_tombstones=tuple(mark_from_wire(mark) for mark in delta.drop_tombstones),
        put_bundles=tuple(bundle_from_wire(bundle) for bundle in delta.put_bundles),
        drop_bundles=tuple(BundleId(bundle) for bundle in delta.drop_bundles),
        put_volumes=tuple(volume_from_wire(volume) for volume in delta.put_volumes),
        drop_volumes=tuple(stay_from_wire(stay) for stay in delta.drop_volumes),
        put_volume_tombstones=tuple(
            VolumeTombstone(stay_from_wire(stay)) for stay in delta.put_volume_tombstones
        ),
        drop_volume_tombstones=tuple(stay_from_wire(s) for s in delta.drop_volume_tombstones),
    )


def problem_to_wire(problem: Problem | None) -> v1.ProblemW | None:
    if problem is None:
        return None
    since_us = (problem.since - _ORIGIN) // _MICROSECOND
    return v1.ProblemW(problem.code[:1024], problem.text[:1024], min(max(since_us, 0), _LATEST_US))


def problem_from_wire(problem: v1.ProblemW | None) -> Problem | None:
    if problem is None:
        return None
    since = _ORIGIN + problem.since_us * _MICROSECOND
    return Problem(problem.code, problem.text, since)


def seen_to_wire(seen: Seen) -> v1.SeenW:
    return v1.SeenW(
        mark_to_wire(seen.mark),
        seen.role,
        seen.presence,
        seen.native,
        seen.power,
        seen.boot,
        seen.serial_tail,
        problem_to_wire(seen.problem),
    )


def seen_from_wire(seen: v1.SeenW) -> Seen:
    return Seen(
        mark_from_wire(seen.mark),
        seen.role,
        seen.presence,
        NativeId(seen.native) if seen.native is not None else None,
        seen.power,
        seen.boot,
        seen.serial_tail,
        problem_from_wire(seen.problem),
    )


def report_to_wire(report: Report) -> v1.ReportUp:
    return v1.ReportUp(
        number=report.number,
        version=version_to_wire(report.version),
        is_whole=report.is_whole,
        seen=[seen_to_wire(seen) for seen in report.seen],
        gone=[mark_to_wire(mark) for mark in report.gone],
        orphans=None
        if report.orphans is None
        else [_orphan_to_wire(o) for o in report.orphans[: v1.ORPHANS_MAX]],
        hosts=None if report.hosts is None else [_host_to_wire(h) for h in report.hosts],
        trouble=problem_to_wire(report.trouble),
        volumes=[_seen_volume_to_wire(one) for one in report.volumes],
        gone_volumes=[stay_to_wire(stay) for stay in report.gone_volumes],
        orphan_volumes=None
        if report.orphan_volumes is None
        else [_orphan_volume_to_wire(o) for o in report.orphan_volumes[: v1.ORPHANS_MAX]],
    )


def report_from_wire(report: v1.ReportUp, incarnation: Incarnation) -> Report:
    return Report(
        incarnation=incarnation,
        number=report.number,
        version=version_from_wire(report.version),
        is_whole=report.is_whole,
        seen=tuple(seen_from_wire(seen) for seen in report.seen),
        gone=tuple(mark_from_wire(mark) for mark in report.gone),
        orphans=None
        if report.orphans is None
        else tuple(_orphan_from_wire(orphan) for orphan in report.orphans),
        hosts=None
        if report.hosts is None
        else tuple(_host_from_wire(host) for host in report.hosts),
        trouble=problem_from_wire(report.trouble),
        volumes=tuple(_seen_volume_from_wire(one) for one in report.volumes),
        gone_volumes=tuple(stay_from_wire(stay) for stay in report.gone_volumes),
        orphan_volumes=None
        if report.orphan_volumes is None
        else tuple(_orphan_volume_from_wire(orphan) for orphan in report.orphan_volumes),
    )


def _seen_volume_to_wire(seen: SeenVolume) -> v1.SeenVolumeW:
    problem = problem_to_wire(seen.problem)
    return v1.SeenVolumeW(stay_to_wire(seen.stay), seen.role, seen.presence, seen.size_mib, problem)


def _seen_volume_from_wire(seen: v1.SeenVolumeW) -> SeenVolume:
    problem = problem_from_wire(seen.problem)
    return SeenVolume(stay_from_wire(seen.stay), seen.role, seen.presence, seen.size_mib, problem)


def _orphan_volume_to_wire(orphan: OrphanVolume) -> v1.OrphanVolumeW:
    return v1.OrphanVolumeW(orphan.native, orphan.volume, orphan.host, orphan.size_mib)


def _orphan_volume_from_wire(orphan: v1.OrphanVolumeW) -> OrphanVolume:
    native, volume = NativeId(printable(orphan.native)), VolumeId(printable(orphan.volume))
    return OrphanVolume(native, volume, printable(orphan.host), orphan.size_mib)


def _orphan_to_wire(orphan: Orphan) -> v1.OrphanW:
    return v1.OrphanW(orphan.native, mark_to_wire(orphan.mark), orphan.host, orphan.power)


def _orphan_from_wire(orphan: v1.OrphanW) -> Orphan:
    native, host = NativeId(printable(orphan.native)), printable(orphan.host)
    return Orphan(native, mark_from_wire(orphan.mark), host, orphan.power)


def _host_to_wire(host: HostFacts) -> v1.HostW:
    size = host.capacity
    return v1.HostW(
        host.name, size.cpus, size.memory_mib, size.disk_mib, host.accelerator, host.address
    )


def _host_from_wire(host: v1.HostW) -> HostFacts:
    size = Capacity(host.cpus, host.memory_mib, host.disk_mib)
    return HostFacts(printable(host.name), size, host.accelerator, printable(host.address))


def printable(name: str) -> str:
    """A name that is shown to others, so it may do nothing but be read.  Raises `Invalid`."""
    if not name.isprintable():
        raise Invalid("a name in a frame is not printable", field="frame")
    return name
