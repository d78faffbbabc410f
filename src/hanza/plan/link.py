"""What a plane decides of an agent's link: whom it believes, and what is news to it.

The agent's half, what to do with a manifest that is offered, is `manifest.judge`.  Both are
explored together, with all else that the protocol decides, in `tests/property/test_protocol.py`.
"""

from typing import Literal, TypeAlias

from hanza.model.manifest import Hash, Version
from hanza.model.report import Incarnation

Greeting: TypeAlias = Literal["same", "newer", "copy"]
UNBORN = Incarnation(0, "")
"""Of an agent that was never heard, or of which a person said that one copy of its key is left."""


def greeting_of(believed: Incarnation, said: Incarnation) -> Greeting:
    """What a start of an agent is to whoever believes another.

    `same` was cut and is back; `newer` takes over, and its reports begin at zero; `copy` is a start
    that was superseded, or another with the same count: the key is alive twice.
    """
    if believed == said:
        return "same"
    if believed != UNBORN and said.starts <= believed.starts:
        return "copy"
    return "newer"


def is_news(in_force: Version, digest: Hash, told: Version | None, holds: Hash | None) -> bool:
    """Whether the manifest in force has to be said on a connection.

    `told` is the newest that was said on it, `holds` what the agent has once it has taken all that
    was said.
    """
    if in_force.number == 0 or holds == digest:
        return False
    return told is None or told < in_force
