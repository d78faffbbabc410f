"""Quotes, explanations and apps as documents of `hanza.federation/v1`.

Amounts of money are whole micro-euro for a month of 730 hours, points go from 0 to 1, round trips
are in ms; `isMeasured` tells a measured one from a guess by distance.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from hanza.model.ids import HostId
from hanza.plan.change import Change
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.explain import Explanation, Loser, RuleCount, Runner
from hanza.plan.placement.quote import Line, Quote
from hanza.plan.placement.relax import Relaxation
from hanza.plan.placement.score import FULL
from hanza.plan.policy import words_of_law
from hanza.wire.federation_v1 import Word
from hanza.wire.instance_v1 import InstanceSpec

INSTANCES_MAX = 1_024
LOSERS_SHOWN = 200
Instances = Annotated[dict[Word, InstanceSpec], Meta(min_length=1, max_length=INSTANCES_MAX)]


class AppPut(Struct, forbid_unknown_fields=True):
    """The instances of an app by name; written together, placed all or none.

    Members of it that are not named end, unless `keep`.
    """

    instances: Instances
    keep: bool = False


class QuoteRequest(Struct, forbid_unknown_fields=True):
    """What would be asked for; with `app`, as one, and as `AppPut` would write it."""

    instances: Instances
    app: Word | None = None
    keep: bool = False


class AppChange(Struct):
    """`change` is create, change, replace, end or none; `says` tells what is different."""

    name: str
    change: str
    generation: int
    says: str


class PlaceDoc(Struct):
    site: str
    city: str
    country: str
    provider: str
    host: str


class RoundTripDoc(Struct, rename="camel"):
    to: str
    ms: float
    margin_ms: float
    is_measured: bool


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
    rule: str
    text: str
    hosts: int
    sites: int
    price_per_month: int | None


class ExplanationDoc(Struct, rename="camel"):
    looked_at: int
    may: int
    sentence: str
    refusals: list[RefusalDoc]
    best: list[RunnerDoc]
    losers: list[LoserDoc]
    relaxations: list[RelaxationDoc]


class LineDoc(Struct, rename="camel"):
    """One instance.  `placement` is null where it has no place and would get none; `law` names the
    countries where every level of its policy lets it be.

    `change` is create, change, replace (its run and disk begin anew), end or none, and `says`
    tells what is different.  `violations` name what its place breaks; it runs on all the same.
    """

    name: str
    change: str
    says: str
    law: str
    placement: PlaceDoc | None
    because: str
    violations: list[str]
    price_per_month: int | None
    round_trips: list[RoundTripDoc]
    explanation: ExplanationDoc


class QuoteDoc(Struct, rename="camel"):
    """`refusals` say why the unplaced have no place, one for each team; `warnings` what was said
    and is most likely a slip."""

    items: list[LineDoc]
    refusals: list[str]
    relaxations: list[RelaxationDoc]
    price_per_month: int | None
    """Of all that have or would get a place; null when nobody of them has prices."""
    warnings: list[str]


def line_to_doc(line: Line, change: Change, violations: list[str]) -> LineDoc:
    return LineDoc(
        line.wanted.address.name,
        change.kind,
        change.says,
        words_of_law(line.demand.policy),
        None if line.at is None else _place(line.at),
        _because(line, change),
        violations,
        line.price,
        _round_trips(line.trips),
        explanation_to_doc(line.explanation),
    )


def quote_to_doc(
    quotes: list[Quote],
    ended: list[Line],
    changes: dict[str, Change],
    violations: dict[str, list[str]],
    warnings: Sequence[str],
) -> QuoteDoc:
    """Several teams as one document; `changes` by the names that it is about."""
    lines = [one for quote in quotes for one in quote.lines if one.wanted.address.name in changes]
    prices = [one.price for one in lines if one.price is not None]
    named = [(one.wanted.address.name, one) for one in (*lines, *ended)]
    return QuoteDoc(
        [line_to_doc(one, changes[name], violations.get(name, [])) for name, one in named],
        [quote.refusal for quote in quotes if quote.refusal is not None],
        [_relaxation(one) for quote in quotes for one in quote.relaxations],
        sum(prices) if prices else None,
        list(warnings),
    )


def _because(line: Line, change: Change) -> str:
    match change.kind:
        case "end":
            return change.says
        case "replace":
            return f"{change.says}; its disk begins anew; {line.because}"
        case "change":
            return f"{change.says}; {line.because}"
    return line.because


def explanation_to_doc(explanation: Explanation) -> ExplanationDoc:
    names = {
        loser.candidate.host: f"{loser.candidate.ground.name}/{loser.candidate.name}"
        for loser in explanation.losers
    }
    return ExplanationDoc(
        explanation.looked_at,
        explanation.may,
        explanation.sentence,
        [_refusal(one, names) for one in explanation.refusals],
        [_runner(one) for one in explanation.best],
        [_loser(one) for one in explanation.losers[:LOSERS_SHOWN]],
        [_relaxation(one) for one in explanation.relaxations],
    )


def _place(one: Candidate) -> PlaceDoc:
    ground = one.ground
    return PlaceDoc(ground.name, ground.city, ground.country, ground.provider, one.name)


def _round_trips(trips: tuple[tuple[str, RoundTrip], ...]) -> list[RoundTripDoc]:
    return [
        RoundTripDoc(name, round(trip.ms, 1), trip.margin_ms, not trip.margin_ms)
        for name, trip in trips
    ]


def _refusal(one: RuleCount, names: dict[HostId, str]) -> RefusalDoc:
    which = [names[host] for host in one.hosts[:LOSERS_SHOWN]]
    return RefusalDoc(one.rule, one.says, len(one.hosts), which)


def _runner(one: Runner) -> RunnerDoc:
    return RunnerDoc(
        _place(one.option.candidate),
        one.option.total / FULL,
        {goal: points / FULL for goal, points in one.option.terms},
        one.price,
        _round_trips(one.trips),
    )


def _loser(one: Loser) -> LoserDoc:
    return LoserDoc(_place(one.candidate), [LackDoc(lack.rule, lack.text) for lack in one.lacks])


def _relaxation(one: Relaxation) -> RelaxationDoc:
    return RelaxationDoc(one.rule, one.text, one.hosts, one.sites, one.price)
