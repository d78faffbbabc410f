"""What the loop does for the site's own sake: keep its diary, answer its people, look at strangers.

Promises: what happens while no plane is there is written down, once and in order; while one is
there its reports say it and the diary is silent.  It gives no order to the engine.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from hanza.agent.diary import Diary
from hanza.agent.door import Door
from hanza.agent.local import Local
from hanza.agent.telling import Telling
from hanza.kit.clock import Clock
from hanza.model.errors import DriverError
from hanza.model.guest import Stranger
from hanza.model.local import Happening
from hanza.model.report import View
from hanza.plan.diary import happened

WAITING_MAX = 10_000
STRANGERS_EVERY = timedelta(minutes=1)


class Here:
    """One thread calls `note`; `close` may be another's."""

    def __init__(
        self,
        diary: Diary,
        local: Local,
        door: Door,
        telling: Telling,
        strangers: Callable[[], tuple[Stranger, ...]],
        clock: Clock,
    ) -> None:
        """`clock` is the machine's own: people read what it says."""
        self._clock = clock
        self.local = local
        self.door = door
        self._diary = diary
        self._telling = telling
        self._strangers = strangers
        self._looked_at: datetime | None = None
        self._seen: View | None = None
        self._was_linked = False
        self._has_lost = False
        self._is_full = False
        self.trouble_of_disk: Callable[[], str] = lambda: local.trouble
        """Why the disk of the agent's folder takes nothing; empty when it does."""

    def note(self, view: View, *, is_linked: bool) -> None:
        """After each pass."""
        now = self._clock.now()
        told: list[Happening] = []
        if self._was_linked and not is_linked:
            self._has_lost = True
            told.append(Happening(now, "link.lost", "", "no plane is there"))
        if not is_linked or not self._was_linked:
            told += happened(self._seen, view, now)
        if is_linked and self._has_lost:
            self._has_lost = False
            told.append(Happening(now, "link.back", "", "a plane is there again"))
        told += self._disk(now)
        self._seen, self._was_linked = view, is_linked
        self.local.view = view
        self._diary.note(told)
        self._diary.live(now)
        self._look_at_strangers(now)

    @property
    def waiting(self) -> int:
        """Lines of the diary that no plane has taken."""
        return len(self._diary.waiting(WAITING_MAX))

    def close(self) -> None:
        self._diary.live(self._clock.now(), is_last=True)
        self.door.close()

    def _disk(self, now: datetime) -> list[Happening]:
        """Told once when it is so, and once when it is over."""
        why = self.trouble_of_disk()
        if bool(why) == self._is_full:
            return []
        self._is_full = bool(why)
        if why:
            text = (
                f"the agent's disk takes nothing ({why}): it goes on with what it was told before"
            )
            return [Happening(now, "disk.full", "", text)]
        return [Happening(now, "disk.back", "", "the agent's disk takes what it has to keep again")]

    def _look_at_strangers(self, now: datetime) -> None:
        before = self._looked_at
        if before is not None and timedelta(0) <= now - before < STRANGERS_EVERY:
            return
        self._looked_at = now
        with suppress(DriverError):  # the view says what is wrong with the engine
            self._telling.strangers = self._strangers()
