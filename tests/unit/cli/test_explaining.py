"""An explanation adds up, compares by what was asked for, and promises nothing that is not so."""

from typing import Any

from hanza.cli.placing import summary_of, words_of

PLACE = {"site": "nl-ams-1", "provider": "poldernet", "city": "Amsterdam", "country": "NL"}


def a_line(**changed: Any) -> dict[str, Any]:
    lacks = [{"text": "is in HR"}, {"text": "is of jadranka, which is denied"}]
    trip = {"to": "Amsterdam, NL", "ms": 18.6, "isMeasured": False}
    told = {
        "lookedAt": 3,
        "may": 2,
        "refusals": [{"hosts": 1, "says": "not in EU"}, {"hosts": 1, "says": "of a provider"}],
        "losers": [{"place": {"site": "hr-zag-1"}, "lacks": lacks}],
        "best": [
            {"place": PLACE, "terms": {}, "pricePerMonth": 9_660_000, "roundTrips": []},
            {"place": {"site": "de-fra-1"}, "pricePerMonth": 11_140_000, "roundTrips": [trip]},
        ],
        "relaxations": [],
    }
    line = {
        "name": "web-2",
        "change": "none",
        "placement": PLACE,
        "because": "nearest of 2 that may",
        "pricePerMonth": 9_660_000,
        "roundTrips": [trip | {"ms": 11.1}],
        "violations": [],
        "explanation": told,
    }
    return line | changed


def test_hosts_that_lack_several_things_are_counted_and_named() -> None:
    said = list(words_of(a_line()))
    assert (
        "not elsewhere  1 of 3 hosts: 1 not in EU · 1 of a provider"
        " (one host may lack several things)"
    ) in said
    assert "               hr-zag-1 is in HR, is of jadranka, which is denied" in said
    assert "next best      de-fra-1  ~19 ms Amsterdam, NL, +1.48 €/month" in said
    assert any("guessed by distance" in one for one in said)


def test_for_what_stands_a_change_is_told_as_better_and_not_as_help() -> None:
    change = {"text": "allow ES", "hosts": 1, "pricePerMonth": 7_430_000}
    line = a_line()
    line["explanation"]["relaxations"] = [change]
    assert "better with    allow ES (1 host, from 7.43 €/month)" in list(words_of(line))
    line["violations"] = ["web-2 violates"]
    assert "would help     allow ES (1 host, from 7.43 €/month)" in list(words_of(line))


def test_a_plan_promises_borders_only_where_nothing_stands_against_the_policy() -> None:
    quote = {"items": [a_line()], "pricePerMonth": None}
    assert summary_of(quote).endswith("nothing leaves NL")
    quote["items"][0]["violations"] = ["it is in NL"]
    assert summary_of(quote).endswith("in NL, 1 of it against the policy")
