"""The demo's acts: a moved rule keeps the rest, and nobody's plane is taken for the demo's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hanza.boot.demo.acts import moved

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


NOWHERE = "https://127.0.0.1:9"
ACTS = [
    ("plug", "pull", "hr-zag-1"),
    ("plug", "in", "hr-zag-1"),
    ("ask-forbidden",),
    ("move-rule",),
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
