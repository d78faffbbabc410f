"""One pass over a site: look, decide, do.  The only place where plans meet the driver.

Promises: one survey and at most one order for each instance and volume a pass, endings before
makings before startings, so that room is free before it is needed; nothing is done without a
manifest; what is remembered of earlier orders is for patience and display, and may be lost.
It records nothing: the view it returns is handed to whoever reports.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from hanza.agent import orders
from hanza.agent.brake import Brake
from hanza.agent.doubts import Doubts
from hanza.agent.view import (
    NO_WISH,
    Look,
    Wish,
    blind_view_of,
    guests_by_owner,
    view_of,
    wishes_of,
)
from hanza.agent.volumes import (
    Wishes,
    decide_volumes,
    explained,
    volume_wishes_of,
    volumes_by_owner,
)
from hanza.agent.watch import Heard, Watch
from hanza.drivers.spi import Driver
from hanza.kit.backoff import delay_after
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.kit.points import Point, pass_by
from hanza.model.errors import Bug, DriverError
from hanza.model.guest import Mark, Survey
from hanza.model.ids import InstanceId, NativeId, VolumeId
from hanza.model.image import Bundle
from hanza.model.manifest import Manifest
from hanza.model.problem import Problem
from hanza.model.report import View
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.model.volume import Stay
from hanza.plan.converge import Around, held_back, next_step, plugged_of
from hanza.plan.steps import (
    IMAGE_FETCHING,
    Blocked,
    Create,
    Destroy,
    MakeVolume,
    Note,
    Order,
    Step,
    Sweep,
    Wait,
    is_stuck,
)
from hanza.plan.steps import Wish as Served

LOOK_WHILE_BOOTING = timedelta(seconds=0.5)
"""A look costs milliseconds, and somebody waits to see it boot."""
LOOK_WHILE_FETCHING = timedelta(seconds=2)
BLIND_CEILING = timedelta(seconds=15)
DOING_AT_MOST = timedelta(seconds=5)
"""So that a crowd of orders does not keep the view of the site from the plane for minutes."""

_log = Log("hanza.agent.converge")
Subject: TypeAlias = tuple[Literal["guest", "volume"], str]
Steps: TypeAlias = dict[Subject, Step]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the manifest says of guests and of volumes."""

    guests: Mapping[InstanceId, Wish]
    volumes: Wishes

    def served(self, subject: Subject, step: Step) -> Served:
        """The half of a wish that a step serves; a step other than an ending serves the entry."""
        kind, owner = subject
        served: Served | None
        if kind == "volume":
            served = self.volumes[VolumeId(owner)].served
        else:
            wish = self.guests[InstanceId(owner)]
            is_ending = isinstance(step, Destroy | Sweep) or wish.entry is None
            served = wish.tombstone if is_ending else wish.entry
        if served is None:
            raise Bug(f"the step {step} serves nothing that the manifest says")
        return served


@dataclass(frozen=True, slots=True)
class _Due:
    """An order to give now, and the wish that it serves."""

    subject: Subject
    wish: Served
    order: Order


class Shelf(Protocol):
    """Who has images brought here; `images.Images` on a real disk."""

    def want(self, bundles: Iterable[Bundle], used: Collection[str]) -> None:
        """Have these, and take away neither them nor what `used` names; never waits."""

    def lacking(self, image: str) -> Blocked | None:
        """Why a guest cannot start from it yet; None when it can, or nobody brings it."""


