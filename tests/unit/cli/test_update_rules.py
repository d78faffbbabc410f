"""What a provider reads of a rollout: its own agents, and whether it waits for a word."""

from typing import Any

from hanza.cli.update_rules import lines_of

WAITS = {"site": "pl-1", "release": "0.1.0", "condition": "none", "why": "not said yes"}
HAS = {"site": "pl-2", "release": "0.2.0", "condition": "good", "why": ""}


def said(**more: Any) -> str:
    document = {"provider": "szafarnia", "consent": "asked", "words": [], "rollout": None, **more}
    return "\n".join(lines_of(document))


def test_a_rollout_is_shown_with_what_it_waits_for() -> None:
    assert said() == "szafarnia: asked; said yes to: none yet\nnothing is rolled out"
    rollout = {"release": "0.2.0", "state": "running", "agents": [WAITS, HAS]}
    text = said(rollout=rollout)
    assert "pl-1 runs 0.1.0, none: not said yes" in text
    assert "pl-2 runs 0.2.0, good\n" in text
    assert text.endswith("hanza rollout consent 0.2.0 --provider szafarnia")
    assert "waits" not in said(rollout=rollout, words=["0.2.0"])
    assert "waits" not in said(rollout=rollout, consent="never")
