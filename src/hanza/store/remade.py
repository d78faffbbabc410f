"""What is made of rows: a row that is as it was gives the very object that it gave.

So what is made of one manifest serves the next: what did not change is neither built, nor put
into words, nor compared a second time.  Nothing is known here that the row does not say: whoever
asks has read it in his own transaction.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from hanza.model.ids import AgentId

T = TypeVar("T")
LARGE = 2_048
"""Characters of user data, which tenants may send at will: what has more is not remembered."""


class Latest(Generic[T]):
    """Under each key what was made last.  When `kept` are known, all are forgotten."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._known: dict[str, tuple[Any, T]] = {}

    def of(self, key: str, said: Any, make: Callable[[], T], *, is_kept: bool) -> T:
        """The very object where the same was said last; what is large is not kept."""
        known = self._known.get(key)
        if known is not None and known[0] == said:
            return known[1]
        made = make()
        if is_kept:
            if len(self._known) >= self._kept:
                self._known.clear()
            self._known[key] = (said, made)
        return made


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
