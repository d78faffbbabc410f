"""Quotes, explanations and apps as documents of `hanza.federation/v1`.

Amounts of money are whole micro-euro for a month of 730 hours, points go from 0 to 1, round trips
are in ms.  See `explanation_v1` for why.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from hanza.plan.change import Change
from hanza.plan.coordinates import Fitted
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.quote import Line, Quote
from hanza.plan.placement.score import FULL
from hanza.plan.policy import words_of_law
from hanza.wire.explanation_v1 import (
    ExplanationDoc,
    PlaceDoc,
    RelaxationDoc,
    RoundTripDoc,
    SiteLookDoc,
    explanation_to_doc,
    looks_to_doc,
    place_to_doc,
    relaxation_to_doc,
    round_trips_to_doc,
)
from hanza.wire.federation_v1 import Word
from hanza.wire.instance_v1 import InstanceSpec

INSTANCES_MAX = 1_024
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
    price_until: datetime | None
    """When its provider asks something else, as far as that is announced.  What has a place by
    then keeps the price of its day."""
    round_trips: list[RoundTripDoc]
    explanation: ExplanationDoc


class AgreedDoc(Struct, rename="camel"):
    """What it costs for as long as it stays: the price of the day on which it got its place."""

    since: datetime
    price_per_month: int | None


class ProofDoc(Struct, rename="camel"):
    """How near to the best members of a team are that are placed together, where they are too many
    to search for it: by points, from 0 to 1 for each, no way to place them all has more than
    `points_most`.  `gap_percent` is rounded up; null where that says nothing."""

    members: int
    points: float
    points_most: float
    gap_percent: float | None
    says: str


class PlacementDoc(LineDoc):
    """With every site that has lost a host, by name, for a map: the first 500 of them; `proofs` are
    those of its team, while that has no place."""

    sites: list[SiteLookDoc]
    agreed: AgreedDoc | None = None
    proofs: list[ProofDoc] = []


class QuoteDoc(Struct, rename="camel"):
    """`refusals` say why the unplaced have no place, one for each team; `warnings` what was said
    and is most likely a slip."""

    items: list[LineDoc]
    refusals: list[str]
    relaxations: list[RelaxationDoc]
    price_per_month: int | None
    """Of all that have or would get a place; null when nobody of them has prices."""
    warnings: list[str]
    proofs: list[ProofDoc] = []
    """Of teams that are placed together and too large to be searched; the others are optimal."""


def line_to_doc(
    line: Line, change: Change, violations: list[str], fitted: Fitted, losers_from: int = 0
) -> LineDoc:
    return LineDoc(
        line.wanted.address.name,
        change.kind,
        change.says,
        words_of_law(line.demand.policy),
        None if line.at is None else place_to_doc(line.at),
        _because(line, change),
        violations,
        line.price,
        None if line.at is None else line.at.ground.prices_until,
        [] if line.at is None else round_trips_to_doc(line.demand.policy, line.at.ground, fitted),
        explanation_to_doc(line.explanation, line.demand.policy, fitted, losers_from),
    )


def placement_to_doc(
    line: Line, change: Change, violations: list[str], fitted: Fitted, losers_from: int = 0
) -> PlacementDoc:
    told = line_to_doc(line, change, violations, fitted, losers_from)
    looks = looks_to_doc(line.explanation, line.demand.policy, fitted)
    return PlacementDoc(
        **{name: getattr(told, name) for name in told.__struct_fields__}, sites=looks
    )


def quote_to_doc(
    quotes: list[Quote],
    ended: list[Line],
    changes: dict[str, Change],
    violations: dict[str, list[str]],
    warnings: Sequence[str],
    fitted: Fitted,
) -> QuoteDoc:
    """Several teams as one document; `changes` by the names that it is about."""
    lines = [one for quote in quotes for one in quote.lines if one.wanted.address.name in changes]
    prices = [one.price for one in lines if one.price is not None]
    named = [(one.wanted.address.name, one) for one in (*lines, *ended)]
    return QuoteDoc(
        [line_to_doc(one, changes[name], violations.get(name, []), fitted) for name, one in named],
        [quote.refusal for quote in quotes if quote.refusal is not None],
        [relaxation_to_doc(one) for quote in quotes for one in quote.relaxations],
        sum(prices) if prices else None,
        list(warnings),
        [proof_to_doc(one) for quote in quotes for one in quote.proofs],
    )


def proof_to_doc(proof: Proof) -> ProofDoc:
    gap = proof.hundredths
    return ProofDoc(
        proof.members,
        proof.points / FULL,
        proof.most / FULL,
        None if gap is None else gap / 100,
        proof.sentence,
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