class Converger:
    """Not for two threads: a site has one pass at a time."""

    def __init__(
        self, driver: Driver, clock: Clock, point: Point = pass_by, shelf: Shelf | None = None
    ) -> None:
        """Without a `shelf` every image is taken to be at the site."""
        self._shelf = shelf
        self._driver = driver
        self._clock = clock
        self._point = point
        self._watch = Watch(driver, point)
        self._notes: dict[Subject, Note] = {}
        self._doubts = Doubts(clock)
        self._problems: dict[Mark | Stay, Problem] = {}
        self._last: View | None = None
        self._blind_passes = 0
        self.brake = Brake()

    def run_pass(self, manifest: Manifest | None) -> tuple[View, Verdict]:
        """Raises only what no driver may raise; whatever was not done is done by the next pass."""
        try:
            self._point("driver.survey.before")
            survey = self._driver.survey()
            self._point("driver.survey.after")
        except DriverError as error:
            return self._blind(manifest, error)
        self._blind_passes = 0
        now = self._clock.now()
        guest_wishes = wishes_of(manifest)
        wishes = _Wishes(guest_wishes, volume_wishes_of(manifest))
        ended = frozenset(one.mark for one in manifest.tombstones) if manifest else frozenset()
        self._forget(wishes)
        self._doubts.forget(ended, survey, now)
        covered = [
            g for g in survey.guests if guest_wishes.get(g.mark.owner, NO_WISH).covers(g.mark)
        ]
        if self._shelf is not None and manifest is not None:
            used = {guest.spec.image for guest in survey.guests}
            self._shelf.want(manifest.bundles, used | {one.image for one in survey.volumes})
        heard = self._watch.listen(covered, survey.hosts, now)
        steps = self._decide(wishes, self._doubts.unswept(ended), survey, now)
        steps = self.brake.hold(steps, manifest, survey)
        is_more_due = self._do(wishes, steps)
        self._problems = self._problems_of(wishes, steps, now)
        # What was not swept is doubted as well: a run is absent once nothing is left of it.
        doubted = (*self._doubts.runs, *self._doubts.unswept(ended).values())
        look = Look(survey, heard, self._problems, doubted, self._doubts.volumes)
        self._last = view_of(manifest, guest_wishes, look)
        verdict = self._verdict(heard, now, is_more_due=is_more_due)
        return self._last, _sooner(verdict, steps, now)

    # -- look ---------------------------------------------------------------------------------

    def _blind(self, manifest: Manifest | None, error: DriverError) -> tuple[View, Verdict]:
        """The last good look, with what keeps us from a better one."""
        self._blind_passes += 1
        now = self._clock.now()
        last = self._last or blind_view_of(manifest)
        trouble = _problem_since(last.trouble, error.code, _text_of(error), now)
        if last.trouble is None:
            _log.warning("survey.failed", code=error.code, text=_text_of(error))
        self._last = replace(last, trouble=trouble)
        return self._last, Later(now + delay_after(self._blind_passes, ceiling=BLIND_CEILING))

    def _forget(self, wishes: _Wishes) -> None:
        """What has been withdrawn."""
        known: set[tuple[str, str]] = {("guest", one) for one in wishes.guests}
        known |= {("volume", one) for one in wishes.volumes}
        self._notes = {s: note for s, note in self._notes.items() if s in known}

    # -- decide -------------------------------------------------------------------------------

    def _decide(
        self,
        wishes: _Wishes,
        unswept: Mapping[InstanceId, Mark],
        survey: Survey,
        now: datetime,
    ) -> Steps:
        """What is only surveyed needs no step: silence about a guest orders nothing."""
        guests, volumes = guests_by_owner(survey), volumes_by_owner(survey)
        plugged = plugged_of(survey.volumes)
        notes = {VolumeId(o): note for (kind, o), note in self._notes.items() if kind == "volume"}
        steps: Steps = {}
        for volume, step in decide_volumes(wishes.volumes, volumes, notes, now).items():
            steps["volume", volume] = self._decided(("volume", volume), step)
        troubles = self._troubles_of(steps)
        for owner, wish in sorted(wishes.guests.items()):
            note = self._notes.get(("guest", owner))
            around = Around(volumes, unswept.get(owner), plugged)
            step = next_step(wish.entry, wish.tombstone, guests.get(owner, ()), note, now, around)
            step = explained(step, wish.entry, troubles)
            steps["guest", owner] = self._decided(("guest", owner), step)
        return steps

    def _decided(self, subject: Subject, step: Step) -> Step:
        """The step, held back while what it starts from is on its way; and old notes forgotten."""
        if self._shelf is not None:
            if isinstance(step, Create):
                step = held_back(step, self._shelf.lacking(step.spec.image))
            elif isinstance(step, MakeVolume):
                step = held_back(step, self._shelf.lacking(step.image))
        note = self._notes.get(subject)
        if note is not None and not _still_matters(note, step):
            del self._notes[subject]
        return step

    def _troubles_of(self, steps: Steps) -> dict[VolumeId, tuple[str, str]]:
        """Why volumes are not there yet, by code and text."""
        troubles = {}
        for subject, step in steps.items():
            note = self._notes.get(subject)
            if isinstance(step, Blocked):
                troubles[VolumeId(subject[1])] = (step.code, step.text)
            elif note is not None:
                troubles[VolumeId(subject[1])] = (note.problem.code, note.problem.text)
        return troubles

    # -- do -----------------------------------------------------------------------------------

    def _do(self, wishes: _Wishes, steps: Steps) -> bool:
        """Give the orders; whether another pass is due at once."""
        due = [
            _Due(subject, wishes.served(subject, step), step)
            for subject, step in steps.items()
            if isinstance(step, Order)
        ]
        due.sort(key=lambda one: orders.rank_of(one.order))
        enough_at = self._clock.now() + DOING_AT_MOST
        is_more_due = False
        for one in due:
            if self._clock.now() >= enough_at:
                return True
            is_more_due |= self._give(one)
        return is_more_due

    def _give(self, due: _Due) -> bool:
        """Give one order and note what became of it; whether it was taken."""
        before = self._notes.get(due.subject)
        failures = before.failures + 1 if before else 1
        # Noted before the call: a driver that breaks its contract ends this pass, and must
        # not do so to every later pass before the others' orders are given.
        self._note(due, failures, Bug.code, "the driver broke its contract; see the agent's log")
        name = orders.name_of(due.order)
        self._point(f"driver.{name}.before")
        try:
            self._call(due.order)
        except DriverError as error:
            text = _text_of(error)
            self._note(due, failures, error.code, text)
            _log.warning(
                "order.failed",
                order=name,
                owner=due.subject[1],
                code=error.code,
                text=text,
                nth=failures,
            )
            return False
        self._point(f"driver.{name}.after")
        del self._notes[due.subject]
        _log.info("order.taken", order=name, owner=due.subject[1], run=orders.number_of(due.wish))
        return True

    def _note(self, due: _Due, failures: int, code: str, text: str) -> None:
        now = self._clock.now()
        problem = _problem_since(self._problems.get(orders.mark_of(due.wish)), code, text, now)
        self._notes[due.subject] = Note(
            due.wish, due.order, problem, failures, now + delay_after(failures)
        )

    def _call(self, order: Order) -> None:
        match order:
            case Create() | MakeVolume():
                self._doubts.make(order, lambda: orders.give(self._driver, order))
            case _:
                orders.give(self._driver, order)
        if isinstance(order, Sweep):
            self._doubts.note_swept(order.mark)

    # -- tell ---------------------------------------------------------------------------------

    def _problems_of(
        self, wishes: _Wishes, steps: Steps, now: datetime
    ) -> dict[Mark | Stay, Problem]:
        problems = {orders.mark_of(note.wish): note.problem for note in self._notes.values()}
        for subject, step in steps.items():
            if isinstance(step, Blocked) and subject not in self._notes:
                name = orders.mark_of(wishes.served(subject, step))
                before = self._problems.get(name)
                problems[name] = _problem_since(before, step.code, step.text, now)
        return problems

    def _verdict(
        self, heard: Mapping[NativeId, Heard], now: datetime, *, is_more_due: bool
    ) -> Verdict:
        if is_more_due:
            return Again()
        waits = [n.not_before for n in self._notes.values() if not is_stuck(n)]
        waits += [*self._doubts.runs.values(), *self._doubts.volumes.values()]
        if any(one.boot == "pending" for one in heard.values()):
            waits.append(now + LOOK_WHILE_BOOTING)
        return Later(min(waits)) if waits else Settled()


def _still_matters(note: Note, step: Step) -> bool:
    """Whether the note holds this step back, or is about the very order that is due again."""
    match step:
        case Wait():
            return True
        case Blocked(code, _):
            return code == note.problem.code
        case _:
            return step == note.order


def _sooner(verdict: Verdict, steps: Steps, now: datetime) -> Verdict:
    """While an image is coming, it is told how far it is."""
    is_coming = any(isinstance(s, Blocked) and s.code == IMAGE_FETCHING for s in steps.values())
    if not is_coming or isinstance(verdict, Again):
        return verdict
    soon = now + LOOK_WHILE_FETCHING
    return Later(min(soon, verdict.at) if isinstance(verdict, Later) else soon)


def _text_of(error: DriverError) -> str:
    """An engine's words may hold bytes that are no text; those would not travel."""
    return str(error).encode("utf-8", "replace").decode()


def _problem_since(before: Problem | None, code: str, text: str, now: datetime) -> Problem:
    """The same trouble goes on since it began, whatever words it is put in today."""
    if before is not None and before.code == code:
        return Problem(code, text, before.since)
    return Problem(code, text, now)
