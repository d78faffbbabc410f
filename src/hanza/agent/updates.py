"""The agent's own update: what is wanted is fetched, verified, laid beside, and staged for trial.

Promises: nothing is fetched that is not signed by a key that was pinned here and has not revoked
itself, allowed by the site's own people, newer than what runs (or signed as a way back from it)
and for this machine; nothing is staged that was given up, until somebody says so; a plane's word
is never enough.  On trial it says that it is good once its link was kept for a while.  One thread
works; `hear`, `say` and `ask` are others'.  It touches no guest.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from hanza.agent.diary import Diary
from hanza.agent.fetch import Fetch
from hanza.agent.journal import Journal
from hanza.agent.local import Request
from hanza.agent.slots import Launched, Returned, Slots
from hanza.agent.update_rules import keep_rules, load_rules, with_word, without_key
from hanza.kit.backoff import delay_after
from hanza.kit.blobs import Blobs, TooLong, WrongContent
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.errors import Exhausted, HanzaError, Unavailable
from hanza.model.image import Blob, BlobId
from hanza.model.local import Happening
from hanza.model.release import Release, Revocation, Signed
from hanza.plan.release import (
    BadArchive,
    BadSignature,
    NotForHere,
    refuse_consent,
    refuse_release,
)
from hanza.wire.agent_nearness_v1 import TEXT_MAX
from hanza.wire.agent_update_v1 import Running, UpdateWanted
from hanza.wire.release_v1 import ManifestDoc, check_revocation, key_from_text, read_release

CEILING, LOOK_EVERY = timedelta(minutes=5), timedelta(minutes=5)
TRIAL_LOOK = timedelta(seconds=0.25)
TOLD = "updates_told"
LARGER_MAX, ROOM_KEPT_BYTES = 5, 64 * 2**20
"""What is unpacked is hardly larger than so many times its archive."""
Condition: TypeAlias = Literal["none", "under_way", "failed"]
_log = Log("hanza.agent.updates")


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs, and how it was started."""

    version: str
    tag: str
    launched: Launched | None


@dataclass(frozen=True, slots=True)
class _State:
    condition: Condition = "none"
    about: str = ""
    attempt: int = 0
    why: str = ""


