"""A plan of moves for what stands: what each would gain and cost, in an order that can be done.

First whatever stands against a rule goes where it may, then hosts are emptied that are to be, then
places are bettered by the goals of whoever stands there.  The plan keeps to a budget, and each of
its prefixes is a legal world (see `rebalance_books`), so it can be done one by
one and left off anywhere.  Where something has to go and finds no room, one other may be moved
out of its way first.

Pure, and a plan only: nothing here, and nowhere in Hanza yet, carries a move out.  It is found by
taking the best step first, and is not proven to be the best plan.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias, cast

from hanza.model.ids import HostId, InstanceId
from hanza.model.policy import Over
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Above
from hanza.plan.placement.rebalance_books import Books
from hanza.plan.placement.rebalance_moves import (
    Aim,
    Budget,
    Hindrance,
    Kept,
    Move,
    Moves,
    Purpose,
    Resident,
    gain_of,
)
from hanza.plan.placement.violations import Violation, find_violations

Steps: TypeAlias = list[tuple[Resident, HostId]]

WAYS_TRIED = 16
"""So many hosts, best first, are looked at for somebody who could make way there."""


def plan_moves(
    residents: Sequence[Resident],
    candidates: Sequence[Candidate],
    above: Above,
    aim: Aim,
    budget: Budget,
) -> Moves:
    """What to move, in which order, and what should go and cannot.  Who is at a host that is not
    among the candidates is not looked at."""
    known = {one.host for one in candidates}
    here = sorted(
        (one for one in residents if one.host in known), key=lambda one: one.wanted.address
    )
    return _Planner(here, candidates, above, aim, budget).plan()


class _Planner:
    """One plan in the making."""

    def __init__(
        self,
        residents: Sequence[Resident],
        candidates: Sequence[Candidate],
        above: Above,
        aim: Aim,
        budget: Budget,
    ) -> None:
        self._residents = residents
        self._above = above
        self._aim = aim
        self._budget = budget
        self._books = Books(residents, candidates, above, aim.emptied, aim.goals)
        self._moves: list[Move] = []
        self._kept: dict[InstanceId, Kept] = {}
        self._is_short = False

    def plan(self) -> Moves:
        if self._aim.mends:
            self._mend()
        self._drain()
        if self._aim.betters:
            self._better()
        return Moves(tuple(self._moves), self._still_kept(), self._is_short)

    def _still_kept(self) -> tuple[Kept, ...]:
        """Those that should go still: what was against a rule may be mended by who moved later."""
        against = {one.instance for one in self._violations()} if self._kept else set()
        found = (self._kept[one.id] for one in self._residents if one.id in self._kept)
        return tuple(
            one for one in found if one.purpose != "violation" or one.resident.id in against
        )

    def _mend(self) -> None:
        """Move what stands against a rule until nothing of it can be moved any more."""
        while any(self._mends(one) for one in self._violations()):
            pass

    def _violations(self) -> tuple[Violation, ...]:
        return find_violations(self._books.standing(), self._above)

    def _mends(self, violation: Violation) -> bool:
        """Whether it, or for a spread another replica at its place, has been sent away."""
        named = next(one for one in self._residents if one.id == violation.instance)
        hindrance = self._send(named, "violation", violation.sentence)
        if hindrance is None:
            return True
        mates = list(self._mates(named, violation))
        if any(self._send(one, "violation", violation.sentence) is None for one in mates):
            self._kept.pop(named.id, None)
            return True
        self._keep(named, "violation", hindrance)
        return False

    def _mates(self, named: Resident, violation: Violation) -> Iterator[Resident]:
        """The other replicas at its place: a spread holds as well when one of them goes."""
        if violation.rule != "spread":
            return
        over = cast("Over", violation.key)
        place = self._books.candidate_of(named).stands_in(over)
        for one in self._residents:
            is_replica = one.component == named.component and one is not named
            if is_replica and self._books.candidate_of(one).stands_in(over) == place:
                yield one

    def _drain(self) -> None:
        """Empty what is to be: whoever has the fewest hosts to go to goes first."""
        books, emptied = self._books, self._aim.emptied
        leaving = [one for one in self._residents if books.at[one.id] in emptied]
        leaving.sort(key=lambda one: sum(1 for _ in books.reach(one)))
        is_moving = True
        while is_moving:
            is_moving = False
            for one in leaving:
                if books.at[one.id] in emptied:
                    where = books.candidate_of(one)
                    why = f"{where.name} at {where.ground.name} is to be empty"
                    hindrance = self._send(one, "drain", why)
                    if hindrance is None:
                        is_moving = True
                    else:
                        self._keep(one, "drain", hindrance)

    def _better(self) -> None:
        """The move that gains most, again and again."""
        passed: set[InstanceId] = set()
        while (found := self._best_gain(passed)) is not None:
            resident, host = found
            if self._overdrawn([resident]) is None:
                self._do(resident, host, "gain", "it is better off there")
                continue
            self._is_short = True
            passed.add(resident.id)
            if len(self._moves) >= self._budget.moves_max:
                return

    def _best_gain(self, passed: set[InstanceId]) -> tuple[Resident, HostId] | None:
        best, above = None, max(self._budget.gain_min, 1) - 1
        for one in self._residents:
            if one.id in passed or self._bound(one) is not None:
                continue
            found = self._books.best_target(one, above)
            if found is not None:
                above, best = found[0], (one, found[1])
        return best

    def _send(self, resident: Resident, purpose: Purpose, why: str) -> Hindrance | None:
        """Move it, and before it somebody out of its way if that must be; else say why not."""
        steps = self._steps_for(resident)
        hindrance = self._hindrance_of(resident, steps)
        if hindrance is not None:
            return hindrance
        *ways, (_, host) = steps
        for other, to in ways:
            self._do(other, to, "way", f"it makes way for {resident.name}")
        self._do(resident, host, purpose, why)
        self._kept.pop(resident.id, None)
        return None

    def _steps_for(self, resident: Resident) -> Steps:
        if self._bound(resident) is not None:
            return []
        found = self._books.best_target(resident)
        return self._way_for(resident) if found is None else [(resident, found[1])]

    def _way_for(self, resident: Resident) -> Steps:
        """Where one other can go somewhere else so that there is a place, the first that is found;
        the books stay as they are."""
        books = self._books
        for to in islice(books.reach(resident), WAYS_TRIED):
            for other in list(books.those_at(to.host)):
                found = None if self._bound(other) else books.best_target(other)
                if found is None:
                    continue
                books.move(other, found[1])
                is_free = books.may_move(resident, to)
                books.move(other, to.host)
                if is_free:
                    return [(other, found[1]), (resident, to.host)]
        return []

    def _hindrance_of(self, resident: Resident, steps: Steps) -> Hindrance | None:
        """Why these steps, or none, are not what is done for it."""
        bound = self._bound(resident)
        if bound is not None:
            return bound
        if steps:
            overdrawn = self._overdrawn([one for one, _ in steps])
            self._is_short |= overdrawn is not None
            return overdrawn
        if next(self._books.reach(resident), None) is None:
            return Hindrance("nowhere", "no other host may run it")
        lacking = "no other host that may run it has room, ports and distance from its replicas"
        return Hindrance("room", lacking)

    def _bound(self, resident: Resident) -> Hindrance | None:
        """Why it cannot be moved at all."""
        if resident.mobility == "never":
            volumes = [one.name for one in resident.demand.pin.volumes if one.host is not None]
            named = f"its volume {', '.join(volumes)} is there" if volumes else "its policy says so"
            return Hindrance("pinned", f"it never moves: {named}")
        if not self._books.candidate_of(resident).is_heard:
            return Hindrance("silent", "its host has not been heard of lately")
        return None

    def _overdrawn(self, residents: Sequence[Resident]) -> Hindrance | None:
        """What of the budget moving all of these would overdraw."""
        budget = self._budget
        if len(self._moves) + len(residents) > budget.moves_max:
            return Hindrance("budget", f"the budget of {budget.moves_max} moves is used up")
        disk_mib = sum(one.disk_mib for one in self._moves)
        disk_mib += sum(one.demand.room.disk_mib for one in residents)
        if budget.disk_mib_max is not None and disk_mib > budget.disk_mib_max:
            text = f"the budget of {budget.disk_mib_max} MiB of disk is used up"
            return Hindrance("budget", text)
        return None

    def _keep(self, resident: Resident, purpose: Purpose, why: Hindrance) -> None:
        self._kept[resident.id] = Kept(resident, self._books.candidate_of(resident), purpose, why)

    def _do(self, resident: Resident, host: HostId, purpose: Purpose, why: str) -> None:
        books = self._books
        origin, target = books.candidate_of(resident), books.hosts[host]
        gain = gain_of(resident, origin, target, books.gain(resident, host))
        books.move(resident, host)
        is_free = next(books.those_at(origin.host), None) is None
        self._moves.append(Move(resident, origin, target, purpose, why, gain, is_free))
