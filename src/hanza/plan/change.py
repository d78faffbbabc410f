"""What an app's file would change: decided once, for the plan that tells and the apply that does.

What runs stays where it is unless it cannot: another image or size is another run with a disk
that begins anew, and so is a place that its own new policy forbids.  Both are told beforehand.
What a level above forbids is no reason here: that is named as a violation and left to people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.errors import Oversized
from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.model.policy import Spread
from hanza.plan.admission import refuse_strangers
from hanza.plan.beyond import NOT_LOOKED, There, refuse_beyond
from hanza.plan.contradictions import refuse_too_narrow
from hanza.plan.placement.beside import is_apart, says_of
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Bounds, own_level, policy_under
from hanza.plan.placement.rules import words_of_size
from hanza.plan.placement.spread import misplaced
from hanza.plan.placement.violations import lacks_of

Kind: TypeAlias = Literal["create", "change", "replace", "end", "none"]


@dataclass(frozen=True, slots=True)
class Change:
    """`says` tells what is different, in a few words; nothing for what is new or as it was."""

    kind: Kind
    says: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One instance of an app: as it would be, as it is known, and where it is now."""

    wanted: Wanted
    known: Wanted | None = None
    host: HostId | None = None
    held: Capacity | None = None
    is_leaving: bool = False
    """Its run there ends already."""
    is_dropped: bool = False
    """It is no longer in the file."""

    @property
    def is_standing(self) -> bool:
        return self.host is not None and not self.is_leaving


def changes_of(asked: Sequence[Asked], candidates: Sequence[Candidate]) -> dict[str, Change]:
    """By name.  Pure; the same for the plan and for the apply."""
    hosts = {one.host: one for one in candidates}
    changes = {one.wanted.address.name: change_of(one, candidates) for one in asked}
    for members in _components(asked).values():
        changes |= _moved_apart(members, hosts, changes)
    return changes | _moved_beside(asked, hosts, changes)


def check_app(
    asked: Sequence[Asked],
    capacities: Sequence[Capacity],
    bounds: Bounds,
    there: There = NOT_LOOKED,
) -> None:
    """Refuse what could never be placed, before anything of it is written.

    Raises `Contradiction` for levels or spreads that leave nothing, and `Oversized`.  What is as
    it was is not looked at: it may have been allowed once.  `there` is what the federation has,
    as far as that was asked.
    """
    new = [one for one in asked if not one.is_dropped and one.wanted != one.known]
    sizes = _components([one for one in asked if not one.is_dropped])
    for one in new:
        wanted = one.wanted
        policy = policy_under(wanted, bounds.levels_of(wanted.address))
        members = 1
        if wanted.component is not None:
            members = len(sizes[wanted.component])
            refuse_too_narrow(wanted.component, members, policy)
        refuse_beyond(policy, there, members)
        refuse_strangers(wanted.policy, "policy.with", sizes.keys())
        refuse_too_large(wanted, capacities)


def refuse_too_large(wanted: Wanted, capacities: Sequence[Capacity]) -> None:
    """Raises `Oversized` beyond all of the hosts' capacities; where there are none, nothing is."""
    size = wanted.size
    if capacities and not any(one.holds(size) for one in capacities):
        largest = max(capacities, key=lambda one: (one.memory_mib, one.cpus))
        raise Oversized(
            f"{wanted.address.name} asks for {words_of_size(size)}; no host has that",
            field="size",
            hint=f"the largest host has {words_of_size(largest)}",
        )


def change_of(one: Asked, candidates: Sequence[Candidate]) -> Change:
    """What becomes of one, looked at by itself."""
    wanted, known = one.wanted, one.known
    if one.is_dropped:
        kept = ", ".join(disk.name for disk in wanted.disks)
        return Change(
            "end", f"no longer in the file{f'; its volumes stay: {kept}' if kept else ''}"
        )
    if known is None:
        return Change("create")
    if wanted == known:
        return Change("none")
    says = "; ".join(_differences(known, wanted))
    if not one.is_standing:
        return Change("change", says)
    if wanted.spec != known.spec:
        return Change("replace", says)
    for candidate in candidates:
        if candidate.host == one.host and _has_other_law(wanted, known):
            lacks = lacks_of(own_level(wanted)[1], (wanted, candidate))
            if lacks:
                where = f"{candidate.ground.name} {lacks[0].text}"
                return Change("replace", f"{where}, and its new policy says otherwise")
    return Change("change", says)


