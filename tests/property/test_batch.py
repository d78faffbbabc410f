"""Batches: never over the room, never where it may not go, and proven against every answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.plan.placement.batch import Batch, batch_of, counts, place_batch
from hanza.plan.placement.bound import check, prove, proven
from kit.batches import (
    batches,
    least_count,
    options_of,
    random_batch,
    what_is_wrong,
    whole,
)

TIGHT = [random_batch(seed, 7, 3, share) for seed in range(60) for share in (0.6, 0.75, 0.9)]


def worth_by_hand(batch: Batch, prices: list[list[int]], scale: int) -> int:
    """What prices prove, as plainly as can be: what the least anybody pays sums up to, less what
    the room is worth, rounded up to a whole count."""
    paid = 0
    for workload, takes in enumerate(batch.takes.tolist()):
        pays = [batch.unplaced_cost * scale]
        for site, cost in options_of(batch, workload):
            room = sum(p * take for p, take in zip(prices[site], takes, strict=True))
            pays.append(cost * scale + room)
        paid += min(pays)
    for price, room in zip(prices, batch.room.tolist(), strict=True):
        paid -= sum(p * r for p, r in zip(price, room, strict=True))
    return -(-paid // scale)


@given(batches())
@settings(max_examples=200, deadline=None)
def test_an_answer_keeps_to_room_and_pairs_and_its_bound_is_one(batch: Batch) -> None:
    answer = place_batch(batch)
    assert not what_is_wrong(batch, answer)
    bound, best = prove(batch, answer, 200), least_count(batch)
    assert bound.least <= best <= counts(batch, answer)
    said = proven(batch, answer, bound)
    assert said.unplaced_least <= best // batch.unplaced_cost
    if said.cost_least is not None:
        assert answer.unplaced == best // batch.unplaced_cost
        assert said.cost_least <= best % batch.unplaced_cost <= answer.cost
    if said.gap is not None:
        assert answer.cost <= best % batch.unplaced_cost * (1 + said.gap)


@given(batches(), st.data(), st.integers(1, 1000))
@settings(max_examples=200, deadline=None)
def test_any_prices_at_all_prove_no_more_than_is_so(
    batch: Batch, data: st.DataObject, scale: int
) -> None:
    """The certificate is the prices: whoever made them up, what they prove is true."""
    row = st.lists(st.integers(0, 20 * scale), min_size=3, max_size=3)
    rows = data.draw(st.lists(row, min_size=len(batch.room), max_size=len(batch.room)))
    found = check(batch, whole(rows).reshape(-1, 3), scale)
    assert found == worth_by_hand(batch, rows, scale)
    assert found <= least_count(batch)


@given(batches(), st.data())
@settings(max_examples=50, deadline=None)
def test_the_same_batch_has_the_same_answer_in_whatever_order_it_is_told(
    batch: Batch, data: st.DataObject
) -> None:
    answer, again = place_batch(batch), place_batch(batch)
    workloads = np.repeat(np.arange(len(batch.takes)), np.diff(batch.starts))
    order = whole(data.draw(st.permutations(range(len(workloads)))))
    pairs = workloads[order], batch.sites[order], batch.costs[order]
    other = batch_of(batch.takes, batch.room, *pairs)
    turned = place_batch(other)
    assert answer.at.tolist() == again.at.tolist() == turned.at.tolist()
    bound, same = prove(batch, answer, 50), prove(batch, again, 50)
    assert (bound.prices == same.prices).all()
    assert (bound.scale, bound.least) == (same.scale, same.least)


def test_what_can_be_placed_is_placed_but_for_the_allowance() -> None:
    """Of tight batches whose every workload has a place in some answer, one in fifty may be missed:
    local search is no proof."""
    possible = [one for one in TIGHT if least_count(one) < one.unplaced_cost]
    missed = sum(place_batch(one).unplaced > 0 for one in possible)
    assert len(possible) >= 60
    assert missed <= len(possible) // 50


@pytest.mark.parametrize("share", [0.6, 0.75])
def test_answers_are_near_the_best_on_average(share: float) -> None:
    """Two per cent over the best of all, and proven within ten: with few sites and much that is
    indivisible the prices of room say less."""
    asked = [random_batch(seed, 7, 3, share) for seed in range(30)]
    best = [least_count(one) for one in asked]
    placed = [
        (one, least) for one, least in zip(asked, best, strict=True) if least < one.unplaced_cost
    ]
    answers = [place_batch(one) for one, _ in placed]
    assert sum(one.cost for one in answers) <= 1.02 * sum(least for _, least in placed)
    bounds = [prove(one, answer) for (one, _), answer in zip(placed, answers, strict=True)]
    assert sum(one.least for one in bounds) >= 0.9 * sum(least for _, least in placed)
