"""A new release of the agents, ring after ring: who is asked next, and when it is halted.

Pure: what is known of the agents goes in, one step comes out.  Promises: nobody is asked before
its provider consents; no ring begins before the one before it has the release and has kept its
links for a while; of one ring no more than a few are on their way at once; and once more of a
ring have failed than may, nobody is asked any more, in any ring, until a person says so.  An
agent that came back with its old release has failed, and so has one that did not come back in
time; one that was away before it was asked has not, and holds up nobody.  Nothing here fetches,
installs or restarts anything, and nothing carries it out yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Literal, TypeAlias

from hanza.model.ids import AgentId

Consent: TypeAlias = Literal["always", "asked", "never"]
"""What a provider's policy says of updates: by themselves, each with its word, or none."""
Condition: TypeAlias = Literal["none", "untried", "under_way", "good", "failed"]


@dataclass(frozen=True, slots=True)
class Rules:
    """How careful a rollout is."""

    soak: timedelta = timedelta(hours=1)
    """For how long a ring has to keep its links with the release."""
    back_within: timedelta = timedelta(minutes=10)
    """From being asked to being linked with the release."""
    at_once: int = 10
    """Of one ring on their way."""
    failing_max: float = 0.02
    """The share of a ring that may fail; of a small ring, none may."""


@dataclass(frozen=True, slots=True)
class Updating:
    """One agent, as the plane knows it."""

    agent: AgentId
    ring: int
    release: str
    """What it said at its last hello."""
    is_linked: bool
    linked_since: datetime | None = None
    consent: Consent = "asked"
    has_word: bool = False
    """Whether its provider has said yes to this release."""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Have these fetch the release, now."""

    agents: tuple[AgentId, ...]


@dataclass(frozen=True, slots=True)
class Halt:
    """Nobody is asked any more: too many of a ring have failed."""

    ring: int
    failed: tuple[AgentId, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before then, or before somebody's word or link: None."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Done:
    """Everybody who may and can have the release has it."""


Step: TypeAlias = Ask | Halt | Wait | Done


def next_step(release: str, agents: Sequence[Updating], rules: Rules, now: datetime) -> Step:
    """What a rollout does now; the same again until something of its agents has changed."""
    rings = sorted({one.ring for one in agents})
    by_ring = {ring: [one for one in agents if one.ring == ring] for ring in rings}
    for ring in rings:
        failed = _failed(release, by_ring[ring], rules, now)
        if len(failed) > floor(len(by_ring[ring]) * rules.failing_max):
            return Halt(ring, failed)
    for ring in rings:
        step = _step_in(release, by_ring[ring], rules, now)
        if step is not None:
            return step
    return Done()


def condition_of(release: str, one: Updating, rules: Rules, now: datetime) -> Condition:
    """How one agent stands; `none` where it is not to have it, or nobody can ask it now."""
    if one.release == release:
        return "good"
    if one.asked_at is not None:
        has_returned = one.linked_since is not None and one.linked_since > one.asked_at
        is_late = now - one.asked_at >= rules.back_within
        return "failed" if is_late or (one.is_linked and has_returned) else "under_way"
    may = one.consent == "always" or (one.consent == "asked" and one.has_word)
    return "untried" if may and one.is_linked else "none"


def _failed(
    release: str, ring: Sequence[Updating], rules: Rules, now: datetime
) -> tuple[AgentId, ...]:
    return tuple(one.agent for one in ring if condition_of(release, one, rules, now) == "failed")


def _step_in(release: str, ring: Sequence[Updating], rules: Rules, now: datetime) -> Step | None:
    """None when the ring is through, and the next one may begin."""
    stands: dict[Condition, list[Updating]] = {}
    for one in ring:
        stands.setdefault(condition_of(release, one, rules, now), []).append(one)
    under_way, untried = stands.get("under_way", []), stands.get("untried", [])
    room = rules.at_once - len(under_way)
    if untried and room > 0:
        chosen = sorted(untried, key=lambda one: one.agent)[:room]
        return Ask(tuple(one.agent for one in chosen))
    if under_way:
        late = [one.asked_at + rules.back_within for one in under_way if one.asked_at is not None]
        return Wait(min(late))
    good = stands.get("good", [])
    if any(not one.is_linked or one.linked_since is None for one in good):
        return Wait(None)
    through = [one.linked_since + rules.soak for one in good if one.linked_since is not None]
    if through and max(through) > now:
        return Wait(max(through))
    return None