def _moved_apart(
    members: Sequence[Asked], hosts: Mapping[HostId, Candidate], changes: Mapping[str, Change]
) -> dict[str, Change]:
    """Those that a new hard spread of the component cannot leave where they are."""
    if not any(one.known and _has_other_law(one.wanted, one.known) for one in members):
        return {}
    staying = [
        (one.wanted.address.name, hosts[one.host])
        for one in members
        if one.host is not None
        and one.host in hosts
        and one.is_standing
        and not one.is_dropped
        and changes[one.wanted.address.name].kind != "replace"
    ]
    to_come = sum(not one.is_dropped for one in members) - len(staying)
    spreads: dict[Spread, None] = {
        spread: None
        for one in members
        for spread in own_level(one.wanted)[1].spreads
        if spread.is_hard and not one.is_dropped
    }
    return {
        name: Change("replace", f"too many stand at its {spread.over} for the new spread")
        for spread in spreads
        for name in misplaced(spread, staying, to_come)
    }


def _moved_beside(
    asked: Sequence[Asked], hosts: Mapping[HostId, Candidate], changes: Mapping[str, Change]
) -> dict[str, Change]:
    """Those that stand apart from a component that their new policy wants them beside."""
    staying = [
        (one, hosts[one.host])
        for one in asked
        if one.host is not None
        and one.host in hosts
        and one.is_standing
        and changes[one.wanted.address.name].kind != "end"
    ]
    found = {}
    for one, candidate in staying:
        if one.known is None or not _has_other_law(one.wanted, one.known):
            continue
        for beside in own_level(one.wanted)[1].besides:
            others = [at for it, at in staying if it.wanted.component == beside.name]
            is_ours = beside.is_hard and beside.kind == "component"
            if is_ours and others and is_apart(beside, candidate, others, 0):
                says = f"it is {says_of(beside)}, and its new policy says otherwise"
                found[one.wanted.address.name] = Change("replace", says)
    return found


def _components(asked: Sequence[Asked]) -> Mapping[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    for one in asked:
        if one.wanted.component is not None:
            found.setdefault(one.wanted.component, []).append(one)
    return found


def _has_other_law(wanted: Wanted, known: Wanted) -> bool:
    return (wanted.country, wanted.policy) != (known.country, known.policy)


def _differences(known: Wanted, wanted: Wanted) -> list[str]:
    old, new = known.spec, wanted.spec
    pairs = (
        ("image", old.image, new.image),
        ("cpus", old.cpus, new.cpus),
        ("memory", f"{old.memory_mib} MiB", f"{new.memory_mib} MiB"),
        ("disk", f"{old.disk_mib} MiB", f"{new.disk_mib} MiB"),
        ("power", known.power, wanted.power),
    )
    said = [f"{word} {was} → {now}" for word, was, now in pairs if was != now]
    # What a guest is told may be secret, so it is named and never quoted.
    told = (
        ("host name", old.hostname, new.hostname),
        ("SSH keys", old.ssh_keys, new.ssh_keys),
        ("user data", old.user_data, new.user_data),
        ("ports", old.ports, new.ports),
    )
    said += [f"other {word}" for word, was, now in told if was != now]
    said += _other_disks(known, wanted)
    if _has_other_law(wanted, known):
        said.append("another policy")
    return said or ["in other words"]


def _other_disks(known: Wanted, wanted: Wanted) -> list[str]:
    """Volumes come, go and grow where it runs; one that goes is kept."""
    before = {disk.name: disk.size_mib for disk in known.disks}
    after = {disk.name: disk.size_mib for disk in wanted.disks}
    said = [f"volume {name} {size} MiB" for name, size in after.items() if name not in before]
    said += [
        f"volume {name} {before[name]} MiB → {size} MiB"
        for name, size in after.items()
        if before.get(name, size) != size
    ]
    return said + [f"without volume {name}, which stays" for name in before if name not in after]
