"""Batches one by one: each kind of step, what is refused, and what is said of a bound."""

from fractions import Fraction

import numpy as np
import pytest

from hanza.plan.placement.batch import (
    NOWHERE,
    Answer,
    Batch,
    TooLarge,
    batch_of,
    better_batch,
    counts,
    place_batch,
)
from hanza.plan.placement.batch_search import (
    Books,
    best_step,
    empty_books,
    improve,
    place_first_fits,
    put,
    rescue,
)
from hanza.plan.placement.bound import Bound, Proven, check, prove, proven
from kit.batches import a_batch, whole

ONE = (1, 0, 0)


def standing(batch: Batch, sites: list[int]) -> Books:
    """Everybody where this says."""
    books = empty_books(batch.room, len(batch.takes))
    for workload, site in enumerate(sites):
        part = range(batch.starts[workload], batch.starts[workload + 1])
        put(
            batch.pairs,
            books,
            workload,
            next((pair for pair in part if batch.sites[pair] == site), NOWHERE),
        )
    return books


def at(batch: Batch, books: Books) -> list[int]:
    return [NOWHERE if one == NOWHERE else int(batch.sites[one]) for one in books.chosen]


def test_pairs_come_cheapest_first_and_of_equals_the_lower_site() -> None:
    batch = a_batch([ONE, ONE], [ONE] * 3, [(1, 2, 5), (1, 0, 5), (1, 1, 2), (0, 1, 9)])
    assert batch.starts.tolist() == [0, 1, 4]
    assert batch.sites.tolist() == [1, 1, 0, 2]
    assert batch.costs.tolist() == [9, 2, 5, 5]
    assert batch.unplaced_cost == 1 + 9 + 5


def test_a_pair_that_would_not_fit_alone_is_none() -> None:
    batch = a_batch([(2, 0, 0)], [(1, 9, 9), (2, 0, 0)], [(0, 0, 1), (0, 1, 7)])
    assert batch.sites.tolist() == [1]


def test_who_has_the_fewest_options_goes_first() -> None:
    batch = a_batch([ONE, ONE], [ONE, ONE], [(0, 0, 1), (0, 1, 3), (1, 0, 1)])
    answer = place_batch(batch)
    assert answer.at.tolist() == [1, 0]
    assert (answer.cost, answer.unplaced) == (4, 0)


def test_a_shift_goes_to_a_cheaper_site_with_room() -> None:
    batch = a_batch([ONE], [ONE, ONE], [(0, 0, 4), (0, 1, 1)])
    books = standing(batch, [0])
    assert improve(batch.pairs, books, 9) == 1
    assert at(batch, books) == [1]
    assert books.free.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_a_swap_gives_each_the_place_of_the_other() -> None:
    batch = a_batch([ONE, ONE], [ONE, ONE], [(0, 0, 1), (0, 1, 9), (1, 0, 9), (1, 1, 1)])
    books = standing(batch, [1, 0])
    step = best_step(batch.pairs, books, 0)
    assert (step.gain, step.out) == (-16, 1)
    assert improve(batch.pairs, books, 9) == 1
    assert at(batch, books) == [0, 1]


def test_an_ejection_sends_the_other_to_a_third_site() -> None:
    batch = a_batch([ONE, ONE], [ONE] * 3, [(0, 0, 1), (0, 1, 9), (1, 0, 1), (1, 1, 20), (1, 2, 3)])
    books = standing(batch, [1, 0])
    improve(batch.pairs, books, 9)
    assert at(batch, books) == [0, 2]


def test_an_ejection_helps_who_has_no_place() -> None:
    batch = a_batch([ONE, ONE], [ONE, ONE], [(0, 0, 1), (1, 0, 1), (1, 1, 9)])
    books = standing(batch, [NOWHERE, 0])
    improve(batch.pairs, books, 9)
    assert at(batch, books) == [0, 1]


def test_of_two_for_one_place_the_cheaper_has_it() -> None:
    batch = a_batch([ONE, ONE], [ONE], [(0, 0, 5), (1, 0, 2)])
    books = standing(batch, [0, NOWHERE])
    improve(batch.pairs, books, 9)
    assert at(batch, books) == [NOWHERE, 0]


