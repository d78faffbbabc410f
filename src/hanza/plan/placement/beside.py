"""Standing beside another: an instance or a volume that stands, or a component of the same app.

Where an instance or a volume is, is known before a choice: that is a rule of the ground, or of the
host.  A component is placed along with it, so that is looked at in the choice, as spreads are:
a replica is apart when all of the other component have their places and none is at its own.
"""

from collections.abc import Sequence

from hanza.model.policy import Beside, Over
from hanza.plan.placement.candidate import Candidate, Companion, Demand, Ground, Neighbour
from hanza.plan.placement.rule import HostRule, Lack, Rule
from hanza.plan.placement.spread import broken_by


def ground_rules(companions: Sequence[Companion]) -> tuple[Rule, ...]:
    """Those that are the same for all hosts of a site."""
    return tuple(_ground_rule(one) for one in companions if _is_for_grounds(one))


def host_rules(companions: Sequence[Companion]) -> tuple[HostRule, ...]:
    return tuple(_host_rule(one) for one in by_host(companions))


def is_beside(companion: Companion, candidate: Candidate) -> bool:
    """Whether the host is where it would be."""
    over = companion.beside.over
    return candidate.stands_in(over) in {one.stands_in(over) for one in companion.stands}


def components_of(demand: Demand, *, is_hard: bool) -> tuple[Beside, ...]:
    """What it wants to be beside of its own app."""
    absent = {one.beside.key for one in demand.companions}
    return tuple(
        one
        for one in demand.policy.besides
        if one.kind == "component" and one.is_hard == is_hard and one.key not in absent
    )


def is_in_company(demand: Demand) -> bool:
    """Whether it asks for company that is no matter of the site alone."""
    return any(not _is_for_grounds(one) for one in demand.companions) or any(
        one.kind == "component" for one in demand.policy.besides
    )


def by_host(companions: Sequence[Companion]) -> tuple[Companion, ...]:
    """Those that `host_rules` has a rule for, in its order."""
    return tuple(one for one in companions if one.beside.is_hard and not _is_for_grounds(one))


def wished_for(companions: Sequence[Companion]) -> tuple[Companion, ...]:
    """Those that it would rather be beside, and that are somewhere."""
    return tuple(one for one in companions if not one.beside.is_hard and one.stands)


def is_apart(
    beside: Beside, candidate: Candidate, others: Sequence[Candidate], to_come: int
) -> bool:
    """Whether no replica of the component stands where it does, and none will."""
    here = candidate.stands_in(beside.over)
    return not to_come and all(one.stands_in(beside.over) != here for one in others)


def lacks_among(
    demand: Demand, candidate: Candidate, neighbours: Sequence[Neighbour]
) -> tuple[Lack, ...]:
    """What one more replica at this host would lack because of those that stand already.

    Of a component that has no place yet nothing is said: it may come to stand there.
    """
    crowded = broken_by(demand, candidate, neighbours)
    lacks = [Lack("spread", one.over, f"its {one.over} has replicas already") for one in crowded]
    for beside, others in stood_beside(demand, neighbours):
        if is_apart(beside, candidate, others, 0):
            lacks.append(Lack("with", beside.key, apart_from(beside)))
    return tuple(lacks)


def stood_beside(
    demand: Demand, neighbours: Sequence[Neighbour]
) -> list[tuple[Beside, list[Candidate]]]:
    """The components that it has to be beside, but for its own, with their replicas that stand."""
    found = []
    for beside in components_of(demand, is_hard=True):
        others = [one.candidate for one in neighbours if one.component == beside.name]
        if others and beside.name != demand.component:
            found.append((beside, others))
    return found


def apart_from(beside: Beside) -> str:
    """What a host lacks where no replica of the component stands."""
    return f"is {_not_at(beside)}"


def says_of(beside: Beside) -> str:
    """Completes "so many hosts are …"."""
    return _not_at(beside)


def _is_for_grounds(companion: Companion) -> bool:
    beside = companion.beside
    return beside.is_hard and (beside.over != "host" or not companion.stands)


def _ground_rule(companion: Companion) -> Rule:
    beside = companion.beside
    if not companion.stands:
        text = f"{beside.words}, which it is to stand beside, has no place"
        return Rule(
            "with", beside.key, f"of no use while {text}", lambda _: f"is ruled out: {text}"
        )
    over = beside.over
    places = {one.stands_in(over) for one in companion.stands}

    def elsewhere(ground: Ground) -> str | None:
        return None if _place(ground, over) in places else f"is {_not_at(beside)}, {_at(companion)}"

    return Rule("with", beside.key, _not_at(beside), elsewhere)


def _host_rule(companion: Companion) -> HostRule:
    beside = companion.beside

    def elsewhere(candidate: Candidate) -> str | None:
        if is_beside(companion, candidate):
            return None
        return f"is {_not_at(beside)}, {_at(companion)}"

    return HostRule("with", _not_at(beside), elsewhere, beside.key)


def _place(ground: Ground, over: Over) -> str:
    place: str = getattr(ground, over)
    return place


def _not_at(beside: Beside) -> str:
    return f"not at the {beside.over} of {beside.words}"


def _at(companion: Companion) -> str:
    return f"which is at {', '.join(sorted({one.name for one in companion.stands}))}"
