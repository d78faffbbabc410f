"""A small world of the protocol, for going through all that can happen in it, breadth first.

Two instances, two sites, planes that share one store, and a network that loses, doubles and delays.
All that decides anything is the code of `plan`, which engine and agent run; what is here only
carries it out on values.  A transaction is one move, and so is an order to a driver: what is cut
by a crash is between two moves.  A second plane is one that says what it read a while ago, and two
that place at once: any site may be chosen for anything at any moment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

from hanza.model.guest import Guest, GuestSpec, Mark
from hanza.model.ids import AgentId, InstanceId, NativeId
from hanza.model.manifest import GENESIS, Entry, Hash, Manifest, Tombstone, Version
from hanza.model.problem import Problem
from hanza.model.report import Incarnation, Seen
from hanza.plan.converge import Create, Destroy, SetPower, next_step
from hanza.plan.link import Greeting, greeting_of, is_news
from hanza.plan.manifest import Judgement, hash_of, is_worth_saying, judge, manifest_of
from hanza.plan.settle import (
    Forget,
    Keep,
    Placed,
    Release,
    Settlement,
    Withdraw,
    next_settlement,
)
from hanza.plan.steps import FULL, Step

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = Incarnation(1, "n1")
HOST = "host-1"
SPEC = GuestSpec("web", "tiny", 1, 64, 64)
INSTANCES = tuple(InstanceId(f"in_{letter}") for letter in "ab")
AGENTS = tuple(AgentId(f"ag_{number}") for number in (1, 2))


@dataclass(frozen=True, slots=True)
class Steps:
    """What decides; a test may put something worse in the place of one."""

    judge: Callable[[Manifest | None, Version, Hash, Hash], Judgement] = judge
    is_worth_saying: Callable[[Manifest | None, Manifest], bool] = is_worth_saying
    is_news: Callable[[Version, Hash, Version | None, Hash | None], bool] = is_news
    greeting_of: Callable[[Incarnation, Incarnation], Greeting] = greeting_of
    next_settlement: Callable[[bool, Placed | None, Seen | None], Settlement] = next_settlement
    next_step: Callable[..., Step] = next_step


@dataclass(frozen=True, slots=True)
class Wish:
    """An instance in the store."""

    is_ended: bool = False
    runs: int = 0
    host: int | None = None
    """The number of the agent with which it is held."""
    is_ending: bool = False
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An agent in the store; its first start has been greeted."""

    believed: Incarnation = FIRST
    report: int = 0
    is_contested: bool = False
    last: Manifest | None = None
    digest: Hash = GENESIS


@dataclass(frozen=True, slots=True)
class Store:
    wishes: tuple[Wish | None, ...] = (None,) * len(INSTANCES)
    agents: tuple[Known, ...] = (Known(),) * len(AGENTS)
    gone: frozenset[InstanceId] = frozenset()
    """Forgotten: an id is never given again."""


@dataclass(frozen=True, slots=True)
class Said:
    """A report on its way."""

    start: Incarnation
    number: int
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """An agent, what it holds on its disk, and the guests beside it: marks, and which are on."""

    starts: int = 1
    reports: int = 0
    is_welcome: bool = True
    held: Manifest | None = None
    there: frozenset[Mark] = frozenset()
    on: frozenset[Mark] = frozenset()
    down: tuple[Manifest, ...] = ()
    up: tuple[Said, ...] = ()

    @property
    def start(self) -> Incarnation:
        return Incarnation(self.starts, f"n{self.starts}")


@dataclass(frozen=True, slots=True)
class State:
    store: Store = Store()
    sites: tuple[Site, ...] = (Site(),) * len(AGENTS)
    kept: Store | None = None
    """A copy of the store, to be put back."""


UNTOUCHED = State().sites


@dataclass(frozen=True, slots=True)
class Bounds:
    """What keeps the world small."""

    instances: int = len(INSTANCES)
    runs: int = 2
    manifests: int = 4
    on_the_way: int = 1
    starts: int = 2
    reports: int = 4
    has_restore: bool = False


Move: TypeAlias = tuple[str, State]