def test_no_step_puts_more_on_a_site_than_it_has_in_any_dimension() -> None:
    batch = a_batch(
        [(1, 1, 2), (1, 1, 1)], [(9, 9, 1), (9, 9, 2)], [(0, 1, 1), (1, 0, 1), (1, 1, 9)]
    )
    books = standing(batch, [1, NOWHERE])
    improve(batch.pairs, books, 9)
    assert at(batch, books) == [1, 0]


def test_a_chain_of_ejections_finds_the_last_place() -> None:
    """0 wants where 1 is, 1 can only go where 2 is, and 2 has a place left."""
    batch = a_batch([ONE] * 3, [ONE] * 3, [(0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 1, 1), (2, 2, 1)])
    books = standing(batch, [NOWHERE, 0, 1])
    assert improve(batch.pairs, books, 9) == 0
    rescue(batch.pairs, books, 1, 100)
    assert at(batch, books) == [NOWHERE, 0, 1]
    rescue(batch.pairs, books, 2, 1)
    assert at(batch, books) == [NOWHERE, 0, 1]
    rescue(batch.pairs, books, 2, 100)
    assert at(batch, books) == [0, 1, 2]


def test_a_free_place_needs_no_chain() -> None:
    batch = a_batch([ONE], [ONE], [(0, 0, 1)])
    books = standing(batch, [NOWHERE])
    rescue(batch.pairs, books, 1, 0)
    assert at(batch, books) == [0]


def test_several_at_one_site_are_left_in_any_order() -> None:
    batch = a_batch([ONE] * 3, [(3, 0, 0)], [(n, 0, 1) for n in range(3)])
    for leaver in range(3):
        books = standing(batch, [0, 0, 0])
        put(batch.pairs, books, leaver, NOWHERE)
        assert books.free.tolist() == [[1, 0, 0]]
        place_first_fits(batch.pairs, books, np.array([leaver]))
        assert at(batch, books) == [0, 0, 0]


def test_passes_are_bounded() -> None:
    batch = a_batch([ONE], [ONE, ONE], [(0, 0, 4), (0, 1, 1)])
    assert improve(batch.pairs, standing(batch, [0]), 1) == 1


def test_what_is_there_is_bettered_or_only_completed() -> None:
    """The first has the place of the last, which could go nowhere else."""
    pairs = [(0, 0, 0), (0, 1, 5), (1, 1, 9), (1, 2, 1), (2, 0, 0)]
    batch = a_batch([(1, 1, 1)] * 3, [(1, 1, 1)] * 3, pairs)
    missing, all_there = whole([0, 2, NOWHERE]), whole([1, 1, 0])
    assert better_batch(batch, missing, betters=False).at.tolist() == [1, 2, 0]
    assert better_batch(batch, missing).at.tolist() == [1, 2, 0]
    roomy = a_batch([(1, 1, 1)] * 3, [(2, 2, 2)] * 3, pairs)
    assert better_batch(roomy, all_there, betters=False).at.tolist() == [1, 1, 0]
    assert better_batch(roomy, all_there).at.tolist() == [0, 2, 0]
    for wrong in ([2, NOWHERE, 0], [1, 1, 0]):
        with pytest.raises(ValueError, match="there is room for it"):
            better_batch(batch, whole(wrong))


def test_what_cannot_be_placed_stays_where_it_counts_least() -> None:
    batch = a_batch([(1, 1, 1)] * 2, [(1, 1, 1)], [(0, 0, 3), (1, 0, 1)])
    for betters in (True, False):
        answer = better_batch(batch, whole([0, NOWHERE]), betters=betters)
        assert (answer.unplaced, answer.at.tolist()) == (1, [NOWHERE, 0])


def test_an_empty_batch_has_an_answer() -> None:
    batch = a_batch([], [], [])
    answer = place_batch(batch)
    assert (answer.at.tolist(), answer.cost, answer.unplaced) == ([], 0, 0)
    bound = prove(batch, answer)
    assert bound.least == 0
    assert proven(batch, answer, bound).sentence == "within 0.00 % of optimal"


@pytest.mark.parametrize(
    ("takes", "room", "pairs", "says"),
    [
        ([(-1, 0, 0)], [ONE], [], "taken is out"),
        ([ONE], [(0, -1, 0)], [], "a room is out"),
        ([ONE], [ONE], [(1, 0, 1)], "a workload is out"),
        ([ONE], [ONE], [(0, 1, 1)], "a site is out"),
        ([ONE], [ONE], [(0, 0, -1)], "a cost is out"),
        ([ONE], [ONE], [(0, 0, 1), (0, 0, 2)], "said twice"),
    ],
)
def test_what_is_strange_is_refused(
    takes: list[tuple[int, int, int]],
    room: list[tuple[int, int, int]],
    pairs: list[tuple[int, int, int]],
    says: str,
) -> None:
    with pytest.raises(ValueError, match=says):
        a_batch(takes, room, pairs)


