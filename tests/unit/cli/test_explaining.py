"""An explanation adds up, compares by what was asked for, and promises nothing that is not so."""

from typing import Any

from hanza.cli.explaining import GUESSED, relaxation_words, words_of
from hanza.cli.placing import summary_of

PLACE = {"site": "nl-ams-1", "provider": "poldernet", "city": "Amsterdam", "country": "NL"}
OTHER = PLACE | {"site": "de-fra-1"}


def a_trip(**changed: Any) -> dict[str, Any]:
    trip = {
        "to": "Amsterdam, NL",
        "ms": 18.6,
        "isMeasured": False,
        "predictedMs": 18.6,
        "predictedMarginMs": 20.9,
        "predictedBy": "distance",
        "measuredMs": None,
    }
    return trip | changed


def a_runner(place: dict[str, Any], **changed: Any) -> dict[str, Any]:
    runner = {"place": place, "score": 1.0, "terms": {}, "pricePerMonth": None, "roundTrips": []}
    return runner | changed


def a_loser(site: str, *texts: str) -> dict[str, Any]:
    return {"place": {"site": site}, "lacks": [{"text": text} for text in texts]}


def a_line(**changed: Any) -> dict[str, Any]:
    near, far = a_trip(ms=3.6, isMeasured=True, predictedMs=11.1, measuredMs=3.6), a_trip()
    told = {
        "lookedAt": 3,
        "may": 2,
        "refusals": [
            {"rule": "residency", "hosts": 1, "says": "not in EU", "which": ["hr-zag-1/h"]},
            {"rule": "provider", "hosts": 1, "says": "of a provider", "which": ["hr-zag-1/h"]},
        ],
        "losers": [a_loser("hr-zag-1", "is in HR", "is of jadranka, which is denied")],
        "best": [
            a_runner(PLACE, terms={"nearness": 0.6, "price": 0.4}, roundTrips=[near])
            | {"pricePerMonth": 9_660_000},
            a_runner(OTHER, score=0.5, terms={"nearness": 0.1}, roundTrips=[far])
            | {"pricePerMonth": 11_140_000},
        ],
        "relaxations": [],
    }
    line = {
        "name": "web-2",
        "change": "none",
        "placement": PLACE,
        "because": "nearest of 2 that may",
        "pricePerMonth": 9_660_000,
        "roundTrips": [near],
        "violations": [],
        "reason": None,
        "explanation": told,
    }
    return line | changed


def a_change(text: str, **changed: Any) -> dict[str, Any]:
    return {"text": text, "hosts": 1, "sites": 1, "pricePerMonth": None, "which": ["x"]} | changed


def test_hosts_that_lack_several_things_are_counted_and_named() -> None:
    said = list(words_of(a_line()))
    assert (
        "not elsewhere  1 of 3 hosts: 1 not in EU · 1 of a provider"
        " (one host may lack several things)"
    ) in said
    assert "by rule        residency  1  hr-zag-1" in said
    assert "               provider   1  hr-zag-1" in said
    assert "they lack      hr-zag-1 is in HR, is of jadranka, which is denied" in said


def test_predicted_and_measured_stand_side_by_side() -> None:
    said = list(words_of(a_line()))
    at = next(n for n, one in enumerate(said) if one.startswith("round trips"))
    assert said[at].split()[2:] == ["to", "predicted", "measured", "counts"]
    assert said[at + 1].split(maxsplit=2)[2] == (
        "~11 ms     ±21 by distance  4 ms      4 ms Amsterdam, NL"
    )
    assert not any(GUESSED in one for one in said), "it was measured"
    guessed = list(words_of(a_line(roundTrips=[a_trip()])))
    row = next(one for one in guessed if one.endswith("~19 ms Amsterdam, NL"))
    assert row.split()[2:8] == ["~19", "ms", "±21", "by", "distance", "-"]
    assert any("guessed by distance" in one for one in guessed)


