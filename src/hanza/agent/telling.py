"""What an agent tells of its site besides guests: its diary, its checkup, its strangers.

Promises: nothing of it is said to a plane that has not asked, so that older planes hear no word
that they do not know; one portion of the diary is on its way at a time, and the next goes out when
that was taken; what has not changed since it was last said on this connection is not said again.
"""

from collections.abc import Callable

from hanza.agent.diary import Diary
from hanza.model.checkup import Checkup
from hanza.model.guest import Stranger
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_site_v1 import LINES_MAX
from hanza.wire.agent_site_words import checkup_to_wire, line_to_wire, strangers_to_wire


class Telling:
    """Not for two threads: whoever has several holds a lock, as `link` does."""

    def __init__(self, diary: Diary, checkup: Callable[[], Checkup | None] = lambda: None) -> None:
        self._diary = diary
        self._checkup = checkup
        self.strangers: tuple[Stranger, ...] | None = None
        """Who else is at the site; None while nobody has looked."""
        self.open()

    def open(self) -> None:
        """Forget what only the last connection knew."""
        self._is_asked = False
        self._is_on_its_way = False
        self._told_checkup: Checkup | None = None
        self._told_strangers: tuple[Stranger, ...] | None = None

    def hear(self, message: v1.DiaryTaken) -> list[v1.Up]:
        self._is_asked, self._is_on_its_way = True, False
        self._diary.taken(message.number)
        return self.say()

    def say(self) -> list[v1.Up]:
        """What is news; nothing before a plane has asked."""
        if not self._is_asked:
            return []
        said: list[v1.Up] = []
        checkup = self._checkup()
        if checkup is not None and checkup != self._told_checkup:
            self._told_checkup = checkup
            said.append(checkup_to_wire(checkup))
        if self.strangers is not None and self.strangers != self._told_strangers:
            self._told_strangers = self.strangers
            said.append(strangers_to_wire(self.strangers))
        lines = () if self._is_on_its_way else self._diary.waiting(LINES_MAX)
        if lines:
            self._is_on_its_way = True
            said.append(v1.Diary([line_to_wire(line) for line in lines]))
        return said
