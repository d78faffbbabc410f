"""Volumes in a pass: what the manifest says of each, what to do about it, and what is seen.

Promises: every stay that the manifest names is said exactly once; what an order may still bring
about is never called absent; a volume that the manifest does not name is left, and told.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from hanza.model.guest import Mark, Survey, Volume
from hanza.model.ids import VolumeId
from hanza.model.manifest import Entry, Manifest
from hanza.model.problem import Presence, Problem
from hanza.model.volume import OrphanVolume, Role, SeenVolume, Stay
from hanza.plan.steps import Blocked, Note, Step
from hanza.plan.volumes import VolumeWish, next_volume_step

WAITING = "volume.waiting"
Wishes = Mapping[VolumeId, VolumeWish]


def volume_wishes_of(manifest: Manifest | None) -> dict[VolumeId, VolumeWish]:
    """By volume, the latest stay that shall be and the latest that shall end."""
    if manifest is None:
        return {}
    # Both are sorted by volume and stay, so a later stay replaces an earlier one.
    entries = {entry.stay.volume: entry for entry in manifest.volumes}
    ends = {tombstone.stay.volume: tombstone for tombstone in manifest.volume_tombstones}
    return {
        volume: VolumeWish(entries.get(volume), ends.get(volume)) for volume in {*entries, *ends}
    }


def volumes_by_owner(survey: Survey) -> dict[VolumeId, Volume]:
    return {volume.owner: volume for volume in survey.volumes}


def decide_volumes(
    wishes: Wishes,
    volumes: Mapping[VolumeId, Volume],
    notes: Mapping[VolumeId, Note],
    now: datetime,
) -> dict[VolumeId, Step]:
    return {
        owner: next_volume_step(wish, volumes.get(owner), notes.get(owner), now)
        for owner, wish in sorted(wishes.items())
    }


def explained(
    step: Step, entry: Entry | None, troubles: Mapping[VolumeId, tuple[str, str]]
) -> Step:
    """The step; a guest that waits for a volume says what that waits for, if anything is known."""
    if entry is None or not isinstance(step, Blocked) or step.code != WAITING:
        return step
    boot = () if entry.spec.boot_volume is None else (entry.spec.boot_volume,)
    for volume in (*boot, *entry.volumes):
        if volume in troubles:
            code, text = troubles[volume]
            return Blocked(code, f"its volume: {text}")
    return step


def see_volumes(
    manifest: Manifest | None,
    survey: Survey,
    problems: Mapping[Mark | Stay, Problem],
    doubted: Collection[VolumeId],
) -> tuple[SeenVolume, ...]:
    """Each stay that the manifest names, in order."""
    wishes, volumes = volume_wishes_of(manifest), volumes_by_owner(survey)
    return tuple(
        _seen(stay, wishes[stay.volume], volumes.get(stay.volume), problems, doubted)
        for stay in _stays_of(manifest)
    )


def unseen_volumes(manifest: Manifest | None) -> tuple[SeenVolume, ...]:
    """As `see_volumes`, before the first good look."""
    wishes = volume_wishes_of(manifest)
    return tuple(
        SeenVolume(stay, "end" if _is_ending(stay, wishes[stay.volume]) else "keep", "unknown")
        for stay in _stays_of(manifest)
    )


def orphan_volumes(wishes: Wishes, survey: Survey) -> tuple[OrphanVolume, ...]:
    found = (
        OrphanVolume(one.native, one.owner, one.host, one.size_mib)
        for one in survey.volumes
        if one.owner not in wishes
    )
    return tuple(sorted(found, key=lambda one: one.native))


def _seen(
    stay: Stay,
    wish: VolumeWish,
    volume: Volume | None,
    problems: Mapping[Mark | Stay, Problem],
    doubted: Collection[VolumeId],
) -> SeenVolume:
    role: Role = "end" if _is_ending(stay, wish) else "keep"
    problem = problems.get(stay)
    if volume is not None:
        return SeenVolume(stay, role, "present", volume.size_mib, problem)
    presence: Presence = "unknown" if stay.volume in doubted else "absent"
    return SeenVolume(stay, role, presence, None, problem)


def _is_ending(stay: Stay, wish: VolumeWish) -> bool:
    tombstone = wish.tombstone
    return tombstone is not None and stay.number <= tombstone.stay.number


def _stays_of(manifest: Manifest | None) -> Iterable[Stay]:
    if manifest is None:
        return ()
    stays = {entry.stay for entry in manifest.volumes}
    return sorted(stays | {tombstone.stay for tombstone in manifest.volume_tombstones})
