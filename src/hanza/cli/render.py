"""How things are shown: a table for people, JSON for programs, and errors that help."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table

from hanza.model.errors import Refusal

Record = dict[str, Any]


class Output(StrEnum):
    """What a command prints."""

    table = "table"
    json = "json"


def show(records: Sequence[Record], columns: Sequence[str], output: Output, empty: str) -> None:
    """Print records.  JSON has all of their members, a table the named columns."""
    if output is Output.json:
        print(json.dumps(list(records), indent=2))
        return
    if not records:
        print(empty)
        return
    console().print(table_of(records, columns))


def table_of(records: Sequence[Record], columns: Sequence[str]) -> Table:
    """The named columns, lined up; numbers to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = all(isinstance(record[column], int | float) for record in records)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for record in records:
        table.add_row(*(_cell(record[column]) for column in columns))
    return table


def fitting(
    records: Sequence[Record], columns: Sequence[str], spare: Sequence[str], width: int
) -> list[str]:
    """The columns without as many of the spare ones, the first of them first, as do not fit.

    Pure.
    """
    left = list(columns)
    for one in spare:
        if _width_of(records, left) <= width:
            break
        if one in left:
            left.remove(one)
    return left


def _width_of(records: Sequence[Record], columns: Sequence[str]) -> int:
    cells = ([column, *(_cell(record[column]) for record in records)] for column in columns)
    return sum(max(map(len, column)) for column in cells) + 2 * (len(columns) - 1)


def show_one(record: Record, output: Output, sentence: str) -> None:
    """Print one outcome: a sentence for people, the record for programs."""
    print(json.dumps(record, indent=2) if output is Output.json else sentence)


def show_refusal(refusal: Refusal) -> None:
    """What failed, its code, where, and what would help; to standard error."""
    print(f"error: {refusal.text}  [{refusal.code}]", file=sys.stderr)
    if refusal.field:
        print(f"  where: {refusal.field}", file=sys.stderr)
    if refusal.hint:
        print(f"  would help: {refusal.hint}", file=sys.stderr)


def show_warnings(warnings: Sequence[str]) -> None:
    """What was said and is most likely a slip; to standard error, whatever is printed else."""
    for one in warnings:
        print(f"warning: {one}", file=sys.stderr)


def for_people(record: Record) -> Record:
    """As a table shows it: what is not heard of is as it was, and not as it is."""
    if record["isHeard"] or not record["site"]:
        return record
    return record | {"state": f"{record['state']}, not heard"}


def silence_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each site that is not heard of a sentence that says how old is what is shown of it."""
    since = {one["site"]: one["heardAt"] for one in records if one["site"] and not one["isHeard"]}
    return [
        f"{site} {unheard_since(at)}: what is shown of its guests is as it was then"
        for site, at in sorted(since.items())
    ]


def pending_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each workspace where something waits: how many have it, and how to take the rest back."""
    told = []
    for workspace in sorted({str(one["workspace"]) for one in records if one["pendingSince"]}):
        placed = [one for one in records if one["workspace"] == workspace and one["site"]]
        waiting = [one for one in placed if one["pendingSince"]]
        names = " ".join(sorted(str(one["name"]) for one in waiting))
        sites = ", ".join(sorted({str(one["site"]) for one in waiting}))
        told.append(
            f"{len(placed) - len(waiting)} of {len(placed)} have what was asked; the rest waits for"
            f" {sites}, and is taken back by: hanza withdraw -w {workspace} {names}"
        )
    return told


def unheard_since(at: str | None) -> str:
    """What a site is that nobody hears."""
    if at is None:
        return "was never heard of"
    return f"is not heard of since {datetime.fromisoformat(at):%H:%M:%S} UTC"


def ago(text: str | None, now: datetime) -> str:
    """`12 s ago`, from an RFC 3339 instant."""
    if text is None:
        return "never"
    seconds = max(int((now - datetime.fromisoformat(text)).total_seconds()), 0)
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"


def last_line(text: str) -> str:
    """The last line that has something in it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def reach(address: str | None, ports: Sequence[dict[str, int]]) -> str | None:
    """Where published ports are reached; None before there is a place, or without any."""
    if not address or not ports:
        return None
    return " ".join(f"{address}:{one['port']}" for one in ports)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def console() -> Console:
    """As wide as the terminal; unlimited when nobody is looking, so that nothing is folded."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False)
    return Console(highlight=False, markup=False, width=400, no_color=True)