class World:
    def __init__(self, steps: Steps | None = None, bounds: Bounds | None = None) -> None:
        self._steps = steps or Steps()
        self._bounds = bounds or Bounds()

    def moves(self, state: State) -> Iterator[Move]:
        """Everything that may happen next, and what is then."""
        yield from self._tenants(state)
        yield from self._engine(state)
        for at in range(len(AGENTS)):
            yield from self._link(state, at)
            yield from self._agent(state, at)
            yield from self._accidents(state, at)
        if self._bounds.has_restore:
            if state.kept is None:
                yield "the store is copied", replace(state, kept=state.store)
            elif state.kept != state.store:
                yield "the copy is put back", replace(state, store=state.kept)

    # -- the plane --------------------------------------------------------------------------------

    def _tenants(self, state: State) -> Iterator[Move]:
        for n, wish in enumerate(state.store.wishes[: self._bounds.instances]):
            if wish is None and INSTANCES[n] not in state.store.gone:
                yield f"{n} is wanted", _wished(state, n, Wish())
                return  # which of them is first makes no difference
            if wish is not None and not wish.is_ended:
                yield f"{n} is to end", _wished(state, n, replace(wish, is_ended=True))

    def _engine(self, state: State) -> Iterator[Move]:
        for n, wish in enumerate(state.store.wishes):
            if wish is None:
                continue
            if wish.host is None and not wish.is_ended and wish.runs < self._bounds.runs:
                for at, known in enumerate(state.store.agents):
                    if not known.is_contested:
                        placed = replace(wish, runs=wish.runs + 1, host=at, is_ending=False)
                        yield f"{n} is placed at {at}", _wished(state, n, placed)
                    if state.sites == UNTOUCHED and not any(map(_host, state.store.wishes)):
                        break  # which of them is first makes no difference
            yield from self._settle(state, n, wish)
        for at in range(len(AGENTS)):
            yield from self._publish(state, at)

    def _settle(self, state: State, n: int, wish: Wish) -> Iterator[Move]:
        placed = None if wish.host is None else Placed(_mark(n, wish), wish.is_ending)
        match self._steps.next_settlement(wish.is_ended, placed, wish.seen):
            case Forget():
                after = _wished(state, n, None)
                store = replace(after.store, gone=after.store.gone | {INSTANCES[n]})
                yield f"{n} is forgotten", replace(after, store=store)
            case Withdraw():
                yield f"{n} is withdrawn", _wished(state, n, replace(wish, is_ending=True))
            case Release():
                free = replace(wish, host=None, is_ending=False, seen=None)
                yield f"{n} is released", _wished(state, n, free)
            case Keep():
                return

    def _publish(self, state: State, at: int) -> Iterator[Move]:
        known = state.store.agents[at]
        number = known.last.version.number + 1 if known.last else 1
        if number > self._bounds.manifests:
            return
        new = _cut(AGENTS[at], Version(1, number), known.digest, _held_at(state, at))
        if self._steps.is_worth_saying(known.last, new):
            now = replace(known, last=new, digest=_hash(new))
            yield f"{at} gets manifest {number}", _known(state, at, now)

    # -- the link ---------------------------------------------------------------------------------

    def _link(self, state: State, at: int) -> Iterator[Move]:
        site, known = state.sites[at], state.store.agents[at]
        if not site.is_welcome:
            yield from self._greet(state, at)
            return
        told = site.down[-1].version if site.down else None
        holds = _hash(site.held) if site.held else None
        if known.last is not None and len(site.down) < self._bounds.on_the_way:
            news = self._steps.is_news(known.last.version, known.digest, told, holds)
            if news and not known.is_contested:
                said = replace(site, down=(*site.down, known.last))
                yield f"{at} is told {known.last.version.number}", _sited(state, at, said)
        for one in set(site.down):
            for is_last in (True, False):  # else it comes once more
                rest = _without(site.down, one) if is_last else site.down
                took = self._take(replace(site, down=rest), one)
                yield f"{at} hears {one.version.number}", _sited(state, at, took)
            lost = replace(site, down=_without(site.down, one))
            yield f"{at} does not hear {one.version.number}", _sited(state, at, lost)
        for said in set(site.up):
            for is_last in (True, False):
                rest_up = _without(site.up, said) if is_last else site.up
                after = _sited(state, at, replace(site, up=rest_up))
                yield f"{at} is heard", self._hear(after, at, said)

    def _greet(self, state: State, at: int) -> Iterator[Move]:
        site, known = state.sites[at], state.store.agents[at]
        match self._steps.greeting_of(known.believed, site.start):
            case "same":
                number = known.report
            case "newer":
                known, number = replace(known, believed=site.start, report=0), 0
            case "copy":
                yield f"{at} is contested", _known(state, at, replace(known, is_contested=True))
                return
        welcome = replace(site, is_welcome=True, reports=max(number, site.reports))
        yield f"{at} is greeted", _sited(_known(state, at, known), at, welcome)

    def _take(self, site: Site, offered: Manifest) -> Site:
        judgement = self._steps.judge(site.held, offered.version, offered.parent, _hash(offered))
        return replace(site, held=offered) if judgement == "take" else site

    def _hear(self, state: State, at: int, said: Said) -> State:
        """As the store takes a report: newer, of the believed start, of what is placed there."""
        known = state.store.agents[at]
        if known.believed != said.start or said.number <= known.report:
            return state
        state = _known(state, at, replace(known, report=said.number))
        for seen in said.seen:
            n = INSTANCES.index(seen.mark.owner)
            wish = state.store.wishes[n]
            if wish is not None and wish.host == at and _mark(n, wish) == seen.mark:
                state = _wished(state, n, replace(wish, seen=seen))
        return state

    # -- the site ---------------------------------------------------------------------------------

    def _agent(self, state: State, at: int) -> Iterator[Move]:
        site = state.sites[at]
        for n, owner in enumerate(INSTANCES):
            entry, tombstone = _wish_of(site.held, owner)
            guests = [_guest(one, site) for one in site.there if one.owner == owner]
            match self._steps.next_step(entry, tombstone, guests, None, NOW):
                case Create(mark):
                    made = replace(site, there=site.there | {mark})
                    yield f"{at} makes {n} run {mark.run_epoch}", _sited(state, at, made)
                case Destroy(native):
                    mark = next(one for one in site.there if _native(one) == native)
                    left = replace(site, there=site.there - {mark}, on=site.on - {mark})
                    yield f"{at} destroys {n} run {mark.run_epoch}", _sited(state, at, left)
                case SetPower(native, "on"):
                    mark = next(one for one in site.there if _native(one) == native)
                    put_on = replace(site, on=site.on | {mark})
                    yield f"{at} starts {n} run {mark.run_epoch}", _sited(state, at, put_on)
                case _:
                    pass
        is_free = len(site.up) < self._bounds.on_the_way and site.reports < self._bounds.reports
        if site.is_welcome and site.held is not None and is_free:
            for is_full in (False, True):
                seen = _view(site.held, site.there, is_full)
                said = Said(site.start, site.reports + 1, seen)
                after = replace(site, reports=site.reports + 1, up=(*site.up, said))
                words = f"{at} reports" + (" that it is full" if is_full else "")
                yield words, _sited(state, at, after)

    def _accidents(self, state: State, at: int) -> Iterator[Move]:
        site = state.sites[at]
        if site.is_welcome:
            yield f"{at} is cut", _sited(state, at, replace(site, is_welcome=False))
        if site.starts < self._bounds.starts:
            anew = replace(site, starts=site.starts + 1, reports=0, is_welcome=False, down=())
            yield f"{at}'s agent starts anew", _sited(state, at, anew)
            yield f"{at} boots", _sited(state, at, replace(anew, on=frozenset()))


