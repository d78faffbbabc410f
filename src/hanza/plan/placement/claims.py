"""Rules on what is claimed of providers and sites, and on reach: all of a ground alone."""

from hanza.model.policy import Reach, Requirement, Seal
from hanza.model.site import UNKNOWN, Attributes
from hanza.plan.placement.candidate import Ground
from hanza.plan.placement.rule import Rule

SEAL_LEVELS = frozenset({"0", "1", "2", "3", "4"})


def attribute_rule(required: Requirement) -> Rule:
    """What is unknown is never enough."""
    joint = " and " if required.how == "all" else " or "
    says = f"without {required.key} {joint.join(sorted(required.values))}"

    def lacking(ground: Ground) -> str | None:
        known = known_of(ground, required)
        is_met = {
            "is": bool(known) and known <= required.values,
            "any": bool(known & required.values),
            "all": required.values <= known,
        }[required.how]
        return None if is_met else f"{required.key} is {', '.join(sorted(known)) or UNKNOWN}"

    return Rule("attribute", attribute_key(required), says, lacking)


def attribute_key(required: Requirement) -> str:
    """Which of several it is."""
    return "|".join((required.key, required.how, *sorted(required.values)))


def known_of(ground: Ground, required: Requirement) -> frozenset[str]:
    """What is known of the attribute there."""
    is_provider = required.subject == "provider"
    attributes = ground.provider_attributes if is_provider else ground.site_attributes
    return frozenset(attributes.get(required.attribute, ())) - {UNKNOWN}


def seal_of(ground: Ground, seal: Seal) -> int | None:
    """The lower of the provider's and the site's level; None where either is unknown."""
    levels = [
        _level(attributes, seal)
        for attributes in (ground.provider_attributes, ground.site_attributes)
    ]
    known = [one for one in levels if one is not None]
    return min(known) if len(known) == len(levels) else None


def seal_rule(seal: Seal) -> Rule:
    """The name says which objective; what is unknown is never enough."""
    name = seal.objective.replace("_", "-").upper() or "SEAL"

    def too_low(ground: Ground) -> str | None:
        level = seal_of(ground, seal)
        if level is None:
            return f"has an {UNKNOWN} level of {name}"
        return None if level >= seal.level else f"has level {level} of {name}"

    return Rule("seal", seal.objective, f"below level {seal.level} of {name}", too_low)


def reach_rule(reach: Reach) -> Rule:
    """A point counts where the worst that is known of the way to it is within the limit."""
    most, wanted, limit = len(reach.points), reach.wanted, reach.rtt_ms_max

    def out_of_reach(ground: Ground) -> str | None:
        found = points_within(ground, reach, limit)
        return None if found >= wanted else f"is within {limit} ms of {found} of {most} points"

    says = f"not within {limit} ms of {wanted} of {most} points"
    return Rule("reach", reach_key(reach), says, out_of_reach)


def reach_key(reach: Reach) -> str:
    """Which of several it is."""
    points = ", ".join(one.name for one in reach.points)
    return f"{reach.percent} % of {points} within {reach.rtt_ms_max} ms"


def points_within(ground: Ground, reach: Reach, limit: float) -> int:
    return sum(trip <= limit for trip in trips_of_reach(ground, reach))


def trips_of_reach(ground: Ground, reach: Reach) -> list[float]:
    """The worst round trip to each of its points in ms, the shortest first."""
    return sorted(ground.trip_to(one).worst_ms for one in reach.points)


def _level(attributes: Attributes, seal: Seal) -> int | None:
    """What is claimed; no objective is below the overall level, so that answers for it too."""
    for name in (seal.attribute, "seal"):
        values = set(attributes.get(name, ())) - {UNKNOWN}
        if values and values <= SEAL_LEVELS:
            return min(int(value) for value in values)
    return None
