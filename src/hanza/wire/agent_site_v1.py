"""What an agent tells of its site besides guests; part of `agent_v1`, which says when.

DiaryTaken(number) ─────────────────────►      to who keeps a diary: the last line taken
◄─────────── Diary(lines)                      what happened while no plane was there
◄─────────── Checkup(…)                        what the doctor found, when that is news
◄─────────── Strangers(…)                      guests there that are not ours, when that is news
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from hanza.model.guest import Power
from hanza.wire.agent_nearness_v1 import Count, Text

DIARY = "diary"
"""The ability to tell all of this: who has it is told which line of its diary was taken last."""
LINES_MAX = 200
FINDINGS_MAX = 64
STRANGERS_MAX = 1000
Score = Annotated[int, Meta(ge=0, le=100)]


class LineW(Struct, array_like=True):
    number: Count
    at_us: Count
    kind: Text
    subject: Text
    text: Text


class Diary(Struct, array_like=True, tag="diary"):
    lines: Annotated[list[LineW], Meta(min_length=1, max_length=LINES_MAX)]


class DiaryTaken(Struct, array_like=True, tag="diary!"):
    number: Count


class FindingW(Struct, array_like=True):
    check: Text
    level: Literal["good", "fair", "poor", "unknown"]
    text: Text
    mend: Text


class Checkup(Struct, array_like=True, tag="checkup"):
    at_us: Count
    score: Score
    findings: Annotated[list[FindingW], Meta(max_length=FINDINGS_MAX)]


class StrangerW(Struct, array_like=True):
    native: Text
    name: Text
    host: Text
    cpus: Count
    memory_mib: Count
    disk_mib: Count
    power: Power


class Strangers(Struct, array_like=True, tag="strangers"):
    strangers: Annotated[list[StrangerW], Meta(max_length=STRANGERS_MAX)]
