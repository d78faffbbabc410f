"""The loops of `plan.placement.batch`: first answers, and steps that make them cheaper.

A step is of one workload: it *shifts* to a site with room; or it takes the room of another, which
goes to where the first came from (a *swap*), to a third site (an *ejection*), or, only in favour
of one that has no place either, to none.  Each step makes the answer strictly cheaper, so they
come to an end.  A workload looks at its sites cheapest first, and stops where the cost of the
site alone leaves nothing to gain.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanza.plan.placement.compiler import compiled

NOWHERE = -1


class Pairs(NamedTuple):
    """Of a batch: what is looked at and never changed.  See `batch.Batch`."""

    takes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    sites: npt.NDArray[np.int64]
    costs: npt.NDArray[np.int64]
    unplaced_cost: int


class Books(NamedTuple):
    """An answer in the making: the room left by site, the pair that each workload has, and by
    site who is there, as a list in both directions."""

    free: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]


class Step(NamedTuple):
    """What changes the cost by `gain`, which is less than nothing: `workload` takes the pair
    `to`, and before that `out` (`NOWHERE`: nobody) takes the pair `out_to`."""

    gain: int
    workload: int
    to: int
    out: int
    out_to: int


class Chain(NamedTuple):
    """Links of an ejection chain: who seeks a place, who leaves one for it, and the pair that the
    leaver had; the pair that is tried, and who at its site is looked at after the leaver."""

    seekers: npt.NDArray[np.int64]
    leavers: npt.NDArray[np.int64]
    had: npt.NDArray[np.int64]
    pair: npt.NDArray[np.int64]
    following: npt.NDArray[np.int64]


def empty_books(room: npt.NDArray[np.int64], workloads: int) -> Books:
    """Nobody has a place yet."""
    nobody = np.full(workloads, NOWHERE, np.int64)
    return Books(
        room.copy(), nobody.copy(), np.full(len(room), NOWHERE, np.int64), nobody.copy(), nobody
    )


@compiled
def take_up(
    pairs: Pairs,
    books: Books,
    workloads: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.int64],
) -> None:
    """Each of these gets its pair, whether there is room or not."""
    for at in range(len(workloads)):
        put(pairs, books, workloads[at], chosen[at])


@compiled
def place_first_fits(pairs: Pairs, books: Books, order: npt.NDArray[np.int64]) -> None:
    """Each in this order to the cheapest of its sites that has room, if one has."""
    for workload in order:
        for pair in range(pairs.starts[workload], pairs.starts[workload + 1]):
            if fits(pairs, books, workload, pairs.sites[pair]):
                put(pairs, books, workload, pair)
                break


@compiled
def place_by_prices(
    pairs: Pairs, books: Books, order: npt.NDArray[np.int64], prices: npt.NDArray[np.float64]
) -> None:
    """As `place_first_fits`, cheapest by cost and the price of the room that it takes there."""
    for workload in order:
        least, best = np.inf, NOWHERE
        for pair in range(pairs.starts[workload], pairs.starts[workload + 1]):
            if pairs.costs[pair] >= least:
                break
            site = pairs.sites[pair]
            paid = priced(pairs, prices, workload, pair)
            if paid < least and fits(pairs, books, workload, site):
                least, best = paid, pair
        if best != NOWHERE:
            put(pairs, books, workload, best)


@compiled
def priced(pairs: Pairs, prices: npt.NDArray[np.float64], workload: int, pair: int) -> float:
    """What it costs there, the room that it takes included."""
    site, takes = pairs.sites[pair], pairs.takes
    return float(
        pairs.costs[pair]
        + prices[site, 0] * takes[workload, 0]
        + prices[site, 1] * takes[workload, 1]
        + prices[site, 2] * takes[workload, 2]
    )


@compiled
def improve(pairs: Pairs, books: Books, passes_max: int) -> int:
    """Take the best step of each workload in turn, until none has one.  How many were taken."""
    taken = 0
    for _ in range(passes_max):
        before = taken
        for workload in range(len(books.chosen)):
            step = best_step(pairs, books, workload)
            if step.gain < 0:
                if step.out != NOWHERE:
                    put(pairs, books, step.out, step.out_to)
                put(pairs, books, workload, step.to)
                taken += 1
        if taken == before:
            break
    return taken


@compiled
def rescue(pairs: Pairs, books: Books, length_max: int, tries_max: int) -> None:
    """Find places for those that have none, by chains of ejections whatever they cost: first short
    ones, then longer.  Each may try as many of `tries_max` ejections as any other."""
    hopeless = (books.chosen == NOWHERE).sum()
    share = tries_max // max(length_max * hopeless, 1)
    for length in range(1, length_max + 1):
        for workload in range(len(books.chosen)):
            if books.chosen[workload] == NOWHERE:
                find_place(pairs, books, workload, length, share)


@compiled
def find_place(pairs: Pairs, books: Books, workload: int, length: int, tries: int) -> None:
    """Place it, with up to `length` others gone elsewhere for it, one for another, depth first; if
    `tries` ejections find no such chain, the books are as they were."""
    links = np.full((5, length), NOWHERE)
    chain = Chain(links[0], links[1], links[2], links[3], links[4])
    if takes_free_room(pairs, books, workload):
        return
    begin(pairs, chain, 0, workload)
    last = 0
    while last >= 0:
        if tries == 0 or not finds_leaver(pairs, books, chain, last):
            last -= 1
            if last >= 0:
                give_back(pairs, books, chain, last)
            continue
        tries -= 1
        leaver = eject(pairs, books, chain, last)
        if takes_free_room(pairs, books, leaver):
            return
        if last + 1 < length:
            last += 1
            begin(pairs, chain, last, leaver)
        else:
            give_back(pairs, books, chain, last)


@compiled
def takes_free_room(pairs: Pairs, books: Books, workload: int) -> bool:
    """Whether one of its sites had room for it; then it is there now, at the cheapest."""
    for pair in range(pairs.starts[workload], pairs.starts[workload + 1]):
        if fits(pairs, books, workload, pairs.sites[pair]):
            put(pairs, books, workload, pair)
            return True
    return False


@compiled
def begin(pairs: Pairs, chain: Chain, link: int, seeker: int) -> None:
    """Let it seek from its first pair on."""
    chain.seekers[link] = seeker
    chain.pair[link], chain.following[link] = pairs.starts[seeker] - 1, NOWHERE


@compiled
def finds_leaver(pairs: Pairs, books: Books, chain: Chain, link: int) -> bool:
    """Whether there is one more, not of the chain itself, whose room the seeker could have."""
    seeker = chain.seekers[link]
    while True:
        leaver = chain.following[link]
        if leaver == NOWHERE:
            chain.pair[link] += 1
            if chain.pair[link] == pairs.starts[seeker + 1]:
                return False
            chain.following[link] = books.first[pairs.sites[chain.pair[link]]]
            continue
        chain.following[link] = books.after[leaver]
        is_other = not (chain.seekers[: link + 1] == leaver).any()
        site = pairs.sites[chain.pair[link]]
        if is_other and fits_instead(pairs, books, seeker, leaver, site):
            chain.leavers[link] = leaver
            return True


@compiled
def eject(pairs: Pairs, books: Books, chain: Chain, link: int) -> int:
    """Give the seeker the room of the leaver, who has none then."""
    leaver = chain.leavers[link]
    chain.had[link] = books.chosen[leaver]
    put(pairs, books, leaver, NOWHERE)
    put(pairs, books, chain.seekers[link], chain.pair[link])
    return int(leaver)


@compiled
def give_back(pairs: Pairs, books: Books, chain: Chain, link: int) -> None:
    """Undo `eject`."""
    put(pairs, books, chain.seekers[link], NOWHERE)
    put(pairs, books, chain.leavers[link], chain.had[link])


@compiled
def best_step(pairs: Pairs, books: Books, workload: int) -> Step:
    """The step of this workload that gains most; one with gain 0 where there is none."""
    paid = cost_of(pairs, books, workload)
    best = Step(0, workload, NOWHERE, NOWHERE, NOWHERE)
    for pair in range(pairs.starts[workload], pairs.starts[workload + 1]):
        gain = pairs.costs[pair] - paid
        if gain >= best.gain:
            break
        if fits(pairs, books, workload, pairs.sites[pair]):
            # No site that is dearer can be better, with or without somebody to go.
            return Step(gain, workload, pair, NOWHERE, NOWHERE)
        best = best_ejection(pairs, books, Step(gain, workload, pair, NOWHERE, NOWHERE), best)
    return best


@compiled
def best_ejection(pairs: Pairs, books: Books, wish: Step, best: Step) -> Step:
    """As `best`, or what is better: `wish` with one of those at its site gone elsewhere."""
    site, free = pairs.sites[wish.to], books.free
    takes, workload = pairs.takes, wish.workload
    out = books.first[site]
    while out != NOWHERE:
        if (
            free[site, 0] + takes[out, 0] >= takes[workload, 0]
            and free[site, 1] + takes[out, 1] >= takes[workload, 1]
            and free[site, 2] + takes[out, 2] >= takes[workload, 2]
        ):
            best = best_way_out(pairs, books, Step(wish.gain, workload, wish.to, out, -1), best)
        out = books.after[out]
    return best


@compiled
def best_way_out(pairs: Pairs, books: Books, wish: Step, best: Step) -> Step:
    """As `best`, or what is better: `wish` with the cheapest other site that has room for who
    has to go, that which is left for it included."""
    out, here = wish.out, books.chosen[wish.workload]
    left = NOWHERE if here == NOWHERE else pairs.sites[here]
    base = wish.gain - pairs.costs[books.chosen[out]]
    for pair in range(pairs.starts[out], pairs.starts[out + 1]):
        gain = base + pairs.costs[pair]
        if gain >= best.gain:
            return best
        site = pairs.sites[pair]
        if site == pairs.sites[wish.to]:
            continue
        if fits(pairs, books, out, site) or (
            site == left and fits_instead(pairs, books, out, wish.workload, site)
        ):
            return Step(gain, wish.workload, wish.to, out, pair)
    if base + pairs.unplaced_cost < best.gain:
        return Step(base + pairs.unplaced_cost, wish.workload, wish.to, out, NOWHERE)
    return best


@compiled
def cost_of(pairs: Pairs, books: Books, workload: int) -> int:
    """What this workload counts now."""
    pair = books.chosen[workload]
    return pairs.unplaced_cost if pair == NOWHERE else pairs.costs[pair]


@compiled
def fits(pairs: Pairs, books: Books, workload: int, site: int) -> bool:
    """Whether the site has room for it."""
    free, takes = books.free, pairs.takes
    return bool(
        free[site, 0] >= takes[workload, 0]
        and free[site, 1] >= takes[workload, 1]
        and free[site, 2] >= takes[workload, 2]
    )


@compiled
def fits_instead(pairs: Pairs, books: Books, workload: int, gone: int, site: int) -> bool:
    """Whether the site has room for it once `gone` has left it."""
    free, takes = books.free, pairs.takes
    return bool(
        free[site, 0] + takes[gone, 0] >= takes[workload, 0]
        and free[site, 1] + takes[gone, 1] >= takes[workload, 1]
        and free[site, 2] + takes[gone, 2] >= takes[workload, 2]
    )


@compiled
def put(pairs: Pairs, books: Books, workload: int, pair: int) -> None:
    """Give it this pair, `NOWHERE` for none, and give back what it had."""
    if books.chosen[workload] != NOWHERE:
        leave(pairs, books, workload)
    books.chosen[workload] = pair
    if pair == NOWHERE:
        return
    site = pairs.sites[pair]
    for dimension in range(3):
        books.free[site, dimension] -= pairs.takes[workload, dimension]
    head = books.first[site]
    books.first[site], books.after[workload], books.before[workload] = workload, head, NOWHERE
    if head != NOWHERE:
        books.before[head] = workload


@compiled
def leave(pairs: Pairs, books: Books, workload: int) -> None:
    """Give back its room, and strike it from the list of its site."""
    site = pairs.sites[books.chosen[workload]]
    for dimension in range(3):
        books.free[site, dimension] += pairs.takes[workload, dimension]
    before, after = books.before[workload], books.after[workload]
    if before == NOWHERE:
        books.first[site] = after
    else:
        books.after[before] = after
    if after != NOWHERE:
        books.before[after] = before
