"""What is most likely a slip is told, with what may have been meant, and never more than that."""

import pytest

from hanza.model.errors import Invalid
from hanza.model.policy import Over, Policy, Spread
from hanza.plan.countries import check_code
from hanza.plan.doubts import (
    doubts_of_countries,
    doubts_of_providers,
    doubts_of_spreads,
    doubts_of_workspace,
)

KNOWN = {"jadranka", "kontora"}


def test_a_provider_that_is_not_there_is_told_with_what_it_does_and_who_may_be_meant() -> None:
    denied = Policy(providers_denied=frozenset({"jadrnka", "kontora"}))
    allowed = Policy(providers=frozenset({"elsewhere", "kontora"}))
    assert doubts_of_providers([denied, denied, allowed], KNOWN) == (
        "there is no provider elsewhere, so allowing it gives no place until it joins",
        "there is no provider jadrnka, so denying it keeps nobody out until it joins;"
        " perhaps jadranka",
    )
    assert doubts_of_providers([Policy()], KNOWN) == ()


def test_a_code_of_no_country_is_told_and_one_that_is_meant() -> None:
    named = Policy(frozenset({"DE", "UK"}), countries_denied=frozenset({"XX"}))
    assert doubts_of_countries([named, Policy()]) == (
        "no country has the code UK; perhaps GB",
        "no country has the code XX",
    )
    assert check_code("GB", "country") == "GB"
    with pytest.raises(Invalid, match="no country has the code 'XX'"):
        check_code("XX", "country")
    with pytest.raises(Invalid) as refused:
        check_code("de", "country")
    assert (refused.value.field, refused.value.hint) == ("country", "perhaps DE")


def test_a_workspace_is_doubted_only_beside_others() -> None:
    assert doubts_of_workspace("dmo", set()) == ()
    assert doubts_of_workspace("demo", {"demo"}) == ()
    assert doubts_of_workspace("dmo", {"demo", "web"}) == (
        "workspace dmo has nothing in it yet; perhaps demo",
    )
    assert doubts_of_workspace("other", {"demo"}) == ("workspace other has nothing in it yet",)


def test_a_spread_over_more_than_there_is_yet_is_told() -> None:
    there: dict[Over, int] = {"host": 9, "site": 3, "provider": 2, "country": 1}
    wide = Policy(spreads=(Spread("provider", 3), Spread("site", 3), Spread("country", 2)))
    soft = Policy(spreads=(Spread("host", 20, is_hard=False), Spread("site", None, 30)))
    assert doubts_of_spreads([wide, soft], there) == (
        "the federation has 1 different by country, so nothing is spread over 2 until more have"
        " joined",
        "the federation has 2 different by provider, so nothing is spread over 3 until more have"
        " joined",
    )