# -- words --------------------------------------------------------------------------------------


def _mark(n: int, wish: Wish) -> Mark:
    return Mark(INSTANCES[n], wish.runs)


def _host(wish: Wish | None) -> bool:
    return wish is not None and wish.runs > 0


def _native(mark: Mark) -> NativeId:
    return NativeId(f"{mark.owner}/{mark.run_epoch}")


def _guest(mark: Mark, site: Site) -> Guest:
    return Guest(_native(mark), mark, HOST, SPEC, "on" if mark in site.on else "off", None)


def _without(items: tuple[object, ...], one: object) -> tuple:  # type: ignore[type-arg]
    at = items.index(one)
    return items[:at] + items[at + 1 :]


def _wished(state: State, n: int, wish: Wish | None) -> State:
    wishes = (*state.store.wishes[:n], wish, *state.store.wishes[n + 1 :])
    return replace(state, store=replace(state.store, wishes=wishes))


def _known(state: State, at: int, known: Known) -> State:
    agents = (*state.store.agents[:at], known, *state.store.agents[at + 1 :])
    return replace(state, store=replace(state.store, agents=agents))


def _sited(state: State, at: int, site: Site) -> State:
    return replace(state, sites=(*state.sites[:at], site, *state.sites[at + 1 :]))


def _held_at(state: State, at: int) -> tuple[tuple[Mark, bool], ...]:
    return tuple(
        (_mark(n, wish), wish.is_ending)
        for n, wish in enumerate(state.store.wishes)
        if wish is not None and wish.host == at
    )


@cache
def _cut(
    agent: AgentId, version: Version, parent: Hash, held: tuple[tuple[Mark, bool], ...]
) -> Manifest:
    entries = [Entry(mark, HOST, SPEC, "on") for mark, is_ending in held if not is_ending]
    tombstones = [Tombstone(mark) for mark, is_ending in held if is_ending]
    return manifest_of(agent, version, parent, entries, tombstones)


@cache
def _hash(manifest: Manifest) -> Hash:
    return hash_of(manifest)


@cache
def _wish_of(held: Manifest | None, owner: InstanceId) -> tuple[Entry | None, Tombstone | None]:
    if held is None:
        return None, None
    entries = [one for one in held.entries if one.mark.owner == owner]
    ended = [one for one in held.tombstones if one.mark.owner == owner]
    newest = max(ended, key=lambda one: one.mark.run_epoch, default=None)
    return (entries[0] if entries else None), newest


@cache
def _view(held: Manifest, there: frozenset[Mark], is_full: bool) -> tuple[Seen, ...]:
    """What an agent says of what its manifest names; a full engine made nothing just now."""
    problem = Problem(FULL, "no room", NOW) if is_full else None
    runs = [
        Seen(one.mark, "run", "present")
        if one.mark in there
        else Seen(one.mark, "run", "absent", problem=problem)
        for one in held.entries
    ]
    ends = [
        Seen(one.mark, "end", "present" if one.mark in there else "absent")
        for one in held.tombstones
    ]
    return (*runs, *ends)
