"""What `hanza` alone says of the league, and of agents whose reports are refused."""

from typing import Any

import pytest

from hanza.cli.app import words_of_league

SITES = [{"spec": {"country": "HR"}}]
HOSTS = [{"status": {"isOffered": True, "isHeard": True}}]


def an_agent(since: str | None, text: str | None) -> dict[str, Any]:
    status = {"isHeard": True, "refusedSince": since, "refused": text}
    return {"spec": {"site": "zagreb"}, "status": status}


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_site_whose_reports_are_refused_is_named_with_the_reason(is_refused: bool) -> None:
    since, text = ("2026-01-01T00:00:00Z", "-1 cpus") if is_refused else (None, None)
    lines = words_of_league(SITES, [an_agent(since, text)], HOSTS).splitlines()
    assert lines[1:3] == ["1 of 1 agents are heard", "1 hosts take what is new"]
    assert lines[3:] == (
        ["zagreb: reports are refused since 2026-01-01T00:00:00Z: -1 cpus"] if is_refused else []
    )
