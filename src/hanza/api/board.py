"""What agents count of their sites, at the plane that has their link: kept in memory.

Promises: of each agent as many numbers as there are names in the catalogue, and the last ones of
an agent that has gone for `KEPT_FOR`; who asks for fresh ones waits `FRESH_WITHIN_S` at most, and
then gets what there is with its age.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hanza.model.ids import AgentId
from hanza.model.numbers import Numbers, known

KEPT_FOR = timedelta(days=1)
FRESH_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one agent said, and when last."""

    numbers: Numbers
    at: datetime


@dataclass(eq=False)
class Board:
    """Of one plane.  Any thread may ask, and tell."""

    ask: Callable[[AgentId], bool] = field(default=lambda _: False)
    """Have an agent say all of it now; False where it cannot be asked here.  Never waits."""

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._told: dict[AgentId, Told] = {}
        self._count: dict[AgentId, int] = {}

    def take(self, agent: AgentId, numbers: Numbers, now: datetime) -> None:
        """What is not named stays as it was."""
        with self._changed:
            before = self._told.get(agent)
            merged = {**(before.numbers if before else {}), **known(numbers)}
            self._told[agent] = Told(merged, now)
            self._count[agent] = self._count.get(agent, 0) + 1
            self._changed.notify_all()

    def told(self, now: datetime) -> dict[AgentId, Told]:
        """Whatever is not too old to mean anything."""
        with self._changed:
            old = [agent for agent, one in self._told.items() if now - one.at > KEPT_FOR]
            for agent in old:
                del self._told[agent], self._count[agent]
            return dict(self._told)

    def refresh(self, asked: Sequence[AgentId], within_s: float = FRESH_WITHIN_S) -> None:
        """Returns once all that could be asked have answered, or it has taken too long."""
        with self._changed:
            before = {agent: self._count.get(agent, 0) for agent in asked}
        waited = [agent for agent in asked if self.ask(agent)]
        with self._changed:
            self._changed.wait_for(
                lambda: all(self._count.get(one, 0) > before[one] for one in waited), within_s
            )
