"""The demo's acts: a moved rule keeps the rest, and nobody's plane is taken for the demo's."""

import json
import os
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from hanza.boot.demo.acts import answer_of, moved
from hanza.boot.demo.desk import Desk
from hanza.boot.demo.visits import guest_of, lines_of
from hanza.boot.lab.names import Place, Site
from hanza.model.errors import NotFound
from kit.leagues import a_league
from kit.processes import hanza

NEAR = {"near": [{"name": "Split", "latitude": 43.5, "longitude": 16.4}]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"residency": {"deny": ["DE"]}}),
        ({"residency": {"deny": ["DE"]}}, {"residency": {"deny": ["DE"]}}),
        (
            {"residency": {"allow": ["DE", "HR"], "deny": ["FR"]}, **NEAR},
            {"residency": {"allow": ["DE", "HR"], "deny": ["FR", "DE"]}, **NEAR},
        ),
    ],
)
def test_a_country_is_denied_once(before: dict[str, object], after: dict[str, object]) -> None:
    assert moved(before, "DE", is_back=False) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"residency": {"deny": ["DE"]}}, {}),
        ({"residency": {"deny": ["DE", "FR"]}, **NEAR}, {"residency": {"deny": ["FR"]}, **NEAR}),
        ({"residency": {"allow": ["HR"], "deny": ["DE"]}}, {"residency": {"allow": ["HR"]}}),
    ],
)
def test_what_it_was_comes_back(before: dict[str, object], after: dict[str, object]) -> None:
    assert moved(before, "DE", is_back=True) == after


PAGE = """<!doctype html><meta charset="utf-8"><title>t</title><style>dt { color: #667; }</style>
<h1>kava</h1><dl><dt>boot</dt><dd id="boot">1 of this disk</dd>
<dt>up for</dt><dd id="uptime">79.14 s</dd></dl>"""


def test_a_page_is_told_in_words() -> None:
    assert lines_of(PAGE) == ["  kava", "  boot      1 of this disk", "  up for    79.14 s"]
    assert lines_of("bell \x07 and <b>bold") == ["  bell  and", "  bold"]


def a_guest(name: str, site: str | None, *, serves: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 8080, "to": 80}] if serves else []},
        "status": {"placement": None if site is None else {"site": site}},
    }


def test_a_visit_is_to_a_guest_or_to_the_first_that_serves_at_a_site() -> None:
    guests = [
        a_guest("db", "hr-zag-1", serves=False),
        a_guest("kava", "hr-zag-1"),
        a_guest("late", None),
    ]
    assert guest_of(guests, "db") == "db"
    assert guest_of(guests, "hr-zag-1") == "kava"
    with pytest.raises(NotFound) as refused:
        guest_of(guests, "hr-zag-9")
    assert refused.value.hint == (
        "perhaps hr-zag-1; the sites are hr-zag-1; hanza status lists the guests"
    )


def test_a_site_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    place = Place("hztest", tmp_path, IPv4Address("10.214.0.1"))
    sites = [Site(place, name, number) for number, name in enumerate(("de-fra-1", "hr-zag-1"), 1)]
    with a_league(tmp_path) as league, pytest.raises(NotFound) as refused:
        league.call(Desk(sites).pull, site="hr-zag-9")
    assert refused.value.hint == "perhaps hr-zag-1; the sites are de-fra-1, hr-zag-1"


@pytest.mark.parametrize(
    "words",
    [("plug", "pull", "hr-zag-1"), ("visit", "kava"), ("ask-forbidden", "FR"), ("move-rule",)],
)
def test_without_a_demo_nobody_is_said_to_have_refused(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    command = hanza("demo", *words, "--state", str(tmp_path / "none"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: there is no demo here  [not_found]\n  would help: begin with: make demo\n"
    )


def test_what_is_no_country_is_not_asked_for(tmp_path: Path) -> None:
    command = hanza("demo", "ask-forbidden", "UK", "--state", str(tmp_path / "none"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "error: no country has the code 'UK'  [invalid]" in done.stderr
    assert "would help: perhaps GB" in done.stderr


def test_a_country_that_is_allowed_is_not_told_as_forbidden() -> None:
    place = {"provider": "mainrechen", "site": "de-fra-1"}
    words = " ".join(answer_of({"name": "forbidden", "placement": place}, "DE"))
    assert "DE is not forbidden: mainrechen has a site there, de-fra-1" in words
    assert "forbidden is placed" not in words


def test_a_refusal_names_everything_that_would_help() -> None:
    known = {"hosts": 1, "sites": 1, "pricePerMonth": None, "which": ["x"]}
    helps = [{"text": f"allow {n}", **known} for n in range(6)]
    told = {"refusals": [], "best": [], "relaxations": helps}
    line = {"name": "f", "placement": None, "because": "no", "violations": [], "explanation": told}
    assert sum("would help" in one for one in answer_of(line, "FR")) == 6


NOWHERE = "https://127.0.0.1:9"
ACTS = [
    ("plug", "pull", "hr-zag-1"),
    ("plug", "in", "hr-zag-1"),
    ("ask-forbidden",),
    ("move-rule",),
    ("visit", "kava"),
]


def a_context(path: Path, token: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"url": NOWHERE, "token": token, "ca": ""}))
    return path


def act(state: Path, context: Path | None, *words: str) -> "subprocess.CompletedProcess[str]":
    named = {} if context is None else {"HANZA_CONTEXT": str(context)}
    rest = {name: value for name, value in os.environ.items() if name != "HANZA_CONTEXT"}
    return subprocess.run(
        [sys.executable, "-m", "hanza.boot.main", "demo", *words, "--state", str(state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=rest | named,
    )


@pytest.mark.parametrize("words", ACTS)
def test_an_act_refuses_the_context_of_another_plane(tmp_path: Path, words: tuple[str]) -> None:
    ours = a_context(tmp_path / "demo" / "plane" / "context.json", "ours")
    other = a_context(tmp_path / "other.json", "theirs")
    done = act(tmp_path / "demo", other, *words)
    assert done.returncode == 1
    assert f"{other}, is of the plane at {NOWHERE}, and not of this demo" in done.stderr
    assert f"export HANZA_CONTEXT={ours}" in done.stderr
    assert "does not answer" not in done.stderr, "nobody was asked"


@pytest.mark.parametrize("named", ["itself", "a copy", "none"])
def test_an_act_goes_to_the_demo_that_is_meant(tmp_path: Path, named: str) -> None:
    ours = a_context(tmp_path / "demo" / "plane" / "context.json", "ours")
    copy = a_context(tmp_path / "copy.json", "ours")
    done = act(tmp_path / "demo", {"itself": ours, "a copy": copy}.get(named), "move-rule")
    assert "does not answer" in done.stderr, "it was asked, and nobody listens there"
