"""A plan of moves is told with what it gains and costs, and always that nothing was moved."""

from typing import Any, get_args

from hanza.cli.rebalancing import STAYING, records_of, words_of, words_of_drain
from hanza.plan.placement.rebalance_moves import Reason

NOTE = "this is a plan only"


def a_place(site: str) -> dict[str, Any]:
    return {"site": site, "host": "h1"}


def a_move(**changed: Any) -> dict[str, Any]:
    move = {
        "workspace": "shop",
        "name": "web",
        "origin": a_place("de-fra-1"),
        "target": a_place("si-lju-1"),
        "purpose": "gain",
        "why": "it is better off there",
        "gain": {"points": 0.5, "pricePerMonth": 3_650_000, "carbon": None, "ms": None},
        "diskMiB": 512,
        "downtime": "cold",
        "mayMove": "ask",
        "freesHost": True,
    }
    return move | changed


def a_plan(*moves: dict[str, Any], **changed: Any) -> dict[str, Any]:
    gain = {"points": 0.5, "pricePerMonth": 3_650_000, "carbon": None, "ms": None}
    plan = {"items": list(moves), "kept": [], "gain": gain, "diskMiB": 512, "hasMore": False}
    return plan | {"note": NOTE} | changed


def test_a_plan_says_what_it_comes_to_and_that_nothing_was_moved() -> None:
    (record,) = records_of(a_plan(a_move()))
    assert record == {
        "step": 1,
        "name": "web",
        "from": "de-fra-1/h1",
        "to": "si-lju-1/h1",
        "for": "gain",
        "€/month": "-3.65",
        "MiB": 512,
        "why": "it is better off there",
    }
    assert list(words_of(a_plan(a_move()))) == [
        "",
        "1 move · 3.65 €/month less · 0.5 GiB to move, each guest off meanwhile"
        " · nothing of this is left at de-fra-1/h1",
        f"Nothing was moved: {NOTE}.",
    ]


def test_what_gets_worse_is_told_too() -> None:
    gain = {"points": -0.5, "pricePerMonth": -1_000_000, "carbon": None, "ms": -12.0}
    move = a_move(gain=gain, freesHost=False)
    plan = a_plan(move, move | {"workspace": "lab"}, gain=gain)
    assert [one["€/month"] for one in records_of(plan)] == ["+1.00", "+1.00"]
    assert [one["name"] for one in records_of(plan)] == ["shop/web", "lab/web"]
    said = list(words_of(plan))[1]
    assert said.startswith(
        "2 moves, one after the other · 1.00 €/month more · 12 ms further in sum"
    )
    assert "nothing of this is left" not in said


def test_what_stays_says_why_and_what_is_unknown_is_not_told() -> None:
    gain = {"points": 0.0, "pricePerMonth": None, "carbon": None, "ms": 7.0}
    kept = {
        "workspace": "shop",
        "name": "db",
        "place": a_place("de-fra-1"),
        "purpose": "drain",
        "why": "it never moves",
    }
    plan = a_plan(a_move(gain=gain), gain=gain, kept=[kept], hasMore=True)
    assert records_of(plan)[0]["€/month"] is None
    assert list(words_of(plan))[1:] == [
        "1 move · 7 ms nearer in sum · 0.5 GiB to move, each guest off meanwhile"
        " · nothing of this is left at de-fra-1/h1",
        "stays: shop/db at de-fra-1/h1 (drain): it never moves",
        "There is more to move than the budget allows: --moves, --disk",
        f"Nothing was moved: {NOTE}.",
    ]
    same = {"points": 0.0, "pricePerMonth": 0, "carbon": None, "ms": None}
    assert records_of(a_plan(a_move(gain=same)))[0]["€/month"] == "0.00"
    assert list(words_of(a_plan())) == [f"Nothing was moved: {NOTE}."]


def test_what_a_site_comes_to_is_told_in_numbers() -> None:
    plan: dict[str, Any] = {
        "site": "de-fra-1",
        "instances": 3,
        "moves": 2,
        "diskMiB": 2048,
        "hosts": ["h1"],
        "targets": [{"site": "si-lju-1", "moves": 2}],
        "staying": [{"reason": "pinned", "instances": 1}],
        "note": NOTE,
    }
    assert list(words_of_drain(plan)) == [
        "de-fra-1: 3 run there, 1 of them cannot go",
        "moves  2, 2.0 GiB, each guest off meanwhile",
        "to     si-lju-1 2",
        "stay   1: their policy says so, or volumes keep them where their bytes are",
        "empty  h1",
        f"Nothing was moved: {NOTE}.",
    ]
    empty = plan | {"instances": 0, "moves": 0, "hosts": [], "targets": [], "staying": []}
    assert len(list(words_of_drain(empty))) == 2


def test_every_reason_has_words() -> None:
    assert STAYING.keys() == set(get_args(Reason))
