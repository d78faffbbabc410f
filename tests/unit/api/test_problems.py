"""Refusals as answers: each says when to come again, where it can."""

from hanza.api.problems import refusal_response
from hanza.model.errors import RateLimited, StoreUnavailable


def test_who_asks_too_often_is_told_how_long_to_wait() -> None:
    response = refusal_response(RateLimited("too often", 17, hint="wait 17 s"), "/x")
    assert (response.status_code, response.headers["retry-after"]) == (429, "17")
    assert b'"rate.limited"' in response.body


def test_who_finds_no_store_is_told_too() -> None:
    response = refusal_response(StoreUnavailable("the store is away"), "/x")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
