"""How guests and planes are reached by way of the agents' link: a part of `wire.agent_v1`.

Only who says that it can is told any of it.
"""

from typing import Annotated

from msgspec import Meta, Struct

from hanza.wire.agent_nearness_v1 import Count, Digest, Text
from hanza.wire.directory_v1 import SIGNATURE_BYTES_MAX, URLS_MAX

CONSOLE = "console"
"""The ability to open consoles."""
PORTS = "ports"
"""The ability to reach the ports that guests publish."""
DIRECTORY = "directory"
"""The ability to keep the planes' addresses as the root signed them."""
LOGS = "logs"
"""The ability to go on telling what guests write to their serial ports."""
NUMBERS = "numbers"
"""The ability to say what it counts of itself: who has it is asked, see `model.numbers`."""
NUMBERS_MAX = 64
NumberName = Annotated[str, Meta(max_length=48, pattern="^[a-z][a-z_]*$")]
NumberValue = Annotated[float, Meta(ge=0, le=2**53)]
"""No infinity is that small, and what is not a number is not above anything."""


class MarkW(Struct, array_like=True):
    owner: Text
    run_epoch: Count


class ConsoleWanted(Struct, array_like=True, tag="console"):
    """Somebody wants the serial port of a guest; the agent comes with the ticket, once."""

    ticket: Digest
    mark: MarkW
    takes_over: bool
    """Whether a console that is open ends for this one."""


class PortWanted(Struct, array_like=True, tag="port"):
    """Somebody wants to speak with a port that a guest publishes; else as `ConsoleWanted`."""

    ticket: Digest
    mark: MarkW
    port: Count
    """The guest's own; where its site has it is the site's to know."""


class LogWanted(Struct, array_like=True, tag="log"):
    """Somebody wants to read what a guest writes; else as `ConsoleWanted`, see `console_v1`."""

    ticket: Digest
    mark: MarkW
    after: Count
    """The first byte that is wanted, of what it has written since it went on."""


class ConsoleRefused(Struct, array_like=True, tag="noconsole"):
    ticket: Digest
    code: Text
    text: Text


class DirectoryDown(Struct, array_like=True, tag="directory"):
    """Where the planes are, signed by the root: see `wire.directory_v1`."""

    number: Count
    urls: Annotated[list[Text], Meta(min_length=1, max_length=URLS_MAX)]
    signature: Annotated[bytes, Meta(max_length=SIGNATURE_BYTES_MAX)]


class NumbersWanted(Struct, array_like=True, tag="numbers?"):
    """Say all that you count, now; and then what has changed, once in so many seconds."""

    every_s: Count


class NumbersUp(Struct, array_like=True, tag="numbers"):
    """All of it when asked; what has changed else."""

    values: Annotated[dict[NumberName, NumberValue], Meta(max_length=NUMBERS_MAX)]
