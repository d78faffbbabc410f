"""What the site's own people may ask and do, with or without a plane: status, stop, start, explain.

Promises: a stop is on the disk before it is said to be taken, it is about one run, and it changes
nothing else; nothing is told that the tenant gave in confidence; what nobody knows now is told as
unknown.  It never starts what the plane wants off, and makes and ends nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from hanza.agent.diary import Diary
from hanza.agent.journal import Identity, Journal
from hanza.kit.clock import Clock
from hanza.kit.text import harmless
from hanza.model.errors import Conflict, HanzaError, Invalid, NotFound, Refusal
from hanza.model.guest import Stranger
from hanza.model.ids import NativeId
from hanza.model.local import Happening as Happened
from hanza.model.local import LocalStop
from hanza.model.manifest import Entry, Manifest
from hanza.model.probe import Target
from hanza.model.report import Seen, View
from hanza.plan.brake import BRAKED
from hanza.plan.diary import clock as said
from hanza.plan.local import problem_of, wanted_on

REASON_MAX = 200
Word: TypeAlias = Literal["", "always", "asked", "never"]


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """One line of JSON to the agent."""

    do: Literal["status", "stop", "start", "explain", "strangers", "adopt", "keep", "updates"]
    """`adopt` lets a plane adopt a guest that is not ours, `keep` takes that back."""
    guest: str = ""
    reason: str = ""
    consent: Word = ""
    """Of updates; and which version is said yes to, which key is pinned or is not any more."""
    version: str = ""
    pin: str = ""
    unpin: str = ""


class Answer(msgspec.Struct):
    """One line of JSON from it: a record, or a refusal."""

    record: dict[str, Any] | None = None
    code: str = ""
    text: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that can be told; without an agent that runs, only what is on its disk."""

    identity: Identity
    manifest: Manifest | None
    stops: tuple[LocalStop, ...]
    view: View | None = None
    is_linked: bool | None = None
    targets: tuple[Target, ...] = ()
    """Whom the plane wants measured."""
    disk: str = ""
    """Why the disk of its folder takes nothing."""


def status_of(known: Known) -> dict[str, Any]:
    manifest, view = known.manifest, known.view
    entries = () if manifest is None else manifest.entries
    seen = () if view is None else view.seen
    return {
        "agent": known.identity.agent,
        "site": known.identity.site,
        "running": view is not None,
        "linked": known.is_linked,
        "manifest": None if manifest is None else manifest.version.number,
        "engine": None if view is None else "well" if view.trouble is None else view.trouble.text,
        "heldEndings": sum(one.problem is not None and one.problem.code == BRAKED for one in seen),
        "disk": known.disk or None,
        "guests": [_guest_of(entry, known) for entry in entries],
        "probes": [[one.probe, one.host, one.port] for one in known.targets],
    }


def explanation_of(known: Known, entry: Entry) -> dict[str, Any]:
    """Why it is as it is, in sentences; changes nothing."""
    guest = _guest_of(entry, known)
    owner = entry.mark.owner
    version = known.manifest.version.number if known.manifest else 0
    lines = [f"the plane wants {owner} ({guest['name']}) {entry.power}: manifest {version}"]
    stop = _stop_of(known, entry)
    if stop is not None:
        lines.append(f"{problem_of(stop).text}, since {said(stop.since)}")
        lines.append(f"it stays off until: hanza local start {owner}, or the plane says otherwise")
    seen = _seen_of(known, entry)
    if seen is None or seen.presence == "unknown":
        lines.append("whether it runs now is unknown: nobody can look")
    elif seen.presence == "absent":
        lines.append("it is not at the engine")
    else:
        lines.append(f"at the engine its power is {seen.power}, its boot is {seen.boot}")
    if stop is None and seen is not None and seen.problem is not None:
        text, since = seen.problem.text, said(seen.problem.since)
        lines.append(f"held up since {since}: {text} ({seen.problem.code})")
    if known.view is None:
        lines.append("the agent does not run: nothing is done until it does")
    elif not known.is_linked:
        lines.append("no plane is there: the site goes on with this manifest")
    return {**guest, "why": lines}


def entry_of(known: Known, word: str) -> Entry:
    """The one guest that is meant by an instance's id, or by its name where only one has it.

    Raises `NotFound` and `Conflict`.
    """
    entries = known.manifest.entries if known.manifest else ()
    found = [one for one in entries if one.mark.owner == word] or [
        one for one in entries if one.spec.name == word
    ]
    if not found:
        raise NotFound(
            f"this site is to have no guest {harmless(word)[:80]!r}",
            field="guest",
            hint="hanza local status lists them",
        )
    if len({one.mark.owner for one in found}) > 1:
        ids = ", ".join(sorted(one.mark.owner for one in found))
        raise Conflict(f"several guests are called so: {ids}", hint="say the id")
    return max(found, key=lambda one: one.mark.run_epoch)


class PlaneKnown(Protocol):
    """What is known of the plane now: the agent's link."""

    @property
    def is_linked(self) -> bool: ...

    @property
    def targets(self) -> tuple[Target, ...]: ...


