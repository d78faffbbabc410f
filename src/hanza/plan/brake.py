"""The brake: what would end much of what runs at a site waits until a person has confirmed it.

Decided by the agent alone, on what it sees at its own engine, so that it also holds against a
plane that is mistaken.  It is for one manifest: what ends bit by bit is ended.
"""

from collections.abc import Iterable, Sequence

from hanza.model.guest import Guest
from hanza.model.manifest import Tombstone

BRAKED = "converge.braked"
"""What an ending is reported to wait for; people and programs look for it."""
FEW = 10
"""As many may end at once: an app that ends is no accident.  The site's people may say less."""
FIFTH = 5


def held_endings(tombstones: Iterable[Tombstone], guests: Sequence[Guest], few: int = FEW) -> int:
    """How many guests are there that would end without a person's word, if that is too many; or 0.

    `guests` are all at the site that bear our mark; `few` of them may end at once in any case.
    """
    ends = {one.mark.owner: one.mark.run_epoch for one in tombstones if not one.is_confirmed}
    ending = sum(guest.mark.run_epoch <= ends.get(guest.mark.owner, -1) for guest in guests)
    return ending if ending > few and ending * FIFTH > len(guests) else 0


def words_of_brake(held: int, guests: int) -> str:
    return f"{held} of {guests} guests would end at once; somebody has to confirm that"
