"""The brake in a pass: endings that are too many at once are not ordered, and it is said why.

It decides by `plan.brake` on each look anew and remembers nothing but what it logged last.
"""

from collections.abc import Mapping
from typing import TypeVar

from hanza.kit.log import Log
from hanza.model.guest import Survey
from hanza.model.manifest import Manifest
from hanza.plan.brake import BRAKED, FEW, held_endings, words_of_brake
from hanza.plan.steps import Blocked, DeleteVolume, Destroy, Step

_log = Log("hanza.agent.brake")
S = TypeVar("S")


class Brake:
    """The brake of one agent."""

    def __init__(self) -> None:
        self.few = FEW
        """As many may end at once without a word; the site's people may say another number."""
        self._held = 0

    def hold(
        self, steps: Mapping[S, Step], manifest: Manifest | None, survey: Survey
    ) -> dict[S, Step]:
        """The steps, but that no guest and no volume is ended while the brake holds."""
        guests = survey.guests
        held = held_endings(manifest.tombstones if manifest else (), guests, self.few)
        if held != self._held:
            _log.warning("brake.changed", held=held, guests=len(guests))
            self._held = held
        if not held:
            return dict(steps)
        why = Blocked(BRAKED, words_of_brake(held, len(guests)))
        return {
            subject: why if isinstance(step, Destroy | DeleteVolume) else step
            for subject, step in steps.items()
        }
