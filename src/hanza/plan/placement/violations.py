"""What runs though a policy would not have it there (any more): named, and left as it is.

Each level of a policy is held against the place on its own, so a violation says whose words it is
that are broken.  The same rules as in placement; the zone, room and whether a host is heard are no
law and violated by nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.plan.placement.beside import is_apart, says_of
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Above, Named, named, own_level
from hanza.plan.placement.rules import Lack, policy_rules
from hanza.plan.placement.spread import misplaced
from hanza.plan.policy import Level
from hanza.plan.volumes import name_of_disk

Standing = tuple[Wanted, Candidate]
"""An instance and the host that it is placed at."""
_Component = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of one level that the place of one instance breaks.  `text` says how."""

    address: Address
    instance: InstanceId
    site: str
    level: str
    rule: str
    key: str
    text: str

    @property
    def sentence(self) -> str:
        name = self.address.name
        by = "its own policy" if self.level == name else f"the policy of {self.level}"
        return f"{name} at {self.site} violates {by}: it {self.text}"


def find_violations(standing: Sequence[Standing], above: Above) -> tuple[Violation, ...]:
    """Everything that stands where a level above it, or its own, would not have it; sorted."""
    found: list[Violation] = []
    places = _places(standing)
    for one in standing:
        for level, policy in _levels(one, above):
            found += [_violation(one, level, lack) for lack in lacks_of(policy, one)]
            found += [_violation(one, level, lack) for lack in _apart(policy, one, places)]
    for members in _components(standing).values():
        found += _of_spreads(members, above)
    return tuple(sorted(set(found), key=_order))


def _order(one: Violation) -> tuple[str, ...]:
    """By name, and then in the words of whom."""
    address = one.address
    return address.tenant, address.workspace, address.name, one.level, one.rule, one.key


def lacks_of(policy: Policy, standing: Standing) -> tuple[Lack, ...]:
    """What the place lacks by the rules of this policy alone, spreads left out."""
    wanted, candidate = standing
    rules = policy_rules(policy, wanted.size)
    asked = ((rule, rule.lack(candidate.ground)) for rule in rules)
    return tuple(Lack(rule.name, rule.key, text) for rule, text in asked if text is not None)


def _places(standing: Sequence[Standing]) -> Mapping[Named, list[Candidate]]:
    """Where everything is that stands: instances, the volumes of their own, components."""
    found: dict[Named, list[Candidate]] = {}
    for wanted, candidate in standing:
        address = wanted.address
        names = [("instance", address.name)]
        names += [("volume", name_of_disk(address.name, disk.name)) for disk in wanted.disks]
        if wanted.app is not None and wanted.component is not None:
            names.append(("component", f"{wanted.app}/{wanted.component}"))
        for kind, name in names:
            key = (address.tenant, address.workspace, kind, name)
            found.setdefault(key, []).append(candidate)
    return found


def _apart(
    policy: Policy, one: Standing, places: Mapping[Named, list[Candidate]]
) -> Iterator[Lack]:
    """What it is to stand beside and does not.  What stands nowhere is beside nobody, and is no
    violation."""
    wanted, candidate = one
    for beside in policy.besides:
        others = places.get(named(wanted, beside), [])
        if beside.is_hard and others and is_apart(beside, candidate, others, 0):
            yield Lack("with", beside.key, f"is {says_of(beside)}")


def _of_spreads(members: Sequence[Standing], above: Above) -> Iterator[Violation]:
    stands = [(wanted.address.name, candidate) for wanted, candidate in members]
    by_name = {wanted.address.name: (wanted, candidate) for wanted, candidate in members}
    said = {
        (level, spread)
        for one in members
        for level, policy in _levels(one, above)
        for spread in policy.spreads
        if spread.is_hard
    }
    own = set(by_name)
    for level, spread in said:
        for name in misplaced(spread, stands):
            lack = Lack("spread", spread.over, f"shares its {spread.over} with too many replicas")
            yield _violation(by_name[name], name if level in own else level, lack)


def _levels(one: Standing, above: Above) -> tuple[Level, ...]:
    wanted, _ = one
    levels = above.get((wanted.address.tenant, wanted.address.workspace), ())
    return (*levels, own_level(wanted))


def _components(standing: Sequence[Standing]) -> Mapping[_Component, list[Standing]]:
    found: dict[_Component, list[Standing]] = {}
    for wanted, candidate in standing:
        if wanted.app is not None and wanted.component is not None:
            address = wanted.address
            key = (address.tenant, address.workspace, wanted.app, wanted.component)
            found.setdefault(key, []).append((wanted, candidate))
    return found


def _violation(one: Standing, level: str, lack: Lack) -> Violation:
    wanted, candidate = one
    return Violation(
        wanted.address,
        wanted.id,
        candidate.ground.name,
        level,
        lack.rule,
        lack.key,
        lack.text,
    )
