"""A new release of the agents, ring after ring: who is asked next, and when it is halted.

Pure: what is known of the agents goes in, one step comes out.  Promises: nobody is asked before
its provider consents; no ring begins before the one before it has the release and has kept its
links for a while; of one ring no more than a few are on their way at once; and once more of a
ring have failed than may, nobody is asked any more, in any ring, until a person says so.  An
agent that gave it up has failed, and so has one that did not come back with it in time; one that
was away before it was asked has not, and holds up nobody.  Nothing here fetches, installs or
restarts anything: `engine.rollouts` keeps what is decided, and agents do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Literal, TypeAlias

from hanza.model.ids import AgentId
from hanza.model.release import Consent

Said: TypeAlias = Literal["none", "under_way", "failed"]
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
    obstacle: str = ""
    """Why it is not to be asked, in words; nothing where it may be."""
    asked_at: datetime | None = None
    has_given_up: bool = False
    """Whether it has said so, since it was asked for this."""


@dataclass(frozen=True, slots=True)
class Willing:
    """What may keep an agent from a release, as the plane knows it."""

    consent: Consent
    """Its provider's policy, at the plane."""
    has_word: bool
    """Whether its provider has said yes to this release."""
    own_consent: Consent
    """Its own people's, as it says; it is the agent itself that goes by it."""
    has_own_word: bool
    is_for_its_platform: bool
    has_key: bool
    """Whether the release is signed by a key that is pinned there."""
    can_return: bool


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
        is_late = now - one.asked_at >= rules.back_within
        return "failed" if is_late or one.has_given_up else "under_way"
    return "untried" if one.is_linked and not one.obstacle else "none"


def obstacle_of(one: Willing, release: str) -> str:
    """What keeps the agent from being asked for the release; empty where nothing does."""
    if one.consent == "never" or (one.consent == "asked" and not one.has_word):
        word = "takes no updates" if one.consent == "never" else f"has not said yes to {release}"
        return f"its provider {word}"
    if not one.is_for_its_platform:
        return "there is no archive for its platform"
    if not one.can_return:
        return "no launcher runs it: it could not go back"
    if not one.has_key:
        return "the key of the release is not pinned there"
    if one.own_consent == "never" or (one.own_consent == "asked" and not one.has_own_word):
        word = "takes none" if one.own_consent == "never" else f"waits for a yes to {release}"
        return f"the agent {word}, by its own people's rule"
    return ""


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
