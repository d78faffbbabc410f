"""What the operator's token does with a tenant's things, told to that tenant: `operator.acted`.

The token opens everything, so using it is never silent.  Each change is one event, written before
it happens.  Looking is told too, but once in `TOLD_AGAIN_AFTER_S` for each kind of thing and
workspace, so that a page that looks every second floods nobody.  A tenant that was never added
has nobody to tell: what runs under its name is the operator's own.
"""

import asyncio

from hanza.api.calls import Plane
from hanza.kit.buckets import Buckets, Rate
from hanza.model.access import Ask
from hanza.store.events import append_event

TOLD_AGAIN_AFTER_S = 600.0
LOOKING = frozenset({"get", "list"})
KIND = "operator.acted"


class OperatorActs:
    """Tells of them, for one plane."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._looks = Buckets(Rate(1 / TOLD_AGAIN_AFTER_S, 1))

    async def note(self, ask: Ask, seconds: float) -> None:
        """Before it is done.  Raises `StoreUnavailable`: what cannot be told is not done."""
        inside = f" in workspace {ask.workspace}" if ask.workspace else ""
        kind = ask.resource.partition("/")[0]
        look = (ask.tenant, ask.workspace, kind)
        if ask.verb in LOOKING:
            if self._looks.wait_of(look, seconds):
                return
            again = int(TOLD_AGAIN_AFTER_S // 60)
            text = f"the operator looks at {kind}{inside}; told again after {again} minutes at most"
        else:
            text = f"the operator does {ask.verb} {ask.resource}{inside}"
        now = self._plane.clock.now()
        told = self._plane.store.submit(append_event, now, KIND, ask.tenant, text, ask.tenant)
        await asyncio.wrap_future(told)
        if ask.verb in LOOKING:
            self._looks.take(look, seconds)
