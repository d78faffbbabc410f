"""What an agent sees, put into words: manifest and survey side by side, without any doing.

Promises: every mark that the manifest names is said exactly once, in the order of marks, so
that equal worlds give equal views; a guest that is doubted is never called absent.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hanza.agent.volumes import orphan_volumes, see_volumes, unseen_volumes, volume_wishes_of
from hanza.agent.watch import Heard
from hanza.model.guest import Guest, Mark, Survey
from hanza.model.ids import InstanceId, NativeId, VolumeId
from hanza.model.manifest import Entry, Manifest, Tombstone, Version
from hanza.model.problem import Presence, Problem
from hanza.model.report import Orphan, Seen, View
from hanza.model.volume import Stay

NO_MANIFEST = Version(0, 0)
"""The version that an agent without a manifest reports: no plane publishes it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the manifest says of one instance."""

    entry: Entry | None = None
    tombstone: Tombstone | None = None

    def covers(self, mark: Mark) -> bool:
        """Whether the manifest says anything of this run."""
        return self.ends(mark) or (self.entry is not None and self.entry.mark == mark)

    def ends(self, mark: Mark) -> bool:
        return self.tombstone is not None and mark.run_epoch <= self.tombstone.mark.run_epoch


NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Look:
    """One survey, and what is known beyond it."""

    survey: Survey
    heard: Mapping[NativeId, Heard] = field(default_factory=dict)
    problems: Mapping[Mark | Stay, Problem] = field(default_factory=dict)
    doubted: Collection[Mark] = ()
    """Runs that may yet appear (an order to make them went out, and no answer came), or whose
    remains are not swept yet."""
    doubted_volumes: Collection[VolumeId] = ()


def wishes_of(manifest: Manifest | None) -> dict[InstanceId, Wish]:
    """By instance, the latest run that shall be and the latest that shall end."""
    wishes: dict[InstanceId, Wish] = {}
    if manifest is None:
        return wishes
    # Both are sorted by owner and run, so a later run replaces an earlier one.
    for entry in manifest.entries:
        wishes[entry.mark.owner] = Wish(entry)
    for tombstone in manifest.tombstones:
        owner = tombstone.mark.owner
        wishes[owner] = Wish(wishes.get(owner, NO_WISH).entry, tombstone)
    return wishes


def guests_by_owner(survey: Survey) -> dict[InstanceId, list[Guest]]:
    guests: dict[InstanceId, list[Guest]] = {}
    for guest in survey.guests:
        guests.setdefault(guest.mark.owner, []).append(guest)
    return guests


def view_of(manifest: Manifest | None, wishes: Mapping[InstanceId, Wish], look: Look) -> View:
    guests = guests_by_owner(look.survey)
    orphans = [
        Orphan(guest.native, guest.mark, guest.host, guest.power)
        for guest in look.survey.guests
        if not wishes.get(guest.mark.owner, NO_WISH).covers(guest.mark)
    ]
    return View(
        version=manifest.version if manifest else NO_MANIFEST,
        seen=tuple(
            _seen(mark, wishes[mark.owner], guests.get(mark.owner, ()), look)
            for mark in _marks_of(manifest)
        ),
        orphans=tuple(sorted(orphans, key=lambda o: (_key(o.mark), o.native))),
        hosts=tuple(sorted(look.survey.hosts, key=lambda host: host.name)),
        trouble=None,
        volumes=see_volumes(manifest, look.survey, look.problems, look.doubted_volumes),
        orphan_volumes=orphan_volumes(volume_wishes_of(manifest), look.survey),
    )


def blind_view_of(manifest: Manifest | None) -> View:
    """The view of an agent that has not had one good look yet: nothing is known of anything."""
    wishes = wishes_of(manifest)
    return View(
        version=manifest.version if manifest else NO_MANIFEST,
        seen=tuple(
            Seen(mark, "end" if wishes[mark.owner].ends(mark) else "run", "unknown")
            for mark in _marks_of(manifest)
        ),
        orphans=(),
        hosts=(),
        trouble=None,
        volumes=unseen_volumes(manifest),
    )


def _marks_of(manifest: Manifest | None) -> list[Mark]:
    if manifest is None:
        return []
    marks = {entry.mark for entry in manifest.entries}
    marks |= {tombstone.mark for tombstone in manifest.tombstones}
    return sorted(marks, key=_key)


def _key(mark: Mark) -> tuple[str, int]:
    return mark.owner, mark.run_epoch


def _seen(mark: Mark, wish: Wish, guests: Sequence[Guest], look: Look) -> Seen:
    is_ending = wish.ends(mark)
    mine = [
        guest
        for guest in guests
        if guest.mark == mark or (is_ending and guest.mark.run_epoch <= mark.run_epoch)
    ]
    problem = look.problems.get(mark)
    if not mine:
        presence = _presence_of_the_unseen(mark, look) if is_ending else "absent"
        return Seen(mark, "end" if is_ending else "run", presence, problem=problem)
    # Its own guest rather than one of an earlier run, and always the same one of twins.
    guest = min(mine, key=lambda g: (-g.mark.run_epoch, g.native))
    heard = look.heard.get(guest.native)
    return Seen(
        mark=mark,
        role="end" if is_ending else "run",
        presence="present",
        native=guest.native,
        power=guest.power,
        boot=heard.boot if heard else "unknown",
        serial_tail=heard.serial_tail if heard else "",
        problem=problem,
    )


def _presence_of_the_unseen(mark: Mark, look: Look) -> Presence:
    """An order to make it may still be on its way; absent only once none can be."""
    is_doubted = any(
        doubt.owner == mark.owner and doubt.run_epoch <= mark.run_epoch for doubt in look.doubted
    )
    return "unknown" if is_doubted else "absent"
