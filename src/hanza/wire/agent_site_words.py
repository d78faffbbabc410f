"""Messages of `agent_site_v1` to nouns and back, in pairs."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hanza.model.capacity import Capacity
from hanza.model.checkup import Checkup, Finding
from hanza.model.guest import Stranger
from hanza.model.ids import NativeId
from hanza.model.local import DiaryLine, Happening
from hanza.wire import agent_site_v1 as v1
from hanza.wire.agent_words import printable

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST_US = 2**53
_TEXT_MAX = 1024


def line_to_wire(line: DiaryLine) -> v1.LineW:
    said = line.happening
    at_us = _us_of(said.at)
    return v1.LineW(line.number, at_us, said.kind, said.subject, said.text[:_TEXT_MAX])


def line_from_wire(line: v1.LineW) -> DiaryLine:
    """Raises `Invalid`."""
    at = _ORIGIN + line.at_us * _MICROSECOND
    return DiaryLine(line.number, Happening(at, line.kind, printable(line.subject), line.text))


def checkup_to_wire(checkup: Checkup) -> v1.Checkup:
    findings = [
        v1.FindingW(one.check, one.level, one.text[:_TEXT_MAX], one.mend[:_TEXT_MAX])
        for one in checkup.findings
    ]
    return v1.Checkup(_us_of(checkup.at), checkup.score, findings)


def checkup_from_wire(checkup: v1.Checkup) -> Checkup:
    found = (Finding(one.check, one.level, one.text, one.mend) for one in checkup.findings)
    return Checkup(_ORIGIN + checkup.at_us * _MICROSECOND, checkup.score, tuple(found))


def strangers_to_wire(strangers: Iterable[Stranger]) -> v1.Strangers:
    told = [
        v1.StrangerW(
            one.native,
            one.name[:_TEXT_MAX],
            one.host,
            one.size.cpus,
            one.size.memory_mib,
            one.size.disk_mib,
            one.power,
        )
        for one in strangers
    ]
    return v1.Strangers(told[: v1.STRANGERS_MAX])


def strangers_from_wire(message: v1.Strangers) -> tuple[Stranger, ...]:
    """Their names are anybody's, and the others' to make harmless.  Raises `Invalid`."""
    return tuple(
        Stranger(
            NativeId(printable(one.native)),
            one.name,
            printable(one.host),
            Capacity(one.cpus, one.memory_mib, one.disk_mib),
            one.power,
        )
        for one in message.strangers
    )


def _us_of(at: datetime) -> int:
    return min(max((at - _ORIGIN) // _MICROSECOND, 0), _LATEST_US)
