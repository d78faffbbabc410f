"""The plane's half of what an agent tells of its site: taken over, and answered after the commit.

Bounded per connection, so that no agent fills the store with words.
"""

from datetime import datetime

from hanza.api.calls import Plane
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId
from hanza.store.told import diary_number, record_checkup, record_diary, record_strangers
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_site_words import checkup_from_wire, line_from_wire, strangers_from_wire

LINES_MAX = 5000
NEWS_MAX = 2000
"""Of one connection: checkups, and lists of strangers."""


class SiteTold:
    """One connection's."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._lines = 0
        self._news = 0

    def open(self, agent: AgentId) -> list[v1.Down]:
        """Which line of its diary was taken last: by that it may tell more."""
        return [v1.DiaryTaken(self._plane.store.read(diary_number, agent))]

    def take(
        self,
        agent: AgentId,
        message: v1.Diary | v1.Checkup | v1.Strangers | v1.NumbersUp,
        now: datetime,
    ) -> list[v1.Down]:
        store = self._plane.store
        match message:
            case v1.Diary(lines):
                self._lines += len(lines)
                _refuse_more(self._lines, LINES_MAX, "lines of a diary")
                told = [line_from_wire(line) for line in lines]
                return [v1.DiaryTaken(store.write(record_diary, agent, told, now))]
            case v1.Checkup():
                self._count_news()
                store.write(record_checkup, agent, checkup_from_wire(message))
            case v1.NumbersUp(values):
                self._plane.board.take(agent, values, now)
            case v1.Strangers():
                self._count_news()
                store.write(record_strangers, agent, strangers_from_wire(message), now)
        return []

    def _count_news(self) -> None:
        self._news += 1
        _refuse_more(self._news, NEWS_MAX, "words of its site")


def _refuse_more(count: int, most: int, what: str) -> None:
    if count > most:
        raise Invalid(f"more than {most} {what} on one connection", field="frame")