def test_the_best_are_told_with_the_terms_of_their_scores() -> None:
    said = list(words_of(a_line()))
    at = next(n for n, one in enumerate(said) if one.startswith("who may"))
    rows = [one[15:].split() for one in said[at : at + 3]]
    assert rows[0][:5] == ["site", "score", "nearness", "price", "€/month"]
    assert rows[1] == ["*", "nl-ams-1", "1.00", "0.60", "0.40", "9.66", "~11", "ms,", "4", "ms"]
    assert rows[2][:6] == ["de-fra-1", "0.50", "0.10", "0.00", "11.14", "(+1.48)"]
    assert rows[2][6:] == ["~19", "ms,", "-"]
    many = a_line()
    many["explanation"]["may"] = 100_000
    assert any(one.startswith("best of 100000 ") for one in words_of(many))
    cheap = a_line(pricePerMonth=12_000_000)
    assert any("9.66 (-2.34)" in one for one in words_of(cheap))
    free = a_line(pricePerMonth=None)
    free["explanation"]["best"][1]["pricePerMonth"] = None
    assert any(one.endswith("-        ~19 ms, -") for one in words_of(free))


def test_many_losers_are_told_once_for_what_they_share_and_then_counted() -> None:
    line = a_line()
    told = line["explanation"]
    which = [f"s{n // 2}/h{n}" for n in range(30)]
    told["refusals"] = [{"rule": "heard", "hosts": 99, "says": "silent", "which": which}]
    told["losers"] = [a_loser(name.split("/")[0], "is silent") for name in which]
    told |= {"lookedAt": 101, "may": 2}
    said = list(words_of(line))
    (rule,) = (one for one in said if one.startswith("by rule"))
    assert rule == (
        "by rule        heard  99  s0 (2), s1 (2), s2 (2), s3 (2), s4 (2), s5 (2), s6 (2), s7 (2),"
        " and 83 more"
    )
    assert "they lack      s0 (2 hosts) is silent" in said
    assert "               … and 83 more; all of them: --output json" in said


def test_who_runs_nowhere_is_told_why_and_what_would_help() -> None:
    line = a_line(placement=None, because="none may", roundTrips=[])
    line["explanation"] |= {"may": 0, "best": [], "relaxations": [a_change("allow HR")]}
    said = list(words_of(line))
    assert said[0] == "web-2 runs nowhere: none may"
    assert said[-1] == "would help     allow HR: site x (1 host)"
    assert not any(one.startswith(("who may", "round trips")) for one in said)
    assert next(words_of(line | {"reason": "no room"})) == "web-2 runs nowhere: no room"


def test_for_what_stands_a_change_is_told_as_better_and_not_as_help() -> None:
    change = a_change("allow ES", pricePerMonth=7_430_000, which=["es-mad-1"])
    line = a_line()
    line["explanation"]["relaxations"] = [change]
    assert "better with    allow ES: site es-mad-1 (1 host, from 7.43 €/month)" in words_of(line)
    line["violations"] = ["web-2 violates"]
    assert "would help     allow ES: site es-mad-1 (1 host, from 7.43 €/month)" in words_of(line)
    line["explanation"]["relaxations"] = [a_change(f"allow {n}") for n in range(7)]
    assert list(words_of(line))[-1].endswith("… and 2 more; all of them: --output json")
    assert sum("allow" in one for one in words_of(line, all_helps=True)) == 7


def test_a_change_says_how_many_sites_it_opens() -> None:
    several = a_change("+4 ms to Split, HR", hosts=5, sites=3, which=["a", "b", "c"])
    assert relaxation_words(several) == "+4 ms to Split, HR: 3 more sites (5 hosts)"
    joint = a_change("db: allow NL and web: allow SI", hosts=2, sites=2, which=[])
    assert relaxation_words(joint) == "db: allow NL and web: allow SI (2 hosts)"


def test_a_plan_promises_borders_only_where_nothing_stands_against_the_policy() -> None:
    quote = {"items": [a_line()], "pricePerMonth": None}
    assert summary_of(quote).endswith("nothing leaves NL")
    quote["items"][0]["violations"] = ["it is in NL"]
    assert summary_of(quote).endswith("in NL, 1 of it against the policy")


def test_a_plan_and_an_explanation_say_how_near_to_the_best_many_are_placed() -> None:
    line = {"change": "create", "placement": None, "violations": []}
    quote = {"items": [line], "pricePerMonth": None}
    proven = {"proofs": [{"members": 1000, "says": "within 0.76 % of optimal"}]}
    assert summary_of(quote | proven).endswith("1000 placed together, within 0.76 % of optimal")
    assert "together" not in summary_of(quote), "a plane that is older says nothing"
    said = [words for words in words_of(a_line() | proven) if words.startswith("together")]
    assert [one.split(maxsplit=1)[1] for one in said] == [
        "1000 are placed, within 0.76 % of optimal"
    ]
