"""Which of the hosts that may run a demand can matter to a group of so many members.

`choose` searches among all hosts that fit; this leaves out those that cannot be in its answer, so
that it finds the same one among few.

Why that is so.  The answer has the most points less fines, and of equals it comes first in the
members' own orders of hosts.  Call a place (host, site, provider, country) *new* when no replica
stood there before, and *unused* when no other member of the group is put there.  Let an answer
put a member at host h, which is at place p of one kind, and let k new places of that kind come
before p in the member's order (each by its first host that fits), all inside the same places of
the kinds around it that spreads ask about.  The other k - 1 members use at most k - 1 of them, so
one, q, is new and unused, and so is its first host g.  Put the member at g instead: g fits it
alone and nobody else takes of it; its points are not fewer, because it comes before h; whatever
spreads ask about around q is as it was; and at q, and all inside it, the member stands alone, which
makes no share too large and no number of different places smaller.  So the new answer is not worse
and comes before the old one, which was therefore not the answer.

Hence of every kind that a spread asks about, inside whatever is around it, the first k new ones
are enough, with those where replicas stood before.  A provider is in many countries and the other
way round: where spreads ask about both, providers are counted by country, and no country is left
out.  Members of one component that ask the same are put in order afterwards, which changes
nothing and moves nobody back.

Company.  Beside what stands already, a member is apart at a new place and at q as well, so such a
kind counts as one that a spread asks about.  Members that want to be beside each other, or that
count against one provider's terms, may be moved only where the place of that kind stays the same:
nothing is left out of such a *fixed* kind, nor of those around it.  Who wants to share a host may
be moved only together with all who are there, inside the site.  A host that nobody is bound to and
that has room and ports for the whole group takes any of them: so of a site all hosts up to the
k-th such new one are enough.

Points may be the host's own (room), and the order above is that of hosts with all their points.
Inside one site it is the same for everybody but for hosts that somebody is bound to: the emptier
one has no fewer points for anybody, and of those with as many it comes first.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanza.model.policy import Over
from hanza.plan.placement.fleet.layout import Mask

INWARDS: tuple[Over, ...] = ("country", "provider", "site", "host")
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Of each host that fits, in the order of preference: its places as numbers, and whether
    replicas stand there already."""

    codes: dict[Over, Codes]
    is_settled: dict[Over, Mask]


def worth_trying(
    places: Places,
    members: int,
    overs: Collection[Over],
    fixed: Collection[Over] = (),
    is_roomy: Mask | None = None,
) -> Mask:
    """Which hosts can be in the answer for a group of so many.

    `overs` are what spreads ask about, and company with what stands; `fixed` what members have
    to do with each other.  Where that is their host, `is_roomy` tells which could take them all.
    """
    count = len(places.codes["host"])
    around: Codes = np.zeros(count, np.int64)
    kept: Mask = np.ones(count, np.bool_)
    asked = {*overs, *fixed, "host", *(("site",) if "host" in fixed else ())}
    for depth, over in enumerate(INWARDS):
        if over not in asked:
            continue
        codes = _pairs(around, places.codes[over])
        is_fixed = not set(INWARDS[depth:]).isdisjoint(fixed)
        if is_fixed and over == "host" and is_roomy is not None:
            is_new = is_roomy & ~places.is_settled["host"]
            kept &= _until(around, is_new, members) | places.is_settled["host"]
        elif not is_fixed and (over != "country" or "provider" not in asked):
            kept &= _first(codes, around, places.is_settled[over], members)
        around = codes
    return kept


def _until(around: Codes, is_counted: Mask, most: int) -> Mask:
    """Of those around, all up to the so many-th that counts."""
    order = np.argsort(around, kind="stable")
    counted = is_counted[order].astype(np.int64)
    before = np.cumsum(counted) - counted
    groups = around[order]
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    inside = before - np.repeat(before[starts], np.diff([*starts, len(groups)]))
    found = np.zeros(len(around), np.bool_)
    found[order] = inside < most
    return found


def _first(codes: Codes, around: Codes, is_settled: Mask, most: int) -> Mask:
    """Who is at one of the first so many new places inside what is around, or at a settled one."""
    _, starts, numbers = np.unique(codes, return_index=True, return_inverse=True)
    is_new = ~is_settled[starts]
    order = np.argsort(starts)
    order = order[is_new[order]]
    ranks = np.full(len(starts), -1)
    ranks[order] = _count_within(around[starts[order]])
    found: Mask = (ranks < most)[numbers]
    return found


def _count_within(groups: Codes) -> Codes:
    """How many of the same group come before each."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    is_start = np.ones(len(groups), np.bool_)
    is_start[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(is_start)
    counts = np.empty(len(groups), np.int64)
    counts[order] = np.arange(len(groups)) - np.repeat(starts, np.diff([*starts, len(groups)]))
    return counts


def _pairs(one: Codes, other: Codes) -> Codes:
    """A number for each different pair."""
    _, numbers = np.unique(one * (other.max(initial=0) + 1) + other, return_inverse=True)
    found: Codes = numbers
    return found
