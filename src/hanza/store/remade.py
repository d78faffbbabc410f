"""Items of manifests, made of rows: a row that is as it was gives the very object that it gave.

So what is made of one manifest serves the next: what did not change is neither built, nor put
into words, nor compared a second time.  Nothing is known here that the row does not say: whoever
asks has read it in his own transaction.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from hanza.model.ids import AgentId

T = TypeVar("T")


class Remade(Generic[T]):
    """Of each agent, the items of its last manifest; of all of them about `kept`."""

    def __init__(self, kept: int) -> None:
        self._left = kept
        self._known: dict[AgentId, dict[object, tuple[Any, T]]] = {}

    def begin(self, agent: AgentId) -> "Round[T]":
        return Round(self._known.get(agent, {}))

    def keep(self, agent: AgentId, made: "Round[T]") -> None:
        """Those of this round are the last.  Who was published for longest ago is forgotten."""
        self._left += len(self._known.pop(agent, ()))
        self._known[agent] = made.now
        self._left -= len(made.now)
        while self._left < 0 and self._known:
            self._left += len(self._known.pop(next(iter(self._known))))


class Round(Generic[T]):
    """The items of one manifest while it is made."""

    def __init__(self, before: dict[object, tuple[Any, T]]) -> None:
        self._before = before
        self.now: dict[object, tuple[Any, T]] = {}

    def of(self, key: object, said: Any, make: Callable[[], T]) -> T:
        """That of last time where the same was said under this key, or a new one."""
        known = self._before.get(key)
        if known is None or known[0] != said:
            known = (said, make())
        self.now[key] = known
        return known[1]
