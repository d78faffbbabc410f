"""What is said of instances that do not end in time."""

from typing import Any

from hanza.cli.ending import hint_of_left, words_of_left
from hanza.plan.brake import BRAKED


def an_instance(name: str, reason: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"reason": reason, "reasonCode": code}}


def test_it_is_said_why_they_are_there_and_who_can_help() -> None:
    away, braked = an_instance("a"), an_instance("b", "12 of 20 guests would end", BRAKED)
    assert words_of_left([away, braked]) == "; b: 12 of 20 guests would end"
    assert "hanza site confirm" in hint_of_left([away, braked])
    assert "reached" in hint_of_left([away])
    assert words_of_left([away]) == ""
