"""The plane's half of updating agents: which release is wanted of one, and what it says of itself.

Bounded per connection, so that no agent fills the store with words.
"""

from datetime import datetime

from hanza.api.calls import Plane
from hanza.kit.text import one_line
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId
from hanza.store.releases import Runs, list_revoked, record_runs
from hanza.store.rollouts import find_wanted, hint_rollout, note_failed, rollouts_number
from hanza.store.tx import Tx
from hanza.wire import agent_v1 as v1

NEWS_MAX = 2000
"""Of one connection."""
WORDS_MAX = 300


class UpdateTold:
    """One connection's."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._news = 0
        self._number = -1
        self._told: v1.UpdateWanted | None = None

    def is_behind(self, number: int) -> bool:
        """Whether something else may be wanted, given the number of the last change."""
        return number != self._number

    def news(self, agent: AgentId) -> list[v1.Down]:
        """What is wanted, where that is another than was told; first of all that nothing is."""
        store = self._plane.store
        number = store.read(rollouts_number)
        if number == self._number:
            return []
        self._number = number
        found = store.read(find_wanted, agent)
        revoked = [v1.RevokedW(one.key, one.signature) for one in store.read(list_revoked)]
        wanted = v1.UpdateWanted(revoked=revoked)
        if found is not None:
            signed, attempt = found
            said = (signed.statement, signed.key, signed.signature)
            wanted = v1.UpdateWanted(*said, attempt, revoked)
        if wanted == self._told:
            return []
        self._told = wanted
        return [wanted]

    def take(self, agent: AgentId, message: v1.Running, now: datetime) -> list[v1.Down]:
        self._news += 1
        if self._news > NEWS_MAX:
            raise Invalid(f"more than {NEWS_MAX} words of itself on one connection", field="frame")
        is_first = self._news == 1
        self._plane.store.write(_take, agent, _runs_of(message), is_first, now)
        self._plane.wake()
        self._number = -1  # it may be of another platform than was known
        return self.news(agent)


def _take(tx: Tx, agent: AgentId, said: Runs, is_first: bool, now: datetime) -> None:
    record_runs(tx, agent, said, is_first=is_first, now=now)
    note_failed(tx, agent, said)
    hint_rollout(tx, now)


def _runs_of(said: v1.Running) -> Runs:
    return Runs(
        one_line(said.version)[:WORDS_MAX],
        one_line(said.tag)[:WORDS_MAX],
        said.consent,
        frozenset(one_line(word)[:WORDS_MAX] for word in said.words),
        frozenset(said.keys),
        said.can_return,
        said.condition,
        one_line(said.about)[:WORDS_MAX],
        said.attempt,
        one_line(said.why)[:WORDS_MAX],
    )
