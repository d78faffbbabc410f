"""What is said of sites on the command line: which are meant, where it is asked, and when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hanza.cli.confirming import _confirmed, _holding
from hanza.cli.placing import summary_of
from hanza.cli.selecting import among
from hanza.cli.site_acts import _path, moment_of, only_one, spec_of
from hanza.model.errors import Invalid, NotFound, SelectionMoved

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


OWNERS = {"pl-1": "szafarnia", "pl-2": "szafarnia", "si-1": "kontora"}


class Plane:
    """Knows three sites of two providers; each holds an ending back but pl-2."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def items(self, path: str) -> list[dict[str, Any]]:
        if path != "/sites":
            owner = path.split("/")[2]
            mine = [name for name in OWNERS if OWNERS[name] == owner]
            return [{"name": n, "provider": owner, "heldEndings": int(n != "pl-2")} for n in mine]
        return [
            {
                "metadata": {"name": name},
                "spec": {"provider": owner, "country": name[:2].upper(), "city": "C", "class": "s"},
            }
            for name, owner in OWNERS.items()
        ]

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body["spec"]))
        if path.startswith("/providers/kontora"):
            raise SelectionMoved("2 endings are held now, and not 1")
        return {"confirmed": 1}


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
    spec = spec_of("cordon", ["pl-1"], "country=PL", every=False)
    assert spec["where"] == {"country": ["PL"], "site": ["pl-1"]}
    assert spec_of("cordon", None, None, every=True)["all"]
    with pytest.raises(Invalid):
        spec_of("cordon", None, None, every=False)


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
    ("where", "names"),
    [
        (None, ["pl-1", "pl-2", "si-1"]),
        ("country=PL", ["pl-1", "pl-2"]),
        ("country=PL,site=pl-2", ["pl-2"]),
        ("provider=kontora,class=s,city=C", ["si-1"]),
        ("country=PL,class=x", []),
    ],
)
def test_what_is_listed_is_narrowed_by_the_same_selector(
    where: str | None, names: list[str]
) -> None:
    hosts: Any = [{"spec": {"site": name}} for name in OWNERS]
    plane: Any = Plane()
    found = among(plane, where, hosts, lambda one: str(one["spec"]["site"]))
    assert [one["spec"]["site"] for one in found] == names


@pytest.mark.parametrize(
    ("names", "where", "every", "one"),
    [
        (["pl-1"], None, False, "pl-1"),
        (["pl-1"], "country=PL", False, None),
        (["pl-1", "pl-2"], None, False, None),
        (None, None, True, None),
        (None, None, False, None),
    ],
)
def test_one_site_by_its_name_is_no_bulk(
    names: list[str] | None, where: str | None, every: bool, one: str | None
) -> None:
    assert only_one(names, where, every=every) == one


def test_held_endings_are_confirmed_where_they_are_as_many_as_were_seen() -> None:
    plane: Any = Plane()
    assert [one["name"] for one in _holding(plane, [], "country=PL", None)] == ["pl-1"]
    assert _holding(plane, ["pl-2"], None, "szafarnia") == []
    with pytest.raises(NotFound):
        _holding(plane, ["nowhere"], None, None)
    records = [_confirmed(plane, one, dry_run=False) for one in _holding(plane, [], None, None)]
    assert [(one["site"], one["confirmed"], bool(one["why"])) for one in records] == [
        ("si-1", 0, True),
        ("pl-1", 1, False),
    ]
    assert plane.asked[1] == ("/providers/szafarnia/sites/pl-1/confirm", {"expect": 1})
