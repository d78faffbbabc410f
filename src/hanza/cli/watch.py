"""`hanza status --watch`: what runs where, shown again whenever an event says that it changed.

Promises: the plane is asked anew when something happened, and four times a minute; on a
terminal one table is redrawn in place, anywhere else each change is one line; it ends when
everything is as it was asked for, and with a code of its own where something never will be.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from rich.console import Group
from rich.live import Live

from hanza.cli.client import Client, Unreachable
from hanza.cli.render import (
    Output,
    Record,
    console,
    for_people,
    silence_of,
    table_of,
    unheard_since,
)
from hanza.kit.backoff import delay_after
from hanza.model.errors import Refusal

PATIENCE_S = 40.0
"""Streams that live say so every 15 seconds; who is silent for longer is called again."""
LAST_S = 20.0
TRIES_MAX = 5


class TimedOut(Refusal):
    """What was waited for did not come in time; it goes on without us."""

    code = "timed_out"


class InError(Refusal):
    """Something is not as wished and will not be until the wish changes."""

    code = "in_error"


@dataclass
class News:
    """Yields whenever something may have changed; the first time at once, when it listens."""

    client: Client
    path: str
    deadline: float
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    after: int | None = None
    failures: int = field(default=0)

    def __iter__(self) -> Iterator[None]:
        while self.now() < self.deadline:
            left = self.deadline - self.now()
            try:
                with self.client.listen(self.path, self.after, min(PATIENCE_S, left)) as parts:
                    yield from self._heard(parts, is_last=left <= PATIENCE_S)
            except Unreachable:
                self.failures += 1
                if self.failures >= TRIES_MAX:
                    raise
                self.pause(delay_after(self.failures).total_seconds())

    def _heard(self, parts: Iterator[str], *, is_last: bool) -> Iterator[None]:
        """Once for what begins a stream, for all events that come in one part, and for a sign of
        life where there are none: a site that falls silent is no event of the tenant's."""
        rest, is_new = "", True
        for part in parts:
            self.failures = 0
            *lines, rest = (rest + part).split("\n")
            serials = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]
            if serials:
                self.after = int(serials[-1])
            if lines or is_new:
                yield None
            is_new = False
            if not is_last and self.deadline - self.now() < LAST_S:
                return


def is_up(record: Record) -> bool:
    """It is as it was asked for: off, or on and listened to at its serial port."""
    if record["state"] != "active" or record["power"] != record["wantedPower"]:
        return False
    return record["power"] == "off" or record["boot"] in ("seen", "silent")


def watch(
    news: News,
    look: Callable[[], list[Record]],
    columns: Callable[[list[Record]], list[str]],
    output: Output,
    empty: str,
) -> None:
    """Follow until all has settled.  Raises `InError` or `TimedOut` where that is not to be."""
    records: list[Record] = []
    with ExitStack() as stack:
        teller = _teller(stack, columns, output)
        for _ in news:
            try:
                records = look()
            except Unreachable:
                continue  # then the stream breaks too, and whoever is back there is asked anew
            teller(records)
            if all(is_up(one) or one["state"] == "error" for one in records):
                break
        else:
            names = ", ".join(one["name"] for one in records if not is_up(one))
            raise TimedOut(f"{names} has not settled", hint="hanza status says why")
    if not records and output is Output.table:
        print(empty)
    failed = [one for one in records if one["state"] == "error"]
    if failed:
        text = "; ".join(f"{one['name']}: {one['reason']}" for one in failed)
        raise InError(text, hint="change what was asked for, or destroy it")


def _teller(
    stack: ExitStack, columns: Callable[[list[Record]], list[str]], output: Output
) -> Callable[[list[Record]], None]:
    if output is Output.table and sys.stdout.isatty():
        live = stack.enter_context(Live(console=console(), auto_refresh=False))

        def draw(records: list[Record]) -> None:
            table = table_of([for_people(one) for one in records], columns(records))
            live.update(Group(table, *silence_of(records)), refresh=True)

        return draw
    told: dict[str, str] = {}
    began = time.monotonic()

    def tell(records: list[Record]) -> None:
        now = {one["id"]: one for one in records}
        for gone in sorted(told.keys() - now.keys()):
            name = told.pop(gone).split()[0]
            _say(output, began, {"id": gone, "name": name, "state": "gone"}, f"{name} is gone")
        for one in records:
            words = _words(one)
            if told.get(one["id"]) != words:
                told[one["id"]] = words
                _say(output, began, one, words)

    return tell


def _say(output: Output, began: float, record: Record, words: str) -> None:
    if output is Output.json:
        print(json.dumps(record), flush=True)
    else:
        print(f"{time.monotonic() - began:6.1f} s  {words}", flush=True)


def _words(one: Record) -> str:
    where = f" at {one['site']}" if one["site"] else ""
    power = f", {one['power']}" if one["power"] else ""
    boot = {"seen": ", has booted", "silent": ", says nothing"}.get(one["boot"], "")
    reason = f": {one['reason']}" if one["reason"] else ""
    silent = ""
    if one["site"] and not one["isHeard"]:
        silent = f"; {one['site']} {unheard_since(one['heardAt'])}"
    return f"{one['name']} is {one['state']}{where}{power}{boot}{reason}{silent}"
