"""Which sites a selector means."""

import pytest

from hanza.model.errors import Invalid
from hanza.model.ids import ProviderId, SiteId
from hanza.model.site import Site
from hanza.plan.selection import is_selected, parse_selector, selector_of

SHOP = Site(SiteId("si_1"), ProviderId("pr_1"), "pl-1", "PL", "Gdynia", 54.0, 18.0, "store")
PLAIN = Site(SiteId("si_2"), ProviderId("pr_1"), "pl-2", "PL", "Gdynia", 54.0, 18.0)


def test_values_of_one_key_widen_and_keys_narrow() -> None:
    where = parse_selector("country=PL, class=store,class=kiosk")
    assert where == {"country": ["PL"], "class": ["store", "kiosk"]}
    selector = selector_of(where, is_all=False)
    assert is_selected(selector, SHOP, "szafarnia")
    assert not is_selected(selector, PLAIN, "szafarnia")
    assert not is_selected(selector_of({"provider": ["x"]}, is_all=False), SHOP, "szafarnia")


def test_all_has_to_be_said_and_then_nothing_else() -> None:
    assert is_selected(selector_of({"site": []}, is_all=True), SHOP, "x")
    for where, is_all in (({}, False), ({"country": []}, False), ({"country": ["PL"]}, True)):
        with pytest.raises(Invalid):
            selector_of(where, is_all=is_all)


@pytest.mark.parametrize("text", ["", "country", "country=", "colour=red", "country=PL,,"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_selector(text)


def test_a_key_that_no_site_has_is_refused() -> None:
    with pytest.raises(Invalid):
        selector_of({"colour": ["red"]}, is_all=False)
