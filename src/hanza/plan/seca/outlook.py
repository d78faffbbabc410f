"""How an instance stands, in the standard's words: its state, and why it is not yet active."""

import re
from dataclasses import dataclass
from datetime import timedelta

from hanza.model.instance import Shown, Wanted
from hanza.model.problem import Problem
from hanza.model.report import Seen
from hanza.model.volume import SeenVolume, VolumeWanted
from hanza.plan.seca.conditions import Outlook
from hanza.plan.status import SILENT
from hanza.plan.volumes import LOST

UNPLACED = "not placed until it is attached; it has no bytes"
PATIENCE = timedelta(seconds=45)
"""Clients stop asking after about 50 s; until then they have been told why it takes so long."""


@dataclass(frozen=True, slots=True)
class At:
    """Where it is placed, and what keeps that site's agent from seeing its engine, if anything."""

    site: str
    city: str
    country: str
    provider: str
    trouble: str | None = None

    @property
    def words(self) -> str:
        return f"at {self.site} in {self.city}, {self.country}, with {self.provider}"


def is_at_rest(wanted: Wanted, seen: Seen | None) -> bool:
    """Whether its site has it as it was wished."""
    if seen is None or wanted.is_restarting:
        return False
    return seen.presence == "present" and seen.power == wanted.power


def outlook_of(
    wanted: Wanted, shown: Shown, seen: Seen | None, at: At | None, waited: timedelta
) -> Outlook:
    """`seen` is the word on the run that is placed; `waited`, how long since the last wish."""
    if wanted.is_ended:
        return Outlook("deleting", None, f"until it is gone {at.words}" if at else None)
    if is_at_rest(wanted, seen):
        problem = None if seen is None else seen.problem
        if problem is not None:
            return Outlook("active", reason_of(problem.code), problem.text)
        if shown.reason_code == SILENT:
            return Outlook("active", reason_of(SILENT), shown.reason)
        return Outlook("active", None, at.words if at else None)
    reason = None if shown.reason_code is None else reason_of(shown.reason_code)
    if shown.state == "error":
        return Outlook("error", reason, shown.reason)
    message = shown.reason or _silence(at, waited)
    if at is None:
        return Outlook("pending", reason, message)
    return Outlook("updating" if shown.state == "active" else "creating", reason, message)


def volume_outlook(
    wanted: VolumeWanted,
    at: At | None,
    seen: SeenVolume | None,
    problem: Problem | None,
    *,
    is_made: bool,
) -> Outlook:
    """How a block storage stands: active also without bytes, until it is attached.

    `seen` is the word on the stay in the books, `problem` what keeps it from growing there.
    """
    problem = problem or (seen.problem if seen else None)
    reason, why = (None, None) if problem is None else (reason_of(problem.code), problem.text)
    if wanted.is_ended:
        return Outlook(
            "deleting", reason, why or (f"until its bytes {at.words} end" if at else None)
        )
    if at is None:
        return Outlook("active", None, UNPLACED)
    if problem is not None and problem.code == LOST:
        return Outlook("error", reason, why)
    has_mib = None if seen is None else seen.size_mib
    if is_made and has_mib is not None and has_mib < wanted.size_mib:
        return Outlook("updating", reason, why or f"it grows {at.words}")
    return Outlook("active", reason, why or at.words)


def reason_of(code: str) -> str:
    """`driver.outcome_unknown` as the standard writes it: `DriverOutcomeUnknown`."""
    return "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", code))


def _silence(at: At | None, waited: timedelta) -> str | None:
    """When nobody gave a reason: who is waited for, once it takes long."""
    late = f"not done within {int(PATIENCE.total_seconds())} s"
    if at is None:
        return f"{late}: no place was found yet" if waited >= PATIENCE else None
    if at.trouble is not None:
        return f"{at.words}, whose engine cannot be seen: {at.trouble}"
    return f"{late}: {at.site} has not said that it is" if waited >= PATIENCE else at.words
