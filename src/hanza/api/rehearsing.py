"""Trying a change out: `?dryRun=true` tells what would become of it, and keeps nothing."""

from collections.abc import Callable
from typing import TypeVar

from hanza.api.calls import Call
from hanza.api.told import Parameter
from hanza.store.tx import Tx, attempt

R = TypeVar("R")

DRY_RUN = Parameter("dryRun", "query", bool, "Tell what it would be, and keep nothing.")


def is_dry(call: Call) -> bool:
    return DRY_RUN.is_said(call.query)


def rehearsed(tx: Tx, fn: Callable[[], R]) -> R:
    """What `fn` returns, with nothing left of what it wrote.  Raises what it raises."""
    told: list[R] = []
    attempt(tx, lambda: told.append(fn()))  # None is returned, so it is taken back
    return told[0]
