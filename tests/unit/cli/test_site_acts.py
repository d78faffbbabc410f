"""What is said of sites on the command line: which are meant, where it is asked, and when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hanza.cli.placing import summary_of
from hanza.cli.site_acts import _path, _spec, moment_of, own_record
from hanza.model.errors import Invalid

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Plane:
    """Knows three sites of two providers."""

    def items(self, path: str) -> list[dict[str, Any]]:
        assert path == "/sites"
        owners = {"pl-1": "szafarnia", "pl-2": "szafarnia", "si-1": "kontora"}
        return [
            {"metadata": {"name": name}, "spec": {"provider": owner}}
            for name, owner in owners.items()
        ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("8h", "2026-03-04T20:00:00+00:00"),
        ("3d", "2026-03-07T12:00:00+00:00"),
        ("2w", "2026-03-18T12:00:00+00:00"),
        ("2026-12-01T09:00+01:00", "2026-12-01T08:00:00+00:00"),
        ("2026-12-01T09:00Z", "2026-12-01T09:00:00+00:00"),
    ],
)
def test_a_moment_is_told_or_counted_from_now(text: str, moment: str) -> None:
    assert moment_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "h", "soon", "3x", "2026-12-01T09:00", "99999999d", "-1h"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        moment_of(text, NOW)


def test_names_and_a_selector_are_one_and_neither_is_refused() -> None:
    spec = _spec("cordon", ["pl-1"], "country=PL", every=False)
    assert spec["where"] == {"country": ["PL"], "site": ["pl-1"]}
    assert _spec("cordon", None, None, every=True)["all"]
    with pytest.raises(Invalid):
        _spec("cordon", None, None, every=False)


@pytest.mark.parametrize(
    ("where", "provider", "path"),
    [
        ({"site": ["pl-1", "pl-2"]}, None, "/providers/szafarnia/site-acts"),
        ({"site": ["pl-1", "si-1"]}, None, "/site-acts"),
        ({"country": ["PL"]}, None, "/site-acts"),
        ({"country": ["PL"], "provider": ["kontora"]}, None, "/providers/kontora/site-acts"),
        ({"country": ["PL"]}, "kontora", "/providers/kontora/site-acts"),
    ],
)
def test_it_is_asked_where_whoever_acts_may(
    where: dict[str, list[str]], provider: str | None, path: str
) -> None:
    assert _path(Plane(), where, provider) == path  # type: ignore[arg-type]


def test_a_plan_says_until_when_its_prices_are_those() -> None:
    line = {"change": "create", "placement": None, "violations": []}
    quote = {
        "items": [
            line | {"priceUntil": "2026-12-02T09:00:00Z"},
            line | {"priceUntil": "2026-12-01T09:00:00Z"},
            line | {"priceUntil": None},
        ],
        "pricePerMonth": 1_000_000,
    }
    assert "for who comes before 2026-12-01 09:00 UTC" in summary_of(quote)


@pytest.mark.parametrize(
    ("held", "why"),
    [(0, "is cordoned"), (3, "is cordoned; endings are held back: 3 (hanza site confirm pl-1)")],
)
def test_a_provider_sees_what_waits_for_its_word(held: int, why: str) -> None:
    site = {
        "name": "pl-1",
        "isOffered": False,
        "holds": 4,
        "drain": None,
        "hours": {"zone": "UTC", "open": []},
        "maintenance": [],
        "reasons": [{"text": "is cordoned"}],
        "heldEndings": held,
    }
    assert own_record(site)["why"] == why