class Updates:
    def __init__(
        self, journal: Journal, machine: Machine, fetch: Fetch, diary: Diary, clock: Clock
    ) -> None:
        self._journal = journal
        self._machine = machine
        self._fetch = fetch
        self._diary = diary
        self._clock = clock
        self._slots = Slots(journal.folder)
        self._blobs = Blobs(self._slots.folder / ".blobs")
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        """Held by whoever changes the rules, until they are on the disk."""
        self._rules = load_rules(journal.folder)
        self._wanted: UpdateWanted | None = None
        self._state = _State()
        self._failures = 0
        self._spoilt = ""
        self._noted = 0
        """The launcher's last return that this process has told."""
        self._kept_since: datetime | None = None
        self._is_over = False
        self._is_asked = False
        self._told: Running | None = None
        self.wake = threading.Event()
        self.is_linked: Callable[[], bool] = lambda: False
        """Whether a plane is there, and a pass was made."""
        self.end: Callable[[], None] = lambda: None
        """Ends this agent: something is staged."""
        self.hint: Callable[[], None] = lambda: None
        """Called when there is something to be said."""

    # -- the link's side ------------------------------------------------------------------------

    def open(self) -> None:
        """Forget what only the last connection knew."""
        self._is_asked, self._told = False, None

    def hear(self, message: UpdateWanted) -> list[Running]:
        with self._lock:
            if message != self._wanted:
                self._wanted, self._failures, self._spoilt = message, 0, ""
        self._is_asked = True
        self.wake.set()
        return self.say()

    def say(self) -> list[Running]:
        """What is news; nothing before a plane has asked."""
        with self._lock:
            state, rules = self._state, self._rules
        machine = self._machine
        running = Running(
            machine.version,
            machine.tag,
            rules.consent,
            sorted(rules.words),
            sorted(rules.keys),
            machine.launched is not None,
            state.condition,
            state.about,
            state.attempt,
            state.why,
        )
        if not self._is_asked or running == self._told:
            return []
        self._told = running
        return [running]

    # -- the site's people's side ---------------------------------------------------------------

    def ask(self, request: Request) -> dict[str, Any]:
        """Show the rules, or change them; kept before it is said.  Raises `Invalid`."""
        with self._changing:
            self._change(request)
        return self._shown()

    def _change(self, request: Request) -> None:
        rules, changed = self._rules, self._rules
        if request.consent:
            changed = replace(changed, consent=request.consent)
        if request.version:
            changed = with_word(changed, request.version, self._slots.returned())
        if request.pin:
            changed = replace(changed, keys=frozenset({*changed.keys, key_from_text(request.pin)}))
        if request.unpin:
            left = without_key(changed, key_from_text(request.unpin))
            changed = replace(changed, keys=frozenset(left))
        if changed != rules:
            keep_rules(self._journal, changed)
            with self._lock:
                self._rules = changed
            self.wake.set()
            self.hint()

    def _shown(self) -> dict[str, Any]:
        rules, state, machine = self._rules, self._state, self._machine
        returned = self._slots.returned()
        gave_up = None if returned is None else f"{returned.version}: {returned.why}"
        return {
            "version": machine.version,
            "slot": None if machine.launched is None else machine.launched.slot,
            "consent": rules.consent,
            "allowed": sorted(rules.words),
            "keys": [key.hex() for key in sorted(rules.keys)],
            "wanted": state.about or None,
            "condition": state.condition,
            "why": state.why or None,
            "returned": gave_up,
        }

    # -- the thread's side ----------------------------------------------------------------------

    def run_once(self) -> timedelta:
        """How long until there is something to do again."""
        if self._is_over:
            return LOOK_EVERY
        self._tell_returned()
        with self._lock:
            wanted = self._wanted
        if wanted is not None and not self._unpin_revoked(wanted):
            return CEILING
        launched = self._machine.launched
        if launched is not None and launched.trial:
            return self._prove(launched)
        if wanted is None or not wanted.statement:
            self._become(_State())
            return LOOK_EVERY
        return self._pursue(wanted)

    def _unpin_revoked(self, wanted: UpdateWanted) -> bool:
        """Let go of pinned keys that have revoked themselves; False while the disk takes nothing.

        A plane carries such words and can make none.
        """
        said = [Revocation(one.key, one.signature) for one in wanted.revoked]
        gone = {one.key for one in said if one.key in self._rules.keys and _is_revoked(one)}
        if not gone:
            return True
        with self._changing:
            changed = replace(self._rules, keys=frozenset(self._rules.keys - gone))
            try:
                keep_rules(self._journal, changed)
            except OSError as error:
                _log.warning("update.rules_unwritten", reason=str(error))
                return False
            with self._lock:
                self._rules = changed
        for key in sorted(gone):
            _log.warning("update.key_revoked", key=key.hex())
            self._note("update.key_revoked", f"the release key {key.hex()} has revoked itself")
        self.hint()
        return True

    def _prove(self, launched: Launched) -> timedelta:
        """On trial: good once the link was kept."""
        now = self._clock.now()
        if not self.is_linked():
            self._kept_since = None
        elif self._kept_since is None:
            self._kept_since = now
        elif now - self._kept_since >= launched.keep_for:
            self._slots.say_good(launched.trial)
            version = self._machine.version
            _log.info("update.good", version=version, slot=launched.slot)
            self._note("update.good", f"the agent is {version} now")
            self._machine = replace(self._machine, launched=replace(launched, trial=""))
        return TRIAL_LOOK

    def _pursue(self, wanted: UpdateWanted) -> timedelta:
        """Whatever is wrong is the state that is told; only what may pass is tried again."""
        about = ""
        try:
            signed = Signed(wanted.statement, wanted.key, wanted.signature)
            release = read_release(signed)
            about = release.version
            if about == self._machine.version:
                self._become(_State())
                return LOOK_EVERY
            self._refuse(release, signed.key, wanted.attempt)
            self._become(_State("under_way", about, wanted.attempt))
            self._have(release, wanted)
        except Unavailable as error:
            self._failures += 1
            self._become(_State("under_way", about, wanted.attempt, str(error)))
            return delay_after(self._failures, ceiling=CEILING)
        except HanzaError as error:
            if isinstance(error, BadArchive):
                self._spoilt = _digest_of(wanted)
            self._become(_State("failed", about, wanted.attempt, f"{error} ({error.code})"))
        return LOOK_EVERY

    def _refuse(self, release: Release, key: bytes, attempt: int) -> None:
        rules, machine = self._rules, self._machine
        if key not in rules.keys:
            hint = "hanza local updates --pin KEY"
            raise BadSignature("no key that is pinned here has signed it", hint=hint)
        refuse_consent(release.version, rules)
        refuse_release(release, machine.version, machine.tag, self._clock.now())
        if machine.launched is None:
            raise NotForHere(
                "no launcher runs this agent, so it could not go back", hint="hanza agent launch"
            )
        returned = self._slots.returned()
        if returned is not None and _is_given_up(returned, release, attempt, rules.forgiven):
            raise NotForHere(f"it was tried and given up: {returned.why}")
        if release.digest == self._spoilt:
            raise BadArchive("what came is not what was signed, or cannot be unpacked")

    def _have(self, release: Release, wanted: UpdateWanted) -> None:
        blob = Blob(BlobId(release.digest), release.size)
        free = self._slots.free_bytes()
        if free < LARGER_MAX * release.size + ROOM_KEPT_BYTES:
            raise Exhausted(f"the site's disk has {free // 2**20} MiB free")
        try:
            path = self._blobs.find(blob.id) or self._fetched(blob, wanted)
            launched = self._machine.launched
            assert launched is not None, "that was asked before"
            slot = self._slots.lay(path, launched.slot, lambda told: _compare(told, release))
            path.unlink()
            if self._wanted is not wanted:
                raise Unavailable("something else is wanted now")
            self._slots.stage(slot, release, wanted.attempt)
        except OSError as error:
            raise Unavailable(f"it cannot be kept here: {error.strerror}") from error
        self._is_over = True
        _log.info("update.staged", version=release.version, slot=slot)
        self._note("update.staged", f"the agent's release {release.version} is about to be tried")
        self.end()

    def _fetched(self, blob: Blob, wanted: UpdateWanted) -> Path:
        self._blobs.sweep_parts({blob.id})
        with self._blobs.begin(blob.id, blob.size) as part:
            is_resumed = part.size > 0
            try:
                for chunk in self._fetch(blob, part.size) if part.size < blob.size else ():
                    part.write(chunk)
                    if self._wanted is not wanted:
                        raise Unavailable("something else is wanted now")
                if part.size < blob.size:
                    raise Unavailable("it was cut short")
                return part.keep()
            except (TooLong, WrongContent) as error:
                part.drop()
                if is_resumed:
                    # Perhaps the machine went down before the part was whole on the disk.
                    raise Unavailable("what was begun cannot be gone on with") from error
                raise BadArchive("what came is not what was signed") from error

    def _tell_returned(self) -> None:
        returned = self._slots.returned()
        if returned is None or self._journal.load(TOLD) == b"%d" % returned.number:
            return
        if self._noted != returned.number:
            self._noted = returned.number
            _log.warning("update.returned", version=returned.version, why=returned.why)
            text = f"the agent's release {returned.version} was given up: {returned.why}"
            self._note("update.returned", text)
        with suppress(OSError):  # a full disk: tried again, and not told again
            self._journal.save(TOLD, b"%d" % returned.number)

    def _note(self, kind: str, text: str) -> None:
        self._diary.note((Happening(self._clock.now(), kind, "", text),))

    def _become(self, state: _State) -> None:
        """No longer than may be said: others' words are in it."""
        state = replace(state, why=state.why[:TEXT_MAX])
        with self._lock:
            is_news = state != self._state
            self._state = state
        if is_news:
            self.hint()
        if is_news and state.condition == "failed":
            _log.warning("update.refused", version=state.about, why=state.why)


def _is_revoked(said: Revocation) -> bool:
    with suppress(BadSignature):
        check_revocation(said)
        return True
    return False


def _digest_of(wanted: UpdateWanted) -> str:
    return read_release(Signed(wanted.statement, wanted.key, wanted.signature)).digest


def _is_given_up(returned: Returned, release: Release, attempt: int, forgiven: int) -> bool:
    is_same = returned.digest == release.digest
    return is_same and attempt <= (returned.attempt or 0) and returned.number > forgiven


def _compare(told: ManifestDoc, release: Release) -> None:
    if (told.version, told.tag) != (release.version, release.tag):
        raise BadArchive("the archive's manifest is of another release than was signed")
