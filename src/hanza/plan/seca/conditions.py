"""The log of a resource's states, newest first: exact, so that clients can count in it.

A creation is logged as pending, creating, active; each accepted change as updating, active, also
one that changes nothing.  A change that is accepted before the last one is done is *owed*, and
logged in its turn once both are.  What happens without anybody's wish (a guest vanished, a site
filled up) is logged as updating too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from hanza.model.kinds import CONDITIONS_MAX
from hanza.model.resource import Condition, State

Log: TypeAlias = tuple[Condition, ...]
TEXT_CHARACTERS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Outlook:
    """How things stand now, and why, in words.  `active` is at rest as it was wished."""

    state: State
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A log, and how many accepted changes it owes."""

    log: Log = ()
    owed: int = 0


def requested(now: datetime) -> History:
    """The history of what was asked for just now."""
    return History((Condition("pending", now),))


def changed(history: History, now: datetime) -> History:
    """The history once a change was accepted."""
    if history.log[0].state in ("active", "error"):
        return History(_entered(history.log, ["updating"], now), history.owed)
    return replace(history, owed=history.owed + 1)


def taken_back(history: History, now: datetime) -> History:
    """The history once what was asked last is wanted no more: also of an end, which begins nothing
    else otherwise."""
    if history.log[0].state == "deleting":
        return History(_entered(history.log, ["updating"], now), history.owed)
    return changed(history, now)


def advanced(history: History, outlook: Outlook, now: datetime) -> History:
    """The history once things stand as the outlook says; the newest entry says why."""
    states, owed = _states_to(outlook.state, history), history.owed
    if outlook.state == "active":
        states += ["updating", "active"] * owed
        owed = 0
    log = _entered(history.log, states, now)
    message = outlook.message[:TEXT_CHARACTERS_MAX] if outlook.message else None
    newest = replace(log[0], reason=outlook.reason, message=message)
    return History((newest, *log[1:]), owed)


def _states_to(state: State, history: History) -> list[State]:
    """The states to enter, oldest first, so that the log reads on without a gap."""
    newest = history.log[0].state
    if state in ("error", "deleting") or newest == "deleting":
        return [] if newest in (state, "deleting") else [state]
    was_there = any(one.state in ("active", "updating") for one in history.log)
    if state == "active":
        return _ways_to_active(newest)
    if was_there:
        return [] if newest == "updating" else ["updating"]
    return ["creating"] if state != "pending" and newest == "pending" else []


def _ways_to_active(newest: State) -> list[State]:
    ways: dict[State, list[State]] = {
        "pending": ["creating", "active"],
        "creating": ["active"],
        "updating": ["active"],
        "error": ["updating", "active"],
        "active": [],
    }
    return ways[newest]


def _entered(log: Log, states: Iterable[State], now: datetime) -> Log:
    """The log with these states entered, cut at its length: the oldest go first."""
    moment = max(now, log[0].since)
    for state in states:
        log = (Condition(state, moment), *log)
    return log[:CONDITIONS_MAX]
