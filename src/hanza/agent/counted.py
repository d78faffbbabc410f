"""No plane is called before this start of the agent is counted on its disk.

The count tells a start from one before and from a copy (`Incarnation`).  Where the disk is full the
agent works without a plane until there is room, as it does whenever none can be reached.
"""

from websockets.sync.client import ClientConnection

from hanza.agent.address import Address
from hanza.agent.journal import Journal
from hanza.agent.link import Dial


class CountedDial:
    """Dials as `dial` does, once the start is counted.  Raises `OSError` until then."""

    def __init__(self, journal: Journal, dial: Dial) -> None:
        self._journal = journal
        self._dial = dial

    def __call__(self, address: Address) -> ClientConnection:
        self._journal.count_start()
        return self._dial(address)
