"""What to report, and how little of it: a whole view first, then only what changed."""

from hanza.model.report import Incarnation, Report, Seen, View


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
