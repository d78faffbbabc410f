"""What a provider's stop at the site means beside what the plane wants.  Pure.

A local stop is about one run.  It holds until it is lifted at the site, or until the plane says
something else of that run than that it shall be on: then the plane's word is followed again, and
a later "on" starts it.  It ends nothing and gives no room back.
"""

from collections.abc import Iterable
from dataclasses import replace

from hanza.model.guest import Mark
from hanza.model.local import STOPPED, LocalStop
from hanza.model.manifest import Entry, Manifest
from hanza.model.problem import Problem
from hanza.model.report import Seen, View


def wanted_on(manifest: Manifest | None) -> dict[Mark, Entry]:
    """The runs that the manifest wants on and does not end."""
    if manifest is None:
        return {}
    ended: dict[str, int] = {}
    for one in manifest.tombstones:
        owner = one.mark.owner
        ended[owner] = max(one.mark.run_epoch, ended.get(owner, one.mark.run_epoch))
    return {
        entry.mark: entry
        for entry in manifest.entries
        if entry.power == "on" and entry.mark.run_epoch > ended.get(entry.mark.owner, -1)
    }


def standing(manifest: Manifest | None, stops: Iterable[LocalStop]) -> tuple[LocalStop, ...]:
    """Those of the stops that still hold under this manifest."""
    wanted = wanted_on(manifest)
    return tuple(stop for stop in stops if stop.mark in wanted)


def heeding(manifest: Manifest | None, stops: Iterable[LocalStop]) -> Manifest | None:
    """What is wanted here: the manifest, but that what was stopped at the site is off."""
    off = {stop.mark for stop in stops}
    if manifest is None or not off:
        return manifest
    entries = tuple(
        replace(entry, power="off") if entry.mark in off else entry for entry in manifest.entries
    )
    return replace(manifest, entries=entries)


def telling(view: View, stops: Iterable[LocalStop]) -> View:
    """The view, with the stop as the reason of each guest that is off for it."""
    problems = {stop.mark: problem_of(stop) for stop in stops}
    if not problems:
        return view
    return replace(view, seen=tuple(_told(one, problems.get(one.mark)) for one in view.seen))


def problem_of(stop: LocalStop) -> Problem:
    why = f": {stop.reason}" if stop.reason else ""
    return Problem(STOPPED, f"stopped at its site by {stop.by}{why}", stop.since)


def _told(seen: Seen, problem: Problem | None) -> Seen:
    if problem is None or seen.role == "end" or seen.problem is not None:
        return seen
    return replace(seen, problem=problem)