class Local:
    """What a running agent answers.  Any number of threads may ask; stops are one at a time."""

    def __init__(self, journal: Journal, diary: Diary, clock: Clock, plane: PlaneKnown) -> None:
        self._journal = journal
        self._diary = diary
        self._clock = clock
        self._plane = plane
        self.view: View | None = None
        """The last pass's; handed over by the loop."""
        self.hint: Callable[[], None] = lambda: None
        """Called when a pass is due."""
        self.strangers: Callable[[], tuple[Stranger, ...]] = tuple
        """Who else runs at the engine; raises `DriverError`."""
        self.updates: Callable[[Request], dict[str, Any]] = _no_updates
        """Shows or changes what is said of updates."""

    def answer(self, line: bytes, by: str) -> Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
            return Answer(self._do(request, by))
        except msgspec.DecodeError as error:
            return _refused(Invalid(f"that is no request: {error}"))
        except HanzaError as error:
            return _refused(error)
        except OSError as error:
            text = f"it cannot be kept on the disk: {error.strerror}; nothing was changed"
            return _refused(Conflict(text))

    def _do(self, request: Request, by: str) -> dict[str, Any]:
        if request.do == "updates":
            return self.updates(request)
        known = self._known()
        if request.do == "status":
            return status_of(known)
        if request.do in ("strangers", "adopt", "keep"):
            return self._do_with_strangers(request, by)
        entry = entry_of(known, request.guest)
        if request.do == "explain":
            return explanation_of(known, entry)
        if request.do == "stop":
            self._stop(known, entry, by, request.reason)
        else:
            self._start(known, entry, by)
        self.hint()
        return _guest_of(entry, self._known())

    def _do_with_strangers(self, request: Request, by: str) -> dict[str, Any]:
        if request.do != "strangers":
            one = _stranger_of(self.strangers(), request.guest)
            is_allowed = request.do == "adopt"
            self._journal.allow(one.native, is_allowed=is_allowed)
            may = "may be adopted now" if is_allowed else "may not be adopted"
            text = f"guest {harmless(one.name)} ({one.native}) {may}, says {by}"
            self._diary.note((Happened(self._clock.now(), "local.adoption", "", text),))
            self.hint()
        allowed = self._journal.allowed
        return {"strangers": [_told_of(one, allowed) for one in self.strangers()]}

    def _known(self) -> Known:
        identity, journal = self._journal.identity, self._journal
        assert identity is not None, "an agent that runs has joined"
        plane = self._plane
        linked, targets = plane.is_linked, plane.targets
        said = (journal.manifest, journal.stops, self.view, linked, targets, journal.trouble)
        return Known(identity, *said)

    @property
    def trouble(self) -> str:
        """Why the disk of its folder takes nothing; empty when it does."""
        return self._journal.trouble

    def _stop(self, known: Known, entry: Entry, by: str, reason: str) -> None:
        if _stop_of(known, entry) is not None:
            return
        if entry.mark not in wanted_on(known.manifest):
            raise Conflict(
                f"{entry.mark.owner} is not wanted on; there is nothing to stop",
                hint="hanza local explain tells what is wanted",
            )
        words = " ".join(harmless(reason).split())[:REASON_MAX]
        stop = LocalStop(entry.mark, self._clock.now(), by, words)
        self._journal.add_stop(stop)
        self._note("local.stopped", entry, problem_of(stop).text)

    def _start(self, known: Known, entry: Entry, by: str) -> None:
        if _stop_of(known, entry) is not None:
            self._journal.lift_stop(entry.mark)
            self._note("local.started", entry, f"started again at its site by {by}")
        elif entry.power == "off":
            raise Conflict(
                f"the plane wants {entry.mark.owner} off, and this site has not stopped it",
                hint="whoever it belongs to starts it, by the plane",
            )

    def _note(self, kind: str, entry: Entry, text: str) -> None:
        owner = entry.mark.owner
        self._diary.note((Happened(self._clock.now(), kind, owner, f"guest {owner} was {text}"),))


def _no_updates(_: Request) -> dict[str, Any]:
    raise Conflict("this agent cannot be updated")


def _stranger_of(strangers: Iterable[Stranger], word: str) -> Stranger:
    known = list(strangers)
    found = [one for one in known if one.native == word] or [
        one for one in known if one.name == word
    ]
    if len(found) != 1:
        text = f"{len(found)} guests here that are not ours are called {harmless(word)[:80]!r}"
        raise NotFound(text, field="guest", hint="hanza local strangers lists them")
    return found[0]


def _told_of(one: Stranger, allowed: Collection[NativeId]) -> dict[str, Any]:
    return {
        "native": one.native,
        "name": harmless(one.name),
        "cpus": one.size.cpus,
        "memoryMiB": one.size.memory_mib,
        "diskMiB": one.size.disk_mib,
        "power": one.power,
        "adoptable": one.native in allowed,
    }


def _guest_of(entry: Entry, known: Known) -> dict[str, Any]:
    seen, stop = _seen_of(known, entry), _stop_of(known, entry)
    is_there = seen is not None and seen.presence == "present"
    problem = None if seen is None else seen.problem
    return {
        "instance": entry.mark.owner,
        "run": entry.mark.run_epoch,
        "name": harmless(entry.spec.name),
        "wanted": entry.power,
        "power": seen.power if is_there and seen else None,
        "presence": "unknown" if seen is None else seen.presence,
        "boot": "unknown" if seen is None else seen.boot,
        "stopped": None if stop is None else problem_of(stop).text,
        "problem": None if problem is None or stop is not None else problem.text,
    }


def _seen_of(known: Known, entry: Entry) -> Seen | None:
    return None if known.view is None else _first(known.view.seen, entry)


def _first(seen: Iterable[Seen], entry: Entry) -> Seen | None:
    return next((one for one in seen if one.mark == entry.mark), None)


def _stop_of(known: Known, entry: Entry) -> LocalStop | None:
    return next((one for one in known.stops if one.mark == entry.mark), None)


def _refused(error: HanzaError) -> Answer:
    hint = error.hint if isinstance(error, Refusal) else None
    return Answer(None, error.code, str(error), hint)
