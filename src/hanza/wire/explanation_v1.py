"""Explanations as documents of `hanza.federation/v1`: why there, why not, what would help.

Amounts of money are whole micro-euro for a month of 730 hours, points go from 0 to 1, round trips
are in ms.  `predictedMs` and `measuredMs` of one stand side by side; `ms` is the one that counts.
"""

from typing import Literal

from msgspec import Struct

from hanza.model.policy import Point, Policy
from hanza.plan.coordinates import Fitted
from hanza.plan.mesh import node_of_site
from hanza.plan.nearness import guess
from hanza.plan.placement.candidate import Candidate, Ground
from hanza.plan.placement.explain import Explanation, Loser, RuleCount, Runner
from hanza.plan.placement.relax import Relaxation
from hanza.plan.placement.score import FULL

LOSERS_SHOWN, LOSERS_A_PAGE = 200, 2_000
"""Beside all else that is told, and of those that are asked for after them."""
SITES_SHOWN = 500


class PlaceDoc(Struct):
    site: str
    city: str
    country: str
    provider: str
    host: str


class RoundTripDoc(Struct, rename="camel"):
    """`ms` is what counts, and a hard limit is held against `ms` and `marginMs` together.

    `predictedMs` is told also where somebody has measured: by coordinates, which are found from
    what sites measured to probes and each other, or else by distance; nine of ten are within
    `predictedMarginMs` of it.
    `measuredMs` is null where nobody has measured lately.
    """

    to: str
    ms: float
    margin_ms: float
    is_measured: bool
    predicted_ms: float
    predicted_margin_ms: float
    predicted_by: Literal["coordinates", "distance"]
    measured_ms: float | None


class RefusalDoc(Struct):
    """`hosts` counts them; `which` names them as site/host."""

    rule: str
    says: str
    hosts: int
    which: list[str]


class RunnerDoc(Struct, rename="camel"):
    place: PlaceDoc
    score: float
    terms: dict[str, float]
    price_per_month: int | None
    round_trips: list[RoundTripDoc]


class LackDoc(Struct):
    rule: str
    text: str


class LoserDoc(Struct):
    place: PlaceDoc
    lacks: list[LackDoc]


class RelaxationDoc(Struct, rename="camel"):
    """`hosts` and `sites` count what it opens; `which` names the sites, and is empty where several
    changes were made at once."""

    rule: str
    text: str
    hosts: int
    sites: int
    price_per_month: int | None
    which: list[str]


class ExplanationDoc(Struct, rename="camel"):
    """`losers` are some of them, each with all that it lacks; `losersNext` is where to go on (the
    query `losersFrom` of a placement), null after the last.  `which` of a refusal names the first
    200 of its hosts, and the losers name all."""

    looked_at: int
    may: int
    sentence: str
    refusals: list[RefusalDoc]
    best: list[RunnerDoc]
    losers: list[LoserDoc]
    losers_next: int | None
    relaxations: list[RelaxationDoc]


class SiteRefusalDoc(Struct):
    """As a `RefusalDoc`, of the hosts of one site."""

    rule: str
    says: str
    hosts: int


class SiteLookDoc(Struct, rename="camel"):
    """A site some of whose hosts may not run it: how many, and how many by each rule."""

    site: str
    refused: int
    refusals: list[SiteRefusalDoc]
    round_trips: list[RoundTripDoc]


def explanation_to_doc(
    explanation: Explanation, policy: Policy, fitted: Fitted, losers_from: int = 0
) -> ExplanationDoc:
    losers, ends = (
        explanation.losers,
        losers_from + (LOSERS_A_PAGE if losers_from else LOSERS_SHOWN),
    )
    return ExplanationDoc(
        explanation.looked_at,
        explanation.may,
        explanation.sentence,
        [_refusal(one) for one in explanation.refusals],
        [_runner(one, policy, fitted) for one in explanation.best],
        [_loser(one) for one in losers[losers_from:ends]],
        ends if ends < len(losers) else None,
        [relaxation_to_doc(one) for one in explanation.relaxations],
    )


def place_to_doc(one: Candidate) -> PlaceDoc:
    ground = one.ground
    return PlaceDoc(ground.name, ground.city, ground.country, ground.provider, one.name)


def round_trips_to_doc(policy: Policy, ground: Ground, fitted: Fitted) -> list[RoundTripDoc]:
    """To each point that the policy names, predicted and measured."""
    return [_round_trip(ground, one.point, fitted) for one in policy.near]


def _round_trip(ground: Ground, point: Point, fitted: Fitted) -> RoundTripDoc:
    trip = ground.trip_to(point)
    by_distance = guess(ground.latitude, ground.longitude, point)
    found = fitted.trip(node_of_site(ground.name), point)
    predicted = found or by_distance
    ms, is_measured = round(trip.ms, 1), not trip.margin_ms
    return RoundTripDoc(
        to=point.name,
        ms=ms,
        margin_ms=trip.margin_ms,
        is_measured=is_measured,
        predicted_ms=round(predicted.ms, 1),
        predicted_margin_ms=round(predicted.margin_ms, 1),
        predicted_by="distance" if found is None else "coordinates",
        measured_ms=ms if is_measured else None,
    )


def _refusal(one: RuleCount) -> RefusalDoc:
    return RefusalDoc(one.rule, one.says, len(one.hosts), list(one.named))


def _runner(one: Runner, policy: Policy, fitted: Fitted) -> RunnerDoc:
    return RunnerDoc(
        place_to_doc(one.option.candidate),
        one.option.total / FULL,
        {goal: points / FULL for goal, points in one.option.terms},
        one.price,
        round_trips_to_doc(policy, one.option.candidate.ground, fitted),
    )


def _loser(one: Loser) -> LoserDoc:
    return LoserDoc(
        place_to_doc(one.candidate), [LackDoc(lack.rule, lack.text) for lack in one.lacks]
    )


def relaxation_to_doc(one: Relaxation) -> RelaxationDoc:
    which = list(one.opens[:LOSERS_SHOWN])
    return RelaxationDoc(one.rule, one.text, one.hosts, one.sites, one.price, which)


def looks_to_doc(explanation: Explanation, policy: Policy, fitted: Fitted) -> list[SiteLookDoc]:
    """By site; the rules in the order in which the explanation has them."""
    rules = explanation.refusals
    return [
        SiteLookDoc(
            one.ground.name,
            one.refused,
            [SiteRefusalDoc(rules[at].rule, rules[at].says, hosts) for at, hosts in one.by_rule],
            round_trips_to_doc(policy, one.ground, fitted),
        )
        for one in explanation.looks[:SITES_SHOWN]
    ]
