"""What a site's people have said may be adopted: without their word no plane takes their guests.

It stands in front of whoever brings images, since a guest that is adopted has in the place of its
image itself.
"""

from collections.abc import Callable, Collection, Iterable

from hanza.agent.converge import Shelf
from hanza.model.ids import NativeId
from hanza.model.image import Bundle, adopted_native
from hanza.plan.steps import Blocked

CODE = "local.consent"


class Consent:
    """A shelf in front of another, or of none."""

    def __init__(self, allowed: Callable[[], Collection[NativeId]], shelf: Shelf | None) -> None:
        self._allowed = allowed
        self._shelf = shelf

    def want(self, bundles: Iterable[Bundle], used: Collection[str]) -> None:
        if self._shelf is not None:
            self._shelf.want(bundles, used)

    def lacking(self, image: str) -> Blocked | None:
        native = adopted_native(image)
        if native is None:
            return None if self._shelf is None else self._shelf.lacking(image)
        if native in self._allowed():
            return None
        text = f"its site has not let it be adopted; there: hanza local adopt {native}"
        return Blocked(CODE, text)
