"""A policy and a pin compiled to rules: each tells what a host lacks, with the numbers, or nothing.

Rules know nothing of each other, so every rule that refuses a host is told, and not only the
first.  Names of rules are stable; `key` tells several of one name apart, such as two required
attributes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, SiteId
from hanza.model.policy import Near, Policy
from hanza.model.site import UNKNOWN
from hanza.plan.countries import words_of_countries
from hanza.plan.placement import beside
from hanza.plan.placement.candidate import Candidate, Demand, Ground
from hanza.plan.placement.claims import attribute_rule, reach_rule, seal_rule
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.rule import HostRule, Lack, Rule
from hanza.plan.placement.terms import terms_rules
from hanza.plan.pricing import price_per_month, words_of_price

__all__ = [
    "RULES",
    "Compiled",
    "HostRule",
    "Lack",
    "Rule",
    "compile_rules",
    "find_lacks",
    "policy_rules",
    "words_of_size",
]
RULES = (
    "policy",
    "zone",
    "residency",
    "region",
    "provider",
    "class",
    "attribute",
    "seal",
    "near",
    "reach",
    "price",
    "carbon",
    "denied",
    "capped",
    "with",
    "volume",
    "attached",
    "ports",
    "offered",
    "heard",
    "not_refused",
    "capacity",
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """All rules of one demand, in the order of `RULES`."""

    ground: tuple[Rule, ...]
    host: tuple[HostRule, ...]

    @property
    def says(self) -> dict[tuple[str, str], str]:
        """The words of every rule, by name and key, in order."""
        found = {(rule.name, rule.key): rule.says for rule in self.ground}
        return found | {(rule.name, rule.key): rule.says for rule in self.host}


def compile_rules(demand: Demand) -> Compiled:
    ground = (
        *_conflict(demand.conflict),
        *_zone(demand.pin),
        *policy_rules(demand.policy, demand.size),
        *terms_rules(demand),
        *beside.ground_rules(demand.companions),
    )
    host = (
        *beside.host_rules(demand.companions),
        *_volume(demand.pin),
        *_ports(demand.ports),
        *_host_rules(demand.room),
    )
    return Compiled(ground, host)


def policy_rules(policy: Policy, size: Capacity) -> tuple[Rule, ...]:
    """What the policy itself demands of a ground, for an instance of this size."""
    return (
        *_law(policy),
        *_owners(policy),
        *(attribute_rule(one) for one in policy.requirements),
        *(seal_rule(one) for one in policy.seals),
        *(_near(one) for one in policy.near if one.rtt_ms_max is not None),
        *(reach_rule(one) for one in policy.reaches),
        *_caps(policy, size),
    )


def find_lacks(
    compiled: Compiled, candidates: Sequence[Candidate]
) -> dict[HostId, tuple[Lack, ...]]:
    """What each host lacks; empty for those that may run it.  A site is looked at once."""
    grounds: dict[SiteId, tuple[Lack, ...]] = {}
    found = {}
    for one in candidates:
        if one.ground.site not in grounds:
            grounds[one.ground.site] = _ground_lacks(compiled, one.ground)
        found[one.host] = grounds[one.ground.site] + _host_lacks(compiled, one)
    return found


def _ground_lacks(compiled: Compiled, ground: Ground) -> tuple[Lack, ...]:
    asked = ((rule, rule.lack(ground)) for rule in compiled.ground)
    return tuple(Lack(rule.name, rule.key, text) for rule, text in asked if text is not None)


def _host_lacks(compiled: Compiled, candidate: Candidate) -> tuple[Lack, ...]:
    asked = ((rule, rule.lack(candidate)) for rule in compiled.host)
    return tuple(Lack(rule.name, rule.key, text) for rule, text in asked if text is not None)


def _conflict(text: str | None) -> list[Rule]:
    if text is None:
        return []
    return [Rule("policy", "", f"of no use: {text}", lambda _: f"is ruled out: {text}")]


def _zone(pin: Pin) -> list[Rule]:
    zone = pin.site
    if zone is None:
        return []

    def elsewhere(ground: Ground) -> str | None:
        return None if ground.name == zone else f"is at {ground.name}"

    return [Rule("zone", "", f"not at {zone}, the zone it asks for", elsewhere)]


def _volume(pin: Pin) -> list[HostRule]:
    """Where its volumes are, and whether another instance has them attached."""
    rules = []
    placed = [one for one in pin.volumes if one.host is not None]
    if placed:

        def without(candidate: Candidate) -> str | None:
            lacking = [one.name for one in placed if one.host != candidate.host]
            return f"does not have its volume {', '.join(lacking)}" if lacking else None

        names = ", ".join(one.name for one in placed)
        rules.append(HostRule("volume", f"without its volume {names}", without))
    busy = [words for one in pin.volumes if (words := _busy(one)) is not None]
    if busy:
        text = ", and ".join(busy)
        rules.append(
            HostRule("attached", f"of no use while {text}", lambda _: f"is ruled out: {text}")
        )
    return rules


def _ports(ports: Sequence[int]) -> list[HostRule]:
    if not ports:
        return []

    def taken(candidate: Candidate) -> str | None:
        found = [str(port) for port in ports if port in candidate.ports]
        return f"has port {', '.join(found)} taken by another guest" if found else None

    asked = ", ".join(str(port) for port in ports)
    return [HostRule("ports", f"where port {asked} is taken by another guest", taken)]


def _busy(volume: Bound) -> str | None:
    if volume.taken_by is not None:
        return f"its volume {volume.name} is attached to {volume.taken_by}"
    if volume.is_leaving:
        return f"the bytes of its volume {volume.name} are being ended"
    return None


def _law(policy: Policy) -> list[Rule]:
    rules = []
    allowed, denied, regions = policy.countries, policy.countries_denied, policy.regions
    if allowed is not None or denied:
        may = None if allowed is None else allowed - denied
        says = f"in {words_of_countries(denied)}"
        if may is not None:
            says = f"not in {words_of_countries(may)}"

        def misplaced(ground: Ground) -> str | None:
            is_allowed = ground.country not in denied if may is None else ground.country in may
            return None if is_allowed else f"is in {ground.country}"

        rules.append(Rule("residency", "", says, misplaced))
    if regions is not None:
        says = f"not in region {', '.join(sorted(regions))}"

        def out_of_region(ground: Ground) -> str | None:
            region = ground.country.lower()
            return None if region in regions else f"is in region {region}"

        rules.append(Rule("region", "", says, out_of_region))
    return rules


def _owners(policy: Policy) -> list[Rule]:
    rules = []
    allowed, denied, classes = policy.providers, policy.providers_denied, policy.classes
    if allowed is not None or denied:

        def of_another(ground: Ground) -> str | None:
            if ground.provider in denied:
                return f"is of {ground.provider}, which is denied"
            if allowed is not None and ground.provider not in allowed:
                return f"is of {ground.provider}, which is not among the allowed"
            return None

        rules.append(Rule("provider", "", "of a provider that may not", of_another))
    if classes is not None:

        def of_another_class(ground: Ground) -> str | None:
            if ground.site_class in classes:
                return None
            return f"is of class {ground.site_class or UNKNOWN}"

        says = f"not of class {' or '.join(sorted(classes))}"
        rules.append(Rule("class", "", says, of_another_class))
    return rules


def _near(near: Near) -> Rule:
    point, limit = near.point, near.rtt_ms_max
    assert limit is not None, "only limits are compiled"

    def too_far(ground: Ground) -> str | None:
        trip = ground.trip_to(point)
        return None if trip.worst_ms <= limit else f"is {trip.words} from {point.name}"

    return Rule("near", point.name, f"not within {limit} ms of {point.name}", too_far)


def _caps(policy: Policy, size: Capacity) -> list[Rule]:
    rules = []
    price_max, carbon_max = policy.price_max, policy.carbon_max
    if price_max is not None:

        def too_dear(ground: Ground) -> str | None:
            price = price_per_month(ground.prices, size)
            if price is None:
                return "has no prices"
            return None if price <= price_max else f"costs {words_of_price(price)}"

        rules.append(Rule("price", "", f"over {words_of_price(price_max)}", too_dear))
    if carbon_max is not None:

        def too_dirty(ground: Ground) -> str | None:
            if ground.carbon is None:
                return "has an unknown grid"
            return None if ground.carbon <= carbon_max else f"has {ground.carbon:.0f} gCO2/kWh"

        rules.append(Rule("carbon", "", f"over {carbon_max} gCO2/kWh", too_dirty))
    return rules


def _host_rules(size: Capacity) -> tuple[HostRule, ...]:
    def silent(one: Candidate) -> str | None:
        return None if one.is_heard else "has not been heard of lately"

    def full(one: Candidate) -> str | None:
        return "said that it is full" if one.is_refusing else None

    def withdrawn(one: Candidate) -> str | None:
        if one.is_offered:
            return None
        return "; ".join(one.ground.withheld) or "is not offered"

    def small(one: Candidate) -> str | None:
        return None if one.free.holds(size) else f"has {words_of_size(one.free)} free"

    return (
        HostRule("offered", "not offered", withdrawn),
        HostRule("heard", "not heard of lately", silent),
        HostRule("not_refused", "said to be full by their engine", full),
        HostRule("capacity", f"without {words_of_size(size)} free", small),
    )


def words_of_size(size: Capacity) -> str:
    return f"{size.cpus} cpu, {size.memory_mib} MiB memory and {size.disk_mib} MiB disk"
