"""What to report, and how little of it: a whole view first, then only what changed.

And what of a report cannot be: then nothing of it is taken.
"""

from collections import Counter

from hanza.model.errors import BadReport
from hanza.model.guest import HostFacts
from hanza.model.report import Incarnation, Report, Seen, View

HOST_CPUS_MAX = 2**16
HOST_MEMORY_MIB_MAX = 2**30
"""One PiB."""
HOST_DISK_MIB_MAX = 2**40
"""One EiB."""


def report_of(
    incarnation: Incarnation, number: int, view: View, since: View | None
) -> Report | None:
    """The report that brings whoever has `since` to `view`; None when nothing changed.

    `since` None makes a whole report.  Instances and volumes are said when anything of them
    changed; orphans and hosts, each as a whole, when any of them did.
    """
    if since == view:
        return None
    before: dict[object, Seen] = {seen.mark: seen for seen in since.seen} if since else {}
    marks = {seen.mark for seen in view.seen}
    stays = {one.stay for one in view.volumes}
    volumes = {one.stay: one for one in since.volumes} if since else {}
    same_orphans = since is not None and since.orphan_volumes == view.orphan_volumes
    return Report(
        incarnation=incarnation,
        number=number,
        version=view.version,
        is_whole=since is None,
        seen=tuple(seen for seen in view.seen if before.get(seen.mark) != seen),
        gone=tuple(seen.mark for seen in since.seen if seen.mark not in marks) if since else (),
        orphans=None if since and since.orphans == view.orphans else view.orphans,
        hosts=None if since and since.hosts == view.hosts else view.hosts,
        trouble=view.trouble,
        volumes=tuple(one for one in view.volumes if volumes.get(one.stay) != one),
        gone_volumes=tuple(stay for stay in volumes if stay not in stays),
        orphan_volumes=None if same_orphans else view.orphan_volumes,
    )


def refuse_nonsense(report: Report) -> None:
    """Raises `BadReport` for numbers that no host has, and for hosts that have one name."""
    for host in report.hosts or ():
        _refuse_host(host)
    names = Counter(host.name for host in report.hosts or ())
    for name, count in names.items():
        if count > 1:
            raise BadReport(f"{count} hosts are called {name!r}", field="hosts")
    for seen in report.volumes:
        _check("volume", seen.stay.volume, "MiB of disk", seen.size_mib or 0, HOST_DISK_MIB_MAX)
    for orphan in report.orphan_volumes or ():
        _check("volume", orphan.volume, "MiB of disk", orphan.size_mib, HOST_DISK_MIB_MAX)


def _refuse_host(host: HostFacts) -> None:
    size = host.capacity
    if not host.name:
        raise BadReport("a host has no name", field="hosts")
    _check("host", host.name, "cpus", size.cpus, HOST_CPUS_MAX)
    _check("host", host.name, "MiB of memory", size.memory_mib, HOST_MEMORY_MIB_MAX)
    _check("host", host.name, "MiB of disk", size.disk_mib, HOST_DISK_MIB_MAX)


def _check(kind: str, name: str, what: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        text = f"the {kind} {name!r} is said to have {value} {what}; from 0 to {most} is believed"
        raise BadReport(text, field=f"{kind}s")
