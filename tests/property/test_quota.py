"""Shards of a count: whatever comes at whichever plane, they say what one counter would say."""

import hypothesis.strategies as st
from hypothesis import given

from hanza.model.quota import DIMENSIONS, NONE, UNLIMITED, Amounts, Limits
from hanza.plan.quota import Shard, exceeded, spread, used_of
from kit.quotas import check_parts

AMOUNTS = st.builds(Amounts, *(st.integers(0, 5) for _ in DIMENSIONS))
LIMITS = st.builds(Limits, *(st.none() | st.integers(0, 12) for _ in DIMENSIONS))
PLANES = st.integers(0, 3)
STEPS = st.lists(
    st.tuples(st.just("take"), PLANES, AMOUNTS)
    | st.tuples(st.just("give"), PLANES, st.integers(0, 99))
    | st.tuples(st.just("swap"), PLANES, st.tuples(st.integers(0, 99), AMOUNTS))
    | st.tuples(st.just("limit"), PLANES, LIMITS),
    max_size=40,
)


class Count:
    """As `store.quotas` counts: a plane's own shard if it can take it, else all of them."""

    def __init__(self) -> None:
        self.shards: dict[int, Shard] = {}
        self.limits = UNLIMITED

    def ask(self, plane: int, change: Amounts) -> bool:
        own = self.shards.get(plane)
        if own is not None and not exceeded(own.used, own.part, change):
            self.shards[plane] = Shard(plane, own.used + change, own.part)
            return True
        if exceeded(self.used, self.limits, change):
            return False
        self._deal(plane, change)
        return True

    def limit(self, plane: int, limits: Limits) -> None:
        self.limits = limits
        self._deal(plane, NONE)

    def _deal(self, plane: int, change: Amounts) -> None:
        after = spread(list(self.shards.values()), self.limits, change, plane)
        self.shards = {one.number: one for one in after}

    @property
    def used(self) -> Amounts:
        return used_of(self.shards.values())


@given(STEPS)
def test_many_planes_decide_as_one_counter_would(steps: list[tuple[str, int, object]]) -> None:
    count, there = Count(), list[Amounts]()
    for kind, plane, what in steps:
        used = sum(there, NONE)
        if isinstance(what, Limits):
            count.limit(plane, what)
        elif isinstance(what, Amounts):
            is_allowed = not exceeded(used, count.limits, what)
            assert count.ask(plane, what) is is_allowed
            there += [what] if is_allowed else []
        elif there and kind == "give":
            gone = there.pop(int(str(what)) % len(there))
            assert count.ask(plane, NONE - gone), "to have less is always allowed"
        elif there and isinstance(what, tuple):
            which, new = what[0] % len(there), what[1]
            change = new - there[which]
            is_allowed = not exceeded(used, count.limits, change)
            assert count.ask(plane, change) is is_allowed
            there[which] = new if is_allowed else there[which]
        assert count.used == sum(there, NONE)
        if count.shards:
            check_parts(list(count.shards.values()), count.limits)


@given(STEPS)
def test_what_is_admitted_never_leads_beyond_a_limit(
    steps: list[tuple[str, int, object]],
) -> None:
    count, beyond = Count(), NONE
    for _, plane, what in steps:
        if isinstance(what, Limits):
            count.limit(plane, what)
            beyond = count.used
        elif isinstance(what, Amounts):
            count.ask(plane, what)
        for one in DIMENSIONS:
            limit = count.limits.of(one)
            assert limit is None or count.used.of(one) <= max(limit, beyond.of(one))