def test_room_has_three_dimensions_and_pairs_three_parts() -> None:
    none = whole([])
    with pytest.raises(ValueError, match="3 dimensions"):
        batch_of(whole([[1]]), whole([[1, 1, 1]]), none, none, none)
    with pytest.raises(ValueError, match="3 dimensions"):
        batch_of(whole([[1, 1, 1]]), whole([1]), none, none, none)
    with pytest.raises(ValueError, match="a workload, a site and a cost"):
        batch_of(whole([[1, 1, 1]]), whole([[1, 1, 1]]), whole([0]), none, none)


def test_numbers_whose_sums_would_not_be_exact_are_refused() -> None:
    with pytest.raises(TooLarge, match="63 bits"):
        a_batch([ONE] * 9, [ONE] * 9, [(0, 0, 2**58)])
    with pytest.raises(TooLarge, match="sums"):
        a_batch([ONE] * 4, [ONE], [(0, 0, 2**58)])
    with pytest.raises(TooLarge, match="sums"):
        a_batch([(2**40, 0, 0)], [(2**40, 0, 0)], [(0, 0, 2**20)])


def test_prices_prove_that_two_cannot_have_one_place() -> None:
    batch = a_batch([ONE, ONE], [ONE, ONE], [(w, s, 1 + 4 * s) for w in (0, 1) for s in (0, 1)])
    answer = place_batch(batch)
    assert check(batch, whole([[0, 0, 0], [0, 0, 0]]), 1) == 2
    assert check(batch, whole([[8, 0, 0], [0, 0, 0]]), 2) == counts(batch, answer) == 6
    bound = prove(batch, answer)
    assert bound.least == 6
    assert proven(batch, answer, bound) == Proven(0, 0, 6, Fraction(0))


def test_prices_prove_that_one_must_be_left() -> None:
    batch = a_batch([ONE, ONE], [ONE], [(0, 0, 5), (1, 0, 2)])
    answer = place_batch(batch)
    said = proven(batch, answer, prove(batch, answer))
    assert said == Proven(1, 1, 2, Fraction(0))


def test_what_there_is_no_room_for_is_proven_too() -> None:
    """12 take 4 each and there is room for 20: seven have to be left, and no more are."""
    room = [(10, 9, 9), (10, 9, 9)]
    pairs = [(w, s, w + s) for w in range(12) for s in (0, 1)]
    batch = a_batch([(4, 0, 0)] * 12, room, pairs)
    answer = place_batch(batch)
    assert answer.unplaced == 8, "each site has room for two"
    said = proven(batch, answer, prove(batch, answer))
    assert said.sentence == "not proven: 8 unplaced, at least 7 have to be"


def test_a_bound_that_proves_little_says_so() -> None:
    batch = a_batch([ONE, ONE], [ONE], [(0, 0, 5), (1, 0, 2)])
    answer = place_batch(batch)
    nothing = Bound(np.zeros_like(batch.room), 1, 0)
    assert proven(batch, answer, nothing).sentence == (
        "not proven: 1 unplaced, at least 0 have to be"
    )
    worse = Answer(answer.at, 7, 0, answer.prices)
    assert proven(batch, worse, nothing).sentence == "not proven: the bound on its cost is 0"
    assert proven(batch, worse, Bound(nothing.prices, 1, 6)).sentence == (
        "within 16.67 % of optimal"
    )


def test_prices_that_prove_nothing_are_refused() -> None:
    batch = a_batch([ONE], [ONE], [(0, 0, 1)])
    with pytest.raises(ValueError, match="never negative"):
        check(batch, whole([[-1, 0, 0]]), 1)
    with pytest.raises(ValueError, match="each site"):
        check(batch, whole([[0, 0]]), 1)
    with pytest.raises(ValueError, match="each site"):
        check(batch, whole([[0, 0, 0]]), 0)
    with pytest.raises(TooLarge, match="prices"):
        check(batch, whole([[2**63 - 1, 0, 0]]), 1)
