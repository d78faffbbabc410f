"""What is told while one watches: each change once, silence and its end among them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hanza.cli.client import Client, Context, Unreachable
from hanza.cli.render import Output, Record, fitting, for_people, silence_of
from hanza.cli.watch import News, watch

NOWHERE = Context("http://127.0.0.1:1", "token", "")
AT = "2026-01-01T19:02:02Z"


def a_record(**changed: Any) -> Record:
    values = {"id": "in_1", "name": "kava", "site": "hr-zag-1", "state": "creating", "power": None}
    values |= {"boot": "unknown", "wantedPower": "on", "reason": None, "workspace": "demo"}
    return values | {"isHeard": True, "heardAt": AT} | changed


UP = {"state": "active", "power": "on", "boot": "seen"}


class Alive(Client):
    """A plane that says nothing of the tenant's, and that it lives."""

    def __init__(self) -> None:
        super().__init__(NOWHERE)

    @contextmanager
    def listen(
        self,
        path: str,  # noqa: ARG002
        after: int | None,  # noqa: ARG002
        patience_s: float,  # noqa: ARG002
    ) -> Iterator[Iterator[str]]:
        yield iter(["retry: 2000\n\n", ": alive\n\n", ": alive\n\n", ": alive\n\n"])


def looks(*each: Record) -> Callable[[], list[Record]]:
    left = list(each)
    return lambda: [left.pop(0)]


def test_a_site_that_falls_silent_and_is_heard_again_is_told_without_an_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waits, silent = a_record(), a_record(isHeard=False)
    with Alive() as client:
        news = News(client, "/events", deadline=1e12)
        look = looks(waits, silent, waits, a_record(**UP))
        watch(news, look, lambda _: [], Output.table, "nothing")
    told = [line[10:] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "kava is creating at hr-zag-1",
        "kava is creating at hr-zag-1; hr-zag-1 is not heard of since 19:02:02 UTC",
        "kava is creating at hr-zag-1",
        "kava is active at hr-zag-1, on, has booted",
    ]


def test_a_plane_that_is_away_for_a_look_ends_no_watch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = [Unreachable("away"), [a_record(**UP)]]

    def look() -> list[Record]:
        answer = answers.pop(0)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    with Alive() as client:
        watch(News(client, "/events", 1e12), look, lambda _: [], Output.table, "nothing")
    assert "kava is active at hr-zag-1" in capsys.readouterr().out


def test_what_is_not_heard_of_is_marked_and_said_once_for_each_site() -> None:
    silent = a_record(isHeard=False, **UP)
    assert for_people(silent)["state"] == "active, not heard"
    assert for_people(a_record(**UP))["state"] == "active"
    assert silence_of([silent, silent | {"id": "in_2"}, a_record(site="de-fra-1")]) == [
        "hr-zag-1 is not heard of since 19:02:02 UTC: what is shown of its guests is as it was then"
    ]
    assert silence_of([a_record(isHeard=False, heardAt=None)])[0].startswith(
        "hr-zag-1 was never heard of"
    )
    assert json.dumps(silent)


def test_a_narrow_terminal_goes_without_what_can_be_spared() -> None:
    records = [{"name": "stroopwafel", "runs": "emulated", "state": "active", "reach": "1.2.3.4"}]
    columns = ["name", "runs", "state", "reach"]
    assert fitting(records, columns, ["runs"], 38) == columns
    assert fitting(records, columns, ["absent", "runs"], 37) == ["name", "state", "reach"]
